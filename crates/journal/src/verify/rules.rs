//! What must hold for each entry, given those before it in its log and those of the other logs.
//!
//! Within a log the order is that of the indexes. Between logs there is only the clock of each node: what one says of
//! another is compared with a minute to spare.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use honnin_terms::{Basis, EntryRef, LogId, Moment};

use super::Violation;
use crate::bounds::MOST_OFF_SECONDS;
use crate::queue::Time;
use crate::{About, Entry, Kind, Pseudonym, Who};

/// Most grants and cases at once in memory: sixteen million at about 100 octets; beyond it the file is not ours.
const MOST_BASES: usize = 1 << 24;

/// What must hold of an entry, between whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct People {
    viewer: Pseudonym,
    owner: Pseudonym,
    epoch: u32,
}

impl People {
    const fn of(entry: &Entry) -> Self {
        Self { viewer: entry.viewer, owner: entry.owner, epoch: entry.epoch }
    }
}

/// A grant, a case or a merge.
#[derive(Debug)]
struct Ground {
    people: People,
    from: Moment,
    until: Moment,
    kind: Kind,
    /// When it ended, as each log has it.
    ended: Vec<(LogId, Moment)>,
}

/// What one log has that rests on one basis: enough to judge it when the other logs are read too.
#[derive(Debug, Clone, Copy)]
struct Use {
    people: People,
    kind: Kind,
    first: (Moment, u64),
    last: (Moment, u64),
}

/// An end whose beginning is in another log.
#[derive(Debug, Clone, Copy)]
struct End {
    at: EntryRef,
    ends: EntryRef,
    kind: Kind,
    people: People,
    moment: Moment,
}

/// What is wrong with an entry, or what has to be read again.
#[derive(Debug)]
pub(super) enum Wrong {
    Violation(Violation),
    /// It names an entry that another log had not yet when that was read.
    NotYetRead,
}

impl From<Violation> for Wrong {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

/// The state of the proof.
#[derive(Debug)]
pub(super) struct Rules {
    period: Option<(Moment, Moment)>,
    /// Of each log: what is pruned, and how far it was read.
    logs: BTreeMap<LogId, (u64, u64)>,
    grounds: BTreeMap<EntryRef, Ground>,
    uses: BTreeMap<(EntryRef, LogId), Use>,
    ends: Vec<End>,
    /// Logs that others go on from, with the index after their last entry, and the log that says so.
    ended: Vec<(EntryRef, LogId)>,
    time: Option<Time>,
    pub(super) clock_sets: u64,
    pub(super) to_owner: u64,
    pub(super) on_basis: u64,
}

fn no_basis<T>(index: u64, why: &'static str) -> Result<T, Violation> {
    Err(Violation::NoBasis { index, why })
}

impl Rules {
    pub(super) const fn new(period: Option<(Moment, Moment)>) -> Self {
        Self {
            period,
            logs: BTreeMap::new(),
            grounds: BTreeMap::new(),
            uses: BTreeMap::new(),
            ends: Vec::new(),
            ended: Vec::new(),
            time: None,
            clock_sets: 0,
            to_owner: 0,
            on_basis: 0,
        }
    }

    pub(super) fn bases(&self) -> u64 {
        u64::try_from(self.grounds.len()).unwrap_or(u64::MAX)
    }

    /// The next log is read.
    pub(super) fn begin_log(&mut self, log: LogId, minimum: u64) {
        self.logs.insert(log, (minimum, minimum));
        // What was before the first entry that is kept is not known.
        self.time = (minimum == 0).then(Time::default);
        self.clock_sets = 0;
    }

    /// Whether a clock that was set in the log just read waits for somebody to look at it.
    pub(super) fn is_unsettled(&self) -> bool {
        self.time.is_some_and(|time| time.unsettled)
    }

    /// Takes a grant or case, or its end, from below the minimum index; its place in the tree was proven.
    pub(super) fn carry(&mut self, at: EntryRef, entry: &Entry) -> Result<(), Violation> {
        if matches!(entry.kind, Kind::Grant | Kind::CaseOpened) {
            return self.begin(at, entry);
        }
        if matches!(entry.kind, Kind::Revocation | Kind::CaseClosed) {
            return self.end(at, entry);
        }
        Err(Violation::Malformed { what: "the carried grants", index: at.index })
    }

    pub(super) fn judge(&mut self, at: EntryRef, entry: &Entry) -> Result<(), Violation> {
        let time = self.follow(at.index, entry)?;
        if let Some((_, read)) = self.logs.get_mut(&at.log) {
            *read = at.index + 1;
        }
        parties(at.index, entry)?;
        if matches!(entry.kind, Kind::Grant | Kind::CaseOpened | Kind::Merged) {
            self.begin(at, entry)?;
        }
        if matches!(entry.kind.row().about, About::Ends(_)) {
            self.end(at, entry)?;
        }
        if let (Kind::Continued, Some(last)) = (entry.kind, entry.about) {
            self.ended.push((last, at.log));
        }
        self.clock_sets += u64::from(entry.kind == Kind::ClockSet);
        if self.period.is_some_and(|(start, end)| entry.moment < start || entry.moment >= end) {
            return Ok(());
        }
        self.basis(at, entry, &time)
    }

    /// The time as it is with that entry; what the journal wrote into it must be the same.
    fn follow(&mut self, index: u64, entry: &Entry) -> Result<Time, Violation> {
        let known = Time { order: entry.order, clock: entry.moment, unsettled: entry.unsettled };
        let time = self.time.get_or_insert(known);
        if time.follow(entry) {
            return Err(Violation::TimeWentBack(index));
        }
        if (entry.order, entry.unsettled) != (time.order, time.unsettled) {
            return Err(Violation::Malformed { what: "the order of an entry", index });
        }
        Ok(*time)
    }

    fn begin(&mut self, at: EntryRef, entry: &Entry) -> Result<(), Violation> {
        if self.grounds.len() == MOST_BASES {
            return Err(Violation::Malformed { what: "more grants than there can be", index: at.index });
        }
        let (people, from, kind) = (People::of(entry), entry.moment, entry.kind);
        let until = entry.until.unwrap_or(from);
        self.grounds.insert(at, Ground { people, from, until, kind, ended: Vec::new() });
        Ok(())
    }

    fn end(&mut self, at: EntryRef, entry: &Entry) -> Result<(), Violation> {
        let (About::Ends(kind), Some(ends)) = (entry.kind.row().about, entry.about) else {
            return no_basis(at.index, "it ends nothing");
        };
        let end = End { at, ends, kind, people: People::of(entry), moment: entry.moment };
        if ends.log == at.log { self.apply(end) } else { self.wait(end) }
    }

    fn wait(&mut self, end: End) -> Result<(), Violation> {
        if self.ends.len() == MOST_BASES {
            return Err(Violation::Malformed { what: "more ends than there can be", index: end.at.index });
        }
        self.ends.push(end);
        Ok(())
    }

    fn apply(&mut self, end: End) -> Result<(), Violation> {
        let minimum = self.logs.get(&end.ends.log).map_or(0, |(minimum, _)| *minimum);
        match self.grounds.get_mut(&end.ends) {
            Some(ground) if ground.kind == end.kind && ground.people == end.people => {
                ground.ended.push((end.at.log, end.moment));
                Ok(())
            }
            // Ends of grants that were pruned say nothing about what is kept: no entry can rest on those.
            None if end.ends.index < minimum => Ok(()),
            Some(_) | None => no_basis(end.at.index, "it ends another person's grant, case or merge"),
        }
    }

    /// Judges what an entry rests on, as far as its own log tells.
    fn basis(&mut self, at: EntryRef, entry: &Entry, time: &Time) -> Result<(), Violation> {
        let disclosure = u64::from(entry.kind == Kind::Disclosure);
        let (kind, basis) = match entry.basis {
            Basis::Own if entry.viewer != entry.owner && tells(entry.kind) => {
                return no_basis(at.index, "the viewer is not the owner");
            }
            Basis::Own => {
                self.to_owner += disclosure;
                return Ok(());
            }
            Basis::Grant(basis) => (Kind::Grant, basis),
            Basis::Case(basis) => (Kind::CaseOpened, basis),
        };
        self.on_basis += disclosure;
        let judged = time.judged(entry.moment);
        let here = (judged, at.index);
        let (people, first, last) = (People::of(entry), (entry.moment, at.index), here);
        let used = self.uses.entry((basis, at.log)).or_insert(Use { people, kind, first, last });
        if (used.people, used.kind) != (people, kind) {
            return no_basis(at.index, "the grant or case is between other people");
        }
        used.first = used.first.min(first);
        used.last = used.last.max(here);
        if basis.log != at.log {
            return Ok(());
        }
        let one = Use { people, kind, first, last };
        let Some(ground) = self.grounds.get(&basis) else {
            return no_basis(at.index, "no grant or case has that place");
        };
        holds(ground, &one)?;
        // A request that read its permit just before the end may be written just after it.
        let ended = ground.ended.iter().filter(|(log, _)| *log == at.log).map(|(_, ended)| *ended).min();
        if ended.is_some_and(|ended| entry.moment > ended) {
            return no_basis(at.index, "the grant or case had ended");
        }
        Ok(())
    }

    /// Judges, when all logs are read, what one says of another.
    pub(super) fn finish(&mut self) -> Result<(), (LogId, Wrong)> {
        for end in std::mem::take(&mut self.ends) {
            self.is_read(&end.ends).map_err(|wrong| (end.at.log, wrong))?;
            self.apply(end).map_err(|violation| (end.at.log, violation.into()))?;
        }
        for (last, by) in &self.ended {
            let (read, end) = (self.logs.get(&last.log).map_or(0, |(_, read)| *read), last.index + 1);
            let violation = match read.cmp(&end) {
                Ordering::Equal => continue,
                Ordering::Greater => Violation::GoesOn(end),
                Ordering::Less => Violation::Shorter(end),
            };
            let log = if self.logs.contains_key(&last.log) { last.log } else { *by };
            return Err((log, violation.into()));
        }
        for ((basis, log), used) in &self.uses {
            self.used(basis, *log, used).map_err(|wrong| (*log, wrong))?;
        }
        Ok(())
    }

    fn is_read(&self, entry: &EntryRef) -> Result<(), Wrong> {
        match self.logs.get(&entry.log) {
            Some((_, read)) if *read <= entry.index => Err(Wrong::NotYetRead),
            _ => Ok(()),
        }
    }

    fn used(&self, basis: &EntryRef, log: LogId, used: &Use) -> Result<(), Wrong> {
        let index = used.last.1;
        let Some(ground) = self.grounds.get(basis) else {
            self.is_read(basis)?;
            return Ok(no_basis(index, "no grant or case has that place")?);
        };
        if basis.log != log {
            holds(ground, used)?;
        }
        let spare = |ended: Moment| ended.plus_seconds(MOST_OFF_SECONDS);
        let ended = ground.ended.iter().filter(|(by, _)| *by != log).map(|(_, ended)| spare(*ended)).min();
        if ended.is_some_and(|ended| used.last.0 > ended) {
            return Ok(no_basis(index, "the grant or case had ended")?);
        }
        Ok(())
    }
}

/// Whether entries of a kind tell something of the owner to the viewer, or change it for her.
const fn tells(kind: Kind) -> bool {
    matches!(kind, Kind::Disclosure | Kind::ExportMade | Kind::ExportFetched | Kind::Refused | Kind::Changed)
}

/// Whether a grant or case is of that kind, between those people, and valid at those moments.
fn holds(ground: &Ground, used: &Use) -> Result<(), Violation> {
    if ground.people != used.people {
        return no_basis(used.last.1, "the grant or case is between other people");
    }
    if ground.kind != used.kind {
        return no_basis(used.last.1, "what it rests on is no grant or case of that kind");
    }
    if used.first.0 < ground.from.plus_seconds(-MOST_OFF_SECONDS) {
        return no_basis(used.first.1, "the grant or case was not valid at that moment");
    }
    if used.last.0 > ground.until {
        return no_basis(used.last.1, "the grant or case was not valid at that moment");
    }
    Ok(())
}

/// Whether those stand on its sides who do for its kind, and what it is about.
fn parties(index: u64, entry: &Entry) -> Result<(), Violation> {
    let row = entry.kind.row();
    let stands = |who: Who, name: Pseudonym| match who {
        Who::Nobody => name == Pseudonym::NOBODY,
        Who::Person | Who::Operator | Who::Source => name != Pseudonym::NOBODY,
        Who::Viewer => name == entry.viewer && name != Pseudonym::NOBODY,
        Who::Anybody => true,
    };
    let about = match row.about {
        About::Nothing => entry.about.is_none(),
        About::Perhaps => true,
        About::Ends(_) => entry.about.is_some(),
    };
    if !(stands(row.viewer, entry.viewer) && stands(row.owner, entry.owner)) {
        return Err(Violation::Malformed { what: "who stands on the sides of an entry", index });
    }
    if about { Ok(()) } else { no_basis(index, "it ends nothing, or is about what its kind is not") }
}
