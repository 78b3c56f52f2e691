//! The keeper's closed list of acts, and who is told of each.

/// What the keeper does. The list is closed: another act is another variant, and a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Release an account key to a completed sign-in.
    ReleaseAccountKey,
    /// Open what a session has left with work it asked for.
    TakeUp,
    /// Open or seal a password hash or one-time code.
    Credential,
    /// Create keys of an account or a subject.
    CreateKey,
    /// Open an account's documents to merge and seal what the feed says.
    SealFromFeed,
    /// Open the address by which a network element knows one line.
    ElementAddress,
    /// Open or seal a row in quarantine.
    Quarantine,
    /// Move the lines of one account to another, or back.
    MoveLines,
    /// Begin an epoch of the journal or hand out its key.
    JournalEpoch,
    /// Open or seal what the installation writes down of its own mode.
    Mode,
}

impl Deed {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::ReleaseAccountKey,
        Self::TakeUp,
        Self::Credential,
        Self::CreateKey,
        Self::SealFromFeed,
        Self::ElementAddress,
        Self::Quarantine,
        Self::MoveLines,
        Self::JournalEpoch,
        Self::Mode,
    ];

    /// The word in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ReleaseAccountKey => "release_account_key",
            Self::TakeUp => "take_up_work",
            Self::Credential => "credential",
            Self::CreateKey => "create_key",
            Self::SealFromFeed => "seal_from_feed",
            Self::ElementAddress => "element_address",
            Self::Quarantine => "quarantine",
            Self::MoveLines => "move_lines",
            Self::JournalEpoch => "journal_epoch",
            Self::Mode => "mode",
        }
    }
}

/// Is told of every act of the keeper, before it is done.
pub trait Witness: Send + Sync {
    /// The keeper is about to do this.
    fn about_to(&self, deed: Deed);
}

/// A witness that keeps nothing: for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Witness for Silent {
    fn about_to(&self, _deed: Deed) {}
}
