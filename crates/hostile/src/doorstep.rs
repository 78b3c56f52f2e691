//! First octets at the door of several houses: whose a connection is, from a hello or a head, behind a proxy or not.

use honnin_front::door::{Look, Peek};

use crate::{Failure, Target, hold};

/// Any octets at the door.
///
/// The first octet says in how long pieces the rest comes.
#[derive(Debug)]
pub struct Doorstep;

fn told(octets: &[u8], piece: usize) -> Look {
    let mut peek = Peek::default();
    let ends = (piece..octets.len()).step_by(piece).chain([octets.len()]);
    let mut looks = ends.map(|end| peek.look(octets.get(..end).unwrap_or_default()));
    looks.find(|look| *look != Look::More).unwrap_or(Look::More)
}

impl Target for Doorstep {
    const NAME: &'static str = "doorstep";

    fn open() -> Result<Self, Failure> {
        Ok(Self)
    }

    fn play(&mut self, octets: &[u8]) -> Result<(), String> {
        let [piece, rest @ ..] = octets else { return Ok(()) };
        let (whole, by_pieces) = (told(rest, rest.len().max(1)), told(rest, usize::from(*piece).max(1)));
        hold(whole == by_pieces, || format!("at once {whole:?}, by pieces {by_pieces:?}"))?;
        let (Look::Tls(Some(name)) | Look::Plain(Some(name))) = whole else { return Ok(()) };
        // A name that leads somewhere stands in the octets, in whatever letters.
        let there = rest.to_ascii_lowercase().windows(name.len()).any(|part| part == name.as_bytes());
        let known =
            |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"-._".contains(&octet);
        hold(there && name.bytes().all(known), || format!("a name of its own making: {name:?}"))
    }
}
