//! Step-up: who is signed in, once more, before a dangerous act.

use askama::Template;
use honnin_terms::Moment;

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::assets;

/// Why what was shown is not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmProblem {
    /// The password is wrong.
    Password,
    /// The code is wrong, or is missing.
    Code,
    /// The device is too new for the password alone; from that moment on it is enough.
    NotYet(Moment),
    /// Too many failures: not before that moment.
    Wait(Moment),
    /// The server has no room now.
    Busy,
    /// The passkey is none of hers, or was taken away.
    Passkey,
    /// It took too long: it has to be begun again.
    Late,
}

/// Shows once more who is signed in. Fields: `password`, `code`, `next`.
#[derive(Debug, Clone, Template)]
#[template(path = "confirm.html", whitespace = "minimize")]
pub struct ConfirmPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Path to go back to; checked by the handler, empty for home.
    pub next: &'a str,
    /// What was wrong.
    pub problem: Option<ConfirmProblem>,
    /// The host passkeys are good at, where there are any.
    pub passkeys: Option<&'a str>,
}

impl ConfirmPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }
}
