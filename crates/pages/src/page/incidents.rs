//! The status page and the banner: what stands in the public record, with every promise beside the one before it.

use askama::Template;
use honnin_notices::{By, Impact, Incident, Part, Posted, State, Trouble, View, part_name};
use honnin_terms::{Moment, Zone};

use super::rendered;
use crate::format::{Count, Html, Text, When};
use crate::piece::Told;
use crate::words::{Language, Phrase};

/// The style of the status page: a file of its own beside it.
pub const STATUS_STYLE: &str = include_str!("../../assets/status.css");

/// Incidents that are over and still shown; all of them stand in the record.
const SHOWN: usize = 20;

/// The status page. It is made from the record alone, and works where nothing else does.
#[derive(Debug, Clone, Template)]
#[template(path = "status_page.html", whitespace = "minimize")]
pub struct StatusPage<'a> {
    /// What is known.
    pub view: &'a View,
    /// The operator's name.
    pub operator: &'a str,
    /// Where the service is; empty where nobody has said.
    pub url: &'a str,
    /// Where days and hours are told.
    pub zone: &'a Zone,
    /// The language.
    pub language: Language,
}

/// An incident as it is shown.
#[derive(Debug, Clone)]
struct Block {
    id: u64,
    title: String,
    state: Phrase<0>,
    class: &'static str,
    parts: String,
    lines: Vec<Told>,
    late: Vec<Told>,
    posts: Vec<Said>,
}

/// One thing that was said.
#[derive(Debug, Clone)]
struct Said {
    index: u64,
    when: Told,
    state: Phrase<0>,
    by: Option<Phrase<0>>,
    body: String,
    promise: Option<Told>,
}

/// How moments and promises of the record are told.
#[derive(Debug, Clone, Copy)]
struct Teller<'a> {
    now: Moment,
    zone: &'a Zone,
    language: Language,
}

impl<'a> Teller<'a> {
    const fn when(&self, at: Moment) -> Html<When<'a>> {
        Html(When { at, now: self.now, zone: self.zone, language: self.language })
    }

    const fn words(&self) -> &'static crate::words::keys::StatusWords {
        &self.language.words().status
    }

    /// A promised end, or that there is none.
    fn end(&self, at: Option<Moment>) -> Told {
        at.map_or_else(|| Html(self.words().no_end).told(), |at| self.when(at).told())
    }

    const fn state(&self, state: State) -> Phrase<0> {
        let words = self.words();
        match state {
            State::Investigating => words.investigating,
            State::Identified => words.identified,
            State::Monitoring => words.monitoring,
            State::Resolved => words.resolved,
            State::Scheduled => words.scheduled,
            State::InProgress => words.in_progress,
            State::Completed => words.completed,
        }
    }

    /// When it began, ended or is to end, with every end that was promised before.
    fn lines(&self, incident: &Incident) -> Vec<Told> {
        let words = self.words();
        let mut lines = vec![words.started.with(self.when(incident.started_at())).told()];
        if let Some(ended) = incident.ended_at() {
            lines.push(words.ended.with(self.when(ended)).told());
        }
        for change in incident.end_changes() {
            let (from, to) = (Html(Struck(self.end(change.from))), Html(Put(self.end(change.to))));
            lines.push(words.end_changed.with(from, to, self.when(change.at)).told());
        }
        if let Some(ends) = incident.ends_at() {
            lines.push(words.ends.with(self.when(ends)).told());
        }
        if let Some(next) = incident.next_at() {
            lines.push(words.next.with(self.when(next)).told());
        }
        lines
    }

    /// Promises that were not kept.
    fn late(&self, incident: &Incident) -> Vec<Told> {
        let words = self.words();
        let minutes = |seconds: i64| Html(Count(u64::try_from(seconds / 60).unwrap_or(0)));
        let late = |at: Option<Moment>, by: Option<i64>| at.zip(by);
        let end = late(incident.ends_at(), incident.end_late_by(self.now));
        let next = late(incident.next_at(), incident.late_by(self.now));
        let end = end.map(|(at, by)| words.end_late.with(self.when(at), minutes(by)).told());
        let next = next.map(|(at, by)| words.next_late.with(self.when(at), minutes(by)).told());
        end.into_iter().chain(next).collect()
    }

    fn said(&self, incident: &Incident) -> Vec<Said> {
        let (words, mut before) = (self.words(), None);
        let mut said = Vec::new();
        for Posted { index, post } in incident.posts() {
            let promise = match (post.state.is_over(), before, post.ends_at) {
                (true, _, _) => None,
                (false, before, after) if before == after => None,
                (false, None, after) => {
                    Some(Html(Put(words.ends.with(Html(Put(self.end(after)))).told())).told())
                }
                (false, before, after) => {
                    let (from, to) = (Html(Struck(self.end(before))), Html(Put(self.end(after))));
                    Some(words.end_moved.with(from, to).told())
                }
            };
            if !post.state.is_over() {
                before = post.ends_at;
            }
            said.push(Said {
                index: *index,
                when: self.when(post.at).told(),
                state: self.state(post.state),
                by: (post.by == By::Service).then_some(words.by_service),
                body: post.body.of(self.language.tag()).to_owned(),
                promise,
            });
        }
        said.reverse();
        said
    }

    fn block(&self, incident: &Incident) -> Block {
        let tag = self.language.tag();
        let parts: Vec<String> =
            incident.parts().iter().map(|part| part_name(*part).of(tag).to_owned()).collect();
        Block {
            id: incident.id(),
            title: incident.title().of(tag).to_owned(),
            state: self.state(incident.state()),
            class: class(incident),
            parts: parts.join(self.words().comma.text()),
            lines: self.lines(incident),
            late: self.late(incident),
            posts: self.said(incident),
        }
    }
}

fn class(incident: &Incident) -> &'static str {
    match incident.impact() {
        _ if incident.is_over() => "over",
        Impact::None | Impact::Maintenance => "note",
        Impact::Minor => "warn",
        Impact::Major | Impact::Critical => "err",
    }
}

/// Something told, in the place of a text.
#[derive(Debug, Clone)]
struct Put(Told);

impl crate::format::Show for Put {
    fn show(&self, out: &mut crate::piece::Pieces<'_>) -> std::fmt::Result {
        use std::fmt::Write as _;
        write!(out, "{}", self.0)
    }
}

/// Something told that holds no more, still to be read.
#[derive(Debug, Clone)]
struct Struck(Told);

impl crate::format::Show for Struck {
    fn show(&self, out: &mut crate::piece::Pieces<'_>) -> std::fmt::Result {
        use std::fmt::Write as _;
        write!(out, "<s>{}</s>", self.0)
    }
}

impl StatusPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 16 * 1024)
    }

    const fn words(&self) -> &'static crate::words::keys::StatusWords {
        &self.language.words().status
    }

    const fn teller(&self) -> Teller<'_> {
        Teller { now: self.view.now, zone: self.zone, language: self.language }
    }

    fn as_of(&self) -> Told {
        self.words().as_of.with(self.teller().when(self.view.now)).told()
    }

    /// What is wrong with the record itself.
    fn trouble(&self) -> Option<Told> {
        let (trouble, since) = self.view.trouble?;
        let words = self.words();
        let phrase = match trouble {
            Trouble::Changed => words.trouble_changed,
            Trouble::Cut => words.trouble_cut,
            Trouble::OtherKey => words.trouble_key,
            Trouble::Unreadable => words.trouble_unreadable,
        };
        Some(phrase.with(self.teller().when(since)).told())
    }

    /// That the service is silent.
    fn silence(&self) -> Option<Told> {
        let words = self.words();
        let said = match self.view.silent_since? {
            Some(since) => words.silent.with(self.teller().when(since)).told(),
            None => Html(words.never_heard).told(),
        };
        Some(said)
    }

    /// Whether it may be said that all is well: only where somebody has said so, and lately.
    fn is_well(&self) -> bool {
        self.view.trouble.is_none()
            && self.view.silent_since.is_none()
            && self.view.board.present().is_empty()
    }

    fn present(&self) -> Vec<Block> {
        self.view.board.present().into_iter().map(|one| self.teller().block(one)).collect()
    }

    fn to_come(&self) -> Vec<Block> {
        self.view.board.to_come().into_iter().map(|one| self.teller().block(one)).collect()
    }

    fn over(&self) -> Vec<Block> {
        self.view.board.over().into_iter().take(SHOWN).map(|one| self.teller().block(one)).collect()
    }

    /// The parts of the service, and whether each works; nothing where that is not known.
    fn parts(&self) -> Vec<(String, Phrase<0>, &'static str)> {
        if self.view.trouble.is_some() || self.view.silent_since.is_some() {
            return Vec::new();
        }
        let (words, present) = (self.words(), self.view.board.present());
        let part = |part: &Part| {
            let touched =
                present.iter().find(|one| one.parts().contains(part) && one.impact() != Impact::None);
            let (state, class) = match touched.map(|one| one.impact()) {
                None => (words.works, "ok"),
                Some(Impact::Minor) => (words.works_partly, "warn"),
                Some(Impact::Maintenance) => (words.in_progress, "note"),
                Some(_) => (words.works_not, "err"),
            };
            (part_name(*part).of(self.language.tag()).to_owned(), state, class)
        };
        Part::ALL.iter().map(part).collect()
    }

    /// The other languages, with the folder each is in.
    fn others(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let others = Language::all().iter().copied().filter(|other| *other != self.language);
        let folder =
            |other: Language| match (self.language == Language::default(), other == Language::default()) {
                (false, true) => "../",
                _ => "en/",
            };
        others.map(|other| (folder(other), other.tag(), other.words().name)).collect()
    }

    /// Where the page's own folder is, seen from the page.
    fn root(&self) -> &'static str {
        if self.language == Language::default() { "" } else { "../" }
    }
}

/// The gravest incident, on every page of the service and before sign-in: the same words as on the status page.
#[derive(Debug, Clone)]
pub struct Banner {
    /// What it is.
    pub title: String,
    /// What was last said.
    pub body: String,
    /// When that was said, what is promised, and what is late.
    pub lines: Vec<Told>,
    /// How grave it is.
    pub class: &'static str,
}

impl Banner {
    /// What is shown of an incident at a moment.
    pub fn of(incident: &Incident, now: Moment, zone: &Zone, language: Language) -> Self {
        let (teller, last) = (Teller { now, zone, language }, incident.last());
        let mut lines = vec![teller.words().said_at.with(teller.when(last.at)).told()];
        // The beginning stands on the status page.
        lines.extend(teller.lines(incident).into_iter().skip(1));
        lines.extend(teller.late(incident));
        Self {
            title: incident.title().of(language.tag()).to_owned(),
            body: last.body.of(language.tag()).to_owned(),
            lines,
            class: class(incident),
        }
    }
}
