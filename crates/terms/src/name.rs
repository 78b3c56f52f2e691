//! What an account calls one of its lines.

use std::fmt;
use std::str::FromStr;

/// The most characters of a line's name.
pub const LONGEST_LINE_NAME: usize = 20;

/// So many octets at most: four a character.
const MOST_OCTETS: usize = 4 * LONGEST_LINE_NAME;

/// What an account calls one of its lines: a few visible characters in one row. Bounds stand here and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct LineName(String);

/// Why a text is no name of a line. The text itself is never told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLineName {
    /// Nothing is left of it without spaces.
    #[error("cannot name a line: the name is empty; give it one character at least")]
    Empty,
    /// It has too many characters.
    #[error("cannot name a line: the name has more than {LONGEST_LINE_NAME} characters; shorten it")]
    Long,
    /// It has characters that cannot be seen, or that turn others round.
    #[error("cannot name a line: the name has invisible characters; remove them")]
    Invisible,
}

/// Characters that are not seen, or that change the order of those that are. The joiner of emoji is none of them.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
        || letter.is_control()
}

impl FromStr for LineName {
    type Err = BadLineName;

    /// Takes a text as it was typed: spaces at its ends go, several become one.
    fn from_str(text: &str) -> Result<Self, BadLineName> {
        let mut name = String::new();
        for word in text.split_whitespace() {
            if !name.is_empty() {
                name.push(' ');
            }
            if name.len() + word.len() > MOST_OCTETS {
                return Err(BadLineName::Long);
            }
            name.push_str(word);
        }
        let seen = |letter: char| letter != ' ' && letter != '\u{200d}' && !is_variation(letter);
        if name.chars().any(is_invisible) {
            return Err(BadLineName::Invisible);
        }
        if !name.chars().any(seen) {
            return Err(if name.is_empty() { BadLineName::Empty } else { BadLineName::Invisible });
        }
        if name.chars().count() > LONGEST_LINE_NAME {
            return Err(BadLineName::Long);
        }
        Ok(Self(name))
    }
}

/// How the letter before it is drawn.
const fn is_variation(letter: char) -> bool {
    matches!(letter, '\u{fe00}'..='\u{fe0f}')
}

impl LineName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineName(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Result<String, BadLineName> {
        text.parse::<LineName>().map(|name| name.as_str().to_owned())
    }

    #[test]
    fn a_name_is_taken_as_it_was_meant() {
        for (typed, name) in [
            ("はな", "はな"),
            ("  おばあちゃん　の 電話 ", "おばあちゃん の 電話"),
            ("👨\u{200d}👩\u{200d}👧 ☎\u{fe0f}", "👨\u{200d}👩\u{200d}👧 ☎\u{fe0f}"),
            ("a\r\nb\tc", "a b c"),
            ("𠮷野家𠮷野家𠮷野家𠮷野家𠮷野家𠮷野家𠮷野", "𠮷野家𠮷野家𠮷野家𠮷野家𠮷野家𠮷野家𠮷野"),
        ] {
            assert_eq!(named(typed).as_deref(), Ok(name));
        }
    }

    #[test]
    fn what_cannot_be_read_on_a_page_is_no_name() {
        for (typed, problem) in [
            ("", BadLineName::Empty),
            (" \u{3000}\n", BadLineName::Empty),
            ("あいうえおかきくけこさしすせそたちつてとな", BadLineName::Long),
            ("は\u{200b}な", BadLineName::Invisible),
            ("\u{202e}なは", BadLineName::Invisible),
            ("\u{200d}", BadLineName::Invisible),
            ("\u{fe0f}", BadLineName::Invisible),
            ("\u{3164}", BadLineName::Invisible),
            ("a\u{0}b", BadLineName::Invisible),
        ] {
            assert_eq!(named(typed), Err(problem), "{typed:?}");
        }
        assert_eq!(named(&"a".repeat(1_000_000)), Err(BadLineName::Long));
        assert!(!format!("{:?}", "はな".parse::<LineName>()).contains("はな"));
    }
}
