//! A connection that ends when the other side takes nothing or, under HTTP/2, does not begin.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::entry::{Arrives, Entered, Entry};
use crate::frames::Frames;
use crate::head::HeadGuard;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Length of the HTTP/2 client preface (RFC 9113 §3.4): hyper waits for it without a time limit.
pub(super) const PREFACE: usize = 24;

/// Wraps a connection with the time limits hyper does not have.
#[derive(Debug)]
pub(super) struct TimedStream<S> {
    stream: S,
    write: Duration,
    /// Runs while an octet of the answer waits to be taken.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Looks at the heads of requests, where they are those of HTTP/1.1.
    guard: Option<HeadGuard>,
    /// Lets requests in by turns, where they are those of HTTP/1.1.
    entry: Option<Entry>,
    /// Counts frames that ask for nothing, where it is HTTP/2; and when it began.
    frames: Option<(Frames, Instant)>,
    /// Runs until so many octets have come.
    opening: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<S> TimedStream<S> {
    /// Ends with an error once the peer takes nothing for `write`.
    pub(super) fn new(stream: S, write: Duration) -> Self {
        Self { stream, write, stalled: None, guard: None, entry: None, frames: None, opening: None }
    }

    /// Looks at the heads of requests that come in.
    pub(super) fn guarded(mut self) -> Self {
        self.guard = Some(HeadGuard::default());
        self
    }

    /// Reads nothing of a request before its turn.
    pub(super) fn by_turns(mut self, entry: Entry) -> Self {
        self.entry = Some(entry);
        self
    }

    /// Ends with an error once more frames come that ask for nothing than may.
    pub(super) fn counting_frames(mut self) -> Self {
        self.frames = Some((Frames::after(PREFACE), Instant::now()));
        self
    }

    fn wrote(&mut self, result: &Poll<io::Result<usize>>) {
        if let (Some((frames, _)), Poll::Ready(Ok(octets))) = (&mut self.frames, result) {
            frames.sent(u64::try_from(*octets).unwrap_or(u64::MAX));
        }
    }

    /// Ends with an error also where the first `octets` are not read within `limit`.
    pub(super) fn must_open(mut self, octets: usize, limit: Duration) -> Self {
        self.opening = Some((Box::pin(sleep(limit)), octets));
        self
    }

    fn watch<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stalled = None;
            return result;
        }
        let write = self.write;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(write)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Arrives + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(entry) = &mut this.entry
            && ready!(entry.poll(&this.stream, cx)) == Entered::Left
        {
            return Poll::Ready(Ok(()));
        }
        let (before, room) = (buf.filled().len(), buf.remaining());
        let result = Pin::new(&mut this.stream).poll_read(cx, buf);
        if let Some(entry) = &mut this.entry {
            entry.read(buf.filled().len() - before, room);
        }
        if let Some(guard) = &mut this.guard {
            guard.look(buf.filled_mut().get_mut(before..).unwrap_or_default());
        }
        if let Some((frames, began)) = &mut this.frames
            && frames.look(buf.filled().get(before..).unwrap_or_default(), began.elapsed()).is_err()
        {
            honnin_figures::frame_floods().increment(1);
            return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
        }
        let Some((limit, missing)) = &mut this.opening else { return result };
        *missing = missing.saturating_sub(buf.filled().len() - before);
        if *missing == 0 {
            this.opening = None;
        } else if limit.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(&result);
        self.watch(cx, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(&result);
        self.watch(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
