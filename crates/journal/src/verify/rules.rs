//! What must hold for each entry, given those before it.

use std::collections::BTreeMap;

use honnin_terms::Moment;

use super::Violation;
use crate::bounds::MOST_BACKWARD_SECONDS;
use crate::{Basis, Entry, Kind, Pseudonym};

/// Most grants and cases at once in memory: sixteen million at about 100 octets; beyond it the file is not ours.
const MOST_BASES: usize = 1 << 24;

/// What a [`Ground`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Grant,
    Case,
    /// Nobody is shown anything on it: the lines are the viewer's own while it holds.
    Merge,
}

/// A grant, a case or a merge.
#[derive(Debug, Clone, Copy)]
struct Ground {
    viewer: Pseudonym,
    owner: Pseudonym,
    epoch: u32,
    from: Moment,
    until: Moment,
    sort: Sort,
    ended: Option<Moment>,
}

/// The state of the proof.
#[derive(Debug)]
pub(super) struct Rules {
    period: Option<(Moment, Moment)>,
    minimum: u64,
    grounds: BTreeMap<u64, Ground>,
    latest: Moment,
    pub(super) to_owner: u64,
    pub(super) on_basis: u64,
}

impl Rules {
    pub(super) fn new(period: Option<(Moment, Moment)>, minimum: u64) -> Self {
        Self { period, minimum, grounds: BTreeMap::new(), latest: Moment::EPOCH, to_owner: 0, on_basis: 0 }
    }

    pub(super) fn bases(&self) -> u64 {
        u64::try_from(self.grounds.len()).unwrap_or(u64::MAX)
    }

    /// Takes a grant or case, or its end, from below the minimum index; its place in the tree was proven.
    pub(super) fn carry(&mut self, index: u64, entry: &Entry) -> Result<(), Violation> {
        match entry.kind {
            Kind::Grant { until } => self.begin(index, entry, until, Sort::Grant),
            Kind::CaseOpened { until } => self.begin(index, entry, until, Sort::Case),
            Kind::Revocation => self.end(index, entry, Sort::Grant),
            Kind::CaseClosed => self.end(index, entry, Sort::Case),
            Kind::Disclosure | Kind::EpochMarker | Kind::Merged | Kind::Unmerged => {
                Err(Violation::Malformed { what: "the carried grants", index })
            }
        }
    }

    pub(super) fn judge(&mut self, index: u64, entry: &Entry) -> Result<(), Violation> {
        if entry.moment < self.latest.plus_seconds(-MOST_BACKWARD_SECONDS) {
            return Err(Violation::TimeWentBack(index));
        }
        self.latest = self.latest.max(entry.moment);
        match entry.kind {
            Kind::Disclosure => self.disclosure(index, entry),
            Kind::Grant { until } => self.begin(index, entry, until, Sort::Grant),
            Kind::CaseOpened { until } => self.begin(index, entry, until, Sort::Case),
            Kind::Revocation => self.end(index, entry, Sort::Grant),
            Kind::CaseClosed => self.end(index, entry, Sort::Case),
            Kind::Merged => self.begin(index, entry, entry.moment, Sort::Merge),
            Kind::Unmerged => self.end(index, entry, Sort::Merge),
            Kind::EpochMarker if entry.viewer == Pseudonym::NOBODY && entry.owner == Pseudonym::NOBODY => {
                Ok(())
            }
            Kind::EpochMarker => Err(Violation::Malformed { what: "an epoch marker", index }),
        }
    }

    fn begin(&mut self, index: u64, entry: &Entry, until: Moment, sort: Sort) -> Result<(), Violation> {
        let Entry { moment: from, viewer, owner, epoch, .. } = *entry;
        if self.grounds.len() == MOST_BASES {
            return Err(Violation::Malformed { what: "more grants than there can be", index });
        }
        self.grounds.insert(index, Ground { viewer, owner, epoch, from, until, sort, ended: None });
        Ok(())
    }

    fn end(&mut self, index: u64, entry: &Entry, sort: Sort) -> Result<(), Violation> {
        let Basis::Index(basis) = entry.basis else {
            return Err(Violation::NoBasis { index, why: "it ends nothing" });
        };
        match self.grounds.get_mut(&basis) {
            Some(ground) if ground.sort == sort && is_of(ground, entry) => {
                ground.ended.get_or_insert(entry.moment);
                Ok(())
            }
            // Ends of grants that were pruned say nothing about what is kept: no entry can rest on those.
            None if basis < self.minimum => Ok(()),
            Some(_) | None => {
                Err(Violation::NoBasis { index, why: "it ends another person's grant, case or merge" })
            }
        }
    }

    fn disclosure(&mut self, index: u64, entry: &Entry) -> Result<(), Violation> {
        if self.period.is_some_and(|(start, end)| entry.moment < start || entry.moment >= end) {
            return Ok(());
        }
        let wrong = |why| Err(Violation::NoBasis { index, why });
        let Basis::Index(basis) = entry.basis else {
            if entry.viewer != entry.owner {
                return wrong("the viewer is not the owner");
            }
            self.to_owner += 1;
            return Ok(());
        };
        let Some(ground) = self.grounds.get(&basis) else { return wrong("no grant or case has that index") };
        if !is_of(ground, entry) {
            return wrong("the grant or case is between other people");
        }
        if ground.sort == Sort::Merge {
            return wrong("a merge is no basis: its lines are the viewer's own");
        }
        if entry.moment < ground.from.plus_seconds(-MOST_BACKWARD_SECONDS) || entry.moment > ground.until {
            return wrong("the grant or case was not valid at that moment");
        }
        // A request that read its permit just before the end may be written just after it.
        if ground.ended.is_some_and(|ended| entry.moment > ended) {
            return wrong("the grant or case had ended");
        }
        self.on_basis += 1;
        Ok(())
    }
}

/// Whether an entry names the two people of a grant or case, by the same epoch's pseudonyms.
fn is_of(ground: &Ground, entry: &Entry) -> bool {
    (ground.viewer, ground.owner, ground.epoch) == (entry.viewer, entry.owner, entry.epoch)
}
