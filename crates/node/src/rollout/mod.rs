//! Which build and settings serve: what a node runs is compared with what the others run before it serves beside them.
//!
//! One sealed row says what each node that joined runs, and what a person has admitted for a while. It is written only as
//! it was read, so that of two that join at one moment the second is compared with the first. That a node still serves its
//! own row says ([`crate::nodes()`]): of one that was killed nothing is left to compare with soon after.

mod row;
#[cfg(test)]
mod tests;

use std::fmt;

use honnin_access::{ControlName, ControlRows, Keep, NewControl, Permit, Swapped};
use honnin_keeper::Keeper;
use honnin_store::Error;
use honnin_terms::{BuildId, LogId, Moment, ReleaseId};

use crate::nodes::{NodeRow, has_just_begun, nodes};
use row::Row;
pub use row::{Admitted, Member, Runs};

/// So much is admitted at once at most.
pub const MOST_ADMITTED: usize = 16;

/// Everything that serves, and what may join it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// Nodes that serve, as they joined.
    pub members: Vec<Member>,
    /// Names of nodes that serve and do not say what they run: builds from before they did.
    pub untold: Vec<String>,
    /// What a person has admitted, while it is.
    pub admitted: Vec<Admitted>,
}

/// The build of another node.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Build {
    Same,
    Other(BuildId),
    /// One from before they said which they are.
    Untold,
}

/// What a node differs in from one that serves.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Difference {
    node: String,
    build: Build,
    /// Settings with other values.
    settings: Vec<String>,
}

/// A node that differs from those that serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    differences: Vec<Difference>,
    build: BuildId,
    release: ReleaseId,
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Difference { node, build, settings }) in self.differences.iter().enumerate() {
            let between = if place > 0 { ", " } else { "" };
            write!(f, "{between}node {node} serves")?;
            match build {
                Build::Other(other) => write!(f, " build {other}, this is build {}", self.build)?,
                Build::Untold => f.write_str(" a build that does not say which it is")?,
                Build::Same => {}
            }
            if !settings.is_empty() {
                let and = if *build == Build::Same { "" } else { " and" };
                write!(f, "{and} with other values of {}", settings.join(", "))?;
            }
        }
        write!(
            f,
            "; install the same build and settings here, or admit exactly this one: `honnin rollout allow {} --for 1h`",
            self.release
        )
    }
}

/// Why a node may not serve.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// It differs from those that serve, and nobody has admitted it.
    #[error("{0}")]
    Apart(Apart),
    /// What nodes run was not written by one of us.
    #[error(
        "what is written of the nodes was altered, or written by a newer build; look at `honnin doctor`, then `honnin \
         rollout allow` writes it anew"
    )]
    Altered,
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] Error),
}

fn name() -> ControlName {
    ControlName::of("rollout", &[])
}

/// The row as it was read, and its revision. `Err` where it does not open.
type Seen = (Result<Row, Error>, u64);

async fn seen(rows: &dyn ControlRows, permit: &Permit<Keep>, keeper: &Keeper) -> Result<Seen, Error> {
    let Some(found) = rows.control(permit, &name()).await? else { return Ok((Ok(Row::default()), 0)) };
    let opened = keeper.open_fleet(&found.value).ok().and_then(|text| Row::read(&text));
    Ok((opened.ok_or(Error::Corrupt), found.revision))
}

/// Writes the row where it still is as it was read.
async fn write(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    (row, revision): (&Row, u64),
) -> Result<bool, Error> {
    let value = keeper.seal_fleet(row.text().as_bytes()).map_err(|_| Error::Corrupt)?;
    let new = NewControl { value, until: None };
    let swapped = rows.swap_control(permit, &name(), revision, Some(new)).await?;
    Ok(matches!(swapped, Swapped::Done(_)))
}

impl Row {
    /// What serves at that moment, going by who has said lately that it is there.
    fn fleet(&self, known: &[NodeRow], now: Moment) -> Fleet {
        let heard = |log: LogId| known.iter().any(|node| node.log == log && node.is_heard(now));
        let serves =
            |member: &&Member| !member.ended && (has_just_begun(member.since, now) || heard(member.log));
        let is_told = |node: &&NodeRow| !self.members.iter().any(|member| member.log == node.log);
        Fleet {
            members: self.members.iter().filter(serves).cloned().collect(),
            untold: known
                .iter()
                .filter(|node| node.is_heard(now))
                .filter(is_told)
                .map(|node| node.name.clone())
                .collect(),
            admitted: self.admitted.iter().filter(|admitted| admitted.until > now).cloned().collect(),
        }
    }

    /// Drops what says nothing any more: members of whom there is no row, what was admitted until then.
    fn tidy(&mut self, known: &[NodeRow], now: Moment) {
        let is_known = |log: LogId| known.iter().any(|node| node.log == log);
        self.members.retain(|member| is_known(member.log) || has_just_begun(member.since, now));
        self.admitted.retain(|admitted| admitted.until > now);
        let members = &self.members;
        self.settings.retain(|configuration, _| {
            members.iter().any(|member| member.configuration.to_string() == *configuration)
        });
    }

    fn put(&mut self, (name, log): (&str, LogId), runs: &Runs, now: Moment) {
        self.members.retain(|member| member.log != log);
        let Runs { build, configuration, settings } = runs.clone();
        self.settings.insert(configuration.to_string(), settings);
        self.members.push(Member {
            name: name.to_owned(),
            log,
            build,
            configuration,
            since: now,
            ended: false,
        });
    }

    /// Whether a node may serve beside the others. Itself before it was started again is no other.
    fn judge(&self, log: LogId, runs: &Runs, known: &[NodeRow], now: Moment) -> Result<(), Apart> {
        let others: Vec<NodeRow> = known.iter().filter(|node| node.log != log).cloned().collect();
        let Fleet { members, untold, admitted } = self.fleet(&others, now);
        let release = runs.release();
        if admitted.iter().any(|admitted| admitted.release == release) {
            return Ok(());
        }
        let told = members.iter().filter(|member| member.log != log && member.release() != release);
        let told = told.map(|member| Difference {
            node: member.name.clone(),
            build: if member.build == runs.build { Build::Same } else { Build::Other(member.build) },
            settings: self.settings_apart(runs, member.configuration).unwrap_or_default(),
        });
        let untold = untold.into_iter();
        let untold = untold.map(|node| Difference { node, build: Build::Untold, settings: Vec::new() });
        let differences: Vec<Difference> = told.chain(untold).collect();
        #[cfg(honnin_faults)]
        let differences = if honnin_terms::faults::JOINS_UNASKED.is_on() { Vec::new() } else { differences };
        if differences.is_empty() {
            return Ok(());
        }
        Err(Apart { differences, build: runs.build, release })
    }
}

/// The row as it was read, its revision, and who said lately that they are there: judged, and that node may join.
async fn judged(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    log: LogId,
    runs: &Runs,
) -> Result<(Row, u64, Vec<NodeRow>), JoinError> {
    let (row, revision) = seen(rows, permit, keeper).await?;
    let row = row.map_err(|_| JoinError::Altered)?;
    let known = nodes(rows, permit).await?;
    row.judge(log, runs, &known, permit.at()).map_err(JoinError::Apart)?;
    Ok((row, revision, known))
}

/// Whether the node that writes that log would be let in now; nothing is written. [`join`] asks the same.
///
/// # Errors
/// [`JoinError`]: it would not serve.
pub async fn may_join(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    log: LogId,
    runs: &Runs,
) -> Result<(), JoinError> {
    judged(rows, permit, keeper, log, runs).await.map(drop)
}

/// Joins the nodes that serve, before anybody is answered: the same build and settings as theirs, or what a person has
/// admitted. With no others whatever it is.
///
/// # Errors
/// [`JoinError`]: it may not serve.
pub async fn join(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    (own, log): (&str, LogId),
    runs: &Runs,
) -> Result<(), JoinError> {
    loop {
        let ((mut row, revision, known), now) = (judged(rows, permit, keeper, log, runs).await?, permit.at());
        row.put((own, log), runs, now);
        row.tidy(&known, now);
        // Where another has joined meanwhile, this one is compared with it too.
        if write(rows, permit, keeper, (&row, revision)).await? {
            return Ok(());
        }
    }
}

/// Sees that what this node runs is still written down: whoever takes the row away hides no node for long.
pub(crate) async fn stay(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    (own, log): (&str, LogId),
    runs: &Runs,
) -> Result<(), Error> {
    let (row, revision) = seen(rows, permit, keeper).await?;
    let mut row = row?;
    let is_it = |member: &Member| member.log == log && member.release() == runs.release() && !member.ended;
    if row.members.iter().any(is_it) {
        return Ok(());
    }
    row.put((own, log), runs, permit.at());
    write(rows, permit, keeper, (&row, revision)).await.map(drop)
}

/// Says that this node serves nobody any more, so that whatever comes after it is not compared with it.
///
/// # Errors
/// [`Error`] where the store does not take it; then it is known soon after all the same.
pub async fn leave(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    log: LogId,
) -> Result<(), Error> {
    loop {
        let (row, revision) = seen(rows, permit, keeper).await?;
        let mut row = row?;
        let Some(member) = row.members.iter_mut().find(|member| member.log == log) else { return Ok(()) };
        member.ended = true;
        if write(rows, permit, keeper, (&row, revision)).await? {
            return Ok(());
        }
    }
}

/// What serves, and what may join it.
///
/// # Errors
/// [`Error`] where the store does not answer, or the row is none of ours.
pub async fn fleet(rows: &dyn ControlRows, permit: &Permit<Keep>, keeper: &Keeper) -> Result<Fleet, Error> {
    let (row, _) = seen(rows, permit, keeper).await?;
    Ok(row?.fleet(&nodes(rows, permit).await?, permit.at()))
}

/// Admits exactly that until then, in place of what was said of it before; `false` where too much is admitted already. A row
/// that does not open is written anew: a person has looked.
///
/// # Errors
/// [`Error`] where the store does not answer.
pub async fn admit(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    admitted: &Admitted,
) -> Result<bool, Error> {
    loop {
        let (row, revision) = seen(rows, permit, keeper).await?;
        let mut row = row.unwrap_or_default();
        row.tidy(&nodes(rows, permit).await?, permit.at());
        row.admitted.retain(|other| other.release != admitted.release);
        if row.admitted.len() >= MOST_ADMITTED {
            return Ok(false);
        }
        row.admitted.push(admitted.clone());
        if write(rows, permit, keeper, (&row, revision)).await? {
            return Ok(true);
        }
    }
}
