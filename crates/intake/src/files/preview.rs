//! What an extract says of a few subscribers, in our own words: what its mapping makes of it, for whoever wrote it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use honnin_terms::{Day, Held, Month, Octets, Zone};

use crate::facts::event::{BillFact, Fact, HoldingFact, Used};
use crate::facts::fields::RowKind;
use crate::files::FilesError;
use crate::files::mapping::Mapping;
use crate::files::survey::survey;

/// What an extract says of one subscriber. Personal: for the terminal of whoever has the extract.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// Lines of text, as they are told.
    pub told: Vec<String>,
}

without_content! { Preview }

#[derive(Default)]
struct Of {
    profile: String,
    holdings: Vec<HoldingFact>,
    buckets: BTreeMap<Hold, Vec<String>>,
    usage: BTreeMap<Hold, BTreeMap<Month, Sum>>,
    purchases: BTreeMap<Hold, Vec<String>>,
    bills: Vec<(BillFact, Vec<String>)>,
}

#[derive(Default, Clone, Copy)]
struct Sum {
    records: u64,
    high: Octets,
    low: Octets,
    first: Option<Day>,
    last: Option<Day>,
}

/// One account's time with a line, or with a number of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Hold {
    account: String,
    line: String,
    from: Day,
    to: Option<Day>,
}

impl Hold {
    fn of(fact: &HoldingFact) -> Self {
        let HoldingFact { account, line, held: Held { from, to }, .. } = fact;
        Self { account: account.clone(), line: line.clone(), from: *from, to: *to }
    }
}

/// Who holds which line and number when, of those lines and numbers that are told of.
#[derive(Default)]
struct Holds {
    lines: BTreeMap<String, Vec<Hold>>,
    numbers: BTreeMap<String, Vec<Hold>>,
}

impl Holds {
    /// The one who held it on that day: as the intake, it guesses none where two did.
    fn at(holds: Option<&Vec<Hold>>, day: Day) -> Option<&Hold> {
        let mut then = holds?.iter().filter(|hold| Held { from: hold.from, to: hold.to }.contains(day));
        then.next().filter(|_| then.next().is_none())
    }

    fn of_line(&self, line: &str, day: Day) -> Option<&Hold> {
        Self::at(self.lines.get(line), day)
    }

    fn of_used(&self, of: &Used, day: Day) -> Option<&Hold> {
        match of {
            Used::Number(number) => Self::at(self.numbers.get(number.digits()), day),
            Used::Line(line) => self.of_line(line, day),
        }
    }
}

/// Tells what the rows say of the first accounts the extract names that have a line.
///
/// # Errors
/// [`FilesError`] where a file cannot be read at all or its headings do not fit.
pub fn preview(mapping: &Mapping, dirs: &[PathBuf], most: usize) -> Result<Vec<Preview>, FilesError> {
    let zone = &mapping.ledger.zone;
    let mut of = BTreeMap::<String, Of>::new();
    let mut holds = Holds::default();
    survey(mapping, dirs, &[RowKind::Holding], &mut |fact| {
        let Fact::Holding(holding) = fact else { return };
        if of.len() >= most && !of.contains_key(&holding.account) {
            return;
        }
        holds.lines.entry(holding.line.clone()).or_default();
        holds.numbers.entry(holding.number.digits().to_owned()).or_default();
        of.entry(holding.account.clone()).or_default().holdings.push(*holding);
    })?;
    // A line or number of theirs is somebody else's before or after.
    survey(mapping, dirs, &[RowKind::Holding], &mut |fact| {
        let Fact::Holding(holding) = fact else { return };
        let hold = Hold::of(&holding);
        let known = [holds.lines.get_mut(&holding.line), holds.numbers.get_mut(holding.number.digits())];
        known
            .into_iter()
            .flatten()
            .filter(|known| !known.contains(&hold))
            .for_each(|known| known.push(hold.clone()));
    })?;
    let kinds = [
        RowKind::Account,
        RowKind::Bucket,
        RowKind::Usage,
        RowKind::Purchase,
        RowKind::Bill,
        RowKind::BillLine,
    ];
    survey(mapping, dirs, &kinds, &mut |fact| note(&mut of, &holds, zone, fact))?;
    Ok(of.into_iter().map(|(account, of)| of.told(&account, zone)).collect())
}

/// Notes what a row says, where it is of one of those who are told of.
fn note(of: &mut BTreeMap<String, Of>, holds: &Holds, zone: &Zone, fact: Fact) {
    match fact {
        Fact::Account(fact) => {
            if let Some(of) = of.get_mut(&fact.account) {
                of.profile = format!("{} {}", fact.name, fact.mail.unwrap_or_default());
            }
        }
        Fact::Bucket(fact) => {
            let Some(hold) = holds.of_line(&fact.line, zone.day(fact.as_of)) else { return };
            let Some(of) = of.get_mut(&hold.account) else { return };
            let until = fact.expires_on.map_or("never expires".to_owned(), |day| format!("until {day}"));
            let told = format!(
                "bucket {}: {} of {} octets left, {until}, as of {}",
                fact.kind.word(),
                fact.remaining.get(),
                fact.granted.get(),
                zone.rfc3339(fact.as_of)
            );
            of.buckets.entry(hold.clone()).or_default().push(told);
        }
        Fact::Usage(fact) => {
            let day = fact.at.day(zone);
            let Some(hold) = holds.of_used(&fact.of, day) else { return };
            let Some(of) = of.get_mut(&hold.account) else { return };
            let sum = of.usage.entry(hold.clone()).or_default().entry(day.month()).or_default();
            sum.records += 1;
            sum.high = sum.high.plus(fact.high);
            sum.low = sum.low.plus(fact.low);
            sum.first = Some(sum.first.map_or(day, |first| first.min(day)));
            sum.last = sum.last.max(Some(day));
        }
        Fact::Purchase(fact) => {
            let Some(hold) = holds.of_line(&fact.line, fact.at.day(zone)) else { return };
            let Some(of) = of.get_mut(&hold.account) else { return };
            let told = format!(
                "purchase {}: {}, {} octets for {} yen",
                fact.at.day(zone),
                fact.item,
                fact.octets.get(),
                fact.amount
            );
            of.purchases.entry(hold.clone()).or_default().push(told);
        }
        Fact::Bill(fact) => {
            if let Some(of) = of.get_mut(&fact.account) {
                of.bills.push((fact, Vec::new()));
            }
        }
        Fact::BillLine(fact) => {
            let mut bills = of.values_mut().flat_map(|of| &mut of.bills);
            if let Some((_, items)) = bills.find(|(bill, _)| bill.bill == fact.bill) {
                items.push(format!("{} {} yen", fact.item, fact.amount));
            }
        }
        Fact::Holding(_) | Fact::Notice(_) | Fact::Lost(_) => {}
    }
}

impl Of {
    fn told(self, account: &str, zone: &Zone) -> Preview {
        let Self { profile, holdings, mut buckets, mut usage, mut purchases, bills } = self;
        let profile = if profile.is_empty() { "(no row of this account)".to_owned() } else { profile };
        let mut told = vec![format!("{account}: {profile}")];
        for holding in holdings {
            let hold = Hold::of(&holding);
            let mut text =
                format!("  line {}: {} {}", holding.line, holding.number.masked(), holding.terms.plan);
            let to = holding.held.to.map_or(String::new(), |to| to.to_string());
            let _ = write!(text, ", {} from {} to {to}", holding.status.word(), holding.held.from);
            if let Some(group) = &holding.share_group {
                let _ = write!(text, ", shares in {group}");
            }
            told.push(text);
            told.extend(buckets.remove(&hold).into_iter().flatten().map(|told| format!("    {told}")));
            for (month, sum) in usage.remove(&hold).into_iter().flatten() {
                let Sum { records, high, low, first, last } = sum;
                let days =
                    first.zip(last).map_or(String::new(), |(first, last)| format!(" of {first} to {last}"));
                told.push(format!(
                    "    usage {month}: {records} records{days}, {} octets at high and {} at low speed",
                    high.get(),
                    low.get()
                ));
            }
            told.extend(purchases.remove(&hold).into_iter().flatten().map(|told| format!("    {told}")));
        }
        for (bill, items) in bills {
            let as_of = bill.as_of.map_or("when it is imported".to_owned(), |at| zone.rfc3339(at));
            let items = if items.is_empty() { "no items".to_owned() } else { items.join(", ") };
            told.push(format!(
                "  bill {} of {}: {} yen, {} ({items}), as of {as_of}",
                bill.bill,
                bill.month,
                bill.amount,
                bill.state.word()
            ));
        }
        Preview { told }
    }
}
