//! Varnish in front of the product, with a configuration of its own. It speaks no TLS: nginx does, before it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::house::Failure;
use super::nginx::{KEPT_SECONDS, Keeping};
use super::program::{Files, Program, find};

/// Where Varnish listens and whom it asks.
#[derive(Debug, Clone, Copy)]
pub struct VarnishPlan {
    /// Where it listens, without TLS.
    pub listens: SocketAddr,
    /// Whom it asks.
    pub upstream: SocketAddr,
    /// Whether it tells the client's address with the PROXY protocol, version 2.
    pub tells: bool,
}

/// Varnish, running.
#[derive(Debug)]
pub struct Varnish {
    program: Program,
    binary: PathBuf,
    files: Files,
    plan: VarnishPlan,
    /// Counts configurations: each has a name of its own.
    loaded: u32,
}

impl Varnish {
    /// Where the programs are.
    ///
    /// # Errors
    /// [`Failure::Missing`].
    pub fn binaries() -> Result<(PathBuf, PathBuf), Failure> {
        Ok((find("varnishd", "varnish")?, find("varnishadm", "varnish")?))
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`Failure`] where it is not there or does not listen.
    pub async fn start(plan: VarnishPlan, keeping: Keeping) -> Result<Self, Failure> {
        let ((binary, _), files) = (Self::binaries()?, Files::new("honnin-drill-varnish-")?);
        let program = run(&binary, &files, plan, keeping).await?;
        Ok(Self { program, binary, files, plan, loaded: 0 })
    }

    /// Ends it and starts it with another configuration.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn restart(&mut self, keeping: Keeping) -> Result<(), Failure> {
        self.program.end();
        self.program = run(&self.binary, &self.files, self.plan, keeping).await?;
        Ok(())
    }

    /// Changes its configuration while it runs.
    ///
    /// # Errors
    /// [`Failure`] where the program that tells it is missing or is refused.
    pub fn reload(&mut self, keeping: Keeping) -> Result<(), Failure> {
        self.loaded += 1;
        let name = format!("changed{}", self.loaded);
        let file = self.files.write(&format!("{name}.vcl"), &configuration(self.plan, keeping))?;
        let file = file.display().to_string();
        self.tell(&["vcl.load", &name, &file])?;
        self.tell(&["vcl.use", &name])
    }

    fn tell(&self, words: &[&str]) -> Result<(), Failure> {
        let (_, admin) = Self::binaries()?;
        let mut command = Command::new(admin);
        command.arg("-n").arg(self.files.path("work")).args(words).stdin(Stdio::null());
        let told = command.output().map_err(Failure::machine("run varnishadm"))?;
        if told.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        Err(Failure::Product(format!("varnishadm {} was refused: {}", words.join(" "), said.trim())))
    }
}

fn configuration(plan: VarnishPlan, keeping: Keeping) -> String {
    let (host, port) = (plan.upstream.ip(), plan.upstream.port());
    let tells = if plan.tells { " .proxy_header = 2;" } else { "" };
    let asked = match keeping {
        Keeping::Nothing => "return (pass);",
        // Looked up by path, also with a cookie: only what the product says keeps people apart.
        Keeping::Allowed | Keeping::Careless | Keeping::Everything => {
            "if (req.method == \"GET\") { return (hash); } return (pass);"
        }
    };
    let answered = match keeping {
        Keeping::Nothing | Keeping::Allowed => String::new(),
        Keeping::Careless => format!(
            "unset beresp.http.Set-Cookie; set beresp.uncacheable = false; \
             set beresp.ttl = {KEPT_SECONDS}s; set beresp.grace = 0s; return (deliver);"
        ),
        Keeping::Everything => format!(
            "unset beresp.http.Set-Cookie; unset beresp.http.Vary; set beresp.uncacheable = false; \
             set beresp.ttl = {KEPT_SECONDS}s; set beresp.grace = 0s; return (deliver);"
        ),
    };
    format!(
        "vcl 4.1;\nbackend product {{ .host = \"{host}\"; .port = \"{port}\";{tells} }}\n\
         sub vcl_recv {{ {asked} }}\n\
         sub vcl_hash {{ hash_data(req.url); return (lookup); }}\n\
         sub vcl_backend_response {{ {answered} }}\n"
    )
}

async fn run(
    binary: &PathBuf,
    files: &Files,
    plan: VarnishPlan,
    keeping: Keeping,
) -> Result<Program, Failure> {
    let file = files.write("begin.vcl", &configuration(plan, keeping))?;
    let mut command = Command::new(binary);
    command.args(["-F", "-j", "none", "-a", &plan.listens.to_string(), "-s", "malloc,32m"]);
    command.arg("-n").arg(files.path("work")).arg("-f").arg(file);
    Program::start(command, files.path("words"), &[plan.listens]).await
}
