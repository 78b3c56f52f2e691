//! D30: the primary database dies, or freezes and wakes up when another has taken over, under load on two nodes. Nothing
//! that was acknowledged is lost, nobody is shown anything else, and reads are back soon after the cluster is.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::Target;
use crate::harness::{Balancer, Cluster, Database, Failure, House, Machine, Verdict};
use crate::kit::acts::{Acting, Acts};
use crate::kit::crowd::Crowd;
use crate::kit::late::Late;
use crate::kit::stage::{Stage, World, journal_verifies};
use crate::kit::tally::Findings;

/// Subscribers at most.
const SUBJECTS: u64 = 24;
/// Connections that read all the time.
const CONNECTIONS: usize = 6;
/// With so many seconds or more the primary is struck so often in each way; otherwise once.
const LONG: (u64, usize) = (40, 20);
/// How much later than the cluster reads may be back.
const GRACE: Duration = Duration::from_secs(2);
/// How long they are waited for.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a primary that woke up takes writes of whoever reaches it, and nobody tells it otherwise.
const SPLIT: Duration = Duration::from_secs(4);
/// Load before each blow.
const BEFORE: Duration = Duration::from_secs(2);
/// Sessions that are ended before each blow, with it, and while two would take writes.
const ENDED: usize = 2;
/// Each subject has so many beside the one she reads with, for each round.
const SPARE: usize = 1;

/// How the primary is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    Kill,
    Freeze,
}

impl Blow {
    const fn words(self) -> &'static str {
        match self {
            Self::Kill => "killed (SIGKILL)",
            Self::Freeze => "frozen (SIGSTOP), and awake again later",
        }
    }
}

/// What was measured.
struct Times {
    /// From each blow until the cluster had another leader, with the word for the blow.
    led: Vec<(Blow, Duration)>,
    /// From then until a node answered a read.
    back: Vec<Duration>,
    late: Findings,
    /// Primaries that woke up and took writes.
    split: u64,
    /// How busy this machine is, which runs all of it.
    busy: Late,
}

/// Everything there is.
struct Town {
    cluster: Cluster,
    nodes: [Target; 2],
    acts: Arc<Acts>,
}

/// Plays D30.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    Cluster::programs()?;
    let rounds = if stage.options.seconds >= LONG.0 { LONG.1 } else { 1 };
    let world = stage.world(SUBJECTS)?;
    stage.say("  starting PostgreSQL on two machines that fail over (Patroni, etcd, HAProxy)");
    let cluster = Cluster::start().await?;
    let leader = Balancer::before_leader(&cluster.servers()).await?;
    let (mut house, settings) = housed(stage, &world, (&cluster, &leader), 1 + SPARE * rounds).await?;
    let mut second = house.beside("2", &settings).await?;
    let nodes = [house.target(), second.target()];
    let front = Balancer::before(&nodes).await?;
    let spare = house.spare(world.vocabulary.subjects());
    let crowd = Crowd::gather(world, &house, true).await?;
    crowd.go_to(front.target()?);
    let acts = Acts::of(&crowd, spare);
    let town = Town { cluster, nodes, acts };

    let (reading, acting) = (crowd.ask(CONNECTIONS, &stage.draw), town.acts.begin(&stage.draw));
    let (mut town, mut times) = (town, Times::watched());
    // A cluster that is not whole again says something too: what was lost by then is told all the same.
    let struck = town.all_rounds(stage, rounds, &mut times).await;
    let found = struck.err().map(|why| why.to_string()).into_iter().collect();
    town.acts.rest(acting).await;
    crowd.rest(reading).await;

    let tried = "a primary that dies, and one that freezes and wakes up";
    let mut verdicts = crowd.noted().verdicts(tried);
    verdicts.extend(town.acts.verdicts(tried));
    verdicts.extend(times.verdicts());
    let blows = u64::try_from(2 * rounds).unwrap_or(u64::MAX);
    verdicts.push(Verdict::of(
        "the cluster is whole again after each blow",
        "Patroni, by itself",
        blows,
        found,
    ));
    second.end().await?;
    house.end().await?;
    verdicts.push(journal_verifies(&house, 1)?);
    Ok(verdicts)
}

/// The product on the database of a cluster, every subject signed in so many times; and its settings.
async fn housed(
    stage: &Stage,
    world: &World,
    (cluster, leader): (&Cluster, &Balancer),
    times: usize,
) -> Result<(House, String), Failure> {
    let at = leader.address();
    // What is before it may still be looking for it.
    let deadline = Instant::now() + PATIENCE;
    while let Err(why) = cluster.sql(at, "postgres", "create role honnin login") {
        if Instant::now() > deadline {
            return Err(why);
        }
        sleep(Duration::from_millis(200)).await;
    }
    cluster.sql(at, "postgres", "create database honnin")?;
    let url = |role: &str| format!("postgresql://{role}@{at}/honnin");
    let database = Database { url: url("honnin"), owner: url("postgres") };
    let settings = database.settings();
    let house = stage.serving_on(world, database, times).await?;
    Ok((house, settings))
}

impl Town {
    async fn all_rounds(&mut self, stage: &Stage, rounds: usize, times: &mut Times) -> Result<(), Failure> {
        for round in 1..=rounds {
            for blow in [Blow::Kill, Blow::Freeze] {
                stage.say(&format!("  the primary is {}, under load ({round} of {rounds})", blow.words()));
                self.struck(blow, times).await?;
            }
        }
        self.cluster.whole().await.map(drop)
    }

    /// Strikes the primary, and looks at everything once the cluster is whole again.
    async fn struck(&mut self, blow: Blow, times: &mut Times) -> Result<(), Failure> {
        let primary = self.cluster.whole().await?;
        self.acts.let_act(Acting::All);
        sleep(BEFORE).await;
        self.acts.rest_of(self.acts.end_some(ENDED)).await;
        let ending = self.acts.end_some(ENDED);
        let struck = Instant::now();
        match blow {
            Blow::Kill => self.cluster.kill(primary),
            Blow::Freeze => self.cluster.freeze(primary),
        }
        self.acts.let_act(Acting::Half);
        let led = self.cluster.led_by(primary.other()).await?;
        times.led.push((blow, led - struck));
        let [first, second] = self.nodes.map(|node| self.acts.first_read(node, led, PATIENCE));
        for back in <[_; 2]>::from(tokio::join!(first, second)) {
            let back = back.map_or(PATIENCE, |back| back.saturating_duration_since(led));
            if back > times.busy.beyond(GRACE) {
                times.late.add(format!(
                    "a node answered no read for {back:?} after another led ({})",
                    blow.words()
                ));
            }
            times.back.push(back);
        }
        match blow {
            Blow::Kill => self.cluster.revive(primary)?,
            Blow::Freeze => self.split(primary, times).await,
        }
        self.acts.rest_of(ending).await;
        self.acts.let_act(Acting::None);
        self.acts.look_at_all(&self.nodes).await;
        Ok(())
    }

    /// The old primary wakes up and takes writes, while another leads: whoever still reached it would be told what is no
    /// longer so, and be promised what is thrown away.
    async fn split(&self, old: Machine, times: &mut Times) {
        self.cluster.wake_server(old);
        times.split += u64::from(self.cluster.takes_writes(old));
        let ending = self.acts.end_some(ENDED);
        sleep(SPLIT).await;
        for node in self.nodes {
            self.acts.look_at_the_ended(node).await;
        }
        self.acts.rest_of(ending).await;
        self.cluster.wake_agent(old);
    }
}

impl Times {
    fn watched() -> Self {
        let (led, back, late) = (Vec::new(), Vec::new(), Findings::default());
        Self { led, back, late, split: 0, busy: Late::watched() }
    }

    fn verdicts(self) -> Vec<Verdict> {
        let seconds = |times: &[Duration]| {
            let told = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f32);
            format!("{:.1} to {:.1} s", told(times.iter().min()), told(times.iter().max()))
        };
        let of = |blow: Blow| -> Vec<Duration> {
            self.led.iter().filter(|(of, _)| *of == blow).map(|(_, time)| *time).collect()
        };
        let [kills, freezes] = [Blow::Kill, Blow::Freeze].map(of);
        let led = format!(
            "the cluster had another leader {} after {} kills and {} after {} freezes; the nodes answered {} later",
            seconds(&kills),
            kills.len(),
            seconds(&freezes),
            freezes.len(),
            seconds(&self.back)
        );
        let times = u64::try_from(self.back.len()).unwrap_or(u64::MAX);
        let back = Verdict::of(
            "reads are back on both nodes within the cluster's own time and 2 s",
            "a read every 100 ms on each node",
            times,
            self.late.told(),
        );
        let check = "the old primary wakes up and would take writes, while another leads";
        let split =
            Verdict::of(check, "a frozen primary whose agent is still asleep", self.split, Vec::new());
        vec![back.noting(led), split]
    }
}
