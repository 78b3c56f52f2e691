//! Traces, as a collector on this machine receives them: what is in them, and that nothing else is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::support::{Place, Running, Serving, command};

const LOGIN: &str = "mio30617284";

/// A collector that keeps what it is sent.
struct Collector {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    /// The first line and the headers of each request, in lower case.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sent: Arc<Mutex<Vec<ExportTraceServiceRequest>>> = Arc::default();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, head) = (Arc::clone(&sent), Arc::clone(&heads));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut length = 0;
                let mut line = String::new();
                let mut lines = String::new();
                while stream.read_line(&mut line).unwrap() > 2 {
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    lines.push_str(&line.to_ascii_lowercase());
                    line.clear();
                }
                head.lock().unwrap().push(lines);
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                kept.lock().unwrap().push(ExportTraceServiceRequest::decode(&*body).unwrap());
                stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            }
        });
        Self { address, sent, heads }
    }

    /// Every span, and every text that is in what was sent.
    fn told(&self) -> (Vec<Span>, BTreeSet<String>) {
        let (mut spans, mut texts) = (Vec::new(), BTreeSet::new());
        let mut word = |attributes: &[KeyValue]| {
            for KeyValue { key, value, .. } in attributes {
                texts.insert(key.clone());
                let value = value.clone().unwrap().value.unwrap();
                if let Value::StringValue(text) = &value {
                    texts.insert(text.clone());
                } else {
                    assert!(matches!(value, Value::IntValue(_)), "{value:?}");
                }
            }
        };
        for batch in self.sent.lock().unwrap().iter().flat_map(|sent| &sent.resource_spans) {
            word(&batch.resource.clone().unwrap().attributes);
            for scope in &batch.scope_spans {
                word(&[]);
                for span in &scope.spans {
                    word(&span.attributes);
                    assert!(span.events.is_empty() && span.links.is_empty() && span.trace_state.is_empty());
                    assert_eq!(span.status.clone().unwrap_or_default().message, "");
                    spans.push(span.clone());
                }
            }
        }
        texts.extend(spans.iter().map(|span| span.name.clone()));
        (spans, texts)
    }
}

fn place(collector: SocketAddr) -> Place {
    let collector = format!("\"{collector}\"");
    let place = Place::begin(&[
        ("public", "[\"127.0.0.1:0\"]"),
        ("metrics", "\"127.0.0.1:0\""),
        ("collector", &collector),
        ("share", "1_000"),
    ]);
    // That of the logs; the status page has one of that name too.
    let file = place.data.join("honnin.toml");
    let settings = fs::read_to_string(&file).unwrap();
    let (before, after) = settings.rsplit_once("directory = \"\"").unwrap();
    fs::write(&file, format!("{before}directory = \"logs\"{after}")).unwrap();
    place.take_in();
    place
}

/// Every path of the table of routes, and "-" for what is none.
fn routes() -> BTreeSet<String> {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/routes.md");
    let table = fs::read_to_string(table).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).map(|line| line.split('`').nth(1));
    rows.flatten().map(str::to_owned).chain(["-".to_owned()]).collect()
}

#[test]
fn a_trace_says_where_time_went_and_nothing_of_anybody() {
    let collector = Collector::start();
    let place = place(collector.address);
    let serving = place.serve();
    let password = "umi no mieru ie de";
    let mut browser = serving.activated(LOGIN, &place.invite(LOGIN), password);
    assert_eq!(browser.post_form("/sign-in", &[("login", LOGIN), ("password", password)]).status, 303);
    for path in [
        "/",
        "/bills",
        "/usage?line=090-1234-5678",
        "/api/v1/me",
        "/nobody-knows-mio10482913",
        "/bills/mio10482913",
    ] {
        browser.get(path);
    }
    let me: serde_json::Value = serde_json::from_str(&browser.get("/api/v1/me").body).unwrap();
    let path = format!("/api/v1/lines/{}/speed", me["lines"][0]["line"].as_str().unwrap());
    let wish = [("content-type", "application/json"), ("idempotency-key", "umi")];
    assert_eq!(browser.ask("PUT", &path, &wish, "{\"high\":false}").status, 202);
    let wrong = [("login", "somebody@example.jp"), ("password", "not her password")];
    assert_eq!(browser.post_form("/sign-in", &wrong).status, 401);
    // An ordered end sends what waits.
    assert_eq!(serving.0.stop("-TERM"), Some(0));

    let (spans, texts) = collector.told();
    let roots: BTreeMap<Vec<u8>, &Span> = spans
        .iter()
        .filter(|span| span.parent_span_id.is_empty())
        .map(|span| (span.trace_id.clone(), span))
        .collect();
    let named = |name: &str| {
        roots.values().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name}: {texts:?}"))
    };
    // Her wish was written, and she waited for it.
    let wished = named("PUT /api/v1/lines/{line}/speed");
    let waited: Vec<&Span> = spans
        .iter()
        .filter(|span| span.trace_id == wished.trace_id && span.parent_span_id == wished.span_id)
        .collect();
    assert!(!waited.is_empty(), "{spans:?}");
    for span in waited {
        let within = span.start_time_unix_nano <= span.end_time_unix_nano
            && span.end_time_unix_nano <= wished.end_time_unix_nano;
        assert!(within && span.name.starts_with("store "), "{span:?} of {wished:?}");
    }
    // A trace is named as the request is in the log.
    let log = fs::read_dir(place.data.join("logs")).unwrap().next().unwrap().unwrap().path();
    let log = fs::read_to_string(log).unwrap();
    for trace in roots.keys() {
        let name = data_encoding::HEXLOWER.encode(trace);
        assert!(log.contains(&format!("\"request\":\"{name}\"")), "{name}");
    }
    assert_eq!(
        roots.len(),
        log.lines().filter(|line| line.contains("\"target\":\"honnin::request\"")).count()
    );
    // Nothing but words of our own.
    let routes = routes();
    let is_route = |text: &str| routes.contains(text);
    let of_ours = [
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "service.name",
        "service.version",
        "service.instance.id",
        "honnin",
        env!("CARGO_PKG_VERSION"),
        "1",
        "GET",
        "POST",
        "PUT",
        "-",
    ];
    for text in texts {
        let is_name = text.split_once(' ').is_some_and(|(verb, rest)| match verb {
            "store" => rest.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'),
            "GET" | "POST" | "PUT" | "-" => is_route(rest),
            _ => false,
        });
        let is_status = text.len() == 3 && text.parse::<u16>().is_ok();
        assert!(
            is_name || is_status || is_route(&text) || of_ours.contains(&&*text),
            "{text:?} is no word of ours"
        );
    }
}

#[test]
fn without_its_collector_the_service_goes_on_and_says_what_is_lost() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = place(gone);
    let serving = place.serve();
    let monitor = serving.0.after("metrics on ").to_owned();
    let mut browser = serving.browser();
    let mut lost = false;
    for _ in 0..600 {
        assert_eq!(browser.get("/sign-in").status, 200);
        let told = ureq::get(&monitor).call().unwrap().body_mut().read_to_string().unwrap();
        lost = told.contains("honnin_spans_total{outcome=\"lost\"}");
        if lost {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert!(lost, "a minute, and nothing is said to be lost");
    assert_eq!(serving.0.stop("-TERM"), Some(0));
}

#[test]
fn a_collector_elsewhere_is_refused() {
    let place = Place::begin(&[("collector", "\"192.0.2.1:4318\"")]);
    let refused = place.run(&["config", "check"]);
    assert!(refused.code == Some(3) && refused.err.contains("traces.collector"), "{}", refused.err);
}

#[test]
fn nothing_of_the_environment_goes_to_the_collector() {
    let collector = Collector::start();
    let place = place(collector.address);
    // As a machine has it where another program sends its traces elsewhere, with a key of that place.
    let mut serving = command();
    serving.arg("--data").arg(&place.data).arg("serve").envs([
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20of-another-place,x-tenant=another"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-api-key=of-another-place"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9/another"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9/another"),
        ("OTEL_RESOURCE_ATTRIBUTES", "owner=another"),
        ("OTEL_SERVICE_NAME", "another"),
    ]);
    let serving = Serving(Running::start(serving, "metrics on "));
    serving.browser().get("/sign-in");
    assert_eq!(serving.0.stop("-TERM"), Some(0));
    let (spans, texts) = collector.told();
    assert!(spans.iter().any(|span| span.name == "GET /sign-in"), "{texts:?}");
    assert!(!texts.iter().any(|text| text.contains("another")), "{texts:?}");
    let heads = collector.heads.lock().unwrap().clone();
    assert!(!heads.is_empty());
    for head in heads {
        let mut lines = head.lines();
        assert_eq!(lines.next(), Some("post /v1/traces http/1.1"));
        let names: BTreeSet<&str> = lines.filter_map(|line| Some(line.split_once(':')?.0)).collect();
        assert_eq!(names, BTreeSet::from(["content-length", "content-type", "host"]), "{head}");
    }
}
