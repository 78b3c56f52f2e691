//! What a run needs of the machine: two cores kept apart, enough descriptors, and a part of a core for a server that a crowd
//! has to be able to overrun.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::Failure;

/// The core of servers, and the one of crowds.
pub(super) const SERVER: usize = 0;
const CROWD: usize = 1;

/// Puts this thread on the crowd's core; threads it starts are there as well.
pub(super) fn with_the_crowd() -> Result<(), Failure> {
    let mut cores = CpuSet::new();
    cores.set(CROWD);
    sched_setaffinity(None, &cores)
        .map_err(|error| format!("cannot run on core {CROWD}: {error}; the benchmark needs two cores").into())
}

/// A command on the servers' core.
pub(super) fn on_server_core(program: &std::path::Path) -> Command {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(SERVER.to_string()).arg(program);
    command
}

/// Files that the largest crowd has open.
const FILES: u64 = 40_000;

/// Lets this process, and what it starts, have as many files open as it is allowed to; says how many.
pub(super) fn descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // More than is allowed only some users may set.
    let wide = Rlimit { current: Some(FILES), maximum: Some(limit.maximum.unwrap_or(FILES).max(FILES)) };
    if setrlimit(Resource::Nofile, wide).is_err() {
        let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
        // Where even this is refused it stays as it is, and is told.
        let _stays = setrlimit(Resource::Nofile, most);
    }
    getrlimit(Resource::Nofile).current.unwrap_or(FILES)
}

/// Connections a crowd may have open.
pub(super) fn connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(FILES);
    usize::try_from(files.saturating_sub(1_000)).unwrap_or(usize::MAX)
}

/// A part of a core, for as long as this value lives.
#[derive(Debug)]
pub(super) struct Share {
    group: PathBuf,
}

/// How often the system gives a group its part anew, in microseconds.
pub(super) const PERIOD: u32 = 25_000;

impl Share {
    /// A group that has so many hundredths of a core.
    pub(super) fn of(percent: u32) -> Result<Self, Failure> {
        let name = format!("honnin-bench-{}", std::process::id());
        let quota = PERIOD * percent / 100;
        let first = PathBuf::from("/sys/fs/cgroup/cpu");
        let second = PathBuf::from("/sys/fs/cgroup");
        let is_first = first.join("cgroup.procs").is_file();
        let share = Self { group: if is_first { first } else { second }.join(name) };
        let write = |file: &str, text: String| fs::write(share.group.join(file), text);
        let made = fs::create_dir(&share.group).and_then(|()| {
            if is_first {
                write("cpu.cfs_period_us", PERIOD.to_string())?;
                write("cpu.cfs_quota_us", quota.to_string())
            } else {
                write("cpu.max", format!("{quota} {PERIOD}"))
            }
        });
        let told = |error| {
            format!(
                "cannot hold a server to {percent} % of a core: {}: {error}; run it as a user who may make control groups",
                share.group.display()
            )
        };
        made.map_err(told)?;
        Ok(share)
    }

    /// Puts a process into it.
    pub(super) fn take(&self, process: u32) -> Result<(), Failure> {
        Ok(fs::write(self.group.join("cgroup.procs"), process.to_string())?)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // Empty once what was in it has ended; where it is not, the system keeps an empty group.
        drop(fs::remove_dir(&self.group));
    }
}

/// The kilobytes of a process's memory that are its own share (PSS).
pub(super) fn pss(process: u32) -> Result<u64, Failure> {
    let file = format!("/proc/{process}/smaps_rollup");
    let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {file}: {error}"))?;
    pss_in(&text).ok_or_else(|| format!("{file} has no Pss").into())
}

fn pss_in(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Processor time of a process so far, of its threads that have ended too, in seconds.
pub(super) fn processor(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    ticks_in(&stat) / 100.0
}

/// User and system time, fields 14 and 15 of proc(5), in hundredths of a second.
fn ticks_in(stat: &str) -> f64 {
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    behind_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_time_are_read_as_the_system_writes_them() {
        assert_eq!(
            pss_in("7f-ff ---p 00000000 00:00 0 [rollup]\nRss:  9 kB\nPss:             1234 kB\n"),
            Some(1234)
        );
        assert_eq!(pss_in("Pss_Anon: 5 kB\n"), None);
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 9 9 20 0 1 0";
        assert!((ticks_in(stat) - 300.0).abs() < 1e-9);
        assert!(pss(std::process::id()).unwrap() > 100);
    }
}
