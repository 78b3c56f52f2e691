//! A connection as the house has it that it was handed to: whoever handed it over may have kept it as well.
//!
//! Whether reading and writing wait is kept with the socket and not with who holds it, so that each who holds it may change
//! it for all. A thread that serves many connections would then wait for one. Here each call says for itself that it does
//! not wait.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, SocketType, recv, send, sendmsg, sockopt};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready};
use tokio::net::TcpStream;

/// Neither waits nor ends the process where the other side is gone.
const AT_ONCE: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

/// Pieces that are written by one call; the system takes 1,024 (`IOV_MAX`).
const PIECES: usize = 64;

/// A connection that was handed over.
#[derive(Debug)]
pub(crate) struct Handed(TcpStream);

impl Handed {
    /// A socket as a connection, where it is one, and its other side.
    pub(super) fn take(socket: OwnedFd) -> io::Result<(Self, SocketAddr)> {
        if sockopt::socket_type(&socket)? != SocketType::STREAM {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let stream = std::net::TcpStream::from(socket);
        // A socket of another family has no such address, and one whose client has left has none any more.
        let peer = stream.peer_addr()?;
        // Closing does not wait for what is still on its way.
        sockopt::set_socket_linger(&stream, None)?;
        stream.set_nonblocking(true)?;
        Ok((Self(TcpStream::from_std(stream)?), peer))
    }

    pub(crate) fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.0.set_nodelay(nodelay)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read_ready(cx)
    }

    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.0.ready(interest).await
    }

    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.0.readable().await
    }

    /// Writes once there is room.
    fn poll_send(
        &self,
        cx: &mut Context<'_>,
        send: impl Fn() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match self.0.try_io(Interest::WRITABLE, &send) {
                Err(reason) if reason.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsFd for Handed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsyncRead for Handed {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(cx))?;
            let room = buf.initialize_unfilled();
            let read = || Ok(recv(&self.0, room, RecvFlags::DONTWAIT)?.1);
            match self.0.try_io(Interest::READABLE, read) {
                Ok(count) => {
                    buf.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(reason) if reason.kind() == io::ErrorKind::WouldBlock => {}
                Err(reason) => return Poll::Ready(Err(reason)),
            }
        }
    }
}

impl AsyncWrite for Handed {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send(cx, || Ok(send(&self.0, buf, AT_ONCE)?))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // More pieces than the system takes in one call are an error there; who writes goes on with the rest.
        let bufs = bufs.get(..PIECES).unwrap_or(bufs);
        self.poll_send(cx, || Ok(sendmsg(&self.0, bufs, &mut SendAncillaryBuffer::default(), AT_ONCE)?))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // This never waits, whatever the socket says.
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}
