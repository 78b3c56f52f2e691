//! The policy table: which role may do what, and by what.

use crate::SessionKind;

/// What a session's account is to a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The contract holder herself.
    Holder,
    /// A person of the operator, on a support case.
    Agent,
}

impl Role {
    /// All roles.
    pub const ALL: &'static [Self] = &[Self::Holder, Self::Agent];

    /// The word of the JSON API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Agent => "agent",
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
    /// List sessions.
    ManageSessions,
    /// End sessions others than its own.
    EndSessions,
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
    /// Make a passkey, or take one away.
    ManagePasskeys,
}

impl Deed {
    /// All deeds.
    pub const ALL: &'static [Self] = &[
        Self::ReadLine,
        Self::ReadAccount,
        Self::SetSpeed,
        Self::ManageSessions,
        Self::EndSessions,
        Self::NameLines,
        Self::Export,
        Self::AgreeToMerge,
        Self::ChangePassword,
        Self::MakeToken,
        Self::ManageFactor,
        Self::ManagePasskeys,
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
            | Deed::EndSessions
            | Deed::NameLines
            | Deed::Export
            | Deed::AgreeToMerge
            | Deed::ChangePassword
            | Deed::MakeToken
            | Deed::ManageFactor
            | Deed::ManagePasskeys,
        ) => match kind {
            SessionKind::Browser | SessionKind::Program => true,
            SessionKind::Token => false,
        },
        // By a command, which reads everything for an export: no page is shown to an agent, and no token is made for one.
        (Role::Agent, Deed::ReadLine | Deed::ReadAccount | Deed::ManageSessions | Deed::Export) => match kind
        {
            SessionKind::Program => true,
            SessionKind::Browser | SessionKind::Token => false,
        },
        (
            Role::Agent,
            Deed::SetSpeed
            | Deed::EndSessions
            | Deed::NameLines
            | Deed::AgreeToMerge
            | Deed::ChangePassword
            | Deed::MakeToken
            | Deed::ManageFactor
            | Deed::ManagePasskeys,
        ) => false,
    }
}

/// Whether that is a dangerous act, for which a session is not enough and a fresh proof is asked for.
///
/// What it does outlives the session or shuts others out. Exhaustive on purpose: a new deed does not compile without a decision.
pub const fn asks_proof(deed: Deed) -> bool {
    match deed {
        Deed::ReadLine
        | Deed::ReadAccount
        | Deed::SetSpeed
        | Deed::ManageSessions
        | Deed::NameLines
        | Deed::Export => false,
        Deed::EndSessions
        | Deed::AgreeToMerge
        | Deed::ChangePassword
        | Deed::MakeToken
        | Deed::ManageFactor
        | Deed::ManagePasskeys => true,
    }
}

/// Whether a dangerous act asks for its proof itself, by the password in its own form, where that is enough.
pub(crate) const fn asks_itself(deed: Deed) -> bool {
    match deed {
        Deed::AgreeToMerge | Deed::ChangePassword | Deed::MakeToken | Deed::ManageFactor => true,
        Deed::ReadLine
        | Deed::ReadAccount
        | Deed::SetSpeed
        | Deed::ManageSessions
        | Deed::EndSessions
        | Deed::NameLines
        | Deed::Export
        | Deed::ManagePasskeys => false,
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
                let allowed = may(*role, *kind, *deed);
                let verdict = if allowed { "may" } else { "may not" };
                let proof = if allowed && asks_proof(*deed) { " with a fresh proof" } else { "" };
                writeln!(table, "{} by {} {verdict} {deed:?}{proof}", role.word(), kind.word()).unwrap();
            }
        }
        assert_eq!(table, include_str!("policy_table.txt"));
    }
}
