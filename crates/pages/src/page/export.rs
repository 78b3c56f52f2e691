//! Export of one's own data: what is in it, how far it is.

use askama::Template;
use honnin_care::{ExportFault, ExportStage, ExportState};

use super::paths::Address;
use super::{Nav, Shell, Theme, rendered};
use crate::words::Phrase;

/// Export of one's own data.
#[derive(Debug, Clone, Template)]
#[template(path = "export.html", whitespace = "minimize")]
pub struct ExportPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The export of this sign-in, where it has one.
    pub state: Option<ExportState>,
}

impl ExportPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 6 * 1024)
    }

    fn stage(&self) -> Option<ExportStage> {
        self.state.map(|state| state.stage)
    }

    fn why_not(&self, fault: ExportFault) -> Phrase<0> {
        let words = &self.shell.words().export;
        match fault {
            ExportFault::TooLarge => words.too_large,
            ExportFault::NoRoom => words.no_room,
            ExportFault::Deadline => words.deadline,
            ExportFault::Interrupted | ExportFault::Failed => words.failed,
        }
    }
}
