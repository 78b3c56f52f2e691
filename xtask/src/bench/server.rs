//! Servers as processes on their own core.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::machine::{self, Share};
use crate::Failure;

/// A server that ends when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
    // Dropped behind the process that is in it.
    share: Option<Share>,
}

/// How long a server has until it says where it listens. One with a million lines takes them in first.
const STARTS: Duration = Duration::from_mins(20);
/// How long it has to end.
const ENDS: u32 = 400;
const PAUSE: Duration = Duration::from_millis(50);

impl Server {
    /// The bare handler, which gives the answer in that file to everybody.
    pub(super) fn bare(read_cost: &Path, answer: &Path) -> Result<Self, Failure> {
        let mut command = machine::on_server_core(read_cost);
        command.arg("--bare-on-one").arg(answer);
        Self::start(command, "http://")
    }

    /// The program serving what lies there.
    pub(super) fn serve(program: &Path, data: &Path, settings: &Path) -> Result<Self, Failure> {
        let mut command = machine::on_server_core(program);
        command.arg("--data").arg(data).arg("--settings").arg(settings).arg("serve");
        Self::start(command, "serving on ")
    }

    /// From now on with that part of a core.
    pub(super) fn held_to(mut self, share: Share) -> Result<Self, Failure> {
        share.take(self.child.id())?;
        self.share = Some(share);
        Ok(self)
    }

    /// Starts it, and waits for the line with that sign and its address.
    pub(super) fn start(mut command: Command, sign: &str) -> Result<Self, Failure> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        // From here on it ends with this value, whatever becomes of the rest.
        let mut server = Self { child, address: ([127, 0, 0, 1], 0).into(), share: None };
        let (found, addresses) = mpsc::channel();
        let said = listen(output, sign.to_owned(), found);
        let (wrong, last_words) = mpsc::channel();
        let complained = tell(errors, wrong);
        // Whatever is said later is read and thrown away, so that nobody waits for us.
        drop((said, complained));
        let address = addresses.recv_timeout(STARTS);
        if let Ok(address) = address {
            server.address = address;
            return Ok(server);
        }
        drop(server);
        let words: Vec<String> = last_words.iter().collect();
        let words = words.get(words.len().saturating_sub(4)..).unwrap_or_default().join("; ");
        Err(format!("cannot start {command:?}: it does not say {sign:?}; {words}").into())
    }

    /// Kilobytes of its memory.
    pub(super) fn pss(&self) -> Result<u64, Failure> {
        machine::pss(self.child.id())
    }

    /// Processor time so far in seconds.
    pub(super) fn processor(&self) -> f64 {
        machine::processor(self.child.id())
    }
}

/// The first address behind the sign.
fn listen(
    from: Option<impl Read + Send + 'static>,
    sign: String,
    found: mpsc::Sender<SocketAddr>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let Some(from) = from else { return };
        let mut found = Some(found);
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let Some(address) = address_in(&line, &sign)
                && let Some(found) = found.take()
            {
                // Whoever waited has given up.
                let _gone = found.send(address);
            }
        }
    })
}

fn address_in(line: &str, sign: &str) -> Option<SocketAddr> {
    line.split_once(sign)?.1.split(['/', ' ']).next()?.parse().ok()
}

fn tell(from: Option<impl Read + Send + 'static>, to: mpsc::Sender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let Some(from) = from else { return };
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Nobody listens any more once it has started.
            let _heard = to.send(line);
        }
    })
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first, so that its journal and its store are closed.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        for _ in 0..if asked.is_ok_and(|status| status.success()) { ENDS } else { 0 } {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(PAUSE);
        }
        // An error means that it is gone already.
        let _gone = self.child.kill().and_then(|()| self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_found_by_what_it_says() {
        let command = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        let script = "echo first; echo serving on 127.0.0.1:7; echo metrics on http://127.0.0.1:8/metrics; exec sleep 60";
        let server = Server::start(command(script), "serving on ").unwrap();
        assert_eq!(server.address, SocketAddr::from(([127, 0, 0, 1], 7)));
        let process = server.child.id();
        assert!(server.pss().unwrap() > 0);
        drop(server);
        assert!(machine::pss(process).is_err(), "it is gone");
        let failed = Server::start(command("echo 'error: no' >&2; exit 1"), "serving on ");
        assert!(failed.unwrap_err().to_string().ends_with("; error: no"));
    }

    #[test]
    fn addresses_stand_behind_their_sign() {
        assert_eq!(address_in("metrics on http://127.0.0.1:9/metrics", "serving on "), None);
        let bare = address_in("http://127.0.0.1:9", "http://");
        assert_eq!(bare, Some(SocketAddr::from(([127, 0, 0, 1], 9))));
    }
}
