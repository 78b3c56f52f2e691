//! The policy table: which role may do what, and by what.

use crate::SessionKind;

/// What a session's account is to a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The contract holder herself.
    Holder,
}

impl Role {
    /// All roles.
    pub const ALL: &'static [Self] = &[Self::Holder];

    /// The word of the JSON API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holder => "holder",
        }
    }
}

/// What can be done to a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Read a line's views.
    ReadLine,
    /// Read the account's own views: bills, profile.
    ReadAccount,
    /// Ask for another speed.
    SetSpeed,
    /// List and end sessions.
    ManageSessions,
    /// Name the lines.
    NameLines,
    /// Make an export of the account's own data, and fetch it.
    Export,
    /// Agree to a merge of accounts.
    AgreeToMerge,
    /// Change the password.
    ChangePassword,
    /// Make a token for a program.
    MakeToken,
    /// Set up, change or take away a second factor.
    ManageFactor,
}

impl Deed {
    /// All deeds.
    pub const ALL: &'static [Self] = &[
        Self::ReadLine,
        Self::ReadAccount,
        Self::SetSpeed,
        Self::ManageSessions,
        Self::NameLines,
        Self::Export,
        Self::AgreeToMerge,
        Self::ChangePassword,
        Self::MakeToken,
        Self::ManageFactor,
    ];
}

/// Whether that role may do that, by a session of that kind.
///
/// Exhaustive on purpose: a new role, kind or deed does not compile without a decision. What a token may not do, whoever finds it cannot do either: nothing that outlives it.
pub const fn may(role: Role, kind: SessionKind, deed: Deed) -> bool {
    match (role, deed) {
        (Role::Holder, Deed::ReadLine | Deed::ReadAccount | Deed::SetSpeed) => true,
        (
            Role::Holder,
            Deed::ManageSessions
            | Deed::NameLines
            | Deed::Export
            | Deed::AgreeToMerge
            | Deed::ChangePassword
            | Deed::MakeToken
            | Deed::ManageFactor,
        ) => match kind {
            SessionKind::Browser | SessionKind::Program => true,
            SessionKind::Token => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn the_policy_is_the_table_that_was_reviewed() {
        let mut table = String::new();
        for (role, kind) in
            Role::ALL.iter().flat_map(|role| SessionKind::ALL.iter().map(move |kind| (role, kind)))
        {
            for deed in Deed::ALL {
                let verdict = if may(*role, *kind, *deed) { "may" } else { "may not" };
                writeln!(table, "{} by {} {verdict} {deed:?}", role.word(), kind.word()).unwrap();
            }
        }
        assert_eq!(table, include_str!("policy_table.txt"));
    }
}
