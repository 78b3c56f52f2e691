//! The policy table: which role may do what.

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
    ];
}

/// Whether that role may do that. Exhaustive on purpose: a new role or deed does not compile without a decision.
pub const fn may(role: Role, deed: Deed) -> bool {
    match (role, deed) {
        (
            Role::Holder,
            Deed::ReadLine
            | Deed::ReadAccount
            | Deed::SetSpeed
            | Deed::ManageSessions
            | Deed::NameLines
            | Deed::Export
            | Deed::AgreeToMerge,
        ) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_the_table_that_was_reviewed() {
        let row = |role: &Role, deed: &Deed| {
            let verdict = if may(*role, *deed) { "may" } else { "may not" };
            format!("{} {verdict} {deed:?}\n", role.word())
        };
        let table: String =
            Role::ALL.iter().flat_map(|role| Deed::ALL.iter().map(move |deed| row(role, deed))).collect();
        assert_eq!(table, include_str!("policy_table.txt"));
    }
}
