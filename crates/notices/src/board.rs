//! What stands on the board: the record, folded into incidents. It is made anew from the whole record, and nothing else
//! has a word in it.

use std::sync::{Arc, PoisonError, RwLock};

use honnin_terms::Moment;

use crate::post::{By, Change, Impact, Opening, Part, Post, Refused, State, Texts};

/// An entry with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its index in the record.
    pub index: u64,
    /// What was said.
    pub post: Post,
}

/// A promised end that was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndChange {
    /// When it was changed.
    pub at: Moment,
    /// What had been promised.
    pub from: Option<Moment>,
    /// What was promised instead.
    pub to: Option<Moment>,
}

/// Everything that was said of one incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The entry that opened it.
    pub first: Posted,
    /// What was said after it, oldest first.
    pub later: Vec<Posted>,
}

impl Incident {
    /// Its number: the index of its first entry.
    pub const fn id(&self) -> u64 {
        self.first.index
    }

    /// All that was said, oldest first.
    pub fn posts(&self) -> impl DoubleEndedIterator<Item = &Posted> {
        std::iter::once(&self.first).chain(&self.later)
    }

    /// What was said last: what holds.
    pub fn last(&self) -> &Post {
        &self.later.last().unwrap_or(&self.first).post
    }

    /// Its title.
    pub fn title(&self) -> &Texts {
        self.first.post.title.as_ref().unwrap_or(&self.first.post.body)
    }

    /// How far it has come.
    pub fn state(&self) -> State {
        self.last().state
    }

    /// How much it takes away: of one that is over, the most it took.
    pub fn impact(&self) -> Impact {
        if !self.is_over() {
            return self.last().impact;
        }
        self.posts().map(|posted| posted.post.impact).max().unwrap_or(Impact::None)
    }

    /// What it takes away.
    pub fn parts(&self) -> &[Part] {
        &self.last().parts
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.state().is_over()
    }

    /// Whether it is planned work that has not begun.
    pub fn is_to_come(&self) -> bool {
        self.state() == State::Scheduled
    }

    /// Since when it was so, as last said.
    pub fn started_at(&self) -> Moment {
        self.last().started_at.unwrap_or(self.first.post.at)
    }

    /// Until when it was so, where it is over: as first said.
    pub fn ended_at(&self) -> Option<Moment> {
        let over = self.posts().find(|posted| posted.post.state.is_over())?;
        Some(over.post.ended_at.unwrap_or(over.post.at))
    }

    /// When it is to be over, as promised.
    pub fn ends_at(&self) -> Option<Moment> {
        self.last().ends_at
    }

    /// When the next word is to come, as promised.
    pub fn next_at(&self) -> Option<Moment> {
        self.last().next_at
    }

    /// Seconds by which the next word is late.
    pub fn late_by(&self, now: Moment) -> Option<i64> {
        late(self.next_at(), now)
    }

    /// Seconds by which its end is late.
    pub fn end_late_by(&self, now: Moment) -> Option<i64> {
        late(self.ends_at(), now)
    }

    /// Every change of its promised end, oldest first: nothing is promised anew without the old promise beside it.
    pub fn end_changes(&self) -> Vec<EndChange> {
        let mut changes = Vec::new();
        let mut from = self.first.post.ends_at;
        for Posted { post, .. } in &self.later {
            // Said to be over, it promises no end any more.
            if !post.state.is_over() && post.ends_at != from {
                // The first promise takes nothing back.
                if from.is_some() {
                    changes.push(EndChange { at: post.at, from, to: post.ends_at });
                }
                from = post.ends_at;
            }
        }
        changes
    }
}

fn late(promised: Option<Moment>, now: Moment) -> Option<i64> {
    promised.map(|promised| now.seconds_since(promised)).filter(|late| *late > 0)
}

/// The whole record, folded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Board {
    incidents: Vec<Incident>,
    posts: u64,
    last_at: Option<Moment>,
}

impl Board {
    /// Every incident there was, in the order in which they were opened.
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    /// How many entries the record has.
    pub const fn posts(&self) -> u64 {
        self.posts
    }

    /// When something was last said.
    pub const fn last_at(&self) -> Option<Moment> {
        self.last_at
    }

    /// The incident of that number.
    pub fn incident(&self, id: u64) -> Option<&Incident> {
        self.incidents.iter().find(|incident| incident.id() == id)
    }

    /// Those that are not over and have begun, the gravest first, then the newest.
    pub fn present(&self) -> Vec<&Incident> {
        let mut present: Vec<&Incident> =
            self.incidents.iter().filter(|one| !one.is_over() && !one.is_to_come()).collect();
        present.sort_by_key(|one| std::cmp::Reverse((grave(one.impact()), one.id())));
        present
    }

    /// Planned work to come, the next first.
    pub fn to_come(&self) -> Vec<&Incident> {
        let mut planned: Vec<&Incident> = self.incidents.iter().filter(|one| one.is_to_come()).collect();
        planned.sort_by_key(|one| one.started_at());
        planned
    }

    /// Those that are over, the newest first.
    pub fn over(&self) -> Vec<&Incident> {
        self.incidents.iter().rev().filter(|one| one.is_over()).collect()
    }

    /// The gravest of what is the case now.
    pub fn impact(&self) -> Impact {
        self.present().first().map_or(Impact::None, |incident| incident.impact())
    }

    /// What would be said by opening an incident now.
    pub(crate) fn opening(&self, now: Moment, by: By, opening: Opening) -> Post {
        let Opening { state, impact, cause, source, parts, title, body, started_at, ends_at, next_at } =
            opening;
        Post {
            at: self.not_before(now),
            incident: self.posts,
            by,
            state,
            impact,
            cause,
            source,
            parts,
            title: Some(title),
            body,
            started_at,
            ends_at,
            next_at,
            ended_at: None,
        }
    }

    /// What would be said by changing one now.
    pub(crate) fn changing(&self, now: Moment, by: By, id: u64, change: Change) -> Result<Post, Refused> {
        let last = self.incident(id).ok_or(Refused::Unknown)?.last();
        let Change { state, impact, body, ends_at, next_at, ended_at } = change;
        let state = state.unwrap_or(last.state);
        let ends_at = if state.is_over() { None } else { ends_at.unwrap_or(last.ends_at) };
        Ok(Post {
            at: self.not_before(now),
            by,
            state,
            impact: impact.unwrap_or(last.impact),
            title: None,
            body,
            ends_at,
            next_at,
            ended_at,
            ..last.clone()
        })
    }

    /// A clock that was set back puts nothing before what was said already.
    fn not_before(&self, now: Moment) -> Moment {
        self.last_at.map_or(now, |last| last.max(now))
    }

    /// Adds an entry, where it may follow on what there is.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn add(&mut self, post: Post) -> Result<(), Refused> {
        self.admits(&post)?;
        let (index, at) = (self.posts, post.at);
        let posted = Posted { index, post };
        match self.incidents.iter_mut().find(|known| known.id() == posted.post.incident) {
            Some(known) => known.later.push(posted),
            None => self.incidents.push(Incident { first: posted, later: Vec::new() }),
        }
        self.posts += 1;
        self.last_at = Some(at);
        Ok(())
    }

    pub(crate) fn admits(&self, post: &Post) -> Result<(), Refused> {
        post.is_sound()?;
        if self.last_at.is_some_and(|last| post.at < last) {
            return Err(Refused::Earlier);
        }
        if post.incident == self.posts {
            if post.state.is_over() {
                return Err(Refused::OpensOver);
            }
            return if post.title.is_some() { Ok(()) } else { Err(Refused::Texts) };
        }
        let known = self.incident(post.incident).ok_or(Refused::Unknown)?;
        if post.title.is_some() {
            return Err(Refused::Texts);
        }
        if known.is_over() && !post.state.is_over() {
            return Err(Refused::Over);
        }
        if known.state().is_planned() != post.state.is_planned() {
            return Err(Refused::OtherSort);
        }
        Ok(())
    }
}

/// The board as it stands now, for those who show it.
#[derive(Debug, Default)]
pub struct Live(RwLock<Arc<Board>>);

impl Live {
    /// What stands on it.
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this stands on it.
    pub fn set(&self, board: Board) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(board);
    }
}

/// Planned work is no fault, however much it takes away.
pub(crate) const fn grave(impact: Impact) -> u8 {
    match impact {
        Impact::None => 0,
        Impact::Maintenance => 1,
        Impact::Minor => 2,
        Impact::Major => 3,
        Impact::Critical => 4,
    }
}
