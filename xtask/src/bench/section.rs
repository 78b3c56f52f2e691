//! What a step gives to the page.

use std::fmt::Write as _;

use super::figure::{Figure, HEADING};

/// A plot: the name of its file, its text, and what it shows in words.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    pub(super) file: &'static str,
    pub(super) svg: String,
    pub(super) shows: &'static str,
}

/// A promise that has no baseline: kept or not.
#[derive(Debug, Clone)]
pub(super) struct Promise {
    pub(super) what: String,
    pub(super) kept: bool,
}

/// What a step found.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    /// How it was measured.
    pub(super) words: Vec<String>,
    pub(super) figures: Vec<Figure>,
    pub(super) promises: Vec<Promise>,
    /// Tables and remarks behind the figures.
    pub(super) more: Vec<String>,
    pub(super) plots: Vec<Plot>,
}

impl Section {
    /// Its text on the page.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for words in &self.words {
            let _ = writeln!(text, "{words}\n");
        }
        if !self.figures.is_empty() {
            let _ = writeln!(text, "{HEADING}");
            for figure in &self.figures {
                let _ = writeln!(text, "{}", figure.row());
            }
            text.push('\n');
        }
        for Promise { what, kept } in &self.promises {
            let _ = writeln!(text, "- {what}: {}", if *kept { "reached" } else { "**not reached**" });
        }
        if !self.promises.is_empty() {
            text.push('\n');
        }
        for Plot { file, shows, .. } in &self.plots {
            let _ = writeln!(text, "![{shows}](images/{file})\n");
        }
        for more in &self.more {
            let _ = writeln!(text, "{more}\n");
        }
        text.trim_end().to_owned()
    }

    /// The aims it misses, by name.
    pub(super) fn missed(&self) -> Vec<&str> {
        let figures = self.figures.iter().filter(|figure| figure.reached() == Some(false));
        let promises = self.promises.iter().filter(|promise| !promise.kept);
        figures
            .map(|figure| figure.name.as_str())
            .chain(promises.map(|promise| promise.what.as_str()))
            .collect()
    }
}
