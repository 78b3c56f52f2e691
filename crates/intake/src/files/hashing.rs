//! A digest of all that was read, made while reading: the same files are the same run.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use honnin_seal::{Digest, digest};

/// Blocks of one size, so that the digest does not depend on how the octets arrived.
const BLOCK: usize = 64 * 1024;

struct State {
    digest: Digest,
    block: Vec<u8>,
}

/// Reads on and keeps the digest.
pub(crate) struct Hashing<R> {
    inner: R,
    state: Arc<Mutex<State>>,
}

/// The digest of what a [`Hashing`] has read.
pub(crate) struct ReadDigest(Arc<Mutex<State>>);

impl<R> Hashing<R> {
    /// Wraps a source; the second value gives the digest when all is read.
    pub(crate) fn new(inner: R) -> (Self, ReadDigest) {
        let state = State { digest: digest(&[b"honnin file v1\0"]), block: Vec::with_capacity(BLOCK) };
        let state = Arc::new(Mutex::new(state));
        (Self { inner, state: Arc::clone(&state) }, ReadDigest(state))
    }
}

impl ReadDigest {
    /// The digest of everything read so far.
    pub(crate) fn finish(self) -> Digest {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        digest(&[&state.digest, &state.block])
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = buffer.get(..count).unwrap_or(&[]);
        while !read.is_empty() {
            let room = BLOCK.saturating_sub(state.block.len());
            let (piece, rest) = read.split_at_checked(room).unwrap_or((read, &[]));
            state.block.extend_from_slice(piece);
            read = rest;
            if state.block.len() == BLOCK {
                state.digest = digest(&[&state.digest, &state.block]);
                state.block.clear();
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(octets: &[u8], step: usize) -> Digest {
        let (mut reader, digest) = Hashing::new(octets);
        let mut buffer = vec![0; step];
        while reader.read(&mut buffer).unwrap() > 0 {}
        digest.finish()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn the_digest_depends_on_content_and_not_on_steps(length in 0usize..200_000, step in 1usize..90_000) {
            let octets: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            prop_assert_eq!(of(&octets, step), of(&octets, 4096));
            let longer = [&octets[..], &[0]].concat();
            prop_assert_ne!(of(&longer, 4096), of(&octets, 4096));
        }
    }
}
