//! Documents to keep: the same facts as on the pages, as a sheet and as rows.
//!
//! Like a page, a document knows nothing of requests, sessions or stores: whoever makes it has been permitted to.

mod bill;

use std::fmt::{self, Write as _};

use honnin_terms::{Day, Moment, Zone};

pub use bill::BillDocument;

use crate::format::{DayLook, DayWord, Html, Show};
use crate::piece::Pieces;
use crate::words::Language;

/// A moment with its year, for what is read years later: `2026年11月20日 6:00`, `20 Nov 2026 06:00`.
fn stamp(at: Moment, zone: &Zone, language: Language) -> String {
    let local = zone.local(at);
    let day = Html(DayWord(Day::from(local.date()), language, DayLook::Year));
    format!(
        "{day} {:0width$}:{:02}",
        local.hour(),
        local.minute(),
        width = language.words().manner.hour_digits
    )
}

/// Text as it stands: a document is no HTML, and whoever writes it escapes in its own way.
#[derive(Debug, Clone, Copy)]
struct Plain<'a>(&'a str);

impl Show for Plain<'_> {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        out.write_str(self.0)
    }
}
