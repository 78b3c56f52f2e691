//! Sockets that connections come in by: of an address, or of a file on this machine, which is for proxies alone.
//!
//! A connection over a file has no address. Who may open the file is said by its mode, so that whoever comes by it is a
//! proxy of the operator's, and is believed as a listed one is.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream as Knock;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::listen;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixSocket, UnixStream};

use crate::door::{DoorFile, Handed};
use crate::socket_file::OurFile;

/// The other side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Somebody at that address.
    Address(IpAddr),
    /// A proxy on this machine that may open our socket.
    Socket,
}

impl Peer {
    /// Its address; a proxy that speaks for itself over a socket is this machine.
    pub const fn address(self) -> IpAddr {
        match self {
            Self::Address(address) => address,
            Self::Socket => IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Socket => f.write_str("the proxy on the unix socket"),
        }
    }
}

/// A listening socket that is a file; the file goes with it.
#[derive(Debug)]
pub struct SocketFile {
    listener: UnixListener,
    file: OurFile,
}

impl SocketFile {
    /// Listens on that file, which its owner may open, and with `group` the file's group as well. What a server that was
    /// killed has left there is taken away.
    ///
    /// # Errors
    /// What the system says; `AddrInUse` where somebody answers there, or where it is another file.
    pub fn listen(path: &Path, group: bool, backlog: u32) -> io::Result<Self> {
        OurFile::make_room(path, |path| Knock::connect(path).map(drop))?;
        let socket = UnixSocket::new_stream()?;
        socket.bind(path)?;
        // Nobody can connect before `listen`, and so nobody finds the mode that it was made with.
        let file = OurFile::made(path, group)?;
        Ok(Self { listener: socket.listen(backlog)?, file })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.file.path()
    }
}

/// Where connections come from.
#[derive(Debug)]
pub(crate) enum Listener {
    Address(TcpListener),
    File(SocketFile),
    Door(DoorFile),
}

impl Listener {
    /// So many the system keeps from now on who were not accepted yet; those whom it has no place for try again by themselves.
    ///
    /// Proxies on this machine do not try again, and whoever waits at the door has been taken by it already.
    pub(crate) fn hold_outside(&self, most: u32) {
        let Self::Address(listener) = self else { return };
        // Where the system does not, it keeps as many as before.
        let _as_before = listen(listener, i32::try_from(most).unwrap_or(i32::MAX));
    }

    pub(crate) async fn accept(&self) -> io::Result<(Socket, Peer)> {
        match self {
            Self::Address(listener) => {
                let (stream, peer): (_, SocketAddr) = listener.accept().await?;
                // Answers are written whole; waiting to fill a segment would only delay them. Who is gone already is
                // found out by reading.
                stream.set_nodelay(true).unwrap_or_default();
                Ok((Socket::Address(stream), Peer::Address(peer.ip().to_canonical())))
            }
            Self::Door(file) => {
                let (stream, peer) = file.accept().await?;
                stream.set_nodelay(true).unwrap_or_default();
                Ok((Socket::Handed(stream), Peer::Address(peer.ip().to_canonical())))
            }
            Self::File(SocketFile { listener, .. }) => {
                let (stream, _) = listener.accept().await?;
                Ok((Socket::File(stream), Peer::Socket))
            }
        }
    }
}

/// A connection as the system has it.
#[derive(Debug)]
pub(crate) enum Socket {
    Address(TcpStream),
    Handed(Handed),
    File(UnixStream),
}

/// The same for each.
macro_rules! either {
    ($socket:expr, $stream:ident => $done:expr) => {
        match $socket {
            Socket::Address($stream) => $done,
            Socket::Handed($stream) => $done,
            Socket::File($stream) => $done,
        }
    };
}

impl Socket {
    /// Where it arrived; what came by a file arrived at this machine.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Address(stream) => stream.local_addr(),
            Self::Handed(stream) => stream.local_addr(),
            Self::File(_) => Ok((Ipv4Addr::LOCALHOST, 0).into()),
        }
    }

    /// Whether the other side has ended it already: asked of the system, before anything of it was waited for.
    pub(crate) fn is_gone(&self) -> bool {
        let ended = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
        let mut asked = [either!(self, stream => PollFd::new(stream, ended))];
        // What cannot be asked is found out by reading.
        poll(&mut asked, Some(&Timespec::default())).is_ok_and(|answers| answers > 0)
    }

    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read_ready(cx))
    }

    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        either!(self, stream => stream.ready(interest).await)
    }

    pub(crate) async fn readable(&self) -> io::Result<()> {
        either!(self, stream => stream.readable().await)
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        either!(self, stream => stream.is_write_vectored())
    }
}
