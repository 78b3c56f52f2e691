//! The bodies of the JSON API, each beside its shape, written into one buffer of about the right size.

mod account;
mod export;
mod line;

use std::fmt::Display;

use honnin_care::facts::Origin;
use honnin_terms::{Moment, Zone};
use serde::{Serialize, Serializer};

pub(super) use account::{
    BILL, BILLS, DISCLOSURES, ME, NOTICES, SIGN_IN, TOKEN, bill, bills, disclosures, me, notices, token,
};
pub(super) use export::{EXPORT_STATE, export, export_state};
pub(super) use line::{
    BUCKETS, CONTRACT, HOME, PURCHASES, RECEIPT, USAGE, WISH, buckets, contract, home, purchases, receipt,
    usage,
};

/// Writes a body. Structs of texts, numbers and lists always serialise.
fn write(body: &impl Serialize, octets: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets);
    if serde_json::to_writer(&mut out, body).is_err() {
        out.clear();
    }
    out
}

/// A value by its text: ids, days, months.
#[derive(Debug, Clone, Copy)]
struct AsText<T>(T);

impl<T: Display> Serialize for AsText<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A moment as RFC 3339 with the tenant's offset.
#[derive(Clone, Copy)]
struct At<'a>(Moment, &'a Zone);

impl Serialize for At<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.1.rfc3339(self.0))
    }
}

/// When the ledger said it.
fn as_of<'a>(origin: Option<&Origin>, zone: &'a Zone) -> Option<At<'a>> {
    origin.map(|origin| At(origin.as_of, zone))
}
