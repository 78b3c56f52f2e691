//! D03: many sign in and out at once over connections they share: straight, on streams of one HTTP/2 connection, and
//! through a proxy that keeps its connections. Every `Set-Cookie` has to belong to the subject of its own request.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::{Answer, Exchange, Request};
use crate::harness::{Failure, House, Keeping, Nginx, NginxPlan, SignedIn, Verdict};
use crate::kit::road::{self, Carrier, Road};
use crate::kit::stage::{PATIENCE, Stage, World, get_as, personal_pages, sign_in_request};
use crate::kit::tally::{Findings, Tally};
use crate::seed::Draw;

/// Few subjects, so that each is signed in often and on many connections.
const SUBJECTS: u64 = 24;
/// Connections at most: every fifth request costs a password hash.
const CONNECTIONS: usize = 24;
/// The name of the session's cookie, in the demo and over https.
const NAMES: [&str; 2] = ["session", "__Host-session"];

/// Sessions that are signed in now, and every secret ever given out.
#[derive(Debug, Default)]
struct Sessions {
    now: Vec<SignedIn>,
    given: HashSet<String>,
}

#[derive(Debug, Default)]
struct Counted {
    tally: Tally,
    signed_in: u64,
    wrong_cookie: Findings,
    used: u64,
    wrong_subject: Findings,
    ended: u64,
    still_good: Findings,
    quiet: u64,
    unasked: Findings,
}

#[derive(Debug)]
struct Shared {
    world: Arc<World>,
    road: Road,
    accounts: Vec<String>,
    sessions: Mutex<Sessions>,
}

/// Plays D03.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = Arc::new(stage.world(SUBJECTS)?);
    let house = stage.house(world.ledger(), world.vocabulary.subjects()).await?;
    let mut verdicts = on(stage, &world, &house, Road::straight(house.target())).await?;
    drop(house);

    let house = stage.installation(&world, road::OVER_TLS).await?;
    let streams = Road::streams(house.target()).await?;
    verdicts.extend(on(stage, &world, &house, streams).await?);

    if let Err(Failure::Missing(why)) = Nginx::binary() {
        if let Some(first) = verdicts.first_mut() {
            first.noted.push(format!("not tried through nginx: {why}"));
        }
        return Ok(verdicts);
    }
    let plan = NginxPlan::before(house.target().address())?;
    let house = match house.installed(&road::behind(&plan)).await {
        // What was given on the roads before has stopped personal pages.
        Err(Failure::Product(why)) => {
            let check = "the product goes on through nginx after all that";
            verdicts.push(Verdict::of(check, "the same installation, served anew", 1, vec![why]));
            return Ok(verdicts);
        }
        served => served?,
    };
    let plan = NginxPlan { upstream: house.target().address(), ..plan };
    let nginx = Nginx::start(plan, Keeping::Nothing).await?;
    personal_pages(&house, true, PATIENCE).await?;
    verdicts.extend(on(stage, &world, &house, Road::through(nginx.target()?)).await?);
    Ok(verdicts)
}

/// Everybody on one kind of road.
async fn on(stage: &Stage, world: &Arc<World>, house: &House, road: Road) -> Result<Vec<Verdict>, Failure> {
    let accounts = house.sessions().iter().map(|session| session.account.clone()).collect();
    let given = house.sessions().iter().map(|session| session.cookie.clone()).collect();
    let sessions = Mutex::new(Sessions { now: house.sessions().to_vec(), given });
    let words = road.words();
    let shared = Arc::new(Shared { world: Arc::clone(world), road, accounts, sessions });
    let connections = stage.options.connections.clamp(1, CONNECTIONS);
    let seconds = stage.options.seconds.max(1);
    stage.say(&format!("  {connections} clients {words} sign in, read and sign out for {seconds} seconds"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut clients = JoinSet::new();
    for number in (1_u64..).take(connections) {
        clients.spawn(client(Arc::clone(&shared), stage.draw.of_part(number), end));
    }
    let mut all = Counted::default();
    while let Some(counted) = clients.join_next().await {
        let Counted {
            tally,
            signed_in,
            wrong_cookie,
            used,
            wrong_subject,
            ended,
            still_good,
            quiet,
            unasked,
        } = counted.map_err(|error| Failure::Product(error.to_string()))?;
        all.tally.take(tally);
        all.signed_in += signed_in;
        all.wrong_cookie.take(wrong_cookie);
        all.used += used;
        all.wrong_subject.take(wrong_subject);
        all.ended += ended;
        all.still_good.take(still_good);
        all.quiet += quiet;
        all.unasked.take(unasked);
    }
    let Counted { tally, signed_in, wrong_cookie, used, wrong_subject, ended, still_good, quiet, unasked } =
        all;
    let shared_by = format!("{connections} clients {words}, shared by {SUBJECTS} subjects");
    let mut verdicts = vec![
        Verdict::of(
            "a sign-in gets one new session, the same in cookie and body",
            &shared_by,
            signed_in,
            wrong_cookie.told(),
        ),
        Verdict::of(
            "a session shows the subject who signed in, on any connection",
            &shared_by,
            used,
            wrong_subject.told(),
        ),
        Verdict::of(
            "a session that was signed out is no session any more",
            &shared_by,
            ended,
            still_good.told(),
        ),
        Verdict::of("no other answer sets or ends a session", &shared_by, quiet, unasked.told()),
    ];
    verdicts.extend(tally.verdicts(&shared_by));
    Ok(verdicts)
}

/// One connection for everybody.
async fn client(shared: Arc<Shared>, mut draw: Draw, end: Instant) -> Counted {
    let mut counted = Counted::default();
    let mut kept: Option<Carrier> = None;
    while Instant::now() < end {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => match shared.road.open(&mut draw).await {
                Some(connection) => connection,
                None => continue,
            },
        };
        let keeps = match draw.below(10) {
            0 | 1 => sign_in(&shared, &mut connection, &mut draw, &mut counted).await,
            2 => sign_out(&shared, &mut connection, &mut draw, &mut counted).await,
            _ => read(&shared, &mut connection, &mut draw, &mut counted).await,
        };
        kept = keeps.then_some(connection);
    }
    counted
}

async fn sign_in(shared: &Shared, connection: &mut Carrier, draw: &mut Draw, counted: &mut Counted) -> bool {
    let Some(account) = draw.of(&shared.accounts) else { return false };
    let exchange = connection.exchange(&sign_in_request(account)).await;
    let viewer = SignedIn { account: account.clone(), cookie: String::new() };
    counted.tally.look(&shared.world, Some(&viewer), "/api/v1/sessions", &exchange);
    let Exchange { answer, broken } = exchange;
    if answer.status != 201 {
        // Turned away: the hashers have no room. Then no session was given either.
        quiet(&answer, "a sign-in that was turned away", counted);
        return broken.is_none() && answer.keeps_connection();
    }
    counted.signed_in += 1;
    let cookies = session_cookies(&answer);
    let [cookie] = cookies.as_slice() else {
        counted.wrong_cookie.add(format!("{account} signed in and got {} session cookies", cookies.len()));
        return true;
    };
    let token = cookie.split_once('=').map_or("", |(_, token)| token);
    if !answer.text().contains(&format!("\"{token}\"")) {
        counted.wrong_cookie.add(format!("{account} got one session as a cookie and another in the body"));
    }
    let mut sessions = shared.sessions.lock().await;
    if sessions.given.insert(cookie.clone()) {
        sessions.now.push(SignedIn { cookie: cookie.clone(), ..viewer });
    } else {
        counted.wrong_cookie.add(format!("{account} got a session that was given out before"));
    }
    answer.keeps_connection()
}

/// Signs out somebody whom nobody else uses meanwhile, and tries her session again.
async fn sign_out(shared: &Shared, connection: &mut Carrier, draw: &mut Draw, counted: &mut Counted) -> bool {
    let session = {
        let mut sessions = shared.sessions.lock().await;
        if sessions.now.len() <= shared.accounts.len() / 2 {
            return true;
        }
        let place = draw.place(sessions.now.len());
        sessions.now.swap_remove(place)
    };
    let request = Request::new("DELETE", "/api/v1/sessions/current").header("cookie", &session.cookie);
    let exchange = connection.exchange(&request).await;
    counted.tally.look(&shared.world, Some(&session), request.path(), &exchange);
    if exchange.broken.is_some() || exchange.answer.status != 204 {
        return false;
    }
    counted.ended += 1;
    let cookies = session_cookies(&exchange.answer);
    if cookies.iter().any(|cookie| !cookie.ends_with('=')) {
        counted.still_good.add(format!("{} signed out and was given a session", session.account));
    }
    let again = connection.exchange(&get_as(&session, "/api/v1/me")).await;
    counted.tally.look(&shared.world, None, "/api/v1/me", &again);
    if again.broken.is_none() && again.answer.status != 401 {
        counted
            .still_good
            .add(format!("{} signed out and was answered {}", session.account, again.answer.status));
    }
    again.broken.is_none() && again.answer.keeps_connection()
}

async fn read(shared: &Shared, connection: &mut Carrier, draw: &mut Draw, counted: &mut Counted) -> bool {
    let session = draw.of(&shared.sessions.lock().await.now).cloned();
    let Some(session) = session else { return true };
    let path = draw.of(&["/api/v1/me", "/lines", "/bills", "/api/v1/bills"]).copied().unwrap_or("/lines");
    let exchange = connection.exchange(&get_as(&session, path)).await;
    let own = counted.tally.look(&shared.world, Some(&session), path, &exchange);
    let Exchange { answer, broken } = exchange;
    quiet(&answer, path, counted);
    match answer.status {
        200 => {
            counted.used += 1;
            if own == 0 {
                counted
                    .wrong_subject
                    .add(format!("{} was shown nothing of her own at {path}", session.account));
            }
        }
        // The oldest sessions of an account end when it has too many; or it was signed out in between.
        401 | 303 => shared.sessions.lock().await.now.retain(|kept| kept.cookie != session.cookie),
        _ => {}
    }
    broken.is_none() && answer.keeps_connection()
}

/// An answer that has no business with sessions.
fn quiet(answer: &Answer, what: &str, counted: &mut Counted) {
    counted.quiet += 1;
    let given = session_cookies(answer).into_iter().filter(|cookie| !cookie.ends_with('=')).count();
    if given > 0 {
        counted.unasked.add(format!("{what} was answered with {given} session cookies"));
    }
}

/// The session cookies an answer sets, as `name=value`.
fn session_cookies(answer: &Answer) -> Vec<String> {
    let pairs = answer.header("set-cookie").filter_map(|cookie| cookie.split(';').next());
    let of_session = |pair: &&str| pair.split_once('=').is_some_and(|(name, _)| NAMES.contains(&name.trim()));
    pairs.filter(of_session).map(|pair| pair.trim().to_owned()).collect()
}
