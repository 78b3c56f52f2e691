//! Records that may be taken once: by the number the ledger gives them.

use std::collections::HashMap;

use honnin_keeper::Keeper;
use honnin_store::{RecordKey, SeenRow};

use crate::facts::event::When;
use crate::facts::event::{NoticeFact, PurchaseFact, UsageFact, Used};

/// A record's key and its content, both hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) key: RecordKey,
    pub(crate) content: [u8; 16],
}

impl Record {
    /// The beginning of its key, by which a document knows it.
    pub(crate) fn short(&self) -> [u8; 8] {
        short(&self.key)
    }
}

fn short(key: &RecordKey) -> [u8; 8] {
    key.first_chunk().copied().unwrap_or_default()
}

/// The name of a record of usage in documents.
pub(crate) fn short_of_usage(keeper: &Keeper, record: &str) -> [u8; 8] {
    short(&keeper.record_key("usage", record))
}

/// What is known of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    New,
    Same,
    Other,
}

/// Records known before and taken in this partition.
#[derive(Debug, Default)]
pub(crate) struct Records {
    contents: HashMap<RecordKey, [u8; 16]>,
    taken: Vec<SeenRow>,
}

impl Records {
    /// Notes a record that was taken earlier.
    pub(crate) fn know(&mut self, key: RecordKey, content: [u8; 16]) {
        self.contents.insert(key, content);
    }

    /// What is known of it.
    pub(crate) fn known(&self, record: Record) -> Known {
        match self.contents.get(&record.key) {
            None => Known::New,
            Some(content) if *content == record.content => Known::Same,
            Some(_) => Known::Other,
        }
    }

    /// Notes that it is taken now.
    pub(crate) fn take(&mut self, record: Record) {
        let Record { key, content } = record;
        self.contents.insert(key, content);
        self.taken.push(SeenRow { record: key, content });
    }

    /// What was taken.
    pub(crate) fn into_taken(self) -> Vec<SeenRow> {
        self.taken
    }
}

/// The record of a row of usage. However the number is written in the file, the same row is the same record.
pub(crate) fn of_usage(keeper: &Keeper, fact: &UsageFact) -> Record {
    let UsageFact { record, of, at, high, low, as_of: _ } = fact;
    let (kind, of): (&[u8], &[u8]) = match of {
        Used::Number(number) => (b"number", number.digits().as_bytes()),
        Used::Line(line) => (b"line", line.as_bytes()),
    };
    let (high, low) = (high.get().to_be_bytes(), low.get().to_be_bytes());
    let content = keeper.content_key(&[b"usage", kind, of, &octets_of(*at), &high, &low]);
    Record { key: keeper.record_key("usage", record), content }
}

/// The record of a purchase.
pub(crate) fn of_purchase(keeper: &Keeper, fact: &PurchaseFact) -> Record {
    let PurchaseFact { purchase, line, at, item, octets, amount, as_of: _ } = fact;
    let (octets, amount) = (octets.get().to_be_bytes(), amount.get().to_be_bytes());
    let parts: [&[u8]; 6] =
        [b"purchase", line.as_bytes(), &octets_of(*at), item.as_bytes(), &octets, &amount];
    Record { key: keeper.record_key("purchase", purchase), content: keeper.content_key(&parts) }
}

/// The record of a notice. A notice may be changed: its content is part of its key.
pub(crate) fn of_notice(keeper: &Keeper, fact: &NoticeFact) -> Record {
    let NoticeFact { notice, published_at, kind, title, body } = fact;
    let at = published_at.millis().to_be_bytes();
    let parts: [&[u8]; 6] =
        [b"notice", notice.as_bytes(), &at, kind.as_bytes(), title.as_bytes(), body.as_bytes()];
    let content = keeper.content_key(&parts);
    Record { key: content, content }
}

fn octets_of(at: When) -> [u8; 9] {
    let (kind, number) = match at {
        When::Day(day) => (0, i64::from(day.number())),
        When::Moment(moment) => (1, moment.millis()),
    };
    let mut octets = [kind; 9];
    octets.iter_mut().skip(1).zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
    octets
}
