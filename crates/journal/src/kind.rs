//! What entries record: one table. A new kind is a line here and nothing else.

use crate::BadFormat;

/// Who stands on a side of an entry of a kind. Names are pseudonyms: a verifier without keys can tell nobody from
/// somebody and the viewer from others, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Nobody.
    Nobody,
    /// An account, or an agent of the operator.
    Person,
    /// A person of the operator, by the name given with the act.
    Operator,
    /// Where a stranger came from: a network prefix.
    Source,
    /// The same as the viewer.
    Viewer,
    /// Whoever it is about, or nobody.
    Anybody,
}

/// Which other entry an entry of a kind names as what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// None.
    Nothing,
    /// One it follows from, where there is one.
    Perhaps,
    /// One of that kind, between the same two people, which it ends.
    Ends(Kind),
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct KindRow {
    /// In words.
    pub word: &'static str,
    /// Who acts or looks.
    pub viewer: Who,
    /// Whose data or account it is.
    pub owner: Who,
    /// Which other entry it names.
    pub about: About,
    /// Whether it has a moment at which it ends.
    pub ends: bool,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal $word:literal ($viewer:ident, $owner:ident) $about:expr, $ends:literal;)+) => {
        /// What an entry records.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $($(#[$doc])* $name = $code,)+
        }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The line of the table.
            pub const fn row(self) -> KindRow {
                match self {
                    $(Self::$name => KindRow {
                        word: $word, viewer: Who::$viewer, owner: Who::$owner, about: $about, ends: $ends,
                    },)+
                }
            }

            pub(crate) const fn code(self) -> u8 {
                match self { $(Self::$name => $code,)+ }
            }

            pub(crate) const fn parse(code: u8) -> Result<Self, BadFormat> {
                match code {
                    $($code => Ok(Self::$name),)+
                    _ => Err(BadFormat("a known kind of entry")),
                }
            }
        }
    };
}

use About::{Ends, Nothing, Perhaps};

kinds! {
    /// The viewer was shown data of the owner.
    Disclosure = 1 "disclosure" (Person, Person) Nothing, false;
    /// The owner lets the viewer see, until that moment.
    Grant = 2 "grant" (Person, Person) Nothing, true;
    /// The grant it is about ends.
    Revocation = 3 "revocation" (Person, Person) Ends(Kind::Grant), false;
    /// A support case: the viewer, an agent, may see the owner's data until that moment.
    CaseOpened = 4 "case_opened" (Person, Person) Nothing, true;
    /// The case it is about ends.
    CaseClosed = 5 "case_closed" (Person, Person) Ends(Kind::CaseOpened), false;
    /// From here on entries are written under this key epoch.
    EpochMarker = 6 "epoch" (Nobody, Nobody) Nothing, false;
    /// Both having agreed, lines of the owner are the viewer's from here on: merged accounts.
    Merged = 7 "merged" (Person, Person) Nothing, false;
    /// The merge it is about is undone.
    Unmerged = 8 "unmerged" (Person, Person) Ends(Kind::Merged), false;
    /// The clock stands elsewhere than the time that went by would have it; its end is where it stood. Written by the
    /// journal itself before the entry that is first written by the clock as it is now.
    ClockSet = 9 "clock_set" (Nobody, Nobody) Nothing, true;
    /// A person looked at the clock and says that it is right.
    ClockAccepted = 10 "clock_accepted" (Operator, Nobody) Nothing, false;
    /// A node began to write this log; its code says whether it had ended cleanly before.
    Started = 11 "started" (Nobody, Nobody) Nothing, false;
    /// She signed in.
    SignedIn = 12 "signed_in" (Person, Viewer) Nothing, false;
    /// She signed out.
    SignedOut = 13 "signed_out" (Person, Viewer) Perhaps, false;
    /// Somebody tried to sign in to the account and did not get in; bounded, by where it came from.
    SignInFailed = 14 "sign_in_failed" (Source, Person) Nothing, false;
    /// The password was changed.
    PasswordChanged = 15 "password_changed" (Person, Viewer) Nothing, false;
    /// A session was ended by somebody else than itself.
    SessionEnded = 16 "session_ended" (Person, Person) Perhaps, false;
    /// All sessions of the account were ended.
    AllEnded = 17 "all_ended" (Person, Person) Perhaps, false;
    /// A one-time code was made for the account.
    Invited = 18 "invited" (Operator, Person) Nothing, false;
    /// A one-time code was used.
    Activated = 19 "activated" (Person, Viewer) Perhaps, false;
    /// Password hashes were taken in; how many is among the details.
    HashesImported = 20 "hashes_imported" (Operator, Nobody) Nothing, false;
    /// The account's password hash was taken in.
    CredentialImported = 21 "credential_imported" (Operator, Person) Perhaps, false;
    /// The ledger was taken in; how much is among the details.
    IntakeRun = 22 "intake_run" (Operator, Nobody) Nothing, false;
    /// Personal pages were stopped, by a rule.
    Isolated = 23 "isolated" (Nobody, Nobody) Nothing, false;
    /// Personal pages were let go on.
    IsolationLifted = 24 "isolation_lifted" (Operator, Nobody) Perhaps, false;
    /// The installation was put into another mode.
    ModeChanged = 25 "mode_changed" (Anybody, Nobody) Nothing, false;
    /// A key was made, replaced or destroyed.
    KeyAct = 26 "key_act" (Operator, Nobody) Nothing, false;
    /// A copy of her data was made for her.
    ExportMade = 27 "export_made" (Person, Person) Perhaps, false;
    /// The copy was fetched.
    ExportFetched = 28 "export_fetched" (Person, Person) Perhaps, false;
    /// A refusal that told a personal fact.
    Refused = 29 "refused" (Person, Person) Nothing, false;
    /// The operator asked who saw, or what was seen by, the owner.
    Asked = 30 "asked" (Operator, Anybody) Nothing, false;
    /// She changed something: the speed of a line.
    Changed = 31 "changed" (Person, Person) Nothing, false;
    /// Another act of the operator's, told by its code.
    Operated = 32 "operated" (Operator, Anybody) Perhaps, false;
    /// A token for a program was made; its name is among the details.
    TokenMade = 33 "token_made" (Person, Person) Nothing, false;
    /// A second factor was set up.
    FactorSet = 34 "factor_set" (Person, Person) Nothing, false;
    /// New recovery codes were made; the ones before are void.
    RecoveryCodesMade = 35 "recovery_codes_made" (Person, Person) Nothing, false;
    /// The second factor was taken away.
    FactorRemoved = 36 "factor_removed" (Person, Person) Nothing, false;
    /// A passkey was made; its name is among the details.
    PasskeyMade = 37 "passkey_made" (Person, Person) Nothing, false;
    /// A passkey was taken away, and all other sessions ended with it.
    PasskeyRemoved = 38 "passkey_removed" (Person, Person) Nothing, false;
    /// The log of the entry it is about ends with that entry, and others go on: it was restored from a copy, and whoever
    /// it was copied from may have gone on with it. How many entries it had, and how many were seen of it elsewhere, is
    /// among the details.
    Continued = 40 "continued" (Operator, Nobody) Perhaps, false;
    /// The operator told the public something; the entry of the public record is named by its hash.
    Noticed = 41 "noticed" (Operator, Nobody) Nothing, false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_code_and_one_word() {
        let mut words = std::collections::BTreeSet::new();
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.code()), Ok(*kind));
            assert!(words.insert(kind.row().word), "{kind:?}");
        }
        assert!(Kind::parse(0).is_err() && Kind::parse(255).is_err());
    }
}
