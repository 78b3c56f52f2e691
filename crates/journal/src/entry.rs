//! The entry: a record of fixed shape, every octet of which has one meaning.
//!
//! Shape, version 1, big-endian: version (1), kind (1), channel (1), basis tag (1), what (2), key epoch (4),
//! moment (8), viewer (16), owner (16), basis index (8), valid until (8), sealed body (the rest).

use honnin_terms::Moment;

use crate::BadFormat;

/// Length of the part before the sealed body, in octets.
pub(crate) const HEADER: usize = 66;

/// Longest sealed body, in octets: details are ids and digests; 1 KiB holds twenty of them.
pub const MOST_BODY: usize = 1024;

/// Longest entry, in octets.
pub(crate) const MOST_ENTRY: usize = HEADER + MOST_BODY;

const VERSION: u8 = 1;

/// Who a person is within one key epoch: the epoch's index key over the account id. Unlinkable without that key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(pub [u8; 16]);

impl Pseudonym {
    /// Nobody: both sides of an epoch marker.
    pub const NOBODY: Self = Self([0; 16]);
}

/// Why a viewer may see an owner's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The viewer is the owner.
    Self_,
    /// The grant or the case at that index of this journal.
    Index(u64),
}

/// What an entry records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The viewer was shown data of the owner.
    Disclosure,
    /// The owner lets the viewer see, until that moment.
    Grant {
        /// The last moment at which it is valid.
        until: Moment,
    },
    /// The grant named as basis ends.
    Revocation,
    /// A support case: the viewer, an agent, may see the owner's data until that moment.
    CaseOpened {
        /// The last moment at which it is valid.
        until: Moment,
    },
    /// The case named as basis ends.
    CaseClosed,
    /// From here on entries are written under this key epoch.
    EpochMarker,
    /// Both having agreed, lines of the owner are the viewer's from here on: merged accounts.
    Merged,
    /// The merge named as basis is undone.
    Unmerged,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Disclosure => 1,
            Self::Grant { .. } => 2,
            Self::Revocation => 3,
            Self::CaseOpened { .. } => 4,
            Self::CaseClosed => 5,
            Self::EpochMarker => 6,
            Self::Merged => 7,
            Self::Unmerged => 8,
        }
    }

    fn until(self) -> i64 {
        match self {
            Self::Grant { until } | Self::CaseOpened { until } => until.millis(),
            Self::Disclosure
            | Self::Revocation
            | Self::CaseClosed
            | Self::EpochMarker
            | Self::Merged
            | Self::Unmerged => 0,
        }
    }

    fn parse(code: u8, until: i64) -> Result<Self, BadFormat> {
        let moment = || Moment::from_millis(until).map_err(|_| BadFormat("an end that can be counted"));
        let kind = match code {
            1 => Self::Disclosure,
            2 => Self::Grant { until: moment()? },
            3 => Self::Revocation,
            4 => Self::CaseOpened { until: moment()? },
            5 => Self::CaseClosed,
            6 => Self::EpochMarker,
            7 => Self::Merged,
            8 => Self::Unmerged,
            _ => return Err(BadFormat("a known kind of entry")),
        };
        if kind.until() == until { Ok(kind) } else { Err(BadFormat("an end only where the kind has one")) }
    }
}

/// One entry as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub moment: Moment,
    /// Who was shown: account or agent.
    pub viewer: Pseudonym,
    /// Whose data.
    pub owner: Pseudonym,
    /// On what basis; for an end the grant or case that ends.
    pub basis: Basis,
    /// What it records.
    pub kind: Kind,
    /// Which data or act, by the caller's own list of codes.
    pub what: u16,
    /// By which way, by the caller's own list of codes.
    pub channel: u8,
    /// The key epoch of both pseudonyms and of the body.
    pub epoch: u32,
    /// The details, sealed by [`crate::EpochKeys::seal`]; empty where there are none.
    pub body: Vec<u8>,
}

/// An entry to be sealed: as [`Entry`], with the details still in clear.
///
/// One that rests on a grant or a case is sealed with the keys of *its* epoch, so that the pseudonyms of both
/// are the same and the verifier needs no key to compare them.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    /// When.
    pub moment: Moment,
    /// Who is shown.
    pub viewer: Pseudonym,
    /// Whose data.
    pub owner: Pseudonym,
    /// On what basis.
    pub basis: Basis,
    /// What it records.
    pub kind: Kind,
    /// Which data or act.
    pub what: u16,
    /// By which way.
    pub channel: u8,
    /// Details for the owner and the operator: holding, request, digests of rows.
    pub details: &'a [u8],
}

impl Entry {
    /// The part before the body; also what the body is bound to.
    pub(crate) fn header(&self) -> [u8; HEADER] {
        let (tag, basis) = match self.basis {
            Basis::Self_ => (0, 0),
            Basis::Index(index) => (1, index),
        };
        let mut out = [0; HEADER];
        let mut rest = out.as_mut_slice();
        let mut put = |octets: &[u8]| {
            if let Some((to, after)) = std::mem::take(&mut rest).split_at_mut_checked(octets.len()) {
                to.copy_from_slice(octets);
                rest = after;
            }
        };
        put(&[VERSION, self.kind.code(), self.channel, tag]);
        put(&self.what.to_be_bytes());
        put(&self.epoch.to_be_bytes());
        put(&self.moment.millis().to_be_bytes());
        put(&self.viewer.0);
        put(&self.owner.0);
        put(&basis.to_be_bytes());
        put(&self.kind.until().to_be_bytes());
        out
    }

    /// The octets of the entry: the leaf of the tree.
    pub fn octets(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + self.body.len());
        out.extend_from_slice(&self.header());
        out.extend_from_slice(&self.body);
        out
    }
}

/// Reads an entry. What it accepts is exactly what [`Entry::octets`] writes.
///
/// # Errors
/// [`BadFormat`] for every other text of octets.
pub fn parse_entry(octets: &[u8]) -> Result<Entry, BadFormat> {
    let mut rest = octets;
    let [version, kind, channel, tag] = take::<4>(&mut rest)?;
    let what = u16::from_be_bytes(take(&mut rest)?);
    let epoch = u32::from_be_bytes(take(&mut rest)?);
    let moment = i64::from_be_bytes(take(&mut rest)?);
    let viewer = Pseudonym(take(&mut rest)?);
    let owner = Pseudonym(take(&mut rest)?);
    let basis = u64::from_be_bytes(take(&mut rest)?);
    let until = i64::from_be_bytes(take(&mut rest)?);
    if version != VERSION {
        return Err(BadFormat("entry version 1"));
    }
    if rest.len() > MOST_BODY {
        return Err(BadFormat("a body within its bound"));
    }
    let basis = match (tag, basis) {
        (0, 0) => Basis::Self_,
        (1, index) => Basis::Index(index),
        _ => return Err(BadFormat("a known basis")),
    };
    let moment = Moment::from_millis(moment).map_err(|_| BadFormat("a moment that can be counted"))?;
    let kind = Kind::parse(kind, until)?;
    Ok(Entry { moment, viewer, owner, basis, kind, what, channel, epoch, body: rest.to_vec() })
}

/// Takes the next octets of a text.
pub(crate) fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], BadFormat> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or(BadFormat("more octets"))?;
    *rest = after;
    Ok(*taken)
}
