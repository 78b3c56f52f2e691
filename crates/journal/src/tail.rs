//! What is durable but not yet published, and the rows of entries that no index file has yet.

use std::collections::VecDeque;
use std::sync::Arc;

use honnin_seal::Digest;

use crate::chain::Head;
use crate::index::Row;
use crate::merkle::Edge;
use crate::others::{self, Look, Others};
use crate::segment::Frame;

/// The newest entries, in memory.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// Entries below this index are published.
    pub(crate) published: u64,
    /// The right edge of the published tree: what answers are checked against.
    pub(crate) edge: Arc<Edge>,
    frames: VecDeque<Arc<Frame>>,
    /// Index of the first row.
    pub(crate) first_row: u64,
    pub(crate) rows: VecDeque<Row>,
    /// Looks by others.
    pub(crate) others: Others,
    /// The index the next entry gets.
    pub(crate) next: u64,
    /// The check of the last frame.
    pub(crate) tag: Digest,
}

impl Tail {
    pub(crate) fn push(&mut self, frame: Frame, rows: Vec<Row>) {
        for (index, row) in (frame.first..).zip(&rows).filter(|(_, row)| row.is_by_other()) {
            self.others.push(Look { owner: row.owner, moment: row.moment, index }, others::MOST);
        }
        (self.next, self.tag) = (frame.end(), frame.tag);
        self.frames.push_back(Arc::new(frame));
        self.rows.extend(rows);
    }

    /// How far the log has come.
    pub(crate) fn head(&self) -> Head {
        Head { size: self.next, tag: self.tag }
    }

    /// The oldest frames that are not published, whole ones up to about so many entries.
    pub(crate) fn unpublished(&self, about: usize) -> Vec<Arc<Frame>> {
        let mut count = 0;
        let fits = |frame: &&Arc<Frame>| {
            let before = count;
            count += frame.leaves.len();
            before < about
        };
        self.frames.iter().take_while(fits).map(Arc::clone).collect()
    }

    /// Lets go of what is published below that index.
    pub(crate) fn set_published(&mut self, edge: Edge) {
        let size = edge.size();
        (self.published, self.edge) = (size, Arc::new(edge));
        while self.frames.front().is_some_and(|frame| frame.end() <= size) {
            self.frames.pop_front();
        }
    }

    /// Lets go of rows below that index.
    pub(crate) fn drop_rows_below(&mut self, index: u64) {
        let count = usize::try_from(index.saturating_sub(self.first_row)).unwrap_or(usize::MAX);
        let count = count.min(self.rows.len());
        self.rows.drain(..count);
        self.first_row += u64::try_from(count).unwrap_or(0);
    }

    /// The octets of an entry that is not published.
    pub(crate) fn entry(&self, index: u64) -> Option<Vec<u8>> {
        let at = self.frames.partition_point(|frame| frame.end() <= index);
        let frame = self.frames.get(at)?;
        let position = usize::try_from(index.checked_sub(frame.first)?).ok()?;
        frame.entries().get(position).map(|entry| entry.to_vec())
    }
}
