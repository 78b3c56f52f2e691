//! What a drill is given: options, chance, and the product with watermarked subjects.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::client::{Answer, Connection, Limits, Request, Target};
use crate::harness::{Failure, House, Plan, SignedIn};
use crate::ledger::Watermarks;
use crate::run::Options;
use crate::scan::{Scan, Scanner, Vocabulary};
use crate::seed::Draw;

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
}

impl World {
    pub(crate) fn ledger(&self) -> PathBuf {
        self.directory.path().to_owned()
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

    /// Makes a ledger of at most that many watermarked subjects.
    pub(crate) fn world(&self, most: u64) -> Result<World, Failure> {
        let directory = tempfile::Builder::new().prefix("honnin-drill-ledger-").tempdir();
        let directory = directory.map_err(Failure::machine("make a directory for a ledger"))?;
        let subjects = self.options.subjects.min(most);
        self.say(&format!("  making a ledger of {subjects} watermarked subjects"));
        let written = Watermarks::of(subjects, self.options.seed).write(directory.path())?;
        let vocabulary = Vocabulary::new(&written.marks.marked)?;
        Ok(World { directory, vocabulary })
    }

    /// Starts the product with that ledger, every subject signed in `times` times.
    pub(crate) async fn house(&self, ledger: PathBuf, sessions: usize) -> Result<House, Failure> {
        self.say(&format!("  starting the product, {sessions} sessions"));
        let binary = self.options.binary.clone();
        House::start(&Plan { binary, ledger, sessions }).await
    }

    pub(crate) fn say(&self, text: &str) {
        (self.options.say)(text);
    }
}

/// Asks once, on a connection of its own.
pub(crate) async fn ask(target: Target, request: &Request) -> Result<Answer, Failure> {
    let broken = |broken: crate::client::Broken| {
        Failure::Product(format!("{} {}: {broken}", request.method(), request.path()))
    };
    let mut connection = Connection::open(target, Limits::default()).await.map_err(broken)?;
    let exchange = connection.exchange(request).await;
    exchange.broken.map_or(Ok(exchange.answer), |reason| Err(broken(reason)))
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
