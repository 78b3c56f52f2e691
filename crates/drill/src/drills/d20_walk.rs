//! D20: two subjects use one browser, one after the other, in any order of steps, back and forward too. Afterwards the
//! journal has to name every disclosure of the walk, exactly.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::{Connection, Exchange, Limits, Request, Target};
use crate::harness::{Failure, House, SignedIn, Verdict};
use crate::kit::paths::{Paths, disclosed_by};
use crate::kit::stage::{Stage, sign_in_request};
use crate::kit::tally::{Findings, Tally};
use crate::seed::Draw;

/// Pairs that share a browser.
const SUBJECTS: u64 = 12;
/// Steps of one pair at least, however short the run: every kind of step is met then.
const LEAST_STEPS: u64 = 60;
/// Steps of one pair at most. The journal answers for all of them.
const MOST_STEPS: u64 = 400;

/// What was shown to whom: what, by which door, of which line; and how often.
type Shown = BTreeMap<(String, String, String), u64>;

/// One browser profile: one cookie at most, and pages to go back to.
struct Browser {
    connection: Connection,
    signed_in: Option<SignedIn>,
    /// Every path that was visited, by whomever, with the tag its answer had.
    past: Vec<(String, Option<String>)>,
}

/// Plays D20.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let mut house = stage.house(world.ledger(), world.vocabulary.subjects()).await?;
    let target = house.target();
    let mut tally = Tally::default();
    let mut shown: BTreeMap<String, Shown> = BTreeMap::new();
    let (mut steps, mut gone_back, mut old_pages) = (0_u64, 0_u64, Findings::default());
    let deadline = Instant::now() + Duration::from_secs(stage.options.seconds.max(1));
    stage.say("  pairs walk through one browser each");
    let sessions = house.sessions().to_vec();
    for (number, pair) in (1_u64..).zip(sessions.chunks_exact(2)) {
        let mut draw = stage.draw.of_part(number);
        let mut known = Vec::new();
        for session in pair {
            // Looking up her paths is shown to her too, and so is in the journal.
            let paths = Paths::of(&world, target, session, &mut tally).await?;
            let of = shown.entry(session.account.clone()).or_default();
            for path in ["/api/v1/me", "/api/v1/bills"] {
                count(of, "GET", path);
            }
            known.push((session.account.clone(), paths));
        }
        let mut browser = Browser { connection: open(target).await?, signed_in: None, past: Vec::new() };
        for step in 0..MOST_STEPS {
            if step >= LEAST_STEPS && Instant::now() > deadline {
                break;
            }
            steps += 1;
            let Some((request, back)) = next(&mut browser, &known, &mut draw).await? else { continue };
            let exchange = browser.connection.exchange(&request).await;
            let viewer = browser.signed_in.clone();
            tally.look(&world, viewer.as_ref(), request.path(), &exchange);
            gone_back += u64::from(back);
            let Exchange { answer, broken } = exchange;
            if let Some(reason) = broken {
                return Err(Failure::Product(format!("{} {}: {reason}", request.method(), request.path())));
            }
            let theirs = viewer.as_ref().is_none_or(|viewer| !is_of(&known, &viewer.account, request.path()));
            if theirs && crate::kit::paths::is_personal(request.path()) && answer.status < 300 {
                old_pages.add(format!("{} answered {} to whoever came after", request.path(), answer.status));
            }
            if answer.status == 304 {
                old_pages.add(format!("{} was answered as unchanged", request.path()));
            }
            if let Some(viewer) = &viewer
                && answer.status < 300
            {
                count(shown.entry(viewer.account.clone()).or_default(), request.method(), request.path());
            }
            let tag = answer.header("etag").next().map(str::to_owned);
            if request.method() == "GET" {
                browser.past.push((request.path().to_owned(), tag));
            }
            if !answer.keeps_connection() {
                browser.connection = open(target).await?;
            }
        }
    }
    stage.say("  the journal is asked who saw what");
    house.end().await?;
    let (compared, wrong) = journal(&house, &shown)?;
    let tried = format!("{steps} steps of {} pairs", sessions.len() / 2);
    let mut verdicts = vec![
        Verdict::of(
            "going back to somebody else's page shows nothing of hers",
            &format!("{tried}, many of them back or forward"),
            gone_back,
            old_pages.told(),
        ),
        Verdict::of(
            "who-saw names every disclosure of the walk, and no other",
            "journal who-saw",
            compared,
            wrong.told(),
        ),
    ];
    verdicts.extend(tally.verdicts(&tried));
    Ok(verdicts)
}

async fn open(target: Target) -> Result<Connection, Failure> {
    let opened = Connection::open(target, Limits::default()).await;
    opened.map_err(|reason| Failure::Product(format!("open a connection: {reason}")))
}

/// Chooses the next step, and whether it goes back or forward. Signing in and out are done here, for they change who
/// is looking; they show nothing.
async fn next(
    browser: &mut Browser,
    known: &[(String, Paths)],
    draw: &mut Draw,
) -> Result<Option<(Request, bool)>, Failure> {
    let step = draw.below(100);
    if step < 12 {
        let Some((account, _)) = draw.of(known) else { return Ok(None) };
        let Exchange { answer, .. } = browser.connection.exchange(&sign_in_request(account)).await;
        let cookie = answer.header("set-cookie").next().and_then(|cookie| cookie.split(';').next());
        let cookie = cookie.filter(|_| answer.status == 201).map(str::to_owned);
        let cookie =
            cookie.ok_or_else(|| Failure::Product(format!("a sign-in was answered {}", answer.status)))?;
        browser.signed_in = Some(SignedIn { account: account.clone(), cookie });
        return Ok(None);
    }
    if step < 18 {
        if let Some(session) = browser.signed_in.take() {
            let request =
                Request::new("DELETE", "/api/v1/sessions/current").header("cookie", &session.cookie);
            browser.connection.exchange(&request).await;
        }
        return Ok(None);
    }
    let with_cookie = |request: Request, browser: &Browser| match &browser.signed_in {
        Some(session) => request.header("cookie", &session.cookie),
        None => request,
    };
    if step < 55
        && let Some((path, tag)) = draw.of(&browser.past)
    {
        let mut request = Request::get(path);
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        return Ok(Some((with_cookie(request, browser), true)));
    }
    let Some((_, paths)) = draw.of(known) else { return Ok(None) };
    if step < 60
        && let Some(line) = draw.of(&paths.lines)
    {
        let key = format!("{:016x}", draw.any());
        let body: &[u8] = if draw.percent(50) { br#"{"high":true}"# } else { br#"{"high":false}"# };
        let request = Request::new("PUT", &format!("/api/v1/lines/{line}/speed"))
            .header("content-type", "application/json")
            .header("idempotency-key", &key)
            .body(body);
        return Ok(Some((with_cookie(request, browser), false)));
    }
    Ok(draw.of(&paths.reads).map(|path| (with_cookie(Request::get(path), browser), false)))
}

/// Whether the path is of that account, or of any.
fn is_of(known: &[(String, Paths)], account: &str, path: &str) -> bool {
    let ids = |paths: &Paths| paths.lines.iter().chain(&paths.bills).any(|id| path.contains(id.as_str()));
    known.iter().all(|(owner, paths)| owner == account || !ids(paths))
}

fn count(shown: &mut Shown, method: &str, path: &str) {
    if let Some(disclosed) = disclosed_by(method, path) {
        *shown.entry(disclosed).or_default() += 1;
    }
}

/// Compares what was shown with what the journal says; returns how many times something was shown.
fn journal(house: &House, shown: &BTreeMap<String, Shown>) -> Result<(u64, Findings), Failure> {
    let (mut compared, mut wrong) = (0, Findings::default());
    for (account, shown) in shown {
        let ran = house.command(["journal", "who-saw", account])?;
        if ran.code != Some(0) {
            return Err(Failure::Product(format!(
                "journal who-saw ended with {:?}: {}",
                ran.code,
                ran.err.trim()
            )));
        }
        compared += shown.values().sum::<u64>();
        compare(account, shown, &ran.out, &mut wrong);
    }
    Ok((compared, wrong))
}

/// Compares what one subject was shown with the rows of who-saw.
fn compare(account: &str, shown: &Shown, rows: &str, wrong: &mut Findings) {
    let mut said = Shown::new();
    for row in rows.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let [_, _, viewer, _, what, channel, line, basis] = fields.as_slice() else {
            wrong.add(format!("a row of who-saw has {} fields", fields.len()));
            continue;
        };
        if *viewer != "owner" || *basis != "self" {
            wrong.add(format!("{account}: {what} was shown to {viewer} on the basis {basis}"));
        }
        *said.entry(((*what).to_owned(), (*channel).to_owned(), (*line).to_owned())).or_default() += 1;
    }
    for key in shown.keys().chain(said.keys().filter(|key| !shown.contains_key(*key))) {
        let (seen, told) = (shown.get(key).copied().unwrap_or(0), said.get(key).copied().unwrap_or(0));
        if seen != told {
            let (what, channel, line) = key;
            wrong.add(format!("{account}: {what} by {channel} of line {line:?}: shown {seen} times, in the journal {told} times"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disclosure_too_many_or_too_few_is_found() {
        let mut shown = Shown::new();
        count(&mut shown, "GET", "/api/v1/me");
        count(&mut shown, "GET", "/lines/ab/usage?month=2026-11");
        count(&mut shown, "GET", "/notices");
        let heading = "entry,at,viewer,owner,what,channel,line,basis\n";
        let (me, usage) = ("0,t,owner,o,me,api,,self\n", "1,t,owner,o,usage,page,ab,self\n");
        let told = |rows: &[&str]| {
            let mut wrong = Findings::default();
            compare("wm", &shown, &format!("{heading}{}", rows.concat()), &mut wrong);
            wrong.told()
        };
        assert_eq!(told(&[me, usage]), Vec::<String>::new());
        assert_eq!(told(&[me]).len(), 1, "one is missing");
        assert_eq!(told(&[me, usage, usage]).len(), 1, "one is there twice");
        assert_eq!(told(&[me, usage, "2,t,owner,o,bills,page,,self\n"]).len(), 1, "one was never shown");
        assert_eq!(told(&[me, "1,t,a0b1,o,usage,page,ab,self\n"]).len(), 1, "somebody else saw it");
        assert_eq!(told(&[me, "1,t,owner,o,usage,page,ab,7\n"]).len(), 1, "on another basis");
    }
}
