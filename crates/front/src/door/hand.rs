//! A connection handed from one process to another: the socket itself, over a file on this machine (`SCM_RIGHTS`,
//! unix(7)). Who hands it over keeps nothing of it and is not in its way.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram as Knock;
use std::path::Path;

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::Interest;
use tokio::net::UnixDatagram;

use super::handed::Handed;
use crate::socket_file::{OurFile, is_answered};

/// What goes with a socket; a message has to have something in it.
const OCTET: [u8; 1] = [b'c'];

/// A file at which a house takes connections from the door; the file goes with it.
#[derive(Debug)]
pub struct DoorFile {
    socket: UnixDatagram,
    file: OurFile,
}

impl DoorFile {
    /// Takes connections at that file, which its owner may write to, and with `group` the file's group as well. What a
    /// server that was killed has left there is taken away.
    ///
    /// # Errors
    /// What the system says; `AddrInUse` where somebody takes connections there, or where it is another file.
    pub fn listen(path: &Path, group: bool) -> io::Result<Self> {
        OurFile::make_room(path, knock)?;
        // Until the next line its mode is what the process gives all its files: nobody else's.
        let socket = UnixDatagram::bind(path)?;
        Ok(Self { socket, file: OurFile::made(path, group)? })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The next connection. What is handed over and is no connection of TCP is closed.
    ///
    /// # Errors
    /// What the system says; `EMFILE` also where a connection was handed over and lost because no descriptor was left for it.
    pub(crate) async fn accept(&self) -> io::Result<(Handed, SocketAddr)> {
        loop {
            let handed = self.socket.async_io(Interest::READABLE, || receive(&self.socket)).await?;
            if let Some(connection) = handed.and_then(|socket| Handed::take(socket).ok()) {
                return Ok(connection);
            }
        }
    }

    /// Has nobody find the way here any more; what is on it already can still be taken.
    pub(crate) fn leave(&self) {
        self.file.leave();
    }
}

/// Whether somebody takes connections at that file.
///
/// # Errors
/// What the system says where that cannot be known, as by whoever may not open the file.
pub fn is_served(path: &Path) -> io::Result<bool> {
    is_answered(knock(path))
}

fn knock(path: &Path) -> io::Result<()> {
    Knock::unbound()?.connect(path)
}

fn receive(socket: &UnixDatagram) -> io::Result<Option<OwnedFd>> {
    let (mut octet, mut space) = (OCTET, [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))]);
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let told = recvmsg(socket, &mut [IoSliceMut::new(&mut octet)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let handed = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
        RecvAncillaryMessage::ScmCredentials(_) | _ => None,
    });
    // The system had no descriptor left for what was handed over, and has closed it.
    if handed.is_none() && told.flags.contains(ReturnFlags::CTRUNC) {
        return Err(Errno::MFILE.into());
    }
    Ok(handed)
}

/// Hands the connection to whoever takes connections at that file; waits while too many are on their way there.
///
/// # Errors
/// What the system says: nobody is there, or we may not write to it.
pub(crate) async fn hand(stream: impl AsFd + Send + Sync, path: &Path) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.async_io(Interest::WRITABLE, || send(&socket, stream.as_fd())).await
}

fn send(socket: &UnixDatagram, stream: BorrowedFd<'_>) -> io::Result<()> {
    let (sockets, mut space) = ([stream], [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))]);
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    sendmsg(socket, &[IoSlice::new(&OCTET)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}
