//! What a drill is given: options, chance, and the product with watermarked subjects.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::civil::Date;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::client::{Answer, Connection, Exchange, Limits, Request, Target};
use crate::harness::{Database, Failure, House, Plan, STOPPED, Server, SignedIn, Verdict};
use crate::ledger::{Watermarked, Watermarks};
use crate::run::Options;
use crate::scan::{Marked, Scan, Scanner, Vocabulary};
use crate::seed::Draw;

/// The password of every account of a demo, as it tells everybody.
pub(crate) const PASSWORD: &str = "honnin-demo-only";

/// What a drill is given.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) options: Options,
    pub(crate) draw: Draw,
}

/// A ledger of watermarked subjects, and whose mark is whose.
#[derive(Debug)]
pub(crate) struct World {
    /// Keeps the ledger on the disk.
    directory: TempDir,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) marked: Vec<Marked>,
    /// 会員ID of everybody.
    pub(crate) accounts: Vec<String>,
    /// Who had a number before, and who has it now.
    pub(crate) recycled: Vec<(String, String)>,
    /// So many of them, the first, have nothing but suspended lines.
    pub(crate) suspended: usize,
    /// The newest month that has usage, and the one before: any day of it.
    pub(crate) months: [Date; 2],
}

impl World {
    fn of(watermarks: Watermarks) -> Result<Self, Failure> {
        let directory = tempfile::Builder::new().prefix("honnin-drill-ledger-").tempdir();
        let directory = directory.map_err(Failure::machine("make a directory for a ledger"))?;
        let written = watermarks.write(directory.path())?;
        let vocabulary = Vocabulary::new(&written.marks.marked)?;
        let Watermarked { marks, accounts, recycled, .. } = written;
        let months = watermarks.months()?;
        let suspended = usize::try_from(watermarks.suspended).unwrap_or(usize::MAX).min(accounts.len());
        Ok(Self { directory, vocabulary, marked: marks.marked, accounts, recycled, suspended, months })
    }

    /// A small one for tests of the checks.
    #[cfg(test)]
    pub(crate) fn made(subjects: u64, seed: u64) -> Result<Self, Failure> {
        Self::of(Watermarks { usage_days: 2, ..Watermarks::of(subjects, seed) })
    }

    /// The newest month that has usage, and the one before, as the product is asked for them.
    pub(crate) fn asked_months(&self) -> [String; 2] {
        self.months.map(|month| month.strftime("%Y-%m").to_string())
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// From here on the marks of those rows are that account's.
    pub(crate) fn hold(&mut self, rows: impl Fn(&Marked) -> bool, account: &str) -> Result<(), Failure> {
        let mut marked = self.marked.clone();
        for row in marked.iter_mut().filter(|row| rows(row)) {
            account.clone_into(&mut row.account);
        }
        self.hold_as(marked)
    }

    /// From here on marks belong to whom these rows say.
    pub(crate) fn hold_as(&mut self, marked: Vec<Marked>) -> Result<(), Failure> {
        self.vocabulary = Vocabulary::new(&marked)?;
        self.marked = marked;
        Ok(())
    }

    /// A telephone number of an account, as it is written in its country and anywhere.
    pub(crate) fn numbers_of(&self, account: &str) -> (String, String) {
        let line = self.marked.iter().find(|marked| marked.account == account && marked.line.is_some());
        let number =
            |place: usize| line.and_then(|line| line.numbers.get(place)).cloned().unwrap_or_default();
        (number(0), number(1))
    }

    /// Looks at what a session was sent; for nobody's session every mark is foreign.
    pub(crate) fn scan(&self, viewer: Option<&SignedIn>, answer: &Answer) -> Scan {
        let subject = viewer.and_then(|viewer| self.vocabulary.subject(&viewer.account));
        Scanner::new(&self.vocabulary).scan(subject, &answer.pieces(&answer.coding()))
    }
}

impl Stage {
    pub(crate) const fn new(options: Options, draw: Draw) -> Self {
        Self { options, draw }
    }

    /// Whether that check is all that is asked.
    pub(crate) fn is_enough(&self, check: &str) -> bool {
        self.options.enough.as_ref().is_some_and(|enough| check.contains(&enough.check))
    }

    /// Whether the one check that is asked has failed.
    pub(crate) fn has_enough(&self, verdicts: &[Verdict]) -> bool {
        verdicts.iter().any(|verdict| !verdict.pass && verdict.times > 0 && self.is_enough(&verdict.check))
    }

    /// Makes a ledger of at most that many watermarked subjects.
    pub(crate) fn world(&self, most: u64) -> Result<World, Failure> {
        self.world_with(most, |asked| asked)
    }

    /// The same with what else is asked of the ledger.
    pub(crate) fn world_with(
        &self,
        most: u64,
        more: impl FnOnce(Watermarks) -> Watermarks,
    ) -> Result<World, Failure> {
        let subjects = self.options.subjects.min(most);
        self.say(&format!("  making a ledger of {subjects} watermarked subjects"));
        World::of(more(Watermarks::of(subjects, self.options.seed).lately(self.options.clock.now())?))
    }

    /// Starts the product with that ledger, every subject signed in `times` times.
    pub(crate) async fn house(&self, ledger: PathBuf, sessions: usize) -> Result<House, Failure> {
        self.say(&format!("  starting the product, {sessions} sessions"));
        let Options { binary, environment, .. } = self.options.clone();
        House::start(&Plan { binary, ledger, sessions, environment, now: None, store: None }).await
    }

    /// Serves that ledger as an installation with these settings, every subject signed in.
    pub(crate) async fn installation(&self, world: &World, settings: &str) -> Result<House, Failure> {
        let Options { binary, environment, .. } = self.options.clone();
        let (ledger, sessions) = (world.ledger(), world.vocabulary.subjects());
        self.say(&format!("  starting the product as an installation, {sessions} sessions"));
        // The sessions are of today: an installation has the clock of the machine, as files show it.
        let written = std::fs::metadata(world.directory.path()).and_then(|about| about.modified());
        let written = written.map_err(Failure::machine("look at the ledger"))?;
        let now = jiff::Timestamp::try_from(written).ok().map(|now| now.to_string());
        House::start(&Plan { binary, ledger, sessions, environment, now, store: None })
            .await?
            .installed(settings)
            .await
    }

    /// Serves that ledger with these settings, on this machine and in the clear, every subject signed in.
    pub(crate) async fn serving(&self, world: &World, settings: &str) -> Result<House, Failure> {
        let Options { binary, environment, .. } = self.options.clone();
        let (ledger, sessions) = (world.ledger(), world.vocabulary.subjects());
        self.say(&format!("  starting the product with settings of its own, {sessions} sessions"));
        // The sessions are of today: what is served as in earnest has the clock of the machine.
        let now = Some(self.options.clock.now().to_string());
        if self.options.nodes > 1 {
            self.say("  two processes on PostgreSQL");
            let server = Server::start().await?;
            let [url, owner] = ["honnin", "owner"].map(|role| server.url(role));
            let database = Database { url, owner };
            let store = Some(database.clone());
            let plan = Plan { binary, ledger, sessions, environment, now, store };
            return House::start(&plan).await?.of_two(database, Some(server)).serving(settings).await;
        }
        House::start(&Plan { binary, ledger, sessions, environment, now, store: None })
            .await?
            .serving(settings)
            .await
    }

    /// The same on a database, every subject signed in so many times.
    pub(crate) async fn serving_on(
        &self,
        world: &World,
        database: Database,
        times: usize,
    ) -> Result<House, Failure> {
        let Options { binary, environment, .. } = self.options.clone();
        let (ledger, sessions) = (world.ledger(), times * world.vocabulary.subjects());
        self.say(&format!("  starting the product on a database, {sessions} sessions"));
        let now = Some(self.options.clock.now().to_string());
        let settings = database.settings();
        let plan = Plan { binary, ledger, sessions, environment, now, store: Some(database) };
        House::start(&plan).await?.serving(&settings).await
    }

    /// Another build beside the one a house was started with.
    pub(crate) fn other_build(&self, house: &House) -> Result<PathBuf, Failure> {
        self.options.other_build.clone().map_or_else(|| house.another_build(), Ok)
    }

    pub(crate) fn say(&self, text: &str) {
        (self.options.progress)(text);
    }
}

/// Asks once, on a connection of its own.
pub(crate) async fn ask(target: Target, request: &Request) -> Result<Answer, Failure> {
    let exchange = ask_kept(target, request).await?;
    let broken = |reason| Failure::Product(format!("{} {}: {reason}", request.method(), request.path()));
    exchange.broken.map_or(Ok(exchange.answer), |reason| Err(broken(reason)))
}

/// Asks once, and keeps what came of an answer that broke.
pub(crate) async fn ask_kept(target: Target, request: &Request) -> Result<Exchange, Failure> {
    let opened = Connection::open(target, Limits::default()).await;
    let mut connection = opened.map_err(|reason| Failure::Product(format!("open a connection: {reason}")))?;
    Ok(connection.exchange(request).await)
}

/// How long personal pages may take to come: far more than they do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How often a state is asked for while it is waited for.
const ASK: Duration = Duration::from_millis(10);

/// Waits until personal pages are shown, or refused, as the operator's own listener says; tells when that was.
pub(crate) async fn personal_pages(
    house: &House,
    shown: bool,
    patience: Duration,
) -> Result<Instant, Failure> {
    let deadline = Instant::now() + patience;
    loop {
        let said = ask(house.monitor(), &Request::get("/readyz")).await?.text();
        let is_so = if shown { said.trim() == "ready" } else { said.contains("personal pages are refused") };
        if is_so {
            return Ok(Instant::now());
        }
        // Only a person lets them go on then.
        if Instant::now() > deadline || said.contains(STOPPED) {
            break;
        }
        sleep(ASK).await;
    }
    let what = if shown { "shown" } else { "refused" };
    let (waited, alarms) = (patience.as_secs(), alarms(house)?);
    Err(Failure::Product(format!("personal pages were not {what}, and {waited} s are allowed: {alarms}")))
}

/// The last alarms the product wrote, the newest first.
pub(crate) fn alarms(house: &House) -> Result<String, Failure> {
    let words = String::from_utf8_lossy(&house.words()?).into_owned();
    let alarms: Vec<&str> = words.lines().rev().filter(|line| line.contains("alarm")).take(3).collect();
    Ok(alarms.join(" | "))
}

/// The journal of a house proves that every viewer was the owner; `entries` is how many it has at least.
pub(crate) fn journal_verifies(house: &House, entries: u64) -> Result<Verdict, Failure> {
    let ran = house.command(["journal", "verify"])?;
    let wrong = || format!("journal verify ended with {:?}: {}", ran.code, ran.err.trim());
    let found = if ran.code == Some(0) { Vec::new() } else { vec![wrong()] };
    Ok(Verdict::of("the journal verifies viewer = owner for every entry", "journal verify", entries, found))
}

/// A request of somebody who is signed in.
pub(crate) fn get_as(session: &SignedIn, path: &str) -> Request {
    Request::get(path).header("cookie", &session.cookie)
}

/// What a command of the product prints, run without any data.
pub(crate) fn said_by(binary: &Path, words: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new(binary);
    command.env_clear().stdin(Stdio::null()).args(words);
    let ended = command.output().map_err(Failure::machine(format!("run {}", binary.display())))?;
    if !ended.status.success() {
        let words = words.join(" ");
        return Err(Failure::Product(format!("{} {words} ended with {}", binary.display(), ended.status)));
    }
    Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
}

/// What a build is on that data, with the settings that lie there: what a person admits.
pub(crate) fn release_of(house: &House, binary: &Path) -> Result<String, Failure> {
    let ran = house.command_of(binary, ["rollout", "show", "--json"])?;
    let here = ran.out.split_once("\"here\":").and_then(|(_, rest)| rest.split_once("\"release\":\""));
    let release = here.and_then(|(_, rest)| rest.split('"').next()).map(str::to_owned);
    release.ok_or_else(|| Failure::Product(format!("rollout show ended with {:?}: {}", ran.code, ran.err)))
}

/// The request that signs in with the password all subjects have.
pub(crate) fn sign_in_request(account: &str) -> Request {
    sign_in_with(account, PASSWORD)
}

/// Signs in by the password all subjects have; every cookie that it is given.
pub(crate) async fn signs_in(target: Target, account: &str) -> Result<String, Failure> {
    signs_in_with(target, account, PASSWORD).await
}

/// The same by that password.
pub(crate) async fn signs_in_with(target: Target, account: &str, password: &str) -> Result<String, Failure> {
    let answer = ask(target, &sign_in_with(account, password)).await?;
    let cookies = answer.header("set-cookie").map(|cookie| cookie.split(';').next().unwrap_or_default());
    let cookies: Vec<&str> = cookies.collect();
    if answer.status != 201 || cookies.is_empty() {
        return Err(Failure::Product(format!("a right password was answered {}", answer.status)));
    }
    Ok(cookies.join("; "))
}

/// A one-time code, as the operator issues it.
pub(crate) fn invite(house: &House, login: &str) -> Result<String, Failure> {
    house.command(["account", "invite", login])?.invited().map(str::to_owned)
}

/// What a counter of the house says; nothing of it is 0.
pub(crate) async fn counted(house: &House, name: &str) -> Result<u64, Failure> {
    Ok(figure(house.monitor(), name).await?.unwrap_or(0))
}

/// What one process says of a figure, where it says it.
pub(crate) async fn figure(monitor: Target, name: &str) -> Result<Option<u64>, Failure> {
    let text = ask(monitor, &Request::get("/metrics")).await?.text();
    Ok(text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok()))
}

/// The request that signs in with a password.
pub(crate) fn sign_in_with(login: &str, password: &str) -> Request {
    let body = format!(r#"{{"login":"{login}","password":"{password}"}}"#);
    Request::new("POST", "/api/v1/sessions").header("content-type", "application/json").body(body.as_bytes())
}

/// Settings of an installation at that address, behind proxies that are listed and tell the client's address that way.
pub(crate) fn behind_proxies(url: &str, listed: &str, tell: &str) -> String {
    format!(
        "[tenant]\nhelp = \"https://example.jp/help\"\npublic_url = \"{url}\"\n\
         [listen]\npublic = [\"127.0.0.1:0\"]\nmetrics = \"127.0.0.1:0\"\n\
         trusted_proxies = [\"{listed}\"]\nproxies_tell = \"{tell}\"\n"
    )
}
