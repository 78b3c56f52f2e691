//! A connection handed from one process to another: the socket itself, over a file on this machine (`SCM_RIGHTS`,
//! unix(7)). Who hands it over keeps nothing of it and is not in its way.

use std::fs;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram as Knock;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::Interest;
use tokio::net::UnixDatagram;

use super::handed::Handed;

/// What goes with a socket; a message has to have something in it.
const OCTET: [u8; 1] = [b'c'];

/// A file at which a house takes connections from the door; the file goes with it.
#[derive(Debug)]
pub struct DoorFile {
    socket: UnixDatagram,
    path: PathBuf,
    /// Device and number of the file: another may be there by the time this one ends.
    file: (u64, u64),
}

impl DoorFile {
    /// Takes connections at that file, which its owner may write to, and with `group` the file's group as well. What a
    /// server that was killed has left there is taken away.
    ///
    /// # Errors
    /// What the system says; `AddrInUse` where somebody takes connections there, or where it is another file.
    pub fn listen(path: &Path, group: bool) -> io::Result<Self> {
        if let Ok(there) = fs::symlink_metadata(path) {
            // Only this answer says that nobody is there: a socket we may not open, or one of another kind, is somebody's.
            let is_left = there.file_type().is_socket()
                && knock(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
            if !is_left {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            fs::remove_file(path)?;
        }
        // Until the next line its mode is what the process gives all its files: nobody else's.
        let socket = UnixDatagram::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(if group { 0o660 } else { 0o600 }))?;
        Ok(Self { socket, path: path.to_owned(), file: file_at(path)? })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
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
        // Where it is gone already there is nothing to do, and a file of whoever came after us is theirs. Ours keeps its
        // number while the socket is open.
        if file_at(&self.path).is_ok_and(|file| file == self.file) {
            fs::remove_file(&self.path).unwrap_or_default();
        }
    }
}

impl Drop for DoorFile {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Whether somebody takes connections at that file.
pub fn is_served(path: &Path) -> bool {
    knock(path).is_ok()
}

fn knock(path: &Path) -> io::Result<()> {
    Knock::unbound()?.connect(path)
}

fn file_at(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
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
