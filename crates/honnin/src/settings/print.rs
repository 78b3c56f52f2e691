//! Settings as text: the commented file an operator starts from, and the effective values.

use std::fmt::{self, Write};

use super::Settings;
use super::section::{Line, Scope, Section};

const HEAD: &str = "\
# Settings of Honnin: every bound of the product with its meaning. A setting that is left out keeps its default.
# Paths are relative to this file. `honnin config check` checks the file, `honnin config print` prints the
# effective values. Several nodes of one installation start with equal values where \"the same on every node\" stands.
";

/// A section as it is printed.
pub(super) struct Printed {
    pub(super) name: &'static str,
    meaning: &'static [&'static str],
    lines: Vec<Line>,
}

fn printed<S: Section>(section: &S) -> Printed {
    Printed { name: S::NAME, meaning: S::MEANING, lines: section.lines() }
}

impl Settings {
    /// All sections in the order of the file.
    pub(super) fn sections(&self) -> Vec<Printed> {
        let Self {
            tenant,
            node,
            listen,
            canary,
            server,
            waiting_room,
            documents,
            exports,
            sessions,
            sign_in,
            keys,
            store,
            journal,
            intake,
            network,
            status,
            logs,
            traces,
        } = self;
        vec![
            printed(tenant),
            printed(node),
            printed(listen),
            printed(canary),
            printed(server),
            printed(waiting_room),
            printed(documents),
            printed(exports),
            printed(sessions),
            printed(sign_in),
            printed(keys),
            printed(store),
            printed(journal),
            printed(intake),
            printed(network),
            printed(status),
            printed(logs),
            printed(traces),
        ]
    }

    /// The whole file, each key with its meaning and bounds.
    pub(crate) fn commented(&self) -> String {
        let mut text = HEAD.to_owned();
        self.write_commented(&mut text).unwrap_or_default();
        text
    }

    fn write_commented(&self, text: &mut String) -> fmt::Result {
        for Printed { name, meaning, lines } in self.sections() {
            writeln!(text)?;
            meaning.iter().try_for_each(|line| writeln!(text, "#{line}"))?;
            writeln!(text, "[{name}]")?;
            for Line { meaning, key, value, within, scope } in lines {
                writeln!(text)?;
                meaning.iter().try_for_each(|line| writeln!(text, "#{line}"))?;
                let scope = match scope {
                    Scope::Same => Some("the same on every node".to_owned()),
                    Scope::Named => Some("set on every node or on none".to_owned()),
                    Scope::Own => None,
                };
                let notes: Vec<String> = within.into_iter().chain(scope).collect();
                if !notes.is_empty() {
                    writeln!(text, "# ({})", notes.join("; "))?;
                }
                writeln!(text, "{key} = {value}")?;
            }
        }
        Ok(())
    }

    /// What has to be the same on every node: the name of each such setting, and its value.
    pub(crate) fn shared(&self) -> Vec<(String, String)> {
        let sections = self.sections();
        let same = sections.into_iter().flat_map(|Printed { name, lines, .. }| {
            let compared = |Line { scope, value, .. }: &Line| match scope {
                Scope::Same => Some(value.clone()),
                Scope::Named => Some(if value == "\"\"" { "not set" } else { "set" }.to_owned()),
                Scope::Own => None,
            };
            lines.into_iter().filter_map(move |line| Some((format!("{name}.{}", line.key), compared(&line)?)))
        });
        same.collect()
    }

    /// The values that hold, one line each: `server.connections = 10_000`.
    pub(crate) fn effective(&self) -> String {
        let sections = self.sections();
        let lines = sections.iter().flat_map(|section| {
            section.lines.iter().map(|line| format!("{}.{} = {}\n", section.name, line.key, line.value))
        });
        lines.collect()
    }
}
