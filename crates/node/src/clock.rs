//! A clock that jumped: looked for between two entries, and the word of the person who looked at it.
//!
//! The word is a sealed row that names how far each log had come when it was given. A jump after that is not accepted by
//! it, and a row that was put back accepts nothing new. Each node takes its log out of the word once it has followed it, so
//! that whoever gave the word sees that it was heard without reading a log.

use honnin_access::{ControlName, Keep, NewControl, Permit, Swapped};
use honnin_journal::{Act, Details, EpochKeys, Journal, Kind, Party};
use honnin_keeper::Keeper;
use honnin_store::{Error, Store};
use honnin_terms::{Entropy, LogId, Moment};

use crate::Fault;

/// Entries looked at for a jump after the word was given: what a node writes in a few seconds, many times over.
const MOST_LOOKED_AT: u64 = 100_000;

fn name() -> ControlName {
    ControlName::of("clock-accepted", &[])
}

/// That the clock is right, said by that person when the logs had come so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockWord {
    /// How many entries each log had.
    pub logs: Vec<(LogId, u64)>,
    /// The name of who said it.
    pub operator: String,
}

impl ClockWord {
    fn text(&self) -> String {
        let logs: Vec<String> = self.logs.iter().map(|(log, size)| format!("{log} {size}\n")).collect();
        format!("{}\n{}", logs.concat(), self.operator)
    }

    fn read(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        // Of no log it begins with the line between.
        let (logs, operator) =
            text.strip_prefix('\n').map(|operator| ("", operator)).or_else(|| text.split_once("\n\n"))?;
        let log = |line: &str| {
            let (log, size) = line.split_once(' ')?;
            Some((log.parse().ok()?, size.parse().ok()?))
        };
        let logs = logs.lines().map(log).collect::<Option<_>>()?;
        Some(Self { logs, operator: operator.to_owned() })
    }

    fn of(&self, wanted: LogId) -> Option<u64> {
        self.logs.iter().find(|(log, _)| *log == wanted).map(|(_, size)| *size)
    }
}

/// Leaves the word for every node.
///
/// # Errors
/// [`Error`] where the store does not take it.
pub async fn accept_clock(
    store: &dyn Store,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    word: &ClockWord,
) -> Result<(), Error> {
    let value = sealed(keeper, word)?;
    let mut revision = store.control(permit, &name()).await?.map_or(0, |row| row.revision);
    loop {
        let new = NewControl { value: value.clone(), until: None };
        match store.swap_control(permit, &name(), revision, Some(new)).await? {
            Swapped::Done(_) => return Ok(()),
            Swapped::Changed(row) => revision = row.map_or(0, |row| row.revision),
        }
    }
}

fn sealed(keeper: &Keeper, word: &ClockWord) -> Result<Vec<u8>, Error> {
    keeper.seal_clock(word.text().as_bytes()).map_err(|_| Error::Corrupt)
}

/// The logs that have not followed the last word yet.
///
/// # Errors
/// [`Error`] where the store does not answer, or the word does not open.
pub async fn clock_waits_for(
    store: &dyn Store,
    permit: &Permit<Keep>,
    keeper: &Keeper,
) -> Result<Vec<LogId>, Error> {
    let Some(row) = store.control(permit, &name()).await? else { return Ok(Vec::new()) };
    let opened = keeper.open_clock(&row.value).ok().and_then(|text| ClockWord::read(&text));
    Ok(opened.ok_or(Error::Corrupt)?.logs.into_iter().map(|(log, _)| log).collect())
}

/// Takes a log out of the word that it has followed. Where another has written meanwhile, it is that one's.
async fn heard(
    (rows, permit): (&dyn Store, &Permit<Keep>),
    keeper: &Keeper,
    mut word: ClockWord,
    (log, revision): (LogId, u64),
) -> Result<(), Error> {
    word.logs.retain(|(waits, _)| *waits != log);
    let new = NewControl { value: sealed(keeper, &word)?, until: None };
    rows.swap_control(permit, &name(), revision, Some(new)).await.map(drop)
}

/// Writes into the log of this node that its clock is right, where a person has said so since it was last set.
///
/// `sets` is how often it was found to be set when all of that was durable: where it was once more since, nothing is
/// accepted.
///
/// # Errors
/// [`Fault`]; it is tried again.
pub async fn follow_clock(
    journal: &Journal,
    keeper: &Keeper,
    (rows, permit): (&dyn Store, &Permit<Keep>),
    (keys, sets): (&EpochKeys, u64),
    (now, entropy): (Moment, &dyn Entropy),
) -> Result<bool, Fault> {
    if !journal.is_clock_unsettled() {
        return Ok(false);
    }
    let Some(row) = rows.control(permit, &name()).await? else { return Ok(false) };
    let opened = keeper.open_clock(&row.value).ok().and_then(|text| ClockWord::read(&text));
    let Some(word) = opened else { return Ok(false) };
    let Some(said_at) = word.of(journal.log()) else { return Ok(false) };
    let size = journal.size();
    if size < said_at || size - said_at > MOST_LOOKED_AT {
        return Ok(false);
    }
    for index in said_at..size {
        if journal.read_at(index)?.kind == Kind::ClockSet {
            return Ok(false);
        }
    }
    let details = Details { operator: word.operator.clone(), ..Details::default() };
    if journal.clock_sets() != sets {
        return Ok(false);
    }
    let viewer = Party::Operator(&word.operator);
    let act = Act::new(Kind::ClockAccepted, now, viewer, Party::Nobody, &details);
    journal.append(&keys.seal(&act, entropy)?).await?;
    heard((rows, permit), keeper, word, (journal.log(), row.revision)).await?;
    tracing::warn!("the clock is taken as right: a person has looked at it");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use honnin_terms::Id;

    use super::*;

    #[test]
    fn the_word_reads_back_and_nothing_else_is_one() {
        let log = |n: u8| LogId::from_octets([n; 16]);
        let word = ClockWord { logs: vec![(log(1), 7), (log(2), 0)], operator: "鈴木 a\n".to_owned() };
        assert_eq!(ClockWord::read(word.text().as_bytes()), Some(word.clone()));
        assert_eq!((word.of(log(1)), word.of(log(3))), (Some(7), None));
        let nobody = ClockWord { logs: Vec::new(), ..word.clone() };
        assert_eq!(ClockWord::read(nobody.text().as_bytes()), Some(nobody));
        for wrong in ["", "1 open", "x 7\n\na"] {
            assert_eq!(ClockWord::read(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
