//! Rows for a spreadsheet: CSV (RFC 4180) in UTF-8 with a byte order mark, which spreadsheets in Japan ask for.
//!
//! A text that a spreadsheet would take for a formula is led by an apostrophe. Numbers are whole and exact.

/// Begins the file, so that a spreadsheet knows that it is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What begins a formula, in the widths a Japanese keyboard has; and what would hide one behind it.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Text of a person or a ledger.
    Text(&'a str),
    /// A whole number.
    Number(i64),
    /// Nothing, where something is not known or does not apply.
    Nothing,
}

/// Rows on their way into a file.
#[derive(Debug)]
pub struct Rows {
    out: String,
}

impl Rows {
    /// Begins a file with its headings.
    pub fn headed(names: &[&str]) -> Self {
        let mut rows = Self { out: BYTE_ORDER_MARK.to_owned() };
        let cells: Vec<Cell<'_>> = names.iter().map(|name| Cell::Text(name)).collect();
        rows.row(&cells);
        rows
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[Cell<'_>]) {
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                self.out.push(',');
            }
            match cell {
                Cell::Text(text) => self.text(text),
                Cell::Number(number) => self.out.push_str(&number.to_string()),
                Cell::Nothing => {}
            }
        }
        self.out.push_str("\r\n");
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        // Spreadsheets pass over blanks in front, so they do not disarm what comes behind them.
        if text.starts_with(FORMULA) || text.trim_start().starts_with(FORMULA) {
            self.out.push('\'');
        }
        self.out.push_str(&text.replace('"', "\"\""));
        self.out.push('"');
    }

    /// The file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(cells: &[Cell<'_>]) -> String {
        let mut rows = Rows::headed(&["項目", "金額"]);
        rows.row(cells);
        String::from_utf8(rows.into_bytes()).unwrap()
    }

    #[test]
    fn a_file_says_that_it_is_utf_8_and_ends_each_row_as_the_standard_does() {
        let file = file(&[Cell::Text("基本料"), Cell::Number(-990)]);
        assert_eq!(file, "\u{feff}\"項目\",\"金額\"\r\n\"基本料\",-990\r\n");
    }

    #[test]
    fn what_a_spreadsheet_would_take_for_a_formula_is_text() {
        for hostile in [
            "=HYPERLINK(\"x\")",
            "+1",
            "-2+3",
            "@SUM(A1)",
            "＝1+1",
            "\t=1",
            "\r=1",
            "\n=1",
            "  =1",
            "\u{a0}=1",
        ] {
            let file = file(&[Cell::Text(hostile), Cell::Nothing]);
            let written = format!("\"'{}\",\r\n", hostile.replace('"', "\"\""));
            assert!(file.ends_with(&written), "{hostile:?} is written {file:?}");
        }
    }

    #[test]
    fn commas_quotes_and_line_breaks_stay_within_their_cell() {
        let file = file(&[Cell::Text("a,\"b\"\r\nc"), Cell::Number(i64::MAX)]);
        assert!(file.ends_with("\"a,\"\"b\"\"\r\nc\",9223372036854775807\r\n"), "{file:?}");
    }
}
