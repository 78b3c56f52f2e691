//! What a monitor reads: the text format of Prometheus, and `OpenMetrics` where it asks for that.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::{Figure, Kind, TABLE};

/// Buckets of durations, in seconds: a read takes well under a millisecond, a sign-in tens of them.
const SECONDS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The figures of this process.
#[derive(Clone)]
pub struct Figures {
    handle: PrometheusHandle,
    /// Where they are apart from those of the process.
    apart: Option<Arc<PrometheusRecorder>>,
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Figures(..)")
    }
}

/// Something counts already in this process.
#[derive(Debug)]
pub struct NotStarted(String);

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot begin to count: {}", self.0)
    }
}

impl std::error::Error for NotStarted {}

/// What a monitor can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The text format 0.0.4.
    Text,
    /// `OpenMetrics` 1.0.0.
    OpenMetrics,
}

impl Format {
    /// What it asks for.
    pub fn wanted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }

    /// The type of its content.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

fn builder() -> PrometheusBuilder {
    // Refused is an empty list alone.
    PrometheusBuilder::new().set_buckets(SECONDS).unwrap_or_default()
}

impl Figures {
    /// Begins to count. Once in a process.
    ///
    /// # Errors
    /// [`NotStarted`] where something counts already.
    pub fn start(version: &'static str) -> Result<Self, NotStarted> {
        let handle = builder().install_recorder().map_err(|reason| NotStarted(reason.to_string()))?;
        declare();
        crate::build_info(version).set(1.0);
        Ok(Self { handle, apart: None })
    }

    /// Figures of their own, for [`Self::with`].
    pub fn apart() -> Self {
        let recorder = builder().build_recorder();
        let figures = Self { handle: recorder.handle(), apart: Some(Arc::new(recorder)) };
        figures.with(declare);
        figures
    }

    /// Has what this thread counts meanwhile be counted here, where these figures are apart.
    pub fn with<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.apart {
            Some(recorder) => metrics::with_local_recorder(&**recorder, work),
            None => work(),
        }
    }

    /// Forgets samples that were summed up; due every few seconds.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// The value of a series, as a monitor reads it.
    pub fn value(&self, series: &str) -> Option<String> {
        let text = self.render(Format::Text);
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ').map(str::to_owned))
    }

    /// All of them, with those of the process.
    pub fn render(&self, format: Format) -> String {
        self.with(|| metrics_process::Collector::default().collect());
        let text = self.handle.render();
        if format == Format::Text { text } else { open_metrics(&text) }
    }
}

/// The same lines by the rules of `OpenMetrics`: families without `_total`, units, no empty lines, and an end.
fn open_metrics(text: &str) -> String {
    let mut open = String::with_capacity(text.len());
    for line in text.lines().filter(|line| !line.is_empty()) {
        let told = line.strip_prefix("# ").and_then(|rest| {
            let (what, rest) = rest.split_once(' ')?;
            let (name, rest) = rest.split_once(' ')?;
            Some((what, TABLE.iter().find(|figure| figure.name == name)?, rest))
        });
        let written = match told {
            None => writeln!(open, "{line}"),
            Some((what, figure, rest)) => writeln!(open, "# {what} {} {rest}", figure.family()),
        };
        written.unwrap_or_default();
        if let Some(("TYPE", figure, _)) = told
            && let Some(unit) = figure.unit()
        {
            writeln!(open, "# UNIT {} {unit}", figure.family()).unwrap_or_default();
        }
    }
    open.push_str("# EOF\n");
    open
}

/// Says what every figure is, and sets counters to 0 whose series are known: one whose first sight is 1 has not grown
/// for whoever watches it.
fn declare() {
    for figure in TABLE {
        let Figure { name, says, .. } = figure;
        match figure.word() {
            "counter" => describe_counter!(*name, *says),
            "histogram" => describe_histogram!(*name, *says),
            _ => describe_gauge!(*name, *says),
        }
        if figure.kind == Kind::Counter {
            for labels in figure.series() {
                metrics::counter!(*name, labels).increment(0);
            }
        }
    }
}
