//! D07: two nodes on one store are asked for the same in the same moment, by the same people. What one would have refused,
//! two refuse: nothing is decided by what one process alone knows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::d12_modes::forced;
use crate::client::{Answer, Request, Target};
use crate::harness::{Balancer, Database, Failure, House, Server, Verdict};
use crate::kit::acts::{Acting, Acts};
use crate::kit::crowd::{Crowd, Subject, wish};
use crate::kit::exports::code;
use crate::kit::guesses::owner::activation;
use crate::kit::late::Late;
use crate::kit::stage::{Stage, ask, get_as, invite, journal_verifies};
use crate::kit::tally::Findings;

/// Subscribers at most.
const SUBJECTS: u64 = 40;
/// Connections that read all the time, through a balancer before both nodes.
const CONNECTIONS: usize = 8;
/// Sessions that are ended on one node.
const ENDED: usize = 8;
/// Accounts whose one-time code is used on both nodes at once.
const CODES: usize = 6;
/// Every node knows what another has acknowledged within this time.
const KNOWN: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(20);
/// Two people set each another password: the same one twice is a form that was sent twice.
const NEW: [&str; 2] = ["kaze+no+tooru+michi+wo+aruku", "umi+no+mieru+oka+ni+noboru"];

/// Both nodes.
struct Both {
    crowd: Arc<Crowd>,
    nodes: [Target; 2],
}

/// Plays D07.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    stage.say("  starting PostgreSQL");
    let server = Server::start().await?;
    let [url, owner] = ["honnin", "owner"].map(|role| server.url(role));
    let database = Database { url, owner };
    let settings = database.settings();
    let mut house = stage.serving_on(&world, database, 2).await?;
    let spare = house.spare(world.vocabulary.subjects());
    let mut second = house.beside("2", &settings).await?;
    let nodes = [house.target(), second.target()];
    let front = Balancer::before(&nodes).await?;
    let crowd = Crowd::gather(world, &house, true).await?;
    crowd.go_to(front.target()?);
    let acts = Acts::of(&crowd, spare);
    let both = Both { crowd: Arc::clone(&crowd), nodes };

    stage.say("  everybody reads and acts on both nodes");
    let (reading, acting) = (crowd.ask(CONNECTIONS, &stage.draw), acts.begin(&stage.draw));
    sleep(Duration::from_secs(stage.options.seconds.max(2) / 2)).await;
    let ending = acts.end_some(ENDED);
    stage.say("  the same is asked of both in the same moment");
    let mut verdicts = vec![both.wishes().await, both.keys().await];
    acts.rest_of(ending).await;
    acts.let_act(Acting::None);
    acts.look_at_all(&nodes).await;
    stage.say("  a person changes the mode, and both hear of it");
    verdicts.push(forced(&house, &["mode", "force", "read_only"])?);
    verdicts.push(both.modes("read_only", true).await?);
    verdicts.push(forced(&house, &["mode", "release"])?);
    verdicts.push(both.modes("normal", false).await?);
    acts.rest(acting).await;
    // Whoever is given a new password is signed out everywhere: last of all.
    verdicts.push(both.codes(&house).await?);
    crowd.rest(reading).await;

    let tried = "two nodes on one store, everybody on both";
    verdicts.extend(crowd.noted().verdicts(tried));
    verdicts.extend(acts.verdicts(tried));
    second.end().await?;
    house.end().await?;
    verdicts.push(journal_verifies(&house, 1)?);
    Ok(verdicts)
}

impl Both {
    /// The same request, or one of each, at both nodes at once.
    async fn at_once(&self, requests: [&Request; 2]) -> [Option<Answer>; 2] {
        let ([first, second], [one, other]) = (self.nodes, requests);
        let (first, second) = tokio::join!(ask(first, one), ask(second, other));
        [first.ok(), second.ok()]
    }

    /// Half of everybody, with a line each.
    fn half(&self, odd: bool) -> impl Iterator<Item = (&Subject, &String)> {
        let chosen =
            self.crowd.subjects.iter().enumerate().filter(move |(number, _)| (number % 2 == 1) == odd);
        chosen.filter_map(|(_, subject)| Some((subject, subject.paths.lines.first()?)))
    }

    /// One wish a minute for a line, whichever node takes it.
    async fn wishes(&self) -> Verdict {
        let (mut tried, mut taken, mut twice) = (0, 0, Findings::default());
        for (subject, line) in self.half(false) {
            let [one, other] =
                ["one", "other"].map(|key| wish(subject, line, &format!("{key}-{line}"), false));
            let answers = self.at_once([&one, &other]).await;
            let accepted = answers.iter().flatten().filter(|answer| answer.status == 202).count();
            tried += 1;
            taken += u64::from(accepted > 0);
            if accepted > 1 {
                twice.add(format!("both nodes took a wish for one line of {}", subject.session.account));
            }
        }
        if taken == 0 {
            twice.add("no wish was taken at all".to_owned());
        }
        Verdict::of(
            "of two wishes for one line at once, one is taken",
            "one at each node",
            tried,
            twice.told(),
        )
        .noting(format!("{taken} taken"))
    }

    /// One key is one wish.
    async fn keys(&self) -> Verdict {
        let (mut tried, mut same, mut odd) = (0, 0, Findings::default());
        for (subject, line) in self.half(true) {
            let request = wish(subject, line, &format!("same-{line}"), false);
            let answers = self.at_once([&request, &request]).await;
            tried += 1;
            let mut answers = answers.iter().flatten().map(|answer| (answer.status, version(answer)));
            let (Some(one), Some(other)) = (answers.next(), answers.next()) else { continue };
            match (one, other) {
                ((202, first), (202, second)) if first == second && first.is_some() => same += 1,
                ((202, _), _) | (_, (202, _)) => {
                    odd.add(format!("one key was answered {one:?} and {other:?}"));
                }
                // The line is suspended, or its last wish is too young: so it is on both.
                (one, other) if one.0 != other.0 => {
                    odd.add(format!("one key was answered {} and {}", one.0, other.0));
                }
                _ => {}
            }
        }
        if same == 0 {
            odd.add("no wish was taken at all".to_owned());
        }
        Verdict::of(
            "one idempotency key is one wish, on both nodes",
            "the same wish at both at once",
            tried,
            odd.told(),
        )
        .noting(format!("{same} answered alike"))
    }

    /// A one-time code is used once, for one password.
    async fn codes(&self, house: &House) -> Result<Verdict, Failure> {
        let (mut tried, mut odd) = (0, Findings::default());
        let accounts = self.crowd.subjects.iter().rev().map(|subject| subject.session.account.as_str());
        for account in accounts.take(CODES) {
            let code = invite(house, account)?;
            let [one, other] = NEW.map(|password| activation(account, &code, password));
            let answers = self.at_once([&one, &other]).await;
            tried += 1;
            let entered =
                answers.iter().flatten().filter(|answer| answer.header("set-cookie").next().is_some());
            let entered = entered.filter(|answer| answer.status == 303).count();
            if entered != 1 {
                odd.add(format!("the code of {account} let {entered} in"));
            }
        }
        let check = "of two passwords set by one code at once, one counts";
        Ok(Verdict::of(check, "/activate, at each node another password", tried, odd.told()))
    }

    /// Whether both nodes say within a second that changes are paused, or that they are not.
    async fn modes(&self, mode: &str, is_paused: bool) -> Result<Verdict, Failure> {
        let (since, mut tried, mut late) = (Instant::now(), 0, Findings::default());
        let busy = Late::watched();
        let mut heard = BTreeMap::new();
        let Some((subject, line)) = self.half(false).next() else {
            return Err(Failure::Product("there is nobody".to_owned()));
        };
        for (number, node) in self.nodes.into_iter().enumerate() {
            loop {
                let answer =
                    ask(node, &wish(subject, line, &format!("{mode}-{number}-{tried}"), true)).await?;
                tried += 1;
                if (code(&answer) == "paused") == is_paused {
                    heard.insert(number, since.elapsed());
                    break;
                }
                if since.elapsed() > busy.beyond(KNOWN) {
                    late.add(format!("a node does not know {mode} after {:?}", busy.beyond(KNOWN)));
                    break;
                }
                sleep(EVERY).await;
            }
            // Reads go on, whatever the mode.
            let read = ask(node, &get_as(&subject.session, "/api/v1/me")).await?;
            if read.status != 200 {
                late.add(format!("in {mode} a read was answered {}", read.status));
            }
        }
        let verdict = Verdict::of("both nodes know the mode within a second", mode, tried, late.told());
        Ok(verdict.noting(format!("known after {heard:?}")))
    }
}

/// The version of a wish that was taken.
fn version(answer: &Answer) -> Option<u64> {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    body.get("version")?.as_u64()
}
