//! The first half of a run: every row is read once, judged, given its holder, and put into its partition.

use std::collections::HashSet;
use std::io::BufRead;

use honnin_seal::{Digest, digest};
use honnin_terms::Moment;

use crate::facts::event::{Fact, Lost, Source};
use crate::facts::fault::{Fault, Reason};
use crate::facts::item::Item;
use crate::facts::{Holders, Whose, lost_of};
use crate::feeds::quarantine::Fate;
use crate::feeds::run::{Input, Kept, KeptRow, Phase, RunError, Stood, Tick};
use crate::feeds::spill::Spill;
use crate::feeds::spilled::{FIRST_OF_ACCOUNTS, NOTICES, REJECTED, Rejected, Spilled, partition_of};
use crate::feeds::summary::Counts;
use crate::files::hashing::{Hashing, ReadDigest};
use crate::files::mapping::{FilePlan, Mapping};
use crate::files::{ExtractFile, FilesError, OpenFile};

/// How many rows pass between two calls of the progress function.
const TICK: u64 = 8_192;

/// What the first half knows when it is done.
pub(crate) struct Scanned<'a> {
    pub(crate) spill: Spill<'a, Spilled>,
    /// Counts of rows that were not taken, per input.
    pub(crate) rejected: Vec<Counts>,
    /// What the rows of each input stand under.
    pub(crate) stood: Vec<Stood>,
    /// The newest moment the ledger gives for its buckets.
    pub(crate) newest_bucket: Option<Moment>,
    /// Files with a row that was not understood and could be of any set in them, ascending.
    pub(crate) doubtful: Vec<u32>,
    /// Digest of all that was read.
    pub(crate) content: Digest,
}

struct Scan<'a> {
    mapping: &'a Mapping,
    holders: Holders<'a>,
    partitions: usize,
    scanned: Scanned<'a>,
    /// To which set the row belonged that was just refused.
    refused: Option<Lost>,
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
        stood: Vec::with_capacity(inputs.len()),
        newest_bucket: None,
        doubtful: Vec::new(),
        content: digest(&[b"honnin run v1\0", &mapping.digest]),
    };
    let mut scan = Scan { mapping, holders, partitions, scanned, refused: None, rows: 0 };
    for (place, input) in (0u32..).zip(inputs) {
        let name = input.name();
        let told = &mut |rows| progress(Tick { phase: Phase::Reading, file: name, rows, steps: (0, 0) });
        let content = match input {
            Input::File(file) => {
                let opened = file.open_with(mapping, Hashing::new)?;
                scan.file(place, opened, file, told)?
            }
            Input::Kept(kept) => scan.kept(place, kept)?,
        };
        let moment = scan.scanned.stood.last().and_then(|stood| stood.moment).map(Moment::millis);
        let moment = moment.unwrap_or_default().to_be_bytes();
        scan.scanned.content = digest(&[&scan.scanned.content, name.as_bytes(), &content, &moment]);
        told(scan.rows);
    }
    Ok(scan.scanned)
}

/// Whose rows stand next to one that says of no set that it is its own, where the rows of a set stand together.
#[derive(Default)]
struct Neighbours {
    /// The set of the row before.
    before: Option<Lost>,
    /// Sets that have ended.
    ended: HashSet<Digest>,
    /// Whether a row that says of no set came after the row before.
    open: bool,
    /// Whether the rows of a set do not stand together after all.
    scattered: bool,
}

impl Neighbours {
    /// Notes the set of a row; the sets that may lack a row by it.
    fn pass(&mut self, set: Lost) -> Vec<Lost> {
        let mut lacking = Vec::new();
        if self.before.as_ref() != Some(&set) {
            if let Some(before) = self.before.replace(set.clone()) {
                self.ended.insert(name_of(&before));
            }
            self.scattered |= self.ended.contains(&name_of(&set));
            if self.open {
                lacking.push(set);
            }
        }
        self.open = false;
        lacking
    }
}

fn name_of(set: &Lost) -> Digest {
    match set {
        Lost::Bucket { line, .. } => digest(&[b"line", line.as_bytes()]),
        Lost::BillLine { bill } => digest(&[b"bill", bill.as_bytes()]),
        Lost::Holding { line, .. } => digest(&[b"holding", line.as_bytes()]),
        Lost::Usage { record, .. } => digest(&[b"usage", record.as_bytes()]),
    }
}

/// The set a fact belongs to, without its moment.
fn set_of(fact: &Fact) -> Option<Lost> {
    match lost_of(fact)? {
        Lost::Bucket { line, .. } => Some(Lost::Bucket { line, as_of: None }),
        bill @ Lost::BillLine { .. } => Some(bill),
        Lost::Holding { .. } | Lost::Usage { .. } => None,
    }
}

/// What is another operator's belongs to no set of ours and leaves no row of ours incomplete.
const fn is_ours(fact: &Result<Fact, Fault>) -> bool {
    !matches!(fact, Err(Fault { reason: Reason::OtherTenant, .. }))
}

impl Scan<'_> {
    fn file<R: BufRead>(
        &mut self,
        place: u32,
        opened: (OpenFile<'_, R>, ReadDigest),
        file: &ExtractFile<'_>,
        told: &mut dyn FnMut(u64),
    ) -> Result<Digest, RunError> {
        let (OpenFile { mut rows, translator, headings }, content) = opened;
        let ExtractFile { path, plan, moment, name: _ } = file;
        self.scanned.stood.push(Stood { headings, moment: *moment });
        let failed = |cause| FilesError::Read { path: path.clone(), cause };
        let mut neighbours = plan.grouped.then(Neighbours::default);
        let mut above: Option<String> = None;
        while let Some(row) = rows.next_row().map_err(failed)? {
            let source = Source { file: place, line: row.line };
            let fact = translator.read(&row);
            let is_ours = is_ours(&fact);
            let lost = (fact.is_err() && is_ours)
                .then(|| translator.lost(row.cells.ok(), row.raw, above.as_deref()));
            let own = row.cells.ok().filter(|_| is_ours);
            if let Some(name) = own.and_then(|cells| translator.name_for_rows_below(cells)) {
                name.clone_into(above.get_or_insert_default());
            }
            let raw = if lost.is_some() { row.raw.to_vec() } else { Vec::new() };
            if let (Some(neighbours), Ok(fact)) = (&mut neighbours, &fact)
                && let Some(set) = set_of(fact)
            {
                for lacking in neighbours.pass(set) {
                    self.lost(source, lacking, false)?;
                }
            }
            self.row(source, row.raw, fact, false)?;
            match lost {
                Some(Some(lost)) => self.lost(source, lost, false)?,
                Some(None) => {
                    if let Some(neighbours) = &mut neighbours {
                        neighbours.open = true;
                        if let Some(before) = neighbours.before.clone() {
                            self.lost(source, before, false)?;
                        }
                    }
                    let suspects = translator.may_be_lost(&raw);
                    self.suspects(source, plan, suspects)?;
                }
                None => {}
            }
            if self.rows.is_multiple_of(TICK) {
                told(self.rows);
            }
        }
        file.is_read_to_its_end(&rows)?;
        if neighbours.is_some_and(|neighbours| neighbours.scattered) {
            self.doubt(place);
        }
        Ok(content.finish())
    }

    /// Notes to which sets a row may have belonged that cannot be cut into its cells: those there are of what stands in
    /// it. Whose name is not in it is not touched, unless the mapping says so.
    fn suspects(&mut self, source: Source, plan: &FilePlan, suspects: Vec<Lost>) -> Result<(), RunError> {
        for lost in suspects {
            self.lost(source, lost, false)?;
        }
        if plan.strict {
            self.doubt(source.file);
        }
        Ok(())
    }

    /// Notes that any set of a file may lack a row.
    fn doubt(&mut self, place: u32) {
        if self.scanned.doubtful.last() != Some(&place) {
            self.scanned.doubtful.push(place);
        }
    }

    fn kept(&mut self, place: u32, kept: &Kept<'_>) -> Result<Digest, RunError> {
        let translator = kept.translator(self.mapping);
        self.scanned.stood.push(kept.stood.clone());
        let mut content = digest(&[b"honnin kept rows v2\0"]);
        for KeptRow { line, raw, fate } in &kept.rows {
            content = digest(&[&content, raw, format!("{fate:?}").as_bytes()]);
            let source = Source { file: place, line: *line };
            let fact =
                translator.as_ref().map_err(|fault| *fault).and_then(|found| kept.translate(found, raw));
            let (is_ours, lost) = (is_ours(&fact), || kept.lost(translator.as_ref().ok()?, raw));
            if *fate == Fate::Dropped {
                if !is_ours {
                    continue;
                }
                let suspects =
                    || translator.as_ref().map_or_else(|_| Vec::new(), |found| found.may_be_lost(raw));
                let lost = fact.as_ref().map_or_else(|_| lost(), lost_of);
                for lost in lost.map_or_else(suspects, |lost| vec![lost]) {
                    self.lost(source, lost, true)?;
                }
                continue;
            }
            let lost = (fact.is_err() && is_ours).then(lost);
            self.row(source, raw, fact, *fate == Fate::Accepted)?;
            match lost {
                Some(Some(lost)) => self.lost(source, lost, false)?,
                Some(None) => {
                    let suspects =
                        translator.as_ref().map_or_else(|_| Vec::new(), |found| found.may_be_lost(raw));
                    self.suspects(source, kept.plan, suspects)?;
                    // What stood beside it is not known here.
                    if kept.plan.grouped
                        || translator.as_ref().is_ok_and(|found| kept.leaves_out_its_owner(found, raw))
                    {
                        self.doubt(source.file);
                    }
                }
                None => {}
            }
        }
        Ok(content)
    }

    fn row(
        &mut self,
        source: Source,
        raw: &[u8],
        fact: Result<Fact, Fault>,
        accepted: bool,
    ) -> Result<(), RunError> {
        self.rows += 1;
        let placed = fact.and_then(|fact| match self.place(&fact, accepted) {
            Ok(whose) => Ok((whose, fact)),
            Err(fault) => {
                self.refused = lost_of(&fact);
                Err(fault)
            }
        });
        match placed {
            Ok((Some((account, holding)), fact)) => {
                let partition = FIRST_OF_ACCOUNTS + partition_of(account, self.partitions);
                let item = Item { source, account, holding, fact, accepted, raw: raw.to_vec() };
                self.scanned.spill.add(partition, &Spilled::Item(item))?;
            }
            Ok((None, Fact::Notice(notice))) => {
                self.scanned.spill.add(NOTICES, &Spilled::Notice(source, notice, raw.to_vec()))?;
            }
            Ok((None, _)) => {}
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
        if let Some(lost) = self.refused.take() {
            self.lost(source, lost, false)?;
        }
        Ok(())
    }

    /// Notes to which set a row belonged that was not taken, where somebody has that set; or that it belonged to none.
    fn lost(&mut self, source: Source, lost: Lost, to_none: bool) -> Result<(), RunError> {
        let fact = Fact::Lost(lost);
        let Ok(Some((account, holding))) = self.holders.whose(&fact, false) else { return Ok(()) };
        let partition = FIRST_OF_ACCOUNTS + partition_of(account, self.partitions);
        let item = Item { source, account, holding, fact, accepted: to_none, raw: Vec::new() };
        Ok(self.scanned.spill.add(partition, &Spilled::Item(item))?)
    }

    /// Whose the fact is.
    fn place(&mut self, fact: &Fact, accepted: bool) -> Result<Option<Whose>, Fault> {
        let whose = self.holders.whose(fact, accepted)?;
        if let Fact::Bucket(bucket) = fact {
            self.scanned.newest_bucket = self.scanned.newest_bucket.max(Some(bucket.as_of));
        }
        Ok(whose)
    }
}
