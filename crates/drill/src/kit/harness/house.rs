//! The product, started for a drill: its own data directory, its own ports, on loopback.

mod beside;
mod ran;
mod several;
mod town;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

pub use self::beside::{Beside, Database, Node};
pub use self::ran::Ran;
use self::several::Several;
pub use self::town::{Brand, Town};
use super::program::{CERTIFICATE, KEY};
use crate::client::{Connection, Limits, Refused, Request, Target};

/// How long the product may take until it serves: 2,000 accounts with a month of usage take under a minute.
const START: Duration = Duration::from_mins(5);
/// How long it may take to end: requests already begun are answered.
const STOP: Duration = Duration::from_secs(30);
/// How often a state is asked for while it is waited for.
const ASK: Duration = Duration::from_millis(20);
/// What the product says of itself where only a person lets it go on.
pub(crate) const STOPPED: &str = "personal pages are stopped";
/// The name an insider acts under.
pub(crate) const INSIDER: &str = "drill-insider";
/// How much of the product's own words a failure repeats.
const LAST_WORDS: usize = 2000;

/// Why a drill could not be run.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or program of this machine.
    #[error("{what}: {cause}")]
    Machine {
        /// What was tried.
        what: String,
        /// What came of it.
        cause: io::Error,
    },
    /// No ledger could be made.
    #[error("make a ledger: {0}")]
    Ledger(#[from] crate::ledger::Failure),
    /// Marks that prove nothing.
    #[error("read the marks: {0}")]
    Marks(#[from] crate::scan::BadMark),
    /// An address that is not this machine.
    #[error(transparent)]
    Target(#[from] Refused),
    /// A program this drill needs is not on this machine. That is no finding and no pass.
    #[error("{0}")]
    Missing(String),
    /// The product did not do what every drill needs.
    #[error("{0}")]
    Product(String),
}

impl Failure {
    /// A fault of this machine.
    pub fn machine(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |cause| Self::Machine { what, cause }
    }
}

/// How to start the product.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program.
    pub binary: PathBuf,
    /// The ledger it takes in.
    pub ledger: PathBuf,
    /// How many sessions it signs in before it serves; every account once before any twice.
    pub sessions: usize,
    /// What stands in its environment: nothing, save where a drill is tried on a program that does wrong.
    pub environment: Vec<(String, String)>,
    /// What its clock shows when it starts (RFC 3339); nothing for the newest moment of the ledger.
    pub now: Option<String>,
    /// The database that is its store; nothing for a file.
    pub store: Option<Database>,
}

/// A session the product signed in by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// 会員ID.
    pub account: String,
    /// The whole cookie: `name=value`.
    pub cookie: String,
}

/// The settings of a server on this machine, in the clear, on ports of its own.
const HERE: &str = "[listen]\npublic = [\"127.0.0.1:0\"]\nmetrics = \"127.0.0.1:0\"\n";

/// What a demo of a ledger on that data is told, its clock too where it is not the newest moment of the ledger.
fn as_demo(command: &mut Command, data: &Path, ledger: &Path, now: Option<&str>) {
    command.arg("--data").arg(data).args(["demo", "--listen", "127.0.0.1:0"]).arg("--ledger").arg(ledger);
    if let Some(now) = now {
        command.args(["--now", now]);
    }
}

/// The product, serving. Stops when dropped; its data go with it.
#[derive(Debug)]
pub struct House {
    process: Process,
    binary: PathBuf,
    environment: Vec<(String, String)>,
    scratch: TempDir,
    target: Target,
    monitor: Target,
    sessions: Vec<SignedIn>,
    /// When the first process of it began to answer.
    since: Instant,
    /// Where it is two processes.
    several: Option<Several>,
}

impl House {
    /// Starts the product and waits until it is ready.
    ///
    /// # Errors
    /// [`Failure`] where it does not get ready, with its last words.
    pub async fn start(plan: &Plan) -> Result<Self, Failure> {
        let scratch = tempfile::Builder::new()
            .prefix("honnin-drill-")
            .tempdir()
            .map_err(Failure::machine("make a directory for a drill"))?;
        let sessions_file = scratch.path().join("sessions.csv");
        if let Some(database) = &plan.store {
            database.begin(plan, &scratch.path().join("data"))?;
        }
        let mut command = product(&plan.binary, &plan.environment);
        as_demo(&mut command, &scratch.path().join("data"), &plan.ledger, plan.now.as_deref());
        if plan.sessions > 0 {
            command
                .args(["--sessions", &plan.sessions.to_string()])
                .arg("--sessions-out")
                .arg(&sessions_file);
        }
        let words = scratch.path().join("words");
        let (process, public, monitor) = begin(command, &words, "Honnin demo: http://").await?;
        up(public, "/readyz").await.map_err(|what| last_words(what, &words))?;
        let sessions = if plan.sessions > 0 { read_sessions(&sessions_file)? } else { Vec::new() };
        let Plan { binary, environment, .. } = plan.clone();
        Ok(Self {
            process,
            binary,
            environment,
            scratch,
            target: public,
            monitor,
            sessions,
            since: Instant::now(),
            several: None,
        })
    }

    /// Ends it, and serves the same data as an installation with these settings beside the key's, as `honnin serve`
    /// does. Its sessions go on, under the name their cookie has over https. The certificate of `localhost` and its
    /// key lie at `../certificate.pem` and `../key.pem`.
    ///
    /// # Errors
    /// [`Failure`] where it does not get ready, with its last words.
    pub async fn installed(mut self, settings: &str) -> Result<Self, Failure> {
        self.end().await?;
        let data = self.data();
        let file = data.join("honnin.toml");
        let settings = format!("{settings}\n[keys]\nkey_file = \"{}.key\"\n", data.display());
        let written = [
            (file, settings.as_str()),
            (self.scratch.path().join("certificate.pem"), CERTIFICATE),
            (self.scratch.path().join("key.pem"), KEY),
        ];
        for (file, text) in written {
            fs::write(&file, text).map_err(Failure::machine(format!("write {}", file.display())))?;
            // A key that others can read is refused.
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))
                .map_err(Failure::machine("keep a key to its owner"))?;
        }
        let mut command = product(&self.binary, &self.environment);
        command.arg("--data").arg(&data).arg("serve");
        let words = self.scratch.path().join("words");
        let (process, public, monitor) = begin(command, &words, "serving on ").await?;
        up(monitor, "/readyz").await.map_err(|what| last_words(what, &words))?;
        let secure = |session: SignedIn| {
            let token = session.cookie.split_once('=').map_or("", |(_, token)| token);
            SignedIn { cookie: format!("__Host-session={token}"), ..session }
        };
        let sessions = std::mem::take(&mut self.sessions).into_iter().map(secure).collect();
        Ok(Self { process, target: public, monitor, sessions, ..self })
    }

    /// Ends it where it still serves, and serves the same data with these settings beside the key's, on this machine
    /// and in the clear, as `honnin serve` does. Its sessions go on.
    ///
    /// # Errors
    /// [`Failure`] where it does not get ready, with its last words.
    pub async fn serving(mut self, settings: &str) -> Result<Self, Failure> {
        self.end().await?;
        let data = self.data();
        let asked =
            self.several.as_ref().map_or_else(|| settings.to_owned(), |several| several.settings(settings));
        let behind = self.behind();
        let settings = format!("{HERE}{behind}{asked}\n[keys]\nkey_file = \"{}.key\"\n", data.display());
        fs::write(data.join("honnin.toml"), settings).map_err(Failure::machine("write settings"))?;
        let mut command = product(&self.binary, &self.environment);
        command.arg("--data").arg(&data).arg("serve");
        let words = self.scratch.path().join("words");
        let (process, public, monitor) = begin(command, &words, "serving on ").await?;
        up(public, "/healthz").await.map_err(|what| last_words(what, &words))?;
        let mut house = Self { process, target: public, monitor, since: Instant::now(), ..self };
        house.join(&asked).await?;
        Ok(house)
    }

    /// Ends it, and begins a demo of that ledger on the same data, whose clock shows that moment (RFC 3339). Nobody is
    /// signed in anew.
    ///
    /// # Errors
    /// [`Failure`] where it does not get up, with its last words.
    pub async fn shown_anew(mut self, ledger: &Path, now: &str) -> Result<Self, Failure> {
        self.end().await?;
        let mut command = product(&self.binary, &self.environment);
        as_demo(&mut command, &self.data(), ledger, Some(now));
        let words = self.scratch.path().join("words");
        let (process, public, monitor) = begin(command, &words, "Honnin demo: http://").await?;
        up(public, "/healthz").await.map_err(|what| last_words(what, &words))?;
        Ok(Self { process, target: public, monitor, ..self })
    }

    /// Settings of where its processes listen, behind a balancer.
    const fn behind(&self) -> &'static str {
        if self.several.is_some() { several::BEHIND } else { "" }
    }

    /// Where it serves.
    pub const fn target(&self) -> Target {
        self.target
    }

    /// When it began to answer, the first process of it.
    pub const fn since(&self) -> Instant {
        self.since
    }

    /// Where it tells its metrics.
    pub const fn monitor(&self) -> Target {
        self.monitor
    }

    /// The same of each process of it.
    pub fn monitors(&self) -> Vec<Target> {
        let second = self.several.as_ref().and_then(Several::monitor);
        [self.monitor].into_iter().chain(second).collect()
    }

    /// The sessions it signed in.
    pub fn sessions(&self) -> &[SignedIn] {
        &self.sessions
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// What it wrote to standard error.
    ///
    /// # Errors
    /// [`Failure`] where the file is not there.
    pub fn words(&self) -> Result<Vec<u8>, Failure> {
        fs::read(self.scratch.path().join("words")).map_err(Failure::machine("read the product's words"))
    }

    /// Runs another command of the product on the same data, to its end.
    ///
    /// # Errors
    /// [`Failure::Machine`] where it cannot be run.
    pub fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Result<Ran, Failure> {
        self.command_on(&self.data(), words)
    }

    /// The same, under the name of a person who is up to something.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub fn act<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Result<Ran, Failure> {
        let words = words.into_iter().map(|word| word.as_ref().to_owned());
        self.command(["--as".into(), INSIDER.into()].into_iter().chain(words))
    }

    /// Runs a command of the product on other data, to its end.
    ///
    /// # Errors
    /// [`Failure::Machine`] where it cannot be run.
    pub fn command_on<S: AsRef<OsStr>>(
        &self,
        data: &Path,
        words: impl IntoIterator<Item = S>,
    ) -> Result<Ran, Failure> {
        Ran::on((&self.binary, &self.environment), data, words)
    }

    /// Serves other data, and ends that again; why not, where it refuses.
    ///
    /// # Errors
    /// [`Failure::Machine`] where it cannot be run.
    pub async fn try_serve(&self, data: &Path) -> Result<Result<(), String>, Failure> {
        let mut command = product(&self.binary, &self.environment);
        command.arg("--data").arg(data).arg("serve");
        let words = data.with_extension("words");
        match begin(command, &words, "serving on ").await {
            Ok((mut process, ..)) => {
                end_by(&mut process.0, Signal::TERM).await?;
                Ok(Ok(()))
            }
            Err(Failure::Product(why)) => Ok(Err(why)),
            Err(other) => Err(other),
        }
    }

    /// The status page of its public record: another process, which is given the record, a copy of its key, and nothing
    /// else. It stops when dropped.
    ///
    /// # Errors
    /// [`Failure`] where it does not serve, with its last words.
    pub async fn status_page(&self) -> Result<StatusPage, Failure> {
        let key = self.scratch.path().join("notices.pub");
        fs::copy(self.data().join("notices.pub"), &key).map_err(Failure::machine("copy a key"))?;
        let mut command = product(&self.binary, &self.environment);
        command.args(["status", "serve"]).arg(self.data().join("status")).arg("--key").arg(key);
        command.arg("--memory").arg(self.scratch.path().join("kept")).args(["--listen", "127.0.0.1:0"]);
        let words = self.scratch.path().join("words-of-the-page");
        let (process, [at]) = begin_until(command, &words, ["status page on "]).await?;
        Ok(StatusPage { _process: process, target: at })
    }

    /// Ends it as a power cut does.
    ///
    /// # Errors
    /// [`Failure::Machine`] where it cannot be ended.
    pub fn kill(&mut self) -> Result<(), Failure> {
        let what = "kill the product";
        if let Some(several) = &mut self.several {
            several.kill();
        }
        self.process.kill(what)
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.process.0.try_wait(), Ok(None))
    }

    /// Asks it to end and waits until it has; the data stay until this is dropped.
    ///
    /// # Errors
    /// [`Failure`] where it does not end in time.
    pub async fn end(&mut self) -> Result<ExitStatus, Failure> {
        if let Some(several) = &mut self.several {
            several.end().await?;
        }
        end_by(&mut self.process.0, Signal::TERM).await
    }
}

/// The status page, serving beside a house.
#[derive(Debug)]
pub struct StatusPage {
    _process: Process,
    target: Target,
}

impl StatusPage {
    /// Where it serves.
    pub const fn target(&self) -> Target {
        self.target
    }
}

/// Asks a process to end, where it still runs, and waits until it has.
async fn end_by(child: &mut Child, signal: Signal) -> Result<ExitStatus, Failure> {
    let what = "end the product";
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| Failure::Product("the product has no process id".to_owned()))?;
    if matches!(child.try_wait(), Ok(None)) {
        kill_process(pid, signal).map_err(|error| Failure::machine(what)(error.into()))?;
    }
    let deadline = Instant::now() + STOP;
    loop {
        if let Some(status) = child.try_wait().map_err(Failure::machine(what))? {
            return Ok(status);
        }
        if Instant::now() > deadline {
            return Err(Failure::Product(format!("the product did not end within {STOP:?}")));
        }
        sleep(ASK).await;
    }
}

/// A command of the product with that environment and no other.
pub(crate) fn product(binary: &Path, environment: &[(String, String)]) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().envs(environment.iter().cloned()).stdin(Stdio::null());
    command
}

/// A process that ends with this value.
#[derive(Debug)]
struct Process(Child);

impl Process {
    /// Ends it as a power cut does.
    fn kill(&mut self, what: &str) -> Result<(), Failure> {
        self.0.kill().map_err(Failure::machine(what))?;
        self.0.wait().map_err(Failure::machine(what)).map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end and nothing to wait for.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts the product and waits until it says where it serves, after `said`, and where it tells its metrics.
async fn begin(command: Command, words: &Path, said: &str) -> Result<(Process, Target, Target), Failure> {
    let (process, [public, monitor]) = begin_until(command, words, [said, "metrics "]).await?;
    Ok((process, public, monitor))
}

/// Starts a command of the product and waits until it has said an address after each of these.
async fn begin_until<const N: usize>(
    mut command: Command,
    words: &Path,
    said: [&str; N],
) -> Result<(Process, [Target; N]), Failure> {
    let errors = File::create(words).map_err(Failure::machine("make a file for the product's words"))?;
    command.stdout(Stdio::piped()).stderr(errors);
    let program = command.get_program().to_string_lossy().into_owned();
    let mut process = Process(command.spawn().map_err(Failure::machine(format!("start {program}")))?);
    let mut lines = lines_of(&mut process.0)?;
    let deadline = Instant::now() + START;
    let mut found = [None; N];
    while found.contains(&None) {
        match tokio::time::timeout_at(deadline, lines.recv()).await {
            Ok(Some(line)) => {
                for (found, said) in found.iter_mut().zip(said) {
                    *found = found.or_else(|| address_after(&line, said));
                }
            }
            Ok(None) => return Err(last_words("the product ended before it served", words)),
            Err(_) => return Err(last_words("the product did not serve in time", words)),
        }
    }
    // What it prints later is read to nowhere, so that the pipe never fills.
    tokio::spawn(async move { while lines.recv().await.is_some() {} });
    let targets =
        found.into_iter().flatten().map(|at| Target::new(at, false)).collect::<Result<Vec<_>, _>>()?;
    let targets = targets.try_into();
    Ok((process, targets.map_err(|_| last_words("the product said no address", words))?))
}

/// Reads what a process prints, line by line, on a thread that ends with it.
fn lines_of(child: &mut Child) -> Result<mpsc::UnboundedReceiver<String>, Failure> {
    let what = "read what the product prints";
    let out = child.stdout.take().ok_or_else(|| io::Error::other("there is no pipe"));
    let out = out.map_err(Failure::machine(what))?;
    let (say, lines) = mpsc::unbounded_channel();
    let read = move || BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| say.send(line));
    let thread = thread::Builder::new().name("drill-reader".to_owned());
    // Whoever listened has gone: nobody misses the rest.
    drop(thread.spawn(move || drop(read())).map_err(Failure::machine(what))?);
    Ok(lines)
}

/// The address behind those words, with or without a scheme between; its beginning may be the last of the words.
fn address_after(line: &str, words: &str) -> Option<SocketAddr> {
    let (_, last) = words.rsplit_once(' ')?;
    let (_, rest) = line.split_once(words)?;
    let rest = format!("{last}{rest}");
    let rest = rest.split_once("http://").map_or(&*rest, |(_, address)| address);
    rest.split('/').next()?.trim().parse().ok()
}

fn last_words(what: &str, file: &Path) -> Failure {
    let words = fs::read(file).unwrap_or_default();
    let last = words.get(words.len().saturating_sub(LAST_WORDS)..).unwrap_or_default();
    Failure::Product(format!("{what}; its last words: {}", String::from_utf8_lossy(last).trim()))
}

/// Waits until the product answers that path well: `/readyz` where it has to show what is personal, `/healthz` where it
/// may refuse that on purpose.
async fn up(target: Target, path: &str) -> Result<(), &'static str> {
    let limits = Limits { time: Duration::from_secs(5), ..Limits::default() };
    let deadline = Instant::now() + START;
    while Instant::now() < deadline {
        if let Ok(mut connection) = Connection::open(target, limits).await {
            let answer = connection.exchange(&Request::get(path)).await.answer;
            if answer.status == 200 {
                return Ok(());
            }
            if answer.text().contains(STOPPED) {
                return Err("the product serves and has stopped personal pages");
            }
        }
        sleep(ASK).await;
    }
    Err("the product did not get ready in time")
}

fn read_sessions(file: &Path) -> Result<Vec<SignedIn>, Failure> {
    let text = fs::read_to_string(file).map_err(Failure::machine("read the sessions"))?;
    let mut lines = text.lines();
    if lines.next() != Some("account,cookie") {
        return Err(Failure::Product("the file of sessions does not begin with account,cookie".to_owned()));
    }
    let pair = |line: &str| {
        let (account, cookie) = line.split_once(',')?;
        Some(SignedIn { account: account.to_owned(), cookie: cookie.to_owned() })
    };
    lines.map(|line| pair(line).ok_or_else(|| Failure::Product(format!("no session: {line:?}")))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_sessions_are_read_as_the_product_tells_them() {
        let found = |line: &str| address_after(line, "metrics ").map(|address| address.to_string());
        assert_eq!(found("  metrics      http://127.0.0.1:9464/metrics").as_deref(), Some("127.0.0.1:9464"));
        assert_eq!(found("metrics on http://x/metrics"), None);
        let dir = honnin_testkit::TestDir::new();
        let read = |text: &str| read_sessions(&dir.write("s.csv", text));
        let session = SignedIn { account: "wma".into(), cookie: "honnin=b,c".into() };
        assert_eq!(read("account,cookie\nwma,honnin=b,c\n").unwrap(), [session]);
        assert!(read("who,what\n").is_err() && read("account,cookie\nhalf\n").is_err());
    }

    #[tokio::test]
    async fn a_program_that_never_serves_is_told_with_its_last_words() {
        let dir = honnin_testkit::TestDir::new();
        let plan = |binary: &str| Plan {
            binary: binary.into(),
            ledger: dir.path().to_owned(),
            sessions: 0,
            environment: Vec::new(),
            now: None,
            store: None,
        };
        let error = House::start(&plan("/bin/ls")).await.unwrap_err().to_string();
        assert!(
            error.starts_with("the product ended before it served; its last words: ") && error.len() > 60,
            "{error}"
        );
        assert!(matches!(House::start(&plan("/nowhere")).await, Err(Failure::Machine { .. })));
    }
}
