//! A row into a canonical event, by the plan of its file. Judges the row alone; who holds what is asked later.

use std::borrow::Cow;

use honnin_seal::digest;
use honnin_terms::{
    BillState, BucketKind, Day, Held, LONGEST_LOGIN, LineStatus, Moment, Month, Msisdn, Octets, Yen,
};

use crate::facts::event::When;
use crate::facts::event::{
    AccountFact, BillFact, BillLineFact, BucketFact, Fact, HoldingFact, Lost, NoticeFact, PurchaseFact,
    UsageFact, Used,
};
use crate::facts::fault::{Fault, Reason};
use crate::facts::fields::{RowKind, Told, terms_of};
use crate::files::mapping::{FilePlan, Mapping};
use crate::files::pattern::in_one_form;
use crate::files::plan::{FieldPlan, Origin, Reader};
use crate::files::rows::{Row, RowShape};
use crate::files::shape::NoMoment;
use crate::files::split::Cells;

/// Headings of a file that do not fit its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadingProblems {
    /// Headings the mapping names and the file lacks.
    pub missing: Vec<String>,
    /// Headings the file has twice.
    pub doubled: Vec<String>,
}

/// The plan of a file, tied to the columns of one real file.
#[derive(Debug)]
pub struct Translator<'m> {
    mapping: &'m Mapping,
    plan: &'m FilePlan,
    /// For each field of the plan its column; none where the text is fixed.
    columns: Vec<Option<usize>>,
    /// The field that names the set a row belongs to, and its column.
    owner: Option<(&'static str, usize)>,
    /// The column that says whose subscribers a row is about, where there is one.
    tenant: Option<usize>,
    width: usize,
    /// Headings of the file that the mapping neither uses nor ignores.
    unused: Vec<String>,
    /// The moment of rows that do not say their own, where the file's name says it.
    moment: Option<Moment>,
}

impl<'m> Translator<'m> {
    /// Ties the plan to the headings of one file.
    ///
    /// # Errors
    /// [`HeadingProblems`]; no row of the file can then be understood.
    pub fn bind(
        mapping: &'m Mapping,
        plan: &'m FilePlan,
        headings: &[String],
    ) -> Result<Self, HeadingProblems> {
        let mut problems = HeadingProblems { missing: Vec::new(), doubled: Vec::new() };
        let mut columns = Vec::with_capacity(plan.fields.len());
        let mut used = Vec::new();
        let mut place_of = |wanted: &'m String| {
            let mut places = headings.iter().enumerate().filter(|(_, heading)| *heading == wanted);
            let place = places.next().map(|(place, _)| place);
            if place.is_none() {
                problems.missing.push(wanted.clone());
            } else if places.next().is_some() {
                problems.doubled.push(wanted.clone());
            }
            used.push(wanted);
            place
        };
        for field in &plan.fields {
            columns.push(match &field.origin {
                Origin::Fixed(_) | Origin::MonthsBefore(_) => None,
                Origin::Heading(wanted) => place_of(wanted),
            });
        }
        let tenant = plan.tenant.as_ref().and_then(|tenant| place_of(&tenant.heading));
        if !problems.missing.is_empty() || !problems.doubled.is_empty() {
            return Err(problems);
        }
        let known = |heading: &&String| !used.contains(heading) && !plan.ignore.contains(heading);
        let unused = headings.iter().filter(known).cloned().collect();
        let names: &[&str] = match plan.kind {
            RowKind::Holding => &["account"],
            RowKind::Bucket => &["line"],
            RowKind::Usage => &["number", "line"],
            RowKind::BillLine => &["bill"],
            RowKind::Account | RowKind::Purchase | RowKind::Bill | RowKind::Notice => &[],
        };
        let owner = plan.fields.iter().zip(&columns).find(|(field, _)| names.contains(&field.spec.name));
        let owner = owner.and_then(|(field, column)| Some((field.spec.name, (*column)?)));
        Ok(Self { mapping, plan, columns, owner, tenant, width: headings.len(), unused, moment: None })
    }

    /// For rows of a file of that moment, where they do not say their own.
    #[must_use]
    pub(crate) fn of_moment(self, moment: Option<Moment>) -> Self {
        Self { moment, ..self }
    }

    /// Headings of the file that the mapping neither uses nor ignores.
    pub fn unused_headings(&self) -> &[String] {
        &self.unused
    }

    /// What a row says, or why nothing: of one that has an octet of no character too it is told when it is another
    /// operator's, as long as that can be read.
    ///
    /// # Errors
    /// [`Fault`] for the first thing that is wrong with it.
    pub fn read(&self, row: &Row<'_>) -> Result<Fact, Fault> {
        let fault = match row.cells {
            Ok(cells) => return self.translate(cells),
            Err(fault) => fault,
        };
        let says_whose = |cells: &Cells| {
            let said = self.tenant.and_then(|column| cells.get(column));
            cells.len() == self.width && said.is_some_and(|said| !said.contains(char::REPLACEMENT_CHARACTER))
        };
        let is_anothers = fault.reason == Reason::Encoding
            && self.cut(row.raw).is_some_and(|cells| says_whose(&cells) && self.is_another_tenants(&cells));
        Err(if is_anothers { Fault::of_row(Reason::OtherTenant) } else { fault })
    }

    /// The cells of a row some of whose octets are no character. They spoil one cell; the others are where they should be
    /// if their number is right.
    fn cut(&self, raw: &[u8]) -> Option<Cells> {
        let RowShape { encoding, marks, .. } = self.plan.rows;
        let mut cells = Cells::default();
        cells.split(&encoding.decode_with_marks(raw), marks).ok()?;
        Some(cells)
    }

    /// What the row says.
    ///
    /// # Errors
    /// [`Fault`] for the first thing that is wrong with it.
    pub fn translate(&self, cells: &Cells) -> Result<Fact, Fault> {
        if cells.len() != self.width {
            return Err(Fault::of_row(Reason::Columns));
        }
        if self.is_another_tenants(cells) {
            return Err(Fault::of_row(Reason::OtherTenant));
        }
        if let Some((field, _)) = self.owner.filter(|_| self.leaves_out_its_owner(cells)) {
            return Err(Fault::of_field(Reason::Missing, field));
        }
        let row = self.reader(cells);
        match self.plan.kind {
            RowKind::Account => row.account().map(Fact::Account),
            RowKind::Holding => row.holding().map(|fact| Fact::Holding(Box::new(fact))),
            RowKind::Bucket => row.bucket().map(Fact::Bucket),
            RowKind::Usage => row.usage().map(Fact::Usage),
            RowKind::Purchase => row.purchase().map(Fact::Purchase),
            RowKind::Bill => row.bill().map(Fact::Bill),
            RowKind::BillLine => row.bill_line().map(Fact::BillLine),
            RowKind::Notice => row.notice().map(Fact::Notice),
        }
    }

    /// Whether a row says that it is about another operator's subscribers, or does not say whose. Codes and numbers in
    /// it may be alike to ours by chance: nothing of it is looked up, and it belongs to no set of ours.
    pub(crate) fn is_another_tenants(&self, cells: &Cells) -> bool {
        let Some((plan, column)) = self.plan.tenant.as_ref().zip(self.tenant) else { return false };
        #[cfg(honnin_faults)]
        if honnin_terms::faults::UNASKED_TENANTS.is_on() {
            return false;
        }
        let said = cells.get(column).map(|text| in_one_form(text.trim_matches(is_unseen)));
        !said.is_some_and(|said| plan.is.iter().any(|own| *own == said))
    }

    const fn reader<'a>(&'a self, cells: &'a Cells) -> RowReader<'a> {
        RowReader { translator: self, cells, above: None }
    }

    /// What names the set a row belongs to, as it stands in its cell: the line, the bill, the number, the account.
    fn owner<'c>(&self, cells: &'c Cells) -> Option<&'c str> {
        self.owner.and_then(|(_, column)| cells.get(column)).filter(|_| cells.len() == self.width)
    }

    /// What names the set of this row, for rows below it that leave it out.
    pub(crate) fn name_for_rows_below<'c>(&self, cells: &'c Cells) -> Option<&'c str> {
        self.owner(cells).filter(|text| !leaves_out(text))
    }

    /// Whether a row leaves out what the row above it says, as tables with merged cells do.
    pub(crate) fn leaves_out_its_owner(&self, cells: &Cells) -> bool {
        self.owner(cells).is_some_and(leaves_out)
    }

    /// Of a row that was not understood: to which set it belonged, where that much can be read. A row that leaves that
    /// out belongs to the set of the row above.
    pub fn lost(&self, cells: Option<&Cells>, raw: &[u8], above: Option<&str>) -> Option<Lost> {
        let own;
        let cells = if let Some(cells) = cells {
            cells
        } else {
            own = self.cut(raw)?;
            &own
        };
        if cells.len() != self.width || self.is_another_tenants(cells) {
            return None;
        }
        let left_out = self.leaves_out_its_owner(cells);
        if left_out && above.is_none() {
            return None;
        }
        let row = RowReader { above: above.filter(|_| left_out), ..self.reader(cells) };
        let text = |name: &'static str| {
            row.text(name).ok().filter(|text| !text.contains(char::REPLACEMENT_CHARACTER))
        };
        match self.plan.kind {
            RowKind::Holding => {
                let (account, line) = (text("account")?, text("line")?);
                Some(Lost::Holding { account, line, share_group: text("share_group") })
            }
            RowKind::Bucket => Some(Lost::Bucket { line: text("line")?, as_of: row.as_of().ok().flatten() }),
            RowKind::Usage => {
                let record = text("record").unwrap_or_else(|| unnamed(raw));
                Some(Lost::Usage { record, of: row.used().ok()?, at: row.must("at", read_when).ok()? })
            }
            RowKind::BillLine => Some(Lost::BillLine { bill: text("bill")? }),
            RowKind::Account | RowKind::Purchase | RowKind::Bill | RowKind::Notice => None,
        }
    }

    /// Of a row that cannot be cut into its cells: to which sets it may have belonged. Whatever stands between two marks
    /// may be the code that names one; whether there is such a line or bill is asked later.
    pub fn may_be_lost(&self, raw: &[u8]) -> Vec<Lost> {
        let RowShape { encoding, marks, .. } = self.plan.rows;
        let text = encoding.decode_with_marks(raw);
        let between =
            |mark: char| mark == char::from(marks.delimiter) || Some(mark) == marks.quote.map(char::from);
        let pieces = || {
            let pieces = text.split(between).map(|piece| piece.trim_matches(is_unseen));
            pieces.filter(|piece| !piece.is_empty()).map(in_one_form).take(MOST_PIECES)
        };
        let field = |name: &str| self.plan.fields.iter().find(|field| field.spec.name == name);
        match self.plan.kind {
            RowKind::Bucket => {
                pieces().map(|line| Lost::Bucket { line: line.into_owned(), as_of: None }).collect()
            }
            RowKind::BillLine => pieces().map(|bill| Lost::BillLine { bill: bill.into_owned() }).collect(),
            RowKind::Usage => {
                let at = field("at")
                    .and_then(|field| pieces().find_map(|piece| read_when(self.mapping, field, &piece).ok()));
                let of = |piece: Cow<'_, str>| match field("number") {
                    Some(field) => {
                        read_number(self.mapping, field, &field.written(&piece)).ok().map(Used::Number)
                    }
                    None => Some(Used::Line(piece.into_owned())),
                };
                let lost = |(of, at)| Lost::Usage { record: unnamed(raw), of, at };
                at.into_iter()
                    .flat_map(|at| pieces().filter_map(of).map(move |of| (of, at)))
                    .map(lost)
                    .collect()
            }
            RowKind::Account | RowKind::Holding | RowKind::Purchase | RowKind::Bill | RowKind::Notice => {
                Vec::new()
            }
        }
    }
}

/// Whether nobody sees a character at the end of a cell.
fn is_unseen(character: char) -> bool {
    character.is_whitespace() || character.is_control() || matches!(character, '\u{200b}' | '\u{feff}')
}

/// Whether a cell says that what stands above it goes on: it is blank, as merged cells are, or a sign of "the same".
fn leaves_out(text: &str) -> bool {
    ["", "〃", "同上"].contains(&text.trim_matches(is_unseen))
}

/// How many pieces of a row are looked at that cannot be cut into its cells.
const MOST_PIECES: usize = 64;

/// A number for a record whose own cannot be read: the same for the same row.
fn unnamed(raw: &[u8]) -> String {
    digest(&[b"unnamed record", raw])
        .iter()
        .fold("?".to_owned(), |text, octet| text + &format!("{octet:02x}"))
}

struct RowReader<'a> {
    translator: &'a Translator<'a>,
    cells: &'a Cells,
    /// What the row above says in the cell that this one leaves out.
    above: Option<&'a str>,
}

impl<'a> RowReader<'a> {
    /// The moment of the row: its own, or that of its file.
    fn as_of(&self) -> Result<Option<Moment>, Fault> {
        Ok(self.maybe("as_of", read_moment)?.or(self.translator.moment))
    }

    fn used(&self) -> Result<Used, Fault> {
        Ok(match self.cell("number") {
            Some(_) => Used::Number(self.must("number", read_number)?),
            None => Used::Line(self.text("line")?),
        })
    }

    fn account(&self) -> Result<AccountFact, Fault> {
        let account = self.text("account")?;
        // Who cannot type it cannot sign in, and nobody would notice.
        if account.chars().count() > LONGEST_LOGIN || account.chars().any(char::is_control) {
            return Err(Fault::of_field(Reason::Account, "account"));
        }
        Ok(AccountFact {
            account,
            name: self.text("name")?,
            name_kana: self.maybe_text("name_kana")?,
            mail: self.maybe_text("mail")?,
            born_on: self.maybe("born_on", read_day)?,
            registered_on: self.maybe("registered_on", read_day)?,
            as_of: self.as_of()?,
        })
    }

    fn holding(&self) -> Result<HoldingFact, Fault> {
        let held = Held { from: self.must("from", read_day)?, to: self.maybe("to", read_day)? };
        if held.to.is_some_and(|to| to < held.from) {
            return Err(Fault::of_field(Reason::Period, "to"));
        }
        Ok(HoldingFact {
            line: self.text("line")?,
            account: self.text("account")?,
            number: self.must("number", read_number)?,
            iccid: self.maybe_text("iccid")?,
            terms: terms_of(self)?,
            held,
            status: self.must("status", read_word(LineStatus::from_word))?,
            share_group: self.maybe_text("share_group")?,
            high_speed: self.must("high_speed", read_word(flag))?,
            as_of: self.as_of()?,
        })
    }

    fn bucket(&self) -> Result<BucketFact, Fault> {
        Ok(BucketFact {
            line: self.text("line")?,
            kind: self.must("kind", read_word(BucketKind::from_word))?,
            granted: self.must("granted", read_octets)?,
            remaining: self.must("remaining", read_octets)?,
            expires_on: self.must("expires_on", read_day_or_never)?,
            purchase: self.maybe_text("purchase")?,
            set_rows: self.maybe("set_rows", read_count)?,
            as_of: self.as_of()?.ok_or(Fault::of_field(Reason::Missing, "as_of"))?,
        })
    }

    fn usage(&self) -> Result<UsageFact, Fault> {
        Ok(UsageFact {
            record: self.text("record")?,
            of: self.used()?,
            at: self.must("at", read_when)?,
            high: self.must("high", read_octets)?,
            low: self.must("low", read_octets)?,
            as_of: self.as_of()?,
        })
    }

    fn purchase(&self) -> Result<PurchaseFact, Fault> {
        Ok(PurchaseFact {
            purchase: self.text("purchase")?,
            line: self.text("line")?,
            at: self.must("at", read_when)?,
            item: self.text("item")?,
            octets: self.must("octets", read_octets)?,
            amount: self.must("amount", read_yen)?,
            as_of: self.as_of()?,
        })
    }

    fn bill(&self) -> Result<BillFact, Fault> {
        let month = self.must("month", read_month)?;
        let used_in = match self.cell("used_in") {
            Some((FieldPlan { origin: Origin::MonthsBefore(months), .. }, _)) => {
                Some(month.plus(-i32::from(*months)))
            }
            _ => self.maybe("used_in", read_month)?,
        };
        Ok(BillFact {
            bill: self.text("bill")?,
            account: self.text("account")?,
            month,
            used_in,
            amount: self.must("amount", read_yen)?,
            tax: self.maybe("tax", read_yen)?,
            state: self.must("state", read_word(BillState::from_word))?,
            due_on: self.maybe("due_on", read_day)?,
            as_of: self.as_of()?,
        })
    }

    fn bill_line(&self) -> Result<BillLineFact, Fault> {
        Ok(BillLineFact {
            bill: self.text("bill")?,
            position: self.must("position", read_count)?,
            item: self.text("item")?,
            amount: self.must("amount", read_yen)?,
            set_rows: self.maybe("set_rows", read_count)?,
            as_of: self.as_of()?,
        })
    }

    fn notice(&self) -> Result<NoticeFact, Fault> {
        Ok(NoticeFact {
            notice: self.text("notice")?,
            published_at: self.must("published_at", read_moment)?,
            kind: self.text("kind")?,
            title: self.text("title")?,
            body: self.text("body")?,
        })
    }

    /// The field's plan and its text, not yet looked at; nothing where the mapping does not have the field.
    fn cell(&self, name: &str) -> Option<(&'a FieldPlan, Cow<'a, str>)> {
        let fields = self.translator.plan.fields.iter().zip(&self.translator.columns);
        let (field, column) = fields.into_iter().find(|(field, _)| field.spec.name == name)?;
        let text = match (&field.origin, column) {
            (Origin::Fixed(text), _) => text,
            (Origin::MonthsBefore(_), _) => "",
            (Origin::Heading(_), place) => {
                let names_its_set = self.translator.owner.is_some_and(|(owner, _)| owner == field.spec.name);
                match self.above.filter(|_| names_its_set) {
                    Some(above) => above,
                    None => self.cells.get((*place)?)?,
                }
            }
        };
        Some((field, field.written(text)))
    }

    /// Reads a field where its cell says something.
    fn maybe<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&Mapping, &FieldPlan, &str) -> Result<T, Reason>,
    ) -> Result<Option<T>, Fault> {
        match self.cell(name) {
            Some((field, text)) if !text.is_empty() && !field.blank.iter().any(|blank| *blank == text) => {
                read(self.translator.mapping, field, &text)
                    .map(Some)
                    .map_err(|reason| Fault::of_field(reason, name))
            }
            _ => Ok(None),
        }
    }

    fn must<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&Mapping, &FieldPlan, &str) -> Result<T, Reason>,
    ) -> Result<T, Fault> {
        self.maybe(name, read)?.ok_or(Fault::of_field(Reason::Missing, name))
    }

    fn text(&self, name: &'static str) -> Result<String, Fault> {
        self.must(name, read_words)
    }

    fn maybe_text(&self, name: &'static str) -> Result<Option<String>, Fault> {
        self.maybe(name, read_words)
    }
}

impl Told for RowReader<'_> {
    fn text(&self, name: &'static str) -> Result<Option<String>, Fault> {
        self.maybe_text(name)
    }
    fn day(&self, name: &'static str) -> Result<Option<Day>, Fault> {
        self.maybe(name, read_day)
    }
    fn yen(&self, name: &'static str) -> Result<Option<Yen>, Fault> {
        self.maybe(name, read_yen)
    }
    fn flag(&self, name: &'static str) -> Result<Option<bool>, Fault> {
        self.maybe(name, read_word(flag))
    }
}

impl FieldPlan {
    /// The text of a cell as it is read: in one form, without blanks at its ends, and with the pieces the mapping
    /// writes otherwise.
    fn written<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let trimmed = |text: &'t str| if self.trim { text.trim_matches(is_unseen) } else { text };
        let text = in_one_form(trimmed(text));
        if !self.replace.iter().any(|(piece, _)| text.contains(piece)) {
            return text;
        }
        let (mut out, mut rest) = (String::with_capacity(text.len()), &*text);
        while let Some(next) = rest.chars().next() {
            let found =
                self.replace.iter().find_map(|(piece, instead)| Some((rest.strip_prefix(piece)?, instead)));
            rest = if let Some((behind, instead)) = found {
                out.push_str(instead);
                behind
            } else {
                out.push(next);
                rest.get(next.len_utf8()..).unwrap_or("")
            };
        }
        Cow::Owned(if self.trim { out.trim_matches(is_unseen).to_owned() } else { out })
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one shape for all readers")]
fn read_words(_: &Mapping, field: &FieldPlan, text: &str) -> Result<String, Reason> {
    Ok(field.values.get(text).map_or(text, String::as_str).to_owned())
}

fn read_word<T>(from: fn(&str) -> Option<T>) -> impl FnOnce(&Mapping, &FieldPlan, &str) -> Result<T, Reason> {
    move |_, field, text| {
        let word =
            if field.values.is_empty() { Some(text) } else { field.values.get(text).map(String::as_str) };
        word.and_then(from).ok_or(Reason::Value)
    }
}

fn read_number(mapping: &Mapping, field: &FieldPlan, text: &str) -> Result<Msisdn, Reason> {
    let Reader::Number(form) = &field.reader else { return Err(Reason::Number) };
    mapping.numbers.read(text, *form).ok_or(Reason::Number)
}

fn read_day(_: &Mapping, field: &FieldPlan, text: &str) -> Result<Day, Reason> {
    let Reader::Day(shape) = &field.reader else { return Err(Reason::Day) };
    shape.read_day(text).ok_or(Reason::Day)
}

fn read_day_or_never(mapping: &Mapping, field: &FieldPlan, text: &str) -> Result<Option<Day>, Reason> {
    if field.never.iter().any(|never| never == text) {
        return Ok(None);
    }
    read_day(mapping, field, text).map(Some)
}

fn read_when(mapping: &Mapping, field: &FieldPlan, text: &str) -> Result<When, Reason> {
    let Reader::Time(shape) = &field.reader else { return Err(Reason::Time) };
    shape.read_when(text, &mapping.ledger.zone).map_err(|none| match none {
        NoMoment::Shape => Reason::Time,
        NoMoment::Local => Reason::LocalTime,
    })
}

fn read_moment(mapping: &Mapping, field: &FieldPlan, text: &str) -> Result<Moment, Reason> {
    read_when(mapping, field, text)?.moment(&mapping.ledger.zone).ok_or(Reason::Time)
}

fn read_month(_: &Mapping, field: &FieldPlan, text: &str) -> Result<Month, Reason> {
    let Reader::Month(shape) = &field.reader else { return Err(Reason::Month) };
    shape.read_month(text).ok_or(Reason::Month)
}

fn read_octets(_: &Mapping, field: &FieldPlan, text: &str) -> Result<Octets, Reason> {
    let Reader::Octets(shape) = &field.reader else { return Err(Reason::Amount) };
    shape.read_octets(text).ok_or(Reason::Amount)
}

fn read_yen(_: &Mapping, field: &FieldPlan, text: &str) -> Result<Yen, Reason> {
    let Reader::Yen(shape) = &field.reader else { return Err(Reason::Amount) };
    shape.read_yen(text).ok_or(Reason::Amount)
}

fn read_count(_: &Mapping, field: &FieldPlan, text: &str) -> Result<u32, Reason> {
    let Reader::Count(shape) = &field.reader else { return Err(Reason::Amount) };
    shape.read_count(text).ok_or(Reason::Amount)
}

fn flag(word: &str) -> Option<bool> {
    match word {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
