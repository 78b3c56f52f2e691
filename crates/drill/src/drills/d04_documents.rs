//! D04: documents asked by several subjects in the same millisecond, under the same file names, and without room.
//!
//! Once one request overwrote what another was about to be given, because both wrote to one slot. Here everybody asks
//! at one moment, again and again; and then once more where exports have no room.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{Connection, Exchange, Limits, Request, Target};
use crate::harness::{Failure, SignedIn, Verdict};
use crate::kit::exports::{Export, code};
use crate::kit::paths::Paths;
use crate::kit::stage::{Stage, World, ask_kept, get_as};
use crate::kit::tally::{Findings, Tally};

/// Subjects. More of them ask no more at one moment.
const SUBJECTS: u64 = 16;
/// What is asked in a round is sent within that, or the round does not count as the same moment.
const MOMENT: Duration = Duration::from_millis(1);

/// Forms of one bill: sheet and rows, by page and by program. Each is asked for at least once.
const FORMS: usize = 4;

/// No export is as small as its room.
const NO_ROOM: &str = "\
[listen]
public = [\"127.0.0.1:0\"]
metrics = \"127.0.0.1:0\"
[exports]
space = \"1 KiB\"
";

/// Somebody, and what documents she has.
#[derive(Debug, Clone)]
struct Subject {
    session: SignedIn,
    documents: Vec<String>,
}

/// What is counted.
#[derive(Debug, Default)]
struct Counted {
    tally: Tally,
    asked: u64,
    /// Rounds in which everything was sent within a millisecond.
    at_once: u64,
    /// Documents of different subjects that had one name, in one round.
    same_names: u64,
    unclear: Findings,
}

/// Plays D04.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let house = stage.house(world.ledger(), world.vocabulary.subjects()).await?;
    let target = house.target();
    let (mut subjects, mut looked_up) = (Vec::new(), Tally::default());
    for session in house.sessions() {
        subjects.push(subject(&world, target, session, &mut looked_up).await?);
    }
    stage.say("  everybody asks for documents at the same moment");
    let mut counted = Counted::default();
    let mut draw = stage.draw.of_part(4);
    let end = Instant::now() + Duration::from_secs(stage.options.seconds.max(1));
    let mut rounds = 0;
    while Instant::now() < end || rounds < FORMS {
        round(&world, target, &subjects, (rounds % FORMS, draw.place(12)), &mut counted).await?;
        rounds += 1;
    }
    stage.say("  everybody begins an export at the same moment");
    let (mut others, mut tried) = (Findings::default(), 0);
    exports(&world, target, house.sessions(), &mut counted, (&mut others, &mut tried)).await?;
    stage.say("  a house in which exports have no room");
    let room = without_room(stage, &world, &mut counted).await?;
    let Counted { mut tally, asked, at_once, same_names, unclear } = counted;
    tally.take(looked_up);
    let note = format!(
        "{at_once} rounds were sent within {MOMENT:?}; {same_names} names were given to several at once"
    );
    let mut verdicts = vec![
        Verdict::of(
            "whoever asks at the same moment gets her own document or a clear error",
            "documents asked at once",
            asked,
            unclear.told(),
        )
        .noting(note),
        Verdict::of(
            "an export is given to the sign-in alone that asked for it",
            "each asks for the next one's",
            tried,
            others.told(),
        ),
        room,
    ];
    verdicts.extend(tally.verdicts("every document and every refusal of the above"));
    Ok(verdicts)
}

async fn subject(
    world: &World,
    target: Target,
    session: &SignedIn,
    tally: &mut Tally,
) -> Result<Subject, Failure> {
    let bills = Paths::of(world, target, session, tally).await?.bills;
    let mut documents = Vec::new();
    for bill in bills {
        for (root, form) in [("", "pdf"), ("", "csv"), ("/api/v1", "pdf"), ("/api/v1", "csv")] {
            documents.push(format!("{root}/bills/{bill}/{form}"));
        }
    }
    Ok(Subject { session: session.clone(), documents })
}

/// Sends all of it at one moment, each on a connection of its own that is open already.
async fn at_once(target: Target, requests: Vec<Request>) -> Result<(Vec<Exchange>, bool), Failure> {
    let barrier = Arc::new(Barrier::new(requests.len()));
    let mut clients = JoinSet::new();
    for (place, request) in requests.into_iter().enumerate() {
        let opened = Connection::open(target, Limits::default()).await;
        let mut connection =
            opened.map_err(|reason| Failure::Product(format!("open a connection: {reason}")))?;
        let barrier = Arc::clone(&barrier);
        clients.spawn(async move {
            barrier.wait().await;
            let sent = Instant::now();
            (place, sent, connection.exchange(&request).await)
        });
    }
    let mut done = Vec::new();
    while let Some(exchange) = clients.join_next().await {
        done.push(exchange.map_err(|error| Failure::Product(error.to_string()))?);
    }
    done.sort_by_key(|(place, ..)| *place);
    let moments = done.iter().map(|(_, sent, _)| *sent);
    let spread = moments.clone().max().zip(moments.min()).map(|(last, first)| last - first);
    Ok((
        done.into_iter().map(|(.., exchange)| exchange).collect(),
        spread.is_some_and(|spread| spread < MOMENT),
    ))
}

async fn round(
    world: &World,
    target: Target,
    subjects: &[Subject],
    (form, bill): (usize, usize),
    counted: &mut Counted,
) -> Result<(), Failure> {
    // All of them ask for the same form of the same month, so that their files have the same name.
    let chosen: Vec<(&SignedIn, &String)> = subjects
        .iter()
        .filter_map(|subject| {
            let bills = subject.documents.len() / FORMS;
            let place = (bill % bills.max(1)) * FORMS + form;
            subject.documents.get(place).map(|path| (&subject.session, path))
        })
        .collect();
    let requests = chosen.iter().map(|(session, path)| get_as(session, path)).collect();
    let (exchanges, together) = at_once(target, requests).await?;
    counted.at_once += u64::from(together);
    let mut names = Vec::new();
    for ((session, path), exchange) in chosen.iter().zip(&exchanges) {
        counted.asked += 1;
        counted.tally.look(world, Some(session), path, exchange);
        match exchange.answer.status {
            200 => names.extend(exchange.answer.header("content-disposition").map(str::to_owned)),
            503 => {}
            status => counted.unclear.add(format!("{path} answered {status}")),
        }
    }
    names.sort_unstable();
    let again = names.windows(2).filter(|pair| pair.first() == pair.last()).count();
    counted.same_names += u64::try_from(again).unwrap_or(u64::MAX);
    Ok(())
}

async fn exports(
    world: &World,
    target: Target,
    sessions: &[SignedIn],
    counted: &mut Counted,
    (others, tried): (&mut Findings, &mut u64),
) -> Result<(), Failure> {
    let (begun, together) =
        at_once(target, sessions.iter().map(crate::kit::exports::begin).collect()).await?;
    counted.at_once += u64::from(together);
    let mut made = Vec::new();
    for (session, exchange) in sessions.iter().zip(&begun) {
        counted.asked += 1;
        counted.tally.look(world, Some(session), "/api/v1/exports", exchange);
        match exchange.answer.status {
            202 => {
                let export = Export::of(&exchange.answer)?.made(target, session).await?;
                if export.state != "ready" {
                    counted.unclear.add(format!("an export ended as {}: {:?}", export.state, export.fault));
                }
                made.push((session, export));
            }
            503 if code(&exchange.answer) == "exports_busy" => {}
            status => counted.unclear.add(format!("an export answered {status}")),
        }
    }
    let fetch = made.iter().map(|(session, export)| get_as(session, &export.data())).collect();
    let (fetched, together) = at_once(target, fetch).await?;
    counted.at_once += u64::from(together);
    for ((session, export), exchange) in made.iter().zip(&fetched) {
        counted.asked += 1;
        counted.tally.look(world, Some(session), &export.data(), exchange);
        if !matches!(exchange.answer.status, 200 | 503) {
            counted.unclear.add(format!("the data of an export answered {}", exchange.answer.status));
        }
    }
    let turned = made.iter().cycle().skip(1);
    for ((session, _), (_, foreign)) in made.iter().zip(turned).filter(|(own, other)| own.0 != other.0) {
        for path in
            [foreign.data(), format!("/export/{}", foreign.id), format!("/api/v1/exports/{}", foreign.id)]
        {
            let exchange = ask_kept(target, &get_as(session, &path)).await?;
            counted.tally.look(world, Some(session), &path, &exchange);
            *tried += 1;
            if exchange.answer.status != 404 {
                others.add(format!("another's export answered {}", exchange.answer.status));
            }
        }
    }
    Ok(())
}

/// Exports where there is no room for any.
async fn without_room(stage: &Stage, world: &World, counted: &mut Counted) -> Result<Verdict, Failure> {
    let house = stage.installation(world, NO_ROOM).await?;
    let target = house.target();
    let (mut found, mut times) = (Findings::default(), 0);
    for session in house.sessions() {
        // Without TLS, on this machine alone, the cookie has its plain name.
        let cookie = session.cookie.trim_start_matches("__Host-").to_owned();
        let Subject { session, documents } =
            subject(world, target, &SignedIn { cookie, ..session.clone() }, &mut counted.tally).await?;
        let export = Export::begin(target, &session).await?.made(target, &session).await?;
        times += 1;
        if (export.state.as_str(), export.fault.as_deref()) != ("failed", Some("no_room")) {
            found.add(format!("without room an export ended as {}: {:?}", export.state, export.fault));
        }
        let exchange = ask_kept(target, &get_as(&session, &export.data())).await?;
        counted.tally.look(world, Some(&session), &export.data(), &exchange);
        if (exchange.answer.status, code(&exchange.answer).as_str()) != (409, "export_not_ready") {
            found.add(format!("without room the data answered {}", exchange.answer.status));
        }
        // A bill needs no room, so that it is given all the same.
        if let Some(path) = documents.first() {
            let exchange = ask_kept(target, &get_as(&session, path)).await?;
            counted.tally.look(world, Some(&session), path, &exchange);
            if exchange.answer.status != 200 {
                found.add(format!("without room {path} answered {}", exchange.answer.status));
            }
        }
    }
    let check = "without room an export is refused with its own code, and nothing of it can be claimed";
    Ok(Verdict::of(check, "exports in a house without room for any", times, found.told()))
}
