//! The frame of a page: language, look, whose page it is, and how values are told in it.

use std::fmt::{self, Write as _};

use honnin_care::facts::{LineHead, Origin};
use honnin_terms::{BillState, Day, HoldingId, LineStatus, Moment, Month, Octets, Yen, Zone};

use super::brand::Brand;
use super::incidents::Banner;
use super::paths::{Address, Along};
use crate::format::{
    Count, Currency, DayLook, DayTime, DayWord, Gb, GbBig, GbData, Html, MonthWord, Price, PriceWord,
    Rounding, ShortMonth, Show, Text, When, centi,
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

    /// What a person reads of it: the number or the address without what programs need.
    pub fn shown(&self) -> &str {
        let bare = ["https://", "tel:", "mailto:"].iter().find_map(|scheme| self.0.strip_prefix(scheme));
        bare.unwrap_or(&self.0)
    }
}

/// How the operator is reached, signed in or not. At least one of the ways is there where people are served.
#[derive(Debug, Clone, Default)]
pub struct Contact {
    /// A page of the operator's (`https:`).
    pub page: Option<HelpLink>,
    /// A telephone number (`tel:`).
    pub phone: Option<HelpLink>,
    /// A mail address (`mailto:`).
    pub mail: Option<HelpLink>,
    /// When somebody answers, in the operator's words.
    pub hours: String,
}

impl Contact {
    /// Whether there is any way to reach the operator.
    pub const fn is_reachable(&self) -> bool {
        self.page.is_some() || self.phone.is_some() || self.mail.is_some()
    }
}

/// Whose site it is. Settings of the installation.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The name customers know.
    pub name: String,
    /// The host people sign in at, shown at sign-in.
    pub host: String,
    /// How the operator is reached.
    pub contact: Contact,
    /// Where data is bought, where it can be.
    pub top_up: Option<HelpLink>,
    /// The language of texts that come from the ledger: notices, items of bills, names of plans.
    pub texts: Language,
    /// The money of bills and prices.
    pub currency: Currency,
    /// The operator's own look.
    pub brand: Brand,
    /// The status page, where there is one.
    pub status_page: Option<HelpLink>,
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

/// What the act before this page came to: said once at its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// A setting was saved.
    Saved,
    /// A device was signed out.
    DeviceEnded,
    /// A token of a program was revoked.
    TokenEnded,
    /// The password was changed.
    Password,
    /// A line was named.
    Named,
    /// The second factor was taken away.
    FactorRemoved,
    /// A passkey was made.
    PasskeyMade,
    /// A passkey was taken away.
    PasskeyRemoved,
}

impl Said {
    const ALL: [Self; 8] = [
        Self::Saved,
        Self::DeviceEnded,
        Self::TokenEnded,
        Self::Password,
        Self::Named,
        Self::FactorRemoved,
        Self::PasskeyMade,
        Self::PasskeyRemoved,
    ];

    /// The word of addresses: `?said=saved`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::DeviceEnded => "device",
            Self::TokenEnded => "token",
            Self::Password => "password",
            Self::Named => "named",
            Self::FactorRemoved => "factor-removed",
            Self::PasskeyMade => "passkey",
            Self::PasskeyRemoved => "passkey-removed",
        }
    }

    /// Reads the word of an address.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|said| said.word() == word)
    }
}

/// The line the page is about, or that the menu leads to.
#[derive(Debug, Clone, Copy)]
pub struct LineRef<'a> {
    /// The holding.
    pub line: HoldingId,
    /// What its owner calls it, or the number with its middle hidden; empty where nothing was read to know it.
    pub name: &'a str,
    /// The number with its middle hidden, where the name is another.
    pub number: Option<&'a str>,
}

impl<'a> LineRef<'a> {
    /// The line of a head.
    pub fn of(head: &'a LineHead) -> Self {
        let number = head.nickname.is_some().then_some(head.number_masked.as_str());
        Self { line: head.line, name: head.name(), number }
    }

    /// A line of which nothing was read.
    pub const fn unread(line: HoldingId) -> Self {
        Self { line, name: "", number: None }
    }

    /// What tells it from the others in little room: its name, or the end of its number.
    pub fn short(&self) -> &'a str {
        match self.number {
            Some(_) => self.name,
            None => self.name.rsplit_once('-').map_or(self.name, |(_, end)| end),
        }
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
    /// Whose page it is; on pages of the account the line that was chosen, where known.
    pub line: Option<LineRef<'a>>,
    /// Whether there are several lines to choose from: then the chosen one stands in every address and title.
    pub several: bool,
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
    /// What the act before came to.
    pub said: Option<Said>,
    /// What the public is told now: the same on every page, before sign-in too.
    pub banner: Option<std::sync::Arc<Banner>>,
}

/// What stands behind the title of a page.
#[derive(Debug, Clone, Copy)]
pub struct Titled<'a>(&'a str);

impl Show for Titled<'_> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        out.write_str(" ")?;
        Text(self.0).show(out)
    }
}

/// The colour of the browser's own frame: that of the page, in the look that was chosen.
#[derive(Debug, Clone, Copy)]
pub struct ThemeColor(Theme);

impl Show for ThemeColor {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        out.write_str(match self.0 {
            Theme::Auto => {
                "<meta name=\"theme-color\" content=\"#f2f2f2\" media=\"(prefers-color-scheme:light)\">\
                 <meta name=\"theme-color\" content=\"#1a1a1a\" media=\"(prefers-color-scheme:dark)\">"
            }
            Theme::Light => "<meta name=\"theme-color\" content=\"#f2f2f2\">",
            Theme::Dark => "<meta name=\"theme-color\" content=\"#1a1a1a\">",
        })
    }
}

/// A moment with the words of its origin.
pub type AsOf<'a> = Html<Filled<2, (When<'a>, Source<'a>)>>;

/// What every page loads: ours, with what is the operator's own.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a>(&'a str);

impl Show for Links<'_> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        out.write_str(self.0)
    }
}

/// Where figures come from, in the reader's words.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a>(&'a str, Language);

impl Show for Source<'_> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let (word, rest) = source(self.0, self.1);
        out.write_str(word)?;
        Text(rest).show(out)
    }
}

/// Where figures come from: our own word for it where we have one, and the feed's.
pub(crate) fn source(feed: &str, language: Language) -> (&'static str, &str) {
    feed.strip_prefix("ledger").map_or(("", feed), |rest| (language.words().shell.ledger.text(), rest))
}

impl<'a> Shell<'a> {
    /// The words of the language.
    pub const fn words(&self) -> &'static Words {
        self.language.words()
    }

    /// What every page loads.
    pub fn links(&self) -> Html<Links<'a>> {
        Html(Links(self.operator.brand.links()))
    }

    /// Where the menu's home leads.
    pub fn home(&self) -> Html<Along> {
        self.to(self.line.map_or(Address::Root, |line| Address::Home(line.line)))
    }

    /// Where the menu's usage leads.
    pub fn usage(&self) -> Html<Along> {
        self.to(self.line.map_or(Address::Lines, |line| Address::Usage(line.line)))
    }

    /// The chosen line, where there are several.
    pub fn chosen(&self) -> Option<HoldingId> {
        self.line.filter(|_| self.several).map(|line| line.line)
    }

    /// The address, with the chosen line where it would be lost otherwise.
    pub fn to(&self, address: Address) -> Html<Along> {
        Html(Along(address, self.chosen()))
    }

    /// What stands behind the title of a page: the chosen line, where there are several.
    pub fn titled(&self) -> Html<Titled<'a>> {
        Html(Titled(self.line.filter(|_| self.several).map_or("", |line| line.short())))
    }

    /// Every language, each with whether it is this one.
    pub fn languages(&self) -> impl Iterator<Item = (Language, bool)> {
        let this = self.language;
        Language::all().iter().map(move |language| (*language, *language == this))
    }

    /// The languages that are not this one.
    pub fn other_languages(&self) -> impl Iterator<Item = Language> {
        let this = self.language;
        Language::all().iter().copied().filter(move |language| *language != this)
    }

    /// What the act before came to, in words.
    pub fn said(&self) -> Option<Phrase<0>> {
        let words = &self.words().shell;
        self.said.map(|said| match said {
            Said::Saved => words.said_saved,
            Said::DeviceEnded => words.said_device_ended,
            Said::TokenEnded => words.said_token_ended,
            Said::Password => words.said_password,
            Said::Named => words.said_named,
            Said::FactorRemoved => words.said_factor_removed,
            Said::PasskeyMade => words.said_passkey,
            Said::PasskeyRemoved => words.said_passkey_removed,
        })
    }

    /// The colour of the browser's own frame.
    pub const fn theme_color(&self) -> Html<ThemeColor> {
        Html(ThemeColor(self.theme))
    }

    /// The manifest of this language.
    pub fn manifest(&self) -> &'a str {
        self.operator.brand.manifest(self.language)
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

    /// What was used of a grant, so that it adds up with what is told to be left of it.
    pub fn used_of(&self, left: Octets, granted: Octets) -> Html<GbData> {
        let used = Octets::new(granted.get().saturating_sub(left.get()));
        let told = centi(Gb(granted, Rounding::Down)).saturating_sub(centi(Gb(left, Rounding::Down)));
        Html(GbData(Gb(used, Rounding::To(told))))
    }

    /// An amount told by hundredths that add up with what stands beside it.
    pub const fn part(&self, octets: Octets, told: Rounding) -> Html<GbData> {
        Html(GbData(Gb(octets, told)))
    }

    /// An amount of money.
    pub const fn yen(&self, yen: Yen) -> Html<Price> {
        Html(Price(PriceWord(yen, self.operator.currency, self.language)))
    }

    /// An amount of money, for an attribute.
    pub const fn yen_text(&self, yen: Yen) -> Html<PriceWord> {
        Html(PriceWord(yen, self.operator.currency, self.language))
    }

    /// How many days there are until a day.
    pub fn days_until(&self, day: Day) -> u64 {
        u64::try_from(day.number() - self.today().number()).unwrap_or(0)
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

    /// A day without its weekday.
    pub const fn short_day(&self, day: Day) -> Html<DayWord> {
        Html(DayWord(day, self.language, DayLook::Short))
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
        let words = &self.words().shell;
        let phrase = if origin.as_of.by_ledger { words.as_of_source } else { words.taken_in_source };
        phrase.with(self.when(origin.as_of.at).0, Source(&origin.source, self.language))
    }

    /// When it was said, where the source stands elsewhere on the page.
    pub const fn told_at(&self, said: honnin_terms::Said) -> Html<Filled<1, (When<'a>,)>> {
        let words = &self.words().shell;
        let phrase = if said.by_ledger { words.as_of } else { words.taken_in };
        phrase.with(self.when(said.at).0)
    }

    /// The zone in words: the one of Japan by its usual name.
    pub fn zone_word(&self) -> Text<'a> {
        match self.zone.name() {
            "Asia/Tokyo" => Text(self.words().shell.tokyo.text()),
            other => Text(other),
        }
    }

    /// The word of a bill's state, and the class of its chip.
    pub const fn bill_state(&self, state: BillState) -> (Phrase<0>, &'static str) {
        let words = &self.words().bills;
        match state {
            BillState::Open => (words.open, ""),
            BillState::Final => (words.settled, ""),
            BillState::Paid => (words.paid, " ok"),
            BillState::Overdue => (words.overdue, " err"),
        }
    }

    /// The word of a line's status, and the class of its chip.
    pub const fn line_status(&self, status: LineStatus) -> (Phrase<0>, &'static str) {
        let words = &self.words().shell;
        match status {
            LineStatus::Active => (words.active, " ok"),
            LineStatus::Suspended => (words.suspended, " warn"),
            LineStatus::Upcoming => (words.upcoming, ""),
            LineStatus::Ended => (words.ended, ""),
        }
    }
}
