//! The keeper's closed list of acts, and who is asked before each.

use honnin_access::{Answer, SignInProof};

/// What the keeper does. The list is closed: another act is another variant, and a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Release an account key to a completed sign-in.
    ReleaseAccountKey,
    /// Seal what a session leaves with work it asks for.
    LeaveWork,
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
        Self::LeaveWork,
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
            Self::LeaveWork => "leave_work",
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

/// Why the keeper does not do what it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not written down, or cannot be.
    #[error("the journal has no entry about it")]
    NotRecorded,
    /// It was done as often as may be; so many seconds to wait.
    #[error("it was done too often; wait {0} seconds")]
    TooOften(i64),
}

/// Is asked about every act of the keeper before it is done, and writes down what has to be.
pub trait Witness: Send + Sync {
    /// The keeper is about to do this.
    ///
    /// # Errors
    /// [`Refused`]; it is not done then.
    fn about_to(&self, deed: Deed) -> Result<(), Refused>;

    /// The keeper is about to release the key of an account: it does once what for is durable in the journal.
    ///
    /// # Errors
    /// [`Refused`]; it is not released then.
    fn about_to_release(&self, proof: &SignInProof) -> Answer<'_, Result<(), Refused>>;
}

/// A witness that keeps nothing and lets everything be done: for tests and tools.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Witness for Silent {
    fn about_to(&self, _deed: Deed) -> Result<(), Refused> {
        Ok(())
    }

    fn about_to_release(&self, _proof: &SignInProof) -> Answer<'_, Result<(), Refused>> {
        Answer::ready(Ok(()))
    }
}
