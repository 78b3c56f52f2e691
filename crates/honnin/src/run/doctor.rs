//! `honnin doctor`: the state of an installation, and what needs attention. No personal values.

mod escrow;
mod hashes;
mod nodes;
mod offered;

use std::fmt;
use std::fs;

use data_encoding::HEXLOWER;
use honnin_access::MOST_PASSKEYS;
use honnin_keeper::Keeper;
use honnin_network::ElementKind;
use honnin_node::{Runs, Written, read_mode, taken_in};
use honnin_seal::digest;
use honnin_store::StoreReport;
use honnin_terms::{BuildId, Clock, Id as _, Moment, Stop};
use serde::Serialize;

use super::serve::runtime;
use crate::failure::{Exit, Failure};
use crate::installation::{Installation, free_octets};
use crate::machine::{SystemClock, running_build};
use crate::say::Say;
use crate::settings::{Size, Traces};
use crate::traces::{MOST_WAITING, OF};
use crate::wiring::acts::ACTS_A_DAY;
use crate::wiring::certificates::{CertificateFiles, SOON_SECONDS, expires};
use crate::wiring::witness::{FOR_ONE_ACT, RELEASES_AN_HOUR};
use crate::wiring::{Rooms, bounds, last_backup, leaving, proven};

/// Less room than so many octets on the data volume is worth a look.
const LITTLE_ROOM: u64 = 1 << 30;

/// Whether a person has to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    /// Something must be done; the text says what.
    Attention,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    state: State,
    text: String,
}

/// What was found.
#[derive(Default, Serialize)]
pub(super) struct Findings {
    attention: usize,
    checks: Vec<Check>,
}

impl Findings {
    /// Whether nobody has to do anything.
    pub(super) const fn is_well(&self) -> bool {
        self.attention == 0
    }

    pub(super) fn ok(&mut self, name: &'static str, text: impl fmt::Display) {
        self.checks.push(Check { name, state: State::Ok, text: text.to_string() });
    }

    /// Something a person should look at.
    pub(super) fn attention(&mut self, name: &'static str, text: impl fmt::Display) {
        self.attention += 1;
        self.checks.push(Check { name, state: State::Attention, text: text.to_string() });
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Check { name, state, text } in &self.checks {
            let mark = if *state == State::Attention { "ATTENTION: " } else { "" };
            writeln!(f, "{name:<10} {mark}{text}")?;
        }
        match self.attention {
            0 => Ok(()),
            1 => writeln!(f, "\n1 item needs attention"),
            found => writeln!(f, "\n{found} items need attention"),
        }
    }
}

pub(super) fn doctor(say: Say, installation: Installation) -> Result<Exit, Failure> {
    let mut findings = Findings::default();
    machine(&installation, &mut findings);
    network(&installation, &mut findings);
    guesses(&installation, &mut findings);
    passkeys(&installation, &mut findings);
    waiting_room(&installation, &mut findings);
    proxies(&installation, &mut findings);
    traces(&installation, &mut findings);
    certificate(&installation, &mut findings);
    public_path(&installation, &mut findings);
    let clock = installation.clock()?;
    let rooms = Rooms::open(installation, clock)?;
    journal(&rooms, &mut findings)?;
    checkpoints(&rooms, &mut findings)?;
    backups(&rooms, &mut findings)?;
    hashes::hashes(&rooms, &mut findings)?;
    let node = nodes::nodes(&rooms, &mut findings)?;
    offered::offered(&rooms, node, &mut findings);
    let key_file = &rooms.installation.settings.keys.key_file;
    let demo = if rooms.keeper.is_demo() { "; of a demo" } else { "" };
    match rooms.epochs().map(|epochs| epochs.len()) {
        Ok(_) if Keeper::outline(&rooms.installation.place.data).is_ok_and(|keyring| keyring.two_keys) => {
            findings.attention(
                "keyring",
                format_args!(
                    "opens with {key_file} and with another key; `honnin key rotate --finish`{demo}"
                ),
            );
        }
        Ok(open) => {
            findings.ok("keyring", format_args!("opens with {key_file}; {open} journal epochs{demo}"));
        }
        Err(reason) => findings.attention("keyring", format_args!("the journal's epochs: {reason}")),
    }
    findings.ok(
        "keeper",
        format_args!(
            "nothing is released before it is written down; {FOR_ONE_ACT} keys or credentials for one act of an operator, \
             {ACTS_A_DAY} acts about one account a day, {RELEASES_AN_HOUR} releases of one account's key an hour"
        ),
    );
    escrow::escrow(&rooms, &mut findings)?;
    isolation(&rooms, &mut findings)?;
    let told = runtime(1)?.block_on(async {
        let permit = rooms.operate();
        Ok::<_, honnin_store::Error>((
            rooms.store.report(&permit).await?,
            taken_in(&*rooms.store, &permit).await?,
        ))
    });
    match told {
        Ok((report, taken)) => store(&report, taken, &rooms, &mut findings),
        Err(reason) => {
            findings
                .attention("store", format_args!("{reason}; keep the files as they are and restore a copy"));
        }
    }
    say.tell(&findings)?;
    Ok(if findings.is_well() { Exit::Done } else { Exit::Found })
}

fn machine(installation: &Installation, findings: &mut Findings) {
    let settings = &installation.settings;
    let version = env!("CARGO_PKG_VERSION");
    match running_build() {
        Ok(build) => findings.ok("build", format_args!("honnin {version}, {build}")),
        Err(reason) => findings.attention("build", format_args!("honnin {version}; {reason}")),
    }
    let hash = digest(&[b"honnin settings v1\0", settings.effective().as_bytes()]);
    let hash = HEXLOWER.encode(hash.first_chunk::<8>().unwrap_or(&[0; 8]));
    let file = installation.place.settings.display();
    let same = Runs::new(BuildId::from_octets([0; 16]), &settings.shared()).configuration();
    findings
        .ok("settings", format_args!("{file} (effective values: {hash}; the same on every node: {same})"));
    match honnin_terms::Zone::named(&settings.tenant.zone) {
        Ok(zone) => findings.ok("clock", format_args!("{} {}", zone.rfc3339(SystemClock.now()), zone.name())),
        Err(reason) => findings.attention("clock", reason),
    }
    match free_octets(&installation.place.data) {
        Ok(free) if free < LITTLE_ROOM => {
            let free = Size(free >> 20 << 20);
            findings.attention("volume", format_args!("{free} free; personal pages stop when none is left"));
        }
        Ok(free) => findings.ok("volume", format_args!("{} free", Size(free >> 20 << 20))),
        Err(reason) => findings.attention("volume", reason),
    }
}

fn network(installation: &Installation, findings: &mut Findings) {
    let element = &installation.settings.network.element;
    let is_simulated = ElementKind::of_name(element).is_ok_and(ElementKind::is_simulated);
    findings.ok("network", if is_simulated { "simulated element; no network is changed" } else { element });
}

/// Proxies that are believed, and whether they say whom they pass on.
fn proxies(installation: &Installation, findings: &mut Findings) {
    let listen = &installation.settings.listen;
    if listen.trusted_proxies.is_empty() && listen.sockets.is_empty() {
        findings.ok("proxies", "none is listed; nobody is believed");
        return;
    }
    match fs::read_to_string(installation.untold_marker()) {
        Ok(seen) => findings.attention(
            "proxies",
            format_args!(
                "{}. Its requests are refused, because everybody behind it would be one source. Let it set what \
                 listen.proxies_tell = \"{}\" names: an IPv6 address stands in brackets and quotes in Forwarded, which \
                 nginx's `for=$remote_addr` does not write; or set \"x-forwarded-for\" and let nginx say \
                 `proxy_set_header X-Forwarded-For $remote_addr`",
                seen.trim(),
                listen.proxies_tell
            ),
        ),
        Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => findings.ok(
            "proxies",
            format_args!(
                "{} listed, {} sockets, they tell by {}; none was seen to name nobody",
                listen.trusted_proxies.len(),
                listen.sockets.len(),
                listen.proxies_tell
            ),
        ),
        Err(reason) => findings.attention("proxies", reason),
    }
}

/// What guessing comes to at most, as the settings have it.
fn guesses(installation: &Installation, findings: &mut Findings) {
    let bounds = bounds::delays(&installation.settings.sign_in);
    findings.ok(
        "guesses",
        format_args!(
            "at most {} on one account and day by all strangers together, {} by a lost device; {} at a code of a second factor; one node",
            bounds.most_a_day(1),
            bounds.most_a_day_of_a_device(),
            bounds.codes_a_day
        ),
    );
}

/// Where passkeys are good, and how many one account may have.
fn passkeys(installation: &Installation, findings: &mut Findings) {
    let settings = &installation.settings;
    match bounds::passkeys(&settings.sign_in, &settings.tenant) {
        Some(site) => findings.ok(
            "passkeys",
            format_args!("at most {MOST_PASSKEYS} of one account; good at {} and nowhere else", site.host()),
        ),
        None if settings.sign_in.passkeys => {
            findings.ok("passkeys", "none: tenant.public_url is not set, or is no name");
        }
        None => findings.ok("passkeys", "off: sign_in.passkeys"),
    }
}

/// Who is placed in line and how fast it moves, as the settings have it.
fn waiting_room(installation: &Installation, findings: &mut Findings) {
    let bounds = bounds::room(&installation.settings.waiting_room);
    findings.ok(
        "line",
        format_args!(
            "opens where sign-ins wait longer than {:?}, or {} are under way; lets in {} a second at first; a place is kept \
             {} min and has {} tries; `honnin waiting-room show` says how it stands",
            bounds.opens,
            bounds.under_way,
            bounds.first,
            bounds.keeps.as_secs() / 60,
            bounds.tries
        ),
    );
}

fn traces(installation: &Installation, findings: &mut Findings) {
    let Traces { collector, share } = &installation.settings.traces;
    let told = if collector.is_empty() {
        "none are sent".to_owned()
    } else {
        format!(
            "of {share} in {OF} requests to {collector}; {MOST_WAITING} spans wait at most, others are dropped"
        )
    };
    findings.ok("traces", told);
}

fn certificate(installation: &Installation, findings: &mut Findings) {
    let Some(files) = CertificateFiles::of(installation) else { return };
    match files.read() {
        Ok(certified) => {
            let expires = expires(&certified);
            let left = expires.seconds_since(SystemClock.now());
            let text = format!("valid until {expires}");
            if left < SOON_SECONDS {
                findings.attention("certificate", format_args!("{text}; renew it"));
            } else {
                findings.ok("certificate", text);
            }
        }
        Err(reason) => findings.attention("certificate", reason),
    }
}

fn isolation(rooms: &Rooms, findings: &mut Findings) -> Result<(), Failure> {
    let seen = runtime(1)?.block_on(read_mode(&*rooms.store, &rooms.keep(), &*rooms.keeper));
    let owed = fs::read_to_string(rooms.installation.isolation_marker()).ok();
    let reason = match seen.map(|seen| seen.written) {
        // What the store says of itself is told below.
        Err(_) | Ok(Some(Written { stop: None, .. })) => owed,
        Ok(None) => Some(Stop::ForeignMode.word().to_owned()),
        Ok(Some(Written { stop: Some(stop), .. })) => Some(stop.word().to_owned()),
    };
    if let Some(reason) = reason {
        findings.attention(
            "isolation",
            format_args!(
                "personal pages are stopped on every node ({}). Once the cause is found, `honnin isolation lift` \
                 verifies the journal and lets them go on; nothing has to be started again",
                reason.trim()
            ),
        );
    }
    Ok(())
}

fn public_path(installation: &Installation, findings: &mut Findings) {
    let url = &installation.settings.tenant.public_url;
    let every = installation.settings.canary.every;
    match fs::read_to_string(installation.public_path_marker()) {
        Ok(reason) => findings.attention(
            "path",
            format_args!(
                "personal pages are refused until both canaries receive their own pages at {url}: {}. They resume \
                 without further action; see SECURITY.md (the public path)",
                reason.trim()
            ),
        ),
        Err(_) if url.is_empty() => findings.ok("path", "public_url is not set; canaries are off"),
        Err(_) => findings.ok("path", format_args!("{url}, checked by canaries every {every}")),
    }
}

fn journal(rooms: &Rooms, findings: &mut Findings) -> Result<(), Failure> {
    let installation = &rooms.installation;
    if !installation.has_journal_files()? {
        if rooms.heads()?.is_empty() {
            findings.ok("journal", "none yet; the first `honnin serve` begins it");
        } else {
            findings.attention(
                "journal",
                "missing, although entries were written; personal pages stay stopped. Restore it from a copy",
            );
        }
        return Ok(());
    }
    let verified = proven(rooms, None, &mut |_, _| {}).and_then(|verified| Ok(verified?));
    match verified {
        Ok(report) => {
            findings.ok("journal", format_args!("verifies: {} entries", report.entries()));
            if report.logs.iter().any(|log| log.unsettled) {
                findings.attention(
                    "clock",
                    "it was set by more than a minute, and nobody has said since that it is right; what rests on a \
                     grant or a case waits for that. Set it right, then run `honnin clock accept`",
                );
            }
        }
        Err(reason) => findings.attention("journal", format_args!("does not verify: {reason}")),
    }
    Ok(())
}

/// When a checkpoint last left the machine, and whether the journal goes on from it.
fn checkpoints(rooms: &Rooms, findings: &mut Findings) -> Result<(), Failure> {
    let leaving = leaving(rooms)?;
    if !leaving.is_wanted() {
        findings.ok("checkpoint", "leaves for nowhere: set journal.checkpoints or journal.witnesses");
        return Ok(());
    }
    match leaving.compare() {
        Ok(Ok(())) => {}
        Ok(Err(reason)) => findings.attention("checkpoint", reason),
        Err(reason) => findings.attention("checkpoint", format_args!("cannot read what left: {reason}")),
    }
    let age = rooms.installation.settings.journal.checkpoint_age;
    match leaving.oldest() {
        Err(reason) => findings.attention("checkpoint", format_args!("cannot read what left: {reason}")),
        Ok(None) => {
            findings.attention("checkpoint", "none has left to every place it is to leave to; see the log");
        }
        Ok(Some(left)) => {
            let seconds = SystemClock.now().seconds_since(left);
            let text = format!("the last one left {seconds} s ago");
            if seconds > age.whole_seconds() {
                findings
                    .attention("checkpoint", format_args!("{text}; look at the witness or the directory"));
            } else {
                findings.ok("checkpoint", text);
            }
        }
    }
    Ok(())
}

/// When the last backup was made.
fn backups(rooms: &Rooms, findings: &mut Findings) -> Result<(), Failure> {
    let made =
        last_backup(rooms)?.map(|at| format!("the last one has everything to {}", rooms.zone.rfc3339(at)));
    findings.ok("backup", made.unwrap_or_else(|| "none was made by `honnin backup` yet".to_owned()));
    Ok(())
}

fn store(report: &StoreReport, taken: Option<Moment>, rooms: &Rooms, findings: &mut Findings) {
    let StoreReport {
        engine,
        schema,
        accounts,
        holdings,
        sessions,
        quarantined,
        messages: (messages, since),
        octets,
    } = report;
    findings.ok("store", format_args!("{engine}, schema {schema}, {}, consistent", Size(octets >> 10 << 10)));
    let canaries = if rooms.installation.settings.tenant.public_url.is_empty() {
        ""
    } else {
        " (including the two canaries after their first round)"
    };
    let taken = taken.map_or("nothing was taken in yet".to_owned(), |at| {
        format!("last taken in at {}", rooms.zone.rfc3339(at))
    });
    findings.ok(
        "ledger",
        format_args!("{accounts} accounts{canaries}, {holdings} holdings; {sessions} sessions; {taken}"),
    );
    if *quarantined > 0 {
        findings.attention(
            "quarantine",
            format_args!(
                "{quarantined} rows; correct the mapping or the ledger, then `honnin intake files --retry`"
            ),
        );
    }
    if let Some(since) = since {
        let since = rooms.zone.rfc3339(*since);
        // Nobody can do anything about it in this build, so it is said and is nothing to look at.
        findings.ok(
            "messages",
            format_args!("{messages} unsent notifications since {since}; no delivery channel is configured"),
        );
    }
}
