//! What is measured on: a made-up ledger taken in, its accounts open, sessions signed in, and the settings it is served with.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use honnin_drill::harness::{CERTIFICATE, KEY, free_address};

use super::Run;
use super::server::Server;
use crate::{Failure, tool};

/// The password of every account of a demo; the demo prints it.
const PASSWORD: &str = "honnin-demo-only";

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) account: String,
    pub(super) cookie: String,
    /// The first line they may open.
    pub(super) line: String,
}

/// A house that only has to be served.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) lines: u64,
    pub(super) ledger: PathBuf,
    pub(super) data: PathBuf,
    pub(super) settings: PathBuf,
    /// The same with room for 20,000 connections that say nothing for a while.
    pub(super) wide: PathBuf,
    pub(super) sessions: PathBuf,
    /// The cookies of all sessions.
    cookies: Vec<String>,
    /// Those who read; the hot set.
    pub(super) subjects: Vec<Subject>,
    // Removed with it.
    _directory: tempfile::TempDir,
}

/// A server of a copy.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) server: Server,
    // Removed behind it.
    _directory: tempfile::TempDir,
}

impl Fresh {
    /// Serves the same as an installation that ends TLS itself, where passkeys are good; gives its origin as well.
    pub(super) fn over_tls(self, run: &Run) -> Result<(Self, String), Failure> {
        let Self { server, _directory: directory } = self;
        drop(server);
        let data = directory.path().join("data");
        let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| directory.path().join(name));
        let [settings, before] = ["tls.toml", SETTINGS].map(|name| data.join(name));
        write(&certificate, CERTIFICATE)?;
        write(&key, KEY)?;
        // Canaries look at the public address: it is known before the server listens.
        let address = free_address()?;
        let origin = format!("https://localhost:{}", address.port());
        let path = |file: &Path| toml::Value::from(file.display().to_string());
        let changes = [
            ("listen", "public", vec![toml::Value::from(address.to_string())].into()),
            ("listen", "tls_certificate", path(&certificate)),
            ("listen", "tls_key", path(&key)),
            ("tenant", "public_url", origin.clone().into()),
            ("canary", "authorities", path(&certificate)),
            ("canary", "connect_to", address.to_string().into()),
            // Sessions are made with the ledger, and passkeys on pages that ask for a fresh proof.
            ("sign_in", "proof", "1 day".into()),
        ];
        set(&before, &settings, &changes)?;
        let server = Server::serve(&run.programs.honnin, &data, &settings)?;
        Ok((Self { server, _directory: directory }, origin))
    }
}

/// The name of the settings among the data.
const SETTINGS: &str = "bench.toml";

/// As much as somebody counts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) lines: u64,
    pub(super) sessions: usize,
    /// How many of the sessions read.
    pub(super) hot: usize,
}

impl Ground {
    /// Makes it: minutes, with a million lines.
    pub(super) fn make(run: &Run, size: Size) -> Result<Self, Failure> {
        let Size { lines, sessions, hot } = size;
        println!("  a ledger of {lines} lines, {sessions} sessions");
        let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(&run.scratch)?;
        let (ledger, data) = (directory.path().join("ledger"), directory.path().join("data"));
        let mut write = Command::new(std::env::current_exe()?);
        // As of the day it is, so that nothing in it has expired and no clock stands apart.
        write.args(["ledger", "--lines", &lines.to_string(), "--as-of", &run.day, "--out"]).arg(&ledger);
        tool::said(&mut write)?;
        let file = directory.path().join("sessions.csv");
        let mut demo = Command::new(&run.programs.honnin);
        demo.args(["demo", "--listen", "127.0.0.1:0", "--ledger"]).arg(&ledger).arg("--data").arg(&data);
        demo.args(["--sessions", &sessions.to_string(), "--sessions-out"]).arg(&file);
        drop(Server::start(demo, "Honnin demo: http://")?);
        let [settings, wide] = [SETTINGS, "wide.toml"].map(|name| data.join(name));
        set(&data.join("honnin.toml"), &settings, &[])?;
        let room =
            [("server", "connections", 20_000.into()), ("server", "header", toml::Value::from("5 min"))];
        set(&data.join("honnin.toml"), &wide, &room)?;
        let text = fs::read_to_string(&file)?;
        let cookie = |row: &str| row.split_once(',').map(|(_, cookie)| cookie.to_owned());
        let cookies = text.lines().skip(1).filter_map(cookie).collect();
        let mut ground = Self {
            lines,
            ledger,
            data,
            settings,
            wide,
            sessions: file,
            cookies,
            subjects: Vec::new(),
            _directory: directory,
        };
        let server = ground.serve(&run.programs.honnin)?;
        // One agent, whose connections are kept.
        let agent = ureq::Agent::new_with_defaults();
        let rows = text.lines().skip(1).take(hot);
        ground.subjects = rows.map(|row| subject(&agent, &server, row)).collect::<Result<_, _>>()?;
        // The file has the hot set alone from now on.
        let rows: Vec<&str> = text.lines().take(hot + 1).collect();
        fs::write(&ground.sessions, rows.join("\n") + "\n")?;
        Ok(ground)
    }

    /// Serves it on the servers' core.
    pub(super) fn serve(&self, program: &Path) -> Result<Server, Failure> {
        Server::serve(program, &self.data, &self.settings)
    }

    /// Serves a copy of it, as if nobody had ever come: who waits in line is kept in the store, and outlives a server.
    pub(super) fn fresh(&self, run: &Run) -> Result<Fresh, Failure> {
        let directory = tempfile::Builder::new().prefix("fresh-").tempdir_in(&run.scratch)?;
        let data = directory.path().join("data");
        tool::said(Command::new("cp").arg("-a").arg(&self.data).arg(&data))?;
        let server = Server::serve(&run.programs.honnin, &data, &data.join(SETTINGS))?;
        Ok(Fresh { server, _directory: directory })
    }

    /// Requests of one kind, for a crowd.
    pub(super) fn requests(
        self: &Arc<Self>,
        of: fn(&Self, u64) -> String,
    ) -> Box<dyn Fn(u64) -> String + Send + Sync> {
        let ground = Arc::clone(self);
        Box::new(move |number| of(&ground, number))
    }

    /// How many sessions there are.
    pub(super) fn sessions(&self) -> usize {
        self.cookies.len()
    }

    /// What a session is about, for each of all sessions in turn.
    pub(super) fn me(&self, number: u64) -> String {
        let place = u64::try_from(self.cookies.len()).ok().and_then(|count| number.checked_rem(count));
        let cookie = place.and_then(|place| self.cookies.get(usize::try_from(place).ok()?));
        let cookie = cookie.map_or("", String::as_str);
        format!("GET /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nAccept: */*\r\n\r\n")
    }

    fn of(&self, number: u64) -> Option<&Subject> {
        let count = u64::try_from(self.subjects.len()).ok()?;
        usize::try_from(number.checked_rem(count)?).ok().and_then(|place| self.subjects.get(place))
    }

    /// The home of one of them, as JSON.
    pub(super) fn home(&self, number: u64) -> String {
        self.of(number).map_or_else(String::new, |Subject { cookie, line, .. }| {
            format!("GET /api/v1/lines/{line}/home HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nAccept: */*\r\n\r\n")
        })
    }

    /// The home of one of them, as the page a person sees.
    pub(super) fn page(&self, number: u64) -> String {
        self.of(number).map_or_else(String::new, |Subject { cookie, line, .. }| {
            format!("GET /lines/{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nAccept: text/html\r\n\r\n")
        })
    }

    /// A wish for another speed, with a key nobody has used.
    pub(super) fn act(&self, number: u64) -> String {
        self.of(number).map_or_else(String::new, |Subject { cookie, line, .. }| {
            let body = format!("{{\"high\":{}}}", number.is_multiple_of(2));
            format!(
                "PUT /api/v1/lines/{line}/speed HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nIdempotency-Key: b{number}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        })
    }

    /// A sign-in with the right password.
    pub(super) fn sign_in(&self, number: u64) -> String {
        self.of(number).map_or_else(String::new, |Subject { account, .. }| {
            let body = format!("{{\"login\":\"{account}\",\"password\":\"{PASSWORD}\"}}");
            format!(
                "POST /api/v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        })
    }
}

/// The settings of the house, but for what a benchmark on one machine needs otherwise.
fn set(from: &Path, to: &Path, more: &[(&str, &str, toml::Value)]) -> Result<(), Failure> {
    let mut settings: toml::Table = fs::read_to_string(from)?.parse()?;
    let any = || toml::Value::from("127.0.0.1:0");
    let changes = [
        ("listen", "public", vec![any()].into()),
        ("listen", "metrics", any()),
        // As the demo logs: what is wrong, and not each request.
        ("logs", "filter", "warn".into()),
        // The crowd has fewer lines than it has wishes.
        ("network", "between_wishes", "0 ms".into()),
    ];
    for (section, name, value) in changes.into_iter().chain(more.iter().cloned()) {
        let known = settings.get_mut(section).and_then(|section| section.as_table_mut()?.get_mut(name));
        *known.ok_or_else(|| format!("there is no setting {section}.{name} any more"))? = value;
    }
    write(to, &settings.to_string())
}

/// A new file that this user alone can read, as all that lies there.
fn write(to: &Path, text: &str) -> Result<(), Failure> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// What somebody with that row of the sessions may open.
fn subject(agent: &ureq::Agent, server: &Server, row: &str) -> Result<Subject, Failure> {
    let (account, cookie) = row.split_once(',').ok_or("a row of the sessions is no account and cookie")?;
    let mut answer =
        agent.get(format!("http://{}/api/v1/me", server.address)).header("cookie", cookie).call()?;
    let me: serde_json::Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    let line = me.pointer("/lines/0/line").and_then(serde_json::Value::as_str);
    let line = line.ok_or_else(|| format!("{account} has no line"))?;
    Ok(Subject { account: account.to_owned(), cookie: cookie.to_owned(), line: line.to_owned() })
}
