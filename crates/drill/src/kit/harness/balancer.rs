//! `HAProxy`, before the databases of a cluster, and before several processes of the product.

use std::net::SocketAddr;
use std::process::Command;

use super::house::Failure;
use super::program::{Files, Program, find, free_address};
use crate::client::Target;

/// `HAProxy`, running. It passes octets on and looks into none.
#[derive(Debug)]
pub struct Balancer {
    _program: Program,
    _files: Files,
    at: SocketAddr,
}

const COMMON: &str = "global\n  maxconn 2000\ndefaults\n  mode tcp\n  timeout connect 1s\n  timeout client 1h\n  \
                      timeout server 1h\n  timeout check 1s\n";

impl Balancer {
    /// Leads to the one of these servers (its address, and where its agent answers) whose agent says that it has the
    /// leader's lock. A server that loses it loses its connections: it may only be frozen, and serve again when it wakes up.
    ///
    /// # Errors
    /// [`Failure`] where `HAProxy` is not there or does not listen.
    pub async fn before_leader(servers: &[(SocketAddr, SocketAddr)]) -> Result<Self, Failure> {
        let mut lines = "  option httpchk OPTIONS /primary\n  http-check expect status 200\n  default-server inter 500ms \
                         fastinter 250ms downinter 250ms fall 2 rise 1 on-marked-down shutdown-sessions\n"
            .to_owned();
        let line = |(number, (server, agent)): (u8, &(SocketAddr, SocketAddr))| {
            format!("  server n{number} {server} check addr {} port {}\n", agent.ip(), agent.port())
        };
        lines.extend((1..).zip(servers).map(line));
        Self::start(&lines).await
    }

    /// Leads to these processes in turn, a connection each.
    ///
    /// # Errors
    /// As [`Self::before_leader`].
    pub async fn before(targets: &[Target]) -> Result<Self, Failure> {
        let mut lines = "  balance roundrobin\n".to_owned();
        let line = |(number, target): (u8, &Target)| format!("  server p{number} {}\n", target.address());
        lines.extend((1..).zip(targets).map(line));
        Self::start(&lines).await
    }

    /// Leads to those of these processes that say they are ready, a request each, and asks them so all the time. What was not
    /// sent yet goes to another; what was is sent nowhere else.
    ///
    /// # Errors
    /// As [`Self::before_leader`].
    pub async fn before_ready(targets: &[Target]) -> Result<Self, Failure> {
        let mut lines = "  mode http\n  option http-server-close\n  option redispatch\n  retries 3\n  balance roundrobin\n  \
                         option httpchk\n  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost\n  \
                         http-check expect status 200\n  timeout http-request 1m\n  default-server inter 200ms fastinter 100ms \
                         downinter 100ms fall 1 rise 1\n"
            .to_owned();
        let line =
            |(number, target): (u8, &Target)| format!("  server p{number} {} check\n", target.address());
        lines.extend((1..).zip(targets).map(line));
        Self::start(&lines).await
    }

    async fn start(lines: &str) -> Result<Self, Failure> {
        let (binary, files, at) =
            (find("haproxy", "haproxy")?, Files::new("honnin-drill-haproxy-")?, free_address()?);
        let configuration =
            files.write("haproxy.cfg", &format!("{COMMON}listen all\n  bind {at}\n{lines}"))?;
        let mut command = Command::new(binary);
        command.args(["-db", "-f"]).arg(configuration);
        let program = Program::start(command, files.path("words"), &[at]).await?;
        Ok(Self { _program: program, _files: files, at })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.at
    }

    /// The same for requests.
    ///
    /// # Errors
    /// [`Failure::Target`], which loopback never is.
    pub fn target(&self) -> Result<Target, Failure> {
        Ok(Target::new(self.at, false)?)
    }
}
