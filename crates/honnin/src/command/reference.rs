//! The reference of commands as one page, made of what the program itself understands.

use std::fmt::{self, Write};

use clap::{Arg, Command, CommandFactory};

use super::Honnin;

const HEAD: &str = "\
# Commands

Written by `honnin man --markdown`; a test compares this page with the program.

";

/// Every command with its options and examples, as Markdown.
///
/// # Errors
/// Never: a text takes everything.
pub(crate) fn markdown() -> Result<String, fmt::Error> {
    let mut command = Honnin::command();
    command.build();
    let mut page = HEAD.to_owned();
    section(&command, &mut page)?;
    Ok(page)
}

fn section(command: &Command, page: &mut String) -> fmt::Result {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).replace('-', " ");
    let name = command.get_bin_name().map_or(name, str::to_owned);
    let level = if name.contains(' ') { "##" } else { "#" };
    if level == "##" {
        writeln!(page, "{level} {name}\n")?;
    }
    let about = command.get_long_about().or_else(|| command.get_about());
    if let Some(about) = about {
        writeln!(page, "{}\n", said(&about.to_string()))?;
    }
    let mut usage = command.clone();
    let usage = usage.render_usage().to_string();
    writeln!(page, "```text\n{}\n```\n", usage.trim_start_matches("Usage: ").trim())?;
    // What every command understands stands once, at the top.
    let is_top = !name.contains(' ');
    let own = |arg: &&Arg| !arg.is_hide_set() && (is_top || !arg.is_global_set()) && arg.get_id() != "help";
    let arguments: Vec<&Arg> = command.get_arguments().filter(own).collect();
    if !arguments.is_empty() {
        writeln!(page, "| argument | meaning |\n|---|---|")?;
        for arg in arguments {
            writeln!(page, "| {} | {} |", written(arg), meaning(arg))?;
        }
        page.push('\n');
    }
    let commands = command.get_subcommands().filter(|one| one.get_name() != "help" && !one.is_hide_set());
    let commands: Vec<&Command> = commands.collect();
    if !commands.is_empty() {
        writeln!(page, "| command | |\n|---|---|")?;
        for one in &commands {
            let about = one.get_about().map(ToString::to_string).unwrap_or_default();
            writeln!(page, "| `{}` | {} |", one.get_name(), said(&about))?;
        }
        page.push('\n');
    }
    if let Some(after) = command.get_after_help() {
        let after = after.to_string();
        let (heading, body) = after.split_once('\n').unwrap_or(("", after.as_str()));
        let body: Vec<&str> = body.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
        writeln!(page, "{heading}\n\n```{}\n{}\n```\n", if is_top { "text" } else { "sh" }, body.join("\n"))?;
    }
    for one in commands {
        section(one, page)?;
    }
    Ok(())
}

/// An argument as it is written: `--from DAY`, `LOGIN`, `DIR…`.
fn written(arg: &Arg) -> String {
    let values: Vec<String> =
        arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let takes = arg.get_action().takes_values();
    let value = if takes { values.join(" ") } else { String::new() };
    let many = arg.get_num_args().is_some_and(|range| range.max_values() > 1);
    let value = if many { format!("{value}…") } else { value };
    match arg.get_long() {
        Some(long) if value.is_empty() => format!("`--{long}`"),
        Some(long) => format!("`--{long} {value}`"),
        None => format!("`{value}`"),
    }
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut text = said(&help).replace('|', "\\|");
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if arg.get_action().takes_values() && !defaults.is_empty() {
        text = format!("{text} [default: {}]", defaults.join(", "));
    }
    let possible: Vec<String> =
        arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if arg.get_action().takes_values() && !possible.is_empty() {
        text = format!("{text} ({})", possible.join(", "));
    }
    text
}

/// Paragraphs on one line each, so that a page does not hang on the width of a terminal.
fn said(text: &str) -> String {
    let parts = text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    // The first line of a help has no full stop.
    parts.map(|part| part.trim_end_matches('.').to_owned()).collect::<Vec<_>>().join(". ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_commands_says_what_the_program_understands() {
        assert_eq!(
            markdown().unwrap(),
            include_str!("../../../../docs/reference/commands.md"),
            "write it anew: cargo run -- man --markdown > docs/reference/commands.md"
        );
    }

    #[test]
    fn every_command_that_does_something_has_its_meaning_and_an_example() {
        fn look(command: &Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
            let is_one = !command.has_subcommands();
            let calls = examples.starts_with("Examples:\n  ") && examples.contains("honnin");
            assert!(!is_one || calls, "{name} has no example in its help: {examples}");
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{} {}", command.get_name(), arg.get_id());
            }
            // What clap adds by itself has its own words.
            command.get_subcommands().filter(|one| one.get_name() != "help").for_each(look);
        }
        let mut command = Honnin::command();
        command.build();
        look(&command);
    }
}
