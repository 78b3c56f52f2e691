//! One holding: contract, buckets, usage and purchases.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use honnin_keeper::Keeper;
use honnin_store::DirectoryKey;
use honnin_store::document::{
    BucketEntry, Line, LineEntry, PurchaseEntry, Purchases, UsageMonth, UsageRecord, month_row,
};
use honnin_terms::{Held, HoldingId, Moment, Month};

use crate::facts::event::{BucketFact, HoldingFact, PurchaseFact, UsageFact, When};
use crate::facts::fault::{Fault, Reason};
use crate::facts::merge::{Ground, Sealing, Verdict, compare};
use crate::facts::records::{self, Record};
use crate::facts::snapshot::{self, Judged, Snapshot, Standing};
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
    /// Whether the ledger has spoken of its buckets and never yet in a way that was understood whole.
    pub(crate) own_lost: bool,
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
            own_as_of: line.own_buckets_as_of,
            own_lost: line.own_buckets_lost,
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
            own_lost: false,
            contracted: false,
            months: BTreeMap::new(),
            purchases: None,
        }
    }

    /// Takes what the ledger says of the contract; the directory's entries, or why nothing changes.
    pub(crate) fn contract(
        &mut self,
        fact: &HoldingFact,
        ground: &Ground<'_>,
    ) -> Result<Vec<(DirectoryKey, Held)>, Verdict> {
        let mut entries = Vec::with_capacity(3);
        let new = contract_of(fact, ground);
        if self.contracted {
            let same = self.group == fact.share_group && self.with_contract(new.clone(), true) == self.line;
            let verdict = compare(same, ground.said(fact.as_of), self.line.as_of);
            if verdict != Verdict::Taken {
                return Err(verdict);
            }
            if self.line.number != new.number {
                // Since when the line has another number is not said; at the latest from this day on the old one
                // can be somebody else's.
                let from = self.line.held.from;
                let to = ground.ledger.zone.day(new.as_of.at).plus(-1).max(from);
                let old = ground.keeper.number_key(&self.line.number);
                entries.push((old, Held { from, to: Some(to) }));
            }
        }
        self.contracted = true;
        self.line = self.with_contract(new, false);
        self.group.clone_from(&fact.share_group);
        entries.push((ground.keeper.number_key(&fact.number), fact.held));
        entries.push((ground.keeper.line_key(&fact.line), fact.held));
        Ok(entries)
    }

    /// The line as it is with another contract; `dated` keeps the moment of the present one, for comparing.
    fn with_contract(&self, contract: Line, dated: bool) -> Line {
        let before = self.line.clone();
        Line {
            as_of: if dated { before.as_of } else { contract.as_of },
            share: before.share,
            buckets_as_of: before.buckets_as_of,
            buckets_on: before.buckets_on,
            buckets: before.buckets,
            own_buckets_as_of: before.own_buckets_as_of,
            own_buckets_lost: before.own_buckets_lost,
            usage_months: before.usage_months,
            recent_days: before.recent_days,
            ..contract
        }
    }

    /// Takes a snapshot of its buckets, whole or not at all; what became of each row.
    pub(crate) fn buckets(
        &mut self,
        holding: HoldingId,
        snapshot: &Snapshot<'_>,
        ground: &Ground<'_>,
    ) -> Vec<Verdict> {
        let Judged { standings, as_of, refused } = snapshot.judge(ground);
        if as_of.is_none() {
            self.own_lost |= snapshot.has_lost() && self.own_as_of.is_none();
            return Vec::new();
        }
        if self.own_as_of > as_of {
            return vec![Verdict::Older; snapshot.rows.len()];
        }
        if let Some(reason) = refused {
            self.own_lost |= self.own_as_of.is_none();
            let verdict = |standing: &Standing| match standing {
                Standing::Older => Verdict::Older,
                Standing::Counts | Standing::Double => Verdict::Refused(Fault::of_row(reason)),
            };
            return standings.iter().map(verdict).collect();
        }
        let mut known = if self.own_as_of == as_of { self.own.clone() } else { Vec::new() };
        let mut own = Vec::new();
        let verdict = |(row, standing): (&snapshot::Row<'_>, Standing)| {
            match standing {
                Standing::Older => return Verdict::Older,
                Standing::Double => return Verdict::Repeated,
                Standing::Counts => {}
            }
            let entry = bucket_of(holding, row.fact, ground.keeper);
            let place = known.iter().position(|old| *old == entry);
            own.push(entry);
            place.map_or(Verdict::Taken, |place| {
                known.swap_remove(place);
                Verdict::Repeated
            })
        };
        let verdicts = snapshot.rows.iter().zip(standings).map(verdict).collect();
        (self.own, self.own_as_of, self.own_lost) = (own, as_of, false);
        verdicts
    }

    /// The month of that day, opened.
    fn month(
        &mut self,
        month: Month,
        ground: &Ground<'_>,
        open: &mut Open<'_>,
    ) -> Result<&mut UsageMonth, FactsError> {
        Ok(match self.months.entry(month) {
            Entry::Occupied(found) => &mut found.into_mut().now,
            Entry::Vacant(place) => {
                let before = open(&month_row(month))?;
                let source = ground.ledger.source.clone();
                let empty = || UsageMonth { source, records: Vec::new() };
                &mut place.insert(Changed { now: before.clone().unwrap_or_else(empty), before }).now
            }
        })
    }

    /// Adds a record of usage, or puts it in the place of the same record with other content.
    pub(crate) fn usage(
        &mut self,
        fact: &UsageFact,
        record: Record,
        (again, accepted): (bool, bool),
        ground: &Ground<'_>,
        open: &mut Open<'_>,
    ) -> Result<Verdict, FactsError> {
        let (day, said) = (fact.at.day(&ground.ledger.zone), ground.said(fact.as_of));
        let name = record.short();
        if again {
            let Some((month, place)) = self.find(name, day.month(), ground, open)? else {
                // It was somebody else's, or of another line: which of them is right is not guessed.
                return Ok(Verdict::Refused(Fault::of_row(Reason::Conflict)));
            };
            let records = &mut self.month(month, ground, open)?.records;
            if !accepted && records.get(place).is_some_and(|before| said.at < before.as_of.at) {
                return Ok(Verdict::Older);
            }
            records.remove(place);
        }
        let used = Some((fact.high, fact.low));
        put(self.month(day.month(), ground, open)?, UsageRecord { day, record: name, as_of: said, used });
        Ok(Verdict::Taken)
    }

    /// Notes that a record of usage was not understood, unless it was before; or that it was no record.
    pub(crate) fn usage_lost(
        &mut self,
        record: &str,
        at: When,
        dropped: bool,
        ground: &Ground<'_>,
        open: &mut Open<'_>,
    ) -> Result<(), FactsError> {
        let (day, name) = (at.day(&ground.ledger.zone), records::short_of_usage(ground.keeper, record));
        if dropped {
            let records = &mut self.month(day.month(), ground, open)?.records;
            records.retain(|known| known.record != name || known.used.is_some());
        } else if self.find(name, day.month(), ground, open)?.is_none() {
            let lost = UsageRecord { day, record: name, as_of: ground.said(None), used: None };
            put(self.month(day.month(), ground, open)?, lost);
        }
        Ok(())
    }

    /// Where a record is: most likely in the month it is of now.
    fn find(
        &mut self,
        name: [u8; 8],
        likely: Month,
        ground: &Ground<'_>,
        open: &mut Open<'_>,
    ) -> Result<Option<(Month, usize)>, FactsError> {
        let others = self.line.usage_months.iter().copied().chain(self.months.keys().copied());
        let mut months: Vec<Month> = others.filter(|month| *month != likely).collect();
        months.push(likely);
        for month in months.into_iter().rev() {
            let records = &self.month(month, ground, open)?.records;
            if let Some(place) = records.iter().position(|known| known.record == name) {
                return Ok(Some((month, place)));
            }
        }
        Ok(None)
    }

    /// Adds a purchase, or puts it in the place of the same one with other content.
    pub(crate) fn purchase(
        &mut self,
        fact: &PurchaseFact,
        (again, accepted): (bool, bool),
        ground: &Ground<'_>,
        open: impl FnOnce() -> Result<Option<Purchases>, FactsError>,
    ) -> Result<Verdict, FactsError> {
        let said = ground.said(fact.as_of);
        if self.purchases.is_none() {
            let before = open()?;
            let source = ground.ledger.source.clone();
            let empty = || Purchases { as_of: said, source, purchases: Vec::new() };
            self.purchases = Some(Changed { now: before.clone().unwrap_or_else(empty), before });
        }
        let conflict = Verdict::Refused(Fault::of_row(Reason::Conflict));
        let Some(Changed { now, .. }) = &mut self.purchases else { return Ok(conflict) };
        let PurchaseFact { purchase, line: _, at, item, octets, amount, as_of: _ } = fact.clone();
        if again {
            let Some(place) = now.purchases.iter().position(|known| known.code == purchase) else {
                return Ok(conflict);
            };
            if !accepted && now.purchases.get(place).is_some_and(|before| said.at < before.as_of.at) {
                return Ok(Verdict::Older);
            }
            now.purchases.remove(place);
        }
        now.as_of = now.as_of.max(said);
        now.purchases.push(PurchaseEntry {
            purchase: ground.keeper.purchase_id(&purchase),
            as_of: said,
            code: purchase,
            at: at.moment(&ground.ledger.zone).unwrap_or(said.at),
            item,
            octets,
            amount,
        });
        now.purchases.sort_by(|a, b| (b.at, &b.code).cmp(&(a.at, &a.code)));
        Ok(Verdict::Taken)
    }

    /// The line as the profile lists it.
    pub(crate) fn entry(&self, holding: HoldingId) -> LineEntry {
        let Line { number, terms, status, held, .. } = self.line.clone();
        LineEntry { holding, number, plan: terms.plan, status, held, share_group: self.group.clone() }
    }

    /// Seals what has changed.
    pub(crate) fn seal(&self, holding: HoldingId, sealing: &mut Sealing<'_, '_>) -> Result<(), FactsError> {
        let mut line = self.line.clone();
        let changed = || self.months.iter().filter(|(_, month)| month.before.as_ref() != Some(&month.now));
        for (month, _) in changed() {
            if let Err(place) = line.usage_months.binary_search(month) {
                line.usage_months.insert(place, *month);
            }
        }
        if let Some(newest) = line.usage_months.last() {
            let recent = newest.plus(-1);
            line.recent_days.retain(|day| {
                let month = day.day.month();
                month >= recent && !self.months.contains_key(&month)
            });
            for (_, Changed { now, .. }) in self.months.range(recent..) {
                line.recent_days.extend(now.days());
            }
            line.recent_days.sort_by_key(|day| day.day);
        }
        (line.own_buckets_as_of, line.own_buckets_lost) = (self.own_as_of, self.own_lost);
        let holding = Some(holding);
        sealing.add(holding, &[], self.before.as_ref(), &line)?;
        for (month, Changed { before, now }) in changed() {
            sealing.add(holding, &month_row(*month), before.as_ref(), now)?;
        }
        if let Some(Changed { before, now }) = &self.purchases {
            sealing.add(holding, &[], before.as_ref(), now)?;
        }
        Ok(())
    }
}

/// Opens a month of the holding.
pub(crate) type Open<'a> = dyn FnMut(&[u8]) -> Result<Option<UsageMonth>, FactsError> + 'a;

/// Puts a record in its place, or in that of a note that it was not understood.
fn put(month: &mut UsageMonth, record: UsageRecord) {
    month.records.retain(|known| known.record != record.record || known.used.is_some());
    let key = |record: &UsageRecord| (record.day, record.record);
    let place = month.records.partition_point(|known| key(known) < key(&record));
    month.records.insert(place, record);
}

fn contract_of(fact: &HoldingFact, ground: &Ground<'_>) -> Line {
    let HoldingFact {
        line,
        account: _,
        number,
        iccid,
        terms,
        held,
        status,
        share_group: _,
        high_speed,
        as_of,
    } = fact.clone();
    Line {
        as_of: ground.said(as_of),
        source: ground.ledger.source.clone(),
        line_code: line,
        number,
        iccid,
        terms,
        held,
        status,
        high_speed,
        share: None,
        buckets_as_of: None,
        buckets_on: None,
        buckets: Vec::new(),
        own_buckets_as_of: None,
        own_buckets_lost: false,
        usage_months: Vec::new(),
        recent_days: Vec::new(),
    }
}

fn bucket_of(holding: HoldingId, fact: &BucketFact, keeper: &Keeper) -> BucketEntry {
    let BucketFact { line: _, kind, granted, remaining, expires_on, purchase, set_rows: _, as_of: _ } = fact;
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
