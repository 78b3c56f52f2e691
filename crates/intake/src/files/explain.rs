//! Why a row is not understood, and which key of the mapping would take it: each key that is named was tried.

use std::fs::File;
use std::io::{BufRead, Cursor};
use std::path::PathBuf;

use honnin_terms::Moment;

use crate::facts::fault::{Fault, Reason};
use crate::facts::fields::{FieldKind, FieldSpec};
use crate::facts::is_there;
use crate::files::mapping::Mapping;
use crate::files::mapping_file::{FieldEntry, FieldTable, MappingFile, RowsTable};
use crate::files::plan;
use crate::files::rows::Rows;
use crate::files::translate::Translator;
use crate::files::{Extract, FilesError};

/// How many lines behind a row are looked at where its quotes are open.
const LINES_BEHIND: usize = 50;
/// How many things that are wrong with a row are told.
const MOST_STEPS: usize = 24;
/// How many keys are named for each.
const MOST_WAYS: usize = 3;

const TIMES: [&str; 16] = [
    "%Y-%m-%d %H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y/%-m/%-d %-H:%M:%S",
    "%Y/%-m/%-d %-H:%M",
    "%Y-%-m-%-d %-H:%M",
    "%Y%m%d%H%M%S",
    "%-m/%-d/%Y %-I:%M %p",
    "%-m/%-d/%Y %-I:%M:%S %p",
    "%d-%b-%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y年%-m月%-d日 %-H:%M",
    "%s%.f",
];
const DAYS: [&str; 8] =
    ["%Y/%m/%d", "%Y-%m-%d", "%Y%m%d", "%Y/%-m/%-d", "%Y年%-m月%-d日", "%d.%m.%Y", "%d-%b-%Y", "%-m/%-d/%Y"];
const MONTHS: [&str; 6] = ["%Y%m", "%Y-%m", "%Y/%-m", "%Y年%-m月", "%Y年%-m月度", "%b-%Y"];

/// A key of the mapping with the value that would take the row, as it is written there.
#[derive(Clone, PartialEq, Eq)]
pub struct Way {
    /// Where: `[[file]] "buckets*.csv" fields.as_of`.
    pub place: String,
    /// Each key, and its value. Values may be taken from the row: personal.
    pub keys: Vec<(&'static str, String)>,
}

/// One thing that is wrong with a row.
#[derive(Clone, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub fault: Fault,
    /// The heading of the cell, where one is to blame.
    pub heading: Option<String>,
    /// The cell. Personal.
    pub cell: Option<String>,
    /// What would take it; empty where no key does.
    pub ways: Vec<Way>,
}

/// A row, explained. Personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Explained {
    /// The file's name.
    pub file: String,
    /// The row's line, from 1; 0 where it is not of a file.
    pub line: u64,
    /// What its rows are: the word of the mapping.
    pub kind: &'static str,
    /// What is wrong with it, one thing after another: each is looked for when the one before is mended.
    pub steps: Vec<Step>,
}

without_content! { Way Step Explained }

/// Why a row cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The extract cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// There is no such row.
    #[error("find the row {0} in the extract: no file of that name has such a line; write it as FILE:LINE")]
    Nowhere(String),
}

/// A row with what it stands under.
pub(crate) struct Specimen {
    /// Everything before it, up to its headings.
    pub(crate) before: Vec<u8>,
    /// Its headings, where they do not stand before it.
    pub(crate) headings: Option<Vec<String>>,
    /// The row, and the lines behind it.
    pub(crate) row: Vec<u8>,
    /// The moment of its file.
    pub(crate) moment: Option<Moment>,
}

/// What was found of a row: what is wrong first, and its cells by heading.
struct Found {
    fault: Fault,
    cells: Vec<(String, String)>,
}

/// Explains a row of an extract: `buckets.csv:3`.
///
/// # Errors
/// [`ExplainError`].
pub fn explain(
    mapping: &Mapping,
    dirs: &[PathBuf],
    row: &str,
    now: Moment,
) -> Result<Explained, ExplainError> {
    let nowhere = || ExplainError::Nowhere(row.to_owned());
    let (name, line) = row.rsplit_once(':').ok_or_else(nowhere)?;
    let line: u64 = line.parse().map_err(|_| nowhere())?;
    let Extract { files, .. } = Extract::find(mapping, dirs)?;
    let file = files.iter().find(|file| file.name == name).ok_or_else(nowhere)?;
    let failed = |cause| FilesError::Read { path: file.path.clone(), cause };
    let mut reader = file.decoded(File::open(&file.path).map_err(failed)?)?;
    let headed = u64::from(file.plan.skip_lines) + u64::from(file.plan.headings.is_none());
    let mut specimen = Specimen { before: Vec::new(), headings: None, row: Vec::new(), moment: file.moment };
    let mut number = 0;
    let mut behind = 0;
    while behind < LINES_BEHIND {
        let mut octets = Vec::new();
        if reader.read_until(b'\n', &mut octets).map_err(failed)? == 0 {
            break;
        }
        number += 1;
        if number <= headed {
            specimen.before.append(&mut octets);
        }
        if number >= line {
            behind += 1;
            specimen.row.append(&mut octets);
        }
    }
    let place = mapping.files.iter().position(|plan| std::ptr::eq(plan, file.plan));
    let (true, Some(place)) = (!specimen.row.is_empty() && line > headed, place) else {
        return Err(nowhere());
    };
    let steps = steps(mapping, place, &specimen, now);
    Ok(Explained { file: name.to_owned(), line, kind: file.plan.kind.word(), steps })
}

/// What is wrong with a row, one thing after another.
pub(crate) fn steps(mapping: &Mapping, place: usize, specimen: &Specimen, now: Moment) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut written = mapping.written.clone();
    while steps.len() < MOST_STEPS {
        let Some(Found { fault, cells }) = judged(&written, place, specimen, now) else { break };
        let cell_of = |field: &str| {
            let table = written.file.get(place)?.fields.get(field)?;
            let heading = table.0.heading.clone()?;
            let cell = cells.iter().find(|(known, _)| *known == heading).map(|(_, cell)| cell.clone());
            Some((heading, cell))
        };
        let (heading, cell) =
            fault.field.and_then(cell_of).map_or((None, None), |(heading, cell)| (Some(heading), cell));
        let mut ways = Vec::new();
        let mut next = None;
        for trial in trials(&written, place, fault, cell.as_deref(), specimen) {
            let mut changed = written.clone();
            trial.apply(&mut changed, place, fault.field);
            let left = judged(&changed, place, specimen, now);
            // Another thing that is wrong with it is another step.
            if left.is_none_or(|left| left.fault != fault && trial.reaches(&left.fault, fault)) {
                ways.push(trial.told(&written, place, fault.field));
                next.get_or_insert(changed);
            }
            if ways.len() == MOST_WAYS {
                break;
            }
        }
        steps.push(Step { fault, heading, cell, ways });
        match next {
            Some(changed) => written = changed,
            None => break,
        }
    }
    steps
}

/// What is wrong first; nothing where the row is understood.
fn judged(written: &MappingFile, place: usize, specimen: &Specimen, now: Moment) -> Option<Found> {
    let none = |reason| Some(Found { fault: Fault::of_row(reason), cells: Vec::new() });
    // A trial that makes no mapping takes no row.
    let Ok(mapping) = plan::compile(written.clone(), Default::default()) else {
        return none(Reason::Columns);
    };
    let Some(plan) = mapping.files.get(place) else { return none(Reason::Columns) };
    let octets = [specimen.before.as_slice(), specimen.row.as_slice()].concat();
    let mut rows = Rows::new(Cursor::new(octets), plan.rows);
    let mut headings = specimen.headings.clone().or_else(|| plan.headings.clone());
    if specimen.headings.is_none() {
        for _ in 0..plan.skip_lines {
            if rows.skip_line().is_err() {
                return none(Reason::Columns);
            }
        }
    }
    if headings.is_none() {
        let Ok(Some(row)) = rows.next_row() else { return none(Reason::Columns) };
        match row.cells {
            Ok(cells) => {
                headings =
                    Some(cells.iter().map(|cell| crate::files::pattern::composed(cell.trim())).collect());
            }
            Err(fault) => return Some(Found { fault, cells: Vec::new() }),
        }
    }
    let headings = headings.unwrap_or_default();
    let Ok(translator) = Translator::bind(&mapping, plan, &headings) else { return none(Reason::Columns) };
    let translator = translator.of_moment(specimen.moment);
    // Where a trial has read the row as part of what stands before it, nothing has taken it.
    let Ok(Some(row)) = rows.next_row() else { return none(Reason::Columns) };
    let cells = match row.cells {
        Ok(cells) => cells,
        Err(fault) => return Some(Found { fault, cells: Vec::new() }),
    };
    let latest = now.plus_seconds(mapping.ledger.ahead_seconds.into());
    let fact = translator.translate(cells);
    let fault = fact.and_then(|fact| is_there(&mapping.ledger, latest, &fact)).err()?;
    let cells = headings.into_iter().zip(cells.iter().map(str::to_owned)).collect();
    Some(Found { fault, cells })
}

/// A change of the mapping that may take a row.
enum Trial {
    /// Of a field.
    Field(Vec<(&'static str, String)>, Box<dyn Fn(&mut FieldTable)>),
    /// Of how rows are written.
    Rows(Vec<(&'static str, String)>, Box<dyn Fn(&mut RowsTable)>),
    /// Of the head.
    Head(&'static str, String, Box<dyn Fn(&mut MappingFile)>),
}

impl Trial {
    fn apply(&self, written: &mut MappingFile, place: usize, field: Option<&str>) {
        match self {
            Self::Head(_, _, change) => change(written),
            Self::Rows(_, change) => {
                if let Some(file) = written.file.get_mut(place) {
                    change(&mut file.rows);
                }
            }
            Self::Field(_, change) => {
                let fields = written.file.get_mut(place).map(|file| &mut file.fields);
                if let Some(FieldEntry(table)) = fields.and_then(|fields| fields.get_mut(field?)) {
                    change(table);
                }
            }
        }
    }

    /// Whether a row that now is wrong in another way has come further.
    fn reaches(&self, left: &Fault, before: Fault) -> bool {
        match self {
            Self::Rows(..) => left.field.is_some(),
            Self::Field(..) | Self::Head(..) => left.field.is_some() && left.field != before.field,
        }
    }

    fn told(&self, written: &MappingFile, place: usize, field: Option<&str>) -> Way {
        let name = written.file.get(place).map_or("", |file| file.name.as_str());
        let (place, keys) = match self {
            Self::Head(key, value, _) => ("the head".to_owned(), vec![(*key, value.clone())]),
            Self::Rows(keys, _) => (format!("[[file]] \"{name}\" rows"), keys.clone()),
            Self::Field(keys, _) => {
                (format!("[[file]] \"{name}\" fields.{}", field.unwrap_or_default()), keys.clone())
            }
        };
        Way { place, keys }
    }
}

/// A text as it is written in a mapping.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn table(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(key, value)| format!("{} = {}", quoted(key), quoted(value))).collect();
    format!("{{ {} }}", pairs.join(", "))
}

fn shape(shape: &'static str) -> Trial {
    Trial::Field(vec![("shape", quoted(shape))], Box::new(move |table| table.shape = Some(shape.to_owned())))
}

/// The changes that are worth a trial.
fn trials(
    written: &MappingFile,
    place: usize,
    fault: Fault,
    cell: Option<&str>,
    specimen: &Specimen,
) -> Vec<Trial> {
    let cell = cell.unwrap_or_default().trim().to_owned();
    let spec = written.file.get(place).and_then(|file| {
        let kind = crate::facts::fields::RowKind::from_word(&file.row)?;
        kind.fields().find(|spec| Some(spec.name) == fault.field)
    });
    match fault.reason {
        Reason::TooLong => row_lengths(specimen),
        Reason::Encoding => ["cp932", "utf-8"].map(encoding).into(),
        Reason::Quotes => quotes(specimen),
        Reason::Columns => {
            [",", "tab", ";", "|"].map(delimiter).into_iter().chain([quote("none"), multiline()]).collect()
        }
        Reason::Day | Reason::Period => DAYS.map(shape).into_iter().chain(nothing(&cell, spec)).collect(),
        Reason::Time => TIMES.into_iter().chain(DAYS).map(shape).chain(nothing(&cell, spec)).collect(),
        Reason::Month => MONTHS.into_iter().chain(DAYS).map(shape).chain(nothing(&cell, spec)).collect(),
        Reason::Number => numbers(&cell, written),
        Reason::Amount => amounts(&cell).into_iter().chain(nothing(&cell, spec)).collect(),
        Reason::Value => words(&cell, spec),
        Reason::Future => [3_600_u32, 86_400].map(ahead).into(),
        // What a blank cell means, and what stands beside a row, no key of its own says.
        Reason::Missing
        | Reason::LocalTime
        | Reason::Account
        | Reason::UnknownNumber
        | Reason::UnknownLine
        | Reason::UnknownAccount
        | Reason::UnknownBill
        | Reason::TwoHolders
        | Reason::NearBoundary
        | Reason::Incomplete
        | Reason::OtherTenant
        | Reason::TwoMoments
        | Reason::ToldTwice
        | Reason::Conflict => Vec::new(),
    }
}

fn row_lengths(specimen: &Specimen) -> Vec<Trial> {
    let own = specimen.row.iter().position(|octet| *octet == b'\n').map_or(specimen.row.len(), |end| end + 1);
    let most = own.next_power_of_two();
    vec![Trial::Rows(
        vec![("max_row_octets", most.to_string())],
        Box::new(move |rows| rows.max_row_octets = Some(most)),
    )]
}

fn encoding(word: &'static str) -> Trial {
    Trial::Rows(vec![("encoding", quoted(word))], Box::new(move |rows| rows.encoding = Some(word.to_owned())))
}

fn multiline() -> Trial {
    Trial::Rows(vec![("multiline", "true".to_owned())], Box::new(|rows| rows.multiline = Some(true)))
}

/// Where a cell begins with the mark, the mark is not text: that it is none would take it into the code or name.
fn quotes(specimen: &Specimen) -> Vec<Trial> {
    let own = specimen.row.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let begins =
        own.starts_with(b"\"") || own.windows(2).any(|two| matches!(two, [b',' | b'\t' | b';' | b'|', b'"']));
    let other = if begins { None } else { Some([quote("none"), quote("'")]) };
    std::iter::once(multiline()).chain(other.into_iter().flatten()).collect()
}

fn quote(mark: &'static str) -> Trial {
    Trial::Rows(vec![("quote", quoted(mark))], Box::new(move |rows| rows.quote = Some(mark.to_owned())))
}

fn delimiter(mark: &'static str) -> Trial {
    Trial::Rows(
        vec![("delimiter", quoted(mark))],
        Box::new(move |rows| rows.delimiter = Some(mark.to_owned())),
    )
}

fn ahead(seconds: u32) -> Trial {
    Trial::Head("ahead_seconds", seconds.to_string(), Box::new(move |head| head.ahead_seconds = seconds))
}

/// That a text means that there is nothing, or that it never ends.
fn nothing(cell: &str, spec: Option<&FieldSpec>) -> Vec<Trial> {
    let told = format!("[{}]", quoted(cell));
    let (blank, never) = (cell.to_owned(), cell.to_owned());
    let mut ways = vec![Trial::Field(
        vec![("blank", told.clone())],
        Box::new(move |table| table.blank.push(blank.clone())),
    )];
    if spec.is_some_and(|spec| spec.kind == FieldKind::DayOrNever) {
        ways.insert(
            0,
            Trial::Field(vec![("never", told)], Box::new(move |table| table.never.push(never.clone()))),
        );
    }
    ways
}

/// Pieces a number or amount is written with that stand for others.
fn plain(character: char) -> Option<String> {
    match character {
        '０'..='９' => {
            let digit = u32::from(character) - u32::from('０');
            char::from_digit(digit, 10).map(String::from)
        }
        '‐' | '－' | 'ー' | '−' | '–' | '—' | '‑' => Some("-".to_owned()),
        '，' => Some(",".to_owned()),
        '．' => Some(".".to_owned()),
        _ => None,
    }
}

fn numbers(cell: &str, written: &MappingFile) -> Vec<Trial> {
    let mut odd: Vec<(String, String)> = Vec::new();
    let begins = ["tel:", "TEL:", "Tel:"].into_iter().find(|begins| cell.starts_with(begins));
    odd.extend(begins.map(|begins| (begins.to_owned(), String::new())));
    let cell = begins.and_then(|begins| cell.strip_prefix(begins)).unwrap_or(cell);
    // Where a spreadsheet has thrown digits away, nobody can know whose number it was; and a letter in the middle of one
    // stands for a digit that somebody wanted to write.
    if cell.chars().any(|character| character.is_alphabetic() && plain(character).is_none()) {
        return Vec::new();
    }
    for character in
        cell.chars().filter(|character| !matches!(character, '0'..='9' | '-' | ' ' | '(' | ')' | '+'))
    {
        let piece = (character.to_string(), plain(character).unwrap_or_default());
        if !odd.contains(&piece) {
            odd.push(piece);
        }
    }
    let forms = ["international", "national"].map(|form| {
        let (told, own) = (quoted(form), form.to_owned());
        (("form", told), own)
    });
    let mut ways = Vec::new();
    let with = |odd: Vec<(String, String)>, form: Option<String>| {
        move |table: &mut FieldTable| {
            table.replace.extend(odd.iter().cloned());
            table.form = form.clone().or_else(|| table.form.clone());
        }
    };
    if !odd.is_empty() {
        ways.push(Trial::Field(vec![("replace", table(&odd))], Box::new(with(odd.clone(), None))));
    }
    // What lacks its first 0 is no number of another country.
    let code = written.country_code.as_str();
    let has_code = cell.chars().filter(char::is_ascii_digit).collect::<String>().starts_with(code);
    for (told, form) in forms.into_iter().filter(|(_, form)| form != "international" || has_code) {
        let mut keys = vec![told];
        if !odd.is_empty() {
            keys.push(("replace", table(&odd)));
        }
        ways.push(Trial::Field(keys, Box::new(with(odd.clone(), Some(form)))));
    }
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    // A shorter one may have lost digits, and is then somebody else's.
    let longest = written.number_digits.iter().max().is_some_and(|longest| *longest < digits);
    if cell.starts_with('0') && digits <= 15 && longest {
        let lengths: Vec<usize> = written.number_digits.iter().copied().chain([digits]).collect();
        let told = format!("{lengths:?}");
        ways.push(Trial::Head(
            "number_digits",
            told,
            Box::new(move |head| head.number_digits.clone_from(&lengths)),
        ));
    }
    ways
}

fn amounts(cell: &str) -> Vec<Trial> {
    let is_digit = |character: char| character.is_ascii_digit() || ('０'..='９').contains(&character);
    let (Some(first), Some(last)) = (cell.find(is_digit), cell.rfind(is_digit)) else { return Vec::new() };
    let after =
        cell.get(last..).and_then(|rest| rest.chars().next()).map_or(last, |digit| last + digit.len_utf8());
    let (sign, suffix) = (cell.get(..first).unwrap_or(""), cell.get(after..).unwrap_or(""));
    let middle = cell.get(first..after).unwrap_or("").to_owned();
    let mut odd: Vec<(String, String)> = Vec::new();
    for character in middle.chars() {
        if let Some(instead) = plain(character)
            && !odd.iter().any(|(piece, _)| *piece == character.to_string())
        {
            odd.push((character.to_string(), instead));
        }
    }
    let read: String =
        middle.chars().map(|character| plain(character).unwrap_or_else(|| character.to_string())).collect();
    let mut ways = Vec::new();
    for (group, decimal) in [
        (None, None),
        (Some(","), None),
        (None, Some(".")),
        (Some(","), Some(".")),
        (Some("."), Some(",")),
        (Some(" "), Some(",")),
    ] {
        let (own_sign, own_suffix, odd) = (sign.to_owned(), suffix.to_owned(), odd.clone());
        let mut keys = Vec::new();
        let mut say = |key, value: &str| keys.push((key, quoted(value)));
        if let Some(group) = group.filter(|group| read.contains(group)) {
            say("group", group);
        }
        if let Some(decimal) = decimal.filter(|decimal| read.contains(decimal)) {
            say("decimal", decimal);
        }
        if !sign.is_empty() && sign != "-" {
            say("negative", sign);
        }
        if !suffix.is_empty() {
            say("suffix", suffix);
        }
        if !odd.is_empty() {
            keys.push(("replace", table(&odd)));
        }
        if keys.is_empty() {
            continue;
        }
        let change = move |table: &mut FieldTable| {
            table.group = group.map(str::to_owned).or_else(|| table.group.clone());
            table.decimal = decimal.map(str::to_owned).or_else(|| table.decimal.clone());
            if !own_sign.is_empty() {
                table.negative = Some(own_sign.clone());
            }
            if !own_suffix.is_empty() {
                table.suffix = Some(own_suffix.clone());
            }
            table.replace.extend(odd.iter().cloned());
        };
        ways.push(Trial::Field(keys, Box::new(change)));
    }
    ways
}

/// The words a text may stand for: which of them, whoever knows the ledger says.
fn words(cell: &str, spec: Option<&FieldSpec>) -> Vec<Trial> {
    let Some(FieldSpec { kind: FieldKind::Word(words), .. }) = spec else { return Vec::new() };
    let Some(first) = words.first() else { return Vec::new() };
    let told = format!(
        "{{ {} = {} }}",
        quoted(cell),
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" or ")
    );
    let (cell, first) = (cell.to_owned(), (*first).to_owned());
    vec![Trial::Field(
        vec![("values", told)],
        Box::new(move |table| drop(table.values.insert(cell.clone(), first.clone()))),
    )]
}
