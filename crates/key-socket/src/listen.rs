//! Answering.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::sockopt::socket_peercred;

use crate::line::{Answer, Asked, LineError};
use crate::link::{Deadline, receive, send};

/// A socket that is listened at; its file is taken away when dropped.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    path: PathBuf,
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
        if let Ok(there) = fs::symlink_metadata(path) {
            if !there.file_type().is_socket() || UnixStream::connect(path).is_ok() {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o660))?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Waits for the next.
    ///
    /// # Errors
    /// What the system says.
    pub fn next(&self) -> io::Result<Caller> {
        let (stream, _) = self.listener.accept()?;
        let uid = socket_peercred(&stream)?.uid.as_raw();
        Ok(Caller { stream, uid })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        fs::remove_file(&self.path).unwrap_or_default();
    }
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
