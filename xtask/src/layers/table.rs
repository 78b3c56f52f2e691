//! The table: what the runs found, as a page of the reference.

use std::fmt::Write;
use std::fs;

use super::LAYERS;
use crate::{Failure, tidy};

/// Where it is kept.
const FILE: &str = "docs/reference/layers.md";

const HEAD: &str = "\
# Layers

Written by `cargo xtask layers --write` and compared by `cargo xtask deep`, and by the gate where
a guarded source has changed since; no hand has written the table. For each
fault that a build with `--cfg honnin_faults` can be told to make, the real program was started with it, three
watermarked subjects signed in and read what is theirs (where the fault is about it, also what is not), and whichever
layer stopped it was left out in the next run, until one failed to hold.

**prevented**: this layer stopped it when those before it were left out. **refused**: the fault cannot be written
outside the room that it was planted in; the case named below does not compile. **–**: not its job. *then*: what got
out once all that had stopped it were left out. *journal*: whether `journal verify` names it then. Why a fault is
prevented by fewer than two stands in [SECURITY.md](../../SECURITY.md#where-one-layer-stands-alone).

";

/// What the columns are.
const COLUMNS: &str = "\
| layer | what it compares |
|---|---|
| types | nothing at run time: what does not compile |
| keys | the key and the place a thing was sealed for, with the key and the place it is opened with |
| rows | tenant and account in each query |
| owner | whose the opened thing says it is, with the subject asked for and with who signed in; so too for sessions |
| request | the request an answer or a new session was made for, with the request it is sent to |
| asker | the session (for a sign-in: the name) an answer was made for, with what the request itself brought |
| headers | what forbids to keep a personal answer, set once more as it leaves |
| journal | viewer and owner of each entry, afterwards |

";

/// What the runs with one fault found.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) what: String,
    /// The case that does not compile.
    pub(super) types: Option<&'static str>,
    /// Left out from the beginning: it is the fault.
    pub(super) left_out: Vec<&'static str>,
    /// In their order.
    pub(super) prevented: Vec<&'static str>,
    /// What got out in the end.
    pub(super) then: Option<&'static str>,
    /// Whether the journal named it.
    pub(super) detected: bool,
}

impl Row {
    /// How many layers prevent it.
    pub(super) fn weight(&self) -> usize {
        self.prevented.len() + usize::from(self.types.is_some())
    }

    fn then(&self) -> &'static str {
        self.then.unwrap_or("nothing")
    }

    /// One line for whoever waits.
    pub(super) fn told(&self) -> String {
        let Self { name, prevented, detected, .. } = self;
        let journal = if *detected { "; the journal names it" } else { "" };
        format!("  {name:<26} prevented by {}; then {}{journal}", prevented.join(", "), self.then())
    }
}

/// The page.
pub(super) fn text(rows: &[Row], outside: &[(String, String)], known: &[(String, String)]) -> String {
    let mut text = HEAD.to_owned() + COLUMNS;
    // Writing to a text does not fail.
    let mut line = |words: std::fmt::Arguments<'_>| writeln!(text, "{words}").unwrap_or_default();
    line(format_args!("| fault | types | {} | then | journal |", LAYERS.join(" | ")));
    line(format_args!("|---|---|{}---|---|", "---|".repeat(LAYERS.len())));
    for row in rows {
        let types = if row.types.is_some() { "refused" } else { "–" };
        let cells = LAYERS.map(|layer| {
            if row.left_out.contains(&layer) {
                "left out"
            } else if row.prevented.contains(&layer) {
                "prevented"
            } else {
                "–"
            }
        });
        let journal = if row.detected { "detected" } else { "–" };
        line(format_args!(
            "| `{}` | {types} | {} | {} | {journal} |",
            row.name,
            cells.join(" | "),
            row.then()
        ));
    }
    line(format_args!("\n## The faults\n\n| fault | what goes wrong | does not compile |\n|---|---|---|"));
    for row in rows {
        let case = row.types.map_or("–".to_owned(), |case| format!("`{case}`"));
        line(format_args!("| `{}` | {} | {case} |", row.name, row.what));
    }
    line(format_args!("\n## Faults that nothing on a request's way can see\n"));
    line(format_args!(
        "Drills notice them: `cargo xtask drill-controls`.\n\n| fault | what goes wrong |\n|---|---|"
    ));
    for (name, what) in outside {
        line(format_args!("| `{name}` | {what} |"));
    }
    line(format_args!("\n## Layers left out\n\n| switch | what is missing then |\n|---|---|"));
    for (name, what) in known.iter().filter(|(name, _)| name.starts_with("without-")) {
        line(format_args!("| `{name}` | {what} |"));
    }
    text
}

/// What begins the last line: the sources the table is about.
const GUARDED: &str = "Guarded sources: ";

/// Whether the table that is checked in is about sources of that digest.
pub(super) fn is_about(digest: &str) -> bool {
    let kept = fs::read_to_string(tidy::root().join(FILE)).unwrap_or_default();
    kept.lines().any(|line| line.strip_prefix(GUARDED) == Some(digest))
}

/// Compares with what is checked in, or writes it.
pub(super) fn keep(text: &str, digest: Option<&str>, write: bool) -> Result<(), Failure> {
    let file = tidy::root().join(FILE);
    if write {
        let about = digest.map_or(String::new(), |digest| format!("\n{GUARDED}{digest}\n"));
        fs::write(&file, format!("{text}{about}"))?;
        println!("{FILE} is written");
        return Ok(());
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let kept = kept.split(&format!("\n{GUARDED}")).next().unwrap_or_default();
    let differs = text.lines().zip(kept.lines()).find(|(now, then)| now != then);
    if let Some((now, then)) = differs {
        println!("  now      {now}\n  checked in  {then}");
    }
    if kept == text {
        return Ok(());
    }
    Err(format!(
        "{FILE} is not what the runs found; look at it, then write it with `cargo xtask layers --write`"
    )
    .into())
}
