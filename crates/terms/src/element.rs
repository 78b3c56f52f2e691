//! By what a network element names what it has set up for a line.

use serde::{Deserialize, Serialize};

/// Longest, in octets: room for the id of an assignment (36) and of an accounting session as they are in use.
const LONGEST: usize = 64;

/// What an element calls what it has set up for a line: the id of an assignment, of an accounting session. Letters, digits
/// and punctuation of ASCII, 64 at most; what it means is the element's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ElementSession(String);

/// It is empty, too long, or of other letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot take the session of an element: not 1 to 64 letters, digits and marks of ASCII; the element's adapter names it otherwise"
)]
pub struct BadElementSession;

impl ElementSession {
    /// As the element wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ElementSession {
    type Error = BadElementSession;

    fn try_from(text: String) -> Result<Self, BadElementSession> {
        let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_graphic());
        if fits { Ok(Self(text)) } else { Err(BadElementSession) }
    }
}

impl From<ElementSession> for String {
    fn from(session: ElementSession) -> Self {
        session.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_an_element_is_short_and_of_ascii() {
        for text in ["0190fa8e-5f1c-7cc1-8d65-6f6a3d2e1b00", "8A/3f:9", &"x".repeat(64)] {
            assert_eq!(ElementSession::try_from(text.to_owned()).unwrap().as_str(), text);
        }
        for text in ["", "a b", "a\n", "日", &"x".repeat(65)] {
            assert_eq!(ElementSession::try_from(text.to_owned()), Err(BadElementSession), "{text:?}");
        }
    }
}
