//! Connections: octets that are a request, several, half of one or none; with the headers of proxies before them.

use crate::house::{Face, House};
use crate::request::filled;
use crate::wire::End;
use crate::{Failure, Target, hold};

/// Any octets on a connection.
///
/// The first octet chooses the door: bare, behind a proxy that speaks first (PROXY, version 2), behind a proxy that
/// adds `Forwarded`. The rest is sent as it is; `{token}` stands for the session's token, `{line}` for her line.
#[derive(Debug)]
pub struct Connections {
    house: House,
}

impl Target for Connections {
    const NAME: &'static str = "connection";

    fn open() -> Result<Self, Failure> {
        Ok(Self { house: House::open()? })
    }

    fn play(&mut self, octets: &[u8]) -> Result<(), String> {
        let [face, rest @ ..] = octets else { return Ok(()) };
        let face = match face % 3 {
            0 => Face::Bare,
            1 => Face::Proxied,
            _ => Face::Forwarded,
        };
        let own = &self.house.own;
        let octets = filled(rest, &[("{token}", &own.token), ("{line}", &own.line)]);
        let came = self.house.exchange(face, &octets, End::Ours)?;
        self.house.look(true, &came)?;
        let is_http = came.is_empty() || came.starts_with(b"HTTP/1.");
        hold(is_http, || format!("what came back is no answer: {}", String::from_utf8_lossy(&came)))?;
        let failed = came.split(|octet| *octet == b'\n').find(|line| line.starts_with(b"HTTP/1.1 5"));
        hold(failed.is_none(), || format!("{}", String::from_utf8_lossy(failed.unwrap_or_default())))?;
        self.house.go_on()
    }
}
