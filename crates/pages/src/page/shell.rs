//! The frame of a page: language, look, whose page it is, and how values are told in it.

use std::fmt::Write as _;

use honnin_care::facts::{LineHead, Origin};
use honnin_terms::{BillState, Day, HoldingId, LineStatus, Moment, Month, Octets, Yen, Zone};

use super::paths::Address;
use crate::assets;
use crate::format::{
    Count, DayLook, DayTime, DayWord, Gb, GbBig, GbData, Html, MonthWord, Price, Rounding, ShortMonth, Show,
    Text, When,
};
use crate::piece::Pieces;
use crate::words::{Filled, Language, Phrase, Words};

/// Light, dark, or as the system has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them, in the order of the settings page.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word of the cookie and of the form.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the word of the cookie or of the form.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.word() == word)
    }
}

/// Where help is found: a web address, a telephone number or a mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpLink(String);

impl HelpLink {
    /// Takes `https:`, `tel:` and `mailto:` addresses, nothing else.
    pub fn new(address: &str) -> Option<Self> {
        let known = ["https://", "tel:", "mailto:"].iter().any(|scheme| address.starts_with(scheme));
        let plain = !address.chars().any(|c| c.is_whitespace() || c.is_control());
        (known && plain).then(|| Self(address.to_owned()))
    }

    /// The address.
    pub fn address(&self) -> &str {
        &self.0
    }
}

/// Whose site it is. Settings of the installation.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The name customers know.
    pub name: String,
    /// The host people sign in at, shown at sign-in.
    pub host: String,
    /// Where help is found, signed in or not.
    pub help: Option<HelpLink>,
    /// The language of texts that come from the ledger: notices, items of bills, names of plans.
    pub texts: Language,
    /// Whether all of it is a demo: said on every page.
    pub demo: bool,
}

/// Which item of the main menu a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nav {
    /// Home and what it leads to.
    Home,
    /// Usage.
    Usage,
    /// Bills.
    Bills,
    /// Notices.
    Notices,
    /// Settings and what they lead to.
    Settings,
    /// None of them.
    None,
}

/// How grave a banner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BannerKind {
    /// Something to know.
    Notice,
    /// Something does not work as usual.
    Warning,
    /// An act was done.
    Done,
}

/// A line of text above everything else of the page.
#[derive(Debug, Clone, Copy)]
pub struct Banner<'a> {
    /// How grave it is.
    pub kind: BannerKind,
    /// The text.
    pub text: &'a str,
    /// When it was said, where that matters.
    pub at: Option<Moment>,
    /// Where it leads, where it leads anywhere.
    pub to: Option<Address>,
}

/// The line the page is about, or that the menu leads to.
#[derive(Debug, Clone, Copy)]
pub struct LineRef<'a> {
    /// The holding.
    pub line: HoldingId,
    /// The number with its middle hidden.
    pub number_masked: &'a str,
}

impl<'a> LineRef<'a> {
    /// The line of a head.
    pub fn of(head: &'a LineHead) -> Self {
        Self { line: head.line, number_masked: &head.number_masked }
    }
}

/// The frame of a page.
#[derive(Debug, Clone)]
pub struct Shell<'a> {
    /// The language.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// Whose site it is.
    pub operator: &'a Operator,
    /// Whether somebody is signed in: only then there is a menu.
    pub signed_in: bool,
    /// The name of the signed-in person, where it was asked for.
    pub name: Option<&'a str>,
    /// Whose page it is; on pages of the account the line the menu leads to, where known.
    pub line: Option<LineRef<'a>>,
    /// Which item of the menu it belongs to.
    pub nav: Nav,
    /// Path and query that were asked for, to come back to.
    pub path: &'a str,
    /// What is told as now.
    pub now: Moment,
    /// Where days and hours are told.
    pub zone: &'a Zone,
    /// Whether the network is simulated: said on every page.
    pub simulated: bool,
    /// Something to say first.
    pub banner: Option<Banner<'a>>,
}

/// A moment with the words of its origin.
pub type AsOf<'a> = Html<Filled<When<'a>, Source<'a>, ()>>;

/// What every page loads: ours, written when the product is built.
#[derive(Debug, Clone, Copy)]
pub struct Links;

impl Show for Links {
    fn show(&self, out: &mut Pieces<'_>) -> std::fmt::Result {
        out.write_str(assets::LINKS)
    }
}

/// Where figures come from, in the reader's words.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a>(&'a str, Language);

impl Show for Source<'_> {
    fn show(&self, out: &mut Pieces<'_>) -> std::fmt::Result {
        let (word, rest) = source(self.0, self.1);
        out.write_str(word)?;
        Text(rest).show(out)
    }
}

/// Where figures come from: our own word for it where we have one, and the feed's.
pub(crate) fn source(feed: &str, language: Language) -> (&'static str, &str) {
    match (feed.strip_prefix("ledger"), language) {
        (Some(rest), Language::Ja) => (language.words().document.ledger.text(), rest),
        _ => ("", feed),
    }
}

impl<'a> Shell<'a> {
    /// The words of the language.
    pub const fn words(&self) -> &'static Words {
        self.language.words()
    }

    /// What every page loads.
    pub const fn links(&self) -> Html<Links> {
        Html(Links)
    }

    /// Where the menu's home leads.
    pub fn home(&self) -> Html<Address> {
        self.line.map_or(Address::Root, |line| Address::Home(line.line)).html()
    }

    /// Where the menu's usage leads.
    pub fn usage(&self) -> Html<Address> {
        self.line.map_or(Address::Lines, |line| Address::Usage(line.line)).html()
    }

    /// The language that is not this one.
    pub const fn other_language(&self) -> Language {
        match self.language {
            Language::Ja => Language::En,
            Language::En => Language::Ja,
        }
    }

    /// Whether texts of the ledger are in another language than the page and must say so.
    pub fn foreign(&self) -> bool {
        self.operator.texts != self.language
    }

    /// Today in the zone.
    pub fn today(&self) -> Day {
        self.zone.day(self.now)
    }

    /// An amount that remains.
    pub const fn left(&self, octets: Octets) -> Html<GbData> {
        Html(GbData(Gb(octets, Rounding::Down)))
    }

    /// An amount that remains, as the figure of the page.
    pub const fn left_big(&self, octets: Octets) -> Html<GbBig> {
        Html(GbBig(Gb(octets, Rounding::Down)))
    }

    /// An amount that remains, for an attribute.
    pub const fn left_text(&self, octets: Octets) -> Html<Gb> {
        Html(Gb(octets, Rounding::Down))
    }

    /// An amount that was used.
    pub const fn used(&self, octets: Octets) -> Html<GbData> {
        Html(GbData(Gb(octets, Rounding::Up)))
    }

    /// An amount that was used, as the figure of the page.
    pub const fn used_big(&self, octets: Octets) -> Html<GbBig> {
        Html(GbBig(Gb(octets, Rounding::Up)))
    }

    /// An amount that was used, for an attribute.
    pub const fn used_text(&self, octets: Octets) -> Html<Gb> {
        Html(Gb(octets, Rounding::Up))
    }

    /// An amount of money.
    pub const fn yen(&self, yen: Yen) -> Html<Price> {
        Html(Price(yen, self.language))
    }

    /// A day, with its weekday, or with its year where that is another than now.
    pub fn day(&self, day: Day) -> Html<DayTime> {
        Html(DayTime(self.day_text(day).0))
    }

    /// A day for an attribute, with its weekday, or with its year where that is another than now.
    pub fn day_text(&self, day: Day) -> Html<DayWord> {
        let near = day.month().year() == self.today().month().year();
        Html(DayWord(day, self.language, if near { DayLook::Weekday } else { DayLook::Year }))
    }

    /// A day of any year.
    pub const fn day_of_year(&self, day: Day) -> Html<DayTime> {
        Html(DayTime(DayWord(day, self.language, DayLook::Year)))
    }

    /// A month.
    pub const fn month(&self, month: Month) -> Html<MonthWord> {
        Html(MonthWord(month, self.language))
    }

    /// A month, with its year where that is another than now.
    pub fn short_month(&self, month: Month) -> Html<ShortMonth> {
        Html(ShortMonth(month, self.language, month.year() != self.today().month().year()))
    }

    /// A moment.
    pub const fn when(&self, at: Moment) -> Html<When<'a>> {
        Html(When { at, now: self.now, zone: self.zone, language: self.language })
    }

    /// A count.
    pub fn count(&self, count: usize) -> Html<Count> {
        Html(Count(u64::try_from(count).unwrap_or(u64::MAX)))
    }

    /// When the ledger said it, and which.
    pub fn as_of<'o>(&self, origin: &'o Origin) -> AsOf<'o>
    where
        'a: 'o,
    {
        self.words()
            .shell
            .as_of_source
            .with2(self.when(origin.as_of).0, Source(&origin.source, self.language))
    }

    /// The zone in words: the one of Japan by its usual name.
    pub fn zone_word(&self) -> Text<'a> {
        match self.zone.name() {
            "Asia/Tokyo" => Text(self.words().shell.tokyo.text()),
            other => Text(other),
        }
    }

    /// The word of a bill's state, and the class of its chip.
    pub const fn bill_state(&self, state: BillState) -> (Phrase, &'static str) {
        let words = &self.words().bills;
        match state {
            BillState::Open => (words.open, ""),
            BillState::Final => (words.settled, ""),
            BillState::Paid => (words.paid, " ok"),
            BillState::Overdue => (words.overdue, " err"),
        }
    }

    /// The word of a line's status, and the class of its chip.
    pub const fn line_status(&self, status: LineStatus) -> (Phrase, &'static str) {
        let words = &self.words().shell;
        match status {
            LineStatus::Active => (words.active, " ok"),
            LineStatus::Suspended => (words.suspended, " warn"),
            LineStatus::Upcoming => (words.upcoming, ""),
            LineStatus::Ended => (words.ended, ""),
        }
    }
}
