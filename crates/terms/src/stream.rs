//! Randomness: where it comes from, and the stream that one request draws from.

use std::fmt;
use std::sync::Arc;

use crate::{Id, RequestId};

/// A source of randomness, passed in so that a run can be repeated byte for byte.
pub trait Entropy: Send + Sync {
    /// Fills the whole of `bytes` with fresh random octets.
    fn fill(&self, bytes: &mut [u8]);
}

/// One request: its name, and the randomness that is drawn for it and for nothing else.
///
/// Rooms that answer requests hold no source of their own; what they draw, they draw from the stream of the request
/// at hand. So what is drawn for one moves nothing that another is given, and two runs can be compared byte by byte.
/// Shape of the name: random, so that it tells nothing of how many were answered before.
#[derive(Clone)]
pub struct Stream {
    request: RequestId,
    entropy: Arc<dyn Entropy>,
}

impl Stream {
    /// The stream of the request of that name.
    pub const fn new(request: RequestId, entropy: Arc<dyn Entropy>) -> Self {
        Self { request, entropy }
    }

    /// A stream of a request that has no name yet; its name is the first that is drawn.
    pub fn begin(entropy: &Arc<dyn Entropy>) -> Self {
        let mut octets = [0; 16];
        entropy.fill(&mut octets);
        Self::new(RequestId::from_octets(octets), Arc::clone(entropy))
    }

    /// The request's name in logs and in the journal.
    pub const fn request(&self) -> RequestId {
        self.request
    }
}

impl Entropy for Stream {
    fn fill(&self, bytes: &mut [u8]) {
        self.entropy.fill(bytes);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("request", &self.request).finish_non_exhaustive()
    }
}
