//! An answer on its way out, in pieces: a request is over when its last piece was taken, and not when it was made.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};

use crate::room::Busy;

/// Octets of a piece. A client that takes less than one in the time a connection may stay idle is let go, so this and
/// [`BUFFER`] are the least speed that is served: 13 kbit/s where ten seconds are allowed.
const PIECE: usize = 16 * 1024;
/// Octets that are handed on before the client has room for them.
pub(crate) const BUFFER: usize = 4 * PIECE;

/// A body that says how far it is.
pub(crate) struct Pieces {
    rest: Bytes,
    busy: Busy,
}

impl Pieces {
    /// That answer in pieces; `busy` ends with its last one.
    pub(crate) async fn of(answer: Response<Full<Bytes>>, busy: Busy) -> Response<Self> {
        let (head, mut body) = answer.into_parts();
        // It is whole already, in one frame.
        let whole = body.frame().await.and_then(Result::ok);
        let rest = whole.and_then(|frame| frame.into_data().ok()).unwrap_or_default();
        busy.made();
        Response::from_parts(head, Self { rest, busy })
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        self.busy.moved();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.rest.len()).unwrap_or(u64::MAX))
    }
}
