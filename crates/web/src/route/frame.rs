//! What every page needs to know of the one who asks: language, look, whose page it is.

use std::sync::Arc;

use honnin_care::facts::{LineHead, Me};
use honnin_pages::page::paths::{Address, Along};
use honnin_pages::page::{Banner, LineRef, Nav, Said, Shell, Theme};
use honnin_pages::words::Language;
use honnin_terms::HoldingId;

use super::answer::Answer;
use super::app::{App, Ask};
use super::{cookie, csrf};

/// The cookie of the language a person chose.
pub(super) const LANGUAGE_COOKIE: &str = "language";

/// The cookie of the look a person chose.
pub(super) const THEME_COOKIE: &str = "theme";

/// Longest path that is come back to.
const LONGEST_PATH: usize = 512;

impl Ask {
    /// The language chosen, else the one the browser wishes for.
    pub(super) fn language(&self) -> Language {
        let chosen = self.cookie(LANGUAGE_COOKIE).and_then(Language::from_tag);
        chosen.unwrap_or_else(|| {
            let wished =
                self.parts.headers.get(http::header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
            wished.map(Language::wished).unwrap_or_default()
        })
    }

    fn theme(&self) -> Theme {
        self.cookie(THEME_COOKIE).and_then(Theme::from_word).unwrap_or_default()
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(cookie::find(&self.parts.headers, name)?).ok()
    }

    /// The line that was chosen, as the address says; whose it is, is not known by it.
    pub(super) fn chosen_line(&self) -> Option<HoldingId> {
        self.query("line")?.parse().ok()
    }

    /// What the act before came to. Whoever else made the link says nothing on our pages.
    fn said(&self) -> Option<Said> {
        let word = self.query("said").filter(|_| csrf::is_led_here_by_us(&self.parts.headers))?;
        Said::from_word(&word)
    }

    /// The frame's part of an address that is gone on to: the line that was chosen, and what was done.
    pub(super) fn go_on(&self, address: Address, said: Said) -> Answer {
        let path = Along(address, self.chosen_line()).to_string();
        let joint = if path.contains('?') { '&' } else { '?' };
        Answer::see_other(&format!("{path}{joint}said={}", said.word()))
    }

    /// Path and query that were asked for.
    fn path(&self) -> &str {
        self.parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
    }
}

impl App {
    /// What the public is told now, in the reader's language.
    fn banner(&self, language: Language) -> Option<Arc<Banner>> {
        let board = self.wiring.notices.board();
        let incident = *board.present().first()?;
        let (now, zone) = (self.wiring.care.now(), self.wiring.care.zone());
        Some(Arc::new(Banner::of(incident, now, zone, language)))
    }

    /// The frame of a page for somebody who is not signed in.
    pub(super) fn frame<'a>(&'a self, ask: &'a Ask) -> Shell<'a> {
        Shell {
            language: ask.language(),
            theme: ask.theme(),
            operator: &self.wiring.operator,
            signed_in: false,
            name: None,
            line: None,
            nav: Nav::None,
            path: ask.path(),
            now: self.wiring.care.now(),
            zone: self.wiring.care.zone(),
            simulated: self.wiring.simulated,
            several: false,
            said: ask.said(),
            banner: self.banner(ask.language()),
        }
    }

    /// The frame of a page nothing personal is read for: the menu, where there is one, leads to the line the address
    /// names.
    pub(super) fn open_frame<'a>(&'a self, ask: &'a Ask, signed_in: bool, nav: Nav) -> Shell<'a> {
        let line = ask.chosen_line().filter(|_| signed_in).map(LineRef::unread);
        let nav = if signed_in { nav } else { Nav::None };
        Shell { signed_in, nav, several: line.is_some(), line, ..self.frame(ask) }
    }

    /// The frame of a page of the account; the menu leads to the line that was chosen, else to her first.
    pub(super) fn own_frame<'a>(&'a self, ask: &'a Ask, me: Option<&'a Me>, nav: Nav) -> Shell<'a> {
        let lines = me.map(|me| me.lines.as_slice()).unwrap_or_default();
        let chosen = ask.chosen_line().and_then(|chosen| lines.iter().find(|head| head.line == chosen));
        let line = chosen.or(lines.first()).map(LineRef::of);
        let (name, several) = (me.map(|me| me.name.as_str()), lines.len() > 1);
        // What was asked for is chosen by whoever made the link, and has no place beside what is hers.
        Shell { signed_in: true, name, line, several, nav, path: "/", ..self.frame(ask) }
    }

    /// The frame of a page of one line.
    pub(super) fn line_frame<'a>(
        &'a self,
        ask: &'a Ask,
        me: Option<&'a Me>,
        head: &'a LineHead,
        nav: Nav,
    ) -> Shell<'a> {
        // What she calls it stands in her profile alone.
        let own = me.and_then(|me| me.lines.iter().find(|own| own.line == head.line));
        Shell { line: Some(LineRef::of(own.unwrap_or(head))), ..self.own_frame(ask, me, nav) }
    }

    /// A path to come back to, where it is a page of ours; else the first page.
    pub(super) fn own_path<'p>(&self, path: &'p str) -> &'p str {
        let plain = path.len() <= LONGEST_PATH && path.bytes().all(|octet| octet.is_ascii_graphic());
        let pages = plain && path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
        let bare = path.split(['?', '#']).next().unwrap_or_default();
        if pages && self.has_page(bare) { path } else { "/" }
    }
}
