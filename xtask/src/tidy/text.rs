//! Rules about what stands in files.

use super::Finding;
use super::source::Source;

const LONG: usize = 400;
const TOO_LONG: usize = 800;

/// This directory names what it forbids.
fn is_ours(source: &Source) -> bool {
    source.path.starts_with("xtask/src/tidy")
}

fn rust(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|source| source.is_rust())
}

/// Lines that are not comments, with their numbers.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(source.text.lines().map(str::trim)).filter(|(_, line)| !line.starts_with("//"))
}

/// A file that needs a table of contents is two files.
pub(super) fn length(sources: &[Source]) -> Vec<Finding> {
    let judge = |source: &Source| {
        let lines = source.text.lines().count();
        if lines > TOO_LONG {
            Some(Finding::grave(&source.path, format_args!("{lines} lines; {TOO_LONG} is the end")))
        } else if lines > LONG {
            Some(Finding::light(&source.path, format_args!("{lines} lines; aim below {LONG}")))
        } else {
            None
        }
    };
    rust(sources).filter_map(judge).collect()
}

fn is_part_of_a_module(path: &str) -> bool {
    path.ends_with("tests.rs") || (path.contains("/src/") && path.contains("/tests/"))
}

/// Every module opens with what it is for. The tests of a module are part of it; cases that must not compile are
/// no modules.
pub(super) fn module_docs(sources: &[Source]) -> Vec<Finding> {
    let directory = |path: &str| path.rsplit_once('/').map_or(String::new(), |(dir, _)| dir.to_owned());
    let cases: Vec<String> =
        sources.iter().filter(|s| s.ends_in("stderr")).map(|s| directory(&s.path)).collect();
    rust(sources)
        .filter(|source| !cases.contains(&directory(&source.path)))
        .filter(|source| !is_part_of_a_module(&source.path))
        .filter(|source| !source.text.trim_start().starts_with("//!"))
        .map(|source| Finding::grave(&source.path, "open the module with a //! line: what it is for"))
        .collect()
}

/// Nothing unfinished, nothing that holds on one machine only.
pub(super) fn forbidden_words(sources: &[Source]) -> Vec<Finding> {
    const EVERYWHERE: [&str; 2] = ["/home/", "/root/"];
    const IN_CODE: [&str; 4] = ["todo!", "unimplemented!", "TODO", "FIXME"];
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| !is_ours(source)) {
        let words = EVERYWHERE.iter().chain(source.is_rust().then_some(&IN_CODE).into_iter().flatten());
        for word in words {
            for (number, _) in (1..).zip(source.text.lines()).filter(|(_, line)| line.contains(word)) {
                let number: usize = number;
                findings.push(Finding::grave(
                    format_args!("{}:{number}", source.path),
                    format_args!("has {word:?}"),
                ));
            }
        }
    }
    findings
}

/// Texts that were mended and must not come back, a line each.
const MENDED: &str = include_str!("words.txt");

/// What people read is said in the words of the trade. Evidence says what it said on its day.
pub(super) fn mended_words(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let read = |source: &&Source| !is_ours(source) && !source.path.starts_with("docs/evidence/");
    for source in sources.iter().filter(read) {
        for words in MENDED.lines().filter(|words| source.text.contains(words)) {
            findings.push(Finding::grave(&source.path, format_args!("says {words:?} again")));
        }
    }
    findings
}

/// Queries stand in the store's engines. The binary's tests may spoil a database on purpose.
pub(super) fn queries(sources: &[Source]) -> Vec<Finding> {
    const SIGNS: [&str; 8] = [
        "rusqlite",
        "SELECT ",
        "INSERT INTO",
        "insert into ",
        "DELETE FROM",
        "delete from ",
        "create table ",
        "CREATE TABLE ",
    ];
    // The peer of a benchmark is no part of the product: a database is all it is.
    const AT_HOME: [&str; 4] =
        ["crates/store-sqlite/", "crates/store-postgres/", "crates/honnin/tests/", "peer/"];
    let mut findings = Vec::new();
    let strangers =
        |source: &&Source| !is_ours(source) && !AT_HOME.iter().any(|home| source.path.starts_with(home));
    for source in rust(sources).filter(strangers) {
        for (number, line) in code(source) {
            if let Some(sign) = SIGNS.iter().find(|sign| line.contains(**sign)) {
                let place = format_args!("{}:{number}", source.path).to_string();
                findings
                    .push(Finding::grave(place, format_args!("has {sign:?}; queries stand in store-* only")));
            }
        }
    }
    findings
}

/// A template escapes what it puts out, save where a list says so.
pub(super) fn unescaped(sources: &[Source], allowed: &[String]) -> Vec<Finding> {
    let opens = |source: &Source, line: &str| {
        let line = line.replace(' ', "");
        let template = source.path.contains("/templates/") && line.contains("|safe");
        template || (source.is_rust() && line.contains("escape=\"none\""))
    };
    let what = "puts out a value unescaped; escape it, or say why not in xtask/allowed/unescaped.txt";
    by_list(sources, allowed, opens, what)
}

/// A fault point only adds: what is compiled where no faults are is compiled with them too, so that what is tried is
/// what ships. Nothing asks at run time, because then the faults would be in every binary.
pub(super) fn fault_points(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in rust(sources).filter(|source| !is_ours(source)) {
        let mut behind = false;
        for (number, line) in code(source).filter(|(_, line)| !line.is_empty()) {
            let place = || format!("{}:{number}", source.path);
            if line.contains("not(honnin_faults") {
                findings.push(Finding::grave(place(), "leaves something out where faults are; only add"));
            }
            if line.contains("cfg!(honnin_faults") {
                findings.push(Finding::grave(
                    place(),
                    "asks at run time; compile it behind #[cfg(honnin_faults)]",
                ));
            }
            if (line.ends_with("mod planted;") || line == "pub mod faults;") && !behind {
                findings.push(Finding::grave(place(), "is not behind #[cfg(honnin_faults)]"));
            }
            behind = line == "#[cfg(honnin_faults)]";
        }
    }
    findings
}

/// Lines that a rule catches and no list excuses; and entries of the list that excuse nothing any more.
fn by_list(
    sources: &[Source],
    allowed: &[String],
    opens: impl Fn(&Source, &str) -> bool,
    what: &str,
) -> Vec<Finding> {
    let mut unused: Vec<&String> = allowed.iter().collect();
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| !is_ours(source)) {
        for (number, line) in code(source).filter(|(_, line)| opens(source, line)) {
            let entry = format!("{}: {line}", source.path);
            unused.retain(|listed| **listed != entry);
            if !allowed.contains(&entry) {
                findings.push(Finding::grave(format_args!("{}:{number}", source.path), what));
            }
        }
    }
    findings.extend(
        unused.into_iter().map(|entry| Finding::grave(entry, "is listed under xtask/allowed and not there")),
    );
    findings
}

#[cfg(test)]
mod tests {
    use super::super::source::made_up;
    use super::*;

    fn places(findings: &[Finding]) -> Vec<&str> {
        findings.iter().filter(|finding| finding.grave).map(|finding| finding.place.as_str()).collect()
    }

    #[test]
    fn a_text_that_was_mended_does_not_come_back() {
        let said = "says: nothing stands before us, nobody looks\n";
        let sources =
            [made_up("README.md", said), made_up("docs/evidence/a.md", said), made_up("a.md", "fine\n")];
        assert_eq!(places(&mended_words(&sources)), ["README.md"]);
    }

    #[test]
    fn a_file_is_warned_of_at_400_lines_and_refused_beyond_800() {
        let of = |lines| length(&[made_up("a.rs", &"//\n".repeat(lines))]);
        assert!(of(400).is_empty());
        assert!(of(401).iter().all(|finding| !finding.grave) && of(401).len() == 1);
        assert_eq!(places(&of(801)), ["a.rs"]);
    }

    #[test]
    fn a_module_without_its_first_line_is_found_and_a_case_is_not() {
        let sources = [
            made_up("crates/a/src/lib.rs", "//! Room.\n"),
            made_up("crates/a/src/b.rs", "/// A.\nstruct A;\n"),
            made_up("crates/a/src/b_tests.rs", "use super::*;\n"),
            made_up("crates/a/src/c/tests/d.rs", "use super::*;\n"),
            made_up("crates/a/tests/refused/forged.rs", "fn main() {}\n"),
            made_up("crates/a/tests/refused/forged.stderr", "error\n"),
        ];
        assert_eq!(places(&module_docs(&sources)), ["crates/a/src/b.rs"]);
    }

    #[test]
    fn an_unfinished_place_is_found() {
        let sources =
            [made_up("a.rs", "//! A.\ntodo!()\n"), made_up("b.md", "TODO is a word here\n/home/x\n")];
        assert_eq!(places(&forbidden_words(&sources)), ["a.rs:2", "b.md:2"]);
    }

    #[test]
    fn a_query_outside_the_engines_is_found() {
        let query = "//! insert into a comment\nlet text = \"insert into session\";\n";
        let sources = [
            made_up("crates/care/src/a.rs", query),
            made_up("crates/store-sqlite/src/a.rs", query),
            made_up("crates/honnin/tests/it/swap.rs", query),
        ];
        assert_eq!(places(&queries(&sources)), ["crates/care/src/a.rs:2"]);
    }

    #[test]
    fn an_unescaped_value_needs_its_entry() {
        let sources =
            [made_up("crates/pages/templates/home.html", "<p>{{ name }}</p>\n  {{ chart | safe }}\n")];
        let entry = "crates/pages/templates/home.html: {{ chart | safe }}".to_owned();
        assert_eq!(places(&unescaped(&sources, &[])), ["crates/pages/templates/home.html:2"]);
        assert!(unescaped(&sources, std::slice::from_ref(&entry)).is_empty());
        assert_eq!(places(&unescaped(&[], std::slice::from_ref(&entry))), [entry]);
    }

    #[test]
    fn a_fault_point_that_does_more_than_add_is_found() {
        let sources = [made_up(
            "a.rs",
            "#[cfg(honnin_faults)]\nmod planted;\npub mod faults;\n#[cfg(not(honnin_faults))]\nlet a = cfg!(honnin_faults);\n",
        )];
        assert_eq!(places(&fault_points(&sources)), ["a.rs:3", "a.rs:4", "a.rs:5"]);
    }
}
