//! The thread's own side: connections, and how a read and a write are carried out.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, QueueMode, RecyclingMethod, Runtime,
};
use honnin_store::{Changed, Error, Watchers};
use honnin_terms::Clock;
use tokio::sync::Semaphore;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use crate::fault::Fault;
use crate::hosts::Hosts;
use crate::lanes::{Lane, Lanes};
use crate::reach::{Mode, Reach};
use crate::shared::Shared;
use crate::statements as sql;
use crate::together::Together;
use crate::transaction::Tx;
use crate::watched::Written;
use crate::{Bounds, Kind, StartError, Target, rows, standing};

pub(crate) struct Desk {
    pool: Pool,
    /// A connection of its own for looking at what others have written: a crowd of readers does not keep it from that.
    looking: Pool,
    /// Those that reads of one statement go over.
    pub(crate) shared: Rc<Shared>,
    /// Such reads that wait for company, or for those before them.
    pub(crate) together: Together,
    lanes: Lanes,
    /// A crowd of readers leaves the writers their connections.
    pub(crate) reads: Arc<Semaphore>,
    /// Lanes with a commit that nobody could be asked about: it may still come.
    unsettled: RefCell<Vec<i64>>,
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

/// How long between two questions whether a commit stands whose answer was lost.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(250);

fn pool(target: &Target, most: usize, bounds: &Bounds) -> Result<Pool, StartError> {
    // No statement puts a connection right before its next use, because no transaction rests on what it finds there
    // (`Reach::begin`) and none that was left open comes back (`Tx`): that would be a round trip for each.
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_connect(target.config.clone(), Hosts, manager);
    let wait = Some(Duration::from_millis(bounds.small_ms.into()));
    let pool = Pool::builder(manager)
        .max_size(most)
        // Who has just been busy is asked again: it knows its statements, and what it reads lies near.
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .wait_timeout(wait)
        .create_timeout(wait)
        .build();
    pool.map_err(|_| StartError::Silent)
}

pub(crate) async fn connection(pool: &Pool) -> Result<Object, Fault> {
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
        standing::stands(target, Duration::from_millis(bounds.start_ms.into())).await?;
        if bounds.prepared {
            standing::carries(target, Duration::from_millis(bounds.second_ms.into())).await?;
        }
        let desk = Self {
            pool: pool(target, bounds.readers.max(1) + bounds.writers.max(1), &bounds)?,
            looking: pool(target, 1, &bounds)?,
            shared: Rc::new(Shared::new(pool(target, 1, &bounds)?)),
            together: Together::default(),
            lanes: Lanes::new(bounds.writers),
            reads: Arc::new(Semaphore::new(bounds.readers.max(1))),
            unsettled: RefCell::default(),
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
        Ok(Tx::new(connection(&self.pool).await?, reach.begin(mode, limit_ms), self.bounds.prepared))
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
                let room = Arc::clone(&self.reads).acquire_owned();
                let room = timeout(Duration::from_millis(self.bounds.small_ms.into()), room);
                let room = room.await.map_err(|_| Fault::Late)?.map_err(|_| Fault::Lost)?;
                let tx = self.begin(reach, mode, limit_ms).await?;
                let Ok(found) = timeout(Duration::from_millis(limit_ms.into()), work(&tx)).await else {
                    return Err(Fault::Late);
                };
                // Who has the answer does not wait for the end.
                drop(spawn_local(async move {
                    tx.leave().await;
                    drop(tx);
                    drop(room);
                }));
                found
            };
            match outcome.await {
                Ok(found) => return Ok(found),
                Err(fault) if (fault.was_cut_off() || fault.was_undone()) && tries < 2 => tries += 1,
                Err(fault) => return Err(fault.told()),
            }
        }
    }

    /// Ends every connection that nobody uses: their server has been silent, and may be one that no longer leads. Those in
    /// use end by their own time limits, and one that is asked for is made anew.
    pub(crate) fn leave_the_silent(&self) {
        drop(self.pool.retain(|_, _| false));
        self.shared.leave_all();
    }

    /// Looks at what others have written, on the connection for that.
    pub(crate) async fn look<T>(&self, work: impl AsyncFn(&Tx) -> Result<T, Fault>) -> Result<T, Fault> {
        let begin = Reach::Nobody.begin(Mode::Read, self.bounds.small_ms);
        let tx = Tx::new(connection(&self.looking).await?, begin, self.bounds.prepared);
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
            let limit = Duration::from_millis(self.bounds.small_ms.into());
            let fenced = timeout(limit, self.fence(&self.pool, lane.number)).await;
            lane.writes = fenced.unwrap_or(Err(Fault::Late))?;
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
            Ended::Unknown => match self.ask_after(lane).await {
                Some(true) => {}
                Some(false) => return Err(Fault::Lost),
                None => {
                    // It may stand, or come to stand yet. The next write of this lane reads first how far it has come,
                    // and nothing that was kept is to be relied on.
                    lane.writes = 0;
                    self.unsettled.borrow_mut().push(lane.number);
                    self.watchers.tell(&[Changed::Everything]);
                    tracing::error!("whether a write was committed is not known: the server does not say");
                    return Err(Error::Unavailable.into());
                }
            },
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

    /// Whether a commit stands whose answer was lost: the lane's row was written with it. What does not stand then never
    /// will, see [`Self::fence`]. Nothing where the server does not say.
    async fn ask_after(&self, lane: &Lane) -> Option<bool> {
        for _ in 0..self.bounds.questions {
            let limit = Duration::from_millis(self.bounds.small_ms.into());
            if let Ok(Ok(writes)) = timeout(limit, self.fence(&self.pool, lane.number)).await {
                return Some(writes > lane.writes);
            }
            sleep(BETWEEN_QUESTIONS).await;
        }
        None
    }

    /// How many writes of a lane stand. Its row is written anew (made, where there is none): a transaction that has
    /// counted itself is waited for, and one that has yet to do it, on a connection that is gone for us and not for the
    /// server, finds a row its snapshot does not know and is refused.
    async fn fence(&self, pool: &Pool, number: i64) -> Result<i64, Fault> {
        let (node, now) = (self.node.as_slice(), self.clock.now().millis());
        let begin = Reach::Nobody.begin(Mode::Take, self.bounds.small_ms);
        let tx = Tx::new(connection(pool).await?, begin, self.bounds.prepared);
        let writes = match tx.one(&sql::FENCE_LANE, &[&node, &number, &now]).await {
            Ok(row) => rows::count(&row.ok_or(Error::Corrupt)?, 0)?,
            Err(fault) => {
                tx.leave().await;
                return Err(fault);
            }
        };
        // Only what is committed refuses others.
        tx.commit().await?;
        Ok(writes)
    }

    /// Fences what nobody could be asked about; whether there was any, so that what is kept may be stale.
    pub(crate) async fn settle(&self, within: Duration) -> bool {
        let unsettled = mem::take(&mut *self.unsettled.borrow_mut());
        for number in &unsettled {
            if !matches!(timeout(within, self.fence(&self.looking, *number)).await, Ok(Ok(_))) {
                self.unsettled.borrow_mut().push(*number);
            }
        }
        !unsettled.is_empty()
    }
}
