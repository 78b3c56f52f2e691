//! A file into rows: streaming, in bounded memory, with line numbers; a bad row is handed on as bad and the next
//! row is read as if it had not been there.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use crate::facts::fault::{Fault, Reason};
use crate::files::decode::Encoding;
use crate::files::split::{BadRow, Cells, Marks};

/// How the rows of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowShape {
    /// The encoding.
    pub encoding: Encoding,
    /// What sets cells apart.
    pub marks: Marks,
    /// Whether a quoted cell may contain line ends.
    pub multiline: bool,
    /// The longest row. Unit: octets.
    pub max_octets: usize,
}

/// How many lines one row may have, where rows may have more than one.
const MAX_LINES: usize = 200;

struct Line {
    number: u64,
    octets: Vec<u8>,
    too_long: bool,
}

/// One row: its first line's number, its octets without the last line end, and its cells or why it has none.
#[derive(Debug)]
pub struct Row<'a> {
    /// Number of its first line, from 1.
    pub line: u64,
    /// The octets as they stand in the file; of a row that is too long its beginning. Personal.
    pub raw: &'a [u8],
    /// The cells.
    pub cells: Result<&'a Cells, Fault>,
}

/// Reads rows from any source of octets.
pub struct Rows<R> {
    input: R,
    shape: RowShape,
    lines_read: u64,
    waiting: VecDeque<Line>,
    current: Line,
    /// Memory of an earlier line, used again.
    spare: Vec<u8>,
    cells: Cells,
    /// How many cells the first row has.
    width: Option<usize>,
    /// Whether a quote was open at the end of the file, and no row of that many cells has come since it was opened.
    open: bool,
}

impl<R> std::fmt::Debug for Rows<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rows(at line {})", self.lines_read)
    }
}

impl<R: BufRead> Rows<R> {
    /// Reads rows of that shape.
    pub fn new(input: R, shape: RowShape) -> Self {
        let current = Line { number: 0, octets: Vec::new(), too_long: false };
        Self {
            input,
            shape,
            lines_read: 0,
            waiting: VecDeque::new(),
            current,
            spare: Vec::new(),
            cells: Cells::default(),
            width: None,
            open: false,
        }
    }

    /// Whether the file ended within a cell: it was cut off there, or is still being written.
    pub const fn ended_within_a_cell(&self) -> bool {
        self.open
    }

    /// Passes over one line without looking at it.
    ///
    /// # Errors
    /// What the source says.
    pub fn skip_line(&mut self) -> io::Result<()> {
        self.next_line().map(|_| ())
    }

    /// The next row; nothing at the end. Empty lines are passed over, and rows of nothing but empty cells, as
    /// spreadsheets write them below a table.
    ///
    /// # Errors
    /// What the source says. A bad row is not an error.
    pub fn next_row(&mut self) -> io::Result<Option<Row<'_>>> {
        let verdict = loop {
            let Some(line) = self.next_line()? else { return Ok(None) };
            // Files from older systems end with the octet 0x1A.
            if line.octets.is_empty() || line.octets == [0x1A] {
                continue;
            }
            self.spare = std::mem::replace(&mut self.current, line).octets;
            let verdict = self.judge()?;
            if verdict.is_err() || self.cells.len() == 1 || !self.cells.iter().all(str::is_empty) {
                break verdict;
            }
        };
        if verdict.is_ok() {
            let width = *self.width.get_or_insert(self.cells.len());
            self.open &= self.cells.len() != width;
        }
        let Self { current, cells, .. } = self;
        let cells = verdict.map(|()| &*cells).map_err(Fault::of_row);
        Ok(Some(Row { line: current.number, raw: &current.octets, cells }))
    }

    fn judge(&mut self) -> io::Result<Result<(), Reason>> {
        if self.current.too_long {
            return Ok(Err(Reason::TooLong));
        }
        let alone = self.split_current();
        if alone != Err(Reason::Quotes) || !self.shape.multiline || self.quotes_even(&self.current.octets) {
            return Ok(alone);
        }
        self.join_following()
    }

    /// Takes following lines in until the open quote is closed. Where that fails the first line alone is the bad
    /// row, and the lines after it are read again on their own.
    fn join_following(&mut self) -> io::Result<Result<(), Reason>> {
        let first = self.current.octets.len();
        let mut taken = VecDeque::new();
        let mut closed = false;
        while taken.len() < MAX_LINES && !closed {
            let Some(line) = self.next_line()? else {
                self.open = true;
                break;
            };
            self.current.octets.push(b'\n');
            self.current.octets.extend_from_slice(&line.octets);
            closed = !self.quotes_even(&line.octets);
            let too_long = line.too_long || self.current.octets.len() > self.shape.max_octets;
            taken.push_back(line);
            if too_long {
                closed = false;
                break;
            }
        }
        if closed && self.split_current().is_ok() {
            return Ok(Ok(()));
        }
        self.current.octets.truncate(first);
        taken.append(&mut self.waiting);
        self.waiting = taken;
        Ok(Err(Reason::Quotes))
    }

    fn split_current(&mut self) -> Result<(), Reason> {
        let Self { current, cells, shape, .. } = self;
        let text = shape.encoding.decode(&current.octets).ok_or(Reason::Encoding)?;
        cells.split(&text, shape.marks).map_err(|(BadRow::Open | BadRow::Stray)| Reason::Quotes)
    }

    fn quotes_even(&self, octets: &[u8]) -> bool {
        let quotes = octets.iter().filter(|octet| Some(**octet) == self.shape.marks.quote).count();
        quotes.is_multiple_of(2)
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.waiting.pop_front() {
            return Ok(Some(line));
        }
        let mut octets = std::mem::take(&mut self.spare);
        octets.clear();
        let Some(too_long) = read_bounded(&mut self.input, &mut octets, self.shape.max_octets)? else {
            return Ok(None);
        };
        self.lines_read += 1;
        if octets.last() == Some(&b'\r') {
            octets.pop();
        }
        if self.lines_read == 1 && octets.starts_with(b"\xEF\xBB\xBF") {
            octets.drain(..3);
        }
        Ok(Some(Line { number: self.lines_read, octets, too_long }))
    }
}

/// Reads to the next line end, keeping at most `most` octets; says whether there were more. Nothing at the end.
fn read_bounded(input: &mut impl BufRead, line: &mut Vec<u8>, most: usize) -> io::Result<Option<bool>> {
    let mut too_long = false;
    let mut anything = false;
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(anything.then_some(too_long));
        }
        anything = true;
        let end = available.iter().position(|octet| *octet == b'\n');
        let piece = available.get(..end.unwrap_or(available.len())).unwrap_or(available);
        let room = most.saturating_sub(line.len());
        line.extend_from_slice(piece.get(..room).unwrap_or(piece));
        too_long |= piece.len() > room;
        let used = end.map_or(available.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(Some(too_long));
        }
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
