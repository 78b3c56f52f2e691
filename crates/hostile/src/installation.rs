//! The parts of an installation, wired as the binary wires them, in this process and with what tests can afford: for the
//! house of the fuzz bodies and for the tests of what real systems do to files.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use honnin_access::{
    Authorities, DelayBounds, FeedAuthority, GateAuthority, HashPool, PasswordRules, PoolBounds,
    SessionLimits, SignInSettings,
};
use honnin_care::{Care, CareParts, ExportBounds, Exports, Gate, Recorder};
use honnin_front::{Bounds, Entrance, Front, listen};
use honnin_intake::{Feed, Mapping, PARTITION_OCTETS, RunError, Summary};
use honnin_journal::{EpochKeys, FileAnchor, Journal, LogKeys, Opening};
use honnin_keeper::{EpochList, Keeper, Silent};
use honnin_node::{PublicPath, Standing};
use honnin_pages::format::Currency;
use honnin_pages::page::brand::Brand;
use honnin_pages::page::{Contact, Operator};
use honnin_pages::words::Language;
use honnin_seal::HashCost;
use honnin_store_sqlite::Sqlite;
use honnin_terms::{Clock as _, Entropy, Id as _, RequestId, TenantId, Zone};
use honnin_testkit::{FixedClock, TestDir};
use honnin_web::route::{App, DeskBounds, Wiring, serve};

use crate::Failure;

/// Argon2id at a cost for tests.
pub const COST: HashCost = HashCost { memory_kib: 32, passes: 1, lanes: 1 };

const KEY_FILE: &[u8] = b"a key file for tests: long enough, and worth nothing";

/// Creates a keyring in that directory and opens it, which takes its time, as it must.
///
/// # Errors
/// [`Failure`] where the machine does not give it.
pub fn keeper(dir: &Path, entropy: &Arc<dyn Entropy>) -> Result<Arc<Keeper>, Failure> {
    Keeper::create(dir, KEY_FILE, &**entropy)?;
    let keeper = Keeper::open(dir, KEY_FILE, TenantId::FIRST, Arc::clone(entropy), Arc::new(Silent))?;
    Ok(Arc::new(keeper))
}

/// What differs between the journals of installations.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    /// Whose journal it says it is.
    pub origin: &'static str,
}

/// What differs between the sites of installations.
#[derive(Debug)]
pub struct Site {
    /// The operator's name.
    pub name: &'static str,
    /// How the operator is reached.
    pub contact: Contact,
    /// Whom to tell of a weakness.
    pub security_contact: Option<String>,
}

/// What the parts of one installation share.
pub struct Installation {
    /// Its keys.
    pub keeper: Arc<Keeper>,
    /// Its store.
    pub store: Arc<Sqlite>,
    /// Its time.
    pub clock: Arc<FixedClock>,
    /// Its randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where its store and its journal lie. Last, so that it goes last.
    pub dir: TestDir,
}

impl std::fmt::Debug for Installation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Installation(..)")
    }
}

impl Installation {
    /// Creates a store in that directory and opens it.
    ///
    /// # Errors
    /// [`Failure`] where the machine does not give it.
    pub fn open(
        dir: TestDir,
        keeper: Arc<Keeper>,
        clock: Arc<FixedClock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Failure> {
        honnin_store_sqlite::create(dir.path())?;
        let bounds = honnin_store_sqlite::Bounds::default();
        let store = Arc::new(Sqlite::open(dir.path(), bounds, Arc::<FixedClock>::clone(&clock))?);
        Ok(Self { keeper, store, clock, entropy, dir })
    }

    /// What may be done in it, each part by its own authority.
    ///
    /// # Errors
    /// [`Failure`] where the machine starts no thread for hashes.
    pub fn authorities(&self) -> Result<Authorities, Failure> {
        let settings = SignInSettings {
            session_limits: SessionLimits::default(),
            password_rules: PasswordRules::default(),
            code_seconds: 3600,
            consent_seconds: 3600,
            delay_bounds: DelayBounds { answer_millis: 0, ..DelayBounds::default() },
            pool: HashPool::start(PoolBounds { threads: 1, cost: COST, ..PoolBounds::default() })?,
        };
        Ok(Authorities::new(
            TenantId::FIRST,
            Arc::<Sqlite>::clone(&self.store),
            Arc::<Sqlite>::clone(&self.store),
            Arc::<Keeper>::clone(&self.keeper),
            settings,
        ))
    }

    /// Takes in an extract.
    ///
    /// # Errors
    /// [`RunError`] as every run tells it.
    pub fn take(
        &self,
        authority: &FeedAuthority,
        mapping: &Mapping,
        dirs: &[PathBuf],
    ) -> Result<Summary, RunError> {
        let permit = authority.append(self.clock.now(), RequestId::from_octets([1; 16]));
        let feed = Feed {
            permit: &permit,
            keeper: &self.keeper,
            store: &*self.store,
            entropy: &*self.entropy,
            spill_dir: self.dir.path(),
            partition_octets: PARTITION_OCTETS,
        };
        feed.take(mapping, dirs, &mut |_| {})
    }

    /// What subscribers can do in it, with a new journal.
    ///
    /// # Errors
    /// [`Failure`] where the machine does not give it.
    pub fn care(&self, log: Log, zone: Zone) -> Result<Arc<Care>, Failure> {
        let Authorities { subscriber, gate, node, .. } = self.authorities()?;
        Ok(Arc::new(Care::new(CareParts {
            subscriber,
            store: Arc::<Sqlite>::clone(&self.store),
            gate: self.way_out(log, gate)?,
            clock: Arc::<FixedClock>::clone(&self.clock),
            exports: Exports { bounds: ExportBounds::default(), node: Arc::new(node), wake: Arc::new(|| {}) },
            zone,
            wish_seconds: 0,
            wake: Arc::new(|| {}),
        })))
    }

    fn way_out(&self, log: Log, authority: GateAuthority) -> Result<Gate, Failure> {
        let keeper = &self.keeper;
        let bounds = honnin_journal::Bounds { segment_octets: 1 << 20, ..honnin_journal::Bounds::default() };
        let journal = Journal::open(Opening {
            root: self.dir.join("journal"),
            log: keeper.journal_log("1")?,
            origin: log.origin.to_owned(),
            keys: LogKeys { signing: keeper.journal_signing_key()?, chain: keeper.journal_chain_key()? },
            bounds,
            anchor: Arc::new(FileAnchor(self.dir.join("anchors"))),
            steady: None,
            as_it_is: false,
        })?;
        let list = keeper.begin_epoch(&EpochList::default(), self.clock.now())?;
        let keys = keeper.epoch_keys(&list)?.into_iter().map(|epoch| EpochKeys {
            tenant: TenantId::FIRST,
            epoch: epoch.number,
            pseudonym: epoch.pseudonyms,
            body: epoch.bodies,
        });
        let keys = keys.collect();
        let journal = Arc::new(journal);
        let standing = Standing::new(None, Arc::new(PublicPath::unwatched()), Arc::clone(&journal), |_| {});
        Ok(Gate::new(authority, Recorder::new(journal, keys), Arc::new(standing)))
    }

    /// Opens a door to what subscribers can do; its connections live on the runtime in whose context this is called.
    ///
    /// # Errors
    /// [`Failure`] where the machine does not give it.
    pub fn begin(&self, care: &Arc<Care>, front: Front, site: Site) -> Result<SocketAddr, Failure> {
        let wiring = Wiring {
            documents: DeskBounds::default(),
            front,
            bounds: Bounds::default(),
            care: Arc::clone(care),
            operator: Operator {
                name: site.name.to_owned(),
                host: "my.example.jp".to_owned(),
                contact: site.contact,
                top_up: None,
                texts: Language::JA,
                currency: Currency::JPY,
                brand: Brand::default(),
                demo: false,
            },
            simulated: true,
            shared_prefixes: Vec::new(),
            allowed_origins: Vec::new(),
            security_contact: site.security_contact,
        };
        let listener = listen("127.0.0.1:0".parse()?, 64)?;
        let at = listener.local_addr()?;
        let entrance =
            Entrance { listeners: vec![listener], later: Vec::new(), tls: None, shared_prefixes: Vec::new() };
        let app = App::new(wiring, Arc::clone(&self.entropy))?;
        tokio::spawn(serve(entrance, Arc::new(app), std::future::pending()));
        Ok(at)
    }
}
