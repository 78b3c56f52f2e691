//! Outside eyes: schemathesis reads `openapi.json` of a running demo and asks everything it can think of, as two
//! subscribers.
//!
//! Three rounds, each with the same questions: with her own ids in the paths, with another subscriber's, with nobody's.
//! Its own checks look at every answer; ours look at the record of all rounds: nobody was told anybody else's marks, and
//! another's ids were answered exactly as nobody's.

mod record;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use honnin_drill::ledger::{Watermarked, Watermarks};
use honnin_drill::scan::Vocabulary;
use serde_json::{Value, json};

use crate::demo::Demo;
use crate::{Failure, tidy, tool};
use record::Record;

/// The version whose checks these are.
const VERSION: &str = "4.32.5";

/// Questions to each operation in each round, where nothing is said.
pub(crate) const EXAMPLES: u64 = 60;

/// What everybody's password is in a demo.
const PASSWORD: &str = "honnin-demo-only";

/// What is taken for right though its checks would not: operation, check, statuses, and why.
const TAKEN: [(&str, &str, &str, &str); 1] = [(
    "put_lines_line_speed",
    "positive_data_acceptance",
    "[\"2xx\", 401, 403, 404, 409, 422, 429]",
    "an Idempotency-Key that was used for another wish is refused with 422 (draft-ietf-httpapi-idempotency-key-header, 2.7)",
)];

/// Whose ids stand in the paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    Hers,
    Anothers,
    Nobodys,
}

impl Ids {
    const ALL: [Self; 3] = [Self::Hers, Self::Anothers, Self::Nobodys];

    const fn file(self) -> &'static str {
        match self {
            Self::Hers => "hers",
            Self::Anothers => "anothers",
            Self::Nobodys => "nobodys",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Hers => "her",
            Self::Anothers => "another's",
            Self::Nobodys => "nobody's",
        }
    }
}

/// What came of it all.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Answers that were looked through.
    pub(crate) answers: usize,
    /// Questions with another's ids, and with nobody's.
    pub(crate) with_ids: (usize, usize),
    /// What is wrong, a sentence each.
    pub(crate) wrong: Vec<String>,
    pub(crate) seed: u64,
    pub(crate) examples: u64,
}

impl Outcome {
    /// What was asked, what is taken for right, and what is wrong.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Self { answers, with_ids: (anothers, nobodys), wrong, seed, examples } = self;
        let mut lines = vec![format!(
            "schemathesis {VERSION}, seed {seed}, {examples} examples: {answers} answers looked through; {anothers} \
             questions with another's ids, {nobodys} with nobody's"
        )];
        let taken = TAKEN.iter().map(|(operation, check, statuses, why)| {
            format!("- taken for right: {operation}: {check}: {statuses}: {why}")
        });
        lines.extend(taken);
        lines.extend(wrong.iter().map(|wrong| format!("- FAILED: {wrong}")));
        lines
    }
}

/// What can be asked of schemathesis.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// Questions to each operation in each of three rounds
    #[arg(long, default_value_t = EXAMPLES)]
    examples: u64,
    /// Another seed, other questions
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// `cargo xtask schemathesis`.
pub(crate) fn command(asked: &Asked) -> Result<(), Failure> {
    let outcome = run(asked.examples, asked.seed)?;
    for line in outcome.lines() {
        println!("{line}");
    }
    let wrong = &outcome.wrong;
    if wrong.is_empty() { Ok(()) } else { Err(format!("{} things are wrong", wrong.len()).into()) }
}

/// Starts a demo with watermarked subscribers and lets it be asked.
pub(crate) fn run(examples: u64, seed: u64) -> Result<Outcome, Failure> {
    let dir = tidy::root().join("target/schemathesis");
    let program = installed(&dir)?;
    let run = dir.join("run");
    if run.exists() {
        fs::remove_dir_all(&run)?;
    }
    fs::create_dir_all(&run)?;
    let ledger = run.join("ledger");
    let Watermarked { marks, accounts, .. } =
        Watermarks { usage_days: 40, ..Watermarks::of(8, seed) }.write(&ledger)?;
    let vocabulary = Vocabulary::new(&marks.marked)?;
    // The second and the fourth account have two and three lines.
    let (Some(first), Some(second)) = (accounts.get(1), accounts.get(3)) else {
        return Err("too few accounts".into());
    };
    let demo = Demo::start(Some(&ledger))?;
    let (hers, anothers) = (ids_of(&demo, first)?, ids_of(&demo, second)?);
    fs::write(run.join("people.json"), people(first, second).to_string())?;
    let mut outcome = Outcome { answers: 0, with_ids: (0, 0), wrong: Vec::new(), seed, examples };
    let mut records = Vec::new();
    for ids in Ids::ALL {
        let (line, bill) = match ids {
            Ids::Hers => hers.clone(),
            Ids::Anothers => anothers.clone(),
            Ids::Nobodys => ("0".repeat(32), "0".repeat(32)),
        };
        let round = Round { program: &program, run: &run, address: demo.address(""), ids, examples, seed };
        let is_well = round.ask(&line, &bill)?;
        if !is_well {
            outcome.wrong.push(format!("schemathesis found something with {} ids: see above", ids.word()));
        }
        let record = Record::read(&round.report(), &[&line, &bill])?;
        outcome.answers += record.answers();
        outcome.wrong.extend(record.mixed(&vocabulary));
        records.push(record);
    }
    if let [_, anothers, nobodys] = records.as_slice() {
        outcome.with_ids = (anothers.asked_with_ids(), nobodys.asked_with_ids());
        outcome.wrong.extend(anothers.differs(nobodys));
    }
    Ok(outcome)
}

/// The program, put into a directory of its own where it is not there yet.
fn installed(dir: &Path) -> Result<PathBuf, Failure> {
    let place = dir.join(format!("schemathesis-{VERSION}"));
    let program = place.join("bin/st");
    if program.is_file() {
        return Ok(program);
    }
    tool::needs(
        "python3",
        &["-m", "venv", "--help"],
        "apt-get install -y --no-install-recommends python3 python3-venv",
    )?;
    println!("installing schemathesis {VERSION} into {}", place.display());
    tool::said(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
    let package = format!("schemathesis=={VERSION}");
    tool::said(Command::new(place.join("bin/python")).args(["-m", "pip", "install", "--quiet", &package]))?;
    Ok(program)
}

/// The first line and the newest bill of somebody.
fn ids_of(demo: &Demo, account: &str) -> Result<(String, String), Failure> {
    let cookie = demo.cookie_of(account)?;
    let text = |path: &str, at: &str| {
        let answer = demo.ask(path, &cookie)?;
        let found = answer.pointer(at).and_then(Value::as_str).map(str::to_owned);
        found.ok_or_else(|| Failure::from(format!("{path} has no {at}")))
    };
    Ok((text("/api/v1/me", "/lines/0/line")?, text("/api/v1/bills", "/bills/0/bill")?))
}

/// Who asks: two subscribers who sign in as programs do, and again where an act signed them out.
fn people(first: &str, second: &str) -> Value {
    let person = |name: &str, login: &str| {
        json!({
            "name": name,
            "loginEndpointAuth": {
                "endpoint": "/api/v1/sessions",
                "verb": "POST",
                "contentType": "application/json",
                "payloadRaw": json!({ "login": login, "password": PASSWORD }).to_string(),
                "token": {
                    "extractFrom": "body",
                    "extractSelector": "/token",
                    "sendIn": "header",
                    "sendName": "Authorization",
                    "sendTemplate": "Bearer {token}",
                },
            },
        })
    };
    json!({ "schemaVersion": "0.3.0", "auth": [person("first", first), person("second", second)] })
}

/// One round of questions.
struct Round<'a> {
    program: &'a Path,
    run: &'a Path,
    address: String,
    ids: Ids,
    examples: u64,
    seed: u64,
}

impl Round<'_> {
    fn report(&self) -> PathBuf {
        self.run.join(self.ids.file()).with_extension("har")
    }

    /// Asks; says whether the program's own checks found nothing.
    fn ask(&self, line: &str, bill: &str) -> Result<bool, Failure> {
        let settings = self.run.join(self.ids.file()).with_extension("toml");
        let mut text = format!(
            "[auth.wfc]\npath = \"people.json\"\nuser = \"first\"\npeers = [\"first\", \"second\"]\n\n\
             [parameters]\n\"path.line\" = \"{line}\"\n\"path.bill\" = \"{bill}\"\n"
        );
        for (operation, check, statuses, _) in TAKEN {
            text.extend(["\n[[operations]]\ninclude-operation-id = \"", operation, "\"\nchecks.", check]);
            text.extend([".expected-statuses = ", statuses, "\n"]);
        }
        fs::write(&settings, text)?;
        println!();
        println!("== schemathesis with {} ids", self.ids.word());
        let mut command = Command::new(self.program);
        command.arg("--config-file").arg(&settings).args(["run", &format!("{}/openapi.json", self.address)]);
        command.args(["--checks", "all", "--continue-on-failure", "--no-color", "--request-timeout", "60"]);
        // A wrong password is held for up to 20 s.
        command.args(["--max-response-time", "30"]);
        // Ids that are not hers are answered "not there", whatever else is right with the request.
        if self.ids != Ids::Hers {
            command.args(["--warnings", "off"]);
        }
        command.args(["--max-examples", &self.examples.to_string(), "--seed", &self.seed.to_string()]);
        command.arg("--generation-deterministic");
        command.args(["--output-sanitize", "false", "--report-preserve-bytes", "--report", "har"]);
        command.arg("--report-har-path").arg(self.report());
        let status = command.current_dir(self.run).stdin(Stdio::null()).status();
        Ok(status.map_err(|error| format!("run schemathesis: {error}"))?.success())
    }
}
