//! What each layer stops: every planted fault, tried against layer after layer, and the table that the runs write.
//!
//! A fault is planted in the real program; three watermarked subjects read, sign in and ask for each other's lines.
//! Whatever layer stopped it is left out in the next run, until somebody is shown what is not hers or nothing is
//! wrong any more. Layers stand in the order in which a request meets them.

mod guarded;
mod probe;
mod table;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::{Failure, controls, faulty, tidy};
pub(crate) use probe::stopped;
use probe::{Asks, Ground, Seen};
use table::Row;

/// The layers a run can leave out, in the order in which they are tried. The rows come last: a question that went astray
/// by a fault is refused there too, and yet it is another layer that would have kept the answer.
pub(crate) const LAYERS: [&str; 6] = ["keys", "owner", "request", "asker", "headers", "rows"];

/// Cases of `crates/store/tests/it/refused` that do not compile because of what the fault would need.
const TYPES: [(&str, &str); 6] = [
    ("wrong-where", "a_subject_cannot_be_named_by_the_request"),
    ("forgotten-owner", "a_subject_cannot_be_named_by_the_request"),
    ("named-subject", "a_permit_cannot_be_forged"),
    ("anothers-permit", "a_permit_cannot_be_copied"),
    ("anothers-session", "a_session_cannot_be_copied"),
    ("missing-gate", "the_gate_cannot_be_walked_around"),
];

/// Faults that show only beside another: a guard that is missing harms nobody while nothing tries it.
const BESIDE: [(&str, &str); 1] = [("missing-associated-data", "swapped-view-row")];

/// A guard that is missing as a whole: what it is called, which layer that is, and what tries it.
const MISSING: [(&str, &str, &str); 1] = [("missing-gate", "owner", "swapped-view-row")];

/// Nothing is planted and no guard is missing: somebody asks for what is not hers.
const ASKED: (&str, &str) = ("asked-for-anothers", "each asks for the lines of the others by their ids");

/// Faults that harm only who is asked for by somebody else. In all other runs each asks for her own things alone, so
/// that whatever a layer stops there is the fault's doing.
const BY_OTHERS: [&str; 3] = [ASKED.0, "forgotten-owner", "named-subject"];

/// How many runs at once: each is a process of its own that mostly waits for its disk.
const AT_ONCE: usize = 2;

/// The faults that no layer on a request's way can see: what is wrong is not whose an answer is. Each has a drill.
const OUTSIDE: [&str; 22] = [
    "holder-of-today",
    "left-unsealed",
    "blind-canaries",
    "unasked-owner",
    "unasked-proof",
    "counted-account",
    "prompt-refusal",
    "own-work-only",
    "forgotten-places",
    "everybody-at-once",
    "untold-modes",
    "silence-for-absence",
    "early-word",
    "unfair-turns",
    "unasked-anchor",
    "unwritten-acts",
    "unseen-clock",
    "unheard-changes",
    "unasked-tenants",
    "uncounted-strays",
    "joins-unasked",
    "cut-short",
];

/// Faults to try, and what stands beside them from the beginning.
#[derive(Debug, Clone)]
struct Trial {
    name: String,
    what: String,
    planted: Vec<String>,
    /// Layers that are left out from the beginning.
    without: Vec<&'static str>,
}

impl Trial {
    fn asks(&self) -> Asks {
        if BY_OTHERS.contains(&self.name.as_str()) { Asks::Others } else { Asks::Own }
    }
}

/// In the gate: only where a guarded file has changed since the table was written.
pub(crate) fn in_the_gate() -> Result<(), Failure> {
    if is_as_written() {
        println!(
            "skipped: no guarded file has changed since the table was written; `cargo xtask deep` runs it"
        );
        return Ok(());
    }
    check(false)
}

/// Whether no guarded file has changed since the table was written, and the short controls were run with it.
pub(crate) fn is_as_written() -> bool {
    guarded::digest().is_some_and(|digest| table::is_about(&digest))
}

/// `cargo xtask layers`: runs everything and compares the table with the one that is checked in, or writes it.
pub(crate) fn check(write: bool) -> Result<(), Failure> {
    if write {
        // The digest that is written says of these, too, that they were run.
        controls::the_short_ones()?;
    }
    let binary = faulty::build()?;
    let known = faulty::list(&binary)?;
    let ground = Arc::new(Ground::make(binary)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let rows = runtime.block_on(all(&ground, trials(&known)))?;
    let outside = known.iter().filter(|(name, _)| OUTSIDE.contains(&name.as_str()));
    let outside: Vec<_> = outside.cloned().collect();
    weigh(&rows)?;
    table::keep(&table::text(&rows, &outside, &known), guarded::digest().as_deref(), write)
}

fn trials(known: &[(String, String)]) -> Vec<Trial> {
    let faults =
        known.iter().filter(|(name, _)| !name.starts_with("without-") && !OUTSIDE.contains(&name.as_str()));
    let mut trials: Vec<Trial> = faults
        .map(|(name, what)| {
            let beside =
                BESIDE.iter().filter(|(fault, _)| fault == name).map(|(_, beside)| (*beside).to_owned());
            let planted = std::iter::once(name.clone()).chain(beside).collect();
            Trial { name: name.clone(), what: what.clone(), planted, without: Vec::new() }
        })
        .collect();
    trials.extend(MISSING.map(|(name, layer, tried_by)| Trial {
        name: name.to_owned(),
        what: format!("nothing compares owners, and {tried_by} tries it"),
        planted: vec![tried_by.to_owned()],
        without: vec![layer],
    }));
    let (name, what) = (ASKED.0.to_owned(), ASKED.1.to_owned());
    trials.push(Trial { name, what, planted: Vec::new(), without: Vec::new() });
    trials
}

async fn all(ground: &Arc<Ground>, trials: Vec<Trial>) -> Result<Vec<Row>, Failure> {
    // Without a fault nothing is stopped, whatever is left out, but the one question that nobody may ask.
    for (asks, without, stops) in
        [(Asks::Own, &[][..], None), (Asks::Own, &LAYERS, None), (Asks::Others, &[], Some("rows"))]
    {
        let seen = ground.run(&[], without, asks).await?;
        let stopped = seen.stopped.iter().map(String::as_str).eq(stops);
        if seen.harm().is_some() || !stopped || seen.own == 0 || !seen.verifies {
            return Err(format!("without any fault and without {without:?}, {asks:?}: {seen:?}").into());
        }
    }
    let mut waiting = trials.into_iter().enumerate();
    let (mut running, mut rows) = (JoinSet::new(), Vec::new());
    loop {
        while running.len() < AT_ONCE
            && let Some((place, trial)) = waiting.next()
        {
            let ground = Arc::clone(ground);
            running.spawn(async move { peel(&ground, trial).await.map(|row| (place, row)) });
        }
        let Some(ended) = running.join_next().await else { break };
        let (place, row) = ended??;
        println!("{}", row.told());
        rows.push((place, row));
    }
    rows.sort_by_key(|(place, _)| *place);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Leaves out whatever layer stopped the fault, one after another, until one fails to hold.
async fn peel(ground: &Ground, trial: Trial) -> Result<Row, Failure> {
    let asks = trial.asks();
    let Trial { name, what, planted, mut without } = trial;
    let left_out = without.clone();
    let mut prevented = Vec::new();
    let seen: Seen = loop {
        let seen = ground.run(&planted, &without, asks).await?;
        if seen.harm().is_some() {
            break seen;
        }
        let next = LAYERS.iter().find(|layer| seen.stopped.contains(**layer) && !without.contains(layer));
        let Some(layer) = next else { break seen };
        prevented.push(*layer);
        without.push(layer);
    };
    let types = TYPES.iter().find(|(fault, _)| *fault == name).map(|(_, case)| *case);
    if let Some(case) = types
        && !Path::new(&tidy::root()).join(format!("crates/store/tests/it/refused/{case}.rs")).is_file()
    {
        return Err(format!("{name}: there is no case {case}").into());
    }
    Ok(Row { name, what, types, left_out, prevented, then: seen.harm(), detected: !seen.verifies })
}

/// Two layers prevent a fault, or the reason why not stands in `SECURITY.md` under its name.
fn weigh(rows: &[Row]) -> Result<(), Failure> {
    let security = std::fs::read_to_string(tidy::root().join("SECURITY.md"))?;
    let light = rows.iter().filter(|row| row.weight() < 2);
    let unexplained: BTreeSet<&str> =
        light.map(|row| row.name.as_str()).filter(|name| !security.contains(&format!("`{name}`"))).collect();
    if unexplained.is_empty() {
        return Ok(());
    }
    Err(format!("fewer than two layers prevent {unexplained:?}, and SECURITY.md does not say why").into())
}
