//! What an extract says of a few subscribers, in our own words: what its mapping makes of it, for whoever wrote it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use honnin_terms::{Day, Month, Octets, Zone};

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
    buckets: BTreeMap<String, Vec<String>>,
    usage: BTreeMap<String, BTreeMap<Month, Sum>>,
    purchases: BTreeMap<String, Vec<String>>,
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

/// Tells what the rows say of the first accounts the extract names that have a line.
///
/// # Errors
/// [`FilesError`] where a file cannot be read at all or its headings do not fit.
pub fn preview(mapping: &Mapping, dirs: &[PathBuf], most: usize) -> Result<Vec<Preview>, FilesError> {
    let zone = &mapping.ledger.zone;
    let mut of = BTreeMap::<String, Of>::new();
    let mut lines = BTreeMap::<String, String>::new();
    let mut numbers = BTreeMap::<String, (String, String)>::new();
    survey(mapping, dirs, &[RowKind::Holding], &mut |fact| {
        let Fact::Holding(holding) = fact else { return };
        if of.len() >= most && !of.contains_key(&holding.account) {
            return;
        }
        let (line, account) = (holding.line.clone(), holding.account.clone());
        numbers.insert(holding.number.digits().to_owned(), (account.clone(), line.clone()));
        lines.insert(line, account.clone());
        of.entry(account).or_default().holdings.push(*holding);
    })?;
    let kinds = [
        RowKind::Account,
        RowKind::Bucket,
        RowKind::Usage,
        RowKind::Purchase,
        RowKind::Bill,
        RowKind::BillLine,
    ];
    survey(mapping, dirs, &kinds, &mut |fact| note(&mut of, &lines, &numbers, zone, fact))?;
    Ok(of.into_iter().map(|(account, of)| of.told(&account, zone)).collect())
}

/// Notes what a row says, where it is of one of those who are told of.
fn note(
    of: &mut BTreeMap<String, Of>,
    lines: &BTreeMap<String, String>,
    numbers: &BTreeMap<String, (String, String)>,
    zone: &Zone,
    fact: Fact,
) {
    match fact {
        Fact::Account(fact) => {
            if let Some(of) = of.get_mut(&fact.account) {
                of.profile = format!("{} {}", fact.name, fact.mail.unwrap_or_default());
            }
        }
        Fact::Bucket(fact) => {
            let Some(of) = lines.get(&fact.line).and_then(|account| of.get_mut(account)) else { return };
            let until = fact.expires_on.map_or("never expires".to_owned(), |day| format!("until {day}"));
            let told = format!(
                "bucket {}: {} of {} octets left, {until}, as of {}",
                fact.kind.word(),
                fact.remaining.get(),
                fact.granted.get(),
                zone.rfc3339(fact.as_of)
            );
            of.buckets.entry(fact.line).or_default().push(told);
        }
        Fact::Usage(fact) => {
            let found = match &fact.of {
                Used::Number(number) => numbers.get(number.digits()).cloned(),
                Used::Line(line) => lines.get(line).map(|account| (account.clone(), line.clone())),
            };
            let Some((account, line)) = found else { return };
            let Some(of) = of.get_mut(&account) else { return };
            let day = fact.at.day(zone);
            let sum = of.usage.entry(line).or_default().entry(day.month()).or_default();
            sum.records += 1;
            sum.high = sum.high.plus(fact.high);
            sum.low = sum.low.plus(fact.low);
            sum.first = Some(sum.first.map_or(day, |first| first.min(day)));
            sum.last = sum.last.max(Some(day));
        }
        Fact::Purchase(fact) => {
            let Some(of) = lines.get(&fact.line).and_then(|account| of.get_mut(account)) else { return };
            let told = format!(
                "purchase {}: {}, {} octets for {} yen",
                fact.at.day(zone),
                fact.item,
                fact.octets.get(),
                fact.amount
            );
            of.purchases.entry(fact.line).or_default().push(told);
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
            let mut text = format!("  line {}: {} {}", holding.line, holding.number.masked(), holding.plan);
            let to = holding.held.to.map_or(String::new(), |to| to.to_string());
            let _ = write!(text, ", {} from {} to {to}", holding.status.word(), holding.held.from);
            if let Some(group) = &holding.share_group {
                let _ = write!(text, ", shares in {group}");
            }
            told.push(text);
            told.extend(
                buckets.remove(&holding.line).into_iter().flatten().map(|told| format!("    {told}")),
            );
            for (month, sum) in usage.remove(&holding.line).into_iter().flatten() {
                let Sum { records, high, low, first, last } = sum;
                let days =
                    first.zip(last).map_or(String::new(), |(first, last)| format!(" of {first} to {last}"));
                told.push(format!(
                    "    usage {month}: {records} records{days}, {} octets at high and {} at low speed",
                    high.get(),
                    low.get()
                ));
            }
            told.extend(
                purchases.remove(&holding.line).into_iter().flatten().map(|told| format!("    {told}")),
            );
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
