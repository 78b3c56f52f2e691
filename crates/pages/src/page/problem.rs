//! What went wrong, said without a personal value, with what still works and what to do.

use std::fmt::{self, Write as _};

use askama::Template;
use honnin_terms::{Moment, RequestId};

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::assets;
use crate::format::{Count, Html, Show};
use crate::piece::Pieces;
use crate::words::{Language, Phrase};

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Nobody is signed in (401).
    SignIn,
    /// Known, but not allowed (403).
    Forbidden,
    /// Not there, or not this person's: the same words (404).
    NotFound,
    /// Not in this state of the line (409).
    Conflict,
    /// A document that would be too long (413).
    TooLarge,
    /// An export that is not there (409) or no longer (410).
    ExportGone,
    /// Something entered cannot be used (422).
    Invalid,
    /// Too often by this person (429): not before that moment.
    TooOften(Option<Moment>),
    /// Switched off for now, so that the rest goes on (503): not before that moment.
    Paused(Option<Moment>),
    /// Too much for the server, or closed for now (503): not before that moment.
    Unavailable(Option<Moment>),
}

/// An error within the frame of the site.
#[derive(Debug, Clone, Template)]
#[template(path = "problem.html", whitespace = "minimize")]
pub struct ProblemPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What went wrong.
    pub problem: Problem,
    /// The request, to be named when asking for help; only where the fault is ours, so that two pages of
    /// [`Problem::NotFound`] are the same octets.
    pub request: Option<RequestId>,
}

impl ProblemPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 5 * 1024)
    }

    fn said(&self) -> (Phrase<0>, Phrase<0>) {
        let words = &self.shell.words().problem;
        match self.problem {
            Problem::SignIn => (words.sign_in_title, words.sign_in_text),
            Problem::Forbidden => (words.forbidden_title, words.forbidden_text),
            Problem::NotFound => (words.not_found_title, words.not_found_text),
            Problem::Conflict => (words.conflict_title, words.conflict_text),
            Problem::TooLarge => (words.too_large_title, words.too_large_text),
            Problem::ExportGone => (words.export_gone_title, words.export_gone_text),
            Problem::Invalid => (words.invalid_title, words.invalid_text),
            Problem::TooOften(_) => (words.too_often_title, words.too_often_text),
            Problem::Paused(_) => (words.paused_title, words.paused_text),
            Problem::Unavailable(_) => (words.unavailable_title, words.unavailable_text),
        }
    }

    fn not_before(&self) -> Option<Moment> {
        match self.problem {
            Problem::TooOften(at) | Problem::Paused(at) | Problem::Unavailable(at) => at,
            Problem::SignIn
            | Problem::Forbidden
            | Problem::NotFound
            | Problem::Conflict
            | Problem::TooLarge
            | Problem::ExportGone
            | Problem::Invalid => None,
        }
    }
}

/// Closed or full (503): carries its style in itself and asks nothing more of the server. Sent with `assets::ALONE_CSP`.
#[derive(Debug, Clone, Template)]
#[template(path = "closed.html", whitespace = "minimize")]
pub struct ClosedPage<'a> {
    /// The frame; only language, time and path are used.
    pub shell: Shell<'a>,
    /// When to come back.
    pub come_back: Option<Moment>,
    /// The place in line, where there is a line.
    pub place: Option<u64>,
}

impl ClosedPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 3 * 1024)
    }
}

/// A place in line (202), loaded again by a header.
///
/// It carries its style in itself, asks nothing more of the server, and is so small that it costs hardly more than to
/// say no. Sent with `assets::PLACE_CSP`.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "place.html", whitespace = "minimize")]
pub struct PlacePage {
    /// The language.
    pub language: Language,
    /// How many are before her, where that is known.
    pub ahead: Option<u64>,
    /// In how many minutes it is her turn, where it takes longer than one and is known.
    pub minutes: Option<u64>,
    /// It is her turn within a minute.
    pub is_soon: bool,
    /// For how many minutes the place is kept where the page is closed; `None` where it is not.
    pub keeps: Option<u64>,
    /// Whether a passkey signs in: nobody waits in line for that.
    pub has_passkeys: bool,
}

impl PlacePage {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 1024)
    }
}

/// The style of the page of a place in line.
#[derive(Debug, Clone, Copy)]
struct PlaceStyle;

impl Show for PlaceStyle {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        out.write_str(assets::PLACE_STYLE)
    }
}

/// The style of a page that stands alone: ours, made when the product is built, allowed by its hash.
#[derive(Debug, Clone, Copy)]
struct AloneStyle;

impl Show for AloneStyle {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        out.write_str(assets::ALONE_STYLE)
    }
}

/// The request's id.
#[derive(Debug, Clone, Copy)]
struct Reference(RequestId);

impl Show for Reference {
    fn show(&self, out: &mut Pieces<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}
