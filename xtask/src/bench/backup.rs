//! A backup of an installation that serves, and its restore.

use std::path::Path;
use std::time::{Duration, Instant};

use super::crowd::{Come, Crowd};
use super::figure::{Aim, Better, Figure, Short};
use super::half::{capacity, home, plan, play};
use super::section::{Promise, Section};
use super::stats::millis;
use super::{Run, machine};
use crate::{Failure, tool};

/// Runs a command of the program on the servers' core; how long it took.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn timed(program: &Path, words: &[&str], directories: [&Path; 3]) -> Result<Duration, Failure> {
    let [data, settings, other] = directories;
    let mut command = machine::on_server_core(program);
    command.arg("--data").arg(data).arg("--settings").arg(settings).args(words).arg(other);
    let begun = Instant::now();
    tool::said(&mut command)?;
    Ok(begun.elapsed())
}

/// The longest of those who were answered.
fn longest(crowd: &Crowd) -> f64 {
    millis(crowd.within(None, 1_000))
}

/// Backup under load, and restore.
pub(super) fn backup(run: &Run) -> Result<Section, Failure> {
    let (ground, program) = (run.small()?, run.programs.honnin.as_path());
    let directory = tempfile::Builder::new().prefix("backup-").tempdir_in(&run.scratch)?;
    let at = |name: &str| directory.path().join(name);
    let server = ground.serve(program)?;
    // Once without anybody, so that it is known how long people have to be watched.
    let alone = timed(program, &["backup", "--to"], [&ground.data, &ground.settings, &at("alone")])?;
    let kinds = [home(&ground)];
    let half = capacity(run, server.address, &kinds, Duration::from_secs(1))?.goodput(None) / 2.0;
    let watched = (alone * 2).max(Duration::from_secs(2));
    let warm = run.time(2);
    let crowd = |first, time| {
        let plan = plan(server.address, Come::Open(half), warm, time);
        play(super::crowd::Plan { first, ..plan }, &kinds)
    };
    let calm = crowd(0, watched)?;
    let (beside, took) = std::thread::scope(|scope| {
        let copies = scope.spawn(|| {
            // When the crowd is warm.
            std::thread::sleep(warm);
            let took = timed(program, &["backup", "--to"], [&ground.data, &ground.settings, &at("beside")]);
            took.map_err(|error| error.to_string())
        });
        let beside = crowd(1_000_000, watched);
        let took =
            copies.join().unwrap_or_else(|_| Err("the backup's thread ended before its time".to_owned()));
        (beside, took)
    });
    let (beside, took) = (beside?, took?);
    drop(server);
    let restored = at("restored");
    let put_back = timed(program, &["restore", "--from"], [&restored, &ground.settings, &at("beside")])?;
    let most = 3.0 * calm.slowest(None);
    let kept = beside.goodput(None) >= 0.95 * beside.offered() && longest(&beside) <= most;
    let figure = |name: &str, value: f64, baseline, aim| Figure {
        name: name.to_owned(),
        value,
        unit: "ms",
        baseline: ("calm", baseline),
        better: Better::Less,
        aim,
    };
    Ok(Section {
        words: vec![format!(
            "`honnin backup` of {} lines and {} sessions beside a server on the same core, while {} home reads a second are offered in an \
             open loop, half of what the core can read. Before, the same crowd without a backup. Then `honnin restore` of that backup, \
             which checks every file and the journal.",
            Short(super::stats::large(ground.lines)),
            Short(super::stats::count(ground.sessions())),
            Short(half),
        )],
        figures: vec![
            figure("home reads beside a backup, p99", beside.slowest(None), calm.slowest(None), Aim::None),
            figure("home reads beside a backup, the longest", longest(&beside), longest(&calm), Aim::None),
        ],
        promises: vec![Promise {
            what: format!("beside a backup no read takes longer than 3 × the calm p99 ({most:.1} ms)"),
            kept,
        }],
        more: vec![format!(
            "The backup took {:.1} s without readers and {:.1} s beside them, its restore {:.1} s.",
            alone.as_secs_f64(),
            took.as_secs_f64(),
            put_back.as_secs_f64()
        )],
        ..Section::default()
    })
}
