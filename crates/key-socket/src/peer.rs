//! Who is at the other end.

use std::io;
use std::os::unix::net::UnixStream;

use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerCredentials;

/// The user of the process at the other end, as the system says. A process in another name space of processes has a user all
/// the same, and no number: `rustix` takes that for an error.
pub(crate) fn uid(stream: &UnixStream) -> io::Result<u32> {
    Ok(getsockopt(stream, PeerCredentials)?.uid())
}
