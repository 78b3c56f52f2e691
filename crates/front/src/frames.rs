//! Frames of HTTP/2 that ask for nothing: SETTINGS, PING, PRIORITY, resets, window updates, empty pieces and what nobody
//! knows. Each costs the reader work and the sender next to none, so that a connection has an allowance of them. It grows
//! with time, with requests, and with what was sent to it; who uses it up is let go (RFC 9113 §10.5).

use std::time::Duration;

/// Octets of a frame's head (RFC 9113 §4.1).
const HEAD: usize = 9;

/// Frames that may come at once.
const MOST: u64 = 1_000;
/// One more for each so much time.
const EVERY: Duration = Duration::from_millis(20);
/// One more for so many octets that were sent: a window update for each of them is no flood.
const SENT: u64 = 2_048;
/// More for each request.
const REQUEST: u64 = 4;

/// The allowance of a connection. Pure: time is passed in.
#[derive(Debug)]
pub(super) struct Frames {
    /// Octets of the client preface that are still to come.
    preface: usize,
    head: [u8; HEAD],
    /// How much of the head is there.
    of_head: usize,
    /// What is still to come of the frame.
    rest: usize,
    /// Of a padded piece of a body whose first octet, the length of its padding, has not come: how long it is.
    padded: Option<u32>,
    left: u64,
    /// Time and octets that have not come to a whole frame yet.
    since: Duration,
    sent: u64,
}

/// More came than may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flood;

impl Frames {
    /// A connection that begins with a preface of so many octets.
    pub(super) const fn after(preface: usize) -> Self {
        Self {
            preface,
            head: [0; HEAD],
            of_head: 0,
            rest: 0,
            padded: None,
            left: MOST,
            since: Duration::ZERO,
            sent: 0,
        }
    }

    /// So much was sent to it.
    pub(super) const fn sent(&mut self, octets: u64) {
        self.sent = self.sent.saturating_add(octets);
        let more = self.sent / SENT;
        self.sent %= SENT;
        self.more(more);
    }

    /// Looks at what came, so long after the connection began.
    ///
    /// # Errors
    /// [`Flood`] where the allowance is used up.
    pub(super) fn look(&mut self, mut octets: &[u8], now: Duration) -> Result<(), Flood> {
        let passed = now.saturating_sub(self.since).as_millis() / EVERY.as_millis().max(1);
        if let Ok(passed @ 1..) = u32::try_from(passed) {
            self.more(u64::from(passed));
            self.since = self.since.saturating_add(EVERY.saturating_mul(passed));
        }
        // Passed before anything else.
        octets = passed_over(octets, &mut self.preface);
        loop {
            if let (Some(length), Some(padding)) = (self.padded, octets.first()) {
                self.padded = None;
                if length <= u32::from(*padding) + 1 {
                    self.idle()?;
                }
            }
            octets = passed_over(octets, &mut self.rest);
            let Some((first, more)) = octets.split_first() else { return Ok(()) };
            if let Some(place) = self.head.get_mut(self.of_head) {
                *place = *first;
            }
            self.of_head += 1;
            octets = more;
            if self.of_head < HEAD {
                continue;
            }
            self.of_head = 0;
            let [a, b, c, kind, flags, ..] = self.head;
            let length = u32::from_be_bytes([0, a, b, c]);
            self.frame(kind, flags, length)?;
            self.rest = usize::try_from(length).unwrap_or(usize::MAX);
        }
    }

    fn frame(&mut self, kind: u8, flags: u8, length: u32) -> Result<(), Flood> {
        const DATA: u8 = 0;
        const HEADERS: u8 = 1;
        const PADDED: u8 = 8;
        match kind {
            HEADERS => self.more(REQUEST),
            // What is in it beside its padding is known with its first octet.
            DATA if length > 0 && flags & PADDED != 0 => self.padded = Some(length),
            DATA if length > 0 => {}
            // An empty piece may end a body: its request has paid for it.
            _ => self.idle()?,
        }
        Ok(())
    }

    /// One that asks for nothing.
    fn idle(&mut self) -> Result<(), Flood> {
        self.left = self.left.checked_sub(1).ok_or(Flood)?;
        Ok(())
    }

    const fn more(&mut self, frames: u64) {
        let left = self.left.saturating_add(frames);
        self.left = if left < MOST { left } else { MOST };
    }
}

/// The octets after so many that are passed over.
fn passed_over<'a>(octets: &'a [u8], part: &mut usize) -> &'a [u8] {
    let skipped = octets.len().min(*part);
    *part -= skipped;
    octets.get(skipped..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        [&[0, 0, length, kind, flags, 0, 0, 0, 1][..], &vec![0xff; usize::from(length)]].concat()
    }

    fn taken(frames: &mut Frames, frame: &[u8], most: usize, now: Duration) -> usize {
        (0..most).take_while(|_| frames.look(frame, now).is_ok()).count()
    }

    #[test]
    fn what_asks_for_nothing_has_an_allowance() {
        for kind in [2, 3, 4, 6, 8, 9, 0x4f] {
            let mut frames = Frames::after(0);
            assert_eq!(taken(&mut frames, &frame(kind, 0, 8), 5_000, Duration::ZERO), 1_000, "{kind}");
            assert_eq!(taken(&mut frames, &frame(kind, 0, 8), 5_000, Duration::from_secs(1)), 50, "{kind}");
        }
        let mut frames = Frames::after(0);
        assert_eq!(taken(&mut frames, &frame(0, 0, 0), 5_000, Duration::ZERO), 1_000, "empty pieces");
        for end in [0, 1] {
            let mut frames = Frames::after(0);
            let padding = [&[0, 0, 4, 0, 8 | end, 0, 0, 0, 1][..], &[3, 0, 0, 0]].concat();
            assert_eq!(taken(&mut frames, &padding, 5_000, Duration::ZERO), 1_000, "pieces of padding");
        }
    }

    #[test]
    fn requests_bodies_and_downloads_use_nothing_up() {
        let mut frames = Frames::after(24);
        frames.look(&[b'p'; 24], Duration::ZERO).unwrap();
        let padded = [&[0, 0, 4, 0, 8, 0, 0, 0, 1][..], &[2, b'a', 0, 0]].concat();
        let whole = [frame(1, 4, 40), frame(0, 0, 200), padded, frame(0, 1, 0)].concat();
        for asked in [frame(1, 4, 40), frame(0, 0, 200), whole] {
            assert_eq!(taken(&mut frames, &asked, 20_000, Duration::ZERO), 20_000);
        }
        // A window update for every 16 KiB that is taken.
        for _ in 0..50_000 {
            frames.sent(16 << 10);
            frames.look(&frame(8, 0, 4), Duration::ZERO).unwrap();
        }
    }

    proptest! {
        #[test]
        fn it_is_the_same_however_the_octets_are_cut(
            kinds in prop::collection::vec((0u8..12, 0u8..16, 0u8..40), 0..60),
            cuts in prop::collection::vec(1usize..50, 1..40),
        ) {
            let all: Vec<u8> = [b'p'; 24]
                .into_iter()
                .chain(kinds.iter().flat_map(|(kind, flags, length)| frame(*kind, *flags, *length)))
                .collect();
            let (mut whole, mut cut) = (Frames::after(24), Frames::after(24));
            whole.look(&all, Duration::ZERO).unwrap();
            let (mut rest, mut cuts) = (all.as_slice(), cuts.iter().cycle());
            while !rest.is_empty() {
                let (part, more) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                cut.look(part, Duration::ZERO).unwrap();
                rest = more;
            }
            let state = |frames: &Frames| (frames.left, frames.rest, frames.of_head, frames.padded);
            prop_assert_eq!(state(&whole), state(&cut));
        }
    }
}
