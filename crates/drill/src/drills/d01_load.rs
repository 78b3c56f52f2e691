//! D01: a launch day. More is asked than can be answered, by many at once, and many leave in the middle.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::client::{Answer, Connection, Leave, Limits, Target};
use crate::harness::{Failure, House, SignedIn, Verdict};
use crate::kit::paths::Paths;
use crate::kit::stage::{Stage, World, ask, get_as, sign_in_request};
use crate::kit::tally::{Findings, Tally};
use crate::seed::Draw;

/// How many times as much is asked as one client gets answered that asks one after the other.
const LOAD: u32 = 20;
/// For how long that client asks first.
const CALM: Duration = Duration::from_secs(1);
/// Of a hundred requests so many are left in the middle.
const LEAVE: u64 = 5;
/// Of a thousand arrivals so many are sign-ins: each costs as much as a hundred reads.
const SIGN_IN: u64 = 2;
/// How long somebody waits at most who leaves.
const PATIENCE: Duration = Duration::from_millis(30);
/// Arrivals that wait for a connection, for each of them; further ones are counted as not sent.
const WAITING: usize = 4;
/// How often arrivals are let in.
const TICK: Duration = Duration::from_millis(5);
/// Connections that look up the subjects' own paths before the load.
const LOOKERS: usize = 16;

/// A subject of the load. The session may be replaced by a newer one.
#[derive(Debug)]
struct Subject {
    session: Mutex<SignedIn>,
    paths: Paths,
}

/// Everything the connections of a load share.
#[derive(Debug)]
struct Shared {
    world: Arc<World>,
    target: Target,
    subjects: Vec<Subject>,
}

/// Plays D01.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = Arc::new(stage.world(u64::MAX)?);
    let mut house = stage.house(world.ledger(), world.vocabulary.subjects()).await?;
    stage.say("  everybody looks up her own lines and bills");
    let (subjects, looked_up) = subjects(&house, &world).await?;
    let shared = Arc::new(Shared { world, target: house.target(), subjects });
    let calm = calm(&shared, &stage.draw).await?;
    let rate = calm.saturating_mul(LOAD);
    stage.say(&format!(
        "  one client gets {calm} answers a second; {rate} are asked now, by {} connections",
        stage.options.connections
    ));
    let (mut tally, arrivals, not_sent) = load(stage, &shared, rate).await?;
    tally.take(looked_up);
    tally.disclosed += u64::from(calm);
    stage.say("  the product ends; the journal is verified");
    house.end().await?;
    let journal = journal(&house, &tally)?;
    let tried = format!(
        "reads and sign-ins of {} subjects over {} connections, {LOAD} times what one client gets",
        shared.subjects.len(),
        stage.options.connections
    );
    let note = format!("{arrivals} arrivals, {not_sent} of them found no free connection");
    let mut verdicts = tally.verdicts(&tried);
    if let Some(first) = verdicts.first_mut() {
        first.noted.push(note);
    }
    verdicts.push(journal);
    Ok(verdicts)
}

/// The subjects with their paths, and what was shown while they were looked up.
async fn subjects(house: &House, world: &Arc<World>) -> Result<(Vec<Subject>, Tally), Failure> {
    let target = house.target();
    let waiting = Arc::new(Mutex::new(house.sessions().to_vec()));
    let mut lookers = JoinSet::new();
    for _ in 0..LOOKERS {
        let (waiting, world) = (Arc::clone(&waiting), Arc::clone(world));
        lookers.spawn(async move {
            let (mut found, mut tally) = (Vec::new(), Tally::default());
            loop {
                let Some(session) = waiting.lock().await.pop() else {
                    return Ok::<_, Failure>((found, tally));
                };
                let paths = Paths::of(&world, target, &session, &mut tally).await?;
                found.push(Subject { session: Mutex::new(session), paths });
            }
        });
    }
    let (mut subjects, mut tally) = (Vec::new(), Tally::default());
    while let Some(looked) = lookers.join_next().await {
        let (found, seen) = looked.map_err(|error| Failure::Product(error.to_string()))??;
        subjects.extend(found);
        tally.take(seen);
    }
    Ok((subjects, tally))
}

/// How many answers a second one client gets that asks one after the other.
async fn calm(shared: &Shared, draw: &Draw) -> Result<u32, Failure> {
    let mut draw = draw.of_part(1);
    let end = Instant::now() + CALM;
    let mut answers = 0;
    while Instant::now() < end {
        let Some(subject) = draw.of(&shared.subjects) else { break };
        let Some(path) = draw.of(&subject.paths.reads) else { break };
        let session = subject.session.lock().await.clone();
        ask(shared.target, &get_as(&session, path)).await?;
        answers += 1;
    }
    Ok(answers)
}

/// Asks for as long as the stage says; arrivals do not wait for answers.
async fn load(stage: &Stage, shared: &Arc<Shared>, rate: u32) -> Result<(Tally, u64, u64), Failure> {
    let connections = stage.options.connections.max(1);
    let (arrive, arrivals) = mpsc::channel::<u64>(connections * WAITING);
    let arrivals = Arc::new(Mutex::new(arrivals));
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let (shared, arrivals, draw) = (Arc::clone(shared), Arc::clone(&arrivals), stage.draw.clone());
        clients.spawn(client(shared, arrivals, draw));
    }
    let length = Duration::from_secs(stage.options.seconds.max(1));
    let begun = Instant::now();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut arrived, mut not_sent, mut said) = (0_u64, 0_u64, 0);
    while begun.elapsed() < length {
        ticks.tick().await;
        let due = u64::from(rate) * u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX) / 1000;
        while arrived < due {
            arrived += 1;
            not_sent += u64::from(arrive.try_send(arrived).is_err());
        }
        let seconds = begun.elapsed().as_secs();
        if seconds >= said + 10 {
            said = seconds;
            stage.say(&format!("  {seconds} of {} seconds", length.as_secs()));
        }
    }
    drop(arrive);
    let mut tally = Tally::default();
    while let Some(counted) = clients.join_next().await {
        tally.take(counted.map_err(|error| Failure::Product(error.to_string()))?);
    }
    Ok((tally, arrived, not_sent))
}

/// One connection, used for whoever arrives: the next request is somebody else's.
async fn client(shared: Arc<Shared>, arrivals: Arc<Mutex<mpsc::Receiver<u64>>>, draw: Draw) -> Tally {
    let mut tally = Tally::default();
    let mut connection: Option<Connection> = None;
    loop {
        let arrival = arrivals.lock().await.recv().await;
        let Some(arrival) = arrival else { return tally };
        // What an arrival does depends on its number alone, whichever connection takes it.
        let mut draw = draw.of_part(arrival);
        let Some(subject) = draw.of(&shared.subjects) else { return tally };
        if connection.is_none() {
            connection = Connection::open(shared.target, Limits::default()).await.ok();
        }
        let Some(mut open) = connection.take() else {
            tally.broken += 1;
            continue;
        };
        if draw.below(1000) < SIGN_IN {
            sign_in(&shared, &mut open, subject, &mut tally).await;
            connection = Some(open);
            continue;
        }
        let Some(path) = draw.of(&subject.paths.reads) else { continue };
        let session = subject.session.lock().await.clone();
        let request = get_as(&session, path).header("accept-encoding", coding(&mut draw));
        if draw.percent(LEAVE) {
            let head = open.leave(&request, moment(&mut draw)).await;
            tally.left += 1;
            let part = Answer { status: 0, head, body: Vec::new(), is_whole: false };
            tally.octets(&shared.world, Some(&session), path, &part);
            continue;
        }
        let exchange = open.exchange(&request).await;
        tally.look(&shared.world, Some(&session), path, &exchange);
        if !open.stray().is_empty() {
            tally.foreign.add(format!("{path}: octets came behind the answer that nobody asked for"));
        }
        connection = (exchange.broken.is_none() && exchange.answer.keeps_connection()).then_some(open);
    }
}

/// Signs the subject in once more; the new session is used from now on.
async fn sign_in(shared: &Shared, open: &mut Connection, subject: &Subject, tally: &mut Tally) {
    let account = subject.session.lock().await.account.clone();
    let path = "/api/v1/sessions";
    let exchange = open.exchange(&sign_in_request(&account)).await;
    let viewer = SignedIn { account, cookie: String::new() };
    tally.look(&shared.world, Some(&viewer), path, &exchange);
    let cookie = exchange.answer.header("set-cookie").next().and_then(|cookie| cookie.split(';').next());
    if let Some(cookie) = cookie.filter(|_| exchange.answer.status == 201) {
        *subject.session.lock().await = SignedIn { cookie: cookie.to_owned(), ..viewer };
    }
}

fn coding(draw: &mut Draw) -> &'static str {
    draw.of(&["identity", "identity", "identity", "gzip"]).copied().unwrap_or("identity")
}

fn moment(draw: &mut Draw) -> Leave {
    match draw.below(3) {
        0 => Leave::AfterSending(draw.place(400)),
        1 => Leave::AfterWaiting(draw.time_below(PATIENCE)),
        _ => Leave::AfterReceiving(draw.place(20_000)),
    }
}

/// The journal proves that every viewer was the owner, and has every disclosure that was seen.
fn journal(house: &House, tally: &Tally) -> Result<Verdict, Failure> {
    let ran = house.command(["journal", "verify"])?;
    let mut found = Findings::default();
    if ran.code != Some(0) {
        found.add(format!("journal verify ended with {:?}: {}", ran.code, ran.err.trim()));
    }
    let counted = ran
        .out
        .lines()
        .find_map(|line| line.strip_prefix("to owner")?.split_whitespace().next()?.parse().ok());
    let entries: u64 = counted.unwrap_or(0);
    if entries < tally.disclosed {
        found.add(format!("{} disclosures were seen, {entries} are in the journal", tally.disclosed));
    }
    let most = tally.disclosed + tally.left + tally.broken;
    if entries > most {
        found.add(format!("at most {most} disclosures were made, {entries} are in the journal"));
    }
    let note =
        format!("{entries} entries for {} disclosures seen whole and {} left", tally.disclosed, tally.left);
    let check = "the journal verifies viewer = owner for every entry, and has every disclosure";
    Ok(Verdict::of(check, "journal verify", entries, found.told()).noting(note))
}
