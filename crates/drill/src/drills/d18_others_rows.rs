//! D18: an operator for several brands hands one of them an extract with rows of another. They are set aside, the feed
//! goes on, somebody is called, and nothing of them is on a page or in an export. Then both brands are served from one
//! machine, and nothing of the one is at the other's.

mod houses;

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::harness::{Failure, House, Verdict};
use crate::kit::exports::Export;
use crate::kit::paths::Paths;
use crate::kit::stage::{PATIENCE, Stage, World, ask_kept, counted, get_as};
use crate::kit::tally::{Findings, Tally};
use crate::ledger::Joined;

/// Subscribers at most, of both brands together: every second is the other's.
const SUBJECTS: u64 = 30;
/// The mapping of the ledgers that drills are made of.
const MAPPING: &str = include_str!("../../../../examples/ledger-a/mapping.toml");
/// The column that says whose subscribers a row is about, and what stands there.
const HEADING: &str = "MVNO";
const OURS: &str = "A001";
const THEIRS: &str = "B002";
const BUCKETS: &str = "データ残量.csv";
const ALARM: &str = "honnin_alarm_total{kind=\"others_rows\"}";

/// Plays D18.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let extracts = Extracts::of(&world)?;
    let house = stage.house(extracts.before(), extracts.ours.len()).await?;
    let mut tally = Tally::default();
    read_everything(&house, &world, &mut tally).await?;
    let called_before = counted(&house, ALARM).await?;

    stage.say("  an extract comes with rows of another brand");
    let mapping = extracts.mapping();
    let words = ["--json", "intake", "files", "--mapping"].map(AsRef::as_ref);
    let feed = extracts.feed();
    let ran = house.command(words.into_iter().chain([mapping.as_os_str(), feed.as_os_str()]))?;
    let told: Value = serde_json::from_str(&ran.out).map_err(|error| {
        Failure::Product(format!("intake ended with {:?}: {error}: {}", ran.code, ran.err.trim()))
    })?;
    let count = |pointer: &str| told.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let (aside, taken) = (count("/in_all/quarantined/other_tenant"), count("/in_all/taken"));
    let mut found = Vec::new();
    if aside != extracts.theirs {
        found.push(format!(
            "{aside} rows were set aside as another operator's, and there are {}",
            extracts.theirs
        ));
    }
    let mut verdicts = vec![Verdict::of(
        "every row of the other brand is set aside",
        "an extract with rows of both",
        extracts.theirs,
        found,
    )];
    let mut found = Vec::new();
    if taken != extracts.news {
        found.push(format!("{taken} rows were taken, and {} of the brand's own are new", extracts.news));
    }
    if ran.code != Some(4) {
        found.push(format!("intake ended with {:?}: {}", ran.code, ran.err.trim()));
    }
    verdicts.push(Verdict::of(
        "the brand's own rows are taken as ever, between the others",
        "the same extract",
        extracts.news,
        found,
    ));

    let deadline = Instant::now() + PATIENCE;
    let mut called = counted(&house, ALARM).await?;
    while called == called_before && Instant::now() < deadline {
        sleep(std::time::Duration::from_millis(100)).await;
        called = counted(&house, ALARM).await?;
    }
    let found = if called > called_before { Vec::new() } else { vec![format!("{ALARM} is {called}")] };
    verdicts.push(Verdict::of("somebody is called", ALARM, 1, found));

    stage.say("  everybody reads everything and takes an export");
    let exported = read_everything(&house, &world, &mut tally).await?;
    verdicts.push(exported);
    let listed = house.command(["quarantine", "list"])?;
    let names = world
        .marked
        .iter()
        .flat_map(|marked| &marked.text)
        .filter(|mark| listed.out.to_lowercase().contains(mark.as_str()));
    let found = names.map(|_| "the list of rows set aside has a mark of somebody".to_owned()).collect();
    verdicts.push(Verdict::of(
        "the list of rows set aside says nothing of what is in them",
        "quarantine list",
        aside.max(1),
        found,
    ));
    verdicts.extend(tally.looked("every page and an export of every subscriber, before and after"));
    drop(house);
    if !stage.has_enough(&verdicts) {
        verdicts.extend(houses::play(stage, &world, &extracts).await?);
    }
    Ok(verdicts)
}

/// Everybody who is signed in reads everything and takes an export; what is not hers is noted.
async fn read_everything(house: &House, world: &World, tally: &mut Tally) -> Result<Verdict, Failure> {
    let (mut exports, mut found) = (0, Findings::default());
    for session in house.sessions() {
        let mut paths = Paths::of(world, house.target(), session, tally).await?;
        let export = Export::begin(house.target(), session).await?.made(house.target(), session).await?;
        if export.state == "ready" {
            paths.reads.push(export.data());
        } else {
            found.add(format!("an export ended as {}: {:?}", export.state, export.fault));
        }
        exports += 1;
        for path in paths.reads {
            let exchange = ask_kept(house.target(), &get_as(session, &path)).await?;
            tally.look(world, Some(session), &path, &exchange);
        }
    }
    Ok(Verdict::of("everybody's export is made", "an export each", exports, found.told()))
}

/// What the brand had, and what it is sent.
struct Extracts {
    directory: TempDir,
    /// Accounts of the brand, and of the other.
    ours: BTreeSet<String>,
    others: BTreeSet<String>,
    /// The file with usage of the newest month, which the brand has not taken in before.
    newest: String,
    /// Rows that the brand has not seen before.
    news: u64,
    /// Rows of the other brand in what it is sent.
    theirs: u64,
}

impl Extracts {
    /// Parts a ledger: every second account is the other brand's.
    fn of(world: &World) -> Result<Self, Failure> {
        let directory = tempfile::Builder::new().prefix("honnin-drill-brands-").tempdir();
        let directory = directory.map_err(Failure::machine("make a directory for extracts"))?;
        let others: HashSet<&String> = world.accounts.iter().skip(1).step_by(2).collect();
        let ours = world.accounts.iter().filter(|account| !others.contains(account)).cloned().collect();
        let of_others = others.iter().map(|account| (*account).clone()).collect();
        let [month, _] = world.months;
        let newest = format!("利用量_{}.csv", Joined(month));
        let mut made = Self { directory, ours, others: of_others, newest, news: 0, theirs: 0 };
        for directory in [made.before(), made.feed(), made.others()] {
            fs::create_dir(&directory).map_err(Failure::machine("make a directory for extracts"))?;
        }
        let marked = world.marked.iter().filter(|marked| others.contains(&marked.account));
        let codes: HashSet<String> = marked
            .flat_map(|marked| marked.text.iter().chain(&marked.line))
            .map(|code| code.to_lowercase())
            .collect();
        let listed = fs::read_dir(world.ledger()).map_err(Failure::machine("look into a ledger"))?;
        for entry in listed {
            let path = entry.map_err(Failure::machine("look into a ledger"))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if Path::new(&name).extension().is_some_and(|ending| ending == "csv") {
                made.part(&path, &name, &codes)?;
            }
        }
        let tenant = format!("[[file]]\ntenant = {{ heading = \"{HEADING}\", is = [\"{OURS}\"] }}\n");
        let mapping = MAPPING.replace("[[file]]\n", &tenant);
        let written =
            fs::write(made.mapping(), mapping).and_then(|()| fs::write(made.plain_mapping(), MAPPING));
        written.map_err(Failure::machine("write a mapping file"))?;
        Ok(made)
    }

    /// Parts one file: what the brand had, and a feed in which the rows of both stand as they do in the ledger. Usage and
    /// buckets of the other brand are in it once more under a number or a line of ours, as codes of two brands may be alike.
    fn part(&mut self, path: &Path, name: &str, codes: &HashSet<String>) -> Result<(), Failure> {
        let octets = fs::read(path).map_err(Failure::machine("read a ledger"))?;
        let (mut before, mut feed, mut others) = (Vec::new(), Vec::new(), Vec::new());
        // The column that names the line, where another's may stand in it.
        let alike = if name == BUCKETS { Some(0) } else { name.starts_with("利用量").then_some(1) };
        let rows: Vec<Vec<&[u8]>> =
            octets.split(|octet| *octet == b'\n').filter(|row| !row.is_empty()).map(cells).collect();
        let is_theirs = |row: &[&[u8]]| {
            row.iter().any(|cell| codes.contains(&String::from_utf8_lossy(cell).to_lowercase()))
        };
        let first_of_ours = rows.iter().skip(1).find(|row| !is_theirs(row)).cloned();
        for (place, row) in rows.iter().enumerate() {
            if place == 0 {
                write(&mut before, row, None);
                write(&mut others, row, None);
                write(&mut feed, row, Some(HEADING));
            } else if is_theirs(row) {
                write(&mut others, row, None);
                write(&mut feed, row, Some(THEIRS));
                self.theirs += 1;
                if let (Some(column), Some(ours)) = (alike, &first_of_ours) {
                    let mut row = row.clone();
                    if let (Some(cell), Some(own)) = (row.get_mut(column), ours.get(column)) {
                        *cell = own;
                    }
                    write(&mut feed, &row, Some(THEIRS));
                    self.theirs += 1;
                }
            } else {
                write(&mut feed, row, Some(OURS));
                if name == self.newest {
                    self.news += 1;
                } else {
                    write(&mut before, row, None);
                }
            }
        }
        let written = fs::write(self.before().join(name), before)
            .and_then(|()| fs::write(self.feed().join(name), feed))
            .and_then(|()| fs::write(self.others().join(name), others));
        written.map_err(Failure::machine("write an extract"))
    }

    fn before(&self) -> PathBuf {
        self.directory.path().join("before")
    }

    fn feed(&self) -> PathBuf {
        self.directory.path().join("feed")
    }

    /// What the other brand is handed of its own.
    fn others(&self) -> PathBuf {
        self.directory.path().join("others")
    }

    fn mapping(&self) -> PathBuf {
        self.directory.path().join("mapping.toml")
    }

    /// The same that asks for nobody's name.
    fn plain_mapping(&self) -> PathBuf {
        self.directory.path().join("plain-mapping.toml")
    }
}

/// The cells of a row in which every cell has quotes; none of these ledgers has one within.
fn cells(row: &[u8]) -> Vec<&[u8]> {
    let row = row.strip_suffix(b"\r").unwrap_or(row);
    row.split(|octet| *octet == b'"').skip(1).step_by(2).collect()
}

fn write(out: &mut Vec<u8>, row: &[&[u8]], whose: Option<&str>) {
    let cells: Vec<&[u8]> = row.iter().copied().chain(whose.map(str::as_bytes)).collect();
    out.push(b'"');
    out.extend(cells.join(b"\",\"".as_slice()));
    out.extend(b"\"\r\n");
}
