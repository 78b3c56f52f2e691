//! The whole house behind a real socket: keeper, store, journal, use cases, routes; two subscribers in it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use honnin_access::{
    Authorities, DelayBounds, FeedAuthority, HashPool, NewDevice, NodeAuthority, PoolBounds, SignInSettings,
};
use honnin_care::{Care, ExportBounds, Exports};
use honnin_front::{Bounds, Entrance, Front, listen};
use honnin_journal::Journal;
use honnin_node::{ExportWorkers, PathState, PublicPath, Standing, bell};
use honnin_overload::{RoomBounds, WaitingRoom};
use honnin_pages::format::Currency;
use honnin_pages::page::brand::Brand;
use honnin_pages::page::{Contact, HelpLink, Operator};
use honnin_pages::words::Language;
use honnin_seal::{HashCost, VerifyingKey};
use honnin_stand::{COST, Ground, Stand, gate, sign_in, the_log};
use honnin_store::conformance::{Slow, Trips};
use honnin_store::{AccountUpdate, Batch, FeedRows, Progress, StoredDocument};
use honnin_store_cache::Cached;
use honnin_store_sqlite::Sqlite;
use honnin_terms::{BillId, Clock, Entropy, HoldingId, Id, Moment, NoticeId, RequestId, Stop, TenantId};
use honnin_testkit::{FixedClock, SeededEntropy, TestDir};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::ledger::{Told, move_in, notice_of};
use super::wire::{Reply, ask};
use crate::route::{App, DeskBounds, Wiring, serve};

pub(super) const PASSWORD: &str = "umi no mieru ie de";

/// What a test knows of one subscriber.
pub(super) struct Subscriber {
    /// `name=value` of her session.
    pub(super) cookie: String,
    /// In use, suspended, ended.
    pub(super) lines: Vec<HoldingId>,
    pub(super) bill: BillId,
    /// A finished export of her session.
    pub(super) export: String,
    /// A one-time code for her.
    pub(super) code: String,
    /// Stands in her texts and in nobody else's.
    pub(super) mark: &'static str,
    /// What is stored of her.
    pub(super) stored: AccountUpdate,
}

/// Bounds of the engine, and of what is kept of it.
type StoreBounds = (honnin_store_sqlite::Bounds, honnin_store_cache::Bounds);

/// An engine on which every answer comes later and in another order, as on any behind a socket; its round trips are
/// counted.
type Engine = Trips<Cached<Slow<Sqlite>>>;

pub(super) struct House {
    pub(super) at: SocketAddr,
    pub(super) app: Arc<App>,
    pub(super) clock: Arc<FixedClock>,
    pub(super) journal: Arc<Journal>,
    /// Proven until a test says otherwise; Ken is one of its canaries.
    pub(super) path: Arc<PublicPath>,
    pub(super) standing: Arc<Standing>,
    pub(super) hana: Subscriber,
    pub(super) ken: Subscriber,
    pub(super) notice: NoticeId,
    pub(super) store: Arc<Engine>,
    pub(super) node: Arc<NodeAuthority>,
    feed: FeedAuthority,
    /// What makes exports, and those at work.
    workers: ExportWorkers,
    making: Mutex<Option<AbortHandle>>,
    pub(super) dir: TestDir,
    _ground: Ground,
    verifying: VerifyingKey,
}

impl House {
    /// With an export of each that can be fetched.
    pub(super) async fn open() -> Self {
        let mut house = Self::open_as(false, None).await;
        house.hana.export = house.exported(&house.hana).await;
        house.ken.export = house.exported(&house.ken).await;
        house
    }

    /// With personal pages stopped or not, and with somebody to tell of a weakness or not.
    pub(super) async fn open_as(stopped: bool, contact: Option<&str>) -> Self {
        Self::build(stopped, contact, StoreBounds::default(), DeskBounds::default()).await
    }

    /// With hashes that take their time where there is no password to compare with.
    pub(super) async fn open_slow() -> Self {
        let room = (StoreBounds::default(), DeskBounds::default());
        let cost = HashCost { memory_kib: 16_384, passes: 16, lanes: 1 };
        let pool = HashPool::start(PoolBounds { cost, ..PoolBounds::default() }).unwrap();
        let sign_in = SignInSettings { pool, ..sign_in() };
        Self::furnished(false, None, ExportBounds::default(), room, sign_in).await
    }

    /// The same house under another address, in an operator's own look.
    pub(super) fn in_the_look_of(mut self, brand: Brand) -> Self {
        let mut wiring = wiring_of(Arc::clone(&self.app.wiring.care), None);
        wiring.operator.brand = brand;
        self.app = Arc::new(App::new(wiring, Arc::new(SeededEntropy::new(8))).unwrap());
        self.at = serve_somewhere(&self.app);
        self
    }

    /// With one reader, one place for writes, one desk, and caches that hold a few entries.
    pub(super) async fn open_with_room_for_one() -> Self {
        let engine = honnin_store_sqlite::Bounds { readers: 1, queue: 1, group: 1, ..Default::default() };
        let cache =
            honnin_store_cache::Bounds { sessions: 4_096, rings: 4_096, documents: 4_096, wishes: 4_096 };
        let store = (engine, cache);
        // Wrong passwords by the hundred: how long those are held is tried elsewhere.
        let delay_bounds = DelayBounds { free: u32::MAX, answer_millis: 0, ..DelayBounds::default() };
        let sign_in = SignInSettings { delay_bounds, ..sign_in() };
        let desk = DeskBounds { at_once: 1, waiting: 1 };
        Self::furnished(false, None, ExportBounds::default(), (store, desk), sign_in).await
    }

    /// The key that verifies the journal.
    pub(super) fn journal_key(&self) -> VerifyingKey {
        self.verifying
    }

    /// How many disclosures the journal has; acts are entries too.
    pub(super) fn disclosed(&self) -> u64 {
        let kind = |index: u64| self.journal.read_at(index).unwrap().kind;
        let disclosed =
            (0..self.journal.size()).filter(|index| kind(*index) == honnin_journal::Kind::Disclosure);
        u64::try_from(disclosed.count()).unwrap()
    }

    /// Where the journal is.
    pub(super) fn journal_dir(&self) -> PathBuf {
        self.dir.join("journal")
    }

    async fn build(stopped: bool, contact: Option<&str>, bounds: StoreBounds, desk: DeskBounds) -> Self {
        let exports = ExportBounds::default();
        Self::furnished(stopped, contact, exports, (bounds, desk), sign_in()).await
    }

    /// With exports of those bounds.
    pub(super) async fn with_exports(bounds: ExportBounds) -> Self {
        let room = (StoreBounds::default(), DeskBounds::default());
        Self::furnished(false, None, bounds, room, sign_in()).await
    }

    /// Where people sign in by those settings.
    pub(super) async fn open_signing_in(sign_in: SignInSettings) -> Self {
        let room = (StoreBounds::default(), DeskBounds::default());
        Self::furnished(false, None, ExportBounds::default(), room, sign_in).await
    }

    async fn furnished(
        stopped: bool,
        contact: Option<&str>,
        bounds_of_exports: ExportBounds,
        ((bounds, kept), documents): (StoreBounds, DeskBounds),
        sign_in: SignInSettings,
    ) -> Self {
        let stand = Stand::on(
            &Ground::of(TenantId::FIRST),
            FixedClock::at("2026-11-20T06:00:00+09:00"),
            bounds,
            |sqlite| Trips::new(Cached::new(Slow::new(sqlite, 1), &kept)),
        );
        let authorities = stand.authorities(sign_in);
        let (keeper, entropy) = (&stand.ground.keeper, Arc::clone(&stand.ground.entropy));
        let now = stand.clock.now();
        let hana = move_in(keeper, &authorities.feed, "mio-hana", "HANA", now);
        let ken = move_in(keeper, &authorities.feed, "mio-ken", "KEN", now);
        let notice = notice_of(keeper, now);
        let mut accounts = vec![hana.stored.clone(), ken.stored.clone()];
        accounts.sort_by_key(|update| update.account);
        let progress = Progress { position: 1, state: Vec::new() };
        let batch = Batch { accounts, notices: vec![notice.clone()], progress, ..Batch::default() };
        let permit = authorities.feed.append(now, RequestId::from_octets([1; 16]));
        stand.store.commit(&permit, "ledger", batch).await.unwrap();
        let hana = signed_in(&authorities, &*entropy, now, "mio-hana", hana).await;
        let ken = signed_in(&authorities, &*entropy, now, "mio-ken", ken).await;
        let journal = stand.journal(the_log());
        let path = Arc::new(PublicPath::watched(vec![ken.stored.account; 2]));
        path.set(PathState::Proven);
        let stopped = stopped.then_some(Stop::ForeignOwner);
        let standing = Arc::new(Standing::new(stopped, Arc::clone(&path), Arc::clone(&journal), |_| {}));
        let gate = gate(authorities.gate, &journal, Arc::<Standing>::clone(&standing));
        let (node, (wake, ring)) = (Arc::new(authorities.node), bell());
        let exports = Exports { bounds: bounds_of_exports, node: Arc::clone(&node), wake: ring };
        let care = Arc::new(Care::new(stand.care(authorities.subscriber, gate, exports)));
        let workers =
            ExportWorkers { care: Arc::clone(&care), entropy: Arc::clone(&entropy), wake, at_once: 1 };
        let app = Arc::new(App::new(Wiring { documents, ..wiring_of(care, contact) }, entropy).unwrap());
        let at = serve_somewhere(&app);
        let making = Mutex::new(Some(tokio::spawn(workers.clone().run()).abort_handle()));
        let feed = authorities.feed;
        let verifying = keeper.journal_signing_key().unwrap().verifying_key().unwrap();
        let Stand { ground, store, clock, dir } = stand;
        Self {
            at,
            app,
            clock,
            journal,
            path,
            standing,
            hana,
            ken,
            notice: notice.notice,
            store,
            node,
            feed,
            dir,
            _ground: ground,
            verifying,
            workers,
            making,
        }
    }

    /// How many passwords were hashed.
    pub(super) fn hashes(&self) -> u64 {
        self.app.wiring.care.hashes().0
    }

    /// Kills the workers that make exports, wherever they are.
    pub(super) fn kill_workers(&self) {
        if let Some(making) = self.making.lock().unwrap().take() {
            making.abort();
        }
    }

    /// Others take their place.
    pub(super) fn start_workers(&self) {
        *self.making.lock().unwrap() = Some(tokio::spawn(self.workers.clone().run()).abort_handle());
    }

    /// Asks for an export and waits until it is made or has failed; its state.
    pub(super) async fn export(&self, who: &Subscriber) -> serde_json::Value {
        let cookie = format!("Cookie: {}\r\n", who.cookie);
        let begun = self.ask("POST", "/api/v1/exports", &cookie, "").await;
        assert_eq!(begun.status, 202, "{}", begun.text());
        let path = format!("/api/v1/exports/{}", begun.json()["export"].as_str().unwrap());
        for _ in 0..100_000 {
            let state = self.get(who, &path).await.json();
            if state["state"] != "waiting" && state["state"] != "working" {
                return state;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        panic!("the export is not made");
    }

    pub(super) async fn exported(&self, who: &Subscriber) -> String {
        let state = self.export(who).await;
        assert_eq!(state["state"], "ready", "{state}");
        state["export"].as_str().unwrap().to_owned()
    }

    /// Puts what is sealed of one place into another, as somebody with the database file could.
    pub(super) async fn put(&self, at: &Subscriber, documents: Vec<StoredDocument>) {
        let update = AccountUpdate {
            account: at.stored.account,
            account_key: None,
            subject_keys: Vec::new(),
            documents,
        };
        let progress = Progress { position: 2, state: Vec::new() };
        let batch = Batch { accounts: vec![update], progress, ..Batch::default() };
        let permit = self.feed.append(self.clock.now(), RequestId::from_octets([3; 16]));
        self.store.commit(&permit, "ledger", batch).await.unwrap();
    }

    /// Asks once, over a connection of its own.
    pub(super) async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        ask(self.at, method, path, headers, body).await
    }

    /// Asks as somebody.
    pub(super) async fn get(&self, who: &Subscriber, path: &str) -> Reply {
        self.ask("GET", path, &format!("Cookie: {}\r\n", who.cookie), "").await
    }

    /// Sends a form as somebody.
    pub(super) async fn post(&self, who: Option<&Subscriber>, path: &str, form: &str) -> Reply {
        let cookie = who.map(|who| format!("Cookie: {}\r\n", who.cookie)).unwrap_or_default();
        let headers = format!("{cookie}Content-Type: application/x-www-form-urlencoded\r\n");
        self.ask("POST", path, &headers, form).await
    }
}

/// Gives her the password of the tests and a session.
async fn signed_in(
    authorities: &Authorities,
    entropy: &dyn Entropy,
    now: Moment,
    login: &str,
    told: Told,
) -> Subscriber {
    let operate = authorities.operator.operate(now, RequestId::from_octets([2; 16]));
    let hash = COST.hasher().hash(PASSWORD.as_bytes(), entropy).unwrap();
    assert!(authorities.subscriber.import_password(&operate, login, &hash, entropy).await.unwrap());
    let invitation = authorities.subscriber.invitation(&operate, login, entropy).await.unwrap().unwrap();
    let code = invitation.code().reveal().to_owned();
    authorities.subscriber.issue(invitation).await.unwrap();
    let device = NewDevice::of_nobody("Firefox (Linux)".to_owned());
    let session =
        authorities.subscriber.sign_in_without_password(&operate, login, device, entropy).await.unwrap();
    let cookie = format!("session={}", session.token.reveal());
    let Told { stored, lines, bill, mark } = told;
    Subscriber { cookie, lines, bill, export: "0".repeat(32), code, mark, stored }
}

/// Serves at an address of its own, for as long as the runtime lives.
fn serve_somewhere(app: &Arc<App>) -> SocketAddr {
    serve_at(app, listen("127.0.0.1:0".parse().unwrap(), 64).unwrap())
}

/// Serves there.
pub(super) fn serve_at(app: &Arc<App>, listener: TcpListener) -> SocketAddr {
    let at = listener.local_addr().unwrap();
    let entrance = Entrance { listeners: vec![listener], ..Entrance::default() };
    tokio::spawn(serve(entrance, Arc::clone(app), std::future::pending()));
    at
}

/// No cipher, and good enough to tell texts apart.
fn check(text: &[u8]) -> [u8; 16] {
    let digest = honnin_seal::digest(&[text]);
    *digest.first_chunk().unwrap()
}

pub(super) fn wiring_of(care: Arc<Care>, contact: Option<&str>) -> Wiring {
    Wiring {
        front: Front::Loopback,
        documents: DeskBounds::default(),
        bounds: Bounds::default(),
        room: Arc::new(WaitingRoom::new(RoomBounds::default(), Box::new(|text: &[u8]| check(text)))),
        care,
        operator: Operator {
            name: "海鳴モバイル".to_owned(),
            host: "my.example.jp".to_owned(),
            contact: Contact { phone: HelpLink::new("tel:0120-000-000"), ..Contact::default() },
            top_up: None,
            texts: Language::JA,
            currency: Currency::JPY,
            brand: Brand::default(),
            status_page: None,
            demo: false,
        },
        notices: Arc::default(),
        simulated: true,
        shared_prefixes: Vec::new(),
        allowed_origins: vec!["https://app.example.jp".to_owned()],
        security_contact: contact.map(str::to_owned),
    }
}
