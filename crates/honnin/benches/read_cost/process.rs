//! The two servers as processes, and the processor time the operating system counts for them.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// How servers and load share the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// As the operating system likes.
    Free,
    /// The server on core 0, the load on core 1.
    Pinned,
}

impl Way {
    pub(crate) fn command(self, program: &Path) -> Command {
        match self {
            Self::Free => Command::new(program),
            Self::Pinned => {
                let mut command = Command::new("taskset");
                command.args(["-c", "0"]).arg(program);
                command
            }
        }
    }

    /// Puts this thread where the load belongs; threads it has started before stay where they are.
    pub(crate) fn place_load(self) {
        if self == Self::Pinned {
            let pid = std::process::id().to_string();
            let placed = Command::new("taskset").args(["-p", "-c", "1", &pid]).stdout(Stdio::null()).status();
            assert!(placed.is_ok_and(|status| status.success()), "taskset puts the load on core 1");
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pinned => "pinned",
        }
    }
}

/// A server that is ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    /// The product with so many signed-in sessions, written to `sessions.csv`.
    pub(crate) fn demo(way: Way, program: &Path, directory: &Path, sessions: usize) -> Self {
        let mut command = way.command(program);
        command.args([
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--sessions",
            &sessions.to_string(),
            "--sessions-out",
        ]);
        command.arg(directory.join("sessions.csv"));
        Self::start(&mut command)
    }

    /// The product on an installation that is there.
    pub(crate) fn serve(way: Way, program: &Path, data: &Path, settings: &Path) -> Self {
        let mut command = way.command(program);
        command.arg("--data").arg(data).arg("--settings").arg(settings).arg("serve");
        Self::start_that_says(&mut command, "serving on ")
    }

    /// The bare handler with the answer in that file.
    pub(crate) fn bare(way: Way, file: &Path) -> Self {
        let mut command = way.command(&std::env::current_exe().expect("this program"));
        command.arg(if way == Way::Pinned { "--bare-on-one" } else { "--bare" }).arg(file);
        Self::start(&mut command)
    }

    /// Starts it and waits for the address it prints.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::start_that_says(command, "http://")
    }

    /// The same, with what stands before the address.
    fn start_that_says(command: &mut Command, before: &str) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("start a server");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split(before).nth(1)?.split(['/', ' ']).next()?.parse().ok())
            .expect("the server prints its address");
        // Whatever else it prints is read and thrown away, so that it never waits for us.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, address }
    }

    /// Processor time of the whole process so far, in microseconds.
    pub(crate) fn processor_micros(&self) -> f64 {
        micros_of(self.child.id())
    }
}

/// Processor time of a process so far and of what it has started and seen end, in microseconds.
pub(crate) fn micros_of(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    // Fields 14 to 17 of proc(5), in ticks of a hundredth of a second. One that has just ended is counted with who
    // started it.
    let ticks = after_name.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() * 10_000.0
}
