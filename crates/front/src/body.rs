//! The body of a request, within its bounds.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use tokio::time::timeout;

/// A body that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than allowed.
    #[error("read the body: it is longer than allowed")]
    TooLong,
    /// It did not come in time.
    #[error("read the body: it did not come in time")]
    TooSlow,
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
    if usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX) > octets {
        return Err(BodyError::TooLong);
    }
    match timeout(limit, Limited::new(body, octets).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(reason)) if reason.is::<LengthLimitError>() => Err(BodyError::TooLong),
        Ok(Err(_)) => Err(BodyError::Broken),
        Err(_) => Err(BodyError::TooSlow),
    }
}
