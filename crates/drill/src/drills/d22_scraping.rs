//! D22: somebody who is signed in asks for line after line of others, slowly or all at once, at one door or at many. He is
//! shown none of them; here he has to be stopped as well, and somebody has to be told.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use crate::client::{Answer, Request, Target};
use crate::harness::{Failure, House, SignedIn, Verdict};
use crate::kit::paths::Paths;
use crate::kit::stage::{Stage, World, ask, ask_kept, counted, get_as, signs_in};
use crate::kit::tally::{Findings, Tally};

/// One for each door, some who are asked for and left alone, and one with old bookmarks.
const SUBJECTS: u64 = 60;
/// `sessions.most_strays` as it is when nobody sets it.
const BUDGET: usize = 20;
/// Asked at once by the hasty one.
const AT_ONCE: usize = 30;
/// Lines of others that somebody has among her bookmarks, and how often she opens them.
const BOOKMARKS: (usize, usize) = (5, 100);

/// Every door to a line or a bill: how it is called, and how the id is put into it.
const DOORS: [(&str, &str); 16] = [
    ("GET", "/lines/{}"),
    ("GET", "/lines/{}/usage"),
    ("GET", "/lines/{}/buckets"),
    ("GET", "/lines/{}/purchases"),
    ("GET", "/lines/{}/contract"),
    ("GET", "/lines/{}/speed"),
    ("POST", "/lines/{}/name"),
    ("GET", "/api/v1/lines/{}/home"),
    ("GET", "/api/v1/lines/{}/usage"),
    ("GET", "/api/v1/lines/{}/buckets"),
    ("GET", "/api/v1/lines/{}/purchases"),
    ("GET", "/api/v1/lines/{}/contract"),
    ("GET", "/api/v1/lines/{}/speed"),
    ("PUT", "/api/v1/lines/{}/speed"),
    ("GET", "/bills/{}"),
    ("GET", "/api/v1/bills/{}"),
];

/// Plays D22.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let house = stage.serving(&world, "").await?;
    let target = house.target();
    let mut play = Play { world: &world, target, tally: Tally::default(), asked: 0 };
    let sessions = house.sessions().to_vec();
    let (walkers, others) = sessions.split_at_checked(DOORS.len() + 4).unwrap_or((&sessions, &[]));
    let (mut lines, mut bills) = (Vec::new(), Vec::new());
    for session in &sessions {
        let paths = Paths::of(&world, target, session, &mut play.tally).await?;
        lines.extend(paths.lines.into_iter().map(|line| (session.account.clone(), line)));
        bills.extend(paths.bills.into_iter().map(|bill| (session.account.clone(), bill)));
    }
    let of_others = |all: &[(String, String)], who: &SignedIn| -> Vec<String> {
        all.iter().filter(|(owner, _)| *owner != who.account).map(|(_, id)| id.clone()).collect()
    };
    let of_her = |all: &[(String, String)], who: &SignedIn| -> Vec<String> {
        all.iter().filter(|(owner, _)| *owner == who.account).map(|(_, id)| id.clone()).collect()
    };
    let [most_lines, most_bills] =
        [&lines, &bills].map(|all| sessions.first().map_or(0, |who| of_others(all, who).len()));
    if others.is_empty() || most_lines.min(most_bills) <= AT_ONCE {
        return Err(Failure::Product(format!(
            "{} subjects with {most_lines} lines and {most_bills} bills are too few to be walked through",
            sessions.len()
        )));
    }
    stage.say("  a walker at each door");
    let (mut beyond, mut others_out) = (Findings::default(), Findings::default());
    for (walker, (method, door)) in walkers.iter().zip(DOORS) {
        let ids = of_others(if door.contains("bills") { &bills } else { &lines }, walker);
        let went = play.walk(walker, method, door, &ids).await?;
        if went != Some(BUDGET) {
            beyond.add(format!("{method} {door}: stopped after {went:?} of {}", ids.len()));
        }
    }
    let [again, hasty, lured, keeper] = walkers.get(DOORS.len()..).unwrap_or_default() else {
        return Err(Failure::Product("too few are signed in".to_owned()));
    };
    stage.say("  one who signs in again, one who asks for many at once, one with old bookmarks");
    beyond.take(play.comes_again(again, &of_others(&lines, again)).await?);
    beyond.take(play.is_lured(lured, &of_others(&lines, lured), &of_her(&lines, lured)).await?);
    beyond.take(play.asks_at_once(hasty, &of_others(&lines, hasty)).await?);
    for _ in 0..BOOKMARKS.1 {
        for line in of_others(&lines, keeper).iter().take(BOOKMARKS.0) {
            play.ask(keeper, &get_as(keeper, &format!("/lines/{line}"))).await?;
        }
    }
    let own = others.iter().chain([keeper, lured]);
    for left_alone in own.clone() {
        let answer = play.ask(left_alone, &get_as(left_alone, "/api/v1/me")).await?;
        if answer.status != 200 {
            others_out.add(format!("{} was answered {}", left_alone.account, answer.status));
        }
    }
    let stopped = walkers.len() - 2;
    let untold = told(&house, walkers.iter().take(stopped)).await?;
    let tried = format!("{} doors, {AT_ONCE} at once, a second sign-in; {} asked", DOORS.len(), play.asked);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let mut verdicts = vec![
        Verdict::of(
            "whoever asks for line after line of others is stopped within the budget",
            &format!("{tried}; the budget is {BUDGET} a day"),
            play.asked,
            beyond.told(),
        ),
        Verdict::of(
            "who is asked for, and who opens old bookmarks again and again, keeps her session",
            &format!("{} bookmarks opened {} times", BOOKMARKS.0, BOOKMARKS.1),
            count(own.count()),
            others_out.told(),
        ),
        Verdict::of(
            "an alarm is raised, and the record of each account says that a session of hers was ended",
            &tried,
            count(stopped),
            untold,
        ),
    ];
    verdicts.extend(play.tally.verdicts(&tried));
    Ok(verdicts)
}

struct Play<'a> {
    world: &'a World,
    target: Target,
    tally: Tally,
    asked: u64,
}

impl Play<'_> {
    async fn ask(&mut self, viewer: &SignedIn, request: &Request) -> Result<Answer, Failure> {
        let exchange = ask_kept(self.target, request).await?;
        self.asked += 1;
        self.tally.look(self.world, Some(viewer), request.path(), &exchange);
        Ok(exchange.answer)
    }

    /// Asks for one after the other; how many were answered as before when the session ended. Nothing where it did not.
    async fn walk(
        &mut self,
        walker: &SignedIn,
        method: &str,
        door: &str,
        ids: &[String],
    ) -> Result<Option<usize>, Failure> {
        for (place, id) in ids.iter().enumerate() {
            let request = request(walker, method, &door.replace("{}", id));
            let answer = self.ask(walker, &request).await?;
            if has_ended(&answer) {
                return Ok(Some(place));
            }
            if answer.status != 404 {
                return Err(Failure::Product(format!(
                    "{method} {door} of another was answered {}",
                    answer.status
                )));
            }
        }
        Ok(None)
    }

    /// Is stopped, signs in again, and goes on with other lines.
    async fn comes_again(&mut self, who: &SignedIn, lines: &[String]) -> Result<Findings, Failure> {
        let mut beyond = Findings::default();
        let (first, rest) = lines.split_at_checked(BUDGET + 1).unwrap_or((lines, &[]));
        let mut next = who.clone();
        for (ids, most) in [(first, BUDGET), (rest, 0)] {
            let went = self.walk(&next, "GET", "/api/v1/lines/{}/home", ids).await?;
            if went != Some(most) {
                beyond.add(format!("a sign-in that may stray {most} times was stopped after {went:?}"));
            }
            next.cookie = signs_in(self.target, &who.account).await?;
        }
        Ok(beyond)
    }

    /// Another site's page leads her browser from line to line: by that way she is shown nothing any more, her own neither,
    /// and she stays signed in.
    async fn is_lured(
        &mut self,
        who: &SignedIn,
        lines: &[String],
        own: &[String],
    ) -> Result<Findings, Failure> {
        let mut beyond = Findings::default();
        let Some(own) = own.first() else { return Ok(beyond) };
        let led = |line: &str| get_as(who, &format!("/lines/{line}")).header("sec-fetch-site", "cross-site");
        let before = self.ask(who, &led(own)).await?;
        for line in lines.iter().take(BUDGET + 5) {
            self.ask(who, &led(line)).await?;
        }
        let (by_that_way, herself) =
            (self.ask(who, &led(own)).await?, self.ask(who, &get_as(who, &format!("/lines/{own}"))).await?);
        if (before.status, by_that_way.status, herself.status) != (200, 404, 200) {
            beyond.add(format!(
                "led by another site, her own line was answered {} at first, {} after it all, and {} where she asked herself",
                before.status, by_that_way.status, herself.status
            ));
        }
        Ok(beyond)
    }

    /// Asks for many in the same moment.
    async fn asks_at_once(&mut self, who: &SignedIn, lines: &[String]) -> Result<Findings, Failure> {
        let mut asking = JoinSet::new();
        for line in lines.iter().take(AT_ONCE) {
            let (target, request) =
                (self.target, request(who, "GET", &format!("/api/v1/lines/{line}/usage")));
            asking.spawn(async move { (ask_kept(target, &request).await, request) });
        }
        let mut passed = 0;
        for (exchange, request) in asking.join_all().await {
            let exchange = exchange?;
            self.asked += 1;
            self.tally.look(self.world, Some(who), request.path(), &exchange);
            passed += usize::from(exchange.answer.status == 404);
        }
        let mut beyond = Findings::default();
        if passed > BUDGET {
            beyond.add(format!(
                "{AT_ONCE} asked at once: {passed} were answered as if nothing were the matter"
            ));
        }
        let own = self.ask(who, &get_as(who, "/api/v1/me")).await?;
        if !has_ended(&own) {
            beyond.add(format!("after {AT_ONCE} asked at once the session was answered {}", own.status));
        }
        Ok(beyond)
    }
}

fn request(who: &SignedIn, method: &str, path: &str) -> Request {
    let request =
        Request::new(method, path).header("cookie", &who.cookie).header("sec-fetch-site", "same-origin");
    match method {
        "POST" => request.header("content-type", "application/x-www-form-urlencoded").body(b"name=x"),
        "PUT" => request
            .header("content-type", "application/json")
            .header("idempotency-key", path)
            .body(br#"{"high":true}"#),
        _ => request,
    }
}

/// Whether the answer says that nobody is signed in by that cookie.
fn has_ended(answer: &Answer) -> bool {
    let leads = answer.header("location").any(|to| to.starts_with("/sign-in"));
    answer.status == 401 || answer.status == 303 && leads
}

/// What is missing: the alarm, and the line in her own record of whoever was stopped.
async fn told(house: &House, stopped: impl Iterator<Item = &SignedIn>) -> Result<Vec<String>, Failure> {
    let accounts: BTreeSet<&str> = stopped.map(|session| session.account.as_str()).collect();
    let mut untold = Vec::new();
    let count = counted(house, "honnin_alarm_total{kind=\"strays\"}").await?;
    if count < u64::try_from(accounts.len()).unwrap_or(u64::MAX) {
        untold.push(format!("{} were stopped and the alarm was raised {count} times", accounts.len()));
    }
    for account in accounts {
        let cookie = signs_in(house.target(), account).await?;
        let hers = SignedIn { account: account.to_owned(), cookie };
        let record = ask(house.target(), &get_as(&hers, "/disclosures")).await?;
        if !record.text().contains("自動ログアウト") {
            untold.push(format!("{account} is not told that a session of hers was ended: {}", record.status));
        }
    }
    Ok(untold)
}
