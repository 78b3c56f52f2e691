//! The index: from a pseudonym to the entries that name it. Derived from the log; what it says is checked against the
//! signed tree, and what it lacks is noticed, because each of its blocks has a check ([`crate::run`]).
//!
//! Each 65,536 entries get a run; sixteen runs of one length become one. So a question looks into some thirty runs,
//! three blocks each, whether there are a million entries or a hundred million, and the index holds nothing in memory.

use std::collections::VecDeque;
use std::fs;
use std::io;

use honnin_terms::Moment;

use crate::bundle::WIDE;
use crate::chain::Chain;
use crate::disk::Disk;
use crate::pace::Steps;
use crate::publish::MORE;
use crate::queue::hold;
use crate::run::{ACT, FAILED, FAN, Item, OWNER, Run, Stretch, TOP, VIEWER, Writing, prefix};
use crate::shelf::Shared;
use crate::tiles::Tiles;
use crate::{Entry, Kind, Pseudonym, others, parse_entry};

/// Entries of the shortest run.
pub(crate) const CHUNK: u64 = 65_536;
/// Rows that are taken in one step.
const ROWS: usize = 4_096;
/// Items that are written in one step: sixteen blocks.
const ITEMS: u64 = 16 * 340;
/// The items of a chunk are sorted in so many parts, as a power of two.
const PART_BITS: u32 = 5;

/// A question to the index.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The pseudonyms of one person, one for each key epoch.
    pub pseudonyms: &'a [Pseudonym],
    /// From this moment on.
    pub from: Moment,
    /// Before this moment.
    pub to: Moment,
    /// Only entries below this index: the last one of the page before.
    pub before: Option<u64>,
    /// At most so many entries.
    pub limit: usize,
}

impl Query<'_> {
    /// Takes the rows that are wanted out of those from that index on, newest first, as many as there is room for.
    pub(crate) fn take_recent(
        &self,
        side: Side,
        (first, rows): (u64, &VecDeque<Row>),
        found: &mut Vec<(u64, Row)>,
    ) {
        let end = first + u64::try_from(rows.len()).unwrap_or(0);
        let below = self.before.unwrap_or(u64::MAX);
        let rows = (first..end).rev().zip(rows.iter().rev());
        let wanted = rows.filter(|(index, row)| *index < below && row.matches(self, side));
        let room = self.limit.saturating_sub(found.len());
        found.extend(wanted.map(|(index, row)| (index, *row)).take(room));
    }
}

/// Which side of an entry is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Viewer,
    Owner,
    /// Any owner whom somebody else looked at: asked for by [`others::NAME`].
    Others,
    /// The owner's, and no look but something done: an act.
    Act,
    /// The owner's, and a sign-in that failed.
    Failed,
}

impl Side {
    pub(crate) const fn flag(self) -> u32 {
        match self {
            Self::Viewer => VIEWER,
            Self::Owner | Self::Others => OWNER,
            Self::Act => ACT,
            Self::Failed => FAILED,
        }
    }
}

/// What the index needs of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) moment: Moment,
    pub(crate) order: Moment,
    viewer: Pseudonym,
    pub(crate) owner: Pseudonym,
    sort: Sort,
}

/// What sort of entry it is to its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Look,
    LookByOther,
    Act,
    Failed,
}

impl Row {
    pub(crate) fn of(entry: &Entry) -> Self {
        let Entry { moment, order, viewer, owner, .. } = *entry;
        let sort = if others::is_by_other(entry) {
            Sort::LookByOther
        } else if entry.kind == Kind::Disclosure {
            Sort::Look
        } else if entry.kind == Kind::SignInFailed {
            Sort::Failed
        } else {
            Sort::Act
        };
        Self { moment, order, viewer, owner, sort }
    }

    /// Whether somebody else than the owner looked.
    pub(crate) fn is_by_other(self) -> bool {
        self.sort == Sort::LookByOther
    }

    /// The same at that place in the order.
    pub(crate) fn at(self, order: Moment) -> Self {
        Self { order, ..self }
    }

    pub(crate) fn matches(&self, query: &Query<'_>, side: Side) -> bool {
        let Self { moment, order: _, viewer, owner, sort } = self;
        let is_named = match side {
            Side::Viewer => query.pseudonyms.contains(viewer),
            Side::Owner => query.pseudonyms.contains(owner),
            Side::Others => self.is_by_other(),
            Side::Act => *sort == Sort::Act && query.pseudonyms.contains(owner),
            Side::Failed => *sort == Sort::Failed && query.pseudonyms.contains(owner),
        };
        query.from <= *moment && *moment < query.to && is_named
    }

    fn items(&self, offset: u32) -> impl Iterator<Item = Item> {
        let item = |name, sides| Item { prefix: prefix(name), offset, sides };
        let both = self.viewer == self.owner;
        let owners = match self.sort {
            Sort::Look | Sort::LookByOther => OWNER,
            Sort::Act => OWNER | ACT,
            Sort::Failed => OWNER | FAILED,
        };
        let first = item(self.viewer, if both { VIEWER | owners } else { VIEWER });
        let other = self.is_by_other().then(|| item(others::NAME, OWNER));
        [Some(first), (!both).then(|| item(self.owner, owners)), other].into_iter().flatten()
    }
}

/// The rows of published entries from one index to another, in order.
pub(crate) fn rows_of(tiles: Tiles<'_>, start: u64, end: u64) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut index = start;
    while index < end {
        let number = index / WIDE;
        for (at, octets) in (number * WIDE..).zip(tiles.bundle(number)?) {
            if (index..end).contains(&at) {
                let entry = parse_entry(&octets)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                rows.push(Row::of(&entry));
            }
        }
        index = (number + 1) * WIDE;
    }
    Ok(rows)
}

/// What the index of a log is made with.
pub(crate) struct Maker<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) tiles: Tiles<'a>,
    pub(crate) chain: &'a Chain,
    pub(crate) minimum: u64,
}

impl<'a> Maker<'a> {
    /// Writes a run beside its place, then puts it there: whole or not at all. It need not be durable, because it is
    /// checked whenever it is read and can be made again.
    fn write(
        &self,
        stretch: Stretch,
        items: u64,
        moments: (i64, i64),
        each: impl Iterator<Item = io::Result<Item>>,
        steps: &mut Steps<'_>,
    ) -> io::Result<()> {
        let path = stretch.path(self.tiles.dir);
        fs::create_dir_all(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
        let beside = path.with_extension("tmp");
        let file = self.disk.create(&beside)?;
        let mut writing = Writing::begin(file, stretch, items, moments, self.chain)?;
        for (count, item) in (1..).zip(each) {
            writing.push(item?)?;
            if u64::is_multiple_of(count, ITEMS) {
                steps.done();
            }
        }
        drop(writing.finish()?);
        self.disk.rename(&beside, &path)
    }

    /// Writes the run of one chunk, of its rows from `first` on.
    pub(crate) fn chunk(
        &self,
        number: u64,
        first: u64,
        rows: &[Row],
        steps: &mut Steps<'_>,
    ) -> io::Result<()> {
        let stretch = Stretch { level: 0, number };
        let offset = |index: u64| u32::try_from(index - stretch.start()).unwrap_or(0);
        // By the first bits of the pseudonym, so that each part is sorted in a step of its own.
        let mut parts: Vec<Vec<Item>> = vec![Vec::new(); 1 << PART_BITS];
        for (first, rows) in (first..).step_by(ROWS).zip(rows.chunks(ROWS)) {
            for item in (first..).zip(rows).flat_map(|(index, row)| row.items(offset(index))) {
                let part = usize::try_from(item.prefix >> (u64::BITS - PART_BITS)).unwrap_or(0);
                if let Some(part) = parts.get_mut(part) {
                    part.push(item);
                }
            }
            steps.done();
        }
        for part in &mut parts {
            part.sort_unstable();
            steps.done();
        }
        let millis = |moment: Option<Moment>| moment.unwrap_or(Moment::EPOCH).millis();
        let earliest = millis(rows.iter().map(|row| row.moment).min());
        let latest = millis(rows.iter().map(|row| row.moment).max());
        let count = u64::try_from(parts.iter().map(Vec::len).sum::<usize>()).unwrap_or(0);
        self.write(stretch, count, (earliest, latest), parts.into_iter().flatten().map(Ok), steps)
    }

    /// Makes one run of the sixteen it is made up of.
    fn merge(&self, stretch: Stretch, steps: &mut Steps<'_>) -> io::Result<()> {
        let mut runs = Vec::new();
        let (mut items, mut moments) = (0, None);
        for (place, part) in (0u32..).zip(stretch.parts()) {
            if part.end() <= self.minimum {
                continue;
            }
            let run = self.open(part)?;
            items += run.items;
            let (earliest, latest) = moments.unwrap_or(run.moments);
            moments = Some((run.moments.0.min(earliest), run.moments.1.max(latest)));
            let length = u32::try_from(part.chunks() * CHUNK).unwrap_or(0);
            runs.push((place * length, run.all().peekable()));
        }
        let each = std::iter::from_fn(|| {
            let ahead = |(at, (shift, run)): (usize, &mut (u32, std::iter::Peekable<_>))| {
                let item: Option<&io::Result<Item>> = run.peek();
                item.map(|item| (item.as_ref().ok().map(|item| (item.prefix, item.offset + *shift)), at))
            };
            let (_, least) = runs.iter_mut().enumerate().filter_map(ahead).min()?;
            let (shift, run) = runs.get_mut(least)?;
            let item = run.next()?;
            Some(item.map(|item| Item { offset: item.offset + *shift, ..item }))
        });
        self.write(stretch, items, moments.unwrap_or_default(), each, steps)
    }

    /// Makes a run anew, from the log where there is nothing else.
    pub(crate) fn make(&self, stretch: Stretch) -> io::Result<()> {
        if stretch.level > 0 {
            return self.merge(stretch, &mut Steps::at_once());
        }
        let first = stretch.start().max(self.minimum);
        let rows = rows_of(self.tiles, first, stretch.end())?;
        self.chunk(stretch.number, first, &rows, &mut Steps::at_once())
    }

    /// A run of the index; where it is missing it is made.
    pub(crate) fn open(&self, stretch: Stretch) -> io::Result<Run<'a>> {
        Run::open(self.tiles.dir, stretch, self.chain).or_else(|error| {
            tracing::warn!(%error, level = stretch.level, number = stretch.number, "a run of the journal's index is made anew");
            self.make(stretch)?;
            Run::open(self.tiles.dir, stretch, self.chain)
        })
    }
}

impl Shared {
    /// What its index is made with, of what is published.
    pub(crate) fn maker(&self) -> Maker<'_> {
        let (size, minimum) = (hold(&self.tail).published, hold(&self.kept).minimum);
        Maker { disk: &*self.disk, tiles: Tiles { dir: &self.dir, size }, chain: &self.chain, minimum }
    }
}

/// Moves the rows of chunks that are wholly published from memory to runs.
pub(crate) fn write_full_chunks(shared: &Shared, steps: &mut Steps<'_>) -> io::Result<()> {
    loop {
        let (chunk, first, count) = {
            let tail = hold(&shared.tail);
            let chunk = tail.first_row / CHUNK;
            let end = (chunk + 1) * CHUNK;
            if tail.published < end {
                return Ok(());
            }
            (chunk, tail.first_row, usize::try_from(end - tail.first_row).unwrap_or(usize::MAX))
        };
        // A part at a time: the writer waits for who looks into the tail. None of these rows leaves it but by us.
        let mut rows = Vec::new();
        for from in (0..count).step_by(ROWS) {
            rows.extend(hold(&shared.tail).rows.iter().skip(from).take(ROWS.min(count - from)));
            steps.done();
        }
        let maker = shared.maker();
        maker.chunk(chunk, first, &rows, steps)?;
        drop(rows);
        let mut merged = Vec::new();
        let (mut level, mut next) = (0, chunk + 1);
        while level < TOP && next.is_multiple_of(FAN) {
            (level, next) = (level + 1, next / FAN);
            let stretch = Stretch { level, number: next - 1 };
            steps.with_more(MORE);
            maker.merge(stretch, steps)?;
            merged.push(stretch);
        }
        // From here on the longer run answers; a question that has begun finds the shorter ones gone and begins anew.
        hold(&shared.tail).drop_rows_below((chunk + 1) * CHUNK);
        for part in merged.into_iter().flat_map(Stretch::parts) {
            shared.disk.remove(&part.path(&shared.dir))?;
        }
    }
}
