//! A cluster of two PostgreSQL servers that fails over by itself: Patroni and etcd, as Debian has them, with a directory,
//! ports and processes of its own.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::time::{Instant, sleep};

use super::house::Failure;
use super::postgres::{self, family, first_number, signal, watched};
use super::program::{find, free_address};
use crate::client::{Connection, Limits, Request, Target};

/// What Debian calls all of it.
const PACKAGES: &str = "patroni etcd-server haproxy postgresql";
/// How long the cluster may take until it leads, and until the other follows.
const PATIENCE: Duration = Duration::from_mins(3);
/// How often a state is asked for while it is waited for.
const ASK: Duration = Duration::from_millis(50);

/// Runs etcd, and an agent for each name it reads; when its input ends, however that comes, it ends everything and takes the
/// directory away.
const WATCHED: &str = r#"
cd "$1" || exit 1
etcd $4 --data-dir "$1/etcd" --listen-client-urls "http://$2" --advertise-client-urls "http://$2" \
    --listen-peer-urls "http://$3" --initial-advertise-peer-urls "http://$3" \
    --initial-cluster "default=http://$3" > etcd.log 2>&1 &
etcd=$!
while read -r name; do
    patroni "$name.yml" >> "$name.log" 2>&1 &
    echo $! > "$name.new" && mv "$name.new" "$name.pid"
done
for file in n1.pid n2.pid d1/postmaster.pid d2/postmaster.pid; do
    read -r pid rest < "$file" || continue
    case $(cat "/proc/$pid/comm" 2> /dev/null) in patroni | postgres)
        kill -CONT "$pid" $(cat "/proc/$pid/task/$pid/children")
        kill -KILL "$pid" ;;
    esac
done 2> /dev/null
kill -KILL "$etcd"
wait
rm -rf "$1"
"#;

/// One of the two machines, as far as it is one: a server and its agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// The first.
    One,
    /// The second.
    Two,
}

impl Machine {
    const BOTH: [Self; 2] = [Self::One, Self::Two];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::One => Self::Two,
            Self::Two => Self::One,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// How Patroni speaks with etcd. Before 3.1 it overwrites the leader's key by version 3 of the interface, whoever has it by
/// then (its pull requests 2689 and 2693): a primary that was frozen and wakes up takes the lead back, with what it had, and what
/// the other was given meanwhile is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Talk {
    Two,
    Three,
}

impl Talk {
    fn of_this_patroni() -> Result<Self, Failure> {
        let mut asked = Command::new(find("patroni", "patroni")?);
        let said = asked.arg("--version").stdin(Stdio::null()).output();
        let said = said.map_err(Failure::machine("ask Patroni for its version"))?;
        Ok(Self::of(&String::from_utf8_lossy(&said.stdout)))
    }

    /// What may be spoken by the version that says this of itself: `patroni 3.0.2`.
    fn of(said: &str) -> Self {
        let version = said.split_whitespace().last().unwrap_or_default();
        let numbers: Vec<u32> = version.split('.').map_while(|number| number.parse().ok()).collect();
        if numbers.as_slice() >= [3, 1].as_slice() { Self::Three } else { Self::Two }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Two => "etcd",
            Self::Three => "etcd3",
        }
    }

    const fn flag(self) -> &'static str {
        match self {
            Self::Two => "--enable-v2",
            Self::Three => "",
        }
    }
}

/// The cluster, running. Everything of it ends with this value.
#[derive(Debug)]
pub struct Cluster {
    child: Child,
    input: Option<ChildStdin>,
    programs: PathBuf,
    directory: PathBuf,
    places: [Place; 2],
}

/// Where a machine is found.
#[derive(Debug, Clone, Copy)]
struct Place {
    server: SocketAddr,
    agent: SocketAddr,
}

impl Cluster {
    /// Where the programs of a server are.
    ///
    /// # Errors
    /// [`Failure::Missing`], with Debian's packages, where anything is not there that a cluster needs.
    pub fn programs() -> Result<PathBuf, Failure> {
        let all = ["etcd", "patroni", "haproxy"].iter().all(|program| find(program, program).is_ok());
        postgres::programs().filter(|_| all).ok_or_else(|| {
            Failure::Missing(format!(
                "a cluster that fails over is not on this machine (Debian: apt-get install --no-install-recommends {PACKAGES})"
            ))
        })
    }

    /// Starts both machines, and waits until one leads and the other follows it, act by act.
    ///
    /// # Errors
    /// [`Failure`]: what is missing, or does not come up.
    pub async fn start() -> Result<Self, Failure> {
        let programs = Self::programs()?;
        let directory = tempfile::Builder::new().prefix("honnin-drill-cluster-").tempdir();
        let directory = directory.map_err(Failure::machine("make a directory for a cluster"))?;
        let (client, peer, talk) = (free_address()?, free_address()?, Talk::of_this_patroni()?);
        let mut places = [Place { server: client, agent: peer }; 2];
        for (machine, place) in Machine::BOTH.into_iter().zip(&mut places) {
            *place = Place { server: free_address()?, agent: free_address()? };
            let file = directory.path().join(format!("n{}.yml", machine.number()));
            let text = configuration(machine, *place, (talk, client), directory.path(), &programs);
            fs::write(file, text).map_err(Failure::machine("write the settings of a cluster"))?;
        }
        let mut child = watched(
            WATCHED,
            directory.path(),
            &[client.to_string(), peer.to_string(), talk.flag().to_owned()],
        )?;
        let input = child.stdin.take();
        // The shell takes it away, also where this program is killed.
        let directory = directory.keep();
        let mut cluster = Self { child, input, programs, directory, places };
        for machine in Machine::BOTH {
            cluster.revive(machine)?;
        }
        cluster.whole().await?;
        Ok(cluster)
    }

    fn place(&self, machine: Machine) -> Place {
        let [one, two] = self.places;
        match machine {
            Machine::One => one,
            Machine::Two => two,
        }
    }

    /// Each server with its agent.
    pub fn servers(&self) -> [(SocketAddr, SocketAddr); 2] {
        self.places.map(|Place { server, agent }| (server, agent))
    }

    async fn says(&self, machine: Machine, path: &str) -> Option<u16> {
        let target = Target::new(self.place(machine).agent, false).ok()?;
        let limits = Limits { time: Duration::from_secs(1), ..Limits::default() };
        let mut connection = Connection::open(target, limits).await.ok()?;
        Some(connection.exchange(&Request::get(path)).await.answer.status)
    }

    /// Whether that machine's agent says it leads.
    pub async fn leads(&self, machine: Machine) -> bool {
        self.says(machine, "/primary").await == Some(200)
    }

    /// Waits until one machine leads and the other follows it, act by act; which one leads.
    ///
    /// # Errors
    /// [`Failure::Product`] where that takes too long, with the last words of both agents.
    pub async fn whole(&self) -> Result<Machine, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            for machine in Machine::BOTH {
                if self.leads(machine).await && self.says(machine.other(), "/synchronous").await == Some(200)
                {
                    return Ok(machine);
                }
            }
            if Instant::now() > deadline {
                return Err(Failure::Product(format!(
                    "the cluster is not whole after {PATIENCE:?}: {}",
                    self.words()
                )));
            }
            sleep(ASK).await;
        }
    }

    /// Waits until that machine leads; when it did.
    ///
    /// # Errors
    /// As [`Self::whole`].
    pub async fn led_by(&self, machine: Machine) -> Result<Instant, Failure> {
        let deadline = Instant::now() + PATIENCE;
        while !self.leads(machine).await {
            if Instant::now() > deadline {
                return Err(Failure::Product(format!(
                    "nobody took over within {PATIENCE:?}: {}",
                    self.words()
                )));
            }
            sleep(ASK).await;
        }
        Ok(Instant::now())
    }

    /// The last words of both agents.
    fn words(&self) -> String {
        let last = |machine: Machine| {
            let said = fs::read_to_string(self.directory.join(format!("n{}.log", machine.number())));
            said.unwrap_or_default().lines().rev().take(2).collect::<Vec<_>>().join(" | ")
        };
        Machine::BOTH.map(last).join(" || ")
    }

    /// Asks a server something as its owner.
    ///
    /// # Errors
    /// [`Failure`] where it refuses.
    pub fn sql(&self, at: SocketAddr, database: &str, sql: &str) -> Result<String, Failure> {
        postgres::sql(&self.programs, (&at.ip().to_string(), at.port(), "postgres"), database, sql)
    }

    /// Whether a server would take writes of anybody who reached it.
    pub fn takes_writes(&self, machine: Machine) -> bool {
        self.sql(self.place(machine).server, "postgres", "select pg_is_in_recovery()")
            .is_ok_and(|said| said == "f")
    }

    /// Starts the agent of a machine that was killed, and with it its server.
    ///
    /// # Errors
    /// [`Failure::Machine`].
    pub fn revive(&mut self, machine: Machine) -> Result<(), Failure> {
        let input =
            self.input.as_mut().ok_or_else(|| Failure::Product("the cluster has ended".to_owned()))?;
        writeln!(input, "n{}", machine.number()).map_err(Failure::machine("start an agent"))
    }

    fn agent(&self, machine: Machine) -> Option<Pid> {
        first_number(&self.directory.join(format!("n{}.pid", machine.number())))
    }

    /// The server and what belongs to it.
    fn server(&self, machine: Machine) -> Vec<Pid> {
        let server = first_number(&self.directory.join(format!("d{}/postmaster.pid", machine.number())));
        server.map(family).unwrap_or_default()
    }

    /// Ends everything of a machine at once, as a power cut does.
    pub fn kill(&self, machine: Machine) {
        let agent = self.agent(machine);
        signal(agent.into_iter().chain(self.server(machine)), Signal::KILL);
        // A number that is free again may be somebody else's.
        drop(fs::remove_file(self.directory.join(format!("n{}.pid", machine.number()))));
    }

    /// Has everything of a machine stand still.
    pub fn freeze(&self, machine: Machine) {
        signal(self.agent(machine), Signal::STOP);
        // Again: one that was just being made has not heard it.
        for _ in 0..2 {
            signal(self.server(machine), Signal::STOP);
        }
    }

    /// Wakes the server up, and leaves its agent asleep: nobody tells it that it no longer leads.
    pub fn wake_server(&self, machine: Machine) {
        signal(self.server(machine), Signal::CONT);
    }

    /// Wakes the agent up.
    pub fn wake_agent(&self, machine: Machine) {
        signal(self.agent(machine), Signal::CONT);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The end of its input is the end of the cluster.
        drop(self.input.take());
        drop(self.child.wait());
    }
}

/// What an agent is told. Times are the shortest that Patroni takes in earnest (`ttl >= loop_wait + 2 * retry_timeout`);
/// commits wait for the other machine, and a server that died is not waited for.
fn configuration(
    machine: Machine,
    place: Place,
    (talk, etcd): (Talk, SocketAddr),
    directory: &Path,
    programs: &Path,
) -> String {
    let (number, directory, programs) = (machine.number(), directory.display(), programs.display());
    let (Place { server, agent }, talk) = (place, talk.key());
    format!(
        "scope: care\nname: n{number}\n\
         restapi: {{listen: \"{agent}\", connect_address: \"{agent}\"}}\n\
         {talk}: {{host: \"{etcd}\"}}\n\
         bootstrap:\n\
         \x20 dcs: {{ttl: 7, loop_wait: 1, retry_timeout: 3, maximum_lag_on_failover: 1048576, synchronous_mode: true, \
         primary_start_timeout: 0, postgresql: {{use_pg_rewind: true, parameters: {{max_connections: 100}}}}}}\n\
         \x20 initdb: [{{encoding: UTF8}}, {{locale: C}}, data-checksums]\n\
         postgresql:\n\
         \x20 listen: \"{server}\"\n\
         \x20 connect_address: \"{server}\"\n\
         \x20 data_dir: {directory}/d{number}\n\
         \x20 bin_dir: {programs}\n\
         \x20 pgpass: {directory}/pgpass{number}\n\
         \x20 authentication: {{replication: {{username: rep, password: rep}}, \
         superuser: {{username: postgres, password: pg}}}}\n\
         \x20 parameters: {{unix_socket_directories: {directory}, shared_buffers: 32MB}}\n\
         \x20 pg_hba: [\"host all all 127.0.0.1/32 trust\", \"host replication all 127.0.0.1/32 trust\", \
         \"local all all trust\"]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patroni_that_overwrites_the_lead_is_spoken_with_otherwise() {
        for (said, talk) in [
            ("patroni 2.1.4", Talk::Two),
            ("patroni 3.0.2\n", Talk::Two),
            ("patroni 3.0.4", Talk::Two),
            ("patroni 3.1.0", Talk::Three),
            ("patroni 3.3.10", Talk::Three),
            ("patroni 4.0", Talk::Three),
            ("", Talk::Two),
        ] {
            assert_eq!(Talk::of(said), talk, "{said}");
        }
    }
}
