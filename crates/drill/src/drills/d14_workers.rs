//! D14: the workers that make documents and exports, with all their places taken.
//!
//! Once a worker kept one buffer for everybody. Here a few places are asked for by many at once, for as long as the run
//! lasts; many leave in the middle. Whoever is given a document is given her own, whoever is not is told when to come
//! back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{Answer, Connection, Leave, Limits, Request, Target};
use crate::harness::{Failure, SignedIn, Verdict};
use crate::kit::exports::{Export, begin, code};
use crate::kit::paths::Paths;
use crate::kit::stage::{Stage, World, ask, get_as};
use crate::kit::tally::{Findings, Tally};
use crate::seed::Draw;

/// As few places as there can be, so that they are taken.
const SETTINGS: &str = "\
[listen]
public = [\"127.0.0.1:0\"]
metrics = \"127.0.0.1:0\"
[documents]
at_once = 1
waiting = 2
[exports]
at_once = 1
waiting = 1
";
const SUBJECTS: u64 = 32;
/// Connections at most; each asks for documents and nothing else.
const CONNECTIONS: usize = 48;
/// Of a hundred requests so many are left in the middle.
const LEAVE: u64 = 5;
/// Of a hundred requests so many begin an export.
const EXPORT: u64 = 15;
/// How long somebody waits at most who leaves.
const PATIENCE: Duration = Duration::from_millis(30);

#[derive(Debug)]
struct Subject {
    session: SignedIn,
    bills: Vec<String>,
}

#[derive(Debug)]
struct Shared {
    world: World,
    target: Target,
    subjects: Vec<Subject>,
    until: Instant,
}

/// What one connection counted.
#[derive(Debug, Default)]
struct Counted {
    tally: Tally,
    /// Documents that were given.
    given: u64,
    /// Refusals by their code.
    refused: BTreeMap<String, u64>,
    unclear: Findings,
}

/// Plays D14.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let house = stage.installation(&world, SETTINGS).await?;
    let target = house.target();
    let (mut subjects, mut looked_up) = (Vec::new(), Tally::default());
    for session in house.sessions() {
        // Without TLS, on this machine alone, the cookie has its plain name.
        let cookie = session.cookie.trim_start_matches("__Host-").to_owned();
        let session = SignedIn { cookie, ..session.clone() };
        let bills = Paths::of(&world, target, &session, &mut looked_up).await?.bills;
        subjects.push(Subject { session, bills });
    }
    let connections = stage.options.connections.clamp(8, CONNECTIONS);
    stage.say(&format!("  {connections} connections ask for documents and exports; there are five places"));
    let until = Instant::now() + Duration::from_secs(stage.options.seconds.max(2));
    let shared = Arc::new(Shared { world, target, subjects, until });
    let mut clients = JoinSet::new();
    for number in 0..connections {
        let draw = stage.draw.of_part(1400 + u64::try_from(number).unwrap_or(u64::MAX));
        clients.spawn(client(Arc::clone(&shared), draw));
    }
    let mut counted = Counted::default();
    while let Some(one) = clients.join_next().await {
        counted.take(one.map_err(|error| Failure::Product(error.to_string()))?);
    }
    stage.say("  the load ends; one is asked for again");
    let after = afterwards(&shared).await?;
    let Counted { mut tally, given, refused, unclear } = counted;
    tally.take(looked_up);
    let of = |code: &str| refused.get(code).copied().unwrap_or(0);
    let told: Vec<String> = refused.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    let tried = format!("documents and exports over {connections} connections, five places");
    let mut verdicts = vec![
        Verdict::of(
            "where all places for documents are taken, it is said so with a time",
            &tried,
            of("documents_busy"),
            unclear.told(),
        )
        .noting(format!("{given} documents were given; refused by code {}", told.join(", "))),
        Verdict::of(
            "where all places for exports are taken, it is said so with a time",
            &tried,
            of("exports_busy"),
            Vec::new(),
        ),
        after,
    ];
    verdicts.extend(tally.verdicts("every document and every refusal of the above"));
    Ok(verdicts)
}

async fn client(shared: Arc<Shared>, mut draw: Draw) -> Counted {
    let mut counted = Counted::default();
    let mut connection: Option<Connection> = None;
    // The exports this connection has begun, by the place of their subject.
    let mut begun: BTreeMap<usize, String> = BTreeMap::new();
    while Instant::now() < shared.until {
        let place = draw.place(shared.subjects.len());
        let Some(subject) = shared.subjects.get(place) else { return counted };
        let request = asked(subject, begun.get(&place), &mut draw);
        let Some(request) = request else { continue };
        if connection.is_none() {
            connection = Connection::open(shared.target, Limits::default()).await.ok();
        }
        let Some(mut open) = connection.take() else {
            counted.tally.broken += 1;
            continue;
        };
        if draw.percent(LEAVE) {
            let head = open.leave(&request, Leave::AfterWaiting(draw.time_below(PATIENCE))).await;
            counted.tally.left += 1;
            let part = Answer { status: 0, head, body: Vec::new(), is_whole: false };
            counted.tally.octets(&shared.world, Some(&subject.session), request.path(), &part);
            continue;
        }
        let exchange = open.exchange(&request).await;
        counted.tally.look(&shared.world, Some(&subject.session), request.path(), &exchange);
        if exchange.broken.is_none() {
            if exchange.answer.status == 202 {
                begun.extend(Export::of(&exchange.answer).ok().map(|export| (place, export.data())));
            }
            counted.judge(request.path(), &exchange.answer);
            connection = exchange.answer.keeps_connection().then_some(open);
        }
    }
    counted
}

/// A document of hers, or an export: begun, or fetched where one was begun.
fn asked(subject: &Subject, export: Option<&String>, draw: &mut Draw) -> Option<Request> {
    if draw.percent(EXPORT) {
        return Some(match export {
            Some(data) if draw.percent(50) => get_as(&subject.session, data),
            _ => begin(&subject.session),
        });
    }
    let bill = draw.of(&subject.bills)?;
    let form = draw.of(&["pdf", "pdf", "csv"])?;
    Some(get_as(&subject.session, &format!("/api/v1/bills/{bill}/{form}")))
}

/// After the load a document and an export are made as ever.
async fn afterwards(shared: &Shared) -> Result<Verdict, Failure> {
    let (mut found, mut times) = (Findings::default(), 0);
    for subject in shared.subjects.iter().take(3) {
        if let Some(bill) = subject.bills.first() {
            times += 1;
            let path = format!("/api/v1/bills/{bill}/pdf");
            let answer = ask(shared.target, &get_as(&subject.session, &path)).await?;
            if answer.status != 200 {
                found.add(format!("{path} answered {}", answer.status));
            }
        }
        times += 1;
        let export = Export::begin(shared.target, &subject.session).await?;
        let export = export.made(shared.target, &subject.session).await?;
        if export.state != "ready" {
            found.add(format!("an export ended as {}: {:?}", export.state, export.fault));
        }
    }
    let check = "after the load documents and exports are made as ever";
    Ok(Verdict::of(check, "a bill and an export each", times, found.told()))
}

impl Counted {
    fn judge(&mut self, path: &str, answer: &Answer) {
        match answer.status {
            200 => self.given += 1,
            202 => {}
            503 => {
                *self.refused.entry(code(answer)).or_default() += 1;
                if answer.header("retry-after").next().is_none() {
                    self.unclear.add(format!("{path} was refused without a time"));
                }
            }
            // Not made yet; given up by another connection of hers that began one anew.
            409 | 404 if path.contains("/exports/") => {}
            status => self.unclear.add(format!("{path} answered {status}")),
        }
    }

    fn take(&mut self, other: Self) {
        let Self { tally, given, refused, unclear } = other;
        self.tally.take(tally);
        self.given += given;
        for (code, count) in refused {
            *self.refused.entry(code).or_default() += count;
        }
        self.unclear.take(unclear);
    }
}
