//! The first half of a run: every row is read once, judged, given its holder, and put into its partition.

use std::collections::HashMap;
use std::io::BufRead;

use honnin_keeper::Keeper;
use honnin_seal::{Digest, digest};
use honnin_store::DirectoryRow;
use honnin_terms::{AccountId, BillId, Moment};

use crate::directory::{Directory, Holder, NoHolder};
use crate::event::{BillFact, BillLineFact, Fact, HoldingFact, Source, Used};
use crate::fault::{Fault, Reason};
use crate::files::{FilesError, OpenFile};
use crate::hashing::{Hashing, ReadDigest};
use crate::item::{FIRST_OF_ACCOUNTS, Item, NOTICES, REJECTED, Rejected, Spilled, partition_of};
use crate::mapping::Mapping;
use crate::moves::Moves;
use crate::run::{Input, Kept, Phase, RunError, Tick};
use crate::shape::When;
use crate::spill::Spill;
use crate::summary::Counts;

/// How many rows pass between two calls of the progress function.
const TICK: u64 = 8_192;

/// What the first half knows when it is done.
pub(crate) struct Scanned<'a> {
    pub(crate) spill: Spill<'a, Spilled>,
    /// Counts of rows that were not taken, per input.
    pub(crate) rejected: Vec<Counts>,
    /// The headings of each input: without them a row set aside could not be tried again.
    pub(crate) headings: Vec<Vec<String>>,
    /// The newest moment the ledger gives for its buckets.
    pub(crate) newest_bucket: Option<Moment>,
    /// The newest moment the ledger gives for any row.
    pub(crate) newest_row: Option<Moment>,
    /// Digest of all that was read.
    pub(crate) content: Digest,
}

struct Scan<'a> {
    mapping: &'a Mapping,
    keeper: &'a Keeper,
    directory: Directory,
    moves: &'a Moves,
    bills: HashMap<BillId, AccountId>,
    partitions: usize,
    scanned: Scanned<'a>,
    rows: u64,
}

/// Reads all inputs.
pub(crate) fn scan<'a>(
    (mapping, keeper): (&'a Mapping, &'a Keeper),
    (directory, moves): (Directory, &'a Moves),
    inputs: &[Input<'_>],
    spill: Spill<'a, Spilled>,
    partitions: usize,
    progress: &mut dyn FnMut(Tick<'_>),
) -> Result<Scanned<'a>, RunError> {
    let scanned = Scanned {
        spill,
        rejected: vec![Counts::default(); inputs.len()],
        headings: Vec::with_capacity(inputs.len()),
        newest_bucket: None,
        newest_row: None,
        content: digest(&[b"honnin run v1\0", &mapping.digest]),
    };
    let bills = HashMap::new();
    let mut scan = Scan { mapping, keeper, directory, moves, bills, partitions, scanned, rows: 0 };
    for (place, input) in (0u32..).zip(inputs) {
        let name = input.name();
        let told = &mut |rows| progress(Tick { phase: Phase::Reading, file: name, rows, steps: (0, 0) });
        let content = match input {
            Input::File(file) => {
                let opened = file.open_with(mapping, Hashing::new)?;
                scan.file(place, opened, &file.path, told)?
            }
            Input::Kept(kept) => scan.kept(place, kept)?,
        };
        scan.scanned.content = digest(&[&scan.scanned.content, name.as_bytes(), &content]);
        told(scan.rows);
    }
    Ok(scan.scanned)
}

impl Scan<'_> {
    fn file<R: BufRead>(
        &mut self,
        place: u32,
        opened: (OpenFile<'_, R>, ReadDigest),
        path: &std::path::Path,
        told: &mut dyn FnMut(u64),
    ) -> Result<Digest, RunError> {
        let (OpenFile { mut rows, translator, headings }, content) = opened;
        self.scanned.headings.push(headings);
        let failed = |cause| FilesError::Read { path: path.to_owned(), cause };
        while let Some(row) = rows.next_row().map_err(failed)? {
            let source = Source { file: place, line: row.line };
            let fact = row.cells.and_then(|cells| translator.translate(cells));
            self.row(source, row.raw, fact)?;
            if self.rows.is_multiple_of(TICK) {
                told(self.rows);
            }
        }
        Ok(content.finish())
    }

    fn kept(&mut self, place: u32, kept: &Kept<'_>) -> Result<Digest, RunError> {
        let translator = kept.translator(self.mapping);
        self.scanned.headings.push(kept.headings.clone());
        let mut content = digest(&[b"honnin kept rows v1\0"]);
        for (line, raw) in &kept.rows {
            content = digest(&[&content, raw]);
            let source = Source { file: place, line: *line };
            let fact =
                translator.as_ref().map_err(|fault| *fault).and_then(|found| kept.translate(found, raw));
            self.row(source, raw, fact)?;
        }
        Ok(content)
    }

    fn row(&mut self, source: Source, raw: &[u8], fact: Result<Fact, Fault>) -> Result<(), RunError> {
        self.rows += 1;
        match fact.and_then(|fact| self.place(source, fact, raw)) {
            Ok((partition, spilled)) => self.scanned.spill.add(partition, &spilled)?,
            Err(fault) => {
                let counts = usize::try_from(source.file).ok().and_then(|n| self.scanned.rejected.get_mut(n));
                if let Some(counts) = counts {
                    counts.add_fault(fault.reason);
                }
                let told = fault.to_string();
                let rejected = Rejected { source, reason: fault.reason, told, raw: raw.to_vec() };
                self.scanned.spill.add(REJECTED, &Spilled::Rejected(rejected))?;
            }
        }
        Ok(())
    }

    /// Whose the fact is, and so which partition it goes to.
    fn place(&mut self, source: Source, fact: Fact, raw: &[u8]) -> Result<(usize, Spilled), Fault> {
        let (account, holding) = match &fact {
            Fact::Notice(notice) => {
                return Ok((NOTICES, Spilled::Notice(source, notice.clone(), raw.to_vec())));
            }
            Fact::Account(account) => {
                self.saw(account.as_of);
                (self.keeper.account_id(&account.account), None)
            }
            Fact::Holding(holding) => {
                self.saw(holding.as_of);
                self.holding(holding)
            }
            Fact::Bucket(bucket) => {
                self.saw(Some(bucket.as_of));
                self.scanned.newest_bucket = self.scanned.newest_bucket.max(Some(bucket.as_of));
                let key = self.keeper.line_key(&bucket.line);
                self.holder(&key, When::Moment(bucket.as_of), Reason::UnknownLine)?
            }
            Fact::Usage(usage) => {
                let key = match &usage.of {
                    Used::Number(number) => self.keeper.number_key(number),
                    Used::Line(line) => self.keeper.line_key(line),
                };
                self.holder(&key, usage.at, Reason::UnknownNumber)?
            }
            Fact::Purchase(purchase) => {
                self.holder(&self.keeper.line_key(&purchase.line), purchase.at, Reason::UnknownLine)?
            }
            Fact::Bill(bill) => self.bill(bill)?,
            Fact::BillLine(line) => self.bill_line(line)?,
        };
        // The time of the event has named the holding; who has that holding now is a question of its own.
        let account = holding.and_then(|holding| self.moves.now(holding)).unwrap_or(account);
        let partition = FIRST_OF_ACCOUNTS + partition_of(account, self.partitions);
        Ok((partition, Spilled::Item(Item { source, account, holding, fact, raw: raw.to_vec() })))
    }

    fn saw(&mut self, as_of: Option<Moment>) {
        self.scanned.newest_row = self.scanned.newest_row.max(as_of);
    }

    fn holding(&mut self, fact: &HoldingFact) -> Whose {
        let account = self.keeper.account_id(&fact.account);
        let holding = self.keeper.holding_id(account, &fact.line, fact.held.from);
        for key in [self.keeper.number_key(&fact.number), self.keeper.line_key(&fact.line)] {
            self.directory.add(&DirectoryRow { key, holding, account, held: fact.held });
        }
        (account, Some(holding))
    }

    fn holder(&self, key: &[u8; 16], at: When, nobody: Reason) -> Result<Whose, Fault> {
        let Mapping { zone, boundary_skew_seconds, .. } = self.mapping;
        match self.directory.holder(key, at, zone, *boundary_skew_seconds) {
            Ok(Holder { account, holding }) => Ok((account, Some(holding))),
            Err(NoHolder::Nobody) => Err(Fault::of_row(nobody)),
            Err(NoHolder::Because(reason)) => Err(Fault::of_row(reason)),
        }
    }

    fn bill(&mut self, fact: &BillFact) -> Result<Whose, Fault> {
        let account = self.keeper.account_id(&fact.account);
        let known = *self.bills.entry(self.keeper.bill_id(&fact.bill)).or_insert(account);
        if known == account { Ok((account, None)) } else { Err(Fault::of_field(Reason::Conflict, "account")) }
    }

    fn bill_line(&self, fact: &BillLineFact) -> Result<Whose, Fault> {
        let account = self.bills.get(&self.keeper.bill_id(&fact.bill));
        account.map(|account| (*account, None)).ok_or(Fault::of_field(Reason::UnknownBill, "bill"))
    }
}

type Whose = (AccountId, Option<honnin_terms::HoldingId>);
