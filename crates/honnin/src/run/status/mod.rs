//! `honnin status`: the page that tells the public how the service stands, apart from the service.

mod http;
mod site;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;
use honnin_journal::{SeenHead, parse_verifier_key, signed};
use honnin_notices::{BadRecord, Board, View, Watcher, read_record};
use honnin_seal::VerifyingKey;
use honnin_terms::{Clock, Moment};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::time::sleep;

use self::site::{Site, files};
use super::serve::{runtime, stop};
use crate::command::{ServeArgs, StatusCommand, VerifyArgs, WriteArgs};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::machine::SystemClock;
use crate::say::Say;
use crate::wiring::Rooms;
use crate::wiring::noticed;
use crate::wiring::notices::PublicRecord;

/// How often the record is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Serves, writes or verifies.
pub(super) fn status(
    say: Say,
    command: StatusCommand,
    installation: impl FnOnce() -> Result<Installation, Failure>,
) -> Result<Exit, Failure> {
    match command {
        StatusCommand::Serve(args) => serve(say, &args),
        StatusCommand::Write(args) => write(say, &args),
        StatusCommand::Verify(args) => verify(say, &args, installation),
    }
}

fn key_of(file: &Path) -> Result<(String, VerifyingKey), Failure> {
    let doing = format!("read the key {}", file.display());
    let text = fs::read_to_string(file).map_err(|reason| Failure::from(reason).during(&doing))?;
    parse_verifier_key(&text).map_err(|reason| Failure::from(reason).during(&doing))
}

/// Where it is served.
#[derive(Serialize)]
struct Serving {
    listen: String,
}

impl fmt::Display for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status page on http://{}/", self.listen)
    }
}

/// What changes the page, but for the minute it says.
fn face(view: &View) -> impl PartialEq + use<> {
    let minute = view.now.millis().div_euclid(60_000);
    let mode = view.word.as_ref().map(|word| word.mode.clone());
    (view.board.posts(), view.trouble, view.silent_since, mode, minute)
}

/// What is shown, and what of the record it was made of.
struct Shown {
    /// What the last look that was finished has found.
    view: View,
    /// Whether the page says that no look was finished since.
    apart: bool,
    site: Arc<Site>,
}

/// The page: made anew by whoever looks at the record, and by whoever sees that the look does not end.
struct Page {
    shown: Mutex<Shown>,
    held: Arc<RwLock<Arc<Site>>>,
    record: PathBuf,
    out: Option<PathBuf>,
}

impl Page {
    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, site: &Arc<Site>) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(site);
    }

    /// Shows what a look has found, where it changes anything. Files are waited for: on a thread of its own.
    fn show(&self, view: View) {
        let before = {
            let mut shown = self.shown();
            if !shown.apart && face(&view) == face(&shown.view) {
                shown.view = view;
                return;
            }
            Arc::clone(&shown.site)
        };
        let site = Arc::new(files(&view, Some(&self.record), Some(&before)));
        // A page that could not be written goes on from memory; the files are tried again with the next change.
        let written = publish(&site, self.out.as_deref());
        {
            let mut shown = self.shown();
            *shown = Shown { view, apart: false, site: Arc::clone(&site) };
            self.hold(&site);
        }
        if let Err(reason) = written {
            crate::say::error(reason);
        }
    }

    /// Says that the service is not heard where no look was finished for a minute: a volume that does not answer is no
    /// word that all is well. Asks no file of the record; what it is in, from then on.
    fn doubt(&self, now: Moment) -> Option<Arc<Site>> {
        let mut shown = self.shown();
        let doubted = shown.view.not_seen_since(now)?;
        let site = Arc::new(files(&doubted, None, Some(&shown.site)));
        shown.apart = true;
        shown.site = Arc::clone(&site);
        self.hold(&site);
        Some(site)
    }
}

fn serve(say: Say, args: &ServeArgs) -> Result<Exit, Failure> {
    let clock = SystemClock;
    let key = key_of(&args.key)?;
    let mut watcher = Watcher::new(&args.record, key, Some(args.memory.clone()), clock.now())
        .map_err(|reason| Failure::from(reason).during(&format!("read {}", args.memory.display())))?;
    let view = watcher.look(clock.now());
    let site = Arc::new(files(&view, Some(&args.record), None));
    publish(&site, args.out.as_deref())?;
    let held = Arc::new(RwLock::new(Arc::clone(&site)));
    let page = Arc::new(Page {
        shown: Mutex::new(Shown { view, apart: false, site }),
        held: Arc::clone(&held),
        record: args.record.clone(),
        out: args.out.clone(),
    });
    let looking = Arc::clone(&page);
    // It ends with the process: a look that hangs is waited for by nobody.
    thread::Builder::new().name("look".into()).spawn(move || {
        loop {
            thread::sleep(LOOK);
            looking.show(watcher.look(SystemClock.now()));
        }
    })?;
    runtime(1)?.block_on(async {
        let listener = TcpListener::bind(args.listen)
            .await
            .map_err(|reason| Failure::from(reason).during(&format!("listen on {}", args.listen)))?;
        // Heard from before it is told where it serves: whoever reads that may end it at once.
        let ended = stop()?;
        say.tell(&Serving { listen: listener.local_addr()?.to_string() })?;
        tokio::spawn(http::run(listener, held));
        tokio::pin!(ended);
        let mut minute = None;
        loop {
            tokio::select! {
                () = &mut ended => return Ok(Exit::Done),
                () = sleep(LOOK) => {}
            }
            let now = clock.now();
            let this = Some(now.millis().div_euclid(60_000));
            if minute != this
                && let Some(site) = page.doubt(now)
            {
                minute = this;
                if let Err(reason) = publish(&site, args.out.as_deref()) {
                    crate::say::error(reason);
                }
            }
        }
    })
}

fn publish(site: &Site, out: Option<&Path>) -> Result<(), Failure> {
    let Some(out) = out else { return Ok(()) };
    site::write(site, out).map_err(|reason| Failure::from(reason).during(&format!("write {}", out.display())))
}

/// What was written.
#[derive(Serialize)]
struct Wrote {
    files: usize,
    incidents: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<&'static str>,
}

impl fmt::Display for Wrote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wrote {} files, {} incidents", self.files, self.incidents)?;
        if let Some(trouble) = self.trouble {
            write!(f, "; the record does not verify ({trouble}), and the page says so")?;
        }
        Ok(())
    }
}

fn write(say: Say, args: &WriteArgs) -> Result<Exit, Failure> {
    let clock = SystemClock;
    let mut watcher = Watcher::new(&args.record, key_of(&args.key)?, args.memory.clone(), clock.now())?;
    let view = watcher.look(clock.now());
    let site = files(&view, Some(&args.record), None);
    site::write(&site, &args.directory)
        .map_err(|reason| Failure::from(reason).during(&format!("write {}", args.directory.display())))?;
    let trouble = view.trouble.map(|(trouble, _)| trouble.word());
    say.tell(&Wrote { files: site.len(), incidents: view.board.incidents().len(), trouble })?;
    Ok(if trouble.is_some() { Exit::Refuted } else { Exit::Done })
}

/// A record that verifies.
#[derive(Serialize)]
struct Verified {
    verifies: bool,
    entries: u64,
    root: String,
    incidents: usize,
    /// Checkpoints from elsewhere that it goes on from.
    checkpoints: usize,
    /// Acts of the journal that stand in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    acts: Option<u64>,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries, root, incidents, checkpoints, acts, .. } = self;
        write!(f, "record  verifies: {entries} entries, {incidents} incidents, root {root}")?;
        if *checkpoints > 0 {
            write!(f, "\n        goes on from {checkpoints} checkpoints of elsewhere")?;
        }
        if let Some(acts) = acts {
            write!(f, "\njournal {acts} notices of operators, each in the record")?;
        }
        Ok(())
    }
}

fn refuted(bad: BadRecord) -> Failure {
    Failure::with(Exit::Refuted, format!("the public record does not verify: {}", Failure::from(bad)))
}

fn verify(
    say: Say,
    args: &VerifyArgs,
    installation: impl FnOnce() -> Result<Installation, Failure>,
) -> Result<Exit, Failure> {
    let kept = |origin: &str, key: &VerifyingKey| {
        let head = |file: &std::path::PathBuf| -> Result<SeenHead, Failure> {
            let doing = format!("read the checkpoint {}", file.display());
            let octets = fs::read(file).map_err(|reason| Failure::from(reason).during(&doing))?;
            signed(&octets, origin, key).map_err(|reason| Failure::from(reason).during(&doing))
        };
        args.checkpoints.iter().map(head).collect::<Result<Vec<_>, _>>()
    };
    let (public, board, acts) = if let (Some(dir), Some(key)) = (&args.record, &args.key) {
        let (origin, key) = key_of(key)?;
        let (public, board) = read_record(dir, &origin, &key, &kept(&origin, &key)?).map_err(refuted)?;
        (public, board, None)
    } else {
        let installation = installation()?;
        let clock = installation.clock()?;
        let rooms = Rooms::open(installation.clone(), clock)?;
        let record = PublicRecord::of(&installation, &rooms.keeper)?;
        let key = record.public_key()?;
        let mut heads = record.heads()?;
        heads.extend(kept(&record.origin, &key)?);
        let (public, board) = read_record(&record.dir, &record.origin, &key, &heads).map_err(refuted)?;
        let acts = noticed(&rooms, &public)?;
        (public, board, Some(acts))
    };
    say.tell(&verified(&board, &public.root, args.checkpoints.len(), acts))?;
    Ok(Exit::Done)
}

fn verified(board: &Board, root: &[u8], checkpoints: usize, acts: Option<u64>) -> Verified {
    let incidents = board.incidents().len();
    Verified {
        verifies: true,
        entries: board.posts(),
        root: BASE64.encode(root),
        incidents,
        checkpoints,
        acts,
    }
}
