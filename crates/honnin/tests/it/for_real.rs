//! What the documents tell an operator to type, typed as it stands there, and the proxies that ship, started. Each test
//! has a machine of its own, as far as network and names go: the ports and the address are those of the documents.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use honnin_testkit::TestDir;

const ADDRESS: &str = "my.operator.jp";
const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/my.operator.jp-certificate.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/my.operator.jp-key.pem");

/// What a machine of a test's own is made of, and Debian's packages of it.
const MACHINE: [(&str, &str); 4] =
    [("unshare", "util-linux"), ("ip", "iproute2"), ("curl", "curl"), ("bash", "bash")];

/// A proxy of `examples/`, and how it is checked and started there.
struct Proxy {
    program: &'static str,
    package: &'static str,
    example: &'static str,
    /// How it tells the client's address.
    tells: &'static str,
    /// Whether it reaches Honnin by a unix socket.
    by_file: bool,
    check: &'static str,
    start: &'static str,
}

const NGINX: Proxy = Proxy {
    program: "nginx",
    package: "nginx-light",
    example: "nginx/honnin.conf",
    tells: "forwarded",
    by_file: false,
    check: "nginx -t -p \"$PWD\" -c nginx.conf",
    start: "nginx -p \"$PWD\" -c nginx.conf",
};

/// The same by a unix socket, as docs/proxies.md says.
const NGINX_BY_FILE: Proxy = Proxy { by_file: true, ..NGINX };

const HAPROXY: Proxy = Proxy {
    program: "haproxy",
    package: "haproxy",
    example: "haproxy/haproxy.cfg",
    tells: "proxy-v2",
    by_file: false,
    check: "haproxy -c -f proxy",
    start: "haproxy -db -f proxy",
};

const CADDY: Proxy = Proxy {
    program: "caddy",
    package: "caddy",
    example: "caddy/Caddyfile",
    tells: "x-forwarded-for",
    by_file: false,
    check: "caddy validate --adapter caddyfile --config proxy",
    start: "caddy run --adapter caddyfile --config proxy",
};

/// nginx's own file round the example, which is one for `conf.d`.
const NGINX_CONF: &str = "user root root;\nworker_processes 1;\ndaemon off;\npid nginx.pid;\nerror_log stderr;\n\
    events { worker_connections 256; }\nhttp {\naccess_log off;\nclient_body_temp_path body;\nproxy_temp_path kept;\n\
    fastcgi_temp_path f;\nuwsgi_temp_path u;\nscgi_temp_path s;\ninclude proxy;\n}\n";

/// What every script begins with: a network of its own, the operator's name in it, and the test's authority trusted.
const BEGIN: &str = "set -euo pipefail\nip link set lo up\nmount --bind hosts /etc/hosts\n\
    mount --bind certificate.pem /etc/ssl/certs/ca-certificates.crt\n\
    trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n\
    ask() { curl --silent --show-error --cacert certificate.pem --max-time 20 --cookie jar --cookie-jar jar \"$@\"; }\n\
    patiently() { for _ in $(seq 150); do if \"$@\"; then return; fi; sleep 0.2; done; echo \"never: $*\" >&2; exit 9; }\n\
    posted() { ask --output answer --write-out '%{http_code}' -H \"Origin: $1\" -H 'Sec-Fetch-Site: same-origin' \"${@:2}\"; }\n";

/// Her first minutes: a password by the code, once the canaries were given their own, then a sign-in and her page.
const FIRST_SIGN_IN: &str = "activated() {\n\
    [ \"$(posted $SITE --data-urlencode login=$LOGIN --data-urlencode code=$CODE \
    --data-urlencode 'password=umi no mieru ie de' $SITE/activate)\" = 303 ]; }\n\
    patiently activated\nrm jar\n\
    status=$(posted $SITE --data-urlencode login=$LOGIN --data-urlencode 'password=umi no mieru ie de' $SITE/sign-in)\n\
    [ $status = 303 ] || { echo \"sign-in: $status\" >&2; cat answer >&2; exit 8; }\n\
    ask --fail --location --output home.html $SITE/\n";

/// Whether the programs are there; says aloud which packages are missing where they are not.
#[expect(clippy::print_stdout, reason = "what a test skips it says aloud")]
fn can(what: &str, programs: &[(&str, &str)]) -> bool {
    let there = |program: &str| {
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
            .iter()
            .any(|place| Path::new(place).join(program).is_file())
    };
    let missing: Vec<&str> =
        programs.iter().filter(|(program, _)| !there(program)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        println!(
            "SKIPPED: {what}. As root: apt-get install -y --no-install-recommends {}",
            missing.join(" ")
        );
    }
    missing.is_empty()
}

/// A directory with the repository's examples, the program where a build puts it, and what a script asks for.
struct Machine {
    dir: TestDir,
}

impl Machine {
    fn new() -> Self {
        let dir = TestDir::new();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        symlink(repository.join("examples"), dir.join("examples")).unwrap();
        fs::create_dir_all(dir.join("target/release")).unwrap();
        symlink(env!("CARGO_BIN_EXE_honnin"), dir.join("target/release/honnin")).unwrap();
        fs::create_dir(dir.join("bin")).unwrap();
        // The build is the one that made this test; what is asked of it has to be the build of the documents.
        let cargo =
            dir.write("bin/cargo", "#!/bin/sh\n[ \"$*\" = 'build --release' ] && echo \"cargo $*\"\n");
        fs::set_permissions(cargo, fs::Permissions::from_mode(0o755)).unwrap();
        dir.write("hosts", format!("127.0.0.1 localhost {ADDRESS}\n::1 localhost {ADDRESS}\n"));
        dir.write("nginx.conf", NGINX_CONF);
        fs::copy(CERTIFICATE, dir.join("certificate.pem")).unwrap();
        fs::copy(KEY, dir.join("key.pem")).unwrap();
        let both = [CERTIFICATE, KEY].map(|file| fs::read_to_string(file).unwrap()).concat();
        dir.write("both.pem", both);
        Self { dir }
    }

    /// Writes an example with the test's certificate in place of the operator's.
    fn proxy(&self, proxy: &Proxy) -> String {
        let text = fs::read_to_string(self.dir.join("examples").join(proxy.example)).unwrap();
        let at = |name: &str| self.dir.join(name).to_str().unwrap().to_owned();
        let (certificate, key) = (at("certificate.pem"), at("key.pem"));
        let site = format!("\n{ADDRESS} {{\n");
        let text = text
            .replace("/etc/honnin/tls/fullchain.pem", &certificate)
            .replace("/etc/honnin/tls/privkey.pem", &key)
            .replace("/etc/honnin/tls/haproxy.pem", &at("both.pem"))
            .replace(&site, &format!("{site}\ttls {certificate} {key}\n"));
        assert!(text.contains(&at("")), "the certificate has no place in {text}");
        let text = if proxy.by_file {
            let by_file =
                text.replace("server 127.0.0.1:8080;", &format!("server unix:{};", at("honnin.sock")));
            assert_ne!(text, by_file, "there is no address of ours in it");
            by_file
        } else {
            text
        };
        self.dir.write("proxy", &text);
        text
    }

    /// Runs a script on it; what it said.
    fn run(&self, script: &str) -> String {
        self.dir.write("script", format!("{BEGIN}{script}"));
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.dir.join("bin").display());
        let mut command = Command::new("unshare");
        command.args(["-rnm", "bash", "script"]).current_dir(self.dir.path()).stdin(Stdio::null());
        command.env_clear().env("PATH", path).env("HOME", self.dir.path());
        command.env("DATA", self.dir.join("data")).env("KEY", self.dir.join("the-key"));
        let ended = command.output().unwrap();
        let said = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        assert!(
            ended.status.success(),
            "{}\n{}\n{}\n{script}",
            ended.status,
            said(&ended.stdout),
            said(&ended.stderr)
        );
        said(&ended.stdout)
    }

    /// Home was shown, of the day of the ledger; how much is left follows from today.
    fn shows_home(&self) {
        let home = fs::read_to_string(self.dir.join("home.html")).unwrap();
        assert!(home.contains("<title>ホーム | ") && home.contains("11月20日 6:00"), "{home}");
    }
}

/// The blocks of shell commands under a heading of a document.
fn blocks(document: &str, heading: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
    let text = fs::read_to_string(file).unwrap();
    let (_, part) = text.split_once(&format!("\n{heading}\n")).unwrap();
    let part = part.split("\n## ").next().unwrap();
    let found = part.split("```sh\n").skip(1).map(|rest| rest.split("```\n").next().unwrap().to_owned());
    found.collect()
}

#[test]
fn the_readmes_real_path_leads_to_a_first_sign_in_through_nginx() {
    let needed = [&MACHINE[..], &[(NGINX.program, NGINX.package)]].concat();
    if !can("the README's real path", &needed) {
        return;
    }
    let machine = Machine::new();
    machine.proxy(&NGINX);
    let blocks = blocks("README.md", "## For real");
    let [typed] = &blocks[..] else { panic!("one block: {blocks:?}") };
    assert!(typed.contains("honnin init") && typed.contains("honnin account invite"), "{typed}");
    // The last command prints the code; everything else stands as it does in the README.
    let script = format!(
        "{typed}SITE=https://{ADDRESS}\nLOGIN=mio10482913\n\
         CODE=$(honnin account invite $LOGIN --json | sed 's/.*\"code\":\"\\([^\"]*\\)\".*/\\1/')\n\
         {} &\n{FIRST_SIGN_IN}honnin doctor\n",
        NGINX.start
    );
    let said = machine.run(&script);
    for word in ["cargo build --release", "can be used", "taken 710, repeated 0", "serving on 127.0.0.1:8080"]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
    machine.shows_home();
}

#[test]
fn the_five_minutes_of_the_api_page_work_as_they_are_pasted() {
    if !can("docs/api.md", &MACHINE) {
        return;
    }
    let machine = Machine::new();
    let blocks = blocks("docs/api.md", "## In five minutes");
    let [pasted] = &blocks[..] else { panic!("one block: {blocks:?}") };
    let said = machine.run(pasted);
    let me = said.lines().rev().find(|line| line.starts_with('{')).unwrap_or(&said);
    let me: serde_json::Value = serde_json::from_str(me).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert!(me["lines"].as_array().is_some_and(|lines| !lines.is_empty()), "{me}");
}

#[test]
fn the_tutorial_leads_from_its_own_files_to_a_first_sign_in() {
    if !can("the tutorial", &MACHINE) {
        return;
    }
    let machine = Machine::new();
    let mut script = String::from("PATH=\"$PWD/target/release:$PATH\"\nmkdir lesson; cd lesson\n");
    for heading in ["## The files", "## What they mean", "## Take it in", "## Let her in"] {
        script.extend(blocks("docs/tutorials/your-first-ledger.md", heading));
    }
    script.push_str(
        "CODE=$(honnin --data data account invite K-1001 --json | sed 's/.*\"code\":\"\\([^\"]*\\)\".*/\\1/')\n\
         honnin --data data serve &\ncd ..\nSITE=http://127.0.0.1:8080\nLOGIN=K-1001\n",
    );
    script.push_str(FIRST_SIGN_IN);
    machine.run(&script);
    machine.shows_home();
}

/// Checks the example, starts it, and asks it by IPv4 and by IPv6, as the README installs it; then does that.
fn tried(proxy: &Proxy, then: &str) {
    let needed = [&MACHINE[..], &[(proxy.program, proxy.package)]].concat();
    if !can(&format!("examples/{}", proxy.example), &needed) {
        return;
    }
    let machine = Machine::new();
    machine.proxy(proxy);
    let Proxy { check, start, tells, by_file, .. } = proxy;
    let by_file = if *by_file {
        "sed -i 's/^trusted_proxies = .*/trusted_proxies = []/; s/^public = .*/public = []/; \
         s|^sockets = .*|sockets = [\"'\"$PWD\"'/honnin.sock\"]|; s/^sockets_for = .*/sockets_for = \"group\"/' \
         \"$DATA/honnin.toml\"\n"
    } else {
        ""
    };
    // As the example's first lines say it.
    let told = format!(
        "{by_file}sed -i 's/^proxies_tell = .*/proxies_tell = \"{tells}\"/' \"$DATA/honnin.toml\"\nhonnin config check"
    );
    let typed = blocks("README.md", "## For real").concat().replace("honnin config check", &told);
    let script = format!(
        "{check}\n{typed}SITE=https://{ADDRESS}\nLOGIN=mio10482913\n\
         CODE=$(honnin account invite $LOGIN --json | sed 's/.*\"code\":\"\\([^\"]*\\)\".*/\\1/')\n\
         {start} &\n{FIRST_SIGN_IN}\
         status() {{ ask --output /dev/null --write-out '%{{http_code}}' \"$@\"; }}\n\
         wants() {{ case $(status \"${{@:2}}\") in $1) ;; *) echo \"not $*\" >&2; exit 7;; esac; }}\n\
         for way in -4 -6; do\n\
         wants 200 $way $SITE/bills\n\
         wants 200 $way -H 'Forwarded: for=\"_x' -H 'X-Forwarded-For: nobody' $SITE/bills\n\
         wants 30[18] $way http://{ADDRESS}/\n\
         done\n{{ honnin doctor || true; }} | grep '^proxies.*none was seen to name nobody' || \
         {{ honnin doctor >&2; exit 6; }}\n{then}"
    );
    machine.run(&script);
    machine.shows_home();
}

#[test]
fn the_example_of_nginx_is_well_and_works_by_ipv6() {
    // Without the example's quotes an IPv6 address is refused: that the quoted one is taken is no accident.
    tried(
        &NGINX,
        "sed -i 's/for=$honnin_for/for=$remote_addr/' proxy\nkill -HUP $(cat nginx.pid)\n\
         refused() { [ $(status -6 $SITE/sign-in) = 400 ]; }\npatiently refused\n",
    );
}

#[test]
fn nginx_reaches_it_by_a_unix_socket_and_nothing_listens_beside() {
    tried(
        &NGINX_BY_FILE,
        "[ \"$(stat -c %a honnin.sock)\" = 660 ]\n\
         if curl --silent --max-time 5 http://127.0.0.1:8080/healthz; then exit 5; fi\n",
    );
}

#[test]
fn the_example_of_haproxy_is_well_and_works_by_ipv6() {
    tried(&HAPROXY, "");
}

#[test]
fn the_example_of_caddy_is_well_and_works_by_ipv6() {
    tried(&CADDY, "");
}

#[test]
fn the_service_of_systemd_is_well() {
    if !can("examples/systemd/honnin.service", &[("systemd-analyze", "systemd")]) {
        return;
    }
    let dir = TestDir::new();
    let text = fs::read_to_string(Machine::new().dir.join("examples/systemd/honnin.service")).unwrap();
    let unit =
        dir.write("honnin.service", text.replace("/usr/local/bin/honnin", env!("CARGO_BIN_EXE_honnin")));
    let text = fs::read_to_string(Machine::new().dir.join("examples/systemd/honnin.socket")).unwrap();
    let socket = dir.write("honnin.socket", text);
    let ended = Command::new("systemd-analyze").arg("verify").args([&unit, &socket]).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    let is_ours = |line: &&str| line.contains("honnin.service") || line.contains("honnin.socket");
    let ours: Vec<&str> = said.lines().filter(is_ours).collect();
    assert!(ours.is_empty(), "{ours:?}");
    let mut asked = Command::new("systemd-analyze");
    let ended = asked
        .args(["security", "--offline=true", "--threshold=20", "--no-pager"])
        .arg(&unit)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    let exposure = said.split("Overall exposure level for honnin.service: ").nth(1).unwrap();
    let exposure: f64 = exposure.split_whitespace().next().unwrap().parse().unwrap();
    assert!(exposure <= 2.0 && ended.status.success(), "{said}");
}
