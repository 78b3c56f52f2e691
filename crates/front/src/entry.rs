//! What stands before the octets of an HTTP/1.1 connection: nothing of a request is read before its turn.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio_rustls::server::TlsStream;

use crate::room::Held;
use crate::socket::Socket;
use crate::turns::{Turns, Wait};

/// A connection that says whether octets have come, without reading them.
pub(crate) trait Arrives {
    /// Ready once there is something to read: octets, or the end.
    fn poll_arrived(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Whether the other side has ended what it sends.
    fn has_left(&self, cx: &mut Context<'_>) -> bool;
}

impl Arrives for Socket {
    fn poll_arrived(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(cx)
    }

    fn has_left(&self, cx: &mut Context<'_>) -> bool {
        let ready = pin!(self.ready(Interest::READABLE)).poll(cx);
        matches!(ready, Poll::Ready(Ok(ready)) if ready.is_read_closed())
    }
}

impl Arrives for TlsStream<Socket> {
    fn poll_arrived(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (socket, tls) = self.get_ref();
        // A request that came in one piece with the end of the handshake is decrypted already, and nothing follows it.
        if tls.wants_read() { socket.poll_arrived(cx) } else { Poll::Ready(Ok(())) }
    }

    fn has_left(&self, cx: &mut Context<'_>) -> bool {
        self.get_ref().0.has_left(cx)
    }
}

/// What a connection is let read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    /// What has come.
    Read,
    /// Nothing any more: while it waited the other side has left.
    Left,
}

/// Lets the octets of a request in when it is its turn.
#[derive(Debug)]
pub(crate) struct Entry {
    turns: Arc<Turns>,
    held: Arc<Held>,
    wait: Option<Wait>,
    /// The last reading took as much as it had room for, so that more may have been taken from the socket already.
    was_full: bool,
}

impl Entry {
    pub(crate) const fn new(turns: Arc<Turns>, held: Arc<Held>) -> Self {
        Self { turns, held, wait: None, was_full: false }
    }

    /// Ready when octets have come and it is their turn; at once for those that follow while a request is answered.
    pub(crate) fn poll(&mut self, stream: &impl Arrives, cx: &mut Context<'_>) -> Poll<Entered> {
        if self.held.is_making() {
            return Poll::Ready(Entered::Read);
        }
        // A head that was not whole: who sends slowly waits without a place in work.
        self.held.give_back();
        if self.wait.is_none() && !self.was_full {
            // What went wrong is told by reading.
            let _told: io::Result<()> = ready!(stream.poll_arrived(cx));
        }
        let waited = self.wait.is_some();
        let wait = self.wait.get_or_insert_with(|| self.turns.wait());
        let mut turn = ready!(wait.poll(cx));
        self.wait = None;
        if waited && stream.has_left(cx) {
            turn.give_back();
            return Poll::Ready(Entered::Left);
        }
        self.held.take(turn);
        Poll::Ready(Entered::Read)
    }

    /// What was read: nothing gives its turn back.
    pub(crate) fn read(&mut self, octets: usize, room: usize) {
        self.was_full = octets > 0 && octets == room;
        if octets == 0 {
            self.held.give_back();
        }
    }
}
