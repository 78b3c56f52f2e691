//! Answering.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ask::reach;
use crate::line::{Answer, Asked, LineError};
use crate::link::{Deadline, receive, send};
use crate::peer;

/// How long one who listens already may take to take us in.
const KNOCK: Duration = Duration::from_secs(1);

/// A socket that is listened at; its file is taken away when dropped, where it is still this one's.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    /// Device and number of the file: another may be there by the time this one ends.
    file: (u64, u64),
}

/// Somebody who is connected.
#[derive(Debug)]
pub struct Caller {
    stream: UnixStream,
    /// The user of its process, as the system says.
    pub uid: u32,
}

impl Listener {
    /// Listens at that path, for the owner and the group of the file. A socket that nobody listens at any more is replaced.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::AddrInUse`] where somebody listens there, or something else lies there.
    pub fn bind(path: &Path) -> io::Result<Self> {
        make_room(path)?;
        let socket = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o660))?;
        Ok(Self { socket, path: path.to_owned(), file: number_at(path)? })
    }

    /// Waits for the next.
    ///
    /// # Errors
    /// What the system says.
    pub fn next(&self) -> io::Result<Caller> {
        let (stream, _) = self.socket.accept()?;
        let uid = peer::uid(&stream)?;
        Ok(Caller { stream, uid })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Ours keeps its number while the socket is open.
        if number_at(&self.path).is_ok_and(|file| file == self.file) {
            fs::remove_file(&self.path).unwrap_or_default();
        }
    }
}

/// Takes away what an agent that was killed has left there. Only two answers say that nobody is there any more: a socket we may
/// not open, one of another kind and one whose queue is full are somebody's.
fn make_room(path: &Path) -> io::Result<()> {
    let Ok(there) = fs::symlink_metadata(path) else { return Ok(()) };
    let nobody = [io::ErrorKind::ConnectionRefused, io::ErrorKind::NotFound];
    let is_left = || reach(path, KNOCK).is_err_and(|reason| nobody.contains(&reason.kind()));
    if !there.file_type().is_socket() || !is_left() {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    fs::remove_file(path)
}

fn number_at(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

impl Caller {
    /// Takes what is asked, has it answered, sends that. Whoever says nothing within that time is let go.
    ///
    /// # Errors
    /// What the system says, or [`io::ErrorKind::InvalidData`] for what is no question.
    pub fn answer(self, within: Duration, answer: impl FnOnce(Asked) -> Answer) -> io::Result<()> {
        let no_question = |reason: LineError| io::Error::new(io::ErrorKind::InvalidData, reason);
        let line = receive(&self.stream, Deadline::within(within))?;
        let asked = Asked::parse(&line.unwrap_or_default()).map_err(no_question)?;
        // The key's own time is not the caller's.
        let answer = answer(asked);
        send(&self.stream, &answer.line(), Deadline::within(within))
    }
}
