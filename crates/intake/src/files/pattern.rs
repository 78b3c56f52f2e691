//! Patterns of file names: `利用量_*.csv`, `usage-??.tsv`.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// A file name with `*` (any characters) and `?` (one character).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// The same in the form names are compared in.
    composed: String,
}

/// A file name in the form names are compared in: some systems write が as か and a mark of its own.
pub fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// A text in the form texts are compared in; as it stands where it is in that form, as almost all are.
pub(crate) fn in_one_form(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(composed(text))
    }
}

impl Pattern {
    /// Takes a pattern; a directory in it is refused, because directories are named on the command line.
    pub fn new(text: &str) -> Option<Self> {
        let usable = !text.is_empty() && !text.contains(['/', '\\']);
        usable.then(|| Self { text: text.to_owned(), composed: composed(text) })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the whole name fits.
    pub fn matches(&self, name: &str) -> bool {
        fits(&self.composed, &composed(name))
    }

    /// Whether the whole name fits but for capital and small letters.
    pub fn matches_but_for_case(&self, name: &str) -> bool {
        !self.matches(name) && fits(&self.composed.to_lowercase(), &composed(name).to_lowercase())
    }

    /// What it ends with from its last point on, in small letters: `.csv`.
    pub fn ending(&self) -> Option<String> {
        self.composed.rfind('.').and_then(|at| self.composed.get(at..)).map(str::to_lowercase)
    }
}

/// Walks both once; after a `*` it goes back at most to the last one, so time is bounded by the product of lengths.
fn fits(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before = pattern.clone();
        match (pattern.next(), name.clone().next()) {
            (Some('*'), _) => retry = Some((before, name.clone())),
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                name.next();
            }
            _ => {
                let Some((star, mut rest)) = retry.take() else { return false };
                if rest.next().is_none() {
                    return false;
                }
                name = rest;
                pattern = star;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stars_and_question_marks_fit_whole_names() {
        for (pattern, name, fit) in [
            ("利用量_*.csv", "利用量_202610.csv", true),
            ("利用量_*.csv", "利用量_202610.csv.bak", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("*a*b", "xaxbxb", true),
            ("**x", "x", true),
            ("請求.csv", "請求明細.csv", false),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().matches(name), fit, "{pattern} {name}");
        }
        let apart = "テ\u{3099}ータ.csv";
        assert!(
            Pattern::new("データ*.csv").unwrap().matches(apart)
                && Pattern::new(apart).unwrap().matches("データ.csv")
        );
        let small = Pattern::new("buckets*.csv").unwrap();
        assert!(small.matches_but_for_case("BUCKETS.CSV") && !small.matches("BUCKETS.CSV"));
        assert!(!small.matches_but_for_case("buckets.csv") && !small.matches_but_for_case("bucket.csv"));
        assert!(Pattern::new("a/b").is_none() && Pattern::new("").is_none());
    }

    proptest! {
        #[test]
        fn a_name_fits_itself_and_any_pattern_ends(pattern in "[ab*?]{0,16}", name in "[ab]{0,16}") {
            prop_assert!(fits(&name, &name));
            let _ = fits(&pattern, &name);
            let around = format!("*{name}*");
            prop_assert!(fits(&around, &name));
        }
    }
}
