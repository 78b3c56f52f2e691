//! The thread's own side: connections, and how a read and a write are carried out.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use honnin_store::{Error, Watchers};
use honnin_terms::Clock;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

use crate::fault::Fault;
use crate::lanes::{Lane, Lanes};
use crate::reach::{Mode, Reach};
use crate::statements as sql;
use crate::transaction::Tx;
use crate::watched::Written;
use crate::{Bounds, Kind, StartError, Target, rows, standing};

pub(crate) struct Desk {
    pool: Pool,
    /// A connection of its own for looking at what others have written: a crowd of readers does not keep it from that.
    looking: Pool,
    lanes: Lanes,
    pub(crate) bounds: Bounds,
    clock: Arc<dyn Clock>,
    pub(crate) watchers: Watchers,
    /// Names this process among those that write.
    pub(crate) node: [u8; 16],
}

/// How a commit has ended.
enum Ended {
    Committed,
    Undone(Fault),
    /// The server has not said.
    Unknown,
}

/// How often it is asked whether a commit stands whose answer was lost, and how long between.
const QUESTIONS: u32 = 40;
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(250);

fn pool(target: &Target, most: usize, bounds: &Bounds) -> Result<Pool, StartError> {
    // No statement puts a connection right before its next use, because no transaction rests on what it finds there
    // (`Reach::begin`) and none that was left open comes back (`Tx`): that would be a round trip for each.
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(target.config.clone(), NoTls, manager);
    let wait = Some(Duration::from_millis(bounds.small_ms.into()));
    let pool = Pool::builder(manager)
        .max_size(most)
        .runtime(Runtime::Tokio1)
        .wait_timeout(wait)
        .create_timeout(wait)
        .build();
    pool.map_err(|_| StartError::Silent)
}

async fn connection(pool: &Pool) -> Result<Object, Fault> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => Fault::Engine(error),
        PoolError::Timeout(_) => Fault::Late,
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => Fault::Lost,
    })
}

impl Desk {
    pub(crate) async fn open(
        target: &Target,
        bounds: Bounds,
        clock: Arc<dyn Clock>,
        watchers: Watchers,
        node: [u8; 16],
    ) -> Result<Self, StartError> {
        standing::check(target).await?;
        let desk = Self {
            pool: pool(target, bounds.readers.max(1) + bounds.writers.max(1), &bounds)?,
            looking: pool(target, 1, &bounds)?,
            lanes: Lanes::new(bounds.writers),
            bounds,
            clock,
            watchers,
            node,
        };
        Ok(desk)
    }

    fn limit_ms(&self, kind: Kind) -> u32 {
        match kind {
            Kind::Small => self.bounds.small_ms,
            Kind::Large => self.bounds.large_ms,
        }
    }

    async fn begin(&self, reach: &Reach, mode: Mode, limit_ms: u32) -> Result<Tx, Fault> {
        Ok(Tx::new(connection(&self.pool).await?, reach.begin(mode, limit_ms)))
    }

    /// Reads; once more on another connection where the first has ended under it.
    pub(crate) async fn read<T>(
        &self,
        reach: &Reach,
        at_once: bool,
        work: &impl AsyncFn(&Tx) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        let mode = if at_once { Mode::ReadAtOnce } else { Mode::Read };
        let limit_ms = if at_once { self.bounds.large_ms } else { self.bounds.small_ms };
        let mut tries = 0;
        loop {
            let outcome = async {
                let tx = self.begin(reach, mode, limit_ms).await?;
                let Ok(found) = timeout(Duration::from_millis(limit_ms.into()), work(&tx)).await else {
                    return Err(Fault::Late);
                };
                // Who has the answer does not wait for the end.
                drop(spawn_local(async move { tx.leave().await }));
                found
            };
            match outcome.await {
                Ok(found) => return Ok(found),
                Err(fault) if (fault.was_cut_off() || fault.was_undone()) && tries < 2 => tries += 1,
                Err(fault) => return Err(fault.told()),
            }
        }
    }

    /// Looks at what others have written, on the connection for that.
    pub(crate) async fn look<T>(&self, work: impl AsyncFn(&Tx) -> Result<T, Fault>) -> Result<T, Fault> {
        let begin = Reach::Nobody.begin(Mode::Read, self.bounds.small_ms);
        let tx = Tx::new(connection(&self.looking).await?, begin);
        let found = work(&tx).await;
        tx.leave().await;
        found
    }

    /// Writes: whoever watches learns of it once it is durable, then the caller.
    pub(crate) async fn write<T>(
        &self,
        kind: Kind,
        reach: &Reach,
        work: &impl AsyncFn(&Tx) -> Result<Written<T>, Fault>,
    ) -> Result<T, Error> {
        let mut taken = self.lanes.take().await?;
        let mut tries = 0;
        loop {
            match self.attempt(kind, reach, &mut taken.lane, work).await {
                Ok(written) => {
                    self.watchers.tell(&written.changed);
                    return Ok(written.answer);
                }
                Err(fault) if (fault.was_undone() || fault.was_cut_off()) && tries < self.bounds.repeats => {
                    tries += 1;
                    // Lanes differ, so that two who undo each other do not meet again at once.
                    let lane = u64::try_from(taken.lane.number).unwrap_or(0) % 7 + 1;
                    sleep(Duration::from_millis(lane << tries.min(5))).await;
                }
                Err(fault) => return Err(fault.told()),
            }
        }
    }

    async fn attempt<T>(
        &self,
        kind: Kind,
        reach: &Reach,
        lane: &mut Lane,
        work: &impl AsyncFn(&Tx) -> Result<Written<T>, Fault>,
    ) -> Result<Written<T>, Fault> {
        if lane.writes == 0 {
            self.make(lane).await?;
        }
        let limit_ms = self.limit_ms(kind);
        let limit = Duration::from_millis(limit_ms.into());
        let tx = self.begin(reach, Mode::Write, limit_ms).await?;
        let written = match timeout(limit, work(&tx)).await {
            // Thrown away with its connection: the server undoes what it had begun.
            Err(_) => return Err(Fault::Late),
            Ok(Err(fault)) => {
                tx.leave().await;
                return Err(fault);
            }
            Ok(Ok(written)) => written,
        };
        let ended = match timeout(limit, self.commit(&tx, lane, !written.changed.is_empty())).await {
            Ok(ended) => ended,
            Err(_) => Ended::Unknown,
        };
        drop(tx);
        match ended {
            Ended::Committed => {}
            Ended::Undone(fault) => return Err(fault),
            Ended::Unknown => self.ask_after(lane).await?,
        }
        lane.writes += 1;
        Ok(written)
    }

    async fn commit(&self, tx: &Tx, lane: &Lane, changes: bool) -> Ended {
        let (node, now) = (self.node.as_slice(), self.clock.now().millis());
        let (writes, changes) = (lane.writes + 1, i64::from(changes));
        let (counted, ended) =
            tx.commit_with(&sql::COUNT_WRITE, &[&node, &lane.number, &writes, &changes, &now]).await;
        match (counted, ended) {
            (Ok(_), Ok(())) => Ended::Committed,
            // Refused before its end: then the end was the end of nothing.
            (Err(fault), Ok(())) => Ended::Undone(fault),
            (Err(fault), Err(_)) | (Ok(_), Err(fault)) if fault.is_refusal() => Ended::Undone(fault),
            (_, Err(_)) => Ended::Unknown,
        }
    }

    /// Whether a commit stands whose answer was lost: the lane's row was written with it. `Ok` where it stands; a fault
    /// that lets it be done again where it does not.
    async fn ask_after(&self, lane: &Lane) -> Result<(), Fault> {
        let node = self.node.as_slice();
        for _ in 0..QUESTIONS {
            let found = async {
                let tx = self.begin(&Reach::Nobody, Mode::Take, self.bounds.small_ms).await?;
                let row = tx.one(&sql::TAKE_LANE, &[&node, &lane.number]).await;
                tx.leave().await;
                row?.map(|row| rows::count::<i64>(&row, 0)).transpose()
            };
            let limit = Duration::from_millis(self.bounds.small_ms.into());
            match timeout(limit, found).await {
                Ok(Ok(Some(writes))) if writes > lane.writes => return Ok(()),
                Ok(Ok(_)) => return Err(Fault::Lost),
                Ok(Err(_)) | Err(_) => sleep(BETWEEN_QUESTIONS).await,
            }
        }
        tracing::error!("whether a write was committed is not known: the server does not say");
        Err(Error::Unavailable.into())
    }

    /// Makes the row of a lane, which from then on is updated, so that whoever asks for it waits for who writes it.
    async fn make(&self, lane: &mut Lane) -> Result<(), Fault> {
        let (node, now) = (self.node.as_slice(), self.clock.now().millis());
        let tx = self.begin(&Reach::Nobody, Mode::Take, self.bounds.small_ms).await?;
        let made = tx.one(&sql::MAKE_LANE, &[&node, &lane.number, &now]).await;
        let row = match made {
            Ok(row) => row.ok_or(Error::Corrupt)?,
            Err(fault) => {
                tx.leave().await;
                return Err(fault);
            }
        };
        lane.writes = rows::count(&row, 0)?;
        tx.commit().await
    }
}
