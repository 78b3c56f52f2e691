//! `honnin rollout`: what the nodes run, and what may join them.

use clap::{Args, Subcommand};
use honnin_terms::ReleaseId;

use crate::settings::Span;

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum RolloutCommand {
    /// Show what each node runs, the hash of this program with its settings, and what is admitted
    #[command(
        after_help = "Examples:\n  honnin rollout show\n  /opt/honnin-new/honnin rollout show --json | jq -r .here.release"
    )]
    Show,
    /// Let one build with its settings join nodes that run another, for a while
    ///
    /// A node starts beside others only where its build and the settings marked "the same on every node" are theirs; its
    /// refusal, and `rollout show` run by its program and with its settings, print its HASH. Whatever has joined stays when the
    /// time is over, until it is started again. The journal names who admitted it.
    #[command(
        after_help = "Examples:\n  honnin rollout allow 5e0a93d3f1c64c0b8f6a1de27c9b4410 --for 1h --as sato"
    )]
    Allow(AllowArgs),
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct AllowArgs {
    /// What may join: 32 hexadecimal digits that stand for a build and its settings
    #[arg(value_name = "HASH")]
    pub(crate) release: ReleaseId,

    /// For how long, such as 30min or 1h; at most 7 days
    #[arg(long = "for", value_name = "TIME", default_value = "1h", value_parser = period)]
    pub(crate) period: Span,
}

fn period(text: &str) -> Result<Span, String> {
    let within = Span::seconds(1)..=Span::days(7);
    Span::of_word(text)
        .filter(|span| within.contains(span))
        .ok_or_else(|| "expect a time from 1s to 7days, such as 30min or 1h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_its_unit() {
        for (text, seconds) in [("1h", 3_600), ("90 s", 90), ("30min", 1_800), ("7days", 604_800)] {
            assert_eq!(period(text), Ok(Span::seconds(seconds)), "{text}");
        }
        for text in ["", "1", "h", "1 hour", "0s", "8days", "-1h", "1.5h", "999ms"] {
            assert!(period(text).is_err(), "{text}");
        }
    }
}
