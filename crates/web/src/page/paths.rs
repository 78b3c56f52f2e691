//! Every address of a page, in one place: the route table takes the patterns, the pages the filled-in paths.

use std::fmt::{self, Write as _};

use honnin_terms::{BillId, ExportId, HoldingId, Id, Month, NoticeId, SessionId};

use crate::format::{Html, Show, digits};
use crate::piece::Pieces;

/// Declares addresses: the variant, what it is filled in with, and the pattern with `{}` in those places.
macro_rules! addresses {
    ($($(#[$doc:meta])* $name:ident $(($kind:ty))? = $constant:ident $pattern:literal,)+) => {
        /// The path of a page or of an act.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Address { $($(#[$doc])* $name $(($kind))?,)+ }

        /// The patterns of the route table.
        pub mod pattern {
            $($(#[$doc])* pub const $constant: &str = $pattern;)+
            /// All of them.
            pub const ALL: &[&str] = &[$($constant,)+];
        }
    };
}

addresses! {
    /// Leads to home of the first line, or to sign-in.
    Root = ROOT "/",
    /// Sign-in, form and act.
    SignIn = SIGN_IN "/sign-in",
    /// Act: sign out.
    SignOut = SIGN_OUT "/sign-out",
    /// A new password by one-time code, form and act.
    Activate = ACTIVATE "/activate",
    /// The lines of the account.
    Lines = LINES "/lines",
    /// Home of a line.
    Home(HoldingId) = HOME "/lines/{line}",
    /// Usage of a line, this month; another one by `?month=YYYY-MM`.
    Usage(HoldingId) = USAGE "/lines/{line}/usage",
    /// Buckets of a line.
    Buckets(HoldingId) = BUCKETS "/lines/{line}/buckets",
    /// Purchases of a line.
    Purchases(HoldingId) = PURCHASES "/lines/{line}/purchases",
    /// Contract of a line.
    Contract(HoldingId) = CONTRACT "/lines/{line}/contract",
    /// High speed of a line: confirm page, and act with `high` and `key`.
    Speed(HoldingId) = SPEED "/lines/{line}/speed",
    /// How far the wish is: page, or JSON where that is asked for.
    SpeedState(HoldingId) = SPEED_STATE "/lines/{line}/speed/state",
    /// Bills of the account.
    Bills = BILLS "/bills",
    /// One bill.
    Bill(BillId) = BILL "/bills/{bill}",
    /// One bill as a sheet.
    BillPdf(BillId) = BILL_PDF "/bills/{bill}/pdf",
    /// One bill as rows.
    BillCsv(BillId) = BILL_CSV "/bills/{bill}/csv",
    /// Notices.
    Notices = NOTICES "/notices",
    /// One notice.
    Notice(NoticeId) = NOTICE "/notices/{notice}",
    /// Signed-in devices.
    Devices = DEVICES "/devices",
    /// Act: sign out one device.
    Revoke(SessionId) = REVOKE "/devices/{session}/revoke",
    /// Act: sign out all other devices.
    RevokeOthers = REVOKE_OTHERS "/devices/revoke-others",
    /// Who has seen my data; older ones by `?before=N`.
    Disclosures = DISCLOSURES "/disclosures",
    /// Agreeing to a merge of accounts: form, and act with `side` and `password`.
    Merge = MERGE "/account/merge",
    /// Settings.
    Settings = SETTINGS "/settings",
    /// Export of one's own data: page, and act that begins one.
    Export = EXPORT "/export",
    /// A finished export.
    ExportFile(ExportId) = EXPORT_FILE "/export/{export}",
    /// Act: language, with `language` and `back`.
    SetLanguage = SET_LANGUAGE "/settings/language",
    /// Act: light or dark, with `theme` and `back`.
    SetTheme = SET_THEME "/settings/theme",
}

impl Address {
    /// Its pattern in the route table.
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Root => pattern::ROOT,
            Self::SignIn => pattern::SIGN_IN,
            Self::SignOut => pattern::SIGN_OUT,
            Self::Activate => pattern::ACTIVATE,
            Self::Lines => pattern::LINES,
            Self::Home(_) => pattern::HOME,
            Self::Usage(_) => pattern::USAGE,
            Self::Buckets(_) => pattern::BUCKETS,
            Self::Purchases(_) => pattern::PURCHASES,
            Self::Contract(_) => pattern::CONTRACT,
            Self::Speed(_) => pattern::SPEED,
            Self::SpeedState(_) => pattern::SPEED_STATE,
            Self::Bills => pattern::BILLS,
            Self::Bill(_) => pattern::BILL,
            Self::BillPdf(_) => pattern::BILL_PDF,
            Self::BillCsv(_) => pattern::BILL_CSV,
            Self::Notices => pattern::NOTICES,
            Self::Notice(_) => pattern::NOTICE,
            Self::Devices => pattern::DEVICES,
            Self::Revoke(_) => pattern::REVOKE,
            Self::RevokeOthers => pattern::REVOKE_OTHERS,
            Self::Disclosures => pattern::DISCLOSURES,
            Self::Merge => pattern::MERGE,
            Self::Settings => pattern::SETTINGS,
            Self::Export => pattern::EXPORT,
            Self::ExportFile(_) => pattern::EXPORT_FILE,
            Self::SetLanguage => pattern::SET_LANGUAGE,
            Self::SetTheme => pattern::SET_THEME,
        }
    }

    /// The id it is filled in with.
    fn id(self) -> Option<[u8; 16]> {
        Some(match self {
            Self::Home(line)
            | Self::Usage(line)
            | Self::Buckets(line)
            | Self::Purchases(line)
            | Self::Contract(line)
            | Self::Speed(line)
            | Self::SpeedState(line) => *line.octets(),
            Self::Bill(bill) | Self::BillPdf(bill) | Self::BillCsv(bill) => *bill.octets(),
            Self::ExportFile(export) => *export.octets(),
            Self::Notice(notice) => *notice.octets(),
            Self::Revoke(session) => *session.octets(),
            Self::Root
            | Self::SignIn
            | Self::SignOut
            | Self::Activate
            | Self::Lines
            | Self::Bills
            | Self::Notices
            | Self::Devices
            | Self::RevokeOthers
            | Self::Disclosures
            | Self::Merge
            | Self::Settings
            | Self::Export
            | Self::SetLanguage
            | Self::SetTheme => return None,
        })
    }

    /// The address as it is written into a page.
    pub const fn html(self) -> Html<Self> {
        Html(self)
    }
}

impl Show for Address {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let pattern = self.pattern();
        let Some(id) = self.id() else { return out.write_str(pattern) };
        let place = |sign| pattern.bytes().position(|octet| octet == sign).unwrap_or(pattern.len());
        out.write_str(pattern.get(..place(b'{')).unwrap_or_default())?;
        hex(out, id)?;
        out.write_str(pattern.get(place(b'}') + 1..).unwrap_or_default())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Pieces::put(f, |pieces| self.show(pieces))
    }
}

/// Usage of one month.
#[derive(Debug, Clone, Copy)]
pub struct UsageOf(pub HoldingId, pub Month);

impl Show for UsageOf {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        Address::Usage(self.0).show(out)?;
        out.write_str("?month=")?;
        digits(out, u64::from(self.1.year().unsigned_abs()), 4)?;
        out.write_str("-")?;
        digits(out, u64::from(self.1.month().unsigned_abs()), 2)
    }
}

/// Disclosures older than an index.
#[derive(Debug, Clone, Copy)]
pub struct DisclosuresBefore(pub u64);

impl Show for DisclosuresBefore {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        Address::Disclosures.show(out)?;
        out.write_str("?before=")?;
        digits(out, self.0, 1)
    }
}

/// 32 hexadecimal digits; home writes a dozen of these.
fn hex(out: &mut Pieces<'_>, id: [u8; 16]) -> fmt::Result {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    let mut text = [0; 32];
    for ([high, low], octet) in text.as_chunks_mut().0.iter_mut().zip(id) {
        (*high, *low) = (digit(octet >> 4), digit(octet & 0xf));
    }
    out.write_ascii(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_fills_its_pattern_with_the_id() {
        let line = HoldingId::from_octets([0x0f; 16]);
        for (address, path) in [
            (Address::Root, "/".to_owned()),
            (Address::Home(line), format!("/lines/{line}")),
            (Address::SpeedState(line), format!("/lines/{line}/speed/state")),
            (
                Address::Revoke(SessionId::from_octets([0xa9; 16])),
                format!("/devices/{}/revoke", "a9".repeat(16)),
            ),
        ] {
            assert_eq!(address.to_string(), path);
        }
        let month = "2026-01".parse().unwrap();
        assert_eq!(Html(UsageOf(line, month)).to_string(), format!("/lines/{line}/usage?month=2026-01"));
    }

    #[test]
    fn no_pattern_stands_twice() {
        let mut all = pattern::ALL.to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), pattern::ALL.len());
    }
}
