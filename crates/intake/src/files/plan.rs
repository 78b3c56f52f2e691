//! From the mapping file as written to the plan as used: every key is checked, every problem is told.

use std::collections::BTreeMap;

use honnin_seal::Digest;
use honnin_terms::Zone;

use crate::facts::fields::{FieldKind, FieldSpec, RowKind};
use crate::facts::{Corrections, Ledger};
use crate::files::amount::{AmountShape, Unit};
use crate::files::decode::Encoding;
use crate::files::mapping::{FilePlan, Mapping, NumberForm, NumberRule};
use crate::files::mapping_file::{
    FieldEntry, FieldTable, FileTable, MappingFile, RowsTable, ShapeTable, TenantTable,
};
use crate::files::pattern::{Pattern, composed};
use crate::files::rows::RowShape;
use crate::files::shape::TimeShape;
use crate::files::split::Marks;

const DEFAULT_MAX_ROW_OCTETS: usize = 65_536;
const LARGEST_MAX_ROW_OCTETS: usize = 16 * 1024 * 1024;
/// How many decimals an amount may have that no mark stands before.
const MOST_IMPLIED: u32 = 9;

/// Where a field's text comes from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// The column under that heading.
    Heading(String),
    /// The same text for every row.
    Fixed(String),
    /// So many months before the month of the same row.
    MonthsBefore(u8),
}

/// How a field's text is read.
#[derive(Debug)]
pub(crate) enum Reader {
    Text,
    Number(NumberForm),
    Day(TimeShape),
    Time(TimeShape),
    Month(TimeShape),
    Octets(AmountShape),
    Yen(AmountShape),
    Count(AmountShape),
    Word,
}

impl Reader {
    /// Whether a text that stands in the mapping itself can be read for this field.
    fn accepts(&self, text: &str, spec: FieldSpec, values: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Text => !text.is_empty(),
            // A number belongs to one holder; it cannot be the same for every row.
            Self::Number(_) => false,
            Self::Day(shape) | Self::Time(shape) => shape.read_day(text).is_some(),
            Self::Month(shape) => shape.read_month(text).is_some(),
            Self::Octets(shape) => shape.read_octets(text).is_some(),
            Self::Yen(shape) => shape.read_yen(text).is_some(),
            Self::Count(shape) => shape.read_count(text).is_some(),
            Self::Word => {
                let word = values.get(text).map_or(text, String::as_str);
                matches!(spec.kind, FieldKind::Word(words) if words.contains(&word))
            }
        }
    }
}

/// One field of a file.
#[derive(Debug)]
pub(crate) struct FieldPlan {
    pub(crate) spec: FieldSpec,
    pub(crate) origin: Origin,
    pub(crate) reader: Reader,
    pub(crate) values: BTreeMap<String, String>,
    /// Pieces that are written otherwise, the longest first.
    pub(crate) replace: Vec<(String, String)>,
    pub(crate) blank: Vec<String>,
    pub(crate) never: Vec<String>,
    pub(crate) trim: bool,
}

/// Whose rows a file has, as its rows say.
#[derive(Debug)]
pub(crate) struct TenantPlan {
    /// The heading of the column that says so.
    pub(crate) heading: String,
    /// What stands there for this operator.
    pub(crate) is: Vec<String>,
}

/// Problems found so far; checking goes on after each, so that all are told at once.
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, key: &str, problem: &str) {
        self.0.push(format!("{key}: {problem}"));
    }

    /// Adds a problem in the place of a value that cannot be had.
    fn note<T>(&mut self, key: &str, problem: &str) -> Option<T> {
        self.add(key, problem);
        None
    }
}

/// Checks the whole file.
pub(crate) fn compile(file: MappingFile, digest: Digest) -> Result<Mapping, Vec<String>> {
    let written = file.clone();
    let MappingFile {
        operator,
        source,
        zone,
        country_code,
        number_digits,
        boundary_skew_seconds,
        ahead_seconds,
        snapshot_seconds,
        number_form,
        corrections,
        items_add_up,
        ignore_files,
        rows,
        shapes,
        file: tables,
    } = file;
    let mut problems = Problems(Vec::new());
    if operator.trim().is_empty() || source.trim().is_empty() {
        problems.add("operator, source", "is blank: write the names people know");
    }
    let zone = Zone::named(&zone).ok().or_else(|| {
        problems.note("zone", "is no zone of the IANA database: write one such as \"Asia/Tokyo\"")
    });
    let code = !country_code.is_empty()
        && country_code.len() <= 3
        && country_code.bytes().all(|b| b.is_ascii_digit());
    if !code {
        problems.add("country_code", "must be one to three digits such as \"81\"");
    }
    if number_digits.is_empty() || number_digits.iter().any(|length| !(7..=15).contains(length)) {
        problems.add("number_digits", "must list lengths from 7 to 15 such as [10, 11]");
    }
    let number_form = number_form.as_deref().map_or(Some(NumberForm::National), NumberForm::from_word);
    let number_form = number_form.or_else(|| problems.note("number_form", NumberForm::KNOWN));
    let corrections = corrections.as_deref().map_or(Some(Corrections::SetAside), Corrections::from_word);
    let corrections = corrections
        .or_else(|| problems.note("corrections", "must be \"set_aside\" or \"latest\""))
        .unwrap_or(Corrections::SetAside);
    let mut ignored = Vec::new();
    for name in &ignore_files {
        ignored.extend(
            Pattern::new(name).or_else(|| {
                problems.note("ignore_files", "must be file names or patterns without a directory")
            }),
        );
    }
    if tables.is_empty() {
        problems.add("file", "is missing: write one [[file]] for each kind of file");
    }
    let mut files = Vec::new();
    for (place, table) in tables.into_iter().enumerate() {
        let key = format!("[[file]] {} (\"{}\")", place + 1, table.name);
        let defaults =
            Defaults { rows: &rows, shapes: &shapes, number_form: number_form.unwrap_or_default() };
        files.extend(compile_file(&key, table, &defaults, &mut problems));
    }
    match zone {
        Some(zone) if problems.0.is_empty() => Ok(Mapping {
            operator,
            ledger: Ledger {
                source,
                zone,
                boundary_skew_seconds,
                ahead_seconds,
                snapshot_seconds,
                corrections,
                items_add_up,
            },
            files,
            ignored,
            numbers: NumberRule { country_code, lengths: number_digits },
            written,
            digest,
        }),
        _ => Err(problems.0),
    }
}

/// How a file says whose rows it has.
fn compile_tenant(key: &str, table: TenantTable, problems: &mut Problems) -> TenantPlan {
    let TenantTable { heading, is } = table;
    let heading = composed(heading.trim());
    if heading.is_empty() {
        problems
            .add(key, "`tenant` has no heading: name the column that says whose subscribers a row is about");
    }
    let is: Vec<String> = is.iter().map(|text| composed(text.trim())).collect();
    if is.is_empty() || is.iter().any(String::is_empty) {
        problems.add(
            key,
            "`tenant` must say in `is` what stands in that column for this operator, such as [\"A01\"]",
        );
    }
    TenantPlan { heading, is }
}

/// What the mapping says for all files.
struct Defaults<'a> {
    rows: &'a RowsTable,
    shapes: &'a ShapeTable,
    number_form: NumberForm,
}

fn compile_file(
    key: &str,
    table: FileTable,
    defaults: &Defaults<'_>,
    problems: &mut Problems,
) -> Option<FilePlan> {
    let FileTable {
        name,
        row,
        rows: own_rows,
        headings,
        optional,
        companion,
        moment,
        grouped,
        strict,
        ignore,
        tenant,
        mut fields,
    } = table;
    let pattern = Pattern::new(&name)
        .or_else(|| problems.note(key, "`name` must be a file name or pattern without a directory"));
    let (shape, skip_lines, cut) = compile_rows(key, &own_rows, defaults.rows, problems)?;
    let Some(kind) = RowKind::from_word(&row) else {
        let known = RowKind::ALL.map(RowKind::word).join(", ");
        return problems.note(key, &format!("`row` \"{row}\" is unknown: use one of {known}"));
    };
    let mut plans = Vec::new();
    for spec in kind.fields() {
        match fields.remove(spec.name) {
            Some(FieldEntry(field)) => plans.extend(compile_field(
                &format!("{key} fields.{}", spec.name),
                *spec,
                field,
                defaults,
                problems,
            )),
            None if spec.required => {
                let text = format!("field `{}` is missing: name its heading, or give `fixed`", spec.name);
                problems.add(key, &text);
            }
            None => {}
        }
    }
    for unknown in fields.keys() {
        let known: Vec<&str> = kind.fields().map(|spec| spec.name).collect();
        let text = format!("field `{unknown}` is unknown for `{row}` rows: use {}", known.join(", "));
        problems.add(key, &text);
    }
    let keyed = |name: &str| plans.iter().any(|plan: &FieldPlan| plan.spec.name == name);
    if kind == RowKind::Usage && keyed("number") == keyed("line") {
        problems.add(key, "usage is counted by `number` or by `line`: map exactly one");
    }
    if kind == RowKind::Bucket && !keyed("as_of") && moment.is_none() {
        problems.add(key, "has no moment: map `as_of`, or write where the file's name says it in `moment`");
    }
    if (grouped || strict) && !matches!(kind, RowKind::Bucket | RowKind::BillLine) {
        problems.add(key, "`grouped` and `strict` are only for rows of sets: `bucket` and `bill_line`");
    }
    if companion.as_ref().is_some_and(|ending| ending.is_empty() || ending.contains(['/', '\\'])) {
        problems.add(key, "`companion` must be what stands behind the file's name, such as \".ok\"");
    }
    let tenant = tenant.map(|table| compile_tenant(key, table, problems));
    let moment = match moment {
        Some(text) => Some(TimeShape::parse(&composed(&text)).ok().filter(TimeShape::has_day).or_else(|| {
            let text = "`moment` must be the file's name with the parts of its time, such as \"usage_%Y%m%d.csv\"";
            problems.note(key, text)
        })?),
        None => None,
    };
    Some(FilePlan {
        pattern: pattern?,
        kind,
        rows: shape,
        skip_lines,
        may_be_cut: cut,
        headings: headings.map(|headings| headings.iter().map(|heading| composed(heading)).collect()),
        optional,
        companion,
        moment,
        grouped,
        strict,
        ignore: ignore.iter().map(|heading| composed(heading)).collect(),
        tenant,
        fields: plans,
    })
}

fn compile_rows(
    key: &str,
    own: &RowsTable,
    all: &RowsTable,
    problems: &mut Problems,
) -> Option<(RowShape, u32, bool)> {
    let word = own.encoding.as_deref().or(all.encoding.as_deref()).unwrap_or("utf-8");
    let encoding = Encoding::from_word(word).or_else(|| {
        let known = Encoding::WORDS.map(|(word, _)| format!("\"{word}\"")).join(", ");
        problems.note(key, &format!("`encoding` must be one of {known}"))
    });
    let delimiter = match own.delimiter.as_deref().or(all.delimiter.as_deref()).unwrap_or(",") {
        "tab" => Some(b'\t'),
        text => mark(text)
            .or_else(|| problems.note(key, "`delimiter` must be \"tab\" or one ASCII mark such as \",\"")),
    };
    let quote = match own.quote.as_deref().or(all.quote.as_deref()).unwrap_or("\"") {
        "none" => Some(None),
        text => {
            mark(text).map(Some).or_else(|| problems.note(key, "`quote` must be \"none\" or one ASCII mark"))
        }
    };
    let max_octets = own.max_row_octets.or(all.max_row_octets).unwrap_or(DEFAULT_MAX_ROW_OCTETS);
    if !(64..=LARGEST_MAX_ROW_OCTETS).contains(&max_octets) {
        let text = format!("`max_row_octets` must be from 64 to {LARGEST_MAX_ROW_OCTETS}");
        return problems.note(key, &text);
    }
    let marks = Marks { delimiter: delimiter?, quote: quote? };
    if marks.quote == Some(marks.delimiter) {
        return problems.note(key, "`quote` and `delimiter` are the same mark");
    }
    let multiline = own.multiline.or(all.multiline).unwrap_or(false);
    let skip_lines = own.skip_lines.or(all.skip_lines).unwrap_or(0);
    let cut = match own.finished.as_deref().or(all.finished.as_deref()).unwrap_or("line_end") {
        "line_end" => Some(false),
        "any" => Some(true),
        _ => problems.note(key, "`finished` must be \"line_end\" or \"any\""),
    };
    Some((RowShape { encoding: encoding?, marks, multiline, max_octets }, skip_lines, cut?))
}

/// A mark that is no letter, digit or line end, so that it cannot be mistaken for content of codes and numbers.
fn mark(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [octet] if octet.is_ascii_punctuation() || *octet == b'\t' || *octet == b' ' => Some(*octet),
        _ => None,
    }
}

fn compile_field(
    key: &str,
    spec: FieldSpec,
    table: FieldTable,
    defaults: &Defaults<'_>,
    problems: &mut Problems,
) -> Option<FieldPlan> {
    if spec.name == "used_in"
        && let Some(months) = table.months_before
    {
        let (origin, reader) = (Origin::MonthsBefore(months), Reader::Text);
        let (values, replace, blank, never) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
        return Some(FieldPlan { spec, origin, reader, values, replace, blank, never, trim: true });
    }
    let reader = compile_reader(key, spec, &table, defaults, problems);
    let FieldTable { heading, fixed, values, replace, blank, never, months_before, trim, .. } = table;
    let all_composed = |texts: Vec<String>| texts.iter().map(|text| composed(text)).collect::<Vec<_>>();
    let (blank, never) = (all_composed(blank), all_composed(never));
    let values = values.into_iter().map(|(text, word)| (composed(&text), word)).collect::<BTreeMap<_, _>>();
    let mut replace: Vec<_> =
        replace.into_iter().map(|(piece, instead)| (composed(&piece), instead)).collect();
    replace.sort_by_key(|(piece, _)| std::cmp::Reverse(piece.len()));
    if replace.iter().any(|(piece, _)| piece.is_empty()) {
        problems.add(key, "`replace` has an empty piece: write what stands in the cell");
    }
    if months_before.is_some() {
        problems.add(key, "`months_before` is only for `used_in`");
    }
    if !never.is_empty() && spec.kind != FieldKind::DayOrNever {
        problems.add(key, "`never` is only for `expires_on`");
    }
    let origin = match (heading, fixed) {
        (Some(heading), None) => Some(Origin::Heading(composed(heading.trim()))),
        (None, Some(fixed)) => Some(Origin::Fixed(composed(&fixed))),
        _ => problems.note(key, "must have either `heading` or `fixed`"),
    };
    if let FieldKind::Word(words) = spec.kind {
        for (text, word) in &values {
            if !words.contains(&word.as_str()) {
                let text = format!("`values` \"{text}\" = \"{word}\": use one of {}", words.join(", "));
                problems.add(key, &text);
            }
        }
    } else if !values.is_empty() && spec.kind != FieldKind::Text {
        problems.add(key, "`values` is only for words and texts");
    }
    let (origin, reader) = (origin?, reader?);
    if let Origin::Fixed(text) = &origin
        && !never.contains(text)
        && !reader.accepts(text, spec, &values)
    {
        problems.add(
            key,
            &format!("`fixed` \"{text}\" cannot be read: write it as a cell of the file would be written"),
        );
    }
    Some(FieldPlan { spec, origin, reader, values, replace, blank, never, trim: trim.unwrap_or(true) })
}

fn compile_reader(
    key: &str,
    spec: FieldSpec,
    table: &FieldTable,
    defaults: &Defaults<'_>,
    problems: &mut Problems,
) -> Option<Reader> {
    let shapes = defaults.shapes;
    let timed =
        matches!(spec.kind, FieldKind::Day | FieldKind::DayOrNever | FieldKind::Time | FieldKind::Month);
    if table.form.is_some() && spec.kind != FieldKind::Number {
        problems.add(key, "`form` is only for phone numbers");
    }
    if table.shape.is_some() && !timed {
        problems.add(key, "`shape` is only for days, times and months");
    }
    if table.unit.is_some() && spec.kind != FieldKind::Octets {
        problems.add(key, "`unit` is only for amounts of data");
    }
    let counted = matches!(spec.kind, FieldKind::Octets | FieldKind::Yen | FieldKind::Count);
    let said = [&table.group, &table.decimal, &table.negative, &table.suffix];
    if said.iter().any(|key| key.is_some()) && !counted {
        let text = "`group`, `decimal`, `negative` and `suffix` are only for amounts";
        problems.add(key, text);
    }
    if table.implied_decimals.is_some() && !matches!(spec.kind, FieldKind::Octets | FieldKind::Yen) {
        problems.add(key, "`implied_decimals` is only for amounts of money and data");
    }
    match spec.kind {
        FieldKind::Text => Some(Reader::Text),
        FieldKind::Number => {
            let form = table.form.as_deref().map_or(Some(defaults.number_form), NumberForm::from_word);
            form.or_else(|| problems.note(key, NumberForm::KNOWN)).map(Reader::Number)
        }
        FieldKind::Word(_) => Some(Reader::Word),
        FieldKind::Day | FieldKind::DayOrNever => {
            let shape =
                compile_shape(key, table.shape.as_ref().or(shapes.day.as_ref()), "%Y/%m/%d", problems)?;
            let day = shape.has_day().then_some(shape);
            day.map(Reader::Day).or_else(|| problems.note(key, "`shape` must say a day (%d)"))
        }
        FieldKind::Time => {
            let shape = compile_shape(
                key,
                table.shape.as_ref().or(shapes.time.as_ref()),
                "%Y/%m/%d %H:%M:%S",
                problems,
            )?;
            let day = shape.has_day().then_some(shape);
            day.map(Reader::Time)
                .or_else(|| problems.note(key, "`shape` must say a day (%d), better a time too"))
        }
        FieldKind::Month => {
            compile_shape(key, table.shape.as_ref().or(shapes.month.as_ref()), "%Y%m", problems)
                .map(Reader::Month)
        }
        FieldKind::Octets => {
            let known = Unit::WORDS.map(|(word, _)| word).join(", ");
            let unit = table.unit.as_ref().or(shapes.unit.as_ref()).and_then(|word| Unit::from_word(word));
            let unit = unit.or_else(|| problems.note(key, &format!("`unit` must be one of {known}")))?;
            compile_amount(key, unit, table, shapes, problems).map(Reader::Octets)
        }
        FieldKind::Yen => compile_amount(key, Unit::Octets, table, shapes, problems).map(Reader::Yen),
        FieldKind::Count => compile_amount(key, Unit::Octets, table, shapes, problems).map(Reader::Count),
    }
}

fn compile_shape(
    key: &str,
    shape: Option<&String>,
    example: &str,
    problems: &mut Problems,
) -> Option<TimeShape> {
    let Some(text) = shape else {
        return problems
            .note(key, &format!("has no `shape`: write one such as \"{example}\", here or in [shapes]"));
    };
    TimeShape::parse(text).map_err(|error| problems.add(key, &error.to_string())).ok()
}

fn compile_amount(
    key: &str,
    unit: Unit,
    table: &FieldTable,
    shapes: &ShapeTable,
    problems: &mut Problems,
) -> Option<AmountShape> {
    let mut one =
        |name: &str, own: Option<&String>, all: Option<&String>| match own.or(all).map(String::as_str) {
            None | Some("") => Some(None),
            Some(text) => {
                let mut characters = text.chars();
                match (characters.next(), characters.next()) {
                    (Some(character), None) if !character.is_ascii_digit() => Some(Some(character)),
                    _ => problems.note(key, &format!("`{name}` must be one character that is no digit")),
                }
            }
        };
    let group = one("group", table.group.as_ref(), shapes.group.as_ref())?;
    let decimal = one("decimal", table.decimal.as_ref(), shapes.decimal.as_ref())?;
    if group.is_some() && group == decimal {
        return problems.note(key, "`group` and `decimal` are the same character");
    }
    let negative =
        table.negative.as_ref().or(shapes.negative.as_ref()).map_or("-", String::as_str).to_owned();
    if negative.is_empty() {
        return problems.note(key, "`negative` is empty: every amount would be negative");
    }
    let implied = table.implied_decimals.unwrap_or(0);
    if implied > MOST_IMPLIED {
        return problems.note(key, &format!("`implied_decimals` must be from 0 to {MOST_IMPLIED}"));
    }
    Some(AmountShape {
        unit,
        group,
        decimal,
        implied,
        negative,
        suffix: table.suffix.as_deref().map(composed).unwrap_or_default(),
    })
}
