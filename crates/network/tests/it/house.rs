//! A house with lines, a reconciler and a way to an element.

use std::sync::Arc;
use std::time::Duration;

use honnin_access::Authorities;
use honnin_network::{Bounds, Parts, Reconciler, Waker};
use honnin_stand::{Ground, Nobody, sign_in};
use honnin_store::document::{Line as Contract, Terms, Wish};
use honnin_store::{DriveMaterial, SpeedRow, SpeedRows};
use honnin_terms::{
    AccountId, Clock, Day, Held, HoldingId, Id, LineStatus, Moment, Msisdn, RequestId, Said, SpeedReason,
    SpeedState, TenantId, Zone,
};
use honnin_testkit::SeededEntropy;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::rows::{Line, Rows};
use crate::wire::Wire;

/// Shows the paused time of the runtime as a moment.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Moment {
        let start: Moment = "2026-11-20T12:00:00+09:00".parse().unwrap();
        let passed = i64::try_from(self.0.elapsed().as_millis()).unwrap();
        Moment::from_millis(start.millis() + passed).unwrap()
    }
}

pub(crate) type LineKey = (AccountId, HoldingId);

pub(crate) struct House {
    ground: Ground,
    pub(crate) rows: Arc<Rows>,
    pub(crate) wire: Wire,
    clock: Arc<PausedClock>,
    authorities: Authorities,
}

/// A reconciler at work.
pub(crate) struct Running {
    pub(crate) waker: Waker,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) task: JoinHandle<()>,
}

impl House {
    pub(crate) fn new(wire: Wire) -> Self {
        let ground = Ground::of(TenantId::FIRST);
        let clock = Arc::new(PausedClock(Instant::now()));
        let authorities = ground.authorities(&Arc::new(Nobody), sign_in());
        Self { ground, rows: Arc::default(), wire, clock, authorities }
    }

    /// A line that has never been asked to change.
    pub(crate) fn line(&self, number: u8, status: LineStatus, to: Option<Day>) -> LineKey {
        let (account, holding) = (AccountId::from_octets([number; 16]), HoldingId::from_octets([number; 16]));
        let held = Held { from: Day::new(2026, 1, 1).unwrap(), to };
        let contract = Contract {
            as_of: Said::by_ledger(self.clock.now()),
            source: "ledger".to_owned(),
            line_code: format!("hdo{number}"),
            number: Msisdn::parse(&format!("+8170{number:08}"), "81").unwrap(),
            iccid: None,
            terms: Terms { plan: "4 GB".to_owned(), ..Terms::default() },
            held,
            status,
            high_speed: true,
            share: None,
            buckets_as_of: None,
            buckets_on: None,
            buckets: Vec::new(),
            own_buckets_as_of: None,
            own_buckets_lost: false,
            usage_months: Vec::new(),
            recent_days: Vec::new(),
        };
        let append = self.authorities.feed.append(self.clock.now(), RequestId::from_octets([0; 16]));
        let mut keys = self.ground.keeper.new_account(&append, account).unwrap();
        keys.ensure(Some(holding)).unwrap();
        let line = keys.seal(Some(holding), &[], &contract, 1).unwrap().blob;
        let (key, _) = keys.take_new();
        let line = Line {
            material: DriveMaterial { key: key.unwrap(), line },
            row: SpeedRow { revision: 0, blob: Arc::new([]) },
            fence: 0,
            tries: 0,
            due_at: None,
            leased_until: None,
        };
        self.rows.0.lock().unwrap().insert((account, holding), line);
        (account, holding)
    }

    pub(crate) fn line_in_use(&self, number: u8) -> LineKey {
        self.line(number, LineStatus::Active, None)
    }

    fn with_line<T>(
        &self,
        line: LineKey,
        f: impl FnOnce(&honnin_keeper::DrivenLine<'_>, &SpeedRow) -> T,
    ) -> T {
        let lines = self.rows.0.lock().unwrap();
        let Line { material, row, .. } = &lines[&line];
        let (material, row) = (material.clone(), row.clone());
        drop(lines);
        let request = RequestId::from_octets([0; 16]);
        let permit = self.authorities.element.drive_line(line.0, line.1, self.clock.now(), request);
        f(&self.ground.keeper.drive(&permit, &material).unwrap(), &row)
    }

    /// Asks for a speed as a page does.
    pub(crate) fn ask(&self, line: LineKey, high: bool) {
        let now = self.clock.now();
        let blob = self.with_line(line, |driven, row| {
            let before = (row.revision > 0).then(|| driven.open_wish(row).unwrap());
            let wish = Wish {
                high,
                applied_high: before.as_ref().map_or(Some(true), |wish| wish.applied_high),
                state: SpeedState::Accepted,
                reason: SpeedReason::Chosen,
                version: before.as_ref().map_or(1, |wish| wish.version + 1),
                asked_at: now,
                changed_at: now,
                session: before.and_then(|wish| wish.session),
            };
            driven.seal_wish(&wish).unwrap()
        });
        self.rows.write(line, blob, now);
    }

    /// The wish as a page would read it.
    pub(crate) fn wish(&self, line: LineKey) -> Wish {
        self.with_line(line, |driven, row| driven.open_wish(row).unwrap())
    }

    pub(crate) fn run(&self, bounds: Bounds) -> Running {
        let rows: Arc<dyn SpeedRows> = Arc::<Rows>::clone(&self.rows);
        let clock: Arc<dyn Clock> = Arc::<PausedClock>::clone(&self.clock);
        let parts = Parts {
            authority: self.ground.authorities(&Arc::new(Nobody), sign_in()).element,
            rows,
            keeper: Arc::clone(&self.ground.keeper),
            element: Arc::new(self.wire.clone()),
            clock,
            entropy: Arc::new(SeededEntropy::new(4)),
            zone: Zone::named("Asia/Tokyo").unwrap(),
        };
        let reconciler = Reconciler::new(parts, bounds).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let waker = reconciler.waker();
        let task = tokio::spawn(reconciler.run(async move {
            drop(stopped.await);
        }));
        Running { waker, stop, task }
    }

    /// Waits until the wish is in that state; the seconds it took.
    pub(crate) async fn until(&self, line: LineKey, state: SpeedState) -> i64 {
        let start = self.clock.now();
        for _ in 0..100_000 {
            if self.wish_state(line) == Some(state) {
                return self.clock.now().seconds_since(start);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("it never became {state:?}: {:?}", self.wish(line));
    }

    fn wish_state(&self, line: LineKey) -> Option<SpeedState> {
        self.with_line(line, |driven, row| driven.open_wish(row).ok().map(|wish| wish.state))
    }
}
