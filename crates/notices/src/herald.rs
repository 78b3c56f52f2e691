//! Incidents that open and end by themselves: what follows from how the house stands, as a rule on a clock that is passed
//! in. Nobody has to have the courage, and nobody has to be awake.

use std::collections::BTreeMap;

use honnin_terms::{Mode, Moment, Strain};

use crate::board::{Board, Incident};
use crate::post::{By, Change, Opening, State};
use crate::template::template;

/// A mode is told after so many seconds: shorter ones are told by nobody, longer ones within a minute.
pub const OPEN_AFTER: i64 = 10;
/// It is said to be over after so many seconds without it.
pub const CLOSE_AFTER: i64 = 30;
/// The service promises its next word so many seconds ahead, and keeps the promise itself.
const NEXT: i64 = 1_800;

/// What the service says next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// A new incident.
    Open(Opening),
    /// A word more of that one.
    Go(u64, Change),
}

/// The template of what is the case in a mode, and whether it is of this node alone.
const fn told(mode: Mode) -> Option<(&'static str, bool)> {
    match mode {
        Mode::Isolated(_) => Some(("stopped", false)),
        Mode::Brownout(strain) => Some(("brownout", !matches!(strain, Strain::Forced))),
        Mode::ReadOnly(strain) => Some(("read_only", !matches!(strain, Strain::Forced))),
        Mode::JournalFailed | Mode::JournalFull | Mode::Unwitnessed => Some(("journal", true)),
        Mode::Unsure => Some(("unavailable", true)),
        Mode::PathMixed | Mode::PathUnproven => Some(("path", true)),
        Mode::Open | Mode::ClockApart | Mode::Stopping => None,
    }
}

/// Follows how one node stands.
#[derive(Debug)]
pub struct Herald {
    /// Tells this node's incidents from those of others.
    node: String,
    /// Since when each is the case.
    present: BTreeMap<&'static str, Moment>,
    /// Since when each incident that is open is not the case any more.
    absent: BTreeMap<u64, Moment>,
}

impl Herald {
    /// Of a node of that name among others: a short word.
    pub const fn new(node: String) -> Self {
        Self { node, present: BTreeMap::new(), absent: BTreeMap::new() }
    }

    /// What is to be said now. Asked again at least every few seconds; what it says has been written when it is asked
    /// again, or it says it again.
    pub fn follow(&mut self, mode: Mode, now: Moment, board: &Board) -> Vec<Say> {
        let case = told(mode);
        self.present.retain(|word, _| case.is_some_and(|(case, _)| case == *word));
        let mut said = Vec::new();
        if let Some((word, own)) = case {
            let since = *self.present.entry(word).or_insert(now);
            let source = if own { self.node.clone() } else { String::new() };
            let open = self.open(board).find(|one| {
                let first = &one.first.post;
                first.cause == word && first.source == source
            });
            match open {
                // A stop is told at once: it does not go by itself.
                None if matches!(mode, Mode::Isolated(_)) || now.seconds_since(since) >= OPEN_AFTER => {
                    said.extend(opening(word, source, since, now).map(Say::Open));
                }
                None => {}
                Some(known) => said.extend(still(known, now)),
            }
        }
        let gone: Vec<(u64, String)> = self
            .open(board)
            .filter(|one| case.is_none_or(|(word, _)| one.first.post.cause != word))
            .map(|one| (one.id(), one.first.post.cause.clone()))
            .collect();
        self.absent.retain(|id, _| gone.iter().any(|(gone, _)| gone == id));
        // A node that is ending knows nothing of what comes, and one that hears nothing of the others nothing of them.
        if matches!(mode, Mode::Stopping | Mode::Unsure) {
            return said;
        }
        for (id, cause) in gone {
            let since = *self.absent.entry(id).or_insert(now);
            if now.seconds_since(since) >= CLOSE_AFTER
                && let Some(template) = template(&cause)
            {
                let state = Some(State::Resolved);
                let over = Change { state, ended_at: Some(since), ..Change::saying(template.over()) };
                said.push(Say::Go(id, over));
            }
        }
        said
    }

    /// What the service opened itself, this node's and that of all nodes.
    fn open<'b>(&self, board: &'b Board) -> impl Iterator<Item = &'b Incident> + use<'b> {
        let node = self.node.clone();
        board.incidents().iter().filter(move |one| {
            let first = &one.first.post;
            !one.is_over() && first.by == By::Service && (first.source.is_empty() || first.source == node)
        })
    }
}

fn opening(word: &str, source: String, since: Moment, now: Moment) -> Option<Opening> {
    let template = template(word)?;
    Some(Opening {
        state: template.state,
        impact: template.impact,
        cause: word.to_owned(),
        source,
        parts: template.parts.to_vec(),
        title: template.title(),
        body: template.body(),
        started_at: Some(since),
        ends_at: None,
        next_at: Some(now.plus_seconds(NEXT)),
    })
}

/// A promised word is given, also where nothing is new.
fn still(known: &Incident, now: Moment) -> Option<Say> {
    let due = known.next_at().is_none_or(|next| now.seconds_since(next) >= 0);
    // A person who speaks promises for herself.
    if !due || known.last().by == By::Operator {
        return None;
    }
    let body = template(&known.first.post.cause)?.still();
    Some(Say::Go(known.id(), Change { next_at: Some(now.plus_seconds(NEXT)), ..Change::saying(body) }))
}

/// A time in which the service was silent, told afterwards: both what opens it and what ends it.
///
/// Nothing where the board tells of it already: another node may have said it, or this one before it was stopped.
pub fn silence(board: &Board, from: Moment, to: Moment) -> Option<(Opening, Change)> {
    let template = template("silent")?;
    let told = |one: &Incident| {
        let first = &one.first.post;
        first.by == By::Service && first.cause == "silent" && one.started_at() >= from
    };
    if board.incidents().iter().any(told) {
        return None;
    }
    let mut opening = opening("silent", String::new(), from, to)?;
    opening.next_at = None;
    let (state, ended_at) = (Some(State::Resolved), Some(to));
    Some((opening, Change { state, ended_at, ..Change::saying(template.over()) }))
}
