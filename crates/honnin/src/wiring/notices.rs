//! The public record of one installation: where it is, who writes it, and what the service says in it by itself.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};

use data_encoding::HEXLOWER;
use honnin_care::House;
use honnin_figures::{self as figures, AlarmKind};
use honnin_journal::{Kind, Public, SeenHead, pack, put_file, unpack, verifier_key};
use honnin_keeper::Keeper;
use honnin_notices::{By, Herald, LATE_SECONDS, Live, NotSaid, Record, Say, View, Watcher, Word, silence};
use honnin_seal::{SigningKey, VerifyingKey, digest, leaf_digest};
use honnin_terms::{Clock, Moment};

use super::logs::proven;
use super::rooms::Rooms;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::settings::Span;

/// The service's word, in the directory of the record.
pub(crate) const WORD: &str = "word";
/// One word of each day, kept: the signed checkpoint of that day.
const DAYS: &str = "days";
/// What of the record was once verified, in the data directory.
pub(crate) const KEPT: &str = "notices.kept";
/// How often it is looked how the house stands.
const LOOK: Span = Span::seconds(2);
/// A silence is told afterwards where it was longer than that.
const TOLD: i64 = 5 * LATE_SECONDS;

/// The record of an installation.
#[derive(Debug, Clone)]
pub(crate) struct PublicRecord {
    /// Its directory.
    pub(crate) dir: PathBuf,
    /// The name it is signed under.
    pub(crate) origin: String,
    kept: PathBuf,
    keeper: Arc<Keeper>,
}

impl PublicRecord {
    /// That of the installation.
    ///
    /// # Errors
    /// [`Failure`] where its key is refused, or its public key cannot be written beside the journal's.
    pub(crate) fn of(installation: &Installation, keeper: &Arc<Keeper>) -> Result<Self, Failure> {
        let record = Self {
            dir: installation.notices(),
            origin: installation.notices_name(),
            kept: installation.place.data.join(KEPT),
            keeper: Arc::clone(keeper),
        };
        let file = installation.notices_key_file();
        if !file.exists() {
            fs::write(&file, format!("{}\n", verifier_key(&record.origin, &record.public_key()?)))
                .map_err(|reason| Failure::from(reason).during(&format!("write {}", file.display())))?;
        }
        Ok(record)
    }

    fn key(&self) -> Result<SigningKey, Failure> {
        Ok(self.keeper.notices_signing_key()?)
    }

    /// The key that verifies it.
    ///
    /// # Errors
    /// [`Failure`] where a derivation refuses.
    pub(crate) fn public_key(&self) -> Result<VerifyingKey, Failure> {
        Ok(self.key()?.verifying_key()?)
    }

    /// What of it was once verified here.
    ///
    /// # Errors
    /// [`Failure`] where the file cannot be read, or was not written with this key.
    pub(crate) fn heads(&self) -> Result<Vec<SeenHead>, Failure> {
        let octets = match fs::read(&self.kept) {
            Ok(octets) => octets,
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(reason) => {
                return Err(Failure::from(reason).during(&format!("read {}", self.kept.display())));
            }
        };
        let public = unpack(&octets, &self.origin, &self.public_key()?)
            .map_err(|reason| Failure::from(reason).during(&format!("read {}", self.kept.display())))?;
        let size = u64::try_from(public.entries.len()).unwrap_or(u64::MAX);
        Ok(if size > 0 { vec![(size, public.root)] } else { Vec::new() })
    }

    /// Opens it to say something.
    ///
    /// # Errors
    /// [`Failure`] where it does not verify, or does not go on from what was once verified.
    pub(crate) fn open(&self) -> Result<Record, Failure> {
        let opened = Record::open(&self.dir, &self.origin, self.key()?, &self.heads()?);
        opened.map_err(|reason| {
            Failure::from(reason).during(&format!("open the public record {}", self.dir.display()))
        })
    }

    /// Remembers how far it has come.
    ///
    /// # Errors
    /// [`Failure`] where the file cannot be written.
    pub(crate) fn remember(&self, public: &Public) -> Result<(), Failure> {
        let packed = pack(public)?;
        put_file(&self.kept, &packed)
            .map_err(|reason| Failure::from(reason).during(&format!("write {}", self.kept.display())))
    }

    /// A reader of it that remembers.
    ///
    /// # Errors
    /// [`Failure`] where the memory cannot be read.
    pub(crate) fn watcher(&self, now: Moment) -> Result<Watcher, Failure> {
        let key = (self.origin.clone(), self.public_key()?);
        Ok(Watcher::new(&self.dir, key, Some(self.kept.clone()), now)?)
    }
}

/// A service that speaks.
#[derive(Debug)]
pub(crate) struct Speaking {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Speaking {
    /// Has it end what it is saying.
    pub(crate) fn stop(self) {
        let Self { stop, thread } = self;
        drop(stop);
        if thread.join().is_err() {
            tracing::error!("what speaks to the public ended before its time");
        }
    }
}

/// What the service says by itself, and that it is there.
pub(crate) struct Speaker {
    record: PublicRecord,
    watcher: Watcher,
    herald: Herald,
    house: Arc<dyn House>,
    clock: Arc<dyn Clock>,
    shown: Arc<Live>,
    /// What is told of the installation with every word.
    about: [String; 3],
    every: Span,
    /// When the next word is due, and the day of the last that is kept.
    due: Option<Moment>,
    day: Option<i64>,
    /// Whether this one has told of the silence before it.
    looked_back: bool,
    /// Whether somebody was called.
    called: bool,
}

impl std::fmt::Debug for Speaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Speaker").field("record", &self.record.dir).finish_non_exhaustive()
    }
}

impl Speaker {
    /// Of this node; what stands in the record is handed to `shown`.
    ///
    /// # Errors
    /// [`Failure`] where the record's key is refused or its memory cannot be read.
    pub(crate) fn new(
        installation: &Installation,
        keeper: &Arc<Keeper>,
        house: Arc<dyn House>,
        clock: Arc<dyn Clock>,
        shown: Arc<Live>,
    ) -> Result<Self, Failure> {
        let record = PublicRecord::of(installation, keeper)?;
        let watcher = record.watcher(clock.now())?;
        let [a, b, c, ..] = digest(&[b"node", installation.node().as_bytes()]);
        let settings = &installation.settings;
        let about =
            [settings.tenant.name.clone(), settings.tenant.zone.clone(), settings.tenant.public_url.clone()];
        Ok(Self {
            record,
            watcher,
            herald: Herald::new(HEXLOWER.encode(&[a, b, c])),
            house,
            clock,
            shown,
            about,
            every: settings.status.every,
            due: None,
            day: None,
            looked_back: false,
            called: false,
        })
    }

    /// Speaks until it is stopped, on a thread of its own: files and a lock are waited for.
    ///
    /// # Errors
    /// What the system says where it gives no thread.
    pub(crate) fn start(mut self) -> io::Result<Speaking> {
        let (stop, stopped) = channel::<()>();
        let thread = thread::Builder::new().name("notices".into()).spawn(move || {
            loop {
                self.turn();
                match stopped.recv_timeout(LOOK.duration()) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
        Ok(Speaking { stop, thread })
    }

    fn turn(&mut self) {
        let now = self.clock.now();
        let view = self.watcher.look(now);
        if let Err(reason) = self.speak(now, &view) {
            if !std::mem::replace(&mut self.called, true) {
                figures::alarm!(AlarmKind::Notices, %reason, "the public record of notices takes nothing, or does not verify");
            }
        } else {
            self.called = false;
        }
        self.shown.set(view.board);
    }

    fn speak(&mut self, now: Moment, view: &View) -> Result<(), Failure> {
        if self.due.is_none() {
            self.after_silence(now, view)?;
        }
        let mode = self.house.mode();
        #[cfg(honnin_faults)]
        let mode = crate::planted::told(mode);
        let says = self.herald.follow(mode, now, &view.board);
        if !says.is_empty() {
            let mut open = self.record.open()?;
            // Another node may have said it meanwhile: what is the case is looked at again, with the record in hand.
            for say in self.herald.follow(mode, now, open.board()) {
                said(&mut open, now, say)?;
            }
            self.record.remember(open.public())?;
        }
        if self.due.is_none_or(|due| now >= due || due.seconds_since(now) > 60) {
            self.word(now, mode.word(), view)?;
            self.due = Some(now.plus_seconds(self.every.whole_seconds()));
        }
        Ok(())
    }

    /// Says afterwards that nobody could say anything, once.
    fn after_silence(&mut self, now: Moment, view: &View) -> Result<(), Failure> {
        let silent_for = |view: &View| {
            let last = view.word.as_ref().map(|word| word.at)?;
            (now.seconds_since(last) >= TOLD).then_some(last)
        };
        if self.looked_back || silent_for(view).is_none() {
            return Ok(());
        }
        let mut open = self.record.open()?;
        // Another node may have said it or given its word meanwhile: both are looked at again, with the record in hand.
        let Some(last) = silent_for(&self.watcher.look(now)) else { return Ok(()) };
        let Some((opening, over)) = silence(open.board(), last, now) else { return Ok(()) };
        let post = open.opening(now, By::Service, opening)?;
        let incident = post.incident;
        open.say(post)?;
        // It stands. Whatever fails from here on, it is not said again.
        self.looked_back = true;
        let post = open.changing(now, By::Service, incident, over)?;
        open.say(post)?;
        self.record.remember(open.public())
    }

    fn word(&mut self, now: Moment, mode: &str, view: &View) -> Result<(), Failure> {
        fs::create_dir_all(&self.record.dir)?;
        let [operator, zone, url] = self.about.clone();
        let kept = self.watcher.kept();
        let head = (u64::try_from(kept.entries.len()).unwrap_or(0), kept.root);
        if let Some((trouble, _)) = view.trouble {
            return Err(Failure::cannot(format_args!(
                "write the service's word: the public record is not what it was ({})",
                trouble.word()
            )));
        }
        let word = Word { at: now, mode: mode.to_owned(), head, operator, zone, url };
        let octets = word.sign(&self.record.origin, &self.record.key()?)?;
        put_file(&self.record.dir.join(WORD), &octets)?;
        let day = now.millis().div_euclid(86_400_000);
        if self.day != Some(day) {
            let name = now.to_string().chars().take(10).collect::<String>();
            fs::create_dir_all(self.record.dir.join(DAYS))?;
            put_file(&self.record.dir.join(DAYS).join(name), &octets)?;
            self.day = Some(day);
        }
        Ok(())
    }
}

fn said(open: &mut Record, now: Moment, say: Say) -> Result<u64, NotSaid> {
    let post = match say {
        Say::Open(opening) => open.opening(now, By::Service, opening)?,
        Say::Go(incident, change) => open.changing(now, By::Service, incident, change)?,
    };
    open.say(post)
}

/// Sees that what operators said, by the acts in the journal, stands in the record; how many.
///
/// # Errors
/// [`Failure`] where the journal does not verify, or an act of it is missing in the record: its end was cut off, or it was
/// written down and then could not be said.
pub(crate) fn noticed(rooms: &Rooms, public: &Public) -> Result<u64, Failure> {
    let keys = rooms.epochs()?;
    let leaves: HashSet<String> =
        public.entries.iter().map(|entry| HEXLOWER.encode(&leaf_digest(entry))).collect();
    let (mut found, mut missing) = (0_u64, Vec::new());
    let verified = proven(rooms, None, &mut |place, entry| {
        if entry.kind != Kind::Noticed {
            return;
        }
        // Of an epoch whose keys were destroyed nobody knows what was said.
        let Some(keys) = keys.iter().find(|keys| keys.epoch == entry.epoch) else { return };
        let Ok(details) = keys.open(entry) else { return };
        let leaf = details.note.rsplit(' ').next().unwrap_or_default();
        if leaves.contains(leaf) { found += 1 } else { missing.push(place.index) }
    })?;
    verified.map_err(|breach| {
        Failure::with(Exit::Refuted, format!("the journal does not verify: {}", Failure::from(breach)))
    })?;
    if let Some(first) = missing.first() {
        return Err(Failure::with(
            Exit::Refuted,
            format!(
                "the public record lacks {} notices that operators gave (the first is act {first} in `honnin journal acts`): its \
                 end was cut off, or the notice was written down and could not be said",
                missing.len()
            ),
        ));
    }
    Ok(found)
}
