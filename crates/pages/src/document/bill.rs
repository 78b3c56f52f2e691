//! A bill to keep.

use honnin_care::facts::{Bill, BillLines, Me};
use honnin_paper::{Block, Cell, Press, PrintError, Rows, Sheet, Table};
use honnin_terms::{BillState, Moment, Said, Yen, Zone};

use super::{Plain, stamp};
use crate::format::{DayLook, DayWord, Html, MonthWord, PriceWord};
use crate::page::{Operator, source};
use crate::words::{Language, Phrase};

/// A bill as a document, in the reader's language.
#[derive(Debug, Clone, Copy)]
pub struct BillDocument<'a> {
    /// The language of its words.
    pub language: Language,
    /// Whose bill it is to pay.
    pub operator: &'a Operator,
    /// Where days and hours are told.
    pub zone: &'a Zone,
    /// When it is made.
    pub now: Moment,
    /// Whom it is for.
    pub me: &'a Me,
    /// What stands on it.
    pub facts: &'a Bill,
}

impl BillDocument<'_> {
    /// The name of the file, without its ending: of the month alone, and the same for everybody.
    pub fn file_name(&self) -> String {
        format!("bill-{}", self.facts.head.month)
    }

    /// The bill as a sheet (PDF).
    ///
    /// # Errors
    /// [`PrintError`].
    pub fn pdf(&self, press: &Press) -> Result<Vec<u8>, PrintError> {
        press.print(&self.sheet())
    }

    /// What stands on the sheet.
    pub fn sheet(&self) -> Sheet {
        let words = self.language.words();
        let (document, bills, brand) = (&words.document, &words.bills, &self.operator.brand);
        let title = bills.bill_of.with(self.month(self.facts.head.month)).to_string();
        let mut blocks = vec![
            Block::Mark(self.operator.name.clone(), brand.colour.octets(), brand.picture.clone()),
            Block::Title(title.clone()),
            Block::Name(document.to.with(Plain(&self.me.name)).to_string()),
            Block::Text(document.member.with(Plain(&self.me.login)).to_string()),
            Block::Figure(
                format!("{} ・ {}", self.amount_phrase().text(), self.state().text()),
                self.yen(self.facts.head.amount),
            ),
        ];
        blocks.extend(self.note().map(|note| Block::Text(note.text().to_owned())));
        blocks.push(Block::Pairs(self.pairs()));
        blocks.push(Block::Heading(bills.lines.text().to_owned()));
        blocks.push(match &self.facts.lines {
            BillLines::Incomplete => Block::Text(bills.lines_incomplete.text().to_owned()),
            lines if lines.shown().is_empty() => Block::Text(bills.lines_none.text().to_owned()),
            BillLines::Unsaid | BillLines::Whole(..) => Block::Table(self.table()),
        });
        blocks.extend(self.items_said().map(|said| Block::Text(self.said(said))));
        blocks.push(Block::Remark(document.issuer.with(Plain(&self.operator.name)).to_string()));
        blocks.push(Block::Remark(document.copied.text().to_owned()));
        let zone = match self.zone.name() {
            "Asia/Tokyo" => words.shell.tokyo.text(),
            other => other,
        };
        let made = document.made.with(Plain(&stamp(self.now, self.zone, self.language))).to_string();
        blocks.push(Block::Remark(format!("{made}　{}", document.times_in.with(Plain(zone)))));
        Sheet {
            title,
            author: self.operator.name.clone(),
            language: self.language.tag(),
            without_glyph: document.no_glyph.text().to_owned(),
            blocks,
        }
    }

    fn pairs(&self) -> Vec<(String, String)> {
        let words = self.language.words();
        let (document, bills) = (&words.document, &words.bills);
        let facts = self.facts;
        let used_in = facts.head.used_in.map(|month| (bills.month_of_use, self.month(month).to_string()));
        let mut pairs: Vec<_> = used_in.into_iter().collect();
        pairs.push((bills.month, self.month(facts.head.month).to_string()));
        let due = facts.head.due_on.map(|day| Html(DayWord(day, self.language, DayLook::Year)).to_string());
        pairs.extend(due.map(|due| (bills.due, due)));
        pairs.push((
            bills.tax,
            facts.tax.map_or_else(|| bills.unstated.text().to_owned(), |tax| self.yen(tax)),
        ));
        pairs.push((bills.code, facts.code.clone()));
        let as_of = facts.origin.as_of;
        let when = if as_of.by_ledger { stamp(as_of.at, self.zone, self.language) } else { self.said(as_of) };
        pairs.push((document.as_of, when));
        pairs.push((document.source, self.source()));
        pairs.into_iter().map(|(name, value)| (name.text().to_owned(), value)).collect()
    }

    /// The moment of the items, where it is not that of the bill: then it is said below them.
    fn items_said(&self) -> Option<Said> {
        self.facts.origin.beside(self.facts.lines.as_of())
    }

    fn said(&self, said: Said) -> String {
        let words = &self.language.words().shell;
        let phrase = if said.by_ledger { words.as_of } else { words.taken_in };
        phrase.with(Plain(&stamp(said.at, self.zone, self.language))).to_string()
    }

    fn table(&self) -> Table {
        let bills = &self.language.words().bills;
        let facts = self.facts;
        let foreign = self.operator.texts != self.language;
        Table {
            head: (bills.item.text().to_owned(), bills.price.text().to_owned()),
            rows: facts.lines.shown().iter().map(|line| (line.item.clone(), self.yen(line.amount))).collect(),
            sum: Some((bills.sum.text().to_owned(), self.yen(facts.head.amount))),
            language: foreign.then(|| self.operator.texts.tag()),
        }
    }

    /// The bill as rows (CSV): one for each item, one for the tax within, one for the total. Every figure stands once.
    pub fn csv(&self) -> Vec<u8> {
        let words = self.language.words();
        let (document, bills) = (&words.document, &words.bills);
        let facts = self.facts;
        let mut rows = Rows::headed(&[
            bills.code.text(),
            bills.month.text(),
            bills.month_of_use.text(),
            bills.state.text(),
            bills.due.text(),
            document.kind.text(),
            bills.item.text(),
            &document.amount.with(Plain(self.operator.currency.code)).to_string(),
            document.as_of.text(),
            document.source.text(),
            document.as_of_by.text(),
        ]);
        let (month, used_in) =
            (facts.head.month.to_string(), facts.head.used_in.map(|month| month.to_string()));
        let due = facts.head.due_on.map(|day| day.to_string());
        let source = self.source();
        let mut row = |kind: Phrase<0>, item: Option<&str>, amount: Option<Yen>, said: Said| {
            let as_of = self.zone.rfc3339(said.at);
            rows.row(&[
                Cell::Text(&facts.code),
                Cell::Text(&month),
                used_in.as_deref().map_or(Cell::Nothing, Cell::Text),
                Cell::Text(self.state().text()),
                due.as_deref().map_or(Cell::Nothing, Cell::Text),
                Cell::Text(kind.text()),
                item.map_or(Cell::Nothing, Cell::Text),
                amount.map_or(Cell::Nothing, |yen| Cell::Number(yen.get())),
                Cell::Text(&as_of),
                Cell::Text(&source),
                Cell::Text(if said.by_ledger { document.by_ledger } else { document.by_intake }.text()),
            ]);
        };
        let said = facts.origin.as_of;
        if facts.lines == BillLines::Incomplete {
            row(document.kind_item, Some(bills.lines_incomplete.text()), None, said);
        }
        for line in facts.lines.shown() {
            row(document.kind_item, Some(&line.item), Some(line.amount), facts.lines.as_of().unwrap_or(said));
        }
        row(document.kind_tax, None, facts.tax, said);
        row(document.kind_sum, None, Some(facts.head.amount), said);
        rows.into_bytes()
    }

    const fn month(&self, month: honnin_terms::Month) -> Html<MonthWord> {
        Html(MonthWord(month, self.language))
    }

    fn yen(&self, yen: Yen) -> String {
        Html(PriceWord(yen, self.operator.currency, self.language)).to_string()
    }

    fn source(&self) -> String {
        let (word, rest) = source(&self.facts.origin.source, self.language);
        format!("{word}{rest}")
    }

    const fn amount_phrase(&self) -> Phrase<0> {
        let words = &self.language.words().bills;
        match self.facts.head.state {
            BillState::Open => words.amount_open,
            BillState::Final | BillState::Paid | BillState::Overdue => words.amount,
        }
    }

    const fn state(&self) -> Phrase<0> {
        let words = &self.language.words().bills;
        match self.facts.head.state {
            BillState::Open => words.open,
            BillState::Final => words.settled,
            BillState::Paid => words.paid,
            BillState::Overdue => words.overdue,
        }
    }

    const fn note(&self) -> Option<Phrase<0>> {
        let words = &self.language.words().bills;
        match self.facts.head.state {
            BillState::Open => Some(words.open_note),
            BillState::Overdue => Some(words.overdue_note),
            BillState::Final | BillState::Paid => None,
        }
    }
}
