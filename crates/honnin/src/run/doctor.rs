//! `honnin doctor`: the state of an installation, and what a person should look at. No personal values.

use std::fmt::Display;
use std::fs;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use honnin_journal::{Violation, verify};
use honnin_seal::digest;
use honnin_store::StoreReport;
use honnin_terms::Clock;

use super::serve::runtime;
use crate::failure::{Exit, Failure};
use crate::installation::{Installation, free_octets};
use crate::machine::SystemClock;
use crate::say;
use crate::settings::Size;
use crate::wiring::{Rooms, epochs};

/// Less room than so many octets on the data volume is worth a look.
const LITTLE_ROOM: u64 = 1 << 30;

/// What was found so far.
struct Findings {
    found: u64,
}

fn tell(what: &str, state: impl Display) {
    say::line(format_args!("{what:<10} {state}"));
}

impl Findings {
    /// Something a person should look at.
    fn look(&mut self, what: &str, state: impl Display) {
        self.found += 1;
        tell(what, format_args!("LOOK: {state}"));
    }
}

pub(super) fn doctor(installation: Installation) -> Result<Exit, Failure> {
    let mut findings = Findings { found: 0 };
    machine(&installation, &mut findings);
    network(&installation);
    isolation(&installation, &mut findings);
    public_path(&installation, &mut findings);
    journal(&installation, &mut findings);
    let rooms = Rooms::open(installation, Arc::new(SystemClock))?;
    let open = epochs::kept(&rooms.keeper)?.len();
    tell(
        "keyring",
        format_args!("opens with {}; {open} journal epochs", rooms.installation.settings.keys.key_file),
    );
    match runtime(1)?.block_on(async { rooms.store.report(&rooms.operate()).await }) {
        Ok(report) => store(&report, &rooms, &mut findings),
        Err(reason) => {
            findings.look("store", format_args!("{reason}; keep the files as they are and restore a copy"));
        }
    }
    match findings.found {
        0 => Ok(Exit::Done),
        found => {
            say::line(format_args!("\n{found} to look at"));
            Ok(Exit::Found)
        }
    }
}

fn machine(installation: &Installation, findings: &mut Findings) {
    let settings = &installation.settings;
    tell("build", format_args!("honnin {}", env!("CARGO_PKG_VERSION")));
    let hash = digest(&[b"honnin settings v1\0", settings.effective().as_bytes()]);
    let hash = HEXLOWER.encode(hash.first_chunk::<8>().unwrap_or(&[0; 8]));
    tell("settings", format_args!("{} (effective values: {hash})", installation.place.settings.display()));
    match honnin_terms::Zone::named(&settings.tenant.zone) {
        Ok(zone) => tell("clock", format_args!("{} {}", zone.rfc3339(SystemClock.now()), zone.name())),
        Err(reason) => findings.look("clock", reason),
    }
    match free_octets(&installation.place.data) {
        Ok(free) if free < LITTLE_ROOM => {
            findings.look(
                "volume",
                format_args!("{} free: personal pages stop when there is none", Size(free >> 20 << 20)),
            );
        }
        Ok(free) => tell("volume", format_args!("{} free", Size(free >> 20 << 20))),
        Err(reason) => findings.look("volume", reason),
    }
}

fn network(installation: &Installation) {
    let element = &installation.settings.network.element;
    if element == "simulated" {
        tell("network", "simulated: speed orders are made up and answered in memory, no network is driven");
    } else {
        tell("network", element);
    }
}

fn isolation(installation: &Installation, findings: &mut Findings) {
    let marker = installation.isolation_marker();
    if let Ok(reason) = fs::read_to_string(&marker) {
        findings.look(
            "isolation",
            format_args!(
                "personal pages are stopped ({}). When the cause is found, `honnin isolation lift` verifies the journal \
                 and lets the next start show them again",
                reason.trim()
            ),
        );
    }
}

fn public_path(installation: &Installation, findings: &mut Findings) {
    let url = &installation.settings.tenant.public_url;
    let every = installation.settings.canary.every;
    match fs::read_to_string(installation.public_path_marker()) {
        Ok(reason) => findings.look(
            "path",
            format_args!(
                "personal pages are refused until the canaries are given their own at {url}; {}. They come back by \
                 themselves; SECURITY.md says what to look at (the public path)",
                reason.trim()
            ),
        ),
        Err(_) if url.is_empty() => tell("path", "no public_url: nothing stands before us, nobody looks"),
        Err(_) => tell("path", format_args!("{url}, canaries look every {every}")),
    }
}

fn journal(installation: &Installation, findings: &mut Findings) {
    let key = match installation.journal_key() {
        Ok(key) => key,
        Err(reason) => return findings.look("journal", reason),
    };
    match verify(&installation.journal(), &key, None) {
        Ok(report) => tell("journal", format_args!("verifies: {} entries", report.size + report.unpublished)),
        Err(Violation::Unreadable(_, reason)) if reason.kind() == std::io::ErrorKind::NotFound => {
            tell("journal", "none yet; the first `serve` begins it");
        }
        Err(violation) => findings.look("journal", Failure::from(violation)),
    }
}

fn store(report: &StoreReport, rooms: &Rooms, findings: &mut Findings) {
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
    tell("store", format_args!("{engine}, schema {schema}, {}, consistent", Size(octets >> 10 << 10)));
    let canaries = if rooms.installation.settings.tenant.public_url.is_empty() {
        ""
    } else {
        " (with the two canaries, once they have looked)"
    };
    tell("ledger", format_args!("{accounts} accounts{canaries}, {holdings} holdings; {sessions} sessions"));
    if *quarantined > 0 {
        findings.look(
            "quarantine",
            format_args!("{quarantined} rows wait for correction; `honnin intake files --retry`"),
        );
    }
    if let Some(since) = since {
        let since = rooms.zone.rfc3339(*since);
        findings.look(
            "messages",
            format_args!("{messages} to subscribers wait since {since}; no way to send them is set up"),
        );
    }
}
