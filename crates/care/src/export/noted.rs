//! What is written down of an export: ids, moments and how far it is; nothing personal but what is sealed.

use honnin_terms::{ExportId, Id, Moment, SessionId};

use crate::Channel;

/// Why an export was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFault {
    /// There is more than one export may hold.
    TooLarge,
    /// There is no room for it, or the store takes nothing.
    NoRoom,
    /// It took too long.
    Deadline,
    /// Worker after worker was stopped on the way.
    Interrupted,
    /// Something that was to go into it could not be read.
    Failed,
}

impl ExportFault {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::TooLarge, Self::NoRoom, Self::Deadline, Self::Interrupted, Self::Failed];

    /// The word of the API, of metrics and of what is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::NoRoom => "no_room",
            Self::Deadline => "deadline",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// How far an export is, for the one who asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportStage {
    /// So many are before it.
    Waiting(usize),
    /// It is being made.
    Working,
    /// It can be fetched until then.
    Ready(Moment),
    /// It has expired.
    Gone,
    /// It was not made.
    Failed(ExportFault),
}

impl ExportStage {
    /// Whether it waits or is being made.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Waiting(_) | Self::Working)
    }
}

/// The export of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportState {
    /// Its name in addresses.
    pub export: ExportId,
    /// How far it is.
    pub stage: ExportStage,
}

/// How far it is, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// To be made by whoever opens what the session has left, sealed.
    Asked(Vec<u8>),
    /// Kept until then, as it was made under that claim.
    Ready { octets: u64, until: Moment, fence: u64 },
    /// Not made.
    Failed(ExportFault),
}

/// What is written down of one export. Shape: its id, the session's, the code of the way it was asked for by, a
/// letter, and what belongs to the letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Noted {
    pub(super) export: ExportId,
    pub(super) session: SessionId,
    pub(super) channel: Channel,
    pub(super) stage: Stage,
}

impl Noted {
    pub(super) fn octets(&self) -> Vec<u8> {
        let (letter, rest) = match &self.stage {
            Stage::Asked(left) => (b'a', left.clone()),
            Stage::Ready { octets, until, fence } => {
                (b'r', [octets.to_be_bytes(), until.millis().to_be_bytes(), fence.to_be_bytes()].concat())
            }
            Stage::Failed(fault) => (b'f', fault.word().as_bytes().to_vec()),
        };
        [self.export.octets().as_slice(), self.session.octets(), &[self.channel.code(), letter], &rest]
            .concat()
    }

    /// `None` for what we did not write.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let (export, rest) = octets.split_first_chunk::<16>()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (channel, rest) = rest.split_first()?;
        let channel = Channel::from_code(*channel)?;
        let stage = match rest.split_first()? {
            (b'a', left) => Stage::Asked(left.to_vec()),
            (b'r', rest) => {
                let (octets, rest) = rest.split_first_chunk::<8>()?;
                let (until, fence) = rest.split_first_chunk::<8>()?;
                let until = Moment::from_millis(i64::from_be_bytes(*until)).ok()?;
                let fence = u64::from_be_bytes(fence.try_into().ok()?);
                Stage::Ready { octets: u64::from_be_bytes(*octets), until, fence }
            }
            (b'f', word) => {
                Stage::Failed(ExportFault::ALL.into_iter().find(|fault| fault.word().as_bytes() == word)?)
            }
            _ => return None,
        };
        let (export, session) = (ExportId::from_octets(*export), SessionId::from_octets(*session));
        Some(Self { export, session, channel, stage })
    }
}
