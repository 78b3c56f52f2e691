//! What the steps of one run share: programs, grounds that take minutes to make, and how long things are measured.

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::ground::{Ground, Size};
use super::programs::Programs;
use super::read::Cost;
use super::server::Server;
use super::{machine, stats};
use crate::{Failure, tidy, tool};

/// One run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) programs: Programs,
    pub(super) quick: bool,
    /// Where everything is put that is removed at the end.
    pub(super) scratch: PathBuf,
    /// The moment all ledgers are of.
    pub(super) day: String,
    /// Lines of the larger ledger.
    lines: u64,
    small: Kept,
    large: Kept,
    moved: Kept,
    costs: RefCell<Option<Vec<Cost>>>,
}

/// A ground that was made, or why it could not be: minutes are not spent a second time.
type Kept = RefCell<Option<Result<Arc<Ground>, String>>>;

/// Files a crowd of 15,000 connections and those of its server need.
const FILES: u64 = 16_000;

impl Run {
    pub(super) fn begin(programs: Programs, quick: bool, lines: u64) -> Result<Self, Failure> {
        let files = machine::descriptors();
        if files < FILES {
            return Err(format!(
                "cannot play large crowds: {files} open files are allowed; `ulimit -n {FILES}` or more"
            )
            .into());
        }
        for (program, package) in [("taskset", "util-linux"), ("date", "coreutils")] {
            tool::needs(
                program,
                &["--version"],
                &format!("apt-get install -y --no-install-recommends {package}"),
            )?;
        }
        let scratch = tidy::root().join("target/bench");
        // What a run left behind that was killed: gigabytes, and only one run measures at a time.
        match std::fs::remove_dir_all(&scratch) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => std::fs::create_dir_all(&scratch)?,
        }
        let mut date = Command::new("date");
        let day = tool::said(date.env("TZ", "Asia/Tokyo").arg("+%Y-%m-%dT00:00:00+09:00"))?.trim().to_owned();
        let [small, large, moved] = [(); 3].map(|()| RefCell::default());
        Ok(Self { programs, quick, scratch, day, lines, small, large, moved, costs: RefCell::default() })
    }

    /// So many seconds, or a tenth of them where it is only tried.
    pub(super) fn time(&self, seconds: u64) -> Duration {
        if self.quick { Duration::from_millis(100 * seconds) } else { Duration::from_secs(seconds) }
    }

    /// 100,000 lines with as many sessions.
    pub(super) fn small(&self) -> Result<Arc<Ground>, Failure> {
        let size = if self.quick {
            Size { lines: 600, sessions: 600, hot: 200 }
        } else {
            Size { lines: 100_000, sessions: 100_000, hot: 20_000 }
        };
        self.ground(&self.small, size)
    }

    /// A million lines, and no more people who read.
    pub(super) fn large(&self) -> Result<Arc<Ground>, Failure> {
        let size = if self.quick {
            Size { lines: 2_000, sessions: 200, hot: 200 }
        } else {
            Size { lines: self.lines, sessions: 20_000, hot: 20_000 }
        };
        self.ground(&self.large, size)
    }

    /// What is moved into a database row by row, twice: so much that it takes a minute.
    pub(super) fn moved(&self) -> Result<Arc<Ground>, Failure> {
        let lines = if self.quick { 600 } else { 10_000 };
        self.ground(&self.moved, Size { lines, sessions: 200, hot: 200 })
    }

    fn ground(&self, kept: &Kept, size: Size) -> Result<Arc<Ground>, Failure> {
        let mut kept = kept.borrow_mut();
        let made = kept
            .get_or_insert_with(|| Ground::make(self, size).map(Arc::new).map_err(|error| error.to_string()));
        Ok(Arc::clone(made.as_ref().map_err(Clone::clone)?))
    }

    pub(super) fn keep_costs(&self, costs: Vec<Cost>) {
        *self.costs.borrow_mut() = Some(costs);
    }

    /// What a read cost at the smaller size, where that was measured in this run.
    pub(super) fn costs(&self) -> Option<Vec<Cost>> {
        self.costs.borrow().clone()
    }

    /// A file with one whole answer, for the bare handler to give to everybody.
    pub(super) fn answer(&self, server: &Server, ground: &Ground) -> Result<PathBuf, Failure> {
        let mut stream = TcpStream::connect(server.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        // The last request of its connection: the answer ends with it.
        let request = ground.home(0).replacen("\r\n", "\r\nConnection: close\r\n", 1);
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        if !answer.starts_with(b"HTTP/1.1 200") {
            return Err(format!("home was answered {:?}", String::from_utf8_lossy(&answer)).into());
        }
        let file = self.scratch.join("answer");
        std::fs::write(&file, answer)?;
        println!("  an answer has {} octets", stats::large(std::fs::metadata(&file)?.len()));
        Ok(file)
    }
}
