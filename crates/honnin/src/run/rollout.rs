//! `honnin rollout`: what the nodes run, and what may join them.

use std::fmt;

use honnin_journal::{Kind, Party};
use honnin_node::{Admitted, Fleet, MOST_ADMITTED, Member, Runs, admit, fleet};
use honnin_terms::Zone;
use serde::Serialize;

use super::serve::runtime;
use crate::command::{AllowArgs, RolloutCommand};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::machine::running_build;
use crate::say::Say;
use crate::wiring::Rooms;
use crate::wiring::acts::Deed;

/// A build, its settings, and both as one.
#[derive(Serialize)]
struct Hashes {
    build: String,
    configuration: String,
    release: String,
}

impl fmt::Display for Hashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { build, configuration, release } = self;
        write!(f, "{release} (build {build}, settings {configuration})")
    }
}

#[derive(Serialize)]
struct Node {
    name: String,
    since: String,
    #[serde(flatten)]
    release: Hashes,
}

#[derive(Serialize)]
struct Allowed {
    release: String,
    until: String,
    operator: String,
}

#[derive(Serialize)]
struct Shown {
    /// What this program is, with these settings.
    here: Hashes,
    nodes: Vec<Node>,
    /// Nodes that do not say what they run.
    untold: Vec<String>,
    admitted: Vec<Allowed>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { here, nodes, untold, admitted } = self;
        write!(f, "here      {here}")?;
        for Node { name, since, release } in nodes {
            write!(f, "\nnode      {name}: {release}, since {since}")?;
        }
        for name in untold {
            write!(f, "\nnode      {name}: unknown build (older than this feature)")?;
        }
        if nodes.is_empty() && untold.is_empty() {
            f.write_str("\nnode      none is running; any build may start")?;
        }
        for Allowed { release, until, operator } in admitted {
            write!(f, "\nadmitted  {release} until {until}, by {operator}")?;
        }
        Ok(())
    }
}

pub(super) fn rollout(
    say: Say,
    installation: &Installation,
    operator: &str,
    command: RolloutCommand,
) -> Result<Exit, Failure> {
    let build = running_build().map_err(|reason| Failure::from(reason).during("read this program"))?;
    let runs = Runs::new(build, &installation.settings.shared());
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    match command {
        RolloutCommand::Show => show(say, &rooms, &runs)?,
        RolloutCommand::Allow(AllowArgs { release, period }) => {
            let until = rooms.clock.0.now().plus_seconds(period.whole_seconds());
            let note = format!("rollout allow {release} for {period}");
            rooms.act(operator, Kind::Operated, Party::Nobody, Deed { note: &note, ..Deed::default() })?;
            let admitted = Admitted { release, until, operator: operator.to_owned() };
            let permit = rooms.keep();
            let admitting = admit(&*rooms.store, &permit, &rooms.keeper, &admitted);
            if !runtime(1)?.block_on(admitting)? {
                return Err(Failure::cannot(format_args!(
                    "admit this build: {MOST_ADMITTED} are admitted already, see `honnin rollout show`; wait until one of \
                     them is no more"
                )));
            }
            show(say, &rooms, &runs).map_err(|failure| failure.but("it was admitted"))?;
        }
    }
    Ok(Exit::Done)
}

fn show(say: Say, rooms: &Rooms, runs: &Runs) -> Result<(), Failure> {
    let fleet = runtime(1)?.block_on(fleet(&*rooms.store, &rooms.keep(), &rooms.keeper));
    let found = fleet.map_err(|reason| Failure::from(reason).during("read what the nodes run"))?;
    say.tell(&shown(&rooms.zone, runs, found))
}

fn shown(zone: &Zone, runs: &Runs, Fleet { members, untold, admitted }: Fleet) -> Shown {
    let here = Hashes {
        build: runs.build().to_string(),
        configuration: runs.configuration().to_string(),
        release: runs.release().to_string(),
    };
    let node = |member: Member| Node {
        since: zone.rfc3339(member.since),
        release: Hashes {
            build: member.build.to_string(),
            configuration: member.configuration.to_string(),
            release: member.release().to_string(),
        },
        name: member.name,
    };
    let allowed = |Admitted { release, until, operator }: Admitted| Allowed {
        release: release.to_string(),
        until: zone.rfc3339(until),
        operator,
    };
    let admitted = admitted.into_iter().map(allowed).collect();
    Shown { here, nodes: members.into_iter().map(node).collect(), untold, admitted }
}
