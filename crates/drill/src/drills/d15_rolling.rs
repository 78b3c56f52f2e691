//! D15: two nodes are started again one after the other with another build, and back, under load. No request fails, nobody
//! is signed out, and nothing that was acknowledged is lost.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::sleep;

use crate::client::Target;
use crate::harness::{Balancer, Beside, Database, Failure, House, Node, Server, Verdict, free_address};
use crate::kit::acts::{Acting, Acts};
use crate::kit::crowd::Crowd;
use crate::kit::stage::{Stage, journal_verifies, release_of};
use crate::kit::tally::Tally;

const SUBJECTS: u64 = 24;
/// Connections that read all the time.
const CONNECTIONS: usize = 6;
/// From so many seconds on both nodes are started again so often; otherwise there and back.
const LONG: (u64, usize) = (40, 10);
/// Load before and after each restart.
const BETWEEN: Duration = Duration::from_secs(1);
/// Sessions that are ended with each restart.
const ENDED: usize = 1;
/// How long a node that is to end says so before it takes no connection any more. The balancer asks every 200 ms.
const NOTICE: &str = "drain_notice = \"2 s\"\n";

/// The two nodes, and the two builds.
struct Town<'a> {
    house: &'a House,
    settings: String,
    nodes: [(&'static str, Target, Beside); 2],
    builds: [(PathBuf, String); 2],
    restarts: u64,
    found: Vec<String>,
}

/// Plays D15.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let rolls = if stage.options.seconds >= LONG.0 { LONG.1 } else { 2 };
    let world = stage.world(SUBJECTS)?;
    let server = Server::start().await?;
    let [url, owner] = ["honnin", "owner"].map(|role| server.url(role));
    let database = Database { url, owner: owner.clone() };
    let settings = format!("{}{NOTICE}", database.settings());
    let subjects = world.vocabulary.subjects();
    let spare = (2 * ENDED * rolls).div_ceil(subjects);
    let mut house = stage.serving_on(&world, database, 1 + spare).await?;
    let spare = house.spare(subjects);
    let crowd = Crowd::gather(world, &house, false).await?;
    let binary = stage.options.binary.clone();
    let other = stage.other_build(&house)?;
    let builds =
        [(binary.clone(), release_of(&house, &binary)?), (other.clone(), release_of(&house, &other)?)];
    house.end().await?;

    let (at, mut nodes) = ([free_address()?, free_address()?], Vec::new());
    for (name, at) in ["1", "2"].into_iter().zip(at) {
        let node = house.begin_node(Node { name, settings: &settings, binary: None, at: Some(at) }).await?;
        let node = node.map_err(Failure::Product)?;
        nodes.push((name, node.target(), node));
    }
    let nodes: [_; 2] =
        nodes.try_into().map_err(|_| Failure::Product("there are not two nodes".to_owned()))?;
    let targets = nodes.each_ref().map(|(_, target, _)| *target);
    let front = Balancer::before_ready(&targets).await?;
    crowd.go_to(front.target()?);
    let acts = Acts::of(&crowd, spare);
    let (reading, acting) = (crowd.ask(CONNECTIONS, &stage.draw), acts.begin(&stage.draw));
    let mut town = Town { house: &house, settings, nodes, builds, restarts: 0, found: Vec::new() };
    for roll in 1..=rolls {
        let (new, what) =
            if roll % 2 == 1 { (1, "with another build") } else { (0, "with the first build again") };
        stage.say(&format!(
            "  both nodes are started again {what}, one after the other, under load ({roll} of {rolls})"
        ));
        town.roll(new, &owner, &acts).await?;
    }
    acts.let_act(Acting::None);
    acts.look_at_all(&targets).await;
    acts.rest(acting).await;
    crowd.rest(reading).await;

    let tried = "two nodes started again with another build, and back, under load";
    let noted = crowd.noted();
    let failed = nothing_fails(&noted, acts.refused());
    let mut verdicts = noted.verdicts(tried);
    verdicts.push(failed);
    verdicts.extend(acts.verdicts(tried));
    let kind = if stage.options.other_build.is_some() {
        "another build"
    } else {
        "a copy that differs in its hash alone"
    };
    let Town { nodes, restarts, found, .. } = town;
    let check = "each node runs the other build after its restart, and the schema is made ready meanwhile";
    verdicts.push(Verdict::of(check, "rollout show, store prepare", restarts, found).noting(format!(
        "the second build was {kind}; it knows the schema of the first, so that what a newer schema takes was not tried"
    )));
    for (_, _, mut node) in nodes {
        node.end().await?;
    }
    verdicts.push(journal_verifies(&house, 1)?);
    Ok(verdicts)
}

/// What the balancer was asked for, and what was not answered as it should.
fn nothing_fails(noted: &Tally, refused: u64) -> Verdict {
    let well: u64 = noted.statuses.get(&200).copied().unwrap_or(0);
    let others: u64 =
        noted.statuses.iter().filter(|(status, _)| **status != 200).map(|(_, count)| *count).sum();
    let mut found = Vec::new();
    if others + noted.broken > 0 {
        found.push(format!("{} reads broke off, and by status {}", noted.broken, noted.statuses()));
    }
    if refused > 0 {
        found.push(format!("{refused} acts were refused or not answered"));
    }
    Verdict::of("no request fails, and nobody is signed out", "reads and acts, all the time", well, found)
}

impl Town<'_> {
    /// Makes the store ready for that build, admits it, and starts both nodes again with it.
    async fn roll(&mut self, new: usize, owner: &str, acts: &std::sync::Arc<Acts>) -> Result<(), Failure> {
        let Some((binary, release)) = self.builds.get(new).cloned() else { return Ok(()) };
        let prepared = self.house.command_of(&binary, ["store", "prepare", "--owner", owner])?;
        let allowed = self.house.command_of(&binary, ["rollout", "allow", &release, "--for", "1h"])?;
        for (what, ran) in [("store prepare", prepared), ("rollout allow", allowed)] {
            if ran.code != Some(0) {
                self.found.push(format!("{what} ended with {:?}: {}", ran.code, ran.err.trim()));
            }
        }
        for (name, target, node) in &mut self.nodes {
            sleep(BETWEEN).await;
            let ending = acts.end_some(ENDED);
            node.end().await?;
            let anew =
                Node { name, settings: &self.settings, binary: Some(&binary), at: Some(target.address()) };
            *node = self.house.begin_node(anew).await?.map_err(Failure::Product)?;
            acts.rest_of(ending).await;
            self.restarts += 1;
            sleep(BETWEEN).await;
        }
        let shown = self.house.command_of(&binary, ["rollout", "show", "--json"])?.out;
        // Here, on each node, and as what is admitted.
        if shown.matches(&release).count() != 4 {
            self.found.push(format!("rollout show says {}", shown.trim()));
        }
        Ok(())
    }
}
