//! Every address of a page, in one place: the route table takes the patterns, the pages the filled-in paths.

use std::fmt::{self, Write as _};

use data_encoding::HEXLOWER;
use honnin_terms::{BillId, EntryRef, ExportId, HoldingId, Id, Month, NoticeId, PasskeyId, SessionId};

use crate::format::{Html, Show, digits};
use crate::piece::Pieces;

/// Declares addresses: the variant, what it is filled in with, and the pattern with `{}` in those places.
macro_rules! addresses {
    ($($(#[$doc:meta])* $name:ident $(($kind:ty))? = $constant:ident $pattern:literal,)+) => {
        /// The path of a page or of an act.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Address { $($(#[$doc])* $name $(($kind))?,)+ }

        impl Address {
            /// Its pattern in the route table.
            pub const fn pattern(self) -> &'static str {
                match self { $(Self::$name { .. } => $pattern,)+ }
            }

            /// What stands before the id and behind it.
            const fn around(self) -> (&'static str, &'static str) {
                match self { $(Self::$name { .. } => const { around($pattern) },)+ }
            }
        }

        /// The patterns of the route table.
        pub mod pattern {
            $($(#[$doc])* pub const $constant: &str = $pattern;)+
            /// All of them.
            pub const ALL: &[&str] = &[$($constant,)+];
        }
    };
}

/// What stands before the place to fill of a pattern, and behind it; worked out by the compiler, not for every page anew.
const fn around(pattern: &str) -> (&str, &str) {
    let mut rest = pattern.as_bytes();
    let (mut open, mut close) = (pattern.len(), pattern.len());
    let mut at = 0;
    while let [octet, tail @ ..] = rest {
        match octet {
            b'{' => open = at,
            b'}' => close = at + 1,
            _ => {}
        }
        (rest, at) = (tail, at + 1);
    }
    (pattern.split_at(open).0, pattern.split_at(close).1)
}

addresses! {
    /// Leads to home of the first line, or to sign-in.
    Root = ROOT "/",
    /// Sign-in, form and act.
    SignIn = SIGN_IN "/sign-in",
    /// Act: the code that follows the password, with `login`, `ticket`, `code` and `next`.
    SecondStep = SECOND_STEP "/sign-in/code",
    /// Act: set up the second factor a sign-in asks for first, with `login`, `ticket`, `code` and `next`.
    FactorFirst = FACTOR_FIRST "/sign-in/second-factor",
    /// Sign-in by a passkey: page, and act with what a browser says of it and `next`.
    PasskeyStep = PASSKEY_STEP "/sign-in/passkey",
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
    /// Act: name a line, with `name`.
    NameLine(HoldingId) = NAME_LINE "/lines/{line}/name",
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
    /// Tokens of programs: page, and act with `name`, `days` and `password`.
    Tokens = TOKENS "/devices/tokens",
    /// Who has seen my data; older ones by `?before=N`.
    Disclosures = DISCLOSURES "/disclosures",
    /// A new password while signed in: form, and act with `old` and `password`.
    Password = PASSWORD "/account/password",
    /// The second factor: page, and act that begins to set one up, with `password`.
    Factor = FACTOR "/account/second-factor",
    /// Showing once more who is signed in: form, and act with `password`, `code` and `next`.
    Confirm = CONFIRM "/account/confirm",
    /// Act: set it up, with `ticket` and `code`.
    FactorConfirm = FACTOR_CONFIRM "/account/second-factor/confirm",
    /// Act: new recovery codes, with `password` and `code`.
    FactorCodes = FACTOR_CODES "/account/second-factor/codes",
    /// Act: take it away, with `password` and `code`.
    FactorRemove = FACTOR_REMOVE "/account/second-factor/remove",
    /// Act: show it by a passkey, with what a browser says of it and `next`.
    ConfirmPasskey = CONFIRM_PASSKEY "/account/confirm/passkey",
    /// Passkeys: page, and act that keeps one, with what a browser says of it and `name`.
    Passkeys = PASSKEYS "/account/passkeys",
    /// Act: take one away.
    PasskeyRemove(PasskeyId) = PASSKEY_REMOVE "/account/passkeys/{passkey}/remove",
    /// Agreeing to a merge of accounts: form, and act with `side` and `password`.
    Merge = MERGE "/account/merge",
    /// How the operator is reached, and what to do in need.
    Help = HELP "/help",
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
    /// The id it is filled in with.
    fn id(self) -> Option<[u8; 16]> {
        Some(match self {
            Self::Home(line)
            | Self::Usage(line)
            | Self::Buckets(line)
            | Self::Purchases(line)
            | Self::Contract(line)
            | Self::NameLine(line)
            | Self::Speed(line)
            | Self::SpeedState(line) => *line.octets(),
            Self::Bill(bill) | Self::BillPdf(bill) | Self::BillCsv(bill) => *bill.octets(),
            Self::ExportFile(export) => *export.octets(),
            Self::Notice(notice) => *notice.octets(),
            Self::Revoke(session) => *session.octets(),
            Self::PasskeyRemove(passkey) => *passkey.octets(),
            Self::Root
            | Self::SignIn
            | Self::SecondStep
            | Self::FactorFirst
            | Self::PasskeyStep
            | Self::SignOut
            | Self::Activate
            | Self::Lines
            | Self::Bills
            | Self::Notices
            | Self::Devices
            | Self::RevokeOthers
            | Self::Tokens
            | Self::Disclosures
            | Self::Password
            | Self::Confirm
            | Self::ConfirmPasskey
            | Self::Passkeys
            | Self::Factor
            | Self::FactorConfirm
            | Self::FactorCodes
            | Self::FactorRemove
            | Self::Merge
            | Self::Settings
            | Self::Help
            | Self::Export
            | Self::SetLanguage
            | Self::SetTheme => return None,
        })
    }

    /// Whether it is a page beside those of the lines: there the chosen line has to be said.
    const fn is_beside_lines(self) -> bool {
        match self {
            Self::Lines
            | Self::Bills
            | Self::Bill(_)
            | Self::Notices
            | Self::Notice(_)
            | Self::Devices
            | Self::Revoke(_)
            | Self::RevokeOthers
            | Self::Tokens
            | Self::Disclosures
            | Self::NameLine(_)
            | Self::Password
            | Self::Confirm
            | Self::ConfirmPasskey
            | Self::Passkeys
            | Self::PasskeyRemove(_)
            | Self::Factor
            | Self::FactorConfirm
            | Self::FactorCodes
            | Self::FactorRemove
            | Self::Merge
            | Self::Settings
            | Self::Help
            | Self::Export => true,
            Self::Root
            | Self::SignIn
            | Self::SecondStep
            | Self::FactorFirst
            | Self::PasskeyStep
            | Self::SignOut
            | Self::Activate
            | Self::Home(_)
            | Self::Usage(_)
            | Self::Buckets(_)
            | Self::Purchases(_)
            | Self::Contract(_)
            | Self::Speed(_)
            | Self::SpeedState(_)
            | Self::BillPdf(_)
            | Self::BillCsv(_)
            | Self::ExportFile(_)
            | Self::SetLanguage
            | Self::SetTheme => false,
        }
    }

    /// The address as it is written into a page.
    pub const fn html(self) -> Html<Self> {
        Html(self)
    }
}

impl Show for Address {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let (before, behind) = self.around();
        out.write_str(before)?;
        if let Some(id) = self.id() {
            out.write_str(HEXLOWER.encode_mut_str(&id, &mut [0; 32]))?;
        }
        out.write_str(behind)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Pieces::put(f, |pieces| self.show(pieces))
    }
}

/// An address with the chosen line, where it would be lost otherwise: `/bills?line=…`.
#[derive(Debug, Clone, Copy)]
pub struct Along(pub Address, pub Option<HoldingId>);

impl Show for Along {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        self.0.show(out)?;
        if let Some(line) = self.1.filter(|_| self.0.is_beside_lines()) {
            out.write_str("?line=")?;
            out.write_str(HEXLOWER.encode_mut_str(line.octets(), &mut [0; 32]))?;
        }
        Ok(())
    }
}

impl fmt::Display for Along {
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

/// Disclosures before an entry, with the chosen line where there are several.
#[derive(Debug, Clone, Copy)]
pub struct DisclosuresBefore(pub EntryRef, pub Option<HoldingId>);

impl Show for DisclosuresBefore {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        let along = Along(Address::Disclosures, self.1);
        along.show(out)?;
        out.write_str(if self.1.is_some() { "&amp;before=" } else { "?before=" })?;
        write!(out, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_terms::LogId;

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
    fn the_chosen_line_goes_along_where_it_would_be_lost() {
        let line = HoldingId::from_octets([3; 16]);
        let chosen = |address| Along(address, Some(line)).to_string();
        assert_eq!(chosen(Address::Bills), format!("/bills?line={line}"));
        assert_eq!(chosen(Address::Home(line)), format!("/lines/{line}"));
        assert_eq!(Along(Address::Bills, None).to_string(), "/bills");
        let entry = EntryRef { log: LogId::from_octets([1; 16]), index: 7 };
        let older = Html(DisclosuresBefore(entry, Some(line))).to_string();
        assert_eq!(older, format!("/disclosures?line={line}&amp;before={entry}"));
    }

    #[test]
    fn no_pattern_stands_twice() {
        let mut all = pattern::ALL.to_vec();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), pattern::ALL.len());
    }
}
