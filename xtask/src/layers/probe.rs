//! One run of the product with faults planted and layers left out: what came out of it, and what stopped what.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use honnin_drill::client::{Answer, Connection, Limits, Request, Target};
use honnin_drill::harness::{House, Plan, SignedIn};
use honnin_drill::ledger::Watermarks;
use honnin_drill::scan::{Scanner, Vocabulary};
use serde_json::Value;
use tempfile::TempDir;

use crate::Failure;

/// Subjects: a mix-up of two shows between any two of them, and the third sees a chain.
const SUBJECTS: u64 = 3;
/// How often everybody asks for everything.
const ROUNDS: usize = 2;
/// The password of a demo, as it tells everybody.
const PASSWORD: &str = "honnin-demo-only";
/// What everybody can ask for without knowing an id, and of each line.
const OF_ACCOUNT: [&str; 5] = ["/api/v1/me", "/api/v1/bills", "/lines", "/bills", "/devices"];
const OF_LINE: [&str; 3] = ["/api/v1/lines/{}/home", "/api/v1/lines/{}/usage", "/lines/{}/contract"];

/// What each subject asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// What is hers.
    Own,
    /// The lines of the others too.
    Others,
}

/// What every run stands on: the program and a ledger.
#[derive(Debug)]
pub(super) struct Ground {
    binary: PathBuf,
    ledger: TempDir,
    vocabulary: Vocabulary,
}

/// What was seen of a run.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Marks of others.
    pub(super) foreign: usize,
    /// Marks of the viewer's own.
    pub(super) own: usize,
    /// Answers with marks.
    disclosed: u64,
    /// Answers with marks that a cache may keep.
    keepable: u64,
    /// Disclosures of the journal; unknown where it does not verify.
    entries: Option<u64>,
    /// Layers that stopped something.
    pub(super) stopped: BTreeSet<String>,
    /// Whether `journal verify` finds nothing.
    pub(super) verifies: bool,
}

impl Seen {
    /// What may not be, in the order of how bad it is.
    pub(super) fn harm(&self) -> Option<&'static str> {
        if self.foreign > 0 {
            Some("another's data")
        } else if self.keepable > 0 {
            Some("an answer that caches may keep")
        } else if self.entries.is_some_and(|entries| entries < self.disclosed) {
            Some("her own data, without an entry")
        } else {
            None
        }
    }
}

impl Ground {
    /// Makes a ledger for that program.
    pub(super) fn make(binary: PathBuf) -> Result<Self, Failure> {
        let ledger = tempfile::Builder::new().prefix("honnin-layers-").tempdir()?;
        let written = Watermarks { usage_days: 2, ..Watermarks::of(SUBJECTS, 1) }.write(ledger.path())?;
        Ok(Self { binary, vocabulary: Vocabulary::new(&written.marks.marked)?, ledger })
    }

    /// Starts the program with these faults and without these layers, and lets everybody ask for everything.
    pub(super) async fn run(
        &self,
        planted: &[String],
        without: &[&str],
        asks: Asks,
    ) -> Result<Seen, Failure> {
        let told = tempfile::NamedTempFile::new()?;
        let left_out = without.iter().map(|layer| format!("without-{layer}"));
        let names: Vec<String> = planted.iter().cloned().chain(left_out).collect();
        let environment = vec![
            // Never empty: a build that is told nothing does not tell what stopped something either.
            ("HONNIN_FAULTS".to_owned(), format!(",{}", names.join(","))),
            ("HONNIN_FAULTS_TOLD".to_owned(), told.path().display().to_string()),
        ];
        let plan = Plan {
            binary: self.binary.clone(),
            ledger: self.ledger.path().to_owned(),
            sessions: self.vocabulary.subjects(),
            environment,
            now: None,
            store: None,
        };
        let mut seen = Seen { verifies: true, ..Seen::default() };
        let mut house = match House::start(&plan).await {
            Ok(house) => house,
            Err(failure) => {
                // The demo signs everybody in before it serves, which a layer may stop as well.
                seen.stopped = stopped(told.path())?;
                return if seen.stopped.is_empty() { Err(failure.into()) } else { Ok(seen) };
            }
        };
        self.ask_for_everything(&house, asks, &mut seen).await?;
        house.end().await?;
        let verified = house.command(["journal", "verify"])?;
        let counted = verified.out.lines().find_map(|line| line.strip_prefix("to owner"));
        seen.verifies = verified.code == Some(0);
        seen.entries = counted.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        seen.stopped = stopped(told.path())?;
        Ok(seen)
    }

    async fn ask_for_everything(&self, house: &House, asks: Asks, seen: &mut Seen) -> Result<(), Failure> {
        let target = house.target();
        let others = || house.sessions().iter().cycle().skip(1);
        let mut lines = vec![BTreeSet::new(); house.sessions().len()];
        for _ in 0..ROUNDS {
            for (session, lines) in house.sessions().iter().zip(&mut lines) {
                let answer = self.ask(target, session, Request::get("/api/v1/me"), seen).await?;
                lines.extend(lines_of(&answer));
            }
            // The request after one's own is somebody else's.
            for path in OF_ACCOUNT {
                for (session, other) in house.sessions().iter().zip(others()) {
                    self.ask(target, session, Request::get(path), seen).await?;
                    let named = Request::get(path).header("x-account-id", &other.account);
                    self.ask(target, session, named, seen).await?;
                }
            }
            let all: BTreeSet<&String> = lines.iter().flatten().collect();
            for path in OF_LINE {
                for (session, own) in house.sessions().iter().zip(&lines) {
                    for line in all.iter().filter(|line| asks == Asks::Others || own.contains(**line)) {
                        self.ask(target, session, Request::get(&path.replace("{}", line)), seen).await?;
                    }
                }
            }
            for session in house.sessions() {
                if let Some(new) = sign_in(target, session).await? {
                    self.ask(target, &new, Request::get("/api/v1/me"), seen).await?;
                }
            }
        }
        Ok(())
    }

    /// Asks as somebody, and looks at what she was sent.
    async fn ask(
        &self,
        target: Target,
        session: &SignedIn,
        request: Request,
        seen: &mut Seen,
    ) -> Result<Answer, Failure> {
        let answer = exchange(target, &request.header("cookie", &session.cookie)).await?;
        let subject = self.vocabulary.subject(&session.account);
        let scan = Scanner::new(&self.vocabulary).scan(subject, &answer.pieces(&answer.coding()));
        seen.foreign += scan.foreign_count;
        seen.own += scan.own.len();
        if scan.foreign_count > 0 || !scan.own.is_empty() {
            seen.disclosed += 1;
            let forbids = answer.header("cache-control").any(|value| value.contains("no-store"));
            seen.keepable += u64::from(!forbids);
        }
        Ok(answer)
    }
}

async fn exchange(target: Target, request: &Request) -> Result<Answer, Failure> {
    let mut connection =
        Connection::open(target, Limits::default()).await.map_err(|error| error.to_string())?;
    Ok(connection.exchange(request).await.answer)
}

/// Signs somebody in once more; nothing where she is turned away.
async fn sign_in(target: Target, session: &SignedIn) -> Result<Option<SignedIn>, Failure> {
    let account = session.account.clone();
    let body = format!(r#"{{"login":"{account}","password":"{PASSWORD}"}}"#);
    let request = Request::new("POST", "/api/v1/sessions").header("content-type", "application/json");
    let answer = exchange(target, &request.body(body.as_bytes())).await?;
    let cookie = answer.header("set-cookie").next().and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.filter(|_| answer.status == 201).map(str::to_owned);
    Ok(cookie.map(|cookie| SignedIn { account, cookie }))
}

fn lines_of(answer: &Answer) -> Vec<String> {
    let me: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let lines = me.get("lines").and_then(Value::as_array).cloned().unwrap_or_default();
    lines.iter().filter_map(|line| line.get("line")?.as_str().map(str::to_owned)).collect()
}

/// The layers that wrote down that they stopped something.
pub(crate) fn stopped(file: &Path) -> Result<BTreeSet<String>, Failure> {
    Ok(fs::read_to_string(file)?.lines().map(str::to_owned).collect())
}
