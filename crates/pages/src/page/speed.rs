//! High speed: the confirm page, and how far the wish is.

use askama::Template;
use honnin_care::facts::{LineHead, Origin, Speed};
use honnin_terms::{LineStatus, SpeedState};
use serde::Serialize;

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::assets;
use crate::words::{Phrase, Words};

/// Asks before anything is changed.
#[derive(Debug, Clone, Template)]
#[template(path = "speed.html", whitespace = "minimize")]
pub struct SpeedPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Which line.
    pub head: &'a LineHead,
    /// Its state now.
    pub speed: &'a Speed,
    /// Where the state comes from, where the ledger said it.
    pub origin: Option<&'a Origin>,
    /// The idempotency key of the wish: a second press is the same wish.
    pub key: &'a str,
}

impl SpeedPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }

    fn stands_high(&self) -> bool {
        stands_high(self.speed)
    }
}

/// What the line stands at by choice: the last wish, or where that failed what it was before.
pub(super) fn stands_high(speed: &Speed) -> bool {
    match speed.state {
        SpeedState::Failed => speed.applied_high.unwrap_or(speed.desired_high),
        SpeedState::Accepted | SpeedState::Pending | SpeedState::Confirmed | SpeedState::Unknown => {
            speed.desired_high
        }
    }
}

/// How far the wish is.
#[derive(Debug, Clone, Template)]
#[template(path = "speed_state.html", whitespace = "minimize")]
pub struct SpeedStatePage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Which line.
    pub head: &'a LineHead,
    /// Its state now.
    pub speed: &'a Speed,
}

/// What the polling module reads.
#[derive(Serialize)]
struct PollBody {
    state: &'static str,
    title: &'static str,
    detail: &'static str,
    done: bool,
    version: u64,
}

impl SpeedStatePage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }

    /// The same as JSON, for the page's own module: `{state, title, detail, done, version}`.
    pub fn poll_body(&self) -> String {
        let (title, detail) = self.said();
        let body = PollBody {
            state: self.speed.state.word(),
            title: title.text(),
            detail: detail.text(),
            done: self.is_done(),
            version: self.speed.version,
        };
        // Plain fields always serialise; an empty answer would be asked for again by the module.
        serde_json::to_string(&body).unwrap_or_default()
    }

    fn is_done(&self) -> bool {
        self.speed.version == 0 || matches!(self.speed.state, SpeedState::Confirmed | SpeedState::Failed)
    }

    fn said(&self) -> (Phrase<0>, Phrase<0>) {
        said(self.shell.words(), self.speed)
    }

    /// The steps a wish goes through, and for each whether it is done, now or next.
    fn steps(&self) -> [(Phrase<0>, &'static str); 3] {
        let words = &self.shell.words().speed;
        let [first, second, third] = match self.speed.state {
            SpeedState::Accepted => ["now", "next", "next"],
            SpeedState::Pending | SpeedState::Unknown => ["done", "now", "next"],
            SpeedState::Confirmed => ["done", "done", "done"],
            SpeedState::Failed => ["done", "done", "next"],
        };
        [(words.accepted, first), (words.pending, second), (words.confirmed_step, third)]
    }
}

/// What is said of a wish: a heading and a sentence.
fn said(words: &Words, speed: &Speed) -> (Phrase<0>, Phrase<0>) {
    let words = &words.speed;
    let either = |on, off| if speed.desired_high { on } else { off };
    match speed.state {
        SpeedState::Accepted => (words.accepted, either(words.accepted_on, words.accepted_off)),
        SpeedState::Pending => (words.pending, words.pending_detail),
        SpeedState::Confirmed => (either(words.confirmed_on, words.confirmed_off), words.confirmed_detail),
        SpeedState::Failed => {
            let title = match speed.applied_high {
                Some(true) => words.failed_on,
                Some(false) => words.failed_off,
                None => words.failed_plain,
            };
            (title, words.failed_detail)
        }
        SpeedState::Unknown => (words.unknown, either(words.unknown_on, words.unknown_off)),
    }
}
