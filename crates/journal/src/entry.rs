//! The entry: a record every octet of which has one meaning.
//!
//! Shape, version 2, big-endian: version (1), kind (1), channel (1), flags (1), what (2), key epoch (4), moment (8),
//! order (8), viewer (16); owner (16) where it is another; basis (24) where there is one; the entry it is about (24)
//! where there is one; its end (8) where the kind has one; sealed body (the rest).

use honnin_terms::{Basis, EntryRef, Moment};

use crate::{BadFormat, Kind};

/// Length of the longest part before the sealed body, in octets.
pub(crate) const HEADER: usize = 42 + 16 + 24 + 24 + 8;

/// Longest sealed body, in octets: details are ids and counts; 1 KiB holds fifty of them.
pub const MOST_BODY: usize = 1024;

/// Longest entry, in octets.
pub(crate) const MOST_ENTRY: usize = HEADER + MOST_BODY;

const VERSION: u8 = 2;
/// Where flags and order stand, which the journal writes when it takes the entry.
const FLAGS_AT: usize = 3;
const ORDER_AT: usize = 18;

const ON_GRANT: u8 = 1;
const ON_CASE: u8 = 2;
const OTHER_OWNER: u8 = 4;
const ABOUT: u8 = 8;
const ENDS: u8 = 16;
const UNSETTLED: u8 = 32;

/// Who a person is within one key epoch: the epoch's index key over what she is known by. Unlinkable without that key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(pub [u8; 16]);

impl Pseudonym {
    /// Nobody: both sides of an epoch marker.
    pub const NOBODY: Self = Self([0; 16]);
}

/// One entry as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it records.
    pub kind: Kind,
    /// When, by the clock.
    pub moment: Moment,
    /// The latest moment of this log up to and with this entry: it never goes back, whatever the clock does. Written by
    /// the journal when it takes the entry.
    pub order: Moment,
    /// Whether a clock that was set waits for somebody to look at it. Written by the journal when it takes the entry.
    pub unsettled: bool,
    /// Who was shown or acted.
    pub viewer: Pseudonym,
    /// Whose data.
    pub owner: Pseudonym,
    /// On what basis.
    pub basis: Basis,
    /// The entry it is about: for an end the grant, case or merge that ends.
    pub about: Option<EntryRef>,
    /// The last moment at which it is valid, where the kind has one.
    pub until: Option<Moment>,
    /// Which data or act, by the caller's own list of codes.
    pub what: u16,
    /// By which way, by the caller's own list of codes.
    pub channel: u8,
    /// The key epoch of both pseudonyms and of the body.
    pub epoch: u32,
    /// The details, sealed by [`crate::EpochKeys::seal`]; empty where there are none.
    pub body: Vec<u8>,
}

impl Entry {
    /// An entry between nobody and nobody, about nothing.
    pub const fn blank(kind: Kind, moment: Moment, epoch: u32) -> Self {
        Self {
            kind,
            moment,
            order: moment,
            unsettled: false,
            viewer: Pseudonym::NOBODY,
            owner: Pseudonym::NOBODY,
            basis: Basis::Own,
            about: None,
            until: None,
            what: 0,
            channel: 0,
            epoch,
            body: Vec::new(),
        }
    }

    fn flags(&self) -> u8 {
        let basis = match self.basis {
            Basis::Own => 0,
            Basis::Grant(_) => ON_GRANT,
            Basis::Case(_) => ON_CASE,
        };
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        basis
            | flag(self.owner != self.viewer, OTHER_OWNER)
            | flag(self.about.is_some(), ABOUT)
            | flag(self.until.is_some(), ENDS)
            | flag(self.unsettled, UNSETTLED)
    }

    fn write_header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[VERSION, self.kind.code(), self.channel, self.flags()]);
        out.extend_from_slice(&self.what.to_be_bytes());
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.moment.millis().to_be_bytes());
        out.extend_from_slice(&self.order.millis().to_be_bytes());
        out.extend_from_slice(&self.viewer.0);
        if self.owner != self.viewer {
            out.extend_from_slice(&self.owner.0);
        }
        for entry in [self.basis.entry(), self.about].into_iter().flatten() {
            out.extend_from_slice(&entry.octets());
        }
        if let Some(until) = self.until {
            out.extend_from_slice(&until.millis().to_be_bytes());
        }
    }

    /// The part before the body as its writer knows it, without what the journal adds: what the body is bound to.
    pub(crate) fn place(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER);
        self.write_header(&mut out);
        settle(&mut out, Moment::EPOCH, false);
        out
    }

    /// The octets of the entry: the leaf of the tree.
    pub fn octets(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + self.body.len());
        self.write_header(&mut out);
        out.extend_from_slice(&self.body);
        out
    }

    /// The entry as a log takes it, at that place in its order.
    #[must_use]
    pub(crate) fn taken(self, order: Moment, unsettled: bool) -> Self {
        Self { order, unsettled, ..self }
    }
}

/// Writes into the octets of an entry what the journal adds when it takes it.
pub(crate) fn settle(octets: &mut [u8], order: Moment, unsettled: bool) {
    if let Some(flags) = octets.get_mut(FLAGS_AT) {
        *flags = if unsettled { *flags | UNSETTLED } else { *flags & !UNSETTLED };
    }
    if let Some(place) = octets.get_mut(ORDER_AT..ORDER_AT + 8) {
        place.copy_from_slice(&order.millis().to_be_bytes());
    }
}

/// Reads an entry. What it accepts is exactly what [`Entry::octets`] writes.
///
/// # Errors
/// [`BadFormat`] for every other text of octets.
pub fn parse_entry(octets: &[u8]) -> Result<Entry, BadFormat> {
    let mut rest = octets;
    let [version, kind, channel, flags] = take::<4>(&mut rest)?;
    let what = u16::from_be_bytes(take(&mut rest)?);
    let epoch = u32::from_be_bytes(take(&mut rest)?);
    let moment = moment(&mut rest)?;
    let order = self::moment(&mut rest)?;
    let viewer = Pseudonym(take(&mut rest)?);
    if version != VERSION {
        return Err(BadFormat("entry version 2"));
    }
    let has = |flag: u8| flags & flag != 0;
    let owner = if has(OTHER_OWNER) { Pseudonym(take(&mut rest)?) } else { viewer };
    let basis = match flags & (ON_GRANT | ON_CASE) {
        0 => Basis::Own,
        ON_GRANT => Basis::Grant(EntryRef::from_octets(take(&mut rest)?)),
        ON_CASE => Basis::Case(EntryRef::from_octets(take(&mut rest)?)),
        _ => return Err(BadFormat("a known basis")),
    };
    let about = has(ABOUT).then(|| take(&mut rest).map(EntryRef::from_octets)).transpose()?;
    let until = has(ENDS).then(|| self::moment(&mut rest)).transpose()?;
    if rest.len() > MOST_BODY {
        return Err(BadFormat("a body within its bound"));
    }
    let (kind, unsettled) = (Kind::parse(kind)?, has(UNSETTLED));
    let body = rest.to_vec();
    let entry = Entry {
        kind,
        moment,
        order,
        unsettled,
        viewer,
        owner,
        basis,
        about,
        until,
        what,
        channel,
        epoch,
        body,
    };
    // One entry, one text: no owner written out who is the viewer, no flag without a meaning.
    if entry.flags() != flags {
        return Err(BadFormat("flags that say what follows"));
    }
    if kind.row().ends != until.is_some() {
        return Err(BadFormat("an end where the kind has one, and nowhere else"));
    }
    Ok(entry)
}

fn moment(rest: &mut &[u8]) -> Result<Moment, BadFormat> {
    Moment::from_millis(i64::from_be_bytes(take(rest)?))
        .map_err(|_| BadFormat("a moment that can be counted"))
}

/// Takes the next octets of a text.
pub(crate) fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], BadFormat> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or(BadFormat("more octets"))?;
    *rest = after;
    Ok(*taken)
}
