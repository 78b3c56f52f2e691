//! One holding: contract, buckets, usage and purchases.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use honnin_keeper::Keeper;
use honnin_store::DirectoryKey;
use honnin_store::document::{
    BucketEntry, DayEntry, Line, LineEntry, PurchaseEntry, Purchases, UsageMonth, month_row,
};
use honnin_terms::{Held, HoldingId, Moment, Month};

use crate::facts::event::{BucketFact, HoldingFact, PurchaseFact, UsageFact};
use crate::facts::merge::{Ground, Sealing, Verdict, compare};
use crate::facts::snapshot::Snapshot;
use crate::facts::take::FactsError;

/// A document as it was stored and as it is now.
struct Changed<D> {
    before: Option<D>,
    now: D,
}

/// One holding while its account is merged.
pub(crate) struct LineMerge {
    before: Option<Line>,
    /// Its `buckets` and `share` are made anew from `own` and `group` at the end.
    pub(crate) line: Line,
    /// The ledger's code of the group it shares with, kept for ended lines too.
    pub(crate) group: Option<String>,
    pub(crate) own: Vec<BucketEntry>,
    pub(crate) own_as_of: Option<Moment>,
    /// Whether a contract was taken, now or earlier.
    contracted: bool,
    months: BTreeMap<Month, Changed<UsageMonth>>,
    purchases: Option<Changed<Purchases>>,
}

impl LineMerge {
    /// A holding the store knows.
    pub(crate) fn of_stored(entry: &LineEntry, line: Line) -> Self {
        let own = line.buckets.iter().filter(|bucket| bucket.holding == entry.holding).cloned().collect();
        Self {
            before: Some(line.clone()),
            group: entry.share_group.clone(),
            own,
            own_as_of: line.buckets_as_of,
            line,
            contracted: true,
            months: BTreeMap::new(),
            purchases: None,
        }
    }

    /// A holding nobody knows yet.
    pub(crate) fn new(fact: &HoldingFact, ground: &Ground<'_>) -> Self {
        Self {
            before: None,
            line: contract_of(fact, ground),
            group: fact.share_group.clone(),
            own: Vec::new(),
            own_as_of: None,
            contracted: false,
            months: BTreeMap::new(),
            purchases: None,
        }
    }

    /// Takes what the ledger says of the contract; the directory's entries where it is taken.
    pub(crate) fn contract(
        &mut self,
        fact: &HoldingFact,
        ground: &Ground<'_>,
    ) -> Option<Vec<(DirectoryKey, Held)>> {
        let mut entries = Vec::with_capacity(3);
        let new = contract_of(fact, ground);
        if self.contracted {
            let same = self.group == fact.share_group && self.with_contract(new.clone(), true) == self.line;
            if compare(same, new.as_of, self.line.as_of, ground) == Verdict::Repeated {
                return None;
            }
            if self.line.number != new.number {
                // Since when the line has another number is not said; at the latest from this day on the old one
                // can be somebody else's.
                let from = self.line.held.from;
                let to = ground.ledger.zone.day(new.as_of).plus(-1).max(from);
                let old = ground.keeper.number_key(&self.line.number);
                entries.push((old, Held { from, to: Some(to) }));
            }
        }
        self.contracted = true;
        self.line = self.with_contract(new, false);
        self.group.clone_from(&fact.share_group);
        entries.push((ground.keeper.number_key(&fact.number), fact.held));
        entries.push((ground.keeper.line_key(&fact.line), fact.held));
        Some(entries)
    }

    /// The line as it is with another contract; `dated` keeps the moment of the present one, for comparing.
    fn with_contract(&self, contract: Line, dated: bool) -> Line {
        let Line { as_of, share, buckets_as_of, buckets, usage_as_of, usage_months, newest_days, .. } =
            self.line.clone();
        let as_of = if dated { as_of } else { contract.as_of };
        Line { as_of, share, buckets_as_of, buckets, usage_as_of, usage_months, newest_days, ..contract }
    }

    /// Takes a snapshot of its buckets; what became of each row.
    pub(crate) fn buckets(
        &mut self,
        holding: HoldingId,
        snapshot: &Snapshot<'_>,
        keeper: &Keeper,
    ) -> Vec<Verdict> {
        let as_of = snapshot.as_of();
        if self.own_as_of > as_of {
            return vec![Verdict::Repeated; snapshot.rows.len()];
        }
        let mut known = if self.own_as_of == as_of { self.own.clone() } else { Vec::new() };
        let mut own = Vec::new();
        let verdict = |(row, counts): (&crate::facts::snapshot::Row<'_>, bool)| {
            if !counts {
                return Verdict::Repeated;
            }
            let entry = bucket_of(holding, row.fact, keeper);
            let place = known.iter().position(|old| *old == entry);
            own.push(entry);
            place.map_or(Verdict::Taken, |place| {
                known.swap_remove(place);
                Verdict::Repeated
            })
        };
        let verdicts = snapshot.rows.iter().zip(snapshot.counting()).map(verdict).collect();
        (self.own, self.own_as_of) = (own, as_of);
        verdicts
    }

    /// Adds usage of one day.
    pub(crate) fn usage(
        &mut self,
        fact: &UsageFact,
        ground: &Ground<'_>,
        open: impl FnOnce(&[u8]) -> Result<Option<UsageMonth>, FactsError>,
    ) -> Result<(), FactsError> {
        let day = fact.at.day(&ground.ledger.zone);
        let month = match self.months.entry(day.month()) {
            Entry::Occupied(month) => month.into_mut(),
            Entry::Vacant(place) => {
                let before = open(&month_row(day.month()))?;
                let source = ground.ledger.source.clone();
                let empty = || UsageMonth { as_of: ground.as_of, source, days: Vec::new() };
                place.insert(Changed { now: before.clone().unwrap_or_else(empty), before })
            }
        };
        month.now.as_of = month.now.as_of.max(ground.as_of);
        let days = &mut month.now.days;
        let place = days.partition_point(|entry| entry.day < day);
        match days.get_mut(place) {
            // Another record of the same day adds to it.
            Some(entry) if entry.day == day => {
                entry.high = entry.high.plus(fact.high);
                entry.low = entry.low.plus(fact.low);
            }
            _ => days.insert(place, DayEntry { day, high: fact.high, low: fact.low }),
        }
        self.line.usage_as_of = self.line.usage_as_of.max(Some(ground.as_of));
        Ok(())
    }

    /// Adds a purchase.
    pub(crate) fn purchase(
        &mut self,
        fact: &PurchaseFact,
        ground: &Ground<'_>,
        open: impl FnOnce() -> Result<Option<Purchases>, FactsError>,
    ) -> Result<(), FactsError> {
        if self.purchases.is_none() {
            let before = open()?;
            let source = ground.ledger.source.clone();
            let empty = || Purchases { as_of: ground.as_of, source, purchases: Vec::new() };
            self.purchases = Some(Changed { now: before.clone().unwrap_or_else(empty), before });
        }
        let Some(Changed { now, .. }) = &mut self.purchases else { return Ok(()) };
        let PurchaseFact { purchase, line: _, at, item, octets, amount } = fact.clone();
        now.as_of = now.as_of.max(ground.as_of);
        now.purchases.push(PurchaseEntry {
            purchase: ground.keeper.purchase_id(&purchase),
            code: purchase,
            at: at.moment(&ground.ledger.zone).unwrap_or(ground.as_of),
            item,
            octets,
            amount,
        });
        now.purchases.sort_by(|a, b| (b.at, &b.code).cmp(&(a.at, &a.code)));
        Ok(())
    }

    /// The line as the profile lists it.
    pub(crate) fn entry(&self, holding: HoldingId) -> LineEntry {
        let Line { number, plan, status, held, .. } = self.line.clone();
        LineEntry { holding, number, plan, status, held, share_group: self.group.clone() }
    }

    /// Seals what has changed.
    pub(crate) fn seal(&self, holding: HoldingId, sealing: &mut Sealing<'_, '_>) -> Result<(), FactsError> {
        let mut line = self.line.clone();
        for month in self.months.keys() {
            if let Err(place) = line.usage_months.binary_search(month) {
                line.usage_months.insert(place, *month);
            }
        }
        if let Some(newest) = line.usage_months.last().and_then(|month| self.months.get(month)) {
            line.newest_days.clone_from(&newest.now.days);
        }
        let holding = Some(holding);
        sealing.add(holding, &[], self.before.as_ref(), &line)?;
        for (month, Changed { before, now }) in &self.months {
            sealing.add(holding, &month_row(*month), before.as_ref(), now)?;
        }
        if let Some(Changed { before, now }) = &self.purchases {
            sealing.add(holding, &[], before.as_ref(), now)?;
        }
        Ok(())
    }
}

fn contract_of(fact: &HoldingFact, ground: &Ground<'_>) -> Line {
    let HoldingFact {
        service,
        line,
        account: _,
        number,
        iccid,
        sim_kind,
        plan,
        monthly,
        applied_on,
        held,
        status,
        five_g,
        share_group: _,
        high_speed,
        as_of,
    } = fact.clone();
    Line {
        as_of: as_of.unwrap_or(ground.as_of),
        source: ground.ledger.source.clone(),
        line_code: line,
        service_code: service,
        number,
        iccid,
        sim_kind,
        plan,
        monthly,
        applied_on,
        held,
        status,
        five_g,
        high_speed,
        share: None,
        buckets_as_of: None,
        buckets: Vec::new(),
        usage_as_of: None,
        usage_months: Vec::new(),
        newest_days: Vec::new(),
    }
}

fn bucket_of(holding: HoldingId, fact: &BucketFact, keeper: &Keeper) -> BucketEntry {
    let BucketFact { line: _, kind, granted, remaining, expires_on, purchase, as_of: _ } = fact;
    let purchase = purchase.as_ref().map(|code| keeper.purchase_id(code));
    BucketEntry {
        holding,
        kind: *kind,
        granted: *granted,
        remaining: *remaining,
        expires_on: *expires_on,
        purchase,
    }
}
