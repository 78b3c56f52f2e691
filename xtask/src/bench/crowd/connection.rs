//! Connections of a crowd: opened without waiting, each from another network of this machine's own addresses.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use rustix::event::epoll;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, connect, recv, send, socket_with,
    sockopt,
};

/// What came of reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// As much as there was; more may come.
    Some,
    /// The other side has ended it.
    End,
}

/// The address of this machine that a connection comes from: all of 127.0.0.0/8 is its own, and a server that counts by
/// network sees as many as there are people.
fn from(number: u64) -> SocketAddrV4 {
    let octet = |number: u64| u8::try_from(number % 250).map_or(1, |octet| octet + 1);
    SocketAddrV4::new(Ipv4Addr::new(127, octet(number / 250), octet(number), 9), 0)
}

/// Begins a connection; it is there when it can be written to.
pub(super) fn open(to: SocketAddr, number: u64, epoll: &OwnedFd, token: u64) -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    // Whoever leaves is gone at once, and no port is kept for a minute.
    sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?;
    bind(&socket, &from(number))?;
    match connect(&socket, &to) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error),
    }
    let events = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
    epoll::add(epoll, &socket, epoll::EventData::new_u64(token), events)?;
    Ok(socket)
}

/// Whether it could be opened.
pub(super) fn is_open(socket: &OwnedFd) -> bool {
    matches!(sockopt::socket_error(socket.as_fd()), Ok(Ok(())))
}

/// Sends a request whole, or says that it cannot.
pub(super) fn ask(socket: &OwnedFd, request: &[u8]) -> bool {
    matches!(send(socket, request, SendFlags::NOSIGNAL), Ok(sent) if sent == request.len())
}

/// Reads what there is.
pub(super) fn read(socket: &OwnedFd, into: &mut Vec<u8>, piece: &mut [u8]) -> Read {
    loop {
        match recv(socket, &mut *piece, RecvFlags::empty()) {
            Ok((0, _)) => return Read::End,
            Ok((count, _)) => {
                into.extend_from_slice(piece.get(..count).unwrap_or_default());
                // What is shorter than the room for it was all there was; what comes later is an event of its own.
                if count < piece.len() {
                    return Read::Some;
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => return Read::Some,
            Err(_) => return Read::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_come_from_many_networks() {
        let networks: std::collections::BTreeSet<[u8; 2]> = (0..62_500)
            .map(|number| {
                let octets = from(number).ip().octets();
                assert_eq!((octets[0], octets[3]), (127, 9));
                [octets[1], octets[2]]
            })
            .collect();
        assert_eq!(networks.len(), 62_500);
    }
}
