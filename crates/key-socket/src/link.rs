//! One line over a connection, within its length and its time.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::line::LONGEST;

/// The moment by which an exchange has to be over, however many pieces it comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    #[expect(clippy::disallowed_methods, reason = "the time limit of a connection")]
    pub(crate) fn within(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// What is left of it.
    #[expect(clippy::disallowed_methods, reason = "the time limit of a connection")]
    fn left(self) -> io::Result<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

/// A socket's own word for a time that is over is that it would have to wait.
fn timed(reason: io::Error) -> io::Error {
    if reason.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { reason }
}

pub(crate) fn send(mut stream: &UnixStream, line: &str, by: Deadline) -> io::Result<()> {
    stream.set_write_timeout(Some(by.left()?))?;
    stream.write_all(line.as_bytes()).map_err(timed)
}

/// Reads one line and gives it without its end; `None` where it is longer than a line may be, or ends before its end.
pub(crate) fn receive(mut stream: &UnixStream, by: Deadline) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut line = Zeroizing::new(vec![0; LONGEST]);
    let mut read = 0;
    loop {
        let Some(room) = line.get_mut(read..).filter(|room| !room.is_empty()) else { return Ok(None) };
        stream.set_read_timeout(Some(by.left()?))?;
        let came = match stream.read(room) {
            Ok(0) => return Ok(None),
            Ok(came) => came,
            Err(reason) if reason.kind() == io::ErrorKind::Interrupted => continue,
            Err(reason) => return Err(timed(reason)),
        };
        let end = line.iter().skip(read).take(came).position(|octet| *octet == b'\n');
        if let Some(end) = end {
            let last = read + end + 1 == read + came;
            line.truncate(read + end);
            // Nothing stands behind a line.
            return Ok(last.then_some(line));
        }
        read += came;
    }
}
