//! Every word a page says, in Japanese and English, side by side. A phrase that lacks a language does not compile.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;
use askama::{FastWritable, Values};

use crate::format::{Html, Show};
use crate::piece::Pieces;

/// Declares groups of phrases: one struct per group, and its two languages as constants.
macro_rules! words {
    ($($(#[$doc:meta])* $group:ident { $($name:ident: $ja:literal, $en:literal;)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $group { $(#[doc = $en] pub $name: $crate::words::Phrase,)+ }

        impl $group {
            pub(super) const JA: Self = Self { $($name: $crate::words::Phrase::new($ja),)+ };
            pub(super) const EN: Self = Self { $($name: $crate::words::Phrase::new($en),)+ };
            #[cfg(test)]
            pub(super) const ALL: &'static [(&'static str, &'static str, &'static str)] =
                &[$((stringify!($name), $ja, $en),)+];
        }
    )+};
}

mod account;
mod data;
mod document;
mod money;
mod problem;
mod shell;

pub use account::{
    ActivateWords, DeviceWords, DisclosureWords, LineWords, MergeWords, NoticeWords, SettingWords,
    SignInWords,
};
pub use data::{BucketWords, HomeWords, SpeedWords, UsageWords};
pub use document::{DocumentWords, ExportWords};
pub use money::{BillWords, ContractWords, PurchaseWords};
pub use problem::ProblemWords;
pub use shell::ShellWords;

/// A language a page can speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ja, Self::En];

    /// The tag of `lang` attributes and of the cookie (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// Reads the tag of the cookie or of the form.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// What a browser wishes for by `Accept-Language`: the first of ours it names; Japanese where it names none.
    pub fn wished(header: &str) -> Self {
        let tags = header.split(',').map(|part| part.split(['-', ';']).next().unwrap_or("").trim());
        tags.into_iter().find_map(Self::from_tag).unwrap_or_default()
    }

    /// Its words.
    pub const fn words(self) -> &'static Words {
        match self {
            Self::Ja => &Words::JA,
            Self::En => &Words::EN,
        }
    }
}

/// All phrases of one language, by page.
#[derive(Debug)]
pub struct Words {
    /// Frame of every page.
    pub shell: ShellWords,
    /// Sign-in.
    pub sign_in: SignInWords,
    /// Activation and a new password.
    pub activate: ActivateWords,
    /// Home.
    pub home: HomeWords,
    /// Usage.
    pub usage: UsageWords,
    /// Buckets.
    pub buckets: BucketWords,
    /// High speed.
    pub speed: SpeedWords,
    /// Bills.
    pub bills: BillWords,
    /// Documents to keep.
    pub document: DocumentWords,
    /// The export.
    pub export: ExportWords,
    /// Purchases.
    pub purchases: PurchaseWords,
    /// Contract.
    pub contract: ContractWords,
    /// Lines.
    pub lines: LineWords,
    /// Notices.
    pub notices: NoticeWords,
    /// Devices.
    pub devices: DeviceWords,
    /// Who has seen my data.
    pub disclosures: DisclosureWords,
    /// Agreeing to a merge of accounts.
    pub merge: MergeWords,
    /// Settings.
    pub settings: SettingWords,
    /// What went wrong.
    pub problem: ProblemWords,
}

macro_rules! language {
    ($name:ident) => {
        Self {
            shell: ShellWords::$name,
            sign_in: SignInWords::$name,
            activate: ActivateWords::$name,
            home: HomeWords::$name,
            usage: UsageWords::$name,
            buckets: BucketWords::$name,
            speed: SpeedWords::$name,
            bills: BillWords::$name,
            document: DocumentWords::$name,
            export: ExportWords::$name,
            purchases: PurchaseWords::$name,
            contract: ContractWords::$name,
            lines: LineWords::$name,
            notices: NoticeWords::$name,
            devices: DeviceWords::$name,
            disclosures: DisclosureWords::$name,
            merge: MergeWords::$name,
            settings: SettingWords::$name,
            problem: ProblemWords::$name,
        }
    };
}

impl Words {
    /// Japanese.
    pub const JA: Self = language!(JA);
    /// English.
    pub const EN: Self = language!(EN);
}

/// A phrase of the catalogue. Our own text without markup, so it is written as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase {
    text: &'static str,
    /// Where a place to fill stands, and the digit in it; found by the compiler, not for every page anew.
    places: [Option<(usize, u8)>; PLACES],
}

/// Places of a phrase at most.
const PLACES: usize = 3;

impl Phrase {
    #[expect(clippy::indexing_slicing, reason = "worked out by the compiler, within bounds")]
    const fn new(text: &'static str) -> Self {
        let octets = text.as_bytes();
        let mut places = [None; PLACES];
        let (mut at, mut count) = (0, 0);
        while at < octets.len() {
            if octets[at] == b'{' {
                places[count] = Some((at, octets[at + 1]));
                count += 1;
            }
            at += 1;
        }
        Self { text, places }
    }

    /// The text.
    pub const fn text(self) -> &'static str {
        self.text
    }

    /// The phrase with `{0}` filled in.
    pub const fn with<A: Show>(self, first: A) -> Html<Filled<A, (), ()>> {
        Html(Filled { phrase: self, parts: (first, (), ()) })
    }

    /// The phrase with `{0}` and `{1}` filled in.
    pub const fn with2<A: Show, B: Show>(self, first: A, second: B) -> Html<Filled<A, B, ()>> {
        Html(Filled { phrase: self, parts: (first, second, ()) })
    }

    /// The phrase with `{0}`, `{1}` and `{2}` filled in.
    pub const fn with3<A: Show, B: Show, C: Show>(
        self,
        first: A,
        second: B,
        third: C,
    ) -> Html<Filled<A, B, C>> {
        Html(Filled { phrase: self, parts: (first, second, third) })
    }
}

impl Show for Phrase {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        out.write_str(self.text)
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl FastWritable for Phrase {
    fn write_into(&self, out: &mut dyn fmt::Write, _: &dyn Values) -> askama::Result<()> {
        Ok(out.write_str(self.text)?)
    }
}

impl HtmlSafe for Phrase {}

/// A phrase with its parts.
#[derive(Debug, Clone, Copy)]
pub struct Filled<A, B, C> {
    phrase: Phrase,
    parts: (A, B, C),
}

impl<A: Show, B: Show, C: Show> Show for Filled<A, B, C> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let Phrase { text, places } = self.phrase;
        let mut from = 0;
        for (at, digit) in places.into_iter().flatten() {
            out.write_str(text.get(from..at).unwrap_or_default())?;
            match digit {
                b'0' => self.parts.0.show(out)?,
                b'1' => self.parts.1.show(out)?,
                _ => self.parts.2.show(out)?,
            }
            from = at + "{0}".len();
        }
        out.write_str(text.get(from..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Count;

    fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        [
            ShellWords::ALL,
            SignInWords::ALL,
            ActivateWords::ALL,
            HomeWords::ALL,
            UsageWords::ALL,
            BucketWords::ALL,
            SpeedWords::ALL,
            BillWords::ALL,
            DocumentWords::ALL,
            ExportWords::ALL,
            PurchaseWords::ALL,
            ContractWords::ALL,
            LineWords::ALL,
            NoticeWords::ALL,
            DeviceWords::ALL,
            DisclosureWords::ALL,
            MergeWords::ALL,
            SettingWords::ALL,
            ProblemWords::ALL,
        ]
        .into_iter()
        .flatten()
        .copied()
    }

    #[test]
    fn no_phrase_is_empty_or_left_untranslated() {
        let alike = ["five_g", "earlier", "later"];
        for (name, ja, en) in all() {
            assert!(!ja.trim().is_empty() && !en.trim().is_empty(), "{name}");
            assert!(ja != en || alike.contains(&name), "{name}: {ja}");
            assert!(!en.chars().any(|c| c >= '\u{3000}') || name == "other_language", "{name}: {en}");
        }
    }

    #[test]
    fn both_languages_have_the_same_places_to_fill() {
        let places = |text: &str| {
            let mut found: Vec<_> = text.split('{').skip(1).map(|tail| tail.chars().next()).collect();
            found.sort();
            found
        };
        for (name, ja, en) in all() {
            assert_eq!(places(ja), places(en), "{name}");
            assert!(places(ja).iter().all(|place| matches!(place, Some('0'..='2'))), "{name}");
        }
    }

    #[test]
    fn no_phrase_holds_markup() {
        for (name, ja, en) in all() {
            assert!(!format!("{ja}{en}").contains(['<', '>', '&', '"']), "{name}");
        }
    }

    #[test]
    fn a_phrase_is_filled_in_the_order_of_its_language() {
        let filled = Phrase::new("{1} of {0}{2}").with3(Count(8), Count(3), Count(0));
        assert_eq!(filled.to_string(), "3 of 80");
    }

    #[test]
    fn a_browser_is_answered_in_the_first_language_of_ours_it_names() {
        for (header, language) in [
            ("", Language::Ja),
            ("fr-FR, en;q=0.8, ja;q=0.7", Language::En),
            ("ja-JP", Language::Ja),
            ("zh, *", Language::Ja),
        ] {
            assert_eq!(Language::wished(header), language, "{header}");
        }
    }
}
