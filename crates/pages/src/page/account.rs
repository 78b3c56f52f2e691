//! The account: sign-in, a new password, lines, settings.

use askama::Template;
use honnin_care::facts::Me;
use honnin_terms::Moment;

use super::paths::Address;
use super::{Nav, Said, Shell, Theme, rendered};
use crate::assets;
use crate::format::{Count, Html, Text};
use crate::words::Phrase;

/// What sign-in has to say above its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInNote {
    /// The id or the password is wrong; which one is never said.
    Wrong,
    /// Too many failures: not before that moment.
    Wait(Moment),
    /// The server has no room to check a password now.
    Busy,
    /// A field is empty.
    Incomplete,
    /// The second step came too late.
    TooLate,
    /// A second factor has to be set up, and not on a device that is new.
    OtherDevice,
    /// The passkey is none of ours, or was taken away.
    Passkey,
    /// The session has ended.
    Ended,
    /// The person has signed out.
    SignedOut,
    /// A new password was set.
    Activated,
}

/// Sign-in. Fields: `login`, `password`, `next`.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in.html", whitespace = "minimize")]
pub struct SignInPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What there is to say.
    pub note: Option<SignInNote>,
    /// The id as it was typed, so that it need not be typed again.
    pub login: &'a str,
    /// Path to go on to; checked by the handler, empty for home.
    pub next: &'a str,
    /// The host passkeys are good at, where there are any.
    pub passkeys: Option<&'a str>,
    /// Whether there is a form for a password.
    pub by_password: bool,
}

impl SignInPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }

    fn is_problem(&self) -> bool {
        !matches!(self.note, None | Some(SignInNote::Ended | SignInNote::SignedOut | SignInNote::Activated))
    }
}

/// How the operator is reached, and what to do in need. The same for everybody.
#[derive(Debug, Clone, Template)]
#[template(path = "help.html", whitespace = "minimize")]
pub struct HelpPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
}

impl HelpPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }
}

/// Why a password was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivateProblem {
    /// The id or the code is wrong, or the code is too old; which one is never said.
    Wrong,
    /// Too many failures: not before that moment.
    Wait(Moment),
    /// The server has no room to make a password hash now.
    Busy,
    /// The password is too short.
    Short,
    /// The password is too long.
    Long,
    /// The password is one that everybody guesses.
    Common,
}

/// A new password by one-time code. Fields: `login`, `code`, `password`.
#[derive(Debug, Clone, Template)]
#[template(path = "activate.html", whitespace = "minimize")]
pub struct ActivatePage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What was wrong.
    pub problem: Option<ActivateProblem>,
    /// The id as it was typed.
    pub login: &'a str,
    /// The code as it was typed; kept where only the password was refused.
    pub code: &'a str,
    /// The fewest characters of a password.
    pub fewest: Count,
}

impl ActivatePage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }

    /// Whether it is the password that was refused.
    fn is_password(&self) -> bool {
        use ActivateProblem::{Common, Long, Short};
        matches!(self.problem, Some(Short | Long | Common))
    }
}

/// Why a password was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordProblem {
    /// The old one is wrong.
    Old,
    /// Too many failures: not before that moment.
    Wait(Moment),
    /// The server has no room to check a password now.
    Busy,
    /// The new one is the old one.
    Same,
    /// The new one is too short.
    Short,
    /// The new one is too long.
    Long,
    /// The new one is one that everybody guesses.
    Common,
}

/// A new password while signed in. Fields: `old`, `password`.
#[derive(Debug, Clone, Template)]
#[template(path = "password.html", whitespace = "minimize")]
pub struct PasswordPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What was wrong.
    pub problem: Option<PasswordProblem>,
    /// The fewest characters of a password.
    pub fewest: Count,
}

impl PasswordPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }

    /// Whether it is the new one that was refused.
    fn is_new(&self) -> bool {
        use PasswordProblem::{Common, Long, Same, Short};
        matches!(self.problem, Some(Short | Long | Common | Same))
    }
}

/// Settings.
#[derive(Debug, Clone, Template)]
#[template(path = "settings.html", whitespace = "minimize")]
pub struct SettingsPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Whose settings they are.
    pub me: &'a Me,
}

impl SettingsPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }

    /// Whether what was just done is a time to offer them.
    fn offers_passkeys(&self) -> bool {
        matches!(self.shell.said, Some(Said::Password | Said::FactorRemoved))
    }

    fn themes(&self) -> [(Theme, Phrase<0>); 3] {
        let words = &self.shell.words().settings;
        Theme::ALL.map(|theme| match theme {
            Theme::Auto => (theme, words.theme_auto),
            Theme::Light => (theme, words.theme_light),
            Theme::Dark => (theme, words.theme_dark),
        })
    }
}
