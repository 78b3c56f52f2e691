//! The body of a request, within its bounds.

use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::timeout;

/// Octets beyond the bound that are taken, and thrown away, before a body is refused.
const TAKEN: usize = 1 << 20;

/// A body that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than allowed.
    #[error("read the body: it is longer than allowed")]
    TooLong,
    /// It did not come in time.
    #[error("read the body: it did not come in time")]
    TooSlow,
    /// Its framing is none: a chunk without a size, more or fewer octets than were promised.
    #[error("read the body: its framing is malformed")]
    Malformed,
    /// The connection broke.
    #[error("read the body: the connection broke")]
    Broken,
}

/// A body on its way in: hyper's, or one that a test has at hand.
pub trait Incoming: Body<Data = Bytes, Error: Into<Refused>> + Send + 'static {}

impl<B: Body<Data = Bytes, Error: Into<Refused>> + Send + 'static> Incoming for B {}

type Refused = Box<dyn std::error::Error + Send + Sync>;

/// Reads the whole body, at most `octets` long, within `limit`.
///
/// # Errors
/// [`BodyError`] where it is longer, slower, or does not come.
pub async fn read(body: impl Incoming, octets: usize, limit: Duration) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let said = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if said > octets.saturating_add(TAKEN) {
        return Err(BodyError::TooLong);
    }
    let late = if said > octets { BodyError::TooLong } else { BodyError::TooSlow };
    timeout(limit, whole(body, octets)).await.unwrap_or(Err(late))
}

/// Why the next piece did not come: the reader of HTTP/1 says in the words of the system what is wrong with what came.
fn why(error: &(dyn std::error::Error + 'static)) -> BodyError {
    use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
        {
            return BodyError::Malformed;
        }
        cause = error.source();
    }
    BodyError::Broken
}

async fn whole(body: impl Incoming, octets: usize) -> Result<Bytes, BodyError> {
    let mut body = pin!(body);
    let (mut kept, mut came) = (BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| why(&*error.into()))?.into_data() else { continue };
        came = came.saturating_add(data.len());
        if came > octets.saturating_add(TAKEN) {
            break;
        }
        // What is too long is taken all the same, and kept by nobody: a proxy that has not sent everything hears no
        // answer, and tells the subscriber that we are broken.
        if came <= octets {
            kept.extend_from_slice(&data);
        }
    }
    if came > octets { Err(BodyError::TooLong) } else { Ok(kept.freeze()) }
}
