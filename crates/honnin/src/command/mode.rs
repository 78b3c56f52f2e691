//! `honnin mode`: how much of the service is offered.

use clap::Subcommand;
use honnin_terms::Less;

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ModeCommand {
    /// Show how much is offered, why, and since when the service has said so
    #[command(after_help = "Examples:\n  honnin mode show\n  honnin mode show --json | jq -r .mode")]
    Show,
    /// Have every node offer less: `brownout` (no documents and exports) or `read_only` (nothing is changed)
    ///
    /// For a rehearsal, or before work on the store. Who sees what is the same in every mode. The public is told as if a rule had
    /// entered it, and the journal names who did.
    #[command(
        after_help = "Examples:\n  honnin mode force brownout --as sato\n  honnin mode force read_only"
    )]
    Force {
        /// `brownout` or `read_only`
        #[arg(value_name = "MODE", value_parser = less)]
        mode: Less,
    },
    /// Have every node offer as much as it can again
    #[command(after_help = "Examples:\n  honnin mode release")]
    Release,
}

fn less(word: &str) -> Result<Less, String> {
    Less::of_word(word).ok_or_else(|| "expect brownout or read_only".to_owned())
}
