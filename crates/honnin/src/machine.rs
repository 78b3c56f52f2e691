//! The world outside: the clock, randomness and the environment. Read here and nowhere else.

use std::env;
use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::process::abort;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use honnin_seal::RunningDigest;
use honnin_terms::{BuildId, Clock, Entropy, Id as _, Moment};
use rustix::fs::{Mode, fsync};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use zeroize::Zeroizing;

/// The clock of the machine.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is passed in")]
    fn now(&self) -> Moment {
        jiff::Timestamp::now().into()
    }
}

/// The clock of a demo: so far from the machine's as a file says, from one moment to the next.
#[derive(Debug)]
pub(crate) struct DemoClock(Arc<AtomicI64>);

impl DemoClock {
    /// How often the file is read.
    const LOOK: Duration = Duration::from_millis(100);

    /// A clock that is so far from the machine's now, in milliseconds, and follows that file.
    ///
    /// # Errors
    /// The system's reason where a thread cannot be started.
    pub(crate) fn following(file: PathBuf, millis: i64) -> io::Result<Self> {
        let offset = Arc::new(AtomicI64::new(millis));
        let followed = Arc::downgrade(&offset);
        thread::Builder::new().name("demo clock".to_owned()).spawn(move || {
            while let Some(offset) = followed.upgrade() {
                let text = fs::read_to_string(&file).unwrap_or_default();
                // A file that is being written, or is gone, says nothing.
                if let Ok(millis) = text.trim().parse() {
                    offset.store(millis, Ordering::Relaxed);
                }
                drop(offset);
                thread::sleep(Self::LOOK);
            }
        })?;
        Ok(Self(offset))
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Moment {
        OffsetClock(self.0.load(Ordering::Relaxed)).now()
    }
}

/// A clock that is always so many milliseconds from the machine's: what a command beside a demo goes by.
#[derive(Debug)]
pub(crate) struct OffsetClock(pub(crate) i64);

impl Clock for OffsetClock {
    fn now(&self) -> Moment {
        let now = SystemClock.now();
        Moment::from_millis(now.millis().saturating_add(self.0)).unwrap_or(now)
    }
}

/// Randomness of the operating system, through the generator of aws-lc.
///
/// # Security
/// Where the system gives none the process ends at once: a key or token that can be guessed is worse than no service.
#[derive(Debug)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            crate::say::error(
                "cannot draw randomness: the operating system gives none; nothing can be kept secret, so this process ends",
            );
            abort();
        }
    }
}

/// Octets of one draw that are taken from what was drawn before; more than that is a key or a token.
const SMALL: usize = 16;

/// How many octets are drawn before they are asked for.
const AHEAD: usize = 1024;

/// As [`SystemEntropy`], with the octets of names and nonces drawn some at a time before they are asked for: the
/// generator takes as long for twelve as for a thousand, and each disclosure needs a name and a nonce.
///
/// # Security
/// Keys and tokens are drawn when they are asked for. What was handed out is wiped. A copy of the running machine would
/// go on with the same few names and nonces as the original; the cipher bears a repeated nonce (RFC 8452).
pub(crate) struct EntropyAhead(Mutex<Ahead>);

struct Ahead {
    octets: Zeroizing<[u8; AHEAD]>,
    left: usize,
}

impl EntropyAhead {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Ahead { octets: Zeroizing::new([0; AHEAD]), left: 0 }))
    }
}

impl Entropy for EntropyAhead {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > SMALL {
            return SystemEntropy.fill(bytes);
        }
        // Nothing in between can panic and leave octets that were handed out.
        let mut ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Ahead { octets, left } = &mut *ahead;
        if *left < bytes.len() {
            SystemEntropy.fill(octets.as_mut_slice());
            *left = AHEAD;
        }
        let from = left.saturating_sub(bytes.len());
        for (to, octet) in bytes.iter_mut().zip(octets.iter_mut().skip(from)) {
            *to = std::mem::take(octet);
        }
        *left = from;
    }
}

/// This very program, whatever it is called and whatever lies beside it.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn this_program() -> std::io::Result<PathBuf> {
    env::current_exe()
}

/// The build that runs: the first half of the SHA-256 of the program's file, as `sha256sum` tells it. Of the file this
/// process was started from, also where another lies in its place by now.
///
/// # Errors
/// What the system says.
pub(crate) fn running_build() -> io::Result<BuildId> {
    const PIECE: usize = 1 << 20;
    let mut program = match fs::File::open("/proc/self/exe") {
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => fs::File::open(this_program()?)?,
        opened => opened?,
    };
    let (mut digest, mut piece) = (RunningDigest::default(), vec![0; PIECE]);
    loop {
        let read = program.read(&mut piece)?;
        let Some(octets) = piece.get(..read).filter(|octets| !octets.is_empty()) else { break };
        digest.update(octets);
    }
    Ok(BuildId::from_octets(digest.finish().first_chunk().copied().unwrap_or_default()))
}

/// Sets the limits of this process: no core dumps, because keys are in memory, and as many open files as it may have.
/// Gives how many these are; `None` for no limit.
pub(crate) fn set_limits() -> Option<u64> {
    // A system that refuses keeps its own limits; what follows from them is told by whoever asked.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).unwrap_or_default();
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }).unwrap_or_default();
    getrlimit(Resource::Nofile).current
}

/// Has standard output reach the disk where it is a file; what is no file has none to reach.
///
/// # Errors
/// What the system says.
pub(crate) fn sync_output() -> std::io::Result<()> {
    match fsync(std::io::stdout()) {
        Ok(()) | Err(Errno::INVAL | Errno::ROFS | Errno::NOTSUP) => Ok(()),
        Err(reason) => Err(reason.into()),
    }
}

/// Has every file that is made from now on belong to this user alone.
pub(crate) fn keep_files_to_owner() {
    // The mode before is nobody's any more.
    let _: Mode = umask(Mode::RWXG | Mode::RWXO);
}

/// How many threads the machine runs at once.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The data directory, where the command line does not name it: `HONNIN_DATA`.
pub(crate) fn data_directory() -> Option<PathBuf> {
    variable("HONNIN_DATA")
}

/// What is logged, where it shall not be as the settings say: `HONNIN_LOG`.
pub(crate) fn log_filter() -> Option<String> {
    variable("HONNIN_LOG").and_then(|filter| filter.into_os_string().into_string().ok())
}

/// Whether the terminal only ever goes forward: `TERM=dumb`.
pub(crate) fn is_dumb_terminal() -> bool {
    variable("TERM").is_some_and(|term| term.as_os_str() == "dumb")
}

/// Who acts, where the command line does not say: the person behind `sudo`, or whoever is signed in.
pub(crate) fn operator() -> String {
    let named = ["SUDO_USER", "LOGNAME", "USER"].iter().find_map(|name| variable(name));
    let name = named.and_then(|name| name.into_os_string().into_string().ok());
    name.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// Where systemd puts the credentials of a service: `CREDENTIALS_DIRECTORY` (systemd.exec(5)).
pub(crate) fn credentials_directory() -> Option<PathBuf> {
    variable("CREDENTIALS_DIRECTORY")
}

/// What this process shall do wrong: `HONNIN_FAULTS`, names with commas between.
#[cfg(honnin_faults)]
pub(crate) fn faults() -> Option<String> {
    variable("HONNIN_FAULTS").and_then(|names| names.into_os_string().into_string().ok())
}

/// The file in which a line is written for each layer that stopped something: `HONNIN_FAULTS_TOLD`.
#[cfg(honnin_faults)]
pub(crate) fn faults_told() -> Option<PathBuf> {
    variable("HONNIN_FAULTS_TOLD")
}

#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_clock_of_a_demo_starts_where_it_is_told_and_follows_its_file() {
        let dir = honnin_testkit::TestDir::new();
        let file = dir.join("demo-clock");
        let hour = 3_600_000;
        let clock = DemoClock::following(file.clone(), hour).unwrap();
        let ahead = |clock: &DemoClock| clock.now().seconds_since(SystemClock.now());
        assert!((3_590..=3_610).contains(&ahead(&clock)));
        let first = clock.now();
        while clock.now() == first {}
        assert!(clock.now() > first);
        fs::write(file, format!("{}\n", -hour)).unwrap();
        assert!(honnin_testkit::soon(|| (-3_610..=-3_590).contains(&ahead(&clock))));
    }

    #[test]
    fn randomness_differs_from_draw_to_draw() {
        let ahead = EntropyAhead::new();
        let sources: [(&dyn Entropy, usize); 4] =
            [(&SystemEntropy, 32), (&ahead, 32), (&ahead, SMALL), (&ahead, 12)];
        for (entropy, length) in sources {
            let draws: BTreeSet<Vec<u8>> = (0..3 * AHEAD / length)
                .map(|_| {
                    let mut octets = vec![0; length];
                    entropy.fill(&mut octets);
                    octets
                })
                .collect();
            assert_eq!(draws.len(), 3 * AHEAD / length, "{length}");
        }
    }

    #[test]
    fn what_was_handed_out_is_wiped() {
        let ahead = EntropyAhead::new();
        for drawn in 1..=2 * AHEAD / SMALL {
            ahead.fill(&mut [0; SMALL]);
            let Ahead { octets, left } = &*ahead.0.lock().unwrap();
            assert!(octets[*left..].iter().all(|octet| *octet == 0), "{drawn}");
        }
    }
}
