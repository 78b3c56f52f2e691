//! The lines of the protocol: written and read, nothing else.

use std::fmt;

use data_encoding::BASE64;
use zeroize::Zeroizing;

/// The longest line, with its end.
pub const LONGEST: usize = 4_096;
/// The most octets that are wrapped or unwrapped: they fit into a line.
pub const MOST_OCTETS: usize = 2_048;

/// What may be a key.
type Octets = Zeroizing<Vec<u8>>;

const NAME: &str = "honnin-key";
const VERSION: &str = "1";

/// A line that is none of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It begins otherwise.
    #[error("not a line of honnin-key")]
    Another,
    /// It is of a version this build does not speak.
    #[error("of a version other than {VERSION}")]
    Version,
    /// Its word is none of the list, or what stands behind it is not base64 of as many octets as are allowed.
    #[error("not a word of the protocol with base64 of at most {MOST_OCTETS} octets")]
    Words,
}

/// What is asked of an agent.
#[derive(Clone, PartialEq, Eq)]
pub enum Asked {
    /// Wrap this key, which nobody else sees.
    Wrap(Octets),
    /// Unwrap what was wrapped.
    Unwrap(Vec<u8>),
}

/// What an agent answers.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// What was wrapped or unwrapped.
    Done(Octets),
    /// Not by this key: another wrapped it, or it was altered.
    Refused,
    /// The key is not there at the moment.
    Away,
}

/// Says which, and of what nothing.
impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wrap(_) => "Wrap",
            Self::Unwrap(_) => "Unwrap",
        })
    }
}

/// Says which, and of what nothing.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done(_) => "Done",
            Self::Refused => "Refused",
            Self::Away => "Away",
        })
    }
}

impl Asked {
    /// As a line.
    pub fn line(&self) -> Zeroizing<String> {
        match self {
            Self::Wrap(octets) => with("wrap", octets),
            Self::Unwrap(octets) => with("unwrap", octets),
        }
    }

    /// Reads a line without its end.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn parse(line: &[u8]) -> Result<Self, LineError> {
        match words(line)? {
            ("wrap", Some(octets)) => Ok(Self::Wrap(octets)),
            ("unwrap", Some(octets)) => Ok(Self::Unwrap(octets.to_vec())),
            _ => Err(LineError::Words),
        }
    }
}

impl Answer {
    /// As a line.
    pub fn line(&self) -> Zeroizing<String> {
        match self {
            Self::Done(octets) => with("done", octets),
            Self::Refused => Zeroizing::new(format!("{NAME} {VERSION} refused\n")),
            Self::Away => Zeroizing::new(format!("{NAME} {VERSION} away\n")),
        }
    }

    /// Reads a line without its end.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn parse(line: &[u8]) -> Result<Self, LineError> {
        match words(line)? {
            ("done", Some(octets)) => Ok(Self::Done(octets)),
            ("refused", None) => Ok(Self::Refused),
            ("away", None) => Ok(Self::Away),
            _ => Err(LineError::Words),
        }
    }
}

fn with(word: &str, octets: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(BASE64.encode(octets));
    let parts = [NAME, " ", VERSION, " ", word, " ", &encoded, "\n"];
    // All the room it needs: what grows leaves what it was in memory that nobody wipes.
    let room = parts.iter().map(|part| part.len()).sum();
    let mut line = Zeroizing::new(String::with_capacity(room));
    for part in parts {
        line.push_str(part);
    }
    line
}

/// The word of a line and the octets behind it, where there are any.
fn words(line: &[u8]) -> Result<(&str, Option<Octets>), LineError> {
    let line = std::str::from_utf8(line).map_err(|_| LineError::Another)?;
    let rest = line.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(' ')).ok_or(LineError::Another)?;
    let (version, rest) = rest.split_once(' ').ok_or(LineError::Another)?;
    if version != VERSION {
        return Err(LineError::Version);
    }
    let Some((word, encoded)) = rest.split_once(' ') else { return Ok((rest, None)) };
    let octets = BASE64.decode(encoded.as_bytes()).map(Zeroizing::new).map_err(|_| LineError::Words)?;
    if octets.is_empty() || octets.len() > MOST_OCTETS {
        return Err(LineError::Words);
    }
    Ok((word, Some(octets)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn octets() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 1..=MOST_OCTETS)
    }

    fn whole(line: &str) -> &[u8] {
        line.strip_suffix('\n').unwrap().as_bytes()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_fits(octets in octets()) {
            for asked in [Asked::Wrap(Zeroizing::new(octets.clone())), Asked::Unwrap(octets.clone())] {
                prop_assert!(asked.line().len() <= LONGEST);
                prop_assert_eq!(Asked::parse(whole(&asked.line())), Ok(asked));
            }
            for answer in [Answer::Done(Zeroizing::new(octets)), Answer::Refused, Answer::Away] {
                prop_assert!(answer.line().len() <= LONGEST);
                prop_assert_eq!(Answer::parse(whole(&answer.line())), Ok(answer));
            }
        }

        /// Whatever is read is written as it was read: there is one way to say a thing.
        #[test]
        fn any_octets_are_one_line_or_none(
            start in prop_oneof![
                Just(String::new()), Just("honnin-key 1 ".into()), Just("honnin-key 1 done ".into()),
                Just("honnin-key 1 unwrap ".into()), Just("honnin-key 2 unwrap ".into()),
            ],
            rest in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                "(refused|away|wrap AAAA|([A-Za-z0-9+/]{4}){0,2}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?) ?".prop_map(String::into_bytes),
            ],
        ) {
            let line = [start.as_bytes(), &rest].concat();
            if let Ok(asked) = Asked::parse(&line) {
                let again = asked.line();
                prop_assert_eq!(whole(&again), &line[..]);
            }
            if let Ok(answer) = Answer::parse(&line) {
                let again = answer.line();
                prop_assert_eq!(whole(&again), &line[..]);
            }
        }
    }

    #[test]
    fn what_is_no_line_is_refused_with_its_reason() {
        for (line, reason) in [
            ("", LineError::Another),
            ("HTTP/1.1 200 OK", LineError::Another),
            ("honnin-key", LineError::Another),
            ("honnin-key 1", LineError::Another),
            ("honnin-key 2 refused", LineError::Version),
            ("honnin-key 1 ", LineError::Words),
            ("honnin-key 1 refused ", LineError::Words),
            ("honnin-key 1 done", LineError::Words),
            ("honnin-key 1 done ", LineError::Words),
            ("honnin-key 1 done AB", LineError::Words),
            ("honnin-key 1 done AB==", LineError::Words),
            ("honnin-key 1 done AAA=\r", LineError::Words),
            ("honnin-key 1 refused AAAA", LineError::Words),
        ] {
            assert_eq!(Answer::parse(line.as_bytes()), Err(reason), "{line:?}");
        }
        let long = BASE64.encode(&[0; MOST_OCTETS + 1]);
        assert_eq!(Asked::parse(format!("honnin-key 1 wrap {long}").as_bytes()), Err(LineError::Words));
    }

    #[test]
    fn a_line_is_written_into_room_that_fits() {
        for octets in [1, 2, 3, 45, MOST_OCTETS] {
            let line = with("done", &vec![7; octets]);
            assert_eq!(line.capacity(), line.len());
        }
    }

    #[test]
    fn a_key_is_not_printed() {
        let key = Zeroizing::new(b"secret".to_vec());
        assert_eq!(format!("{:?} {:?}", Asked::Wrap(key.clone()), Answer::Done(key)), "Wrap Done");
    }
}
