//! The bodies of the JSON API. A body is declared once: what is written of it and its schema are of the same type.

mod account;
mod export;
mod line;
mod passkey;
mod schema;

use std::fmt::Display;

use honnin_care::facts::Origin;
use honnin_terms::{Moment, Said, Zone};
use serde::{Serialize, Serializer};

pub(super) use account::{
    BillBody, BillsBody, DisclosuresBody, MeBody, NewTokenBody, NoticeBody, NoticesBody, SessionsBody,
    TokenBody, TokensBody, bill, bills, disclosures, me, new_token, notice, notices, sessions, token, tokens,
};
pub(super) use export::{ExportStateBody, export, export_state};
pub(super) use line::{
    BucketsBody, ContractBody, HomeBody, PurchasesBody, ReceiptBody, SpeedBody, UsageBody, buckets, contract,
    home, purchases, receipt, speed, usage,
};
pub(super) use passkey::{ChallengeBody, challenge};
pub(super) use schema::{EntryText, IdText, Make, MonthText, bound, example, make, without_schema};

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
pub(super) struct AsText<T>(T);

impl<T: Display> Serialize for AsText<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// One of a list of words. More may come, so that it is described as a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<T>(T);

/// A moment as RFC 3339 with the tenant's offset.
#[derive(Clone, Copy)]
pub(super) struct At<'a>(Moment, &'a Zone);

impl Serialize for At<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.1.rfc3339(self.0))
    }
}

/// When it was said.
fn as_of<'a>(origin: Option<&Origin>, zone: &'a Zone) -> Option<At<'a>> {
    origin.map(|origin| At(origin.as_of.at, zone))
}

/// Whose moment that is.
fn as_of_by(origin: Option<&Origin>) -> Option<Word<Said>> {
    origin.map(|origin| Word(origin.as_of))
}
