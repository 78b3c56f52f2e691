//! One file of an extract, written row by row.

use std::collections::HashMap;
use std::fmt::{Display, Write as _};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use encoding_rs::SHIFT_JIS;

/// A file of an extract: CP932, CRLF, every field in quotes.
#[derive(Debug)]
pub struct Sheet {
    file: BufWriter<File>,
    text: String,
    row: Vec<u8>,
    // Finding a kanji's octets is a search through a table; the same few words come again in every row.
    words: HashMap<String, Vec<u8>>,
}

const MOST_WORDS: usize = 4096;

impl Sheet {
    /// Makes the file and writes its headings.
    ///
    /// # Errors
    /// Those of the disk; a character that CP932 has not.
    pub fn create(dir: &Path, name: &str, headings: &[&str]) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 20, File::create(dir.join(name))?);
        let mut sheet = Self { file, text: String::new(), row: Vec::new(), words: HashMap::new() };
        let headings: Vec<&dyn Display> = headings.iter().map::<&dyn Display, _>(|heading| heading).collect();
        sheet.row(&headings)?;
        Ok(sheet)
    }

    /// Writes a row.
    ///
    /// # Errors
    /// Those of the disk; a character that CP932 has not.
    pub fn row(&mut self, fields: &[&dyn Display]) -> io::Result<()> {
        self.row.clear();
        for (place, field) in fields.iter().enumerate() {
            self.row.extend_from_slice(if place == 0 { b"\"" } else { b",\"" });
            self.text.clear();
            write!(self.text, "{field}").map_err(io::Error::other)?;
            if self.text.contains('"') {
                self.text = self.text.replace('"', "\"\"");
            }
            if self.text.is_ascii() {
                self.row.extend_from_slice(self.text.as_bytes());
            } else if let Some(known) = self.words.get(&self.text) {
                self.row.extend_from_slice(known);
            } else {
                let octets = encode(&self.text)?;
                self.row.extend_from_slice(&octets);
                if self.words.len() < MOST_WORDS {
                    self.words.insert(self.text.clone(), octets);
                }
            }
            self.row.push(b'"');
        }
        self.row.extend_from_slice(b"\r\n");
        self.file.write_all(&self.row)
    }

    /// Writes out what is still buffered.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn encode(text: &str) -> io::Result<Vec<u8>> {
    let (octets, _, lossy) = SHIFT_JIS.encode(text);
    if lossy {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{text:?} has a character CP932 has not"),
        ));
    }
    Ok(octets.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_quoted_cp932_with_crlf() {
        let dir = honnin_testkit::TestDir::new();
        let mut sheet = Sheet::create(dir.path(), "a.csv", &["会員ID", "氏名"]).unwrap();
        sheet.row(&[&7, &"髙木　\"美咲\""]).unwrap();
        sheet.row(&[&8, &"髙木　\"美咲\""]).unwrap();
        sheet.finish().unwrap();
        let octets = std::fs::read(dir.join("a.csv")).unwrap();
        let (text, _, broken) = SHIFT_JIS.decode(&octets);
        assert!(!broken);
        assert_eq!(
            text,
            "\"会員ID\",\"氏名\"\r\n\"7\",\"髙木　\"\"美咲\"\"\"\r\n\"8\",\"髙木　\"\"美咲\"\"\"\r\n"
        );
        assert!(octets.windows(2).any(|pair| pair == [0xfb, 0xfc]), "髙 stands where Windows puts it");
    }

    #[test]
    fn a_character_that_cp932_has_not_is_refused() {
        let dir = honnin_testkit::TestDir::new();
        assert!(Sheet::create(dir.path(), "a.csv", &["😀"]).is_err());
    }
}
