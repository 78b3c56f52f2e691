//! Traces for an operator who asks where the time of a request went: OpenTelemetry, sent to a collector on this machine.
//!
//! Off by default. A trace is named as the request is in log lines and in the journal, so nothing new points at anybody. In it are
//! the request (method and pattern out of the route table, status, time) and the calls of the store that it waited for, by their
//! names. No value goes in: what makes a span takes words of the program's own only.

mod collector;
mod requests;
mod stored;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use honnin_store::Store;
use honnin_terms::{Id as _, RequestId};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor,
};
use tokio::runtime::Handle;

use crate::failure::Failure;
use crate::settings::Traces as Settings;
pub(crate) use requests::{Requests, TARGET};
use stored::Stored;

/// Spans that wait to be sent; what comes beyond is dropped, and missing from `honnin_spans_total`.
pub(crate) const MOST_WAITING: usize = 4_096;
const AT_ONCE: usize = 512;
const EVERY: Duration = Duration::from_secs(2);
/// Requests whose calls are kept until they end. A node's own work never ends one; the oldest go.
const MOST_OPEN: usize = 1_024;
/// Calls that are kept of one request.
const MOST_CALLS: usize = 64;
/// Requests of which a share is counted.
pub(crate) const OF: u32 = 1_000;

/// Where spans go from.
pub(crate) struct Traces {
    /// So many of [`OF`] requests are traced.
    share: u32,
    processor: BatchSpanProcessor,
    open: Mutex<Open>,
    scope: InstrumentationScope,
    made: AtomicU64,
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").field("share", &self.share).finish_non_exhaustive()
    }
}

/// A call of the store that a request waited for.
#[derive(Debug, Clone, Copy)]
struct Called {
    name: &'static str,
    ended: SystemTime,
    took: Duration,
}

/// What is known of requests that have not ended.
#[derive(Default)]
struct Open {
    calls: HashMap<RequestId, Vec<Called>>,
    /// In the order of coming.
    order: VecDeque<RequestId>,
}

/// A request that ended.
#[derive(Debug, Clone, Copy)]
struct Ended<'a> {
    request: RequestId,
    method: &'a str,
    route: &'a str,
    status: u16,
    took: Duration,
}

impl Traces {
    /// Begins to send, where the settings name a collector; its connections run there.
    ///
    /// # Errors
    /// [`Failure`] where the exporter cannot be made.
    pub(crate) fn start(
        settings: &Settings,
        node: &str,
        runtime: &Handle,
    ) -> Result<Option<Arc<Self>>, Failure> {
        let Some(collector) = settings.collector() else { return Ok(None) };
        let exporter = collector::exporter(collector, runtime.clone()).map_err(|reason| {
            Failure::cannot(format_args!("begin to send traces to {collector}: {reason}"))
        })?;
        let batch = BatchConfigBuilder::default()
            .with_max_queue_size(MOST_WAITING)
            .with_max_export_batch_size(AT_ONCE)
            .with_scheduled_delay(EVERY)
            .build();
        let mut processor = BatchSpanProcessor::builder(exporter).with_batch_config(batch).build();
        // Nothing is taken from the environment: what stands there nobody has read.
        let resource = Resource::builder_empty().with_attributes([
            KeyValue::new("service.name", "honnin"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", node.to_owned()),
        ]);
        processor.set_resource(&resource.build());
        Ok(Some(Arc::new(Self {
            share: settings.share,
            processor,
            open: Mutex::default(),
            scope: InstrumentationScope::builder("honnin").build(),
            made: AtomicU64::new(0),
        })))
    }

    /// The store, with its calls on record.
    pub(crate) fn round(traces: Option<Arc<Self>>, store: Arc<dyn Store>) -> Arc<dyn Store> {
        match traces {
            Some(traces) => Arc::new(Stored { traces, inner: store }),
            None => store,
        }
    }

    /// Whether that request is traced: by its name, so that everybody who knows the name agrees.
    fn takes(&self, request: RequestId) -> bool {
        let number = u128::from_be_bytes(*request.octets());
        number % u128::from(OF) < u128::from(self.share)
    }

    fn called(&self, request: RequestId, called: Called) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if !open.calls.contains_key(&request) {
            open.order.push_back(request);
            if open.order.len() > MOST_OPEN
                && let Some(oldest) = open.order.pop_front()
            {
                open.calls.remove(&oldest);
            }
        }
        let calls = open.calls.entry(request).or_default();
        if calls.len() < MOST_CALLS {
            calls.push(called);
        }
    }

    /// Sends a request and what it waited for.
    #[expect(clippy::disallowed_methods, reason = "a collector orders spans by the machine's own time")]
    fn ended(&self, ended: Ended<'_>) {
        let Ended { request, method, route, status, took } = ended;
        if !self.takes(request) {
            return;
        }
        let calls = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.order.retain(|one| *one != request);
            open.calls.remove(&request).unwrap_or_default()
        };
        let trace = TraceId::from_bytes(*request.octets());
        let root = self.span_id();
        let span = |id: SpanId,
                    parent: SpanId,
                    kind: SpanKind,
                    name: String,
                    (ended, took): (SystemTime, Duration)| SpanData {
            span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::NONE),
            parent_span_id: parent,
            parent_span_is_remote: false,
            span_kind: kind,
            name: name.into(),
            start_time: ended.checked_sub(took).unwrap_or(ended),
            end_time: ended,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        };
        for Called { name, ended, took } in calls {
            let name = format!("store {name}");
            self.processor.on_end(span(self.span_id(), root, SpanKind::Client, name, (ended, took)));
        }
        let name = format!("{method} {route}");
        let whole = span(root, SpanId::INVALID, SpanKind::Server, name, (SystemTime::now(), took));
        let attributes = vec![
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("http.route", route.to_owned()),
            KeyValue::new("http.response.status_code", i64::from(status)),
        ];
        let status = if status >= 500 { Status::error("") } else { Status::Unset };
        self.processor.on_end(SpanData { attributes, status, ..whole });
    }

    /// Another one for each span of this process; a trace has spans of one process only.
    fn span_id(&self) -> SpanId {
        SpanId::from_bytes(self.made.fetch_add(1, Ordering::Relaxed).wrapping_add(1).to_be_bytes())
    }

    /// Sends what waits, for a few seconds.
    pub(crate) fn stop(&self) {
        if let Err(reason) = self.processor.shutdown() {
            tracing::warn!(%reason, "spans were not sent at the end");
        }
    }
}
