//! Tickets: when somebody came and until when her place is kept, under a stamp that only this installation makes. Nothing
//! else is in one, and of nobody's ticket anything is kept.

use std::fmt::Write as _;

use super::Micros;

/// Makes the stamp: a keyed check over the text, by a key of the installation, the same on every node and after a restart.
pub trait Stamp: Send + Sync {
    /// The check over that text.
    fn stamp(&self, text: &[u8]) -> [u8; 16];
}

impl<F: Fn(&[u8]) -> [u8; 16] + Send + Sync> Stamp for F {
    fn stamp(&self, text: &[u8]) -> [u8; 16] {
        self(text)
    }
}

/// What a ticket is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A place in line.
    Place,
    /// Entry: nobody waited when she came.
    Entry,
}

impl Kind {
    const fn word(self) -> char {
        match self {
            Self::Place => 'p',
            Self::Entry => 'e',
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) kind: Kind,
    /// When she came; on one node no two have the same.
    pub(super) came: Micros,
    /// Until when it counts.
    pub(super) until: Micros,
}

/// Longer than any ticket.
const LONGEST: usize = 96;

/// Says what the stamp is over, so that no other check of the same key is one.
const LABEL: &str = "honnin waiting room v1 ";

impl Ticket {
    /// As a text for a cookie: letters, digits and dots.
    pub(super) fn write(&self, stamp: &dyn Stamp) -> String {
        let Self { kind, came, until } = self;
        let mut text = format!("{LABEL}{}.{came}.{until}", kind.word());
        let check = stamp.stamp(text.as_bytes());
        let mut ticket = text.split_off(LABEL.len());
        ticket.push('.');
        for octet in check {
            // A string takes whatever is written to it.
            let _written = write!(ticket, "{octet:02x}");
        }
        ticket
    }

    /// The ticket of that text; `None` where we did not write it.
    pub(super) fn read(text: &[u8], stamp: &dyn Stamp) -> Option<Self> {
        let text = str::from_utf8(text).ok().filter(|text| text.len() <= LONGEST)?;
        let mut parts = text.split('.');
        let (kind, came, until, _check) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let kind = match kind {
            "p" => Kind::Place,
            "e" => Kind::Entry,
            _ => return None,
        };
        let ticket = Self { kind, came: came.parse().ok()?, until: until.parse().ok()? };
        // Written once more it has to be the same text: nothing of it is free, the stamp least of all. Compared to the end,
        // so that the time it takes tells nothing of where they differ.
        let own = ticket.write(stamp);
        let differs = own.bytes().zip(text.bytes()).fold(0, |differs, (one, other)| differs | (one ^ other));
        (own.len() == text.len() && differs == 0).then_some(ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// No cipher: enough to tell keys and texts apart.
    fn stamp(key: u64) -> impl Fn(&[u8]) -> [u8; 16] {
        move |text: &[u8]| {
            let mut out = [0; 16];
            let mut sum = key;
            for (place, octet) in text.iter().chain(&[0; 16]).enumerate() {
                sum = sum.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*octet);
                out[place % 16] ^= sum.to_be_bytes()[2];
            }
            out
        }
    }

    proptest! {
        #[test]
        fn a_ticket_is_read_as_it_was_written_and_by_nobody_else(came: u64, until: u64, entry: bool, at in 0usize..80, with in 0u8..128) {
            let ticket = Ticket { kind: if entry { Kind::Entry } else { Kind::Place }, came, until };
            let text = ticket.write(&stamp(1));
            prop_assert!(text.len() <= LONGEST && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'.'));
            prop_assert_eq!(Ticket::read(text.as_bytes(), &stamp(1)), Some(ticket));
            prop_assert_eq!(Ticket::read(text.as_bytes(), &stamp(2)), None, "another tenant's");
            let mut altered = text.clone().into_bytes();
            let place = at % altered.len();
            if altered[place] != with {
                altered[place] = with;
                prop_assert_eq!(Ticket::read(&altered, &stamp(1)), None);
            }
            for end in 0..text.len() {
                prop_assert_eq!(Ticket::read(&text.as_bytes()[..end], &stamp(1)), None);
            }
        }
    }
}
