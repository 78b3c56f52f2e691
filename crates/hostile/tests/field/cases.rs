//! The cases of `tests/data/field/*.toml`: an extract, the mapping, a time, and what must be shown then.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use honnin_intake::Mapping;
use honnin_terms::Moment;
use honnin_testkit::TestDir;
use serde::Deserialize;

use crate::faces::look;
use crate::world::{Ground, Visit, World};

/// A file of cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

/// One case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Which row of the table of kinds it is of.
    kind: String,
    /// What the mapping says instead: pairs of a piece of its text and what stands there.
    #[serde(default)]
    mapping: Vec<(String, String)>,
    /// Extracts, in turn.
    take: Vec<Extract>,
    /// Looks, in turn, when all is taken in.
    #[serde(default)]
    look: Vec<Look>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extract {
    /// A directory beside the file of cases.
    of: Option<String>,
    /// Files in the place of those of the directory, or beside them.
    #[serde(default)]
    put: BTreeMap<String, String>,
    /// Pieces of a file that are written otherwise: file, piece, instead.
    #[serde(default)]
    change: Vec<(String, String, String)>,
    /// Files that are not there.
    #[serde(default)]
    lacks: Vec<String>,
    /// In which encoding they are written, where that is not UTF-8.
    #[serde(default)]
    encoding: String,
    at: String,
    /// What becomes of the rows: counts, as the command says them.
    counts: Option<String>,
    /// A piece of what the command says where it takes nothing.
    refused: Option<String>,
    /// A piece of the summary.
    told: Option<String>,
    /// With which code the command ends.
    exit: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Look {
    at: String,
    #[serde(default = "first")]
    who: String,
    /// What must be seen, by name.
    #[serde(default)]
    sees: BTreeMap<String, String>,
    /// Pages and what must stand on each; with a `!` before it, what must not.
    #[serde(default)]
    says: Vec<(String, String)>,
}

fn first() -> String {
    "u001".to_owned()
}

fn field() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/field")
}

fn time(text: &str) -> Moment {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

impl Extract {
    /// Writes its files into a directory of their own.
    fn write(&self) -> TestDir {
        let (dir, mut files) = (TestDir::new(), BTreeMap::<String, Vec<u8>>::new());
        if let Some(of) = &self.of {
            for entry in fs::read_dir(field().join(of)).unwrap() {
                let entry = entry.unwrap();
                files.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
            }
        }
        for name in &self.lacks {
            assert!(files.remove(name).is_some(), "{name} is not there");
        }
        for (name, content) in &self.put {
            files.insert(name.clone(), content.clone().into_bytes());
        }
        for (name, from, to) in &self.change {
            let before = String::from_utf8(files[name].clone()).unwrap();
            assert!(before.contains(from), "{name} does not say {from}");
            files.insert(name.clone(), before.replace(from, to).into_bytes());
        }
        for (name, content) in files {
            let content = match self.encoding.as_str() {
                "" => content,
                "cp932" => {
                    encoding_rs::SHIFT_JIS.encode(std::str::from_utf8(&content).unwrap()).0.into_owned()
                }
                "utf-16" | "utf-16 cut" => {
                    let text = String::from_utf8(content).unwrap();
                    let mut octets: Vec<u8> = [0xFF, 0xFE]
                        .into_iter()
                        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
                        .collect();
                    octets.truncate(octets.len() - usize::from(self.encoding == "utf-16 cut"));
                    octets
                }
                other => panic!("no encoding {other}"),
            };
            dir.write(&name, content);
        }
        dir
    }
}

impl Case {
    /// Plays it; what was seen, or what is wrong.
    fn play(&self, ground: &Ground) -> Result<String, String> {
        let mut mapping = fs::read_to_string(field().join("mapping.toml")).unwrap();
        for (from, to) in &self.mapping {
            if !mapping.contains(from.as_str()) {
                return Err(format!("the mapping does not say {from}"));
            }
            mapping = mapping.replace(from.as_str(), to);
        }
        let mapping = Mapping::parse(&mapping, "mapping.toml".as_ref()).map_err(|error| error.to_string())?;
        let begin = self.take.first().map(|take| time(&take.at)).ok_or("it takes nothing")?;
        let world = World::open(ground, mapping, begin);
        let mut told = Vec::new();
        for extract in &self.take {
            let files = extract.write();
            let taken = world.take(&[files.path().to_owned()], time(&extract.at));
            let (summary, refused) = match &taken {
                Ok(summary) => (summary.to_string(), String::new()),
                Err(error) => (String::new(), error.to_string()),
            };
            if let Some(wanted) = &extract.refused
                && !refused.contains(wanted.as_str())
            {
                return Err(format!("not refused with \"{wanted}\": {summary}{refused}"));
            }
            if extract.refused.is_none() && taken.is_err() {
                return Err(format!("refused: {refused}"));
            }
            let counts = summary.lines().last().unwrap_or_default().trim_start_matches("in all: ");
            if let Some(wanted) = &extract.counts
                && wanted != counts
            {
                return Err(format!("counts are \"{counts}\", not \"{wanted}\""));
            }
            let exit = taken.as_ref().map_or(1, |summary| if summary.is_clean() { 0 } else { 4 });
            if extract.exit.is_some_and(|wanted| wanted != exit) {
                return Err(format!("it ends with {exit}: {summary}"));
            }
            if let Some(wanted) = &extract.told
                && !summary.contains(wanted.as_str())
            {
                return Err(format!("it does not tell \"{wanted}\": {summary}"));
            }
            told.extend(extract.refused.as_ref().map(|_| "refused".to_owned()));
            told.extend(extract.exit.map(|code| format!("exit {code}")));
        }
        for one in &self.look {
            let months: Vec<&str> = one.sees.keys().map(String::as_str).filter(|key| is_month(key)).collect();
            let Some(visit) = world.visit(&one.who, time(&one.at)) else {
                if one.sees.get("name").is_some_and(|name| name == "nobody") {
                    told.push("nobody".to_owned());
                    continue;
                }
                return Err(format!("{} is not there", one.who));
            };
            let seen = look(&visit, &months)?;
            for (name, wanted) in &one.sees {
                let found = seen.get(name).map_or("nothing", String::as_str);
                if found != wanted {
                    return Err(format!("at {} {name} is \"{found}\", not \"{wanted}\"", one.at));
                }
                told.push(format!("{name} {found}"));
            }
            for (page, piece) in &one.says {
                let body = page_of(&visit, page);
                let (wanted, piece) =
                    piece.strip_prefix('!').map_or((true, piece.as_str()), |piece| (false, piece));
                if body.contains(piece) != wanted {
                    return Err(format!("at {} {page} says \"{piece}\": {}", one.at, !wanted));
                }
                told.push(format!("{page} {} \"{piece}\"", if wanted { "says" } else { "does not say" }));
            }
        }
        Ok(told.join("; "))
    }
}

/// A page of the first line, of the account, or the sheet of the newest bill.
fn page_of(visit: &Visit, page: &str) -> String {
    let first = |path: &str, list: &str, key: &str| {
        visit.json(path)[list][0][key].as_str().unwrap_or_else(|| panic!("there is no {key}")).to_owned()
    };
    let line = || first("/api/v1/me", "lines", "line");
    match page {
        "home" => visit.text(&format!("/lines/{}", line())),
        "buckets" | "usage" | "purchases" | "contract" => visit.text(&format!("/lines/{}/{page}", line())),
        "lines" | "bills" => visit.text(&format!("/{page}")),
        "bill" => visit.text(&format!("/bills/{}", first("/api/v1/bills", "bills", "bill"))),
        "sheet" => {
            let sheet = visit.octets(&format!("/bills/{}/pdf", first("/api/v1/bills", "bills", "bill")));
            honnin_drill::scan::text_of_pdf(&sheet).unwrap()
        }
        other => panic!("no page {other}"),
    }
}

fn is_month(key: &str) -> bool {
    key.len() == 7 && key.as_bytes()[4] == b'-' && key.starts_with("20")
}

fn cases(file: &str) -> Vec<Case> {
    let text = fs::read_to_string(field().join(file)).unwrap();
    let cases: Cases = toml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    cases.case
}

fn played(file: &str) {
    let ground = Ground::new();
    let mut wrong = Vec::new();
    for case in cases(file) {
        let (sign, told) = match case.play(&ground) {
            Ok(told) => ("ok  ", told),
            Err(told) => {
                wrong.push(format!("{}: {told}", case.name));
                ("FAIL", told)
            }
        };
        let short: String = told.chars().take(200).collect();
        println!("field: {sign} {}: {short}", case.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_of_the_field_is_shown_right_on_every_face() {
    played("cases.toml");
}

#[test]
fn cases_of_our_own_are_shown_right_on_every_face() {
    played("own.toml");
}

/// The kinds of the table, as words of the cases.
const KINDS: [&str; 11] = [
    "part",
    "unfinished",
    "ceiling",
    "stale",
    "zero",
    "unsayable",
    "evidence",
    "limits",
    "octets",
    "glyphs",
    "dates",
];

#[test]
fn every_kind_that_files_can_show_has_three_cases_of_our_own() {
    let mut counts = BTreeMap::<String, usize>::new();
    for case in cases("own.toml") {
        assert!(KINDS.contains(&case.kind.as_str()), "{} is of no kind: {}", case.name, case.kind);
        *counts.entry(case.kind).or_default() += 1;
    }
    let few: Vec<_> = KINDS.iter().filter(|kind| counts.get(**kind).copied().unwrap_or(0) < 3).collect();
    // Races are no matter of files: they are tested where two come at once.
    assert!(few.is_empty(), "{few:?}");
}
