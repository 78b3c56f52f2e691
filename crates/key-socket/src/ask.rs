//! Asking an agent.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::geteuid;
use zeroize::Zeroizing;

use crate::line::{Answer, Asked, LineError};
use crate::link::{Deadline, receive, send};
use crate::peer;
use crate::way::{Astray, Way, walk};

/// Why an agent gave nothing. Messages name the socket, never what was asked or answered.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens there.
    #[error("cannot reach the key agent at {0}: {1}; start the agent, then this again")]
    Absent(PathBuf, io::Error),
    /// Somebody else may have put the socket there.
    #[error(
        "cannot trust the key agent at {0}: {1}; have the agent listen in a directory that only its own user can write, below directories that \
         only root can"
    )]
    Strange(PathBuf, String),
    /// It did not answer in time.
    #[error(
        "cannot use the key agent at {0}: no answer within {1:?}; look at the agent and its token, or raise keys.agent_answer"
    )]
    Silent(PathBuf, Duration),
    /// The connection broke.
    #[error("cannot use the key agent at {0}: {1}; look at the agent's log")]
    Broken(PathBuf, io::Error),
    /// It answered something else.
    #[error(
        "cannot use the key agent at {0}: its answer is {1}; have keys.key_file name the socket of a key agent"
    )]
    NoLine(PathBuf, LineError),
    /// It answered too much, or not a whole line.
    #[error(
        "cannot use the key agent at {0}: its answer is not one line of the protocol; have keys.key_file name the socket of a key agent"
    )]
    NotOne(PathBuf),
    /// Its key does not do that.
    #[error(
        "cannot unwrap the key at the key agent {0}: its token has another key, or what is stored was altered; start the agent with the token and key of this house"
    )]
    Refused(PathBuf),
    /// It will not wrap.
    #[error("cannot wrap a key at the key agent {0}: it refuses; look at the agent's log")]
    NotWrapped(PathBuf),
    /// It has no key at the moment.
    #[error("cannot use the key agent at {0}: its token is away; connect the token, look at the agent's log")]
    Away(PathBuf),
}

/// Asks the agent that listens at that socket; gives what it wrapped or unwrapped, or says why not within that time.
///
/// # Errors
/// [`AskError`].
pub fn ask(socket: &Path, asked: &Asked, within: Duration) -> Result<Zeroizing<Vec<u8>>, AskError> {
    let named = || socket.to_owned();
    let broken = |reason: io::Error| {
        if reason.kind() == io::ErrorKind::TimedOut {
            return AskError::Silent(named(), within);
        }
        AskError::Broken(named(), reason)
    };
    // Where it would have to wait, the agent's queue is full: it is there and takes nobody.
    let absent = |reason: io::Error| {
        if [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&reason.kind()) {
            return AskError::Silent(named(), within);
        }
        AskError::Absent(named(), reason)
    };
    let strange = |reason| AskError::Strange(named(), reason);
    let by = Deadline::within(within);
    let way = walk(socket, geteuid().as_raw()).map_err(|reason| match reason {
        Astray::System(reason) => absent(reason),
        Astray::Strange(reason) => strange(reason),
    })?;
    let stream = reach(&way.socket, within).map_err(absent)?;
    trusted(&way, &stream).map_err(strange)?;
    send(&stream, &asked.line(), by).map_err(broken)?;
    let line = receive(&stream, by).map_err(broken)?.ok_or_else(|| AskError::NotOne(named()))?;
    match (Answer::parse(&line).map_err(|reason| AskError::NoLine(named(), reason))?, asked) {
        (Answer::Done(octets), _) => Ok(octets),
        (Answer::Refused, Asked::Unwrap(_)) => Err(AskError::Refused(named())),
        (Answer::Refused, Asked::Wrap(_)) => Err(AskError::NotWrapped(named())),
        (Answer::Away, _) => Err(AskError::Away(named())),
    }
}

/// Connects, for no longer than that: the library's own call waits for as long as the other's queue is full.
pub(crate) fn reach(socket: &Path, within: Duration) -> io::Result<UnixStream> {
    let descriptor = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&descriptor, Timeout::Send, Some(within))?;
    connect(&descriptor, &SocketAddrUnix::new(socket)?)?;
    Ok(descriptor.into())
}

/// The process that listens belongs to the owner of the directory, to root, or to whoever asks.
fn trusted(way: &Way, stream: &UnixStream) -> Result<(), String> {
    let peer = peer::uid(stream).map_err(|reason| reason.to_string())?;
    if peer == 0 || peer == way.owner || peer == geteuid().as_raw() {
        return Ok(());
    }
    Err(format!("a process of uid {peer} listens there, and its directory is of uid {}", way.owner))
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
