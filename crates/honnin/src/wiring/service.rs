//! The service: journal, gate, use cases, reconciler and routes of one installation, from start to a clean stop.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use honnin_access::{ElementAuthority, NodeAuthority, SharedTries, SharedWorks};
use honnin_care::{Care, CareParts, Exports, Gate, House, Recorder};
use honnin_figures::{self as figures, AlarmKind, Figures};
use honnin_front::{Front, Untolds};
use honnin_journal::{Entry, Journal, Kind, StartError};
use honnin_keeper::Keeper;
use honnin_network::{ElementKind, Parts, Reconciler};
use honnin_node::{
    Canaries, Epochs, ExportWorkers, Guessing, Leaving, Machine, ModeRow, Probe, PublicPath, Runs, Standing,
    Upkeep, Usher, Watch, accounts, bell, join, leave,
};
use honnin_overload::{Ahead, WaitingRoom};
use honnin_pages::format::Currency;
use honnin_pages::page::{Contact, HelpLink, Operator};
use honnin_pages::words::Language;
use honnin_store::Store;
use honnin_terms::{BuildId, Clock, Moment, Stop, Zone};
use honnin_web::route::{App, Wiring, serve, session_cookie};
use tokio::sync::watch;

use super::bounds;
use super::doors::Doors;
use super::leaving::compared;
use super::logs::{COMMANDS, epochs, followed, open_log, start_journal};
use super::look::look;
use super::notices::Speaker;
use super::rooms::{Rooms, entropy};
use super::strain::Measuring;
use super::way::way;
use super::{monitor, proxies};
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
    leaving: Leaving,
    speaker: Speaker,
    store: Arc<dyn Store>,
    usher: Usher,
    guessing: Guessing,
    installation: Installation,
}

impl Service {
    /// Opens the journal and puts everything together behind that front. `build` is what runs.
    ///
    /// # Errors
    /// [`Failure`]: what cannot be opened, and why.
    pub(crate) fn new(rooms: Rooms, front: Front, build: BuildId) -> Result<Self, Failure> {
        let now = rooms.clock.0.now();
        let (journal, leaving) = opened(&rooms)?;
        // Once the log is open nobody else is this node.
        let runs = joined(&rooms, &journal, build)?;
        let (store, keeper) = (Arc::<dyn Store>::clone(&rooms.store), Arc::clone(&rooms.keeper));
        let (permit, log) = (rooms.keep(), journal.log());
        let made = Self::of(rooms, front, runs, (journal, leaving), now);
        if made.is_err()
            && let Err(error) = pollster::block_on(leave(&*store, &permit, &keeper, log))
        {
            // What never served is not to keep others out.
            tracing::warn!(%error, "a node that did not start counts as one that serves for a while");
        }
        made
    }

    /// The same once it may serve beside the others.
    fn of(
        rooms: Rooms,
        front: Front,
        runs: Runs,
        (journal, leaving): (Arc<Journal>, Leaving),
        now: Moment,
    ) -> Result<Self, Failure> {
        let epochs = epochs(&rooms, &journal)?;
        // First: by what it begins with a node tells a clock that stands ahead.
        started(&journal, &epochs, now)?;
        epochs.mark(&journal, now)?;
        let logs = followed(&rooms, Arc::clone(&journal), epochs.present())?;
        let Rooms { installation, clock, zone, keeper, witness, store, authorities } = rooms;
        let (settings, clock) = (&installation.settings, clock.0);
        let way = way(&installation)?;
        let watched = || PublicPath::watched(accounts(&keeper, installation.node()).to_vec());
        let path = Arc::new(way.as_ref().map_or_else(PublicPath::unwatched, |_| watched()));
        let (node, upkeeping) = (Arc::new(authorities.node.again()), authorities.node);
        let row = mode_row(&store, &node, &keeper, &clock);
        let standing = standing(&installation, Arc::clone(&path), Arc::clone(&journal), row);
        let standing = Arc::new(as_left(standing, settings, &leaving));
        let house = Arc::<Standing>::clone(&standing);
        let gate = Gate::new(authorities.gate, Recorder::among(logs, epochs.keys), house);
        // From here on the keeper writes into this node's log.
        witness.serves(Arc::clone(gate.recorder()));
        let of = (authorities.element, &store, &keeper);
        let reconciler = reconciler(settings, of, &clock, &zone)?;
        let (wake, ring) = bell();
        let told = (authorities.subscriber.shared_tries(), authorities.subscriber.shared_works());
        let care = Arc::new(Care::new(CareParts {
            subscriber: authorities.subscriber,
            store: Arc::<dyn Store>::clone(&store),
            gate,
            clock: Arc::clone(&clock),
            exports: Exports {
                bounds: bounds::exports(&settings.exports),
                node: Arc::clone(&node),
                wake: ring,
            },
            zone: zone.clone(),
            wish_seconds: settings.network.between_wishes.whole_seconds(),
            most_strays: settings.sessions.most_strays,
            wake: reconciler.waker().callback(),
        }));
        let operator = Arc::new(authorities.operator);
        let probe = way.map(|way| Probe {
            way,
            canaries: Canaries {
                node: installation.node().to_owned(),
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
                Arc::clone(&path),
                bounds::watch(&settings.canary),
                Arc::clone(&clock),
                installation.public_path_marker(),
            ),
        });
        let at_once = settings.exports.at_once;
        let exports = ExportWorkers { care: Arc::clone(&care), entropy: entropy(), wake, at_once };
        let room = Arc::new(room(&keeper, settings)?.watching(ahead(&care)));
        let usher = usher(&room, &store, Arc::clone(&node), &clock);
        let guessing = guessing(told, &store, node, (&clock, &journal));
        let shown = Arc::new(honnin_notices::Live::default());
        let house = Arc::<Standing>::clone(&standing);
        let speaker = Speaker::new(&installation, &keeper, house, Arc::clone(&clock), Arc::clone(&shown))?;
        let app = App::new(wiring(&installation, (Arc::clone(&care), room), front, shown)?, entropy())?;
        let upkeep = Upkeep {
            bounds: bounds::upkeep(settings),
            clock,
            entropy: entropy(),
            keeper,
            store: Arc::clone(&store),
            journal: Arc::clone(&journal),
            care,
            operator,
            node: upkeeping,
            name: installation.node().to_owned(),
            runs,
            path,
        };
        Ok(Self {
            app: Arc::new(app),
            reconciler,
            upkeep,
            exports,
            journal,
            standing,
            probe,
            leaving,
            speaker,
            store,
            usher,
            guessing,
            installation,
        })
    }

    /// What a test of several services looks at: how it stands, what it knows of the public path, whether its log is open.
    #[cfg(test)]
    pub(crate) fn seen(&self) -> (Arc<Standing>, Arc<PublicPath>, std::sync::Weak<Journal>) {
        let Self { standing, upkeep, journal, .. } = self;
        (Arc::clone(standing), Arc::clone(&upkeep.path), Arc::downgrade(journal))
    }

    /// Answers until `stop` is ready, then ends begun requests and calls, and closes what was opened.
    ///
    /// # Errors
    /// [`Failure`] where a socket may not be listened on, or the last entries of the journal are not published.
    pub(crate) async fn run(
        self,
        doors: Doors,
        counted: Figures,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), Failure> {
        let (ended, mut ending) = watch::channel(false);
        let kept = Arc::clone(&self.standing);
        let keeping = tokio::spawn(async move { kept.keep().await });
        let measuring = tokio::spawn(
            Measuring {
                standing: Arc::clone(&self.standing),
                journal: Arc::clone(&self.journal),
                app: Arc::clone(&self.app),
                volume: self.installation.store(),
            }
            .run(),
        );
        let standing = self.standing;
        let mode = move || standing.mode();
        tokio::spawn(monitor::run(doors.monitor, doors.token, counted.clone(), mode));
        let driving = tokio::spawn(self.reconciler.run(async move {
            // The sender's end is an end as well.
            drop(ending.wait_for(|ended| *ended).await);
        }));
        let figures = own_figures(&self.installation, counted, &self.leaving, self.app.untolds());
        let leaving = tokio::spawn(self.leaving.run());
        let upkeep = self.upkeep.start(figures)?;
        let speaking = self.speaker.start()?;
        let looking = self.probe.map(|probe| tokio::spawn(probe.run()));
        let exporting = tokio::spawn(self.exports.run());
        // Before anybody is answered: a node that is started again finds the line as it was.
        self.usher.look(Duration::ZERO).await;
        let ushering = tokio::spawn(self.usher.run());
        let guessing = tokio::spawn(self.guessing.run());
        let served = serve(doors.entrance, self.app, stop).await;
        if let Some(looking) = looking {
            looking.abort();
        }
        exporting.abort();
        ushering.abort();
        guessing.abort();
        speaking.stop();
        measuring.abort();
        ended.send_replace(true);
        if driving.await.is_err() {
            tracing::error!("the reconciler ended before its time");
        }
        upkeep.stop();
        keeping.abort();
        leaving.abort();
        if let Err(error) = self.journal.anchor() {
            tracing::warn!(%error, "the head of the journal is not anchored at the end");
        }
        self.store.close().await;
        served?;
        // Durable it is already; published it can be verified by others at once.
        self.journal.publish()?;
        Ok(())
    }
}

/// Opens this node's log, sees that the log of commands is as it was written, and that both go on from what has left.
fn opened(rooms: &Rooms) -> Result<(Arc<Journal>, Leaving), Failure> {
    let journal = start_journal(rooms).map_err(|reason| {
        Failure::from(reason)
            .during("start (nothing can be shown without the journal; see `honnin journal verify`)")
    })?;
    let journal = Arc::new(journal);
    // A command that has it at this moment has looked itself.
    match open_log(rooms, COMMANDS) {
        Ok(commands) => commands.close()?,
        Err(StartError::Locked) => {}
        Err(reason) => {
            return Err(Failure::from(reason).during(
                "start (the log of commands is not as it was written; see `honnin journal verify`)",
            ));
        }
    }
    // Once they are open: what was durable is published then.
    let leaving = compared(rooms, &journal)?;
    Ok((journal, leaving))
}

/// Serves beside the nodes that do, where this one runs what they run or was admitted.
fn joined(rooms: &Rooms, journal: &Journal, build: BuildId) -> Result<Runs, Failure> {
    let runs = Runs::new(build, &rooms.installation.settings.shared());
    let own = (rooms.installation.node(), journal.log());
    let permit = rooms.keep();
    let joining = join(&*rooms.store, &permit, &rooms.keeper, own, &runs);
    pollster::block_on(joining).map_err(|reason| Failure::from(reason).during("start"))?;
    Ok(runs)
}

/// The house as it stands where a checkpoint has to leave, if the settings say so.
fn as_left(standing: Standing, settings: &Settings, leaving: &Leaving) -> Standing {
    if !settings.journal.checkpoint_required {
        return standing;
    }
    let within = settings.journal.checkpoint_age.whole_seconds();
    standing.leaving(Arc::clone(&leaving.left), within, Arc::clone(&leaving.clock))
}

/// What the entry of a start says of the end before it.
const AFTER_AN_END: u16 = 1;
const AFTER_A_CRASH: u16 = 2;

/// Writes down that this node begins to write, and how the log was found.
fn started(journal: &Journal, epochs: &Epochs, now: Moment) -> Result<(), Failure> {
    let Some(keys) = epochs.keys.last() else { return Ok(()) };
    let found = journal.opened();
    let what = if found.unpublished > 0 || found.cut { AFTER_A_CRASH } else { AFTER_AN_END };
    journal.append_blocking(&Entry { what, ..Entry::blank(Kind::Started, now, keys.epoch) })?;
    Ok(())
}

/// What tells the other nodes who guesses at this one.
fn guessing(
    (tries, works): (SharedTries, SharedWorks),
    store: &Arc<dyn Store>,
    authority: Arc<NodeAuthority>,
    (clock, journal): (&Arc<dyn Clock>, &Journal),
) -> Guessing {
    Guessing {
        tries,
        works,
        rows: Arc::<dyn Store>::clone(store),
        authority,
        clock: Arc::clone(clock),
        entropy: entropy(),
        steady: Arc::new(Machine::new()),
        log: journal.log(),
    }
}

/// The row in which nodes agree on the mode.
pub(super) fn mode_row(
    store: &Arc<dyn Store>,
    node: &Arc<NodeAuthority>,
    keeper: &Arc<Keeper>,
    clock: &Arc<dyn Clock>,
) -> ModeRow {
    let (rows, seals) = (Arc::<dyn Store>::clone(store), Arc::<Keeper>::clone(keeper));
    ModeRow::new(rows, Arc::clone(node), seals, Arc::clone(clock), entropy())
}

/// How the house stands. A stop is written into the store, where every node reads it; until it is, a file keeps it over
/// a restart.
pub(super) fn standing(
    installation: &Installation,
    path: Arc<PublicPath>,
    journal: Arc<Journal>,
    row: ModeRow,
) -> Standing {
    let marker = installation.isolation_marker();
    let owed = fs::read_to_string(&marker).ok().map(|word| {
        figures::alarm!(AlarmKind::Isolated, "personal pages are stopped since before this start");
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

/// Figures that only the binary knows: of the volume, and of the figures themselves.
fn own_figures(
    installation: &Installation,
    counted: Figures,
    leaving: &Leaving,
    untolds: Arc<Untolds>,
) -> impl Fn() + Send + use<> {
    let volume = installation.place.data.clone();
    let proxies = proxies::follow(installation.untold_marker(), untolds, Arc::new(SystemClock));
    let (left, clock) = (Arc::clone(&leaving.left), Arc::clone(&leaving.clock));
    move || {
        counted.upkeep();
        proxies();
        // None where none is to leave, or none has since the start.
        if let Some(age) = left.age(clock.now()) {
            figures::set(&figures::checkpoint_age(), u64::try_from(age).unwrap_or(0));
        }
        if let Ok(free) = free_octets(&volume) {
            figures::set(&figures::volume_free(), free);
        }
    }
}

/// What brings wishes to the network.
fn reconciler(
    settings: &Settings,
    (authority, store, keeper): (ElementAuthority, &Arc<dyn Store>, &Arc<Keeper>),
    clock: &Arc<dyn Clock>,
    zone: &Zone,
) -> Result<Reconciler, Failure> {
    let kind =
        ElementKind::of_name(&settings.network.element).map_err(|reason| Failure::settings(&reason))?;
    let parts = Parts {
        authority,
        rows: Arc::<dyn Store>::clone(store),
        keeper: Arc::clone(keeper),
        element: kind.open(),
        clock: Arc::clone(clock),
        entropy: entropy(),
        zone: zone.clone(),
    };
    Reconciler::new(parts, bounds::network(&settings.network))
        .map_err(|reason| Failure::settings(&reason).during("use [network] of the settings"))
}

/// What moves the watermark of the waiting room.
fn usher(
    room: &Arc<WaitingRoom>,
    store: &Arc<dyn Store>,
    authority: Arc<NodeAuthority>,
    clock: &Arc<dyn Clock>,
) -> Usher {
    Usher {
        room: Arc::clone(room),
        rows: Arc::<dyn Store>::clone(store),
        authority,
        clock: Arc::clone(clock),
        entropy: entropy(),
        steady: Arc::new(Machine::new()),
    }
}

/// The waiting room, whose tickets are of this installation and its tenant, on every node and after a restart.
fn room(keeper: &Keeper, settings: &Settings) -> Result<WaitingRoom, Failure> {
    let key = keeper.waiting_room_key()?;
    let stamp = move |text: &[u8]| key.tag([text]).first_chunk().copied().unwrap_or_default();
    Ok(WaitingRoom::new(bounds::room(&settings.waiting_room), Box::new(stamp)))
}

/// What the waiting room asks of the hashers.
fn ahead(care: &Arc<Care>) -> impl Fn() -> Ahead + Send + Sync + 'static + use<> {
    let care = Arc::clone(care);
    move || {
        let honnin_access::Ahead { crowd, each } = care.hashes_ahead();
        Ahead { crowd, each }
    }
}

/// The site as the routes need to know it.
fn wiring(
    installation: &Installation,
    (care, room): (Arc<Care>, Arc<WaitingRoom>),
    front: Front,
    notices: Arc<honnin_notices::Live>,
) -> Result<Wiring, Failure> {
    let Settings { tenant, network, server, documents, .. } = &installation.settings;
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(Wiring {
        front,
        documents: bounds::documents(documents),
        bounds: bounds::server(server),
        room,
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
            status_page: HelpLink::new(&installation.settings.status.url),
            demo: installation.demo,
        },
        notices,
        simulated: ElementKind::of_name(&network.element).is_ok_and(ElementKind::is_simulated),
        // Read when the doors were opened, and refused there where one cannot be read.
        shared_prefixes: super::front::prefixes(&installation.settings).unwrap_or_default(),
        allowed_origins: installation.settings.listen.allowed_origins.clone(),
        security_contact: text(&tenant.security_contact),
    })
}
