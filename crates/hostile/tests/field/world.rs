//! An installation with one ledger, asked over its socket, at whatever time a case wants.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use honnin_access::{
    Authorities, DelayBounds, HashPool, NewDevice, OperatorAuthority, PasswordRules, PoolBounds,
    SessionLimits, SignInSettings, SubscriberAuthority,
};
use honnin_care::{Care, CareParts, ExportBounds, Exports, Gate, Recorder};
use honnin_front::{Bounds, Entrance, Front, listen};
use honnin_intake::{Feed, Mapping, PARTITION_OCTETS, RunError, Summary};
use honnin_journal::{EpochKeys, FileAnchor, Journal, LogKeys, Opening};
use honnin_keeper::{Keeper, Silent};
use honnin_node::{PublicPath, Standing};
use honnin_pages::format::Currency;
use honnin_pages::page::brand::Brand;
use honnin_pages::page::{Contact, Operator};
use honnin_pages::words::Language;
use honnin_seal::{HashCost, PasswordHash};
use honnin_store_sqlite::Sqlite;
use honnin_terms::{Clock, Entropy, Id, Moment, RequestId, TenantId};
use honnin_testkit::{FixedClock, SeededEntropy, TestDir};
use honnin_web::route::{App, DeskBounds, Wiring, serve, session_cookie};
use tokio::runtime::Runtime;

/// Argon2id at a cost for tests.
const COST: HashCost = HashCost { memory_kib: 32, passes: 1, lanes: 1 };

const KEY_FILE: &[u8] = b"a key file for tests: long enough, and worth nothing";

fn request() -> RequestId {
    RequestId::from_octets([1; 16])
}

/// What all worlds share: opening a keyring takes its time, as it must.
pub(crate) struct Ground {
    runtime: Runtime,
    keeper: Arc<Keeper>,
    entropy: Arc<dyn Entropy>,
    password: PasswordHash,
    _dir: TestDir,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let dir = TestDir::new();
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        Keeper::create(dir.path(), KEY_FILE, &*entropy).unwrap();
        let keeper =
            Keeper::open(dir.path(), KEY_FILE, TenantId::FIRST, Arc::clone(&entropy), Arc::new(Silent));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self {
            runtime: runtime.unwrap(),
            keeper: Arc::new(keeper.unwrap()),
            password: COST.hasher().hash(b"umi no mieru ie de", &*entropy).unwrap(),
            entropy,
            _dir: dir,
        }
    }
}

/// One installation.
pub(crate) struct World<'g> {
    ground: &'g Ground,
    pub(crate) mapping: Mapping,
    clock: Arc<FixedClock>,
    store: Arc<Sqlite>,
    feed: honnin_access::FeedAuthority,
    operator: OperatorAuthority,
    subscriber: SubscriberAuthority,
    at: SocketAddr,
    cookie: &'static str,
    dir: TestDir,
}

impl<'g> World<'g> {
    pub(crate) fn open(ground: &'g Ground, mapping: Mapping, now: Moment) -> Self {
        let dir = TestDir::new();
        let clock = Arc::new(FixedClock::showing(now));
        honnin_store_sqlite::create(dir.path()).unwrap();
        let bounds = honnin_store_sqlite::Bounds::default();
        let store = Arc::new(Sqlite::open(dir.path(), bounds, Arc::<FixedClock>::clone(&clock)).unwrap());
        let authorities = || authorities(&store, &ground.keeper);
        let Authorities { subscriber, gate, node, .. } = authorities();
        let zone = mapping.ledger.zone.clone();
        let care = Care::new(CareParts {
            subscriber,
            store: Arc::<Sqlite>::clone(&store),
            gate: way_out(&dir, &ground.keeper, gate, now),
            clock: Arc::<FixedClock>::clone(&clock),
            exports: Exports { bounds: ExportBounds::default(), node: Arc::new(node), wake: Arc::new(|| {}) },
            zone,
            wish_seconds: 0,
            wake: Arc::new(|| {}),
        });
        let _within = ground.runtime.enter();
        let listener = listen("127.0.0.1:0".parse().unwrap(), 64).unwrap();
        let at = listener.local_addr().unwrap();
        let entrance =
            Entrance { listeners: vec![listener], later: Vec::new(), tls: None, shared_prefixes: Vec::new() };
        let app = App::new(wiring(care), Arc::clone(&ground.entropy)).unwrap();
        tokio::spawn(serve(entrance, Arc::new(app), std::future::pending()));
        let Authorities { subscriber, operator, feed, .. } = authorities();
        let cookie = session_cookie(&Front::Loopback);
        Self { ground, mapping, clock, store, feed, operator, subscriber, at, cookie, dir }
    }

    /// Takes in an extract at that moment.
    pub(crate) fn take(&self, dirs: &[PathBuf], now: Moment) -> Result<Summary, RunError> {
        self.clock.move_to(now);
        let permit = self.feed.append(self.clock.now(), request());
        let feed = Feed {
            permit: &permit,
            keeper: &self.ground.keeper,
            store: &*self.store,
            entropy: &*self.ground.entropy,
            spill_dir: self.dir.path(),
            partition_octets: PARTITION_OCTETS,
        };
        feed.take(&self.mapping, dirs, &mut |_| {})
    }

    /// A visit of that account, at that moment; nothing where the ledger has not named it.
    pub(crate) fn visit(&self, login: &str, now: Moment) -> Option<Visit> {
        self.clock.move_to(now);
        let permit = self.operator.operate(self.clock.now(), request());
        let device = NewDevice::of_nobody("Firefox (Linux)".to_owned());
        let token = self.ground.runtime.block_on(async {
            let (hash, entropy) = (&self.ground.password, &*self.ground.entropy);
            self.subscriber.import_password(&permit, login, hash, entropy).await.ok()?;
            self.subscriber.sign_in_without_password(&permit, login, device, entropy).await.ok()
        });
        let cookie = format!("{}={}", self.cookie, token?.token.reveal());
        Some(Visit { at: self.at, cookie })
    }
}

/// A signed-in browser.
pub(crate) struct Visit {
    at: SocketAddr,
    cookie: String,
}

impl Visit {
    /// The body of an answer of 200.
    pub(crate) fn octets(&self, path: &str) -> Vec<u8> {
        self.answer(path).1
    }

    /// What all pages of a list have under that key, one after another.
    pub(crate) fn listed(&self, path: &str, key: &str) -> Vec<serde_json::Value> {
        let (mut all, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let (head, body) = self.answer(&path);
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            all.extend(body[key].as_array().unwrap().iter().cloned());
            let link = head.lines().find_map(|line| line.strip_prefix("link: "));
            let link = link.filter(|link| link.contains("rel=\"next\""));
            next = link.and_then(|link| Some(link.split_once('<')?.1.split_once('>')?.0.to_owned()));
        }
        all
    }

    fn answer(&self, path: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.at).unwrap();
        let cookie = &self.cookie;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: a.example\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut came = Vec::new();
        stream.read_to_end(&mut came).unwrap();
        let end = came.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&came[..end]).into_owned();
        assert!(
            head.starts_with("HTTP/1.1 200"),
            "{path}: {head}\n{}",
            String::from_utf8_lossy(&came[end..])
        );
        (head, came.split_off(end + 4))
    }

    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8(self.octets(path)).unwrap()
    }

    pub(crate) fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_str(&self.text(path)).unwrap()
    }
}

fn authorities(store: &Arc<Sqlite>, keeper: &Arc<Keeper>) -> Authorities {
    let settings = SignInSettings {
        session_limits: SessionLimits::default(),
        password_rules: PasswordRules::default(),
        code_seconds: 3600,
        consent_seconds: 3600,
        delay_bounds: DelayBounds { answer_millis: 0, ..DelayBounds::default() },
        pool: HashPool::start(PoolBounds { threads: 1, cost: COST, ..PoolBounds::default() }).unwrap(),
    };
    Authorities::new(
        TenantId::FIRST,
        Arc::<Sqlite>::clone(store),
        Arc::<Sqlite>::clone(store),
        Arc::<Keeper>::clone(keeper),
        settings,
    )
}

fn way_out(dir: &TestDir, keeper: &Keeper, authority: honnin_access::GateAuthority, now: Moment) -> Gate {
    let bounds = honnin_journal::Bounds { segment_octets: 1 << 20, ..honnin_journal::Bounds::default() };
    let journal = Journal::open(Opening {
        root: dir.join("journal"),
        log: keeper.journal_log("1").unwrap(),
        origin: "field/journal".to_owned(),
        keys: LogKeys {
            signing: keeper.journal_signing_key().unwrap(),
            chain: keeper.journal_chain_key().unwrap(),
        },
        bounds,
        anchor: Arc::new(FileAnchor(dir.join("anchors"))),
        steady: None,
        as_it_is: false,
    });
    let epoch = keeper.journal_epoch(now, 4_000 * 86_400).unwrap();
    let (pseudonym, body) = (epoch.pseudonyms, epoch.bodies);
    let epoch = EpochKeys { tenant: TenantId::FIRST, epoch: epoch.number, pseudonym, body };
    let journal = Arc::new(journal.unwrap());
    let standing = Standing::new(None, Arc::new(PublicPath::unwatched()), Arc::clone(&journal), |_| {});
    Gate::new(authority, Recorder::new(journal, vec![epoch]), Arc::new(standing))
}

fn wiring(care: Care) -> Wiring {
    Wiring {
        documents: DeskBounds::default(),
        front: Front::Loopback,
        bounds: Bounds::default(),
        care: Arc::new(care),
        operator: Operator {
            name: "試験通信".to_owned(),
            host: "my.example.jp".to_owned(),
            contact: Contact::default(),
            top_up: None,
            texts: Language::JA,
            currency: Currency::JPY,
            brand: Brand::default(),
            demo: false,
        },
        simulated: true,
        shared_prefixes: Vec::new(),
        allowed_origins: Vec::new(),
        security_contact: None,
    }
}
