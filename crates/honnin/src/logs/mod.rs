//! Log lines: JSON for `serve`, plain for commands, never a personal value, never without bound.

mod capped;

use std::io;
use std::path::Path;
use std::sync::Arc;

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt};

use crate::failure::Failure;
use crate::machine;
use crate::settings::Logs;
use crate::traces::{Requests, TARGET, Traces};
use capped::CappedFiles;

/// For whom log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// A program that collects them: one JSON object each.
    Collector,
    /// The person at the command line: warnings and errors, plain.
    Person,
}

/// The files log lines go to, where they go to files.
#[derive(Debug, Clone)]
pub(crate) struct LogFiles(Option<Arc<CappedFiles>>);

impl LogFiles {
    /// Opens them anew: whoever moved them away gets no further line.
    pub(crate) fn reopen(&self) {
        if let Some(files) = &self.0 {
            files.reopen();
        }
    }
}

/// Begins to write log lines as the settings say.
///
/// # Errors
/// [`Failure`] where the filter cannot be read or the log files cannot be made.
pub(crate) fn start(
    settings: &Logs,
    base: &Path,
    reader: For,
    traces: Option<Arc<Traces>>,
) -> Result<LogFiles, Failure> {
    let filter = match (machine::log_filter(), reader) {
        (Some(filter), _) => filter,
        (None, For::Collector) => settings.filter.clone(),
        (None, For::Person) => "warn".to_owned(),
    };
    let filter = EnvFilter::builder().parse(&filter).map_err(|reason| {
        Failure::from(reason).during(&format!("read the log filter {filter:?} (logs.filter or HONNIN_LOG)"))
    })?;
    let files = match (settings.directory.path(), reader) {
        (Some(directory), For::Collector) => {
            let directory = base.join(directory);
            let opened = CappedFiles::open(directory.clone(), settings.file.0, settings.files);
            Some(opened.map_err(|reason| {
                Failure::from(reason)
                    .during(&format!("write log files to {} (logs.directory)", directory.display()))
            })?)
        }
        (None, For::Collector) | (_, For::Person) => None,
    };
    let files = files.map(Arc::new);
    let lines = fmt::layer();
    let lines = match (files.clone(), reader) {
        (Some(files), _) => lines.json().flatten_event(true).with_writer(files).boxed(),
        (None, For::Collector) => lines.json().flatten_event(true).with_writer(io::stderr).boxed(),
        (None, For::Person) => {
            lines.without_time().with_target(false).with_ansi(false).with_writer(io::stderr).boxed()
        }
    };
    // Traces hear of every request, whatever the log keeps.
    let requests =
        traces.map(|traces| Requests(traces).with_filter(filter_fn(|told| told.target() == TARGET)));
    let started = Registry::default().with(lines.with_filter(filter)).with(requests).try_init();
    started.map_err(|reason| Failure::cannot(format_args!("begin to write log lines: {reason}")))?;
    Ok(LogFiles(files))
}
