//! Requests that were answered, heard of by the line that the log has of each.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use honnin_terms::RequestId;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::{Ended, Traces};

/// The target of those lines.
pub(crate) const TARGET: &str = "honnin::request";

/// Hears them, whatever the log keeps.
#[derive(Debug)]
pub(crate) struct Requests(pub(crate) Arc<Traces>);

impl<S: Subscriber> Layer<S> for Requests {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        if let Some(request) = line.request {
            let Line { ref method, ref route, status, micros, .. } = line;
            self.0.ended(Ended { request, method, route, status, took: Duration::from_micros(micros) });
        }
    }
}

#[derive(Default)]
struct Line {
    request: Option<RequestId>,
    method: String,
    route: String,
    status: u16,
    micros: u64,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "method" => value.clone_into(&mut self.method),
            "route" => value.clone_into(&mut self.route),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = u16::try_from(value).unwrap_or_default();
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        if field.name() == "micros" {
            self.micros = u64::try_from(value).unwrap_or(u64::MAX);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "request" {
            self.request = format!("{value:?}").parse().ok();
        }
    }
}
