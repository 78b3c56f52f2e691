//! nginx in front of the product, with a configuration of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use super::house::Failure;
use super::program::{Files, Program, find, free_address};
use crate::client::Target;

/// How nginx treats answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// It keeps nothing.
    Nothing,
    /// It keeps what no answer forbids, and collapses requests.
    Allowed,
    /// It was told to take no notice of `X-Accel-Expires`, `Expires`, `Cache-Control` and `Set-Cookie`, in the words that
    /// are passed from site to site.
    Careless,
    /// It was told to keep everything for everybody under the path alone, and to collapse requests.
    Everything,
}

/// How long a cache that was set wrongly keeps what it took, in seconds.
pub const KEPT_SECONDS: u64 = 1;

impl Keeping {
    fn lines(self) -> String {
        // Who waits for an answer that is not kept is let through soon; one that is kept is waited for.
        let wait = if self == Self::Everything { "5s" } else { "50ms" };
        let common = format!(
            "proxy_cache kept; proxy_cache_key $request_uri; proxy_cache_valid any {KEPT_SECONDS}s; \
             proxy_cache_lock on; proxy_cache_lock_timeout {wait};"
        );
        match self {
            Self::Nothing => String::new(),
            Self::Allowed => common,
            Self::Careless => {
                format!("{common} proxy_ignore_headers X-Accel-Expires Expires Cache-Control Set-Cookie;")
            }
            Self::Everything => format!(
                "{common} proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires;"
            ),
        }
    }
}

/// nginx, running.
#[derive(Debug)]
pub struct Nginx {
    program: Program,
    binary: PathBuf,
    files: Files,
    plan: NginxPlan,
}

/// Where nginx listens and whom it asks.
#[derive(Debug, Clone)]
pub struct NginxPlan {
    /// Where it listens without TLS, for the drill.
    pub plain: SocketAddr,
    /// Where it listens with TLS, as `https://localhost`.
    pub secure: SocketAddr,
    /// Whom it asks.
    pub upstream: SocketAddr,
    /// What it tells of the client: a `Forwarded` field, or further header lines of the drill's.
    pub tells: Vec<(String, String)>,
}

impl NginxPlan {
    /// Two free ports before `upstream`; tells the client's address in `Forwarded`.
    ///
    /// # Errors
    /// [`Failure::Machine`] where there are none.
    pub fn before(upstream: SocketAddr) -> Result<Self, Failure> {
        let tells = vec![("Forwarded".to_owned(), "for=$remote_addr".to_owned())];
        Ok(Self { plain: free_address()?, secure: free_address()?, upstream, tells })
    }

    /// The public address, as settings of the product name it.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.secure.port())
    }

    fn configuration(&self, files: &Files, keeping: Keeping) -> String {
        let Self { plain, secure, upstream, tells } = self;
        let at = |name: &str| files.path(name).display().to_string();
        let told = |(name, value): &(String, String)| format!("proxy_set_header {name} \"{value}\";");
        let tells = tells.iter().map(told).collect::<Vec<_>>().join("\n");
        format!(
            "user root;\nworker_processes 1;\ndaemon off;\npid {pid};\nerror_log stderr warn;\n\
             events {{ worker_connections 2048; }}\n\
             http {{\n\
             access_log off;\n\
             client_body_temp_path {body};\nproxy_temp_path {proxy};\nfastcgi_temp_path {fast};\n\
             uwsgi_temp_path {uwsgi};\nscgi_temp_path {scgi};\n\
             proxy_cache_path {cache} keys_zone=kept:4m inactive=10s;\n\
             keepalive_requests 1000000;\n\
             upstream product {{ server {upstream}; keepalive 32; keepalive_requests 1000000; }}\n\
             server {{\n\
             listen {plain};\nlisten {secure} ssl;\n\
             ssl_certificate {certificate};\nssl_certificate_key {key};\n\
             location / {{\n\
             proxy_pass http://product;\nproxy_http_version 1.1;\nproxy_set_header Connection \"\";\n\
             proxy_set_header Host $http_host;\n{tells}\n\
             {keeping}\n}}\n}}\n}}\n",
            pid = at("pid"),
            body = at("body"),
            proxy = at("proxy"),
            fast = at("fast"),
            uwsgi = at("uwsgi"),
            scgi = at("scgi"),
            cache = at("cache"),
            certificate = at("certificate.pem"),
            key = at("key.pem"),
            keeping = keeping.lines(),
        )
    }
}

impl Nginx {
    /// Where the program is.
    ///
    /// # Errors
    /// [`Failure::Missing`].
    pub fn binary() -> Result<PathBuf, Failure> {
        find("nginx", "nginx-light")
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`Failure`] where it is not there or does not listen.
    pub async fn start(plan: NginxPlan, keeping: Keeping) -> Result<Self, Failure> {
        let (binary, files) = (Self::binary()?, Files::new("honnin-drill-nginx-")?);
        let program = run(&binary, &files, &plan, keeping).await?;
        Ok(Self { program, binary, files, plan })
    }

    /// Where the drill asks it.
    ///
    /// # Errors
    /// [`Failure::Target`], which loopback never is.
    pub fn target(&self) -> Result<Target, Failure> {
        Ok(Target::new(self.plan.plain, false)?)
    }

    /// Ends it and starts it with another configuration.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn restart(&mut self, keeping: Keeping) -> Result<(), Failure> {
        self.program.end();
        self.program = run(&self.binary, &self.files, &self.plan, keeping).await?;
        Ok(())
    }

    /// Changes its configuration while it runs.
    ///
    /// # Errors
    /// [`Failure::Machine`].
    pub fn reload(&mut self, keeping: Keeping) -> Result<(), Failure> {
        self.files.write("nginx.conf", &self.plan.configuration(&self.files, keeping))?;
        self.program.hang_up()
    }
}

async fn run(
    binary: &PathBuf,
    files: &Files,
    plan: &NginxPlan,
    keeping: Keeping,
) -> Result<Program, Failure> {
    let configuration = files.write("nginx.conf", &plan.configuration(files, keeping))?;
    let mut command = Command::new(binary);
    command.arg("-p").arg(files.path("")).arg("-c").arg(configuration).args(["-e", "stderr"]);
    Program::start(command, files.path("words"), &[plan.plain, plan.secure]).await
}
