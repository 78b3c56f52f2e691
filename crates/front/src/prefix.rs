//! Address prefixes (`192.0.2.0/24`, `2001:db8::/32`): whom an operator lists.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A text that is not an address prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expect an address or a prefix such as 192.0.2.0/24 or 2001:db8::/32, with no bit set beyond its length"
)]
pub struct BadPrefix;

/// A set of addresses that begin with the same bits (RFC 4632, RFC 4291 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    first: IpAddr,
    length: u8,
}

impl Prefix {
    /// Whether the address lies within. An IPv4 address written as IPv6 (`::ffff:…`) is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        Self::cut(address, self.length) == Some(self.first)
    }

    /// The prefix by which one client is counted: an IPv4 address alone, of IPv6 the /64 a subscriber is given.
    pub fn of_client(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let length = if address.is_ipv4() { 32 } else { 64 };
        Self { first: Self::cut(address, length).unwrap_or(address), length }
    }

    /// As much as one customer is given at most, the prefix one address lies in, and the address itself (of IPv6 its
    /// /64), as opaque numbers: an IPv4 /24 twice, an IPv6 /48 (RFC 6177) and /56; the address alone where it lies in a
    /// prefix that many people share.
    pub fn places(address: IpAddr, shared: &[Self]) -> (u64, u64, u64) {
        // Bits no address has keep the two families and the two kinds apart.
        const V6: u64 = 1 << 60;
        const ALONE: u64 = 1 << 61;
        let is_shared = shared.iter().any(|prefix| prefix.contains(address));
        let (site, around, alone) = match address.to_canonical() {
            IpAddr::V4(v4) => {
                let around = u64::from(v4.to_bits() >> 8);
                (around, around, u64::from(v4.to_bits()))
            }
            IpAddr::V6(v6) => {
                let network = u64::try_from(v6.to_bits() >> 64).unwrap_or(u64::MAX);
                ((network >> 16) | V6, (network >> 8) | V6, network)
            }
        };
        if is_shared { (alone | ALONE, alone | ALONE, alone) } else { (site, around, alone) }
    }

    fn cut(address: IpAddr, length: u8) -> Option<IpAddr> {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                let drop = 32u32.checked_sub(u32::from(length))?;
                Some(Ipv4Addr::from_bits(v4.to_bits() & u32::MAX.checked_shl(drop).unwrap_or(0)).into())
            }
            IpAddr::V6(v6) => {
                let drop = 128u32.checked_sub(u32::from(length))?;
                Some(Ipv6Addr::from_bits(v6.to_bits() & u128::MAX.checked_shl(drop).unwrap_or(0)).into())
            }
        }
    }
}

impl FromStr for Prefix {
    type Err = BadPrefix;
    fn from_str(text: &str) -> Result<Self, BadPrefix> {
        let (address, length) =
            text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address = address.parse::<IpAddr>().map_err(|_| BadPrefix)?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(whole), |length| length.parse::<u8>().map_err(|_| BadPrefix))?;
        match Self::cut(address, length) {
            Some(first) if first == address => Ok(Self { first, length }),
            Some(_) | None => Err(BadPrefix),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_holds_what_begins_with_its_bits() {
        for (prefix, address, within) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/24", "::ffff:192.0.2.9", true),
            ("192.0.2.0/24", "2001:db8::1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
            ("::/0", "2001:db8::1", true),
        ] {
            let prefix = prefix.parse::<Prefix>().unwrap();
            assert_eq!(prefix.contains(address.parse().unwrap()), within, "{prefix} {address}");
        }
    }

    #[test]
    fn a_text_that_is_no_prefix_is_refused() {
        for text in
            ["", "192.0.2.1/24", "192.0.2.0/33", "2001:db8::/129", "host", "192.0.2.0/-1", "192.0.2/24"]
        {
            assert_eq!(text.parse::<Prefix>(), Err(BadPrefix), "{text}");
        }
    }

    #[test]
    fn neighbours_are_one_place_unless_many_people_share_it() {
        let shared = ["203.0.113.0/24".parse().unwrap()];
        let of = |text: &str| Prefix::places(text.parse().unwrap(), &shared);
        for (one, other, same_prefix) in [
            ("192.0.2.9", "192.0.2.250", true),
            ("192.0.2.9", "192.0.3.9", false),
            ("203.0.113.9", "203.0.113.10", false),
            ("2001:db8:1:1::1", "2001:db8:1:ff::1", true),
            ("2001:db8:1:1::1", "2001:db8:1:100::1", false),
        ] {
            assert_eq!(of(one).1 == of(other).1, same_prefix, "{one} {other}");
            assert_ne!(of(one).2, of(other).2, "{one} {other}");
        }
        for (one, other, same_site) in [
            ("192.0.2.9", "192.0.2.250", true),
            ("192.0.2.9", "192.0.3.9", false),
            ("203.0.113.9", "203.0.113.10", false),
            ("2001:db8:1:1::1", "2001:db8:1:ff00::1", true),
            ("2001:db8:1:1::1", "2001:db8:2:1::1", false),
        ] {
            assert_eq!(of(one).0 == of(other).0, same_site, "{one} {other}");
        }
        assert_eq!(of("2001:db8:1:1::1"), of("2001:db8:1:1::2"));
        assert_eq!(of("::ffff:192.0.2.9"), of("192.0.2.9"));
    }

    #[test]
    fn a_client_is_its_ipv4_address_or_its_ipv6_network() {
        let of = |text: &str| Prefix::of_client(text.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.9"), "192.0.2.9/32");
        assert_eq!(of("::ffff:192.0.2.9"), "192.0.2.9/32");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    }
}
