//! Buckets: what is left by expiry, in the order of use.

use askama::Template;
use honnin_care::facts::{Bucket, Buckets, LineHead};
use honnin_terms::{BucketKind, Day, LineStatus, Octets};

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::chart::stack;
use crate::format::{Count, Rounding, Text, adding_up};
use crate::words::Phrase;

/// The buckets of one line and of all it shares with.
#[derive(Debug, Clone, Template)]
#[template(path = "buckets.html", whitespace = "minimize")]
pub struct BucketsPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a Buckets,
    /// The lines of the account, to name those of the buckets.
    pub lines: &'a [LineHead],
}

impl BucketsPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 12 * 1024)
    }

    fn usable(&self) -> impl Iterator<Item = &Bucket> {
        self.facts.buckets.iter().filter(|bucket| bucket.order.is_some())
    }

    /// The same with their remainders as they are told, so that they add up to the total.
    fn usable_told(&self) -> impl Iterator<Item = (&Bucket, Rounding)> {
        self.usable().zip(adding_up(self.usable().map(|bucket| bucket.remaining), Rounding::Down))
    }

    /// Whose it is, where it is of a line of this account.
    fn whose(&self, bucket: &Bucket) -> Option<&str> {
        self.lines.iter().find(|head| head.line == bucket.line).map(LineHead::name)
    }

    fn spent(&self) -> impl Iterator<Item = &Bucket> {
        self.facts.buckets.iter().filter(|bucket| bucket.order.is_none())
    }

    fn spent_count(&self) -> u64 {
        self.spent().map(|_| 1).sum()
    }

    fn is_shared(&self) -> bool {
        self.facts.share_lines.is_some_and(|lines| lines > 1)
    }

    /// Kind, left edge and width of each part of the bar.
    fn parts(&self) -> Vec<(BucketKind, u64, u64)> {
        let amounts: Vec<Octets> = self.usable().map(|bucket| bucket.remaining).collect();
        let places = stack(&amounts);
        self.usable().zip(places).map(|(bucket, (from, width))| (bucket.kind, from, width)).collect()
    }

    fn kind(&self, kind: BucketKind) -> Phrase<0> {
        let words = &self.shell.words().buckets;
        match kind {
            BucketKind::CarriedOver => words.carried_over,
            BucketKind::Basic => words.basic,
            BucketKind::Gift => words.gift,
            BucketKind::TopUp => words.top_up,
        }
    }

    /// The last day of a bucket that can be used no more.
    fn expired_on(&self, bucket: &Bucket) -> Option<Day> {
        bucket.expires_on.filter(|day| *day < self.shell.today())
    }
}
