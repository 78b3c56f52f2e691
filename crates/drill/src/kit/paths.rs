//! What one subject can look at: her own paths, asked from the product as a browser finds them.

use serde::Deserialize;

use super::exports::code;
use super::stage::{World, ask_kept, get_as};
use super::tally::Tally;
use crate::client::{Answer, Target};
use crate::harness::{Failure, SignedIn};

/// Pages and documents of an account, and below each line of it.
const OF_ACCOUNT: [&str; 9] = [
    "/lines",
    "/bills",
    "/devices",
    "/disclosures",
    "/settings",
    "/export",
    "/api/v1/me",
    "/api/v1/bills",
    "/api/v1/disclosures",
];
const OF_LINE: [&str; 6] = ["", "/usage", "/buckets", "/purchases", "/contract", "/speed"];
const OF_LINE_IN_JSON: [&str; 5] = ["/home", "/buckets", "/usage", "/purchases", "/contract"];

/// How often the lines and bills of one subject are asked for before it is given up.
const TRIES: u32 = 3;

#[derive(Debug, Deserialize)]
struct Me {
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Line {
    line: String,
}

#[derive(Debug, Deserialize)]
struct Bills {
    bills: Vec<Bill>,
}

#[derive(Debug, Deserialize)]
struct Bill {
    bill: String,
}

/// The paths of one subject.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    /// Everything she can read with GET.
    pub(crate) reads: Vec<String>,
    /// Ids of her lines.
    pub(crate) lines: Vec<String>,
    /// Ids of her bills.
    pub(crate) bills: Vec<String>,
}

impl Paths {
    /// Asks the product for the lines and bills of who is signed in. What it answers is looked at like everything else.
    pub(crate) async fn of(
        world: &World,
        target: Target,
        session: &SignedIn,
        tally: &mut Tally,
    ) -> Result<Self, Failure> {
        let me: Me = read(world, target, session, "/api/v1/me", tally).await?;
        let bills: Bills = read(world, target, session, "/api/v1/bills", tally).await?;
        let lines: Vec<String> = me.lines.into_iter().map(|line| line.line).collect();
        let bills: Vec<String> = bills.bills.into_iter().map(|bill| bill.bill).collect();
        let mut reads: Vec<String> = OF_ACCOUNT.map(str::to_owned).to_vec();
        let [month, _] = world.asked_months();
        for line in &lines {
            reads.extend(OF_LINE.map(|page| format!("/lines/{line}{page}")));
            reads.extend(OF_LINE_IN_JSON.map(|page| format!("/api/v1/lines/{line}{page}")));
            // The running month may have no days yet, so that both are asked for.
            reads
                .extend(["/lines", "/api/v1/lines"].map(|root| format!("{root}/{line}/usage?month={month}")));
        }
        for bill in &bills {
            reads.extend([format!("/bills/{bill}"), format!("/api/v1/bills/{bill}")]);
        }
        Ok(Self { reads, lines, bills })
    }
}

/// What makes no sense is asked for again, because what came instead may be what a drill is there to find.
async fn read<T: for<'de> Deserialize<'de>>(
    world: &World,
    target: Target,
    session: &SignedIn,
    path: &str,
    tally: &mut Tally,
) -> Result<T, Failure> {
    let mut tries = 0;
    loop {
        let exchange = ask_kept(target, &get_as(session, path)).await?;
        tally.look(world, Some(session), path, &exchange);
        tries += 1;
        let Answer { status, body, .. } = &exchange.answer;
        match serde_json::from_slice(body) {
            Ok(said) => return Ok(said),
            Err(error) if tries == TRIES => {
                let code = code(&exchange.answer);
                return Err(Failure::Product(format!(
                    "{path} answered {status} {code:?}, {TRIES} times: {error}"
                )));
            }
            Err(_) => {}
        }
    }
}

/// Whether the answer at that path is about one subject, and so a disclosure.
pub(crate) fn is_personal(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or(path);
    let is_export = path.starts_with("/export/") || (path.contains("/exports/") && path.ends_with("/data"));
    is_export || OF_ACCOUNT.contains(&path) || path.contains("/lines/") || path.contains("/bills/")
}

/// Whether the answer at that path has to hold a mark of its viewer's: figures, plans, items.
pub(crate) fn shows_marks(path: &str) -> bool {
    // Nor has a running month to have days.
    const WITHOUT: [&str; 7] =
        ["/devices", "/disclosures", "/settings", "/export", "/api/v1/disclosures", "/speed", "/usage"];
    is_personal(path) && !WITHOUT.iter().any(|without| path.ends_with(without))
}

/// What the journal has to say of an answer that was given: what, by which door, of which line. Nothing for answers
/// that show nothing personal.
pub(crate) fn disclosed_by(method: &str, path: &str) -> Option<(String, String, String)> {
    let bare = path.split('?').next().unwrap_or(path);
    let (channel, rest) = match bare.strip_prefix("/api/v1") {
        Some(rest) => ("api", rest),
        None => ("page", bare),
    };
    let told = |what: &str, line: &str| Some((what.to_owned(), channel.to_owned(), line.to_owned()));
    let parts: Vec<&str> = rest.split('/').skip(1).collect();
    match (method, parts.as_slice()) {
        ("GET", ["lines"]) => told("board", ""),
        ("GET", ["me" | "settings" | "export"]) => told("me", ""),
        ("GET", ["bills"]) => told("bills", ""),
        ("GET", ["bills", _]) => told("bill", ""),
        ("GET", ["bills", _, "pdf"]) => told("bill_pdf", ""),
        ("GET", ["bills", _, "csv"]) => told("bill_csv", ""),
        ("GET", ["export", _] | ["exports", _, "data"]) => told("export", ""),
        ("GET", ["devices"]) => told("devices", ""),
        ("GET", ["disclosures"]) => told("disclosures", ""),
        ("GET", ["lines", line]) => told("home", line),
        ("GET", ["lines", line, what]) => told(what, line),
        ("PUT", ["lines", line, "speed"]) => told("speed", line),
        _ => None,
    }
}
