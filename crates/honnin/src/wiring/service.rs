//! The service: journal, gate, use cases, reconciler and routes of one installation, from start to a clean stop.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use honnin_care::{Care, CareParts, Exports, Gate};
use honnin_front::{Front, Untolds};
use honnin_journal::{Anchor as _, FileAnchor, Journal, LogKeys, Opening, StartError, Trust};
use honnin_keeper::Keeper;
use honnin_network::{Parts, Reconciler, Simulated, Simulation};
use honnin_node::{
    Canaries, Epochs, ExportWorkers, Machine, ModeRow, Probe, PublicPath, Standing, Upkeep, Watch, accounts,
    bell,
};
use honnin_pages::format::Currency;
use honnin_pages::page::{Contact, HelpLink, Operator};
use honnin_pages::words::Language;
use honnin_store::Store;
use honnin_terms::{Clock as _, Moment, Stop};
use honnin_web::route::{App, Wiring, serve, session_cookie};
use tokio::sync::watch;

use super::bounds;
use super::doors::Doors;
use super::look::look;
use super::monitor::{self, Metrics};
use super::rooms::{Rooms, entropy};
use super::way::way;
use crate::failure::Failure;
use crate::installation::{Installation, free_octets};
use crate::machine::SystemClock;
use crate::settings::Settings;

/// Everything that answers, before it does.
#[derive(Debug)]
pub(crate) struct Service {
    app: Arc<App>,
    reconciler: Reconciler,
    upkeep: Upkeep,
    exports: ExportWorkers,
    journal: Arc<Journal>,
    standing: Arc<Standing>,
    probe: Option<Probe>,
    store: Arc<dyn Store>,
    volume: PathBuf,
    untold: PathBuf,
}

impl Service {
    /// Opens the journal and puts everything together behind that front.
    ///
    /// # Errors
    /// [`Failure`]: what cannot be opened, and why.
    pub(crate) fn new(rooms: Rooms, front: Front) -> Result<Self, Failure> {
        let now = rooms.clock.0.now();
        let journal = Arc::new(open_journal(&rooms)?);
        let longest = rooms.installation.settings.journal.epoch.whole_seconds();
        let epochs = Epochs::at(&rooms.keeper, now, longest)?;
        epochs.mark(&journal, now)?;
        let Rooms { installation, clock, zone, keeper, store, authorities } = rooms;
        let (settings, clock) = (&installation.settings, clock.0);
        let way = way(&installation)?;
        let path = Arc::new(match &way {
            Some(_) => PublicPath::watched(accounts(&keeper)),
            None => PublicPath::unwatched(),
        });
        let node = Arc::new(authorities.node);
        let row = ModeRow::new(
            Arc::<dyn Store>::clone(&store),
            Arc::clone(&node),
            Arc::<Keeper>::clone(&keeper),
            Arc::clone(&clock),
            entropy(),
        );
        let standing = Arc::new(standing(&installation, Arc::clone(&path), Arc::clone(&journal), row));
        let house = Arc::<Standing>::clone(&standing);
        let gate = Gate::new(authorities.gate, Arc::clone(&journal), epochs.keys, house);
        let parts = Parts {
            authority: authorities.element,
            rows: Arc::<dyn Store>::clone(&store),
            keeper: Arc::clone(&keeper),
            // The only one there is; the settings name no other.
            element: Arc::new(Simulated::new(Simulation::default())),
            clock: Arc::clone(&clock),
            entropy: entropy(),
            zone: zone.clone(),
        };
        let reconciler = Reconciler::new(parts, bounds::network(&settings.network))
            .map_err(|reason| Failure::settings(&reason).during("use [network] of the settings"))?;
        let (wake, ring) = bell();
        let care = Arc::new(Care::new(CareParts {
            subscriber: authorities.subscriber,
            store: Arc::<dyn Store>::clone(&store),
            gate,
            clock: Arc::clone(&clock),
            exports: Exports { bounds: bounds::exports(&settings.exports), node, wake: ring },
            zone: zone.clone(),
            wish_seconds: settings.network.between_wishes.whole_seconds(),
            wake: reconciler.waker().callback(),
        }));
        let operator = Arc::new(authorities.operator);
        let probe = way.map(|way| Probe {
            way,
            canaries: Canaries {
                keeper: Arc::clone(&keeper),
                store: Arc::clone(&store),
                care: Arc::clone(&care),
                feed: authorities.feed,
                operator: Arc::clone(&operator),
                clock: Arc::clone(&clock),
                entropy: entropy(),
                zone,
                cookie: session_cookie(&front),
                sessions: None,
            },
            watch: Watch::new(
                path,
                bounds::watch(&settings.canary),
                Arc::clone(&clock),
                installation.public_path_marker(),
            ),
        });
        let at_once = settings.exports.at_once;
        let exports = ExportWorkers { care: Arc::clone(&care), entropy: entropy(), wake, at_once };
        let app = App::new(wiring(&installation, Arc::clone(&care), front)?, entropy())?;
        let upkeep = Upkeep {
            bounds: bounds::upkeep(settings),
            clock,
            entropy: entropy(),
            keeper,
            store: Arc::clone(&store),
            journal: Arc::clone(&journal),
            care,
            operator,
            // Taken once there is somebody to count.
            figures: Box::new(|| ()),
        };
        let untold = installation.untold_marker();
        let volume = installation.place.data;
        Ok(Self {
            app: Arc::new(app),
            reconciler,
            upkeep,
            exports,
            journal,
            standing,
            probe,
            store,
            volume,
            untold,
        })
    }

    /// Answers until `stop` is ready, then ends begun requests and calls, and closes what was opened.
    ///
    /// # Errors
    /// [`Failure`] where a socket may not be listened on, or the last entries of the journal are not published.
    pub(crate) async fn run(
        self,
        doors: Doors,
        metrics: Metrics,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), Failure> {
        let Self { app, reconciler, upkeep, exports, journal, standing, probe, store, volume, untold } = self;
        let (ended, mut ending) = watch::channel(false);
        let kept = Arc::clone(&standing);
        let keeping = tokio::spawn(async move { kept.keep().await });
        tokio::spawn(monitor::run(doors.monitor, doors.token, metrics.clone(), standing));
        let driving = tokio::spawn(reconciler.run(async move {
            // The sender's end is an end as well.
            drop(ending.wait_for(|ended| *ended).await);
        }));
        let figures = figures(volume, metrics, proxies(untold, app.untolds()));
        let upkeep = Upkeep { figures, ..upkeep }.start()?;
        let looking = probe.map(|probe| tokio::spawn(probe.run()));
        let exporting = tokio::spawn(exports.run());
        let served = serve(doors.entrance, app, stop).await;
        if let Some(looking) = looking {
            looking.abort();
        }
        exporting.abort();
        ended.send_replace(true);
        if driving.await.is_err() {
            tracing::error!("the reconciler ended before its time");
        }
        upkeep.stop();
        keeping.abort();
        store.close().await;
        served?;
        // Durable it is already; published it can be verified by others at once.
        journal.publish()?;
        Ok(())
    }
}

/// Opens the journal of an installation.
fn open_journal(rooms: &Rooms) -> Result<Journal, Failure> {
    start_journal(rooms).map_err(|reason| {
        Failure::from(reason)
            .during("start (nothing can be shown without the journal; see `honnin journal verify`)")
    })
}

/// The node, until there are several: its log follows from its name.
pub(crate) const NODE: &str = "1";

#[expect(
    clippy::disallowed_methods,
    reason = "the clock that only goes forward: by it a clock that was set is noticed"
)]
fn now() -> Instant {
    Instant::now()
}

/// Opens the journal of an installation, or says why not.
///
/// # Errors
/// [`StartError::Locked`] where another process has it; the others need a person.
pub(super) fn start_journal(rooms: &Rooms) -> Result<Journal, StartError> {
    open_log(&rooms.installation, &rooms.keeper, NODE)
}

/// The log of commands.
pub(super) const COMMANDS: &str = "commands";

/// The smallest segment: commands write little.
const SMALL_SEGMENT: u64 = 1 << 20;

/// Opens a log of the journal by the name of who writes it.
///
/// # Errors
/// [`StartError::Locked`] where another process has it; the others need a person.
pub(super) fn open_log(
    installation: &Installation,
    keeper: &Keeper,
    writer: &str,
) -> Result<Journal, StartError> {
    let Installation { settings, .. } = installation;
    let mut bounds = bounds::journal(&settings.journal);
    if writer == COMMANDS {
        bounds.segment_octets = SMALL_SEGMENT;
    }
    let wrong = |_| StartError::Foreign;
    let started = now();
    Journal::open(Opening {
        root: installation.journal(),
        log: keeper.journal_log(writer).map_err(wrong)?,
        origin: format!("{}/{}", settings.journal.name, settings.tenant.id),
        keys: LogKeys {
            signing: keeper.journal_signing_key().map_err(wrong)?,
            chain: keeper.journal_chain_key().map_err(wrong)?,
        },
        bounds,
        anchor: Arc::new(FileAnchor(installation.anchors())),
        steady: Some(Arc::new(move || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX))),
        as_it_is: false,
    })
}

/// What a journal is verified with: keys of the keyring, and the heads that were anchored. Nothing of it comes from the
/// directory that is checked.
///
/// # Errors
/// [`Failure`] where the keyring does not open, or a head cannot be read.
pub(crate) fn trust(installation: &Installation, keeper: &Keeper) -> Result<Trust, Failure> {
    let anchor = FileAnchor(installation.anchors());
    let mut heads = Vec::new();
    for writer in [NODE, COMMANDS] {
        let log = keeper.journal_log(writer)?;
        let head =
            anchor.read(log).map_err(|reason| Failure::from(reason).during("read the journal's head"))?;
        heads.extend(head.map(|head| (log, head)));
    }
    Ok(Trust {
        key: keeper.journal_signing_key()?.verifying_key()?,
        chain: Some(keeper.journal_chain_key()?),
        heads,
    })
}

/// When the newest entry of the journal was written, where there is one.
///
/// # Errors
/// [`Failure`] where the journal does not open.
pub(crate) fn latest_entry(rooms: &Rooms) -> Result<Option<Moment>, Failure> {
    let journal = open_journal(rooms)?;
    let last = journal.size().checked_sub(1);
    Ok(last.map(|last| journal.read_at(last)).transpose()?.map(|entry| entry.moment))
}

/// How the house stands. A stop is written into the store, where every node reads it; until it is, a file keeps it over
/// a restart.
fn standing(
    installation: &Installation,
    path: Arc<PublicPath>,
    journal: Arc<Journal>,
    row: ModeRow,
) -> Standing {
    let marker = installation.isolation_marker();
    let owed = fs::read_to_string(&marker).ok().map(|word| {
        tracing::error!(alarm = "isolated", "personal pages are stopped since before this start");
        Stop::of_word(word.trim()).unwrap_or(Stop::ForeignMode)
    });
    let written = marker.clone();
    let standing = Standing::new(owed, path, journal, move |reason| {
        if let Err(error) = fs::write(&marker, format!("{}\n", reason.word())) {
            tracing::error!(%error, "could not mark the isolation; it is lost if the store does not take it either");
        }
    });
    standing.sharing(row, Arc::new(Machine::new()), move || {
        if let Err(error) = fs::remove_file(&written) {
            tracing::warn!(%error, "the marker of an isolation that is written down was not removed");
        }
    })
}

/// Leaves word for `doctor` of a listed proxy that does not say whom it passes on. What an earlier start left is gone.
fn proxies(marker: PathBuf, untolds: Arc<Untolds>) -> impl Fn() + Send + Sync {
    if let Err(error) = fs::remove_file(&marker)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "what was left of proxies that name nobody was not removed");
    }
    let told = AtomicU64::new(0);
    move || {
        let Some(seen) = untolds.seen().filter(|seen| seen.count != told.load(Ordering::Relaxed)) else {
            return;
        };
        let text = format!("{seen}, the last at {}\n", SystemClock.now());
        match fs::write(&marker, text) {
            Ok(()) => told.store(seen.count, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "a proxy that names nobody was not written down for doctor"),
        }
    }
}

/// Figures that only the binary knows: of the volume, and of the figures themselves.
fn figures(
    volume: PathBuf,
    metrics: Metrics,
    proxies: impl Fn() + Send + Sync + 'static,
) -> Box<dyn Fn() + Send + Sync> {
    Box::new(move || {
        metrics.upkeep();
        proxies();
        if let Ok(free) = free_octets(&volume) {
            gauge("honnin_data_volume_free_octets", free);
        }
    })
}

fn gauge(name: &'static str, value: u64) {
    #[expect(
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "a figure for people; 2^53 is beyond any of them"
    )]
    metrics::gauge!(name).set(value as f64);
}

/// The site as the routes need to know it.
fn wiring(installation: &Installation, care: Arc<Care>, front: Front) -> Result<Wiring, Failure> {
    let Settings { tenant, network, server, documents, .. } = &installation.settings;
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(Wiring {
        front,
        documents: bounds::documents(documents),
        bounds: bounds::server(server),
        care,
        operator: Operator {
            name: tenant.name.clone(),
            host: installation.host(),
            contact: Contact {
                page: HelpLink::new(&tenant.help),
                phone: HelpLink::new(&tenant.phone),
                mail: HelpLink::new(&tenant.mail),
                hours: tenant.hours.clone(),
            },
            top_up: HelpLink::new(&tenant.top_up),
            texts: Language::from_tag(&tenant.texts).unwrap_or_default(),
            currency: Currency::of_code(&tenant.currency).unwrap_or(Currency::JPY),
            brand: look(installation)?,
            demo: installation.demo,
        },
        simulated: network.element == "simulated",
        // Read when the doors were opened, and refused there where one cannot be read.
        shared_prefixes: super::front::prefixes(&installation.settings).unwrap_or_default(),
        security_contact: text(&tenant.security_contact),
    })
}
