//! D02: the path to the product says who is asking, and is wrong. Nothing but the session may decide who is seen.

mod behind;

use crate::client::{Connection, Limits, Request, Target};
use crate::harness::{Assertion, Failure, Proxy, SignedIn, Verdict};
use crate::kit::paths::Paths;
use crate::kit::stage::{Stage, World, ask_kept, get_as};
use crate::kit::tally::{Findings, Tally};

/// Subjects of whom each is said to be the next one.
const SUBJECTS: u64 = 12;

/// Headers by which carriers, proxies and gateways tell who somebody is. `{account}`, `{number}` and `{international}`
/// stand for the 会員ID and the number of somebody else, `{cookie}` for her session.
const FORGED: [&str; 38] = [
    "X-MSISDN: {international}",
    "MSISDN: {number}",
    "X-WAP-MSISDN: {international}",
    "X-Nokia-MSISDN: {international}",
    "X-Up-Calling-Line-Id: {international}",
    "X-Network-Info: 3GPP,{international}",
    "X-IMSI: 440109{number}",
    "X-DCMGUID: {account}",
    "X-Up-Subno: {account}",
    "X-JPhone-UID: {account}",
    "X-EM-UID: {account}",
    "X-Line-Id: {number}",
    "X-Subscriber-Id: {account}",
    "X-Account-Id: {account}",
    "X-User: {account}",
    "X-User-Id: {account}",
    "X-Forwarded-User: {account}",
    "X-Forwarded-Email: {account}@example.jp",
    "X-Forwarded-Preferred-Username: {account}",
    "X-Auth-Request-User: {account}",
    "X-Authenticated-User: {account}",
    "X-Remote-User: {account}",
    "Remote-User: {account}",
    "X-Webauth-User: {account}",
    "X-SSL-Client-S-DN: CN={account}",
    "X-SSL-Client-Verify: SUCCESS",
    "X-Client-Cert-Subject: CN={account}",
    "X-Forwarded-Client-Cert: Hash=00;Subject=\"CN={account}\"",
    "Client-Cert: :{account}:",
    "Forwarded: for={number};by={account};host=localhost",
    "X-Forwarded-For: 10.0.0.1",
    "X-Real-IP: 10.0.0.1",
    "X-Original-URL: /api/v1/me?account={account}",
    "X-Rewrite-URL: /api/v1/me?account={account}",
    "X-HTTP-Method-Override: PUT",
    "Authorization: Basic {account}",
    "X-Session: {cookie}",
    "Cookie2: {cookie}",
];

#[derive(Debug, Default)]
struct Compared {
    times: u64,
    found: Findings,
}

/// Plays D02.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let house = stage.house(world.ledger(), world.vocabulary.subjects()).await?;
    stage.say(&format!("  {} forged headers, straight and through a proxy", FORGED.len()));
    let (mut tally, mut seen, mut alone) = (Tally::default(), Compared::default(), Compared::default());
    // Before anything is forged: what came of that may have stopped everything.
    let mut before = Vec::new();
    for viewer in house.sessions() {
        before.push(asked(house.target(), viewer, &world, &mut tally).await?);
    }
    let others = house.sessions().iter().cycle().skip(1);
    let mut assertions = Vec::new();
    for ((viewer, other), asked) in house.sessions().iter().zip(others).zip(&before) {
        let lines: Vec<String> = FORGED.iter().map(|header| forged(header, other, &world)).collect();
        for line in &lines {
            let Some((name, value)) = line.split_once(": ") else { continue };
            for (path, own) in asked {
                let request = get_as(viewer, path).header(name, value);
                let exchange = ask_kept(house.target(), &request).await?;
                seen.compare(
                    exchange.answer.status,
                    tally.look(&world, Some(viewer), path, &exchange),
                    *own,
                    name,
                    path,
                );
                let exchange = ask_kept(house.target(), &Request::get(path).header(name, value)).await?;
                alone.nobody(exchange.answer.status, tally.look(&world, None, path, &exchange), name, path);
            }
        }
        let lines = format!("{}\r\n", lines.join("\r\n").replace("Authorization: ", "Proxy-Authorization: "));
        assertions.push(Assertion::of_lines(lines));
    }
    let through = proxied(stage, &world, house.target(), house.sessions(), assertions, &mut tally).await?;
    let tried = format!("{} headers that name somebody else", FORGED.len());
    let mut verdicts = vec![
        Verdict::of("a forged identity never changes who is seen", &tried, seen.times, seen.found.told()),
        Verdict::of("a forged identity alone shows nothing", &tried, alone.times, alone.found.told()),
        Verdict::of(
            "nor does a proxy that asserts many identities at the same time",
            "all of them at once, on connections of their own",
            through.times,
            through.found.told(),
        ),
    ];
    match behind::play(stage, &world, &mut tally).await {
        Ok(behind) => verdicts.extend(behind),
        Err(Failure::Missing(why)) => {
            if let Some(first) = verdicts.first_mut() {
                first.noted.push(format!("not tried behind nginx and Varnish: {why}"));
            }
        }
        Err(failure) => return Err(failure),
    }
    verdicts.extend(tally.verdicts("every answer of the above"));
    Ok(verdicts)
}

impl Compared {
    /// The same status and the same marks of the viewer's own as without the header.
    fn compare(&mut self, status: u16, own: usize, before: usize, name: &str, path: &str) {
        self.times += 1;
        if status != 200 || own != before {
            self.found.add(format!("{name} at {path}: status {status}, {own} own marks instead of {before}"));
        }
    }

    /// Not signed in is not signed in.
    fn nobody(&mut self, status: u16, own: usize, name: &str, path: &str) {
        self.times += 1;
        if status == 200 || own > 0 {
            self.found.add(format!("{name} alone at {path}: status {status}"));
        }
    }
}

/// The header with somebody else's identity in it.
fn forged(header: &str, other: &SignedIn, world: &World) -> String {
    let (number, international) = world.numbers_of(&other.account);
    header
        .replace("{account}", &other.account)
        .replace("{number}", &number)
        .replace("{international}", &international)
        .replace("{cookie}", &other.cookie)
}

/// What the viewer is shown without any forged header: path and how many marks of her own.
async fn asked(
    target: Target,
    viewer: &SignedIn,
    world: &World,
    tally: &mut Tally,
) -> Result<Vec<(String, usize)>, Failure> {
    let paths = Paths::of(world, target, viewer, tally).await?;
    let line = paths.lines.first().cloned().unwrap_or_default();
    let wanted = ["/api/v1/me".to_owned(), format!("/lines/{line}/contract"), "/bills".to_owned()];
    let mut asked = Vec::new();
    for path in wanted {
        let exchange = ask_kept(target, &get_as(viewer, &path)).await?;
        let own = tally.look(world, Some(viewer), &path, &exchange);
        asked.push((path, own));
    }
    Ok(asked)
}

/// Everybody at once through a proxy that adds every header, of another subject on each connection.
async fn proxied(
    stage: &Stage,
    world: &World,
    target: Target,
    sessions: &[SignedIn],
    assertions: Vec<Assertion>,
    tally: &mut Tally,
) -> Result<Compared, Failure> {
    let proxy = Proxy::open(target, assertions).await?;
    let mut compared = Compared::default();
    let mut draw = stage.draw.of_part(2);
    let mut open = Vec::new();
    for _ in 0..sessions.len() {
        let connection = Connection::open(proxy.target(), Limits::default()).await;
        open.push(connection.map_err(|reason| Failure::Product(format!("open a connection: {reason}")))?);
    }
    for _ in 0..40 {
        for connection in &mut open {
            let Some(viewer) = draw.of(sessions) else { continue };
            let exchange = connection.exchange(&get_as(viewer, "/api/v1/me")).await;
            if let Some(reason) = &exchange.broken {
                return Err(Failure::Product(format!("through the proxy: {reason}")));
            }
            let own = tally.look(world, Some(viewer), "/api/v1/me", &exchange);
            compared.times += 1;
            if exchange.answer.status != 200 || own == 0 {
                let status = exchange.answer.status;
                compared.found.add(format!("through the proxy: status {status}, {own} own marks"));
            }
        }
    }
    Ok(compared)
}
