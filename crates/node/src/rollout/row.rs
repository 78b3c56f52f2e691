//! The row as text: what each node runs, what a person has admitted, and the settings each configuration stands for.
//!
//! Builds of different ages read and write it beside each other. What is not known makes the whole unreadable, so that
//! nobody drops what another has written: a line of a new kind is a change of the first line.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use honnin_seal::digest;
use honnin_terms::{BuildId, ConfigurationId, Id, LogId, Moment, ReleaseId};

/// The first line.
const FORM: &str = "what nodes run, 1";

/// Names of settings, each with a short hash of its value: told apart, and not told.
pub(super) type Settings = BTreeMap<String, String>;

/// What a node runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    pub(super) build: BuildId,
    pub(super) configuration: ConfigurationId,
    pub(super) settings: Settings,
}

fn half(parts: &[&[u8]]) -> [u8; 16] {
    digest(parts).first_chunk().copied().unwrap_or_default()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap_or_default();
        text
    })
}

impl Runs {
    /// That build, with these settings: the name and value of each that has to be the same on every node.
    pub fn new(build: BuildId, shared: &[(String, String)]) -> Self {
        let hashed = |(name, value): &(String, String)| {
            let hash = digest(&[b"honnin setting v1\0", name.as_bytes(), b"\0", value.as_bytes()]);
            (name.clone(), hex(hash.first_chunk::<8>().unwrap_or(&[0; 8])))
        };
        let settings: Settings = shared.iter().map(hashed).collect();
        let lines: Vec<String> = settings.iter().map(|(name, hash)| format!("{name}={hash}\n")).collect();
        let hash = half(&[b"honnin configuration v1\0", lines.concat().as_bytes()]);
        let configuration = ConfigurationId::from_octets(hash);
        Self { build, configuration, settings }
    }

    /// The build.
    pub const fn build(&self) -> BuildId {
        self.build
    }

    /// The settings.
    pub const fn configuration(&self) -> ConfigurationId {
        self.configuration
    }

    /// Both as one: what a person admits.
    pub fn release(&self) -> ReleaseId {
        release(self.build, self.configuration)
    }
}

fn release(build: BuildId, configuration: ConfigurationId) -> ReleaseId {
    ReleaseId::from_octets(half(&[b"honnin release v1\0", build.octets(), configuration.octets()]))
}

/// A node that has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The log it writes.
    pub log: LogId,
    /// What it runs.
    pub build: BuildId,
    /// With which settings.
    pub configuration: ConfigurationId,
    /// When it joined.
    pub since: Moment,
    /// Whether it has ended and said so.
    pub ended: bool,
}

impl Member {
    /// What it runs, as one.
    pub fn release(&self) -> ReleaseId {
        release(self.build, self.configuration)
    }
}

/// What may join though it differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// Exactly this.
    pub release: ReleaseId,
    /// From when on no more.
    pub until: Moment,
    /// Who said so.
    pub operator: String,
}

/// The row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) members: Vec<Member>,
    pub(super) admitted: Vec<Admitted>,
    pub(super) settings: BTreeMap<String, Settings>,
}

impl Row {
    pub(super) fn text(&self) -> String {
        let mut lines = vec![FORM.to_owned()];
        for (configuration, settings) in &self.settings {
            let told: Vec<String> = settings.iter().map(|(name, hash)| format!("{name}={hash}")).collect();
            lines.push(format!("settings {configuration} {}", told.join(" ")));
        }
        for Member { name, log, build, configuration, since, ended } in &self.members {
            let word = if *ended { "ended" } else { "node" };
            lines.push(format!("{word} {log} {build} {configuration} {} {name}", since.millis()));
        }
        for Admitted { release, until, operator } in &self.admitted {
            lines.push(format!("admitted {release} {} {operator}", until.millis()));
        }
        lines.join("\n")
    }

    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let mut lines = str::from_utf8(text).ok()?.split('\n');
        if lines.next() != Some(FORM) {
            return None;
        }
        let mut row = Self::default();
        for line in lines {
            let (word, rest) = line.split_once(' ')?;
            match word {
                "settings" => {
                    let (configuration, settings) = rest.split_once(' ')?;
                    let pair = |told: &str| {
                        told.split_once('=').map(|(name, hash)| (name.to_owned(), hash.to_owned()))
                    };
                    let settings = settings.split_whitespace().map(pair).collect::<Option<_>>()?;
                    row.settings.insert(configuration.to_owned(), settings);
                }
                "node" | "ended" => row.members.push(member(rest, word == "ended")?),
                "admitted" => {
                    let mut parts = rest.splitn(3, ' ');
                    row.admitted.push(Admitted {
                        release: parts.next()?.parse().ok()?,
                        until: moment(parts.next()?)?,
                        operator: parts.next()?.to_owned(),
                    });
                }
                _ => return None,
            }
        }
        Some(row)
    }

    /// The settings of which these differ; `None` where it is not known what one of them stands for.
    pub(super) fn settings_apart(&self, runs: &Runs, of: ConfigurationId) -> Option<Vec<String>> {
        let there = self.settings.get(&of.to_string())?;
        let names = there.keys().chain(runs.settings.keys());
        let mut apart: Vec<String> =
            names.filter(|name| there.get(*name) != runs.settings.get(*name)).cloned().collect();
        apart.sort_unstable();
        apart.dedup();
        Some(apart)
    }
}

fn moment(millis: &str) -> Option<Moment> {
    Moment::from_millis(millis.parse().ok()?).ok()
}

fn member(line: &str, ended: bool) -> Option<Member> {
    let mut parts = line.splitn(5, ' ');
    Some(Member {
        log: parts.next()?.parse().ok()?,
        build: parts.next()?.parse().ok()?,
        configuration: parts.next()?.parse().ok()?,
        since: moment(parts.next()?)?,
        name: parts.next()?.to_owned(),
        ended,
    })
}
