//! Epochs of the journal: when a new one begins, under which keys entries are written, when old keys go.
//!
//! One row of the store lists them for all nodes, sealed as a whole and written only as it was read: so an epoch is begun
//! once, whoever comes to it first.

use honnin_access::{ControlName, ControlRows, Keep, NewControl, Permit, Swapped};
use honnin_journal::{AppendError, Entry, EpochKeys, Journal, Kind};
use honnin_keeper::{Course, EpochKey, EpochList, Keeper};
use honnin_terms::Moment;

use crate::Fault;

fn name() -> ControlName {
    ControlName::of("journal-epochs", &[])
}

/// The list as it was read: its revision, and what it says.
async fn read(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
) -> Result<(u64, EpochList), Fault> {
    match rows.control(permit, &name()).await? {
        Some(row) => Ok((row.revision, keeper.open_epochs(&row.value)?)),
        None => Ok((0, EpochList::default())),
    }
}

/// Writes the list where it is still as it was read; whether it was.
async fn write(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    (revision, list): (u64, &EpochList),
) -> Result<bool, Fault> {
    let new = NewControl { value: keeper.seal_epochs(list)?, until: None };
    let written = rows.swap_control(permit, &name(), revision, Some(new)).await?;
    Ok(matches!(written, Swapped::Done(_)))
}

fn keys_of(keeper: &Keeper, list: &EpochList) -> Result<Vec<EpochKeys>, Fault> {
    let tenant = keeper.tenant();
    let keys = |epoch: EpochKey| {
        let EpochKey { number, pseudonyms, bodies } = epoch;
        EpochKeys { tenant, epoch: number, pseudonym: pseudonyms, body: bodies }
    };
    Ok(keeper.epoch_keys(list)?.into_iter().map(keys).collect())
}

/// The keys of every epoch that was not destroyed, oldest first.
///
/// # Errors
/// [`Fault`]; an alarm.
pub async fn kept(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
) -> Result<Vec<EpochKeys>, Fault> {
    keys_of(keeper, &read(rows, permit, keeper).await?.1)
}

/// Which logs are written now.
///
/// # Errors
/// [`Fault`]; an alarm.
pub async fn course(rows: &dyn ControlRows, permit: &Permit<Keep>, keeper: &Keeper) -> Result<Course, Fault> {
    Ok(read(rows, permit, keeper).await?.1.course()?)
}

/// Has other logs written from now on, under a new epoch.
///
/// Those there are were restored from a copy, and whoever they were copied from may have gone on with them. `newest` is the
/// newest epoch that any of their entries is of.
///
/// # Errors
/// [`Fault`] where the list cannot be read or written.
pub async fn begin_course(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    newest: u32,
) -> Result<(), Fault> {
    loop {
        let (revision, list) = read(rows, permit, keeper).await?;
        let list = keeper.begin_course(&list, newest, permit.at())?;
        if write(rows, permit, keeper, (revision, &list)).await? {
            return Ok(());
        }
    }
}

/// Destroys the keys of epochs that began before that and are not the present one; whether there were any.
///
/// # Errors
/// [`Fault`]; it is tried again.
pub(crate) async fn destroy(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    keeper: &Keeper,
    before: Moment,
) -> Result<bool, Fault> {
    loop {
        let (revision, list) = read(rows, permit, keeper).await?;
        let Some(rest) = list.without(before) else { return Ok(false) };
        if write(rows, permit, keeper, (revision, &rest)).await? {
            return Ok(true);
        }
    }
}

/// The newest epoch that a log was written under; 0 where nothing is in it.
///
/// The list has to know it: one that does not was put back, and whoever is asked "who has seen my data" would not know the names of the time in between.
///
/// # Errors
/// [`Fault`] where the log cannot be read.
pub fn written_under(journal: &Journal) -> Result<u32, Fault> {
    let last = journal.size().checked_sub(1);
    Ok(last.map(|last| journal.read_at(last)).transpose()?.map_or(0, |entry| entry.epoch))
}

/// The epochs whose keys were not destroyed.
#[derive(Debug)]
pub struct Epochs {
    /// Their keys, oldest first; entries are written under the last.
    pub keys: Vec<EpochKeys>,
    /// The number of the last, where this node began it just now.
    pub(crate) began: Option<u32>,
}

impl Epochs {
    /// The epochs as they are to be used at the permit's moment: a new one is begun where the last is older than
    /// `longest_seconds`, unless another node does. `newest` is the newest that is known from elsewhere.
    ///
    /// # Errors
    /// [`Fault`] where the list cannot be read or written, or does not know the newest.
    pub async fn at(
        rows: &dyn ControlRows,
        permit: &Permit<Keep>,
        keeper: &Keeper,
        newest: u32,
        longest_seconds: i64,
    ) -> Result<Self, Fault> {
        loop {
            let (revision, list) = read(rows, permit, keeper).await?;
            if list.present() < newest {
                return Err(Fault::OlderEpochs(list.present(), newest));
            }
            if !list.is_due(permit.at(), longest_seconds) {
                return Ok(Self { keys: keys_of(keeper, &list)?, began: None });
            }
            let list = keeper.begin_epoch(&list, permit.at())?;
            if write(rows, permit, keeper, (revision, &list)).await? {
                return Ok(Self { keys: keys_of(keeper, &list)?, began: Some(list.present()) });
            }
        }
    }

    /// The number of the last; 0 where there is none.
    pub fn present(&self) -> u32 {
        self.keys.last().map_or(0, |keys| keys.epoch)
    }

    /// Marks in the journal where the new epoch begins. A crash before it leaves an epoch without its mark, which
    /// nothing needs: every entry names its own epoch.
    ///
    /// # Errors
    /// [`AppendError`] where the journal takes no entry.
    pub fn mark(&self, journal: &Journal, now: Moment) -> Result<(), AppendError> {
        let Some(epoch) = self.began else { return Ok(()) };
        let marker = Entry::blank(Kind::EpochMarker, now, epoch);
        journal.append_blocking(&marker).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use honnin_access::ports::RowError;
    use honnin_access::{Answer, ControlRow, NodeAuthority};
    use honnin_stand::{Ground, Stand, sign_in};
    use honnin_store_sqlite::{Bounds, Sqlite};
    use honnin_terms::{Clock, Id, RequestId, TenantId};
    use honnin_testkit::FixedClock;

    use super::*;

    const MONTH: i64 = 30 * 86_400;

    /// The store as a slow node has it: between what it read and what it writes another node does the same.
    struct Overtaken<'a> {
        store: &'a Sqlite,
        keeper: &'a Keeper,
        node: &'a NodeAuthority,
        before: Moment,
        was_before: AtomicBool,
    }

    impl Overtaken<'_> {
        fn permit(&self, at: Moment) -> Permit<Keep> {
            self.node.keep(at, RequestId::from_octets([9; 16]))
        }
    }

    impl ControlRows for Overtaken<'_> {
        fn control(
            &self,
            permit: &Permit<Keep>,
            name: &ControlName,
        ) -> Answer<'_, Result<Option<ControlRow>, RowError>> {
            self.store.control(permit, name)
        }

        fn controls(
            &self,
            permit: &Permit<Keep>,
            prefix: &str,
            after: Option<&ControlName>,
            most: usize,
        ) -> Answer<'_, Result<Vec<(ControlName, ControlRow)>, RowError>> {
            self.store.controls(permit, prefix, after, most)
        }

        fn swap_control(
            &self,
            permit: &Permit<Keep>,
            name: &ControlName,
            read_revision: u64,
            write: Option<NewControl>,
        ) -> Answer<'_, Result<Swapped, RowError>> {
            let (own, at, name) = (self.permit(permit.at()), permit.at(), name.clone());
            Answer::later(async move {
                if !self.was_before.swap(true, Ordering::SeqCst) {
                    let others = self.permit(at);
                    let done = destroy(self.store, &others, self.keeper, self.before).await;
                    assert!(done.unwrap(), "the other was first");
                    assert!(
                        Epochs::at(self.store, &others, self.keeper, 2, 0).await.unwrap().began.is_some()
                    );
                }
                self.store.swap_control(&own, &name, read_revision, write).await
            })
        }
    }

    #[tokio::test]
    async fn of_two_nodes_that_prune_one_destroys_and_neither_undoes_the_other() {
        let clock = FixedClock::at("2026-11-20T06:00:00+09:00");
        let stand = Stand::on(&Ground::of(TenantId::FIRST), clock, Bounds::default(), |sqlite| sqlite);
        let node = stand.authorities(sign_in()).node;
        let (store, keeper) = (&*stand.store, &*stand.ground.keeper);
        let start = stand.clock.now();
        let at = |months: i64| node.keep(start.plus_seconds(months * MONTH), RequestId::from_octets([1; 16]));
        for months in [0, 1] {
            let epochs = Epochs::at(store, &at(months), keeper, 0, MONTH).await.unwrap();
            assert_eq!(epochs.began, u32::try_from(months + 1).ok());
        }
        let before = start.plus_seconds(1);
        let was_before = AtomicBool::new(false);
        let slow = Overtaken { store, keeper, node: &node, before, was_before };
        let numbers = async || {
            let kept = kept(store, &at(2), keeper).await.unwrap();
            kept.iter().map(|keys| keys.epoch).collect::<Vec<u32>>()
        };
        assert_eq!(numbers().await, [1, 2]);
        let destroyed = destroy(&slow, &at(2), keeper, before).await.unwrap();
        assert!(slow.was_before.load(Ordering::SeqCst) && !destroyed, "there is nothing more to destroy");
        assert_eq!(numbers().await, [2, 3], "what the other began in between is still there");
        assert!(!destroy(store, &at(2), keeper, before).await.unwrap());
    }
}
