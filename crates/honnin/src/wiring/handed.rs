//! Sockets that a supervisor has opened and hands over (systemd's socket units).
//!
//! Such a socket outlives the process: who comes while one ends and the next begins waits in the system's queue, and
//! nobody is refused.

use std::net::{SocketAddr, TcpListener};
use std::{fmt, io};

use listenfd::ListenFd;

use crate::failure::Failure;

/// What was handed over and not yet listened on.
#[derive(Default)]
pub(crate) struct Handed(Vec<(SocketAddr, TcpListener)>);

impl fmt::Debug for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(address, _)| address)).finish()
    }
}

impl Handed {
    /// Takes them; once, before the process has threads.
    ///
    /// # Errors
    /// [`Failure`] where one is no TCP socket that listens.
    pub(crate) fn take() -> Result<Self, Failure> {
        let mut handed = ListenFd::from_env();
        let mut taken = Vec::with_capacity(handed.len());
        for place in 0..handed.len() {
            let listener = handed.take_tcp_listener(place).and_then(|listener| {
                let listener = listener.ok_or(io::ErrorKind::NotFound)?;
                listener.set_nonblocking(true)?;
                Ok((listener.local_addr()?, listener))
            });
            let what = "listen on a socket that was handed over (LISTEN_FDS; sockets of TCP are taken)";
            taken.push(listener.map_err(|reason| Failure::from(reason).during(what))?);
        }
        Ok(Self(taken))
    }

    /// The one at that address, where there is one, for the runtime in whose context this is called.
    pub(crate) fn at(&mut self, address: SocketAddr) -> Option<io::Result<tokio::net::TcpListener>> {
        let place = self.0.iter().position(|(at, _)| *at == address)?;
        Some(tokio::net::TcpListener::from_std(self.0.swap_remove(place).1))
    }

    /// All of them are listened on.
    ///
    /// # Errors
    /// [`Failure`] naming one that no setting does: connections would wait there for ever.
    pub(super) fn are_used(&self) -> Result<(), Failure> {
        self.0.first().map_or(Ok(()), |(address, _)| {
            Err(Failure::cannot(format_args!(
                "listen on {address}: it was handed over, and neither listen.public nor listen.metrics names it; write it \
                 there as it stands here, or take it out of the socket unit"
            )))
        })
    }
}
