//! One decoded row into its cells, by the rules of RFC 4180, strictly.
//!
//! A lenient reader would take a row with an open quote for a shorter one; here it is a fault.

/// How cells are set apart. Both marks are ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// Between cells.
    pub delimiter: u8,
    /// Around a cell that contains marks, where the file uses one.
    pub quote: Option<u8>,
}

/// Why a text is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRow {
    /// A quoted cell is not closed at the end of the text.
    Open,
    /// A quote inside an unquoted cell, or text after a closing quote.
    Stray,
}

/// The cells of one row; its memory is used again for the next.
#[derive(Default)]
pub struct Cells {
    text: String,
    ends: Vec<usize>,
}

impl std::fmt::Debug for Cells {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cells({})", self.ends.len())
    }
}

impl Cells {
    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The cell at that place, from 0.
    pub fn get(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(start..end)
    }

    /// All cells in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    /// Replaces the cells by those of `row`.
    ///
    /// # Errors
    /// [`BadRow`]; the cells are then of no use.
    pub fn split(&mut self, row: &str, marks: Marks) -> Result<(), BadRow> {
        self.text.clear();
        self.ends.clear();
        let mut rest = row;
        loop {
            rest = match marks.quote.and_then(|quote| rest.strip_prefix(char::from(quote))) {
                Some(quoted) => self.take_quoted(quoted, marks)?,
                None => self.take_plain(rest, marks)?,
            };
            self.ends.push(self.text.len());
            match rest.strip_prefix(char::from(marks.delimiter)) {
                Some(next) => rest = next,
                None => return Ok(()),
            }
        }
    }

    /// Takes a quoted cell whose opening quote is gone; what is left is empty or begins with the delimiter.
    fn take_quoted<'a>(&mut self, mut rest: &'a str, marks: Marks) -> Result<&'a str, BadRow> {
        let quote = char::from(marks.quote.ok_or(BadRow::Stray)?);
        loop {
            let (inside, after) = rest.split_once(quote).ok_or(BadRow::Open)?;
            self.text.push_str(inside);
            match after.strip_prefix(quote) {
                Some(doubled) => {
                    self.text.push(quote);
                    rest = doubled;
                }
                None if after.is_empty() || after.starts_with(char::from(marks.delimiter)) => {
                    return Ok(after);
                }
                None => return Err(BadRow::Stray),
            }
        }
    }

    fn take_plain<'a>(&mut self, rest: &'a str, marks: Marks) -> Result<&'a str, BadRow> {
        let end = rest.bytes().position(|octet| octet == marks.delimiter).unwrap_or(rest.len());
        let (cell, after) = rest.split_at_checked(end).ok_or(BadRow::Stray)?;
        if marks.quote.is_some_and(|quote| cell.contains(char::from(quote))) {
            return Err(BadRow::Stray);
        }
        self.text.push_str(cell);
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COMMA: Marks = Marks { delimiter: b',', quote: Some(b'"') };

    fn cells(row: &str, marks: Marks) -> Result<Vec<String>, BadRow> {
        let mut cells = Cells::default();
        cells.split(row, marks)?;
        Ok(cells.iter().map(str::to_owned).collect())
    }

    #[test]
    fn quoted_and_plain_cells_are_read() {
        assert_eq!(
            cells("\"a\",b,\"\",", COMMA),
            Ok(vec!["a".into(), "b".into(), String::new(), String::new()])
        );
        assert_eq!(cells("\"a,\"\"b\"\"\",髙", COMMA), Ok(vec!["a,\"b\"".into(), "髙".into()]));
        let plain = Marks { delimiter: b'\t', quote: None };
        assert_eq!(cells("a\"\t\"b", plain), Ok(vec!["a\"".into(), "\"b".into()]));
    }

    #[test]
    fn a_quote_that_is_open_or_stray_is_a_fault() {
        assert_eq!(cells("\"壊れた行", COMMA), Err(BadRow::Open));
        assert_eq!(cells("\"a\"b,c", COMMA), Err(BadRow::Stray));
        assert_eq!(cells("a\"b,c", COMMA), Err(BadRow::Stray));
    }

    proptest! {
        #[test]
        fn what_a_writer_of_the_same_rules_wrote_is_read_back(row in prop::collection::vec("[a\",\n髙 ]{0,6}", 1..6)) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            writer.write_record(&row).unwrap();
            let written = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(cells(written.strip_suffix('\n').unwrap(), COMMA), Ok(row));
        }

        #[test]
        fn splitting_any_text_never_panics(row in "\\PC{0,40}", delimiter in 0u8..128, quote in prop::option::of(0u8..128)) {
            drop(cells(&row, Marks { delimiter, quote }));
        }
    }
}
