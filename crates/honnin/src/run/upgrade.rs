//! `honnin upgrade check`: what this program would find and change if it served from here on. Nothing is changed.

use honnin_node::{Fleet, JoinError, Member, Runs, fleet, may_join, read_mode};
use honnin_terms::Less;

use super::doctor::Findings;
use super::serve::runtime;
use crate::command::UpgradeCommand;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::machine::running_build;
use crate::say::Say;
use crate::wiring::{Rooms, engine, file_problems, last_backup};

pub(super) fn upgrade(
    say: Say,
    installation: &Installation,
    command: UpgradeCommand,
) -> Result<Exit, Failure> {
    let UpgradeCommand::Check = command;
    let mut findings = Findings::default();
    let build = running_build().map_err(|reason| Failure::from(reason).during("read this program"))?;
    findings.ok("program", format_args!("{}, build {build}", env!("CARGO_PKG_VERSION")));
    settings(installation, &mut findings);
    if store(installation, &mut findings)? {
        let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
        let runs = Runs::new(build, &installation.settings.shared());
        nodes(&rooms, &runs, &mut findings)?;
        mode(&rooms, &mut findings)?;
        backup(&rooms, &mut findings)?;
    } else {
        let told = "nodes, mode and backups were not looked at: ask the program that serves, `honnin doctor`, before you go on";
        findings.attention("others", told);
    }
    say.tell(&findings)?;
    Ok(if findings.is_well() { Exit::Done } else { Exit::Found })
}

fn settings(installation: &Installation, findings: &mut Findings) {
    let problems = file_problems(installation);
    if problems.is_empty() {
        let file = installation.place.settings.display();
        findings.ok("settings", format_args!("{file} and the files it names can be used"));
    }
    for problem in problems {
        findings.attention("settings", problem);
    }
}

/// Whether this program opens the store as it is.
fn store(installation: &Installation, findings: &mut Findings) -> Result<bool, Failure> {
    let (dir, base, settings) = (installation.store(), installation.base(), &installation.settings.store);
    let behind = engine::behind(&dir, &base, settings, installation.clock()?)?;
    let Some((found, needed)) = behind else {
        findings.ok("store", "this program opens it as it is");
        return Ok(true);
    };
    if settings.url.is_empty() {
        let told = "`serve` brings it up at its start, and the older program does not open it afterwards: back up with that first";
        findings.ok("store", format_args!("its schema {found} becomes {needed}; {told}"));
    } else {
        let told =
            "run `honnin store prepare` of this program as its owner; the older program goes on meanwhile";
        findings.attention(
            "store",
            format_args!("its schema is {found}, and this program needs {needed}; {told}"),
        );
    }
    Ok(false)
}

/// Whether those that serve let this program in, as the node that these settings name: asked as `serve` asks at its start.
fn nodes(rooms: &Rooms, runs: &Runs, findings: &mut Findings) -> Result<(), Failure> {
    let (runtime, permit) = (runtime(1)?, rooms.keep());
    let log = rooms.log(rooms.installation.node())?;
    let (store, keeper) = (&*rooms.store, &rooms.keeper);
    match runtime.block_on(may_join(store, &permit, keeper, log, runs)) {
        Ok(()) => {}
        Err(reason @ (JoinError::Apart(_) | JoinError::Altered)) => {
            findings.attention("rollout", reason);
            return Ok(());
        }
        Err(JoinError::Store(reason)) => return Err(reason.into()),
    }
    let Fleet { members, untold, .. } = runtime.block_on(fleet(store, &permit, keeper))?;
    let others = |member: &&Member| member.log != log && member.release() != runs.release();
    let untold = untold.iter().filter(|name| *name != rooms.installation.node());
    let others = members.iter().filter(others).map(|member| &member.name).chain(untold);
    let others: Vec<&str> = others.map(String::as_str).collect();
    let itself = members.iter().find(|member| member.log == log);
    let told = match (itself, others.as_slice()) {
        (None, []) => "no node runs another build or other settings: it may start".to_owned(),
        (None, others) => format!("admitted beside {}", others.join(", ")),
        (Some(Member { name, .. }), _) => {
            format!("node {name} serves: stop it, and this program may start in its place")
        }
    };
    findings.ok("rollout", told);
    Ok(())
}

/// A build that does not know a mode that a person forced stops its personal pages.
fn mode(rooms: &Rooms, findings: &mut Findings) -> Result<(), Failure> {
    let seen = runtime(1)?.block_on(read_mode(&*rooms.store, &rooms.keep(), &*rooms.keeper))?;
    match seen.written.map(|written| (written.stop, written.forced)) {
        None => findings.attention("mode", "what was written of it was altered; see `honnin doctor`"),
        Some((Some(stop), _)) => {
            findings.attention(
                "mode",
                format_args!("personal pages are stopped ({}); see `honnin doctor`", stop.word()),
            );
        }
        Some((None, Some(forced))) => {
            let word = Less::word(forced);
            findings.attention("mode", format_args!("{word} is forced; `honnin mode release` first"));
        }
        Some((None, None)) => findings.ok("mode", "nobody has forced one"),
    }
    Ok(())
}

fn backup(rooms: &Rooms, findings: &mut Findings) -> Result<(), Failure> {
    match last_backup(rooms)? {
        Some(at) => {
            findings.ok("backup", format_args!("the last one has everything to {}", rooms.zone.rfc3339(at)));
        }
        None => {
            findings.attention(
                "backup",
                "none was made by `honnin backup` yet; make one, or one by your own tools",
            );
        }
    }
    Ok(())
}
