//! What one subject can look at: her own paths, asked from the product as a browser finds them.

use serde::Deserialize;

use super::stage::{ask, get_as};
use crate::client::Target;
use crate::harness::{Failure, SignedIn};

/// Pages and documents of an account, and below each line of it.
const OF_ACCOUNT: [&str; 8] = [
    "/lines",
    "/bills",
    "/devices",
    "/disclosures",
    "/settings",
    "/api/v1/me",
    "/api/v1/bills",
    "/api/v1/disclosures",
];
const OF_LINE: [&str; 6] = ["", "/usage", "/buckets", "/purchases", "/contract", "/speed"];
const OF_LINE_IN_JSON: [&str; 5] = ["/home", "/buckets", "/usage", "/purchases", "/contract"];

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
}

impl Paths {
    /// Asks the product for the lines and bills of who is signed in.
    pub(crate) async fn of(target: Target, session: &SignedIn) -> Result<Self, Failure> {
        let me: Me = read(target, session, "/api/v1/me").await?;
        let bills: Bills = read(target, session, "/api/v1/bills").await?;
        let lines: Vec<String> = me.lines.into_iter().map(|line| line.line).collect();
        let bills: Vec<String> = bills.bills.into_iter().map(|bill| bill.bill).collect();
        let mut reads: Vec<String> = OF_ACCOUNT.map(str::to_owned).to_vec();
        for line in &lines {
            reads.extend(OF_LINE.map(|page| format!("/lines/{line}{page}")));
            reads.extend(OF_LINE_IN_JSON.map(|page| format!("/api/v1/lines/{line}{page}")));
        }
        for bill in &bills {
            reads.extend([format!("/bills/{bill}"), format!("/api/v1/bills/{bill}")]);
        }
        Ok(Self { reads })
    }
}

async fn read<T: for<'de> Deserialize<'de>>(
    target: Target,
    session: &SignedIn,
    path: &str,
) -> Result<T, Failure> {
    let answer = ask(target, &get_as(session, path)).await?;
    let said = serde_json::from_slice(&answer.body);
    said.map_err(|error| Failure::Product(format!("{path} answered {}: {error}", answer.status)))
}
