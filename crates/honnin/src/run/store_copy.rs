//! `honnin store copy`: the whole store from one engine to the other.
//!
//! Two runs where the server is to stop for a moment only: one beside it, in read-only mode, which copies nearly all; one
//! with it stopped, which copies what has changed since, reads every row back and ends the copy. A server that reads alone
//! still writes the heads of its journal, so that what is copied beside it is never the whole.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;

use honnin_access::ControlRow;
use honnin_journal::{Kind, Party, is_written, logs};
use honnin_node::{Written, force_mode, read_mode};
use honnin_store::Error;
use honnin_store::copying::{
    Copied, Side, TABLES, Table, compare_table, copy_table, difference, first_filled, is_copied_by, mark,
    unmark,
};
use honnin_terms::Less;
use pollster::block_on;
use serde::Serialize;

use crate::command::CopyArgs;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::{Progress, Say};
use crate::wiring::Rooms;
use crate::wiring::acts::Deed;
use crate::wiring::copying::{Copy, copier, mark_of, open_copy, run};

/// Beside the store, in the data directory.
const LOCK: &str = "store-copy.lock";

/// What a run came to.
#[derive(Serialize)]
struct Told {
    /// Tables looked at.
    tables: usize,
    /// Rows of the source.
    rows: u64,
    /// Rows that the copy did not have as the source had them: written, or found where nothing is written.
    differed: u64,
    /// Whether it is whole: every row was read back and compared.
    whole: bool,
    /// Whether a server or another command is at work, so that it cannot be.
    serving: bool,
    /// What `store.url` is then set to.
    url: String,
    #[serde(skip)]
    checked: bool,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tables, rows, differed, whole, serving: _, url, checked } = self;
        if *checked {
            return match differed {
                0 => write!(
                    f,
                    "compared  {rows} rows of {tables} tables: the copy has each as the source has it"
                ),
                _ => write!(
                    f,
                    "compared  {rows} rows of {tables} tables: {differed} differ; give `honnin store copy` again"
                ),
            };
        }
        writeln!(f, "copied    {rows} rows of {tables} tables, {differed} of them written by this run")?;
        if *whole {
            writeln!(f, "verified  every row was read back and compared")?;
            return write!(
                f,
                "next      set store.url = {url:?}, `honnin doctor`, `honnin journal verify`, start the server; `honnin mode \
                 release` when it is as it should be"
            );
        }
        write!(
            f,
            "mode      read_only on every node, until `honnin mode release`\n\
             next      stop every server and give this command again: it copies what has changed since and reads every row back"
        )
    }
}

/// Both stores of a copy.
pub(super) struct Both<'a> {
    /// The source, and who copies.
    pub(super) rooms: &'a Rooms,
    /// What is filled.
    pub(super) copy: &'a Copy,
    /// What is done, for who is told why it cannot be.
    pub(super) doing: &'static str,
}

pub(super) fn copy(
    say: Say,
    installation: &Installation,
    operator: &str,
    args: &CopyArgs,
) -> Result<Exit, Failure> {
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    let copy = open_copy(&rooms, (&args.to, args.password_file.as_deref()), !args.check)?;
    let both = Both { rooms: &rooms, copy: &copy, doing: "copy the store" };
    both.refuse_other_schema()?;
    let (progress, tables, url) = (Progress::start(), TABLES.len(), copy.url.clone());
    let serving = serves(installation)?;
    if args.check {
        let own = mark_of(&*copy.store, &rooms.keep())?;
        let Copied { rows, differed } = both.each(&progress, "comparing", |table, source, to| {
            block_on(compare_table(source, to, table, own.as_ref()))
        })?;
        progress.clear();
        say.tell(&Told { tables, rows, differed, whole: false, serving, url, checked: true })?;
        return Ok(if differed == 0 { Exit::Done } else { Exit::Found });
    }
    // One that was stopped in the middle is told at once; the mark keeps it from writing whenever it goes on.
    let _alone = alone(installation)?;
    let own = both.own_mark()?;
    // Whether it is empty, and whose it is, is known before anything is said or done.
    let note = if url.is_empty() { "store copy to the file" } else { "store copy to the database" };
    rooms.act(operator, Kind::Operated, Party::Nobody, Deed { note, ..Deed::default() })?;
    both.hold_read_only()?;
    let own = both.marked(own.as_ref())?;
    let Copied { rows, differed } = both.copied(&progress, "copying", &own)?;
    both.still_read_only()?;
    // One that was started meanwhile counts as well.
    let serving = serving || serves(installation)?;
    if serving {
        progress.clear();
        say.tell(&Told { tables, rows, differed, whole: false, serving, url, checked: false })?;
        return Ok(Exit::Found);
    }
    both.end(&progress, installation, &own)?;
    progress.clear();
    let told = Told { tables, rows, differed, whole: true, serving, url, checked: false };
    say.tell(&told).map_err(|failure| failure.but("the copy is whole"))?;
    Ok(Exit::Done)
}

/// The lock that one copy holds at a time, until it ends however it ends.
fn alone(installation: &Installation) -> Result<File, Failure> {
    let path = installation.store().with_file_name(LOCK);
    let what = || format!("lock {}", path.display());
    let mut options = OpenOptions::new();
    let file = options.create(true).write(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(|error| Failure::from(error).during(&what()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::cannot(
            "copy the store: another copy is running here, or was stopped in the middle; let it end, or end it, then give the \
             command again",
        )),
        Err(TryLockError::Error(error)) => Err(Failure::from(error).during(&what())),
    }
}

/// Whether a process has a log of the journal open: a server, or another command.
fn serves(installation: &Installation) -> Result<bool, Failure> {
    let root = installation.journal();
    for log in logs(&root)? {
        if is_written(&root, log)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Both<'_> {
    /// The tables of both are those of the list; so their versions are those this build was made for.
    pub(super) fn refuse_other_schema(&self) -> Result<(), Failure> {
        for (which, store) in [("store of the settings", &self.rooms.store), ("copy", &self.copy.store)] {
            if let Some(column) = difference(&block_on(store.columns(&self.rooms.operate()))?) {
                return Err(Failure::cannot(format_args!(
                    "{}: {column} of the {which} is not as this build knows it; bring both to the same version with one build \
                     (`honnin store prepare`)",
                    self.doing
                )));
            }
        }
        Ok(())
    }

    /// The mark of a copy that this installation began; none where there is nothing yet. Anything else is refused.
    pub(super) fn own_mark(&self) -> Result<Option<ControlRow>, Failure> {
        let (store, doing) = (&self.copy.store, self.doing);
        if let Some(own) = mark_of(&**store, &self.rooms.keep())? {
            if is_copied_by(&own, &copier(&self.rooms.keeper)?) {
                return Ok(Some(own));
            }
            return Err(Failure::cannot(format_args!(
                "{doing}: the other one is an unfinished copy of another installation; name one that is empty"
            )));
        }
        match block_on(first_filled(&**store, &self.rooms.operate()))? {
            None => Ok(None),
            Some(table) => Err(Failure::cannot(format_args!(
                "{doing}: the other one is not empty (table {table} has rows), and nothing is ever overwritten; name one that is \
                 empty, or put this one away"
            ))),
        }
    }

    /// A mark of this run, in the place of the one that was found. An earlier run that was stopped writes nothing any more.
    pub(super) fn marked(&self, found: Option<&ControlRow>) -> Result<ControlRow, Failure> {
        let copier = copier(&self.rooms.keeper)?;
        let marked = block_on(mark(&*self.copy.store, &self.rooms.operate(), (&copier, run()), found));
        marked.map_err(|reason| match reason {
            Error::Conflict => Failure::cannot(format_args!(
                "{}: another has begun to write into it since this run looked, and may have ended by now; nothing was written by \
                 this one, see to that one",
                self.doing
            )),
            Error::TryAgain | Error::Unavailable | Error::Corrupt => {
                Failure::from(reason).during(self.doing)
            }
        })
    }

    /// Has the copy hold what the source holds.
    pub(super) fn copied(
        &self,
        progress: &Progress,
        what: &str,
        own: &ControlRow,
    ) -> Result<Copied, Failure> {
        self.each(progress, what, |table, source, to| block_on(copy_table(source, to, table, own)))
            .map_err(|failure| self.unless_over(failure, own))
    }

    /// Takes the mark away: the copy is whole.
    pub(super) fn unmarked(&self, own: &ControlRow) -> Result<(), Failure> {
        let unmarked = block_on(unmark(&*self.copy.store, &self.rooms.operate(), own));
        unmarked.map_err(|reason| self.unless_over(Failure::from(reason).during(self.doing), own))
    }

    /// Says so where another run has taken the copy over, or has ended it: that is why nothing was written, or why rows
    /// differ. That one is not to be stopped for the sake of this one.
    pub(super) fn unless_over(&self, failure: Failure, own: &ControlRow) -> Failure {
        match mark_of(&*self.copy.store, &self.rooms.keep()) {
            Ok(found) if found.as_ref().map(|found| &found.value) != Some(&own.value) => {
                Failure::cannot(format_args!(
                    "{}: another run has taken it over or has ended it since this one began; nothing more was written by this one, \
                     see to that one",
                    self.doing
                ))
            }
            Ok(_) | Err(_) => failure,
        }
    }

    /// Reads every row back; how many differ.
    pub(super) fn differing(&self, progress: &Progress, own: &ControlRow) -> Result<u64, Failure> {
        let Copied { differed, .. } = self.each(progress, "comparing", |table, source, copy| {
            block_on(compare_table(source, copy, table, Some(own)))
        })?;
        Ok(differed)
    }

    /// Goes through all tables; what came of them together.
    fn each(
        &self,
        progress: &Progress,
        what: &str,
        work: impl Fn(&'static Table, Side<'_>, Side<'_>) -> Result<Copied, Error>,
    ) -> Result<Copied, Failure> {
        let permit = self.rooms.operate();
        let source = Side { rows: &*self.rooms.store, permit: &permit };
        let copy = Side { rows: &*self.copy.store, permit: &permit };
        let mut sum = Copied::default();
        for table in TABLES {
            progress.now(format_args!("{what} {} ({} rows so far)", table.name, sum.rows));
            let Copied { rows, differed } = work(table, source, copy).map_err(|reason| {
                Failure::from(reason).during(&format!(
                    "copy table {}: what was copied stays; give the command again, it goes on from there",
                    table.name
                ))
            })?;
            sum = Copied {
                rows: sum.rows.saturating_add(rows),
                differed: sum.differed.saturating_add(differed),
            };
        }
        Ok(sum)
    }

    /// Has every node offer reading alone. It stays so: what is written into the source once it was copied is in the source
    /// alone. The copy has the same row, and begins in the same mode.
    fn hold_read_only(&self) -> Result<(), Failure> {
        let (rooms, permit) = (self.rooms, self.rooms.keep());
        if self.is_read_only()? {
            return Ok(());
        }
        match block_on(force_mode(&*rooms.store, &permit, &*rooms.keeper, Some(Less::ReadOnly)))? {
            Some(_) => Ok(()),
            None => Err(Failure::cannot(
                "copy the store: read_only cannot be forced, because what was written of the mode was altered; see \
                 `honnin doctor`",
            )),
        }
    }

    fn is_read_only(&self) -> Result<bool, Failure> {
        let seen = block_on(read_mode(&*self.rooms.store, &self.rooms.keep(), &*self.rooms.keeper))?;
        Ok(matches!(seen.written, Some(Written { forced: Some(Less::ReadOnly), .. })))
    }

    fn still_read_only(&self) -> Result<(), Failure> {
        if self.is_read_only()? {
            return Ok(());
        }
        Err(Failure::cannot(
            "end the copy: somebody released read_only meanwhile, and what was changed since may be missing in it; give the \
             command again",
        ))
    }

    /// Reads every row back. The copy is a store once it has each as the source has it and nobody has begun anything.
    fn end(&self, progress: &Progress, installation: &Installation, own: &ControlRow) -> Result<(), Failure> {
        let differed = self.differing(progress, own)?;
        self.still_read_only()?;
        if differed > 0 || serves(installation)? {
            let failure = Failure::cannot(format_args!(
                "end the copy: {differed} rows differ when they are read back, or a process has begun to write meanwhile; \
                 stop servers and other commands, and give the command again"
            ));
            return Err(self.unless_over(failure, own));
        }
        self.unmarked(own)?;
        block_on(self.copy.store.close());
        Ok(())
    }
}
