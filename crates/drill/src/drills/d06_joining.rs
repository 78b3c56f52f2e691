//! D06: a node of another build, or with other settings, starts beside those that serve. It is refused, told in what it
//! differs and what to do, and joins where a person has admitted exactly it, as long as it is admitted.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use crate::harness::{Beside, Failure, House, INSIDER, Node, Verdict};
use crate::kit::stage::{Stage, ask, get_as, journal_verifies, release_of};
use crate::kit::tally::Findings;
use crate::run::Options;
use crate::seed::Draw;

const SUBJECTS: u64 = 4;
/// From so many seconds on two builds start at one moment so often.
const LONG: (u64, usize) = (40, 10);
/// How long something is admitted that is to be admitted no more, and when that is over.
const SHORT: (&str, Duration) = ("1s", Duration::from_millis(1_100));
/// A setting that has to be the same on every node, with another value than by default.
const APART: &str = "[sessions]\nidle = \"17 days\"\n";
/// One that is each node's own.
const OWN: &str = "[server]\nheader = \"9 s\"\n";

/// What came of it.
#[derive(Default)]
struct Came {
    refused: u64,
    let_in: Findings,
    untold: Findings,
    served: u64,
    stopped: Findings,
    joined: u64,
    kept_out: Findings,
    asked: u64,
    unsaid: Findings,
    pairs: u64,
    together: Findings,
    upgrades: u64,
    in_the_way: Findings,
}

/// The first node, and what starts beside it.
struct Town<'a> {
    house: &'a House,
    other: PathBuf,
    came: Came,
}

/// Plays D06.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    // The second process is what this drill starts itself.
    let stage = &Stage::new(Options { nodes: 1, ..stage.options.clone() }, Draw::new(stage.options.seed));
    let world = stage.world(SUBJECTS)?;
    let mut house = stage.serving(&world, "").await?;
    let other = stage.other_build(&house)?;
    let release = release_of(&house, &other)?;
    let mut town = Town { house: &house, other, came: Came::default() };
    stage.say("  another build and other settings start beside the node that serves");
    town.differs(&release).await?;
    stage.say("  a person admits exactly one of them");
    let acts = town.admitted(&release).await?;
    let Town { other, came, .. } = town;
    house.end().await?;
    let mut town = Town { house: &house, other, came };
    stage.say("  two builds start at one moment, and a house of one node is upgraded");
    let pairs = if stage.options.seconds >= LONG.0 { LONG.1 } else { 2 };
    for _ in 0..pairs {
        town.at_one_moment().await?;
    }
    town.upgraded().await?;
    let Came {
        refused,
        let_in,
        untold,
        served,
        stopped,
        joined,
        kept_out,
        asked,
        unsaid,
        pairs,
        together,
        upgrades,
        in_the_way,
    } = town.came;
    let tried =
        "serve, of another build, with other settings, with both, and when nothing is admitted any more";
    let mut verdicts = vec![
        Verdict::of("another build or other settings are refused", tried, refused, let_in.told()),
        Verdict::of(
            "who is refused is told in what they differ and what to do",
            tried,
            refused,
            untold.told(),
        ),
        Verdict::of(
            "nodes that serve go on, also when the time is over",
            "a read after each",
            served,
            stopped.told(),
        ),
        Verdict::of(
            "exactly what was admitted joins, and what differs in its own settings alone",
            "rollout allow, serve",
            joined,
            kept_out.told(),
        ),
        acts,
        Verdict::of(
            "doctor says whether all nodes run the same",
            "doctor, before, with it and after",
            asked,
            unsaid.told(),
        ),
        Verdict::of(
            "of two builds that start at one moment one serves",
            "serve, twice at once",
            pairs,
            together.told(),
        ),
        Verdict::of(
            "a house of one node is upgraded without a word",
            "serve of another build after an end, and after a kill",
            upgrades,
            in_the_way.told(),
        ),
    ];
    verdicts.push(journal_verifies(&house, 1)?);
    Ok(verdicts)
}

impl Town<'_> {
    async fn start(
        &self,
        name: &str,
        settings: &str,
        binary: Option<&Path>,
    ) -> Result<Result<Beside, String>, Failure> {
        self.house.begin_node(Node { name, settings, binary, at: None }).await
    }

    /// Starts what has to be refused, and looks for these words in why.
    async fn refused(
        &mut self,
        what: &str,
        (settings, binary): (&str, Option<&Path>),
        words: &[&str],
    ) -> Result<(), Failure> {
        self.came.refused += 1;
        match self.start("2", settings, binary).await? {
            Ok(mut node) => {
                self.came.let_in.add(format!("{what} serves"));
                node.end().await?;
            }
            Err(why) => {
                for word in words.iter().filter(|word| !why.contains(**word)) {
                    self.came.untold.add(format!("{what}: {word:?} is not in {why:?}"));
                }
                // A value may be a secret.
                if why.contains("17 days") {
                    self.came.untold.add(format!("{what}: a value is told"));
                }
            }
        }
        self.shows(self.house.target()).await
    }

    /// Whoever is signed in is shown her own there.
    async fn shows(&mut self, at: crate::client::Target) -> Result<(), Failure> {
        let Some(session) = self.house.sessions().first() else {
            return Err(Failure::Product("nobody is signed in".to_owned()));
        };
        let answer = ask(at, &get_as(session, "/api/v1/me")).await?;
        self.came.served += 1;
        if answer.status != 200 {
            self.came.stopped.add(format!("/api/v1/me answered {}", answer.status));
        }
        Ok(())
    }

    /// Starts what may serve; nothing where it may not all the same.
    async fn joins(
        &mut self,
        what: &str,
        (settings, binary): (&str, Option<&Path>),
    ) -> Result<Option<Beside>, Failure> {
        self.came.joined += 1;
        match self.start("2", settings, binary).await? {
            Ok(node) => {
                self.shows(node.target()).await?;
                Ok(Some(node))
            }
            Err(why) => {
                self.came.kept_out.add(format!("{what}: {why}"));
                Ok(None)
            }
        }
    }

    async fn differs(&mut self, release: &str) -> Result<(), Failure> {
        let other = self.other.clone();
        let other = Some(other.as_path());
        let allow = format!("honnin rollout allow {release} --for 1h");
        self.refused("another build", ("", other), &["node 1 serves build", &allow]).await?;
        let setting = "other values of sessions.idle;";
        self.refused("another setting", (APART, None), &["node 1 serves with", setting]).await?;
        self.refused("both", (APART, other), &["node 1 serves build", setting]).await?;
        if let Some(mut node) = self.joins("settings of its own", (OWN, None)).await? {
            node.end().await?;
        }
        Ok(())
    }

    /// Admits one build, which joins, and stays when its time is over; whether the journal says who did.
    async fn admitted(&mut self, release: &str) -> Result<Verdict, Failure> {
        let other = self.other.clone();
        let other = Some(other.as_path());
        let mut found = Vec::new();
        let mut allow = |release: &str, time: &str| {
            let ran = self.house.act(["rollout", "allow", release, "--for", time])?;
            if ran.code != Some(0) {
                found.push(format!("rollout allow ended with {:?}: {}", ran.code, ran.err.trim()));
            }
            Ok::<_, Failure>(())
        };
        let (nobody, (short, over)) = ("00".repeat(16), SHORT);
        allow(&nobody, "1h")?;
        allow(release, short)?;
        sleep(over).await;
        self.refused("what is admitted no more", ("", other), &[]).await?;
        allow(release, "1h")?;
        self.refused("what was admitted, with other settings", (APART, other), &[]).await?;
        self.doctor_says("before it joined", false)?;
        let joined = self.joins("what was admitted", ("", other)).await?;
        if joined.is_some() {
            self.doctor_says("while it serves", true)?;
        }
        // From now on for a shorter time: that is over while it serves.
        allow(release, short)?;
        sleep(over).await;
        if let Some(mut node) = joined {
            self.shows(node.target()).await?;
            node.end().await?;
        }
        self.doctor_says("after it ended", false)?;
        self.refused("what joined while it was admitted", ("", other), &[]).await?;
        let acts = self.house.command(["journal", "acts"])?.out;
        let entry = format!("rollout allow {release} for");
        let named = acts.lines().filter(|act| act.contains(INSIDER) && act.contains(&entry)).count();
        if named != 3 {
            found.push(format!("journal acts names {named} of 3: {acts}"));
        }
        Ok(Verdict::of("the journal names who admitted it", "rollout allow, journal acts", 4, found))
    }

    /// Whether the nodes run the same, as the operator is told.
    fn doctor_says(&mut self, when: &str, apart: bool) -> Result<(), Failure> {
        self.came.asked += 1;
        let said = self.house.command(["doctor"])?.out;
        if said.contains("the nodes do not run the same") != apart {
            let said = said.lines().find(|line| line.starts_with("rollout"));
            self.came.unsaid.add(format!("{when}: {said:?}"));
        }
        Ok(())
    }

    /// Two builds on an empty house at one moment.
    async fn at_one_moment(&mut self) -> Result<(), Failure> {
        self.came.pairs += 1;
        let other = self.other.clone();
        let (first, second) = tokio::join!(self.start("1", "", None), self.start("2", "", Some(&other)));
        let mut serving = 0;
        for mut node in [first?, second?].into_iter().flatten() {
            serving += 1;
            node.end().await?;
        }
        if serving != 1 {
            self.came.together.add(format!("{serving} of them served"));
        }
        Ok(())
    }

    /// Another build in place of the one there was, which ended or was killed.
    async fn upgraded(&mut self) -> Result<(), Failure> {
        let other = self.other.clone();
        for (what, binary, setting, killed) in [
            ("the first", None, "", false),
            ("another build after an end", Some(other.as_path()), APART, true),
            ("another build after a kill", None, "", false),
        ] {
            self.came.upgrades += 1;
            match self.start("1", setting, binary).await? {
                Ok(mut node) if killed => node.kill()?,
                Ok(mut node) => node.end().await?,
                Err(why) => self.came.in_the_way.add(format!("{what}: {why}")),
            }
        }
        Ok(())
    }
}
