//! A row into a canonical event, by the plan of its file. Judges the row alone; who holds what is asked later.

use honnin_terms::{BillState, BucketKind, Day, Held, LineStatus, Moment, Month, Msisdn, Octets, Yen};

use crate::facts::event::When;
use crate::facts::event::{
    AccountFact, BillFact, BillLineFact, BucketFact, Fact, HoldingFact, NoticeFact, PurchaseFact, UsageFact,
    Used,
};
use crate::facts::fault::{Fault, Reason};
use crate::facts::fields::RowKind;
use crate::files::mapping::{FilePlan, Mapping};
use crate::files::plan::{FieldPlan, Origin, Reader};
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
    width: usize,
    /// Headings of the file that the mapping neither uses nor ignores.
    unused: Vec<String>,
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
        for field in &plan.fields {
            columns.push(match &field.origin {
                Origin::Fixed(_) => None,
                Origin::Heading(wanted) => {
                    let mut places = headings.iter().enumerate().filter(|(_, heading)| *heading == wanted);
                    let place = places.next().map(|(place, _)| place);
                    if place.is_none() {
                        problems.missing.push(wanted.clone());
                    } else if places.next().is_some() {
                        problems.doubled.push(wanted.clone());
                    }
                    used.push(wanted);
                    place
                }
            });
        }
        if !problems.missing.is_empty() || !problems.doubled.is_empty() {
            return Err(problems);
        }
        let known = |heading: &&String| !used.contains(heading) && !plan.ignore.contains(heading);
        let unused = headings.iter().filter(known).cloned().collect();
        Ok(Self { mapping, plan, columns, width: headings.len(), unused })
    }

    /// Headings of the file that the mapping neither uses nor ignores.
    pub fn unused_headings(&self) -> &[String] {
        &self.unused
    }

    /// What the row says.
    ///
    /// # Errors
    /// [`Fault`] for the first thing that is wrong with it.
    pub fn translate(&self, cells: &Cells) -> Result<Fact, Fault> {
        if cells.len() != self.width {
            return Err(Fault::of_row(Reason::Columns));
        }
        let row = RowReader { translator: self, cells };
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
}

struct RowReader<'a> {
    translator: &'a Translator<'a>,
    cells: &'a Cells,
}

impl<'a> RowReader<'a> {
    fn account(&self) -> Result<AccountFact, Fault> {
        Ok(AccountFact {
            account: self.text("account")?,
            name: self.text("name")?,
            name_kana: self.maybe_text("name_kana")?,
            mail: self.maybe_text("mail")?,
            born_on: self.maybe("born_on", read_day)?,
            registered_on: self.maybe("registered_on", read_day)?,
            as_of: self.maybe("as_of", read_moment)?,
        })
    }

    fn holding(&self) -> Result<HoldingFact, Fault> {
        let held = Held { from: self.must("from", read_day)?, to: self.maybe("to", read_day)? };
        if held.to.is_some_and(|to| to < held.from) {
            return Err(Fault::of_field(Reason::Period, "to"));
        }
        Ok(HoldingFact {
            service: self.maybe_text("service")?,
            line: self.text("line")?,
            account: self.text("account")?,
            number: self.must("number", read_number)?,
            iccid: self.maybe_text("iccid")?,
            sim_kind: self.maybe_text("sim_kind")?,
            plan: self.text("plan")?,
            monthly: self.maybe("monthly", read_yen)?,
            applied_on: self.maybe("applied_on", read_day)?,
            held,
            status: self.must("status", read_word(LineStatus::from_word))?,
            five_g: self.must("five_g", read_word(flag))?,
            share_group: self.maybe_text("share_group")?,
            high_speed: self.must("high_speed", read_word(flag))?,
            as_of: self.maybe("as_of", read_moment)?,
        })
    }

    fn bucket(&self) -> Result<BucketFact, Fault> {
        Ok(BucketFact {
            line: self.text("line")?,
            kind: self.must("kind", read_word(BucketKind::from_word))?,
            granted: self.must("granted", read_octets)?,
            remaining: self.must("remaining", read_octets)?,
            expires_on: self.must("expires_on", read_day)?,
            purchase: self.maybe_text("purchase")?,
            as_of: self.must("as_of", read_moment)?,
        })
    }

    fn usage(&self) -> Result<UsageFact, Fault> {
        let of = match self.cell("number") {
            Some(_) => Used::Number(self.must("number", read_number)?),
            None => Used::Line(self.text("line")?),
        };
        Ok(UsageFact {
            record: self.text("record")?,
            of,
            at: self.must("at", read_when)?,
            high: self.must("high", read_octets)?,
            low: self.must("low", read_octets)?,
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
        })
    }

    fn bill(&self) -> Result<BillFact, Fault> {
        Ok(BillFact {
            bill: self.text("bill")?,
            account: self.text("account")?,
            month: self.must("month", read_month)?,
            amount: self.must("amount", read_yen)?,
            tax: self.maybe("tax", read_yen)?,
            state: self.must("state", read_word(BillState::from_word))?,
            due_on: self.maybe("due_on", read_day)?,
        })
    }

    fn bill_line(&self) -> Result<BillLineFact, Fault> {
        Ok(BillLineFact {
            bill: self.text("bill")?,
            position: self.must("position", read_count)?,
            item: self.text("item")?,
            amount: self.must("amount", read_yen)?,
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
    fn cell(&self, name: &str) -> Option<(&'a FieldPlan, &'a str)> {
        let fields = self.translator.plan.fields.iter().zip(&self.translator.columns);
        let (field, column) = fields.into_iter().find(|(field, _)| field.spec.name == name)?;
        let text = match (&field.origin, column) {
            (Origin::Fixed(text), _) => text,
            (Origin::Heading(_), place) => self.cells.get((*place)?)?,
        };
        let text = if field.trim { text.trim() } else { text };
        Some((field, text))
    }

    /// Reads a field where its cell says something.
    fn maybe<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&Mapping, &FieldPlan, &str) -> Result<T, Reason>,
    ) -> Result<Option<T>, Fault> {
        match self.cell(name) {
            Some((field, text)) if !text.is_empty() && !field.blank.iter().any(|blank| blank == text) => {
                read(self.translator.mapping, field, text)
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

fn read_number(mapping: &Mapping, _: &FieldPlan, text: &str) -> Result<Msisdn, Reason> {
    mapping.numbers.read(text).ok_or(Reason::Number)
}

fn read_day(_: &Mapping, field: &FieldPlan, text: &str) -> Result<Day, Reason> {
    let Reader::Day(shape) = &field.reader else { return Err(Reason::Day) };
    shape.read_day(text).ok_or(Reason::Day)
}

fn read_when(mapping: &Mapping, field: &FieldPlan, text: &str) -> Result<When, Reason> {
    let Reader::Time(shape) = &field.reader else { return Err(Reason::Time) };
    shape.read_when(text, &mapping.ledger.zone).ok_or(Reason::Time)
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
