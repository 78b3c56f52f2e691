//! Every word a page says, one file a language.
//!
//! The files of `languages` are found when the product is built. A key one lacks, a key nobody knows and a place that does
//! not fit do not compile. Texts are cut at their places by the compiler, not for every page anew.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;
use askama::{FastWritable, Values};

use crate::format::{Html, Show};
use crate::piece::Pieces;

pub mod keys;

pub use keys::Words;

/// Reads a language: its own tag and name, how it writes days and money, and a text for every key.
///
/// With `base` the keys it lacks are those of another language: for one that is begun.
///
/// ```
/// # use honnin_pages::words::en;
/// honnin_pages::language! {
///     tag: "x", name: "X", manner: en::WORDS.manner, base: en::WORDS,
///     home { say_low: "low: {left}", }
/// }
/// ```
///
/// A place its key does not have does not compile:
///
/// ```compile_fail
/// # use honnin_pages::words::en;
/// honnin_pages::language! {
///     tag: "x", name: "X", manner: en::WORDS.manner, base: en::WORDS,
///     home { say_low: "low: {day}", }
/// }
/// ```
///
/// Nor does a text that leaves its place out:
///
/// ```compile_fail
/// # use honnin_pages::words::en;
/// honnin_pages::language! {
///     tag: "x", name: "X", manner: en::WORDS.manner, base: en::WORDS,
///     home { say_low: "low", }
/// }
/// ```
///
/// Nor a key nobody knows:
///
/// ```compile_fail
/// # use honnin_pages::words::en;
/// honnin_pages::language! {
///     tag: "x", name: "X", manner: en::WORDS.manner, base: en::WORDS,
///     home { say_nothing: "", }
/// }
/// ```
///
/// Nor, without a base, a language that lacks a key:
///
/// ```compile_fail
/// # use honnin_pages::words::en;
/// honnin_pages::language! {
///     tag: "x", name: "X", manner: en::WORDS.manner,
///     home { say_low: "low: {left}", }
/// }
/// ```
#[macro_export]
macro_rules! language {
    (tag: $tag:literal, name: $name:literal, manner: $manner:expr, base: $base:expr,
     $($group:ident { $($key:ident: $text:tt,)* })*) => {
        /// The language.
        pub const WORDS: $crate::words::Words = $crate::words::Words {
            tag: $tag,
            name: $name,
            manner: $manner,
            $($group: $crate::words::keys::$group::Group {
                $($key: $crate::phrase!($group $key $text),)*
                ..$base.$group
            },)*
            ..$base
        };
    };
    (tag: $tag:literal, name: $name:literal, manner: $manner:expr,
     $($group:ident { $($key:ident: $text:tt,)* })*) => {
        /// The language.
        pub const WORDS: $crate::words::Words = $crate::words::Words {
            tag: $tag,
            name: $name,
            manner: $manner,
            $($group: $crate::words::keys::$group::Group {
                $($key: $crate::phrase!($group $key $text),)*
            },)*
        };
    };
}

/// One text of a language, or its forms by count.
#[doc(hidden)]
#[macro_export]
macro_rules! phrase {
    ($group:ident $key:ident { $($form:ident: $text:literal),+ $(,)? }) => {
        $crate::words::Plural::of(const {
            &[$(($crate::words::Form::$form, $crate::phrase!($group $key $text))),+]
        })
    };
    ($group:ident $key:ident $text:literal) => {{
        const TEXT: $crate::words::Cut = $crate::words::Cut::at_places($text, $crate::words::keys::$group::$key);
        $crate::words::Phrase::of(&TEXT)
    }};
}

include!(concat!(env!("OUT_DIR"), "/languages.rs"));

/// A language a page can speak.
#[derive(Clone, Copy)]
pub struct Language(&'static Words);

impl Language {
    /// A language of that file.
    pub const fn new(words: &'static Words) -> Self {
        Self(words)
    }

    /// All that were built in, the first as the one of readers who name none.
    pub const fn all() -> &'static [Self] {
        ALL
    }

    /// The tag of `lang` attributes and of the cookie (BCP 47).
    pub const fn tag(self) -> &'static str {
        self.0.tag
    }

    /// Reads the tag of the cookie or of the form.
    pub fn from_tag(tag: &str) -> Option<Self> {
        ALL.iter().copied().find(|language| language.tag() == tag)
    }

    /// What a browser wishes for by `Accept-Language`: the first of ours it names; the first of all where it names none.
    pub fn wished(header: &str) -> Self {
        let tags = header.split(',').map(|part| part.split(['-', ';']).next().unwrap_or("").trim());
        tags.into_iter().find_map(Self::from_tag).unwrap_or_default()
    }

    /// Its words.
    pub const fn words(self) -> &'static Words {
        self.0
    }
}

impl Default for Language {
    fn default() -> Self {
        Self::JA
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.tag() == other.tag()
    }
}

impl Eq for Language {}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// Which wording a count takes, by the names of Unicode's plural rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One.
    One,
    /// Two.
    Two,
    /// A few.
    Few,
    /// Many.
    Many,
    /// All others; every language has it.
    Other,
}

/// How a language writes days, counts and money.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Which wording a count takes.
    pub form: fn(u64) -> Form,
    /// The months.
    pub months: [&'static str; 12],
    /// The days of the week, Monday first.
    pub weekdays: [&'static str; 7],
    /// Digits of an hour at least.
    pub hour_digits: usize,
    /// Between groups of three digits.
    pub group: &'static str,
    /// Before the part of a whole.
    pub point: &'static str,
    /// Currencies written otherwise than with their sign in front: code, before, behind.
    pub money: &'static [(&'static str, &'static str, &'static str)],
}

/// The same wording for every count.
pub const fn one_form(_: u64) -> Form {
    Form::Other
}

/// One wording for 1, another for all others.
pub const fn one_and_other(count: u64) -> Form {
    if count == 1 { Form::One } else { Form::Other }
}

/// Places in one text at most.
const PLACES: usize = 4;

/// A text, cut at its places by the compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    text: &'static str,
    /// What stands before a place, and which of the values comes there.
    before: [(&'static str, usize); PLACES],
    places: usize,
    behind: &'static str,
    names: usize,
}

impl Cut {
    /// Cuts `text` at each `{name}`. Every name must be filled somewhere, and no other may be asked for.
    ///
    /// # Panics
    /// Where the text does not fit its key, or holds markup: when the product is compiled.
    #[expect(clippy::indexing_slicing, clippy::panic, reason = "worked out by the compiler: it stops there")]
    pub const fn at_places(text: &'static str, names: &[&str]) -> Self {
        let mut before = [("", 0); PLACES];
        let (mut places, mut behind, mut at) = (0, text, 0);
        let mut used = [false; PLACES];
        while at < behind.len() {
            match behind.as_bytes()[at] {
                b'<' | b'>' | b'&' | b'"' => panic!("a text holds no markup"),
                b'{' => {
                    let (head, tail) = behind.split_at(at);
                    let mut end = 0;
                    while end < tail.len() && tail.as_bytes()[end] != b'}' {
                        end += 1;
                    }
                    assert!(end < tail.len(), "a place begins and does not end");
                    let (name, rest) = (tail.split_at(end).0.split_at(1).1, tail.split_at(end + 1).1);
                    let value = position(names, name);
                    assert!(places < PLACES, "a text has four places at most");
                    before[places] = (head, value);
                    used[value] = true;
                    places += 1;
                    behind = rest;
                    at = 0;
                }
                _ => at += 1,
            }
        }
        let mut name = 0;
        while name < names.len() {
            assert!(used[name], "a text leaves out a place of its key");
            name += 1;
        }
        Self { text, before, places, behind, names: names.len() }
    }
}

/// Where the name stands among those of the key.
#[expect(clippy::indexing_slicing, clippy::panic, reason = "worked out by the compiler: it stops there")]
const fn position(names: &[&str], name: &str) -> usize {
    let mut at = 0;
    while at < names.len() {
        let (one, other) = (names[at].as_bytes(), name.as_bytes());
        let (mut same, mut octet) = (one.len() == other.len(), 0);
        while same && octet < one.len() {
            same = one[octet] == other[octet];
            octet += 1;
        }
        if same {
            return at;
        }
        at += 1;
    }
    panic!("a text asks for a place its key does not have")
}

/// A text of the catalogue with that many places to fill. Our own text without markup, so it is written as it stands.
/// One with places cannot be written before it is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase<const N: usize>(&'static Cut);

impl<const N: usize> Phrase<N> {
    /// The text, cut for that many places.
    ///
    /// # Panics
    /// Where it was cut for another number: when the product is compiled.
    pub const fn of(cut: &'static Cut) -> Self {
        assert!(cut.names == N, "a text is cut for the places of its key");
        Self(cut)
    }

    #[cfg(test)]
    pub(crate) fn each(self, see: &mut impl FnMut(&str)) {
        see(self.0.text);
    }

    fn fill(self, out: &mut Pieces<'_>, values: [&dyn Show; N]) -> fmt::Result {
        for (text, value) in self.0.before.iter().take(self.0.places) {
            out.write_str(text)?;
            if let Some(value) = values.get(*value) {
                value.show(out)?;
            }
        }
        out.write_str(self.0.behind)
    }
}

impl Phrase<0> {
    /// The text.
    pub const fn text(self) -> &'static str {
        self.0.text
    }
}

impl Phrase<1> {
    /// The text with its place filled.
    pub const fn with<A: Show>(self, first: A) -> Html<Filled<1, (A,)>> {
        Html(Filled { phrase: self, values: (first,) })
    }
}

impl Phrase<2> {
    /// The text with its places filled, in the order of the key.
    pub const fn with<A: Show, B: Show>(self, first: A, second: B) -> Html<Filled<2, (A, B)>> {
        Html(Filled { phrase: self, values: (first, second) })
    }
}

impl Phrase<3> {
    /// The text with its places filled, in the order of the key.
    pub const fn with<A: Show, B: Show, C: Show>(
        self,
        first: A,
        second: B,
        third: C,
    ) -> Html<Filled<3, (A, B, C)>> {
        Html(Filled { phrase: self, values: (first, second, third) })
    }
}

impl Show for Phrase<0> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        out.write_str(self.0.text)
    }
}

impl fmt::Display for Phrase<0> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.text)
    }
}

impl FastWritable for Phrase<0> {
    fn write_into(&self, out: &mut dyn fmt::Write, _: &dyn Values) -> askama::Result<()> {
        Ok(out.write_str(self.0.text)?)
    }
}

impl HtmlSafe for Phrase<0> {}

/// A text with its values.
#[derive(Debug, Clone, Copy)]
pub struct Filled<const N: usize, V> {
    phrase: Phrase<N>,
    values: V,
}

impl<A: Show> Show for Filled<1, (A,)> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        self.phrase.fill(out, [&self.values.0])
    }
}

impl<A: Show, B: Show> Show for Filled<2, (A, B)> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        self.phrase.fill(out, [&self.values.0, &self.values.1])
    }
}

impl<A: Show, B: Show, C: Show> Show for Filled<3, (A, B, C)> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        self.phrase.fill(out, [&self.values.0, &self.values.1, &self.values.2])
    }
}

/// A text whose wording follows from a count, with that many places to fill.
#[derive(Debug, Clone, Copy)]
pub struct Plural<const N: usize>(&'static [(Form, Phrase<N>)]);

impl<const N: usize> Plural<N> {
    /// The wordings a language has; the last one is for all counts without one of their own.
    ///
    /// # Panics
    /// Where [`Form::Other`] is not the last: when the product is compiled.
    pub const fn of(forms: &'static [(Form, Phrase<N>)]) -> Self {
        assert!(matches!(forms, [.., (Form::Other, _)]), "the last wording is for all other counts");
        Self(forms)
    }

    /// The wording of a count in that language.
    ///
    /// # Panics
    /// Never: there is a last wording.
    #[expect(
        clippy::expect_used,
        reason = "a wording for all other counts is there, the compiler has seen to it"
    )]
    pub fn of_count(self, count: u64, words: &Words) -> Phrase<N> {
        let form = (words.manner.form)(count);
        let found = self.0.iter().find(|(of, _)| *of == form).or(self.0.last());
        found.expect("a wording for all other counts").1
    }

    #[cfg(test)]
    pub(crate) fn each(self, see: &mut impl FnMut(&str)) {
        for (_, phrase) in self.0 {
            phrase.each(see);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Count;

    fn all(language: Language) -> Vec<(String, String)> {
        let mut found = Vec::new();
        language.words().each(&mut |key, text| found.push((key.to_owned(), text.to_owned())));
        found
    }

    #[test]
    fn no_text_is_empty_or_left_untranslated() {
        let alike = ["home.five_g", "disclosures.api"];
        let says_words = |text: &str| {
            let bare = text.split('{').map(|part| part.split_once('}').map_or(part, |(_, tail)| tail));
            bare.collect::<String>().chars().any(char::is_alphabetic)
        };
        let (ja, en) = (all(Language::JA), all(Language::EN));
        for (key, text) in &ja {
            assert!(!text.trim().is_empty(), "{key}");
            let twin = en.iter().find(|(other, _)| other == key).unwrap();
            assert!(*text != twin.1 || !says_words(text) || alike.contains(&key.as_str()), "{key}: {text}");
        }
        for (key, text) in en {
            assert!(!text.trim().is_empty() && !text.chars().any(|c| c >= '\u{3000}'), "{key}: {text}");
        }
    }

    #[test]
    fn a_text_is_filled_in_the_order_of_its_language() {
        const CUT: Cut = Cut::at_places("{two} of {one}{three}.", &["one", "two", "three"]);
        let filled = Phrase::<3>::of(&CUT).with(Count(8), Count(3), Count(0));
        assert_eq!(filled.to_string(), "3 of 80.");
    }

    #[test]
    fn a_count_takes_the_wording_of_its_language() {
        let said = |language: Language, count| {
            let words = language.words();
            words.home.in_days.of_count(count, words).with(Count(count)).to_string()
        };
        assert_eq!([said(Language::EN, 1), said(Language::EN, 2)], ["in 1 day", "in 2 days"]);
        assert_eq!([said(Language::JA, 1), said(Language::JA, 2)], ["あと1日", "あと2日"]);
    }

    #[test]
    fn a_browser_is_answered_in_the_first_language_of_ours_it_names() {
        for (header, language) in [
            ("", Language::JA),
            ("fr-FR, en;q=0.8, ja;q=0.7", Language::EN),
            ("ja-JP", Language::JA),
            ("zh, *", Language::JA),
        ] {
            assert_eq!(Language::wished(header), language, "{header}");
        }
    }
}
