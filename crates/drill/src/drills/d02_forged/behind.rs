//! The same through real proxies that say it themselves: believed ones, by `Forwarded` and by the PROXY protocol, and
//! one nobody listed. What a believed proxy may tell is an address, and never who it is.

use super::{FORGED, forged};
use crate::client::{Connection, Limits, Request, Target};
use crate::harness::{
    Assertion, Failure, House, Keeping, Nginx, NginxPlan, Proxy, SignedIn, Varnish, VarnishPlan, Verdict,
    free_address,
};
use crate::kit::stage::{PATIENCE, Stage, World, ask_kept, behind_proxies, get_as, personal_pages};
use crate::kit::tally::{Findings, Tally};

/// How often everybody asks for each page.
const ROUNDS: u32 = 3;
/// What is asked for.
const PAGES: [&str; 2] = ["/api/v1/me", "/bills"];

/// What the product is told of the proxies before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Listed; they tell the client's address in `Forwarded`.
    Forwarded,
    /// Listed; they tell it with the PROXY protocol, version 2.
    ProxyV2,
    /// Not listed.
    Nothing,
}

impl Told {
    const ALL: [Self; 3] = [Self::Forwarded, Self::ProxyV2, Self::Nothing];

    const fn words(self) -> &'static str {
        match self {
            Self::Forwarded => "nginx, believed by Forwarded",
            Self::ProxyV2 => "Varnish, believed by PROXY protocol version 2",
            Self::Nothing => "nginx, not believed",
        }
    }

    fn settings(self, plan: &NginxPlan) -> String {
        let listed = if self == Self::Nothing { "192.0.2.7/32" } else { "127.0.0.1/32" };
        let tell = if self == Self::ProxyV2 { "proxy-v2" } else { "forwarded" };
        let behind = behind_proxies(&plan.url(), listed, tell);
        format!("{behind}[canary]\nagain = \"200 ms\"\nauthorities = \"../certificate.pem\"\n")
    }
}

/// Plays this part of D02.
pub(super) async fn play(stage: &Stage, world: &World, tally: &mut Tally) -> Result<Vec<Verdict>, Failure> {
    Nginx::binary()?;
    Varnish::binaries()?;
    let plan = NginxPlan::before(([127, 0, 0, 1], 0).into())?;
    let mut verdicts = Vec::new();
    let mut house = stage.installation(world, &Told::Forwarded.settings(&plan)).await?;
    for told in Told::ALL {
        stage.say(&format!("  behind {}", told.words()));
        if told != Told::Forwarded {
            house = house.installed(&told.settings(&plan)).await?;
        }
        verdicts.extend(behind(&house, world, told, &plan, tally).await?);
        // What failed behind one may have stopped personal pages behind all of them.
        if verdicts.iter().any(|verdict| !verdict.pass) {
            break;
        }
    }
    Ok(verdicts)
}

async fn behind(
    house: &House,
    world: &World,
    told: Told,
    plan: &NginxPlan,
    tally: &mut Tally,
) -> Result<Vec<Verdict>, Failure> {
    let Some((named, viewers)) = house.sessions().split_first() else { return Ok(Vec::new()) };
    let listens = free_address()?;
    let upstream = if told == Told::ProxyV2 { listens } else { house.target().address() };
    let plan = NginxPlan { upstream, tells: asserted(world, named), ..plan.clone() };
    let inner = VarnishPlan { listens, upstream: house.target().address(), tells: true };
    let varnish = match told {
        Told::ProxyV2 => Some(Varnish::start(inner, Keeping::Nothing).await?),
        Told::Forwarded | Told::Nothing => None,
    };
    let nginx = Nginx::start(plan, Keeping::Nothing).await?;
    let check = format!(
        "who is seen is the same behind {}, which says that everybody is somebody else",
        told.words()
    );
    let tried = "all headers at once, with and without a session";
    // The canaries are said to be somebody else as well. Where that is believed they are never shown their own.
    if let Err(Failure::Product(why)) = personal_pages(house, true, PATIENCE).await {
        return Ok(vec![Verdict::of(&check, tried, 1, vec![why])]);
    }
    let (times, found) = everybody(world, nginx.target()?, viewers, tally).await?;
    let headers = Verdict::of(&check, tried, times, found.told());
    drop((nginx, varnish));
    let proxy = Proxy::open(house.target(), vec![Assertion::of_name(&named.account)]).await?;
    let (times, found) = match told {
        Told::ProxyV2 => everybody(world, proxy.target(), viewers, tally).await?,
        Told::Forwarded | Told::Nothing => nobody(world, proxy.target(), viewers, tally).await?,
    };
    let check = match told {
        Told::ProxyV2 => "nor does a PROXY header with somebody else's name and certificate",
        Told::Forwarded => "a PROXY header is no request where Forwarded is believed",
        Told::Nothing => "a PROXY header is no request of a proxy that is not believed",
    };
    let tried = "authority, unique id, common name of a verified certificate";
    Ok(vec![headers, Verdict::of(check, tried, times, found.told())])
}

/// What nginx says of everybody: its own `Forwarded`, and every header that names a person.
fn asserted(world: &World, named: &SignedIn) -> Vec<(String, String)> {
    let lines = FORGED.iter().map(|header| forged(header, named, world));
    // These two are nginx's own to set; a quote would end the value in its configuration.
    let lines = lines.filter(|line| !line.starts_with("Forwarded") && !line.starts_with("Authorization"));
    let pairs = lines.filter(|line| !line.contains(['"', '$'])).collect::<Vec<_>>();
    let mut tells: Vec<(String, String)> = pairs
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    tells.push((
        "Forwarded".to_owned(),
        format!("for=$remote_addr;by={};host={}", named.account, named.account),
    ));
    tells
}

/// Everybody is shown her own with a session, and nothing without.
async fn everybody(
    world: &World,
    target: Target,
    viewers: &[SignedIn],
    tally: &mut Tally,
) -> Result<(u64, Findings), Failure> {
    let (mut times, mut found) = (0, Findings::default());
    for _ in 0..ROUNDS {
        for viewer in viewers {
            for page in PAGES {
                let exchange = ask_kept(target, &get_as(viewer, page)).await?;
                let own = tally.look(world, Some(viewer), page, &exchange);
                let status = exchange.answer.status;
                if status != 200 || own == 0 {
                    found.add(format!("{page}: status {status}, {own} marks of her own"));
                }
                let exchange = ask_kept(target, &Request::get(page)).await?;
                let own = tally.look(world, None, page, &exchange);
                if exchange.answer.status == 200 || own > 0 {
                    found.add(format!("{page} without a session: status {}", exchange.answer.status));
                }
                times += 2;
            }
        }
    }
    Ok((times, found))
}

/// Nobody is answered at all, session or not.
async fn nobody(
    world: &World,
    target: Target,
    viewers: &[SignedIn],
    tally: &mut Tally,
) -> Result<(u64, Findings), Failure> {
    let (mut times, mut found) = (0, Findings::default());
    for viewer in viewers {
        for page in PAGES {
            let opened = Connection::open(target, Limits::default()).await;
            let Ok(mut connection) = opened else { continue };
            let answer = connection.exchange(&get_as(viewer, page)).await.answer;
            let own = tally.octets(world, Some(viewer), page, &answer);
            times += 1;
            if answer.status == 200 || own > 0 {
                found.add(format!("{page} was answered {} with {own} marks", answer.status));
            }
        }
    }
    Ok((times, found))
}
