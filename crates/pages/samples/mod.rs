//! Sample pages: empty, long, hostile and every state, for the tests and the gallery. All data is made up.

#![expect(clippy::unwrap_used, reason = "made-up values that are known to read")]

mod account;
mod data;
mod factors;
mod money;
mod passkeys;

use honnin_care::facts::{LineHead, Origin};
use honnin_pages::format::Currency;
use honnin_pages::page::brand::Brand;
use honnin_pages::page::{Contact, HelpLink, LineRef, Nav, Operator, Said, Shell, Theme};
use honnin_pages::words::Language;
use honnin_terms::{Day, Held, HoldingId, Id, LineStatus, Moment, Octets, Zone};

/// Text that would run or break out, were it not escaped.
pub(crate) const HOSTILE: &str = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;";
/// A text without a place to break.
pub(crate) const LONG: &str =
    "とても長い名前がどこまでも続いて切れ目がないMaximilianAlexanderVonUndZuHohenzollernSigmaringen";

/// One rendered page.
#[derive(Debug)]
pub(crate) struct Sample {
    /// Page and state: `home-usual`.
    pub(crate) name: &'static str,
    /// Whether it shows figures of the ledger and must say their time.
    pub(crate) has_figures: bool,
    /// The page.
    pub(crate) html: String,
}

/// A document to keep: name, what stands on its sheet, the sheet, the rows.
pub(crate) type Kept = (&'static str, honnin_paper::Sheet, Vec<u8>, Vec<u8>);

/// How samples are rendered.
pub(crate) struct Studio {
    /// The language.
    pub(crate) language: Language,
    /// Light or dark.
    pub(crate) theme: Theme,
    operator: Operator,
    zone: Zone,
}

impl Studio {
    /// A studio of that language and look.
    pub(crate) fn new(language: Language, theme: Theme) -> Self {
        let operator = Operator {
            name: "マイモバイル".to_owned(),
            host: "my.example.jp".to_owned(),
            contact: Contact {
                page: HelpLink::new("https://example.jp/help"),
                phone: HelpLink::new("tel:0120-000-000"),
                mail: HelpLink::new("mailto:desk@example.jp"),
                hours: "9:00–18:00（年中無休）".to_owned(),
            },
            top_up: HelpLink::new("https://example.jp/top-up"),
            texts: Language::JA,
            currency: Currency::JPY,
            brand: Brand::default(),
            status_page: None,
            demo: false,
        };
        Self { language, theme, operator, zone: Zone::named("Asia/Tokyo").unwrap() }
    }

    /// Every sample.
    pub(crate) fn all(&self) -> Vec<Sample> {
        let mut all = data::samples(self);
        all.extend(money::samples(self));
        all.extend(account::samples(self));
        all.extend(factors::samples(self));
        all.extend(passkeys::samples(self));
        all
    }

    /// Each document to keep.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        money::kept(self)
    }

    /// Each state of a wish with what the page's module is answered.
    pub(crate) fn polls(&self) -> Vec<(&'static str, String)> {
        data::polls(self)
    }

    fn shell<'a>(&'a self, nav: Nav, head: Option<&'a LineHead>, path: &'a str) -> Shell<'a> {
        Shell {
            banner: None,
            language: self.language,
            theme: self.theme,
            operator: &self.operator,
            signed_in: true,
            name: Some("渋谷 太郎"),
            line: head.map(LineRef::of),
            nav,
            path,
            now: moment("2026-11-20T12:03:00+09:00"),
            zone: &self.zone,
            simulated: true,
            several: true,
            said: None,
        }
    }

    fn outside<'a>(&'a self, path: &'a str) -> Shell<'a> {
        Shell { signed_in: false, name: None, simulated: false, ..self.shell(Nav::None, None, path) }
    }
}

fn line(number: u8) -> HoldingId {
    HoldingId::from_octets([number.wrapping_mul(37); 16])
}

fn head(number: u8) -> LineHead {
    LineHead {
        line: line(number),
        number_masked: "080-****-1234".to_owned(),
        nickname: None,
        plan: "ギガプラン 8GB".to_owned(),
        status: LineStatus::Active,
        held: Held { from: day("2024-03-01"), to: None },
    }
}

fn ended() -> LineHead {
    LineHead {
        status: LineStatus::Ended,
        held: Held { from: day("2021-03-01"), to: Some(day("2026-08-31")) },
        ..head(9)
    }
}

fn hostile_head() -> LineHead {
    LineHead { number_masked: HOSTILE.to_owned(), plan: format!("{LONG}{HOSTILE}"), ..head(8) }
}

fn origin() -> Origin {
    Origin {
        as_of: honnin_terms::Said::by_ledger(moment("2026-11-20T06:00:00+09:00")),
        source: "ledger".to_owned(),
    }
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn moment(text: &str) -> Moment {
    text.parse().unwrap()
}

/// Megabytes.
fn mb(count: u64) -> Octets {
    Octets::new(count * 1_000_000 + 123_456)
}
