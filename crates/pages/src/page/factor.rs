//! The second factor: the second step of a sign-in, setting one up, changing it.

use std::fmt::Write as _;

use askama::Template;
use honnin_care::facts::Factor;
use honnin_terms::Moment;

use super::paths::Address;
use super::qr::Square;
use super::{Nav, Shell, Theme, rendered};
use crate::format::Count;

/// Why a code was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeProblem {
    /// The code is wrong.
    Wrong,
    /// The password is wrong.
    Password,
    /// Too many failures: not before that moment.
    Wait(Moment),
    /// The server has no room now.
    Busy,
    /// It took too long: it has to be begun again.
    Late,
    /// There is one already.
    There,
    /// There is none.
    NotThere,
}

/// The second step of a sign-in. Fields: `login`, `ticket`, `next`, `code`.
#[derive(Debug, Clone, Template)]
#[template(path = "second_step.html", whitespace = "minimize")]
pub struct SecondStepPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The id of the first step.
    pub login: &'a str,
    /// What the first step gave.
    pub ticket: &'a str,
    /// Path to go on to; checked by the handler, empty for home.
    pub next: &'a str,
    /// What was wrong.
    pub problem: Option<CodeProblem>,
}

impl SecondStepPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }
}

/// What an app takes to show codes: the text of the square, and what can be typed in its place.
#[derive(Debug, Clone)]
pub struct AppKey {
    link: String,
    /// The secret in groups of four.
    typed: String,
    square: Option<Square>,
}

/// Puts a text into an address as RFC 3986 wants it.
fn put(out: &mut String, text: &str) {
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            out.push(char::from(octet));
        } else {
            // A text takes whatever is written into it.
            let _ = write!(out, "%{octet:02X}");
        }
    }
}

impl AppKey {
    /// Of that secret in base 32, for an account of that name with that operator.
    pub fn new(secret: &str, login: &str, operator: &str) -> Self {
        let mut link = "otpauth://totp/".to_owned();
        put(&mut link, operator);
        link.push(':');
        put(&mut link, login);
        link.push_str("?secret=");
        put(&mut link, secret);
        link.push_str("&issuer=");
        put(&mut link, operator);
        let groups = secret.as_bytes().chunks(4).map(|group| group.iter().map(|octet| char::from(*octet)));
        let typed = groups.map(Iterator::collect::<String>).collect::<Vec<_>>().join(" ");
        let square = Square::of(&link);
        Self { link, typed, square }
    }
}

/// Setting up a second factor: what the app takes, and the field for its first code. Fields: `ticket`, `code`, and at a
/// sign-in `login` and `next`.
#[derive(Debug, Clone, Template)]
#[template(path = "factor_set_up.html", whitespace = "minimize")]
pub struct FactorSetUpPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What the app takes.
    pub key: &'a AppKey,
    /// What to send back.
    pub ticket: &'a str,
    /// At a sign-in: the id of its first step, and the path to go on to.
    pub at_sign_in: Option<(&'a str, &'a str)>,
    /// What was wrong.
    pub problem: Option<CodeProblem>,
}

impl FactorSetUpPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 24 * 1024)
    }
}

/// Recovery codes, shown once.
#[derive(Debug, Clone, Template)]
#[template(path = "recovery_codes.html", whitespace = "minimize")]
pub struct RecoveryCodesPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The codes.
    pub codes: &'a [&'a str],
    /// Whether the second factor was set up with them.
    pub is_set_up: bool,
    /// Path to go on to.
    pub next: &'a str,
}

impl RecoveryCodesPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }
}

/// The second factor there is, and what can be done about it. Fields: `password`, `code`.
#[derive(Debug, Clone, Template)]
#[template(path = "factor.html", whitespace = "minimize")]
pub struct FactorPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What there is; nothing of her is on the page after a refusal.
    pub factor: Option<&'a Factor>,
    /// What was wrong.
    pub problem: Option<CodeProblem>,
}

impl FactorPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 8 * 1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_told_operator_and_name_as_an_address_may() {
        let key = AppKey::new("GEZDGNBV", "mio 1&x", "海鳴モバイル");
        let operator = "%E6%B5%B7%E9%B3%B4%E3%83%A2%E3%83%90%E3%82%A4%E3%83%AB";
        let link = format!("otpauth://totp/{operator}:mio%201%26x?secret=GEZDGNBV&issuer={operator}");
        assert_eq!((key.link.as_str(), key.typed.as_str()), (link.as_str(), "GEZD GNBV"));
        assert!(key.square.is_some());
    }
}
