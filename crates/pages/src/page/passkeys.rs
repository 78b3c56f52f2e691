//! Passkeys: those there are, making one, taking one away.

use askama::Template;
use honnin_care::facts::{NewPasskey, Passkeys};
use honnin_terms::LONGEST_LINE_NAME;

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::assets;
use crate::format::{Count, Html, Text};

/// Why a passkey was not made or taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyProblem {
    /// What the browser sent is not taken.
    Refused,
    /// The name is none.
    Name,
    /// It took too long: it has to be begun again.
    Late,
    /// There are as many as may be.
    Full,
    /// The server has no room now.
    Busy,
}

/// Her passkeys. Fields: `name`, and what the browser says of a new one.
#[derive(Debug, Clone, Template)]
#[template(path = "passkeys.html", whitespace = "minimize")]
pub struct PasskeysPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What there is; nothing of her is on the page after a refusal.
    pub passkeys: Option<&'a Passkeys>,
    /// The host they are good at.
    pub host: &'a str,
    /// What the browser calls itself: a name to begin with.
    pub device: &'a str,
    /// What was wrong.
    pub problem: Option<PasskeyProblem>,
}

impl PasskeysPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 8 * 1024)
    }

    /// What authenticators call those there are, for the browser.
    fn there(new: &NewPasskey) -> String {
        new.there.join(" ")
    }
}
