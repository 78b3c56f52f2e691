//! Patterns of file names: `利用量_*.csv`, `usage-??.tsv`.

/// A file name with `*` (any characters) and `?` (one character).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Takes a pattern; a directory in it is refused, because directories are named on the command line.
    pub fn new(text: &str) -> Option<Self> {
        let usable = !text.is_empty() && !text.contains(['/', '\\']);
        usable.then(|| Self(text.to_owned()))
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether the whole name fits.
    pub fn matches(&self, name: &str) -> bool {
        fits(&self.0, name)
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
            assert_eq!(Pattern(pattern.to_owned()).matches(name), fit, "{pattern} {name}");
        }
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
