//! The first half of a run: every row is read once, judged, given its holder, and put into its partition.

use std::io::BufRead;

use honnin_seal::{Digest, digest};
use honnin_terms::Moment;

use crate::facts::Holders;
use crate::facts::event::{Fact, Source};
use crate::facts::fault::{Fault, Reason};
use crate::facts::item::Item;
use crate::feeds::run::{Input, Kept, Phase, RunError, Tick};
use crate::feeds::spill::Spill;
use crate::feeds::spilled::{FIRST_OF_ACCOUNTS, NOTICES, REJECTED, Rejected, Spilled, partition_of};
use crate::feeds::summary::Counts;
use crate::files::hashing::{Hashing, ReadDigest};
use crate::files::mapping::Mapping;
use crate::files::{FilesError, OpenFile};

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
    holders: Holders<'a>,
    partitions: usize,
    scanned: Scanned<'a>,
    rows: u64,
}

/// Reads all inputs.
pub(crate) fn scan<'a>(
    mapping: &'a Mapping,
    holders: Holders<'a>,
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
    let mut scan = Scan { mapping, holders, partitions, scanned, rows: 0 };
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
        self.saw(&fact);
        if let Fact::Notice(notice) = fact {
            return Ok((NOTICES, Spilled::Notice(source, notice, raw.to_vec())));
        }
        let nobody = Fault::of_row(Reason::UnknownAccount);
        let (account, holding) = self.holders.whose(&fact)?.ok_or(nobody)?;
        let partition = FIRST_OF_ACCOUNTS + partition_of(account, self.partitions);
        Ok((partition, Spilled::Item(Item { source, account, holding, fact, raw: raw.to_vec() })))
    }

    fn saw(&mut self, fact: &Fact) {
        let as_of = match fact {
            Fact::Account(account) => account.as_of,
            Fact::Holding(holding) => holding.as_of,
            Fact::Bucket(bucket) => {
                self.scanned.newest_bucket = self.scanned.newest_bucket.max(Some(bucket.as_of));
                Some(bucket.as_of)
            }
            Fact::Usage(_) | Fact::Purchase(_) | Fact::Bill(_) | Fact::BillLine(_) | Fact::Notice(_) => None,
        };
        self.scanned.newest_row = self.scanned.newest_row.max(as_of);
    }
}
