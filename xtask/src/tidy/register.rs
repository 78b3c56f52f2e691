//! Registers: what the compiler lets stand and the house lets stand only where a document says why.
//!
//! A register is a table in a document. Each row names a file and what stands there; the last column says why. What the
//! sources have and no row names is refused, and so is a row whose thing is gone.

use super::Finding;
use super::source::Source;

/// Where globals are listed.
pub(super) const GLOBALS: &str = "docs/reference/globals.md";
/// Where calls of the store without a permit are listed.
pub(super) const PERMITLESS: &str = "docs/reference/permitless.md";

/// How many calls without a permit there may be at most. The number may only be lowered.
const MOST_PERMITLESS: usize = 19;

/// A row: the file, and what stands in it.
type Entry = (String, String);

/// Something found, and where.
struct Found {
    entry: Entry,
    line: usize,
}

/// The rows of a register: those whose first two cells are code.
fn rows(sources: &[Source], document: &str) -> Vec<(Entry, bool)> {
    let text = sources.iter().find(|source| source.path == document).map(|source| source.text.as_str());
    let code = |cell: &str| cell.trim().strip_prefix('`')?.strip_suffix('`').map(str::to_owned);
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').collect();
        let [file, what, why] = cells.as_slice() else { return None };
        Some(((code(file)?, code(what)?), why.trim().len() > 10))
    };
    text.unwrap_or_default().lines().filter_map(row).collect()
}

fn compare(sources: &[Source], document: &str, found: &[Found], what: &str) -> Vec<Finding> {
    let rows = rows(sources, document);
    let listed = |entry: &Entry| rows.iter().any(|(row, _)| row == entry);
    let strangers = found.iter().filter(|found| !listed(&found.entry)).map(|Found { entry, line }| {
        let (file, name) = entry;
        Finding::grave(
            format_args!("{file}:{line}"),
            format_args!("`{name}` {what}; {document} has no row for it"),
        )
    });
    let gone = rows.iter().filter(|(row, _)| !found.iter().any(|found| found.entry == *row));
    let gone = gone.map(|((file, name), _)| {
        Finding::grave(document, format_args!("names `{name}` of {file}, which is not there"))
    });
    let bare = rows.iter().filter(|(_, reasoned)| !reasoned);
    let bare =
        bare.map(|((_, name), _)| Finding::grave(document, format_args!("does not say why `{name}` may be")));
    strangers.chain(gone).chain(bare).collect()
}

fn rust(sources: &[Source]) -> impl Iterator<Item = &Source> {
    // This directory names what it looks for.
    sources.iter().filter(|source| source.is_rust() && !source.path.starts_with("xtask/src/tidy"))
}

/// Every global, every thread-local and everything that sets a global of a dependency has its row.
pub(super) fn globals(sources: &[Source]) -> Vec<Finding> {
    const SIGNS: [&str; 12] = [
        "thread_local!",
        "task_local!",
        "lazy_static!",
        "OnceLock",
        "LazyLock",
        "OnceCell",
        "LazyCell",
        "install_recorder(",
        "set_global_default(",
        ".try_init(",
        "install_default(",
        "set_hook(",
    ];
    let mut found = Vec::new();
    for source in rust(sources) {
        for (line, text) in code(source) {
            let signs = SIGNS.iter().filter(|sign| text.contains(**sign));
            let names = signs.map(|sign| sign.trim_matches(['(', '.']).to_owned());
            for name in names.chain(a_static(text)) {
                let entry = (source.path.clone(), name);
                if !found.iter().any(|before: &Found| before.entry == entry) {
                    found.push(Found { entry, line });
                }
            }
        }
    }
    compare(sources, GLOBALS, &found, "is a global; pass the value in")
}

/// The name of a static that a line declares.
fn a_static(line: &str) -> Option<String> {
    let (before, rest) = line.split_once("static ")?;
    let begins = before.chars().last().is_none_or(|letter| letter == ' ' || letter == '(' || letter == ')');
    let name = rest.trim_start_matches("mut ").trim_start_matches("ref ").split(':').next()?;
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$';
    (begins && rest.contains(':') && !name.is_empty() && name.chars().all(is_name))
        .then(|| format!("static {name}"))
}

/// Lines that are not comments, with their numbers.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(source.text.lines().map(str::trim)).filter(|(_, line)| !line.starts_with("//"))
}

/// Every method of a port of the store, and every public function of an engine, takes a permit or has its row.
pub(super) fn permitless(sources: &[Source]) -> Vec<Finding> {
    // What stands round an engine is handed the calls of ports, and is no port itself.
    let is_port = |path: &str| !path.contains("/conformance/") && !path.ends_with("/decorate.rs");
    let of_the_store = |path: &str| path.starts_with("crates/store/src/") && is_port(path);
    let ports = rust(sources)
        .filter(|source| of_the_store(&source.path) || source.path.starts_with("crates/access/src/"));
    let mut found: Vec<Found> = ports.flat_map(|source| methods(source, "pub trait ")).collect();
    let is_engine = |path: &str| {
        ["crates/store-sqlite/src/", "crates/store-postgres/src/"].iter().any(|home| path.starts_with(home))
    };
    found.extend(
        rust(sources).filter(|source| is_engine(&source.path)).flat_map(|source| methods(source, "impl ")),
    );
    let mut findings = compare(sources, PERMITLESS, &found, "reads or writes without a permit");
    let listed = rows(sources, PERMITLESS).len();
    if listed > MOST_PERMITLESS {
        let what =
            format_args!("has {listed} rows; {MOST_PERMITLESS} is the most, and that number only falls");
        findings.push(Finding::grave(PERMITLESS, what));
    }
    findings
}

/// Methods without a permit in the blocks that open so: those of a trait, and the public ones of a type itself.
fn methods(source: &Source, opens: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut owner: Option<String> = None;
    let mut behind_faults = false;
    let mut lines = (1..).zip(source.text.lines()).peekable();
    while let Some((line, text)) = lines.next() {
        if let Some(rest) = text.strip_prefix(opens) {
            let name =
                rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or(rest);
            // What is implemented of a trait is judged where the trait stands.
            owner = (!rest.contains(" for ")).then(|| name.to_owned());
        } else if text == "}" {
            owner = None;
        }
        let method = text.strip_prefix("    ").filter(|rest| !rest.starts_with(' '));
        let public = if opens == "pub trait " { "" } else { "pub " };
        let rest = method.and_then(|rest| {
            let rest = rest.strip_prefix(public)?;
            rest.trim_start_matches("const ").trim_start_matches("async ").strip_prefix("fn ")
        });
        if let (Some(owner), Some(rest)) = (&owner, rest) {
            let mut signature = rest.to_owned();
            while !signature.contains(['{', ';']) {
                let Some((_, more)) = lines.next() else { break };
                signature.push_str(more);
            }
            let name = rest.split(['(', '<']).next().unwrap_or(rest);
            if !signature.contains("Permit<") && !behind_faults {
                found.push(Found { entry: (source.path.clone(), format!("{owner}::{name}")), line });
            }
        }
        behind_faults =
            text.trim() == "#[cfg(honnin_faults)]" || (behind_faults && text.trim().starts_with("//"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::source::made_up;
    use super::*;

    fn told(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(|finding| format!("{}: {}", finding.place, finding.what)).collect()
    }

    #[test]
    fn a_global_without_its_row_is_found_and_a_row_without_its_global_too() {
        let source = made_up(
            "crates/a/src/b.rs",
            "fn f() -> &'static str {\n    pub(crate) static LAST: Mutex<u8> = Mutex::new(0);\n}\n\
             static mut N: u8 = 0;\n// static IN_A_COMMENT: u8 = 0;\nthread_local! {\n\
             struct Lazy(OnceLock<u8>);\nrecorder.install_recorder();\n",
        );
        let row = |what: &str| {
            format!("| `crates/a/src/b.rs` | `{what}` | because it holds nothing of anybody |\n")
        };
        let names = ["static LAST", "static N", "thread_local!", "OnceLock", "install_recorder"];
        let all: String = names.map(row).concat();
        assert_eq!(told(&globals(&[made_up(GLOBALS, &all), source.clone()])), [""; 0]);
        let places: Vec<String> =
            globals(std::slice::from_ref(&source)).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["2", "4", "6", "7", "8"].map(|line| format!("crates/a/src/b.rs:{line}")));
        let (more, bare) =
            (format!("{all}{}", row("static GONE")), all.replace("because it holds nothing of anybody", ""));
        assert_eq!(
            told(&globals(&[made_up(GLOBALS, &more), source.clone()])),
            ["docs/reference/globals.md: names `static GONE` of crates/a/src/b.rs, which is not there"]
        );
        assert_eq!(globals(&[made_up(GLOBALS, &bare), source]).len(), names.len());
    }

    #[test]
    fn a_method_without_a_permit_is_found_in_ports_and_engines() {
        let port = made_up(
            "crates/store/src/views.rs",
            "pub trait ViewRows: Send {\n    /// Fine.\n    fn view(&self, permit: &Permit<Read>) -> Answer<'_>;\n    \
             fn peek(\n        &self,\n        account: AccountId,\n    ) -> Answer<'_>;\n    #[cfg(honnin_faults)]\n    \
             fn holder(&self);\n}\nfn free() {}\n",
        );
        let engine = made_up(
            "crates/store-sqlite/src/lib.rs",
            "impl Sqlite {\n    pub fn dump(&self) {}\n    fn own(&self) {}\n}\nimpl ViewRows for Sqlite {\n    \
             fn peek(&self) {}\n}\n",
        );
        let places: Vec<String> =
            permitless(&[port, engine]).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["crates/store/src/views.rs:4", "crates/store-sqlite/src/lib.rs:2"]);
    }
}
