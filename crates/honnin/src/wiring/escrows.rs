//! Of which key shares were last made: a row of the store, so that whoever asks is told when the shares people keep are of
//! a key file of before. Who can write the store can write this too: it reminds, and proves nothing. The journal has the act.

use honnin_seal::KeyFingerprint;
use honnin_store::{ControlName, NewControl};
use honnin_terms::Moment;
use pollster::block_on;

use super::Rooms;
use crate::failure::Failure;

/// Shares that were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Escrowed {
    /// Of which key.
    pub(crate) key: KeyFingerprint,
    /// When.
    pub(crate) at: Moment,
    /// How many are needed.
    pub(crate) needed: u8,
    /// Of how many.
    pub(crate) of: u8,
}

fn name() -> ControlName {
    ControlName::of("key-escrow", &[])
}

impl Escrowed {
    /// In fixed places: moment, needed, of, fingerprint.
    fn octets(&self) -> Vec<u8> {
        let Self { key, at, needed, of } = self;
        [&at.millis().to_be_bytes()[..], &[*needed, *of], key.octets()].concat()
    }

    fn read(octets: &[u8]) -> Option<Self> {
        let (millis, rest) = octets.split_first_chunk::<8>()?;
        let ([needed, of], key) = rest.split_first_chunk::<2>()?;
        Some(Self {
            key: KeyFingerprint::from_octets(key.try_into().ok()?),
            at: Moment::from_millis(i64::from_be_bytes(*millis)).ok()?,
            needed: *needed,
            of: *of,
        })
    }
}

/// Notes that shares were made.
///
/// # Errors
/// [`Failure`] where the store takes nothing.
pub(crate) fn note_escrow(rooms: &Rooms, made: &Escrowed) -> Result<(), Failure> {
    let (name, value) = (name(), made.octets());
    let read = block_on(rooms.store.control(&rooms.keep(), &name))?.map_or(0, |row| row.revision);
    // Whoever wrote it in between has made some as well.
    block_on(rooms.store.swap_control(&rooms.keep(), &name, read, Some(NewControl { value, until: None })))?;
    Ok(())
}

/// The shares that were last made, where any were.
///
/// # Errors
/// [`Failure`] where the store does not answer.
pub(crate) fn last_escrow(rooms: &Rooms) -> Result<Option<Escrowed>, Failure> {
    let row = block_on(rooms.store.control(&rooms.keep(), &name()))?;
    Ok(row.and_then(|row| Escrowed::read(&row.value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_read_as_it_was_written() {
        let key = KeyFingerprint::from_octets([7; 10]);
        let made = Escrowed { key, at: Moment::EPOCH.plus_seconds(9), needed: 3, of: 5 };
        assert_eq!(Escrowed::read(&made.octets()), Some(made));
        assert_eq!(Escrowed::read(&made.octets()[1..]), None);
    }
}
