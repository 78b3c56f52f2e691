//! Every bound of the product: one tree, read once, with the meaning and default of each.
//!
//! A section is declared once ([`section`]) and from that read, checked and printed, so that the file an operator
//! starts from cannot say anything else than the program does.

mod canary;
mod machine;
mod notices;
mod people;
mod print;
mod section;
mod server;
mod value;

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use canary::Canary;
pub(crate) use machine::{Intake, Journal, Keys, Logs, Network, Node, Store, Traces};
pub(crate) use notices::Status;
pub(crate) use people::{Sessions, SignIn, Tenant};
pub(crate) use section::Problem;
use section::{Section, refuse_unknown};
pub(crate) use server::{Documents, Exports, Listen, Server, WaitingRoom};
pub(crate) use value::{MaybePath, SecondFactor, Size, Span};

/// The settings file in a data directory.
pub(crate) const FILE_NAME: &str = "honnin.toml";

/// Every setting with its value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Settings {
    /// The operator.
    pub tenant: Tenant,
    /// Which node this is.
    pub node: Node,
    /// Where we listen.
    pub listen: Listen,
    /// The public path.
    pub canary: Canary,
    /// Bounds of connections and requests.
    pub server: Server,
    /// The waiting room.
    pub waiting_room: WaitingRoom,
    /// Documents to keep.
    pub documents: Documents,
    /// Exports.
    pub exports: Exports,
    /// Sessions.
    pub sessions: Sessions,
    /// Sign-in.
    pub sign_in: SignIn,
    /// Key material.
    pub keys: Keys,
    /// Store.
    pub store: Store,
    /// Journal.
    pub journal: Journal,
    /// Intake.
    pub intake: Intake,
    /// Network.
    pub network: Network,
    /// What the public is told.
    pub status: Status,
    /// Logs.
    pub logs: Logs,
    /// Traces.
    pub traces: Traces,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {0}; `honnin init DIR --key-file FILE` creates one")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file is not TOML.
    #[error("cannot read the settings file {0} as TOML")]
    NotToml(PathBuf, #[source] toml::de::Error),
    /// Keys or values are wrong.
    #[error("cannot use the settings file {file}:\n{}", .problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n"))]
    Wrong {
        /// The file.
        file: PathBuf,
        /// All that is wrong.
        problems: Vec<Problem>,
    },
}

impl Settings {
    /// Reads and checks settings as text.
    #[cfg(test)]
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        Self::of_tree(text.parse().unwrap())
    }

    /// Reads and checks a settings file; what it does not say keeps its default.
    ///
    /// # Errors
    /// [`SettingsError`] with everything that is wrong in it.
    pub(crate) fn load(file: &Path) -> Result<Self, SettingsError> {
        let text =
            fs::read_to_string(file).map_err(|reason| SettingsError::Unreadable(file.to_owned(), reason))?;
        let tree = text.parse().map_err(|reason| SettingsError::NotToml(file.to_owned(), reason))?;
        Self::of_tree(tree).map_err(|problems| SettingsError::Wrong { file: file.to_owned(), problems })
    }

    fn of_tree(mut tree: toml::Table) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let settings = Self {
            tenant: take(&mut tree, &mut problems),
            node: take(&mut tree, &mut problems),
            listen: take(&mut tree, &mut problems),
            canary: take(&mut tree, &mut problems),
            server: take(&mut tree, &mut problems),
            waiting_room: take(&mut tree, &mut problems),
            documents: take(&mut tree, &mut problems),
            exports: take(&mut tree, &mut problems),
            sessions: take(&mut tree, &mut problems),
            sign_in: take(&mut tree, &mut problems),
            keys: take(&mut tree, &mut problems),
            store: take(&mut tree, &mut problems),
            journal: take(&mut tree, &mut problems),
            intake: take(&mut tree, &mut problems),
            network: take(&mut tree, &mut problems),
            status: take(&mut tree, &mut problems),
            logs: take(&mut tree, &mut problems),
            traces: take(&mut tree, &mut problems),
        };
        let sections = settings.sections();
        let known: Vec<&str> = sections.iter().map(|section| section.name).collect();
        refuse_unknown("", &tree, &known, &mut problems);
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }
}

fn take<S: Section>(tree: &mut toml::Table, problems: &mut Vec<Problem>) -> S {
    match tree.remove(S::NAME) {
        None => S::default(),
        Some(toml::Value::Table(table)) => S::read(table, problems),
        Some(other) => {
            let says = format!("found {other}, write a section: [{}]", S::NAME);
            problems.push(Problem { key: S::NAME.to_owned(), says });
            S::default()
        }
    }
}

#[cfg(test)]
mod tests;
