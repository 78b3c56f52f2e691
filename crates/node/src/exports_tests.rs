//! Workers of exports that stand still or are told wrong: what they leave is handed to nobody.

use honnin_access::{Answer, Keep, NodeAuthority, Permit};
use honnin_care::{Asking, Channel, Claimed, ExportBounds, ExportFault, Outcome, Shelf};
use honnin_stand::{Ground, Stand, sign_in};
use honnin_store::{ClaimRows, ClaimedWork, Error, NewWork, Queue, Settled, WorkId, WorkRow};
use honnin_store_sqlite::{Bounds, Sqlite};
use honnin_terms::{AccountId, Clock as _, ExportId, Id, Moment, RequestId, SessionId, TenantId};
use honnin_testkit::FixedClock;

const LEASE: i64 = 90;

struct Town {
    stand: Stand<Sqlite>,
    node: NodeAuthority,
    bounds: ExportBounds,
}

fn her() -> AccountId {
    AccountId::from_octets([1; 16])
}

fn session() -> SessionId {
    SessionId::from_octets([2; 16])
}

fn export() -> ExportId {
    ExportId::from_octets([3; 16])
}

impl Town {
    fn new() -> Self {
        let clock = FixedClock::at("2026-11-20T06:00:00+09:00");
        let stand = Stand::on(&Ground::of(TenantId::FIRST), clock, Bounds::default(), |sqlite| sqlite);
        let node = stand.authorities(sign_in()).node;
        Self { stand, node, bounds: ExportBounds::default() }
    }

    fn shelf<'a>(&'a self, rows: &'a dyn ClaimRows) -> Shelf<'a> {
        Shelf { rows, node: &self.node, bounds: &self.bounds, lease_seconds: LEASE }
    }

    fn rows(&self) -> &dyn ClaimRows {
        &*self.stand.store
    }

    fn keep(&self) -> Permit<Keep> {
        self.node.keep(self.stand.clock.now(), RequestId::from_octets([4; 16]))
    }

    fn later(&self, seconds: i64) {
        self.stand.clock.move_to(self.stand.clock.now().plus_seconds(seconds));
    }

    async fn asks(&self) {
        let asking = Asking {
            account: her(),
            session: session(),
            channel: Channel::Page,
            export: export(),
            source: &[5],
        };
        let (_, is_new) = self.shelf(self.rows()).begin(&self.keep(), asking, || Ok(vec![6])).await.unwrap();
        assert!(is_new);
    }

    async fn claims(&self) -> Claimed {
        self.shelf(self.rows()).claim(&self.keep()).await.unwrap().unwrap()
    }

    async fn puts(&self, claimed: &Claimed, content: &str) -> Outcome {
        self.shelf(self.rows()).keep(&self.keep(), claimed, content.into()).await.unwrap()
    }

    async fn makes(&self, claimed: &Claimed, content: &str) {
        let outcome = self.puts(claimed, content).await;
        self.shelf(self.rows()).settle(&self.keep(), claimed, outcome).await.unwrap();
    }

    /// What is handed to her, and under which claim it was made.
    async fn handed(&self) -> (u64, String) {
        let sealed =
            self.shelf(self.rows()).sealed(&self.keep(), (her(), session()), export()).await.unwrap();
        (sealed.fence, String::from_utf8(sealed.octets).unwrap())
    }

    async fn lies(&self) -> bool {
        self.rows().work(&self.keep(), Queue::EXPORTED, export().octets()).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn what_a_worker_puts_that_stood_still_is_handed_to_nobody() {
    let town = Town::new();
    town.asks().await;
    let still = town.claims().await;
    town.later(LEASE + 1);
    let second = town.claims().await;
    town.makes(&second, "second").await;
    assert_eq!(town.handed().await, (second.fence(), "second".to_owned()));
    // It goes on while the other's is there, and breaks off again.
    town.puts(&still, "still").await;
    assert_eq!(town.handed().await, (second.fence(), "second".to_owned()));
    // And goes on when nothing is there any more, just before she asks for the same once more.
    town.later(86_000);
    town.puts(&still, "still").await;
    town.later(401);
    town.asks().await;
    let third = town.claims().await;
    town.makes(&third, "third").await;
    assert_eq!(town.handed().await, (third.fence(), "third".to_owned()));
    // What it says in the end takes nothing away that is not its own.
    town.shelf(town.rows()).settle(&town.keep(), &still, Outcome::Failed(ExportFault::Failed)).await.unwrap();
    assert_eq!(town.handed().await, (third.fence(), "third".to_owned()));
}

#[tokio::test]
async fn a_worker_that_is_followed_by_another_leaves_nothing() {
    let town = Town::new();
    town.asks().await;
    let still = town.claims().await;
    town.later(LEASE + 1);
    let second = town.claims().await;
    let outcome = town.puts(&still, "still").await;
    assert!(town.lies().await);
    town.shelf(town.rows()).settle(&town.keep(), &still, outcome).await.unwrap();
    assert!(!town.lies().await, "it is the other's, and nothing of it is there yet");
    town.makes(&second, "second").await;
    assert_eq!(town.handed().await, (second.fence(), "second".to_owned()));
}

/// A store that takes what is put and says that it does not answer.
struct Mute<'a>(&'a dyn ClaimRows);

impl ClaimRows for Mute<'_> {
    fn put_work(&self, permit: &Permit<Keep>, work: NewWork) -> Answer<'_, Result<bool, Error>> {
        let put = self.0.put_work(permit, work);
        Answer::later(async move { put.await.and(Err(Error::Unavailable)) })
    }
    fn claim_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        lease_seconds: i64,
        most: usize,
    ) -> Answer<'_, Result<Vec<ClaimedWork>, Error>> {
        self.0.claim_work(permit, queue, lease_seconds, most)
    }
    fn settle_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
        fence: u64,
        settled: Settled,
    ) -> Answer<'_, Result<(), Error>> {
        self.0.settle_work(permit, queue, id, fence, settled)
    }
    fn drop_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
        payload: Option<Vec<u8>>,
    ) -> Answer<'_, Result<bool, Error>> {
        self.0.drop_work(permit, queue, id, payload)
    }
    fn work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
    ) -> Answer<'_, Result<Option<WorkRow>, Error>> {
        self.0.work(permit, queue, id)
    }
    fn works(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        owner: Option<AccountId>,
        after: Option<WorkId>,
        most: usize,
    ) -> Answer<'_, Result<Vec<WorkRow>, Error>> {
        self.0.works(permit, queue, owner, after, most)
    }
    fn waiting(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
    ) -> Answer<'_, Result<(u64, Option<Moment>), Error>> {
        self.0.waiting(permit, queue)
    }
}

#[tokio::test]
async fn an_export_whose_put_was_not_answered_leaves_no_row() {
    let town = Town::new();
    town.asks().await;
    let claimed = town.claims().await;
    let mute = Mute(town.rows());
    let shelf = town.shelf(&mute);
    assert_eq!(shelf.keep(&town.keep(), &claimed, vec![7]).await, Err(ExportFault::NoRoom));
    assert!(town.lies().await, "it was put all the same");
    shelf.settle(&town.keep(), &claimed, Outcome::Failed(ExportFault::NoRoom)).await.unwrap();
    assert!(!town.lies().await);
}

#[tokio::test]
async fn a_record_that_is_not_read_keeps_nobody_from_a_new_export() {
    let town = Town::new();
    // Both places of the account, as a build of another form has left them: one to be made, one made.
    for number in [10, 11] {
        let (session, export) = (SessionId::from_octets([number; 16]), ExportId::from_octets([number; 16]));
        let asking = Asking { account: her(), session, channel: Channel::Page, export, source: &[number] };
        town.shelf(town.rows()).begin(&town.keep(), asking, || Ok(vec![6])).await.unwrap();
    }
    let stand = town.rows().works(&town.keep(), Queue::EXPORTS, Some(her()), None, 10).await.unwrap();
    assert_eq!(stand.len(), 2);
    for (row, due) in stand.into_iter().zip([None, Some(town.stand.clock.now())]) {
        assert!(town.rows().drop_work(&town.keep(), Queue::EXPORTS, &row.id, None).await.unwrap());
        let WorkRow { id, owner, until, .. } = row;
        let work = NewWork { queue: Queue::EXPORTS, id, owner, payload: vec![7; 30], due, until };
        assert!(town.rows().put_work(&town.keep(), work).await.unwrap());
    }
    town.asks().await;
    let left = town.rows().works(&town.keep(), Queue::EXPORTS, Some(her()), None, 10).await.unwrap();
    assert_eq!(left.iter().filter(|row| row.payload == [7; 30]).count(), 1, "one place was enough");
    let work = loop {
        // The other is swept as it is claimed.
        if let Some(work) = town.shelf(town.rows()).claim(&town.keep()).await.unwrap() {
            break work;
        }
    };
    town.makes(&work, "hers").await;
    assert_eq!(town.handed().await.1, "hers");
}
