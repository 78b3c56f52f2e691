//! Programs of others that stand in front of the product: started with files and ports of their own, and ended.

use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::house::Failure;
use crate::client::{Connection, Limits, Target};

/// Where Debian puts daemons; `PATH` of a person often leaves it out.
const PLACES: [&str; 6] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];
/// How long one may take to begin, and to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a state is asked for while it is waited for.
const ASK: Duration = Duration::from_millis(20);

/// The certificate of `localhost` for drills, and its key. Nobody trusts it but drills.
pub const CERTIFICATE: &str = include_str!("localhost-certificate.pem");
/// The key of [`CERTIFICATE`].
pub const KEY: &str = include_str!("localhost-key.pem");

/// Finds a program, or says which package has it.
///
/// # Errors
/// [`Failure::Missing`] where it is not there.
pub(super) fn find(program: &str, package: &str) -> Result<PathBuf, Failure> {
    let places = PLACES.iter().map(|place| Path::new(place).join(program));
    places.into_iter().find(|place| place.is_file()).ok_or_else(|| {
        Failure::Missing(format!(
            "{program} is not on this machine (Debian: apt-get install --no-install-recommends {package})"
        ))
    })
}

/// An address on loopback that nobody has at this moment, below those the system gives to whoever asks for any: a
/// client of another drill does not take it before a proxy does.
///
/// # Errors
/// [`Failure::Machine`] where none is found.
pub fn free_address() -> Result<SocketAddr, Failure> {
    const FIRST: u64 = 10_240;
    const PORTS: u64 = 20_000;
    const TRIES: u32 = 64;
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        // Keys of a hasher differ from one to the next and from process to process.
        let drawn = RandomState::new().hash_one(0_u8);
        let port = u16::try_from(FIRST + drawn % PORTS).unwrap_or(u16::MAX);
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => return Ok(SocketAddr::from(([127, 0, 0, 1], port))),
            Err(error) => last = error,
        }
    }
    Err(Failure::machine("find a free port")(last))
}

/// All files below a directory, by their path from there, with what is in them.
///
/// # Errors
/// What the machine says.
pub fn files_below(dir: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let (mut found, mut folders) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.strip_prefix(dir).unwrap_or(&path).to_owned(), fs::read(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A directory with files for a program.
#[derive(Debug)]
pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn new(prefix: &str) -> Result<Self, Failure> {
        let directory = tempfile::Builder::new().prefix(prefix).tempdir();
        let files = Self(directory.map_err(Failure::machine("make a directory for a proxy"))?);
        files.write("certificate.pem", CERTIFICATE)?;
        files.write("key.pem", KEY)?;
        Ok(files)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.path(name);
        fs::write(&path, text).map_err(Failure::machine(format!("write {}", path.display())))?;
        Ok(path)
    }
}

/// A running program. Asked to end when dropped, so that it ends its own children.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    words: PathBuf,
}

impl Program {
    /// Starts it and waits until it listens there.
    pub(super) async fn start(
        mut command: Command,
        words: PathBuf,
        listens: &[SocketAddr],
    ) -> Result<Self, Failure> {
        let said = File::create(&words).map_err(Failure::machine("make a file for a proxy's words"))?;
        let name = command.get_program().to_string_lossy().into_owned();
        // Varnish compiles its configuration with a compiler that wants to be found.
        command.env_clear().env("PATH", PLACES.join(":"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        let child = command.spawn().map_err(Failure::machine(format!("start {name}")))?;
        let mut program = Self { child, words };
        let deadline = Instant::now() + PATIENCE;
        for address in listens {
            let target = Target::new(*address, false)?;
            while Connection::open(target, Limits::default()).await.is_err() {
                let ended = !matches!(program.child.try_wait(), Ok(None));
                if ended || Instant::now() > deadline {
                    let words = fs::read_to_string(&program.words).unwrap_or_default();
                    return Err(Failure::Product(format!(
                        "{name} does not listen; its words: {}",
                        words.trim()
                    )));
                }
                sleep(ASK).await;
            }
        }
        Ok(program)
    }

    /// Tells it to read its files again.
    pub(super) fn hang_up(&self) -> Result<(), Failure> {
        self.signal(Signal::HUP).map_err(Failure::machine("tell a proxy to read its files again"))
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("there is no process"))?;
        Ok(kill_process(pid, signal)?)
    }

    /// Asks it to end and waits until it has.
    pub(super) fn end(&mut self) {
        const STEPS: u32 = 500;
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        if self.signal(Signal::TERM).is_ok() {
            for _ in 0..STEPS {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        // It did not listen; its children go when they find that out.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}
