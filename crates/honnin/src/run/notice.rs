//! `honnin notice`: what a person of the operator tells the public.
//!
//! Who said it is written into the journal before it is said. The record itself names nobody.

use std::fmt;

use data_encoding::HEXLOWER;
use honnin_journal::{Kind, Party};
use honnin_notices::{
    By, Change, Impact, Incident, Opening, Post, Record, State, TEMPLATES, Template, Texts, template,
};
use honnin_seal::leaf_digest;
use honnin_terms::{Moment, Zone};
use serde::Serialize;

use crate::command::{NoticeCommand, OpenArgs, Promised, ResolveArgs, UpdateArgs, Words};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::{self, Say};
use crate::wiring::Rooms;
use crate::wiring::acts::Deed;
use crate::wiring::notices::PublicRecord;
use crate::wiring::witness::Written;

/// What was said.
#[derive(Serialize)]
struct SaidIt {
    incident: u64,
    entry: u64,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
}

impl fmt::Display for SaidIt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { incident, entry, state, ends_at, next_at } = self;
        write!(f, "incident  {incident}, {state}; entry {entry} of the public record")?;
        if let Some(at) = ends_at {
            write!(f, "\nend       expected {at}")?;
        }
        if let Some(at) = next_at {
            write!(f, "\nnext      update promised by {at}; it is shown overdue after that")?;
        }
        Ok(())
    }
}

/// An incident of the list.
#[derive(Serialize)]
struct Listed {
    incident: u64,
    state: &'static str,
    impact: &'static str,
    by: &'static str,
    cause: String,
    title: Texts,
    started_at: String,
    ended_at: Option<String>,
    ends_at: Option<String>,
    end_changes: usize,
    next_at: Option<String>,
    late_seconds: Option<i64>,
    updates: usize,
}

/// All incidents.
#[derive(Serialize)]
struct List {
    incidents: Vec<Listed>,
}

impl Listed {
    fn of(incident: &Incident, zone: &Zone, now: Moment) -> Self {
        let told = |at: Option<Moment>| at.map(|at| zone.rfc3339(at));
        Self {
            incident: incident.id(),
            state: incident.state().word(),
            impact: incident.impact().word(),
            by: incident.first.post.by.word(),
            cause: incident.first.post.cause.clone(),
            title: incident.title().clone(),
            started_at: zone.rfc3339(incident.started_at()),
            ended_at: told(incident.ended_at()),
            ends_at: told(incident.ends_at()),
            end_changes: incident.end_changes().len(),
            next_at: told(incident.next_at()),
            late_seconds: incident.late_by(now),
            updates: incident.later.len() + 1,
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.incidents.is_empty() {
            return f.write_str("no incident in the public record");
        }
        for one in &self.incidents {
            let Listed { incident, state, impact, by, title, started_at, .. } = one;
            write!(f, "{incident}  {state}  {impact}  by {by}  since {started_at}  {}", title.ja)?;
            if let Some(late) = one.late_seconds {
                write!(f, "  (update overdue by {} min)", late / 60)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// A template, as it is listed.
#[derive(Serialize)]
struct Ready {
    template: &'static str,
    impact: &'static str,
    title: Texts,
    body: Texts,
}

#[derive(Serialize)]
struct AllReady {
    templates: Vec<Ready>,
}

impl fmt::Display for AllReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Ready { template, impact, title, body } in &self.templates {
            writeln!(
                f,
                "{template} ({impact})\n  {}\n  {}\n  {}\n  {}",
                title.ja, body.ja, title.en, body.en
            )?;
        }
        Ok(())
    }
}

pub(super) fn notice(
    say: Say,
    installation: &Installation,
    operator: &str,
    command: NoticeCommand,
) -> Result<Exit, Failure> {
    match command {
        NoticeCommand::Templates => templates(say)?,
        NoticeCommand::List => list(say, installation)?,
        NoticeCommand::Open(args) => {
            let unrecorded = args.promised.unrecorded;
            let opening = |now: Moment| opening(args, now);
            speak(say, installation, (operator, unrecorded), |record, now| {
                Ok(record.opening(now, By::Operator, opening(now)?)?)
            })?;
        }
        NoticeCommand::Update(args) => {
            let unrecorded = args.promised.unrecorded;
            speak(say, installation, (operator, unrecorded), |record, now| {
                let (incident, change) = update(args, record, now)?;
                Ok(record.changing(now, By::Operator, incident, change)?)
            })?;
        }
        NoticeCommand::Resolve(args) => {
            let unrecorded = args.unrecorded;
            speak(say, installation, (operator, unrecorded), |record, now| {
                let (incident, change) = resolve(args, record)?;
                Ok(record.changing(now, By::Operator, incident, change)?)
            })?;
        }
    }
    Ok(Exit::Done)
}

/// Says something: written into the journal under the name of who says it, then said.
fn speak(
    say: Say,
    installation: &Installation,
    (operator, unrecorded): (&str, bool),
    what: impl FnOnce(&Record, Moment) -> Result<Post, Failure>,
) -> Result<(), Failure> {
    let clock = installation.clock()?;
    let zone = zone(installation)?;
    let rooms = if unrecorded {
        None
    } else {
        let opened = Rooms::open(installation.clone(), std::sync::Arc::clone(&clock));
        Some(opened.map_err(|reason| reason.but(UNRECORDED))?)
    };
    let keeper = match &rooms {
        Some(rooms) => std::sync::Arc::clone(&rooms.keeper),
        None => {
            std::sync::Arc::new(installation.keeper(std::sync::Arc::new(Written::new(installation.demo)))?)
        }
    };
    let record = PublicRecord::of(installation, &keeper)?;
    let mut open = record.open()?;
    let post = what(&open, clock.now())?;
    let (incident, state) = (post.incident, post.state.word());
    let (ends_at, next_at) = (post.ends_at, post.next_at);
    if let Some(rooms) = &rooms {
        let entry = HEXLOWER.encode(&leaf_digest(&serde_json::to_vec(&post)?));
        let note = format!("notice {state} {entry}");
        let deed = Deed { counts: &[incident, open.board().posts()], note: &note, ..Deed::default() };
        rooms.act(operator, Kind::Noticed, Party::Nobody, deed).map_err(|reason| reason.but(UNRECORDED))?;
    }
    let entry = open.say(post)?;
    record.remember(open.public()).map_err(|reason| reason.but("the notice was said"))?;
    let told = |at: Option<Moment>| at.map(|at| zone.rfc3339(at));
    say.tell(&SaidIt { incident, entry, state, ends_at: told(ends_at), next_at: told(next_at) })
        .map_err(|failure| failure.but("the notice was said"))
}

/// What to do where the journal takes nothing.
const UNRECORDED: &str = "nothing was said; with --unrecorded it is, and nobody knows who said it";

fn zone(installation: &Installation) -> Result<Zone, Failure> {
    Zone::named(&installation.settings.tenant.zone)
        .map_err(|reason| Failure::settings(&reason).during("read tenant.zone"))
}

fn texts(ja: Option<String>, en: Option<String>) -> Option<Texts> {
    Some(Texts { ja: ja?, en: en? })
}

fn missing(what: &str) -> Failure {
    Failure::with(
        Exit::Usage,
        format!("cannot say this: {what} is missing in one of the languages; write both"),
    )
}

fn known(word: &str) -> Result<&'static Template, Failure> {
    template(word).ok_or_else(|| {
        let words: Vec<&str> = TEMPLATES.iter().map(|one| one.word).collect();
        Failure::with(
            Exit::Usage,
            format!("cannot use the template {word:?}: it is not known; write one of {}", words.join(", ")),
        )
    })
}

fn next(promised: Promised, now: Moment) -> Option<Moment> {
    (promised.next > 0).then(|| now.plus_seconds(i64::from(promised.next) * 60))
}

fn opening(args: OpenArgs, now: Moment) -> Result<Opening, Failure> {
    let OpenArgs { template, title_ja, title_en, words, impact, parts, started, ends, promised } = args;
    let ready = template.as_deref().map(known).transpose()?;
    let title = texts(title_ja, title_en).or_else(|| ready.map(Template::title));
    let body = texts(words.ja, words.en).or_else(|| ready.map(Template::body));
    let impact = impact.or(ready.map(|ready| ready.impact)).unwrap_or(Impact::Minor);
    let state = match (impact, started) {
        (Impact::Maintenance, Some(started)) if started > now => State::Scheduled,
        (Impact::Maintenance, _) => State::InProgress,
        _ => ready.map_or(State::Investigating, |ready| ready.state),
    };
    let parts =
        if parts.is_empty() { ready.map(|ready| ready.parts.to_vec()).unwrap_or_default() } else { parts };
    // Of planned work that has not begun nobody waits for news.
    let next_at = if state == State::Scheduled { None } else { next(promised, now) };
    Ok(Opening {
        state,
        impact,
        cause: ready.map(|ready| ready.word).unwrap_or_default().to_owned(),
        source: String::new(),
        parts,
        title: title.ok_or_else(|| missing("the title"))?,
        body: body.ok_or_else(|| missing("the text"))?,
        started_at: started,
        ends_at: ends,
        next_at,
    })
}

/// The words that are ready for an incident of that number.
fn ready(record: &Record, incident: u64) -> Option<&'static Template> {
    template(&record.board().incident(incident)?.first.post.cause)
}

fn words(given: Words, ready: Option<Texts>) -> Result<Texts, Failure> {
    texts(given.ja, given.en).or(ready).ok_or_else(|| missing("the text"))
}

fn update(args: UpdateArgs, record: &Record, now: Moment) -> Result<(u64, Change), Failure> {
    let UpdateArgs { incident, words: given, state, impact, ends, no_end, promised } = args;
    let is_over = record.board().incident(incident).is_some_and(Incident::is_over);
    let body = words(given, ready(record, incident).filter(|_| !is_over).map(Template::still))?;
    let ends_at = if no_end { Some(None) } else { ends.map(Some) };
    let next_at = if is_over { None } else { next(promised, now) };
    Ok((incident, Change { state, impact, body, ends_at, next_at, ended_at: None }))
}

fn resolve(args: ResolveArgs, record: &Record) -> Result<(u64, Change), Failure> {
    let ResolveArgs { incident, words: given, ended, .. } = args;
    let body = words(given, ready(record, incident).map(Template::over))?;
    let planned = record.board().incident(incident).is_some_and(|one| one.state().is_planned());
    let state = Some(if planned { State::Completed } else { State::Resolved });
    Ok((incident, Change { state, ended_at: ended, ..Change::saying(body) }))
}

fn templates(say: Say) -> Result<(), Failure> {
    let ready = |one: &'static Template| Ready {
        template: one.word,
        impact: one.impact.word(),
        title: one.title(),
        body: one.body(),
    };
    say.tell(&AllReady { templates: TEMPLATES.iter().map(ready).collect() })
}

fn list(say: Say, installation: &Installation) -> Result<(), Failure> {
    let (zone, now) = (zone(installation)?, installation.clock()?.now());
    let keeper = installation.keeper(std::sync::Arc::new(Written::new(installation.demo)))?;
    let record = PublicRecord::of(installation, &std::sync::Arc::new(keeper))?;
    let view = record.watcher(now)?.look(now);
    if let Some((trouble, _)) = view.trouble {
        say::note(format_args!(
            "the public record does not verify ({}); this is what was last confirmed; see `honnin status verify`",
            trouble.word()
        ));
    }
    let incidents = view.board.incidents().iter().rev().map(|one| Listed::of(one, &zone, now)).collect();
    say.tell(&List { incidents })
}
