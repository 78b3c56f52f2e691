//! D21: every route, asked by everybody who may not, in every method. What is not yours and what is not there have to
//! answer with the same octets.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::client::{Answer, Request, Target};
use crate::harness::{Failure, SignedIn, Verdict};
use crate::kit::exports::Export;
use crate::kit::paths::Paths;
use crate::kit::stage::{Stage, World, ask_kept, get_as};
use crate::kit::tally::{Findings, Tally};
use crate::seed::Draw;

/// Pairs of subjects that try each other's ids; more of them try nothing new.
const SUBJECTS: u64 = 8;
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PATCH"];
/// Pages; programs' routes are asked from the product's own description.
const PAGES: [&str; 17] = [
    "/lines/{line}",
    "/lines/{line}/usage",
    "/lines/{line}/buckets",
    "/lines/{line}/purchases",
    "/lines/{line}/contract",
    "/lines/{line}/speed",
    "/lines/{line}/speed/state",
    "/bills/{bill}",
    "/bills/{bill}/pdf",
    "/bills/{bill}/csv",
    "/devices/{session}/revoke",
    "/lines",
    "/bills",
    "/disclosures",
    "/settings",
    "/export",
    "/export/{export}",
];
/// Paths that must not exist, as scanners of the net try them.
const UNKNOWN: [&str; 16] = [
    "/admin",
    "/debug/pprof",
    "/metrics",
    "/actuator/env",
    "/.git/config",
    "/.env",
    "/api",
    "/api/v1",
    "/api/v2/me",
    "/api/v1/accounts",
    "/api/v1/lines",
    "/api/v1/users/1",
    "/lines/",
    "//lines",
    "/lines/../bills",
    "/%6cines",
];
/// Headers that differ from answer to answer whoever asks for whatever.
const VARYING: [&str; 2] = ["date", "x-request-id"];

/// What was compared and what differed.
#[derive(Debug, Default)]
struct Compared {
    times: u64,
    found: Findings,
}

impl Compared {
    /// Two answers to the same request for different ids have to be the same octets.
    fn same(&mut self, what: &str, one: &Answer, other: &Answer, ids: [&str; 2]) {
        self.times += 1;
        let (one, other) = (bare(one, ids), bare(other, ids));
        if one != other {
            self.found.add(format!("{what}: {}", difference(&one, &other)));
        }
    }

    fn verdict(self, check: &str, tried: &str) -> Verdict {
        Verdict::of(check, tried, self.times, self.found.told())
    }
}

/// Plays D21.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let house = stage.house(world.ledger(), world.vocabulary.subjects()).await?;
    let target = house.target();
    let templates = templates(target).await?;
    stage.say(&format!(
        "  {} routes in {} methods, {} subjects",
        templates.len(),
        METHODS.len(),
        house.sessions().len()
    ));
    let mut trial = Trial {
        world: &world,
        target,
        draw: stage.draw.of_part(21),
        tally: Tally::default(),
        others: Compared::default(),
        strangers: Compared::default(),
        unknown: Compared::default(),
    };
    let mut before = Vec::new();
    for session in house.sessions() {
        let ids = Ids::of(&world, target, session, &mut trial.tally).await?;
        before.push((ids, state_of(&world, target, session, &mut trial.tally).await?));
    }
    let turned = before.iter().cycle().skip(1);
    for (viewer, (theirs, _)) in house.sessions().iter().zip(turned) {
        trial.of(viewer, theirs, &templates).await?;
    }
    trial.unknown(house.sessions()).await?;
    let mut changed = Compared::default();
    for (session, (_, before)) in house.sessions().iter().zip(before) {
        changed.times += 1;
        match state_of(&world, target, session, &mut trial.tally).await {
            Ok(after) if after == before => {}
            Ok(_) => changed
                .found
                .add(format!("what {} wishes or where she is signed in was changed", session.account)),
            // What was tried has stopped personal pages.
            Err(Failure::Product(why)) => changed.found.add(why),
            Err(failure) => return Err(failure),
        }
    }
    let Trial { tally, others, strangers, unknown, .. } = trial;
    let tried = format!("{} routes in {} methods", templates.len(), METHODS.len());
    let mut verdicts = vec![
        others.verdict("another's id answers as an id that nobody has", &tried),
        strangers.verdict("whoever is not signed in is answered the same for every id", &tried),
        unknown.verdict(
            "a path that is no route answers as any other that is none, signed in or not",
            "paths that scanners try",
        ),
        changed.verdict(
            "nothing of anybody was changed",
            "wishes and devices of each subject, before and after",
        ),
    ];
    verdicts.extend(tally.looked("every answer of the above"));
    Ok(verdicts)
}

struct Trial<'a> {
    world: &'a World,
    target: Target,
    draw: Draw,
    tally: Tally,
    others: Compared,
    strangers: Compared,
    unknown: Compared,
}

impl Trial<'_> {
    async fn of(&mut self, viewer: &SignedIn, theirs: &Ids, templates: &[String]) -> Result<(), Failure> {
        for template in templates {
            let Some(name) = parameter(template) else { continue };
            let Some(id) = theirs.named(name) else { continue };
            let random = format!("{:016x}{:016x}", self.draw.any(), self.draw.any());
            for method in METHODS {
                let what = format!("{method} {template}");
                let [mine, absent] = [&id, &random].map(|id| with_body(method, &template.replace(name, id)));
                let one = self.ask(Some(viewer), mine.clone().header("cookie", &viewer.cookie)).await?;
                let two = self.ask(Some(viewer), absent.clone().header("cookie", &viewer.cookie)).await?;
                self.others.same(&what, &one, &two, [&id, &random]);
                let one = self.ask(None, mine).await?;
                let two = self.ask(None, absent).await?;
                self.strangers.same(&what, &one, &two, [&id, &random]);
            }
        }
        Ok(())
    }

    async fn unknown(&mut self, sessions: &[SignedIn]) -> Result<(), Failure> {
        let Some(session) = sessions.first() else { return Ok(()) };
        for path in UNKNOWN {
            // Below /api/ programs are answered in JSON, elsewhere people with a page.
            let root = if path.starts_with("/api/") { "/api" } else { "" };
            let random = format!("{root}/{:016x}", self.draw.any());
            for method in ["GET", "POST"] {
                let what = format!("{method} {path}");
                let ask = |path: &str| with_body(method, path);
                let one = self.ask(None, ask(path)).await?;
                let known = self.ask(None, ask(&random)).await?;
                self.unknown.same(&what, &one, &known, [path, &random]);
                let one = self.ask(Some(session), ask(path).header("cookie", &session.cookie)).await?;
                let known = self.ask(Some(session), ask(&random).header("cookie", &session.cookie)).await?;
                self.unknown.same(&format!("{what}, signed in"), &one, &known, [path, &random]);
                if one.status < 400 {
                    self.unknown.found.add(format!("{what} answered {}", one.status));
                }
            }
        }
        Ok(())
    }

    async fn ask(&mut self, viewer: Option<&SignedIn>, request: Request) -> Result<Answer, Failure> {
        let exchange = ask_kept(self.target, &request).await?;
        self.tally.look(self.world, viewer, request.path(), &exchange);
        Ok(exchange.answer)
    }
}

/// Ids of one subject that stand in paths.
#[derive(Debug)]
struct Ids {
    line: Option<String>,
    bill: Option<String>,
    session: Option<String>,
    export: String,
}

impl Ids {
    async fn of(
        world: &World,
        target: Target,
        session: &SignedIn,
        tally: &mut Tally,
    ) -> Result<Self, Failure> {
        let Paths { lines, bills, .. } = Paths::of(world, target, session, tally).await?;
        let devices = ask_kept(target, &get_as(session, "/devices")).await?.answer.text();
        // The device she uses now has no button; the id of its session is nowhere else to be seen.
        let id = devices.split("/devices/").nth(1).and_then(|rest| rest.split('/').next());
        let id = id.filter(|id| id.len() == 32).map(str::to_owned);
        let export = Export::begin(target, session).await?.id;
        Ok(Self { line: lines.into_iter().next(), bill: bills.into_iter().next(), session: id, export })
    }

    fn named(&self, name: &str) -> Option<String> {
        match name {
            "{line}" => self.line.clone(),
            "{bill}" => self.bill.clone(),
            "{session}" => self.session.clone(),
            "{export}" => Some(self.export.clone()),
            _ => None,
        }
    }
}

/// What the subject wishes of each line, and how many devices she has.
async fn state_of(
    world: &World,
    target: Target,
    session: &SignedIn,
    tally: &mut Tally,
) -> Result<Vec<String>, Failure> {
    let mut state = Vec::new();
    for line in Paths::of(world, target, session, tally).await?.lines {
        let home = ask_kept(target, &get_as(session, &format!("/api/v1/lines/{line}/home"))).await?.answer;
        let home: Value = serde_json::from_slice(&home.body)
            .map_err(|error| Failure::Product(format!("home answered {}: {error}", home.status)))?;
        state.push(home.pointer("/speed/desired").map(ToString::to_string).unwrap_or_default());
    }
    let devices = ask_kept(target, &get_as(session, "/devices")).await?.answer.text();
    state.push(devices.matches("/revoke").count().to_string());
    Ok(state)
}

/// Every route with an id in it, and every page.
async fn templates(target: Target) -> Result<Vec<String>, Failure> {
    let answer = ask_kept(target, &Request::get("/openapi.json")).await?.answer;
    let described: Value = serde_json::from_slice(&answer.body)
        .map_err(|error| Failure::Product(format!("openapi.json answered {}: {error}", answer.status)))?;
    let paths = described.get("paths").and_then(Value::as_object);
    let paths = paths.ok_or_else(|| Failure::Product("openapi.json names no paths".to_owned()))?;
    let all: BTreeSet<String> = paths.keys().cloned().chain(PAGES.map(str::to_owned)).collect();
    Ok(all.into_iter().collect())
}

fn parameter(template: &str) -> Option<&str> {
    let begin = template.find('{')?;
    let end = template.find('}')?;
    template.get(begin..=end)
}

/// A request with what the routes of that method take, so that it fails for no other reason.
fn with_body(method: &str, path: &str) -> Request {
    let request = Request::new(method, path).header("idempotency-key", "drill");
    match method {
        "PUT" => request.header("content-type", "application/json").body(br#"{"high":false}"#),
        "POST" => {
            request.header("content-type", "application/x-www-form-urlencoded").body(b"high=false&key=drill")
        }
        _ => request,
    }
}

/// Status, headers and body without what differs from answer to answer: the time, the request's name, the id asked for.
fn bare(answer: &Answer, ids: [&str; 2]) -> String {
    let named: Vec<&str> = answer.header("x-request-id").collect();
    let head = String::from_utf8_lossy(&answer.head);
    let kept = head.lines().filter(|line| {
        !line.split_once(':').is_some_and(|(name, _)| VARYING.contains(&name.to_ascii_lowercase().as_str()))
    });
    let mut text = format!("{}\n\n{}", kept.collect::<Vec<_>>().join("\n"), answer.text());
    for name in named.iter().copied().chain(ids) {
        text = text.replace(name, "…");
    }
    text
}

fn difference(one: &str, other: &str) -> String {
    let place = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let begin = place.saturating_sub(30);
    let near = |text: &str| -> String { text.chars().skip(begin).take(90).collect() };
    format!("{:?} against {:?}", near(one), near(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_tell_one_id_from_another_are_found() {
        let answer = |status: u16, name: &str, body: &str| Answer {
            status,
            head: format!(
                "HTTP/1.1 {status} X\r\nDate: {name}\r\nX-Request-Id: {name}\r\nVary: Cookie\r\n\r\n"
            )
            .into(),
            body: body.into(),
            is_whole: true,
        };
        let ids = ["aa11", "bb22"];
        let differ = |one: &Answer, other: &Answer| {
            let mut compared = Compared::default();
            compared.same("GET /", one, other, ids);
            !compared.verdict("same", "one pair").pass
        };
        let hers = answer(404, "r1", "no aa11 here, r1");
        assert!(!differ(&hers, &answer(404, "r2", "no bb22 here, r2")), "time, name and id may differ");
        assert!(differ(&hers, &answer(403, "r2", "no bb22 here, r2")), "the status");
        assert!(differ(&hers, &answer(404, "r2", "no bb22 there, r2")), "a word");
        assert!(differ(&hers, &answer(404, "r2", "no bb22 here, r2 ")), "a space");
    }
}
