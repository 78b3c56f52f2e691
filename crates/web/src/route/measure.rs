//! What is counted and logged of each request: never who, never what.

use std::time::Duration;

use honnin_figures::{self as figures, Counter, Histogram};
use honnin_terms::RequestId;
use http::StatusCode;

use super::table::Route;

/// The counters of one row, registered once, so that a request only adds to them.
pub(super) struct Counters {
    /// By first digit of the status: 2, 3, 4, 5.
    answered: [Counter; 4],
    duration: Histogram,
    /// Answered with what was asked for, in time.
    good: Option<Counter>,
}

impl Counters {
    pub(super) fn of(method: &'static str, path: &'static str) -> Self {
        let answered = |class| figures::requests(method, path, class);
        Self {
            answered: [answered("2xx"), answered("3xx"), answered("4xx"), answered("5xx")],
            duration: figures::request_duration(method, path),
            good: None,
        }
    }

    /// The same, of a class.
    pub(super) fn of_class(self, class: &'static str) -> Self {
        Self { good: Some(figures::goodput(class)), ..self }
    }

    /// Counts what was asked for and came while somebody waits for it.
    pub(super) fn good(&self, status: StatusCode, took: Duration, wait: Duration) {
        let is_no = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        if let Some(good) = self.good.as_ref().filter(|_| !is_no && took <= wait) {
            good.increment(1);
        }
    }

    pub(super) fn add(&self, status: StatusCode, took: Duration) {
        let place = usize::from(status.as_u16() / 100).saturating_sub(2);
        if let Some(counter) = self.answered.get(place) {
            counter.increment(1);
        }
        self.duration.record(took);
    }
}

/// One log line: the method and pattern out of the table, never the path as asked.
pub(super) fn log(route: Option<&Route>, status: StatusCode, took: Duration, request: RequestId) {
    let (method, path) = route.map_or(("-", "-"), |route| (route.verb.word(), route.path));
    let (status, micros) = (status.as_u16(), took.as_micros());
    if status >= 500 {
        tracing::error!(target: "honnin::request", method, route = path, status, micros, %request, "answered");
    } else {
        tracing::info!(target: "honnin::request", method, route = path, status, micros, %request, "answered");
    }
}
