//! What a drill may be run against.

use std::net::SocketAddr;

/// An address a drill was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("refuse to run a drill against {0}: it is not this machine; say --i-own-this where it is yours")]
pub struct Refused(SocketAddr);

/// An address a drill may be run against: no connection is opened to any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target(SocketAddr);

impl Target {
    /// Takes an address of this machine, or any that its owner vouches for.
    ///
    /// # Errors
    /// [`Refused`] for an address beyond loopback that nobody vouches for.
    pub const fn new(address: SocketAddr, i_own_this: bool) -> Result<Self, Refused> {
        if i_own_this || is_loopback(address) { Ok(Self(address)) } else { Err(Refused(address)) }
    }

    /// The address.
    pub const fn address(self) -> SocketAddr {
        self.0
    }
}

const fn is_loopback(address: SocketAddr) -> bool {
    match address {
        SocketAddr::V4(address) => address.ip().is_loopback(),
        SocketAddr::V6(address) => match address.ip().to_ipv4_mapped() {
            Some(mapped) => mapped.is_loopback(),
            None => address.ip().is_loopback(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_a_target_unless_somebody_vouches() {
        for address in ["127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(Target::new(address.parse().unwrap(), false).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80", "[::ffff:192.0.2.1]:80", "128.0.0.1:80"] {
            assert!(Target::new(address.parse().unwrap(), false).is_err(), "{address}");
            assert!(Target::new(address.parse().unwrap(), true).is_ok(), "{address}");
        }
    }
}
