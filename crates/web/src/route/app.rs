//! The one function every request goes through.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use honnin_terms::{Clock, Entropy, Id, RequestId};
use http::header::HOST;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::answer::{Answer, Dress, Refusal};
use super::code::Code;
use super::measure::Counters;
use super::table::{BadTable, Cache, Finder, Found, Handler, Row};
use super::{TABLE, csrf, measure, openapi};
use crate::serve::body::{self, BodyError};
use crate::serve::{Answers, Bounds, Front};

/// What the binary wires.
pub struct Wiring {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What stands between us and the subscriber.
    pub front: Front,
    /// The bounds.
    pub bounds: Bounds,
    /// Whom to tell of a weakness, as a `mailto:` or `https:` address (RFC 9116).
    pub security_contact: Option<String>,
}

impl std::fmt::Debug for Wiring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wiring(..)")
    }
}

/// Everything a request may need.
pub struct App {
    pub(super) wiring: Wiring,
    pub(super) openapi: Bytes,
    ready: AtomicBool,
    finder: Finder,
    dress: Dress,
    requests: Requests,
    /// Counts what no row answers.
    elsewhere: Counters,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App(..)")
    }
}

/// Numbers requests: a random half for this start of the server, a count for the request.
#[derive(Debug)]
struct Requests {
    start: u64,
    count: AtomicU64,
}

impl Requests {
    fn next(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let number = (u128::from(self.start) << 64) | u128::from(count);
        RequestId::from_octets(number.to_be_bytes())
    }
}

/// One request, as a handler gets it.
#[derive(Debug)]
pub(crate) struct Ask {
    /// Method, path, headers.
    pub(crate) parts: Parts,
    /// The whole body.
    pub(crate) body: Bytes,
    /// The subscriber's address, as far as it is known.
    pub(crate) client: IpAddr,
    /// The request's name in logs and in the journal.
    pub(crate) request: RequestId,
    /// What the path's parameter stands for.
    parameter: Option<std::ops::Range<usize>>,
}

impl Ask {
    /// What the path's parameter stands for, as the client wrote it.
    pub(crate) fn parameter(&self) -> &str {
        self.parameter.clone().and_then(|range| self.parts.uri.path().get(range)).unwrap_or_default()
    }
}

impl App {
    /// Wires the routes.
    ///
    /// # Errors
    /// [`BadTable`] where the route table contradicts itself.
    pub fn new(wiring: Wiring) -> Result<Self, BadTable> {
        let mut start = [0; 8];
        wiring.entropy.fill(&mut start);
        Ok(Self {
            finder: Finder::new(TABLE)?,
            dress: Dress::new(wiring.front.is_https(), wiring.bounds.compress_from),
            openapi: openapi::document(TABLE),
            ready: AtomicBool::new(true),
            elsewhere: Counters::of("-", "-"),
            requests: Requests { start: u64::from_be_bytes(start), count: AtomicU64::new(0) },
            wiring,
        })
    }

    /// What connections are taken by.
    pub(super) fn face(&self) -> (Front, Bounds) {
        (self.wiring.front.clone(), self.wiring.bounds.clone())
    }

    /// Whether balancers should send requests here.
    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    async fn respond(self: Arc<Self>, request: Request<Incoming>, peer: IpAddr) -> Response<Full<Bytes>> {
        let begun = Instant::now();
        let id = self.requests.next();
        let (parts, incoming) = request.into_parts();
        let client = self.wiring.front.client(peer, &parts.headers);
        let mut ask = Ask { parts, body: Bytes::new(), client, request: id, parameter: None };
        let (row, done) = match self.finder.find(&ask.parts.method, ask.parts.uri.path()) {
            Found::Row(row, parameter) => {
                ask.parameter = parameter;
                (Some(row), self.run(row, &mut ask, incoming).await)
            }
            Found::OtherMethods(allow) => (None, Err(Refusal::method(allow.clone()))),
            Found::Nothing => (None, Err(Code::NotFound.into())),
        };
        let answer = done.unwrap_or_else(|refusal| refusal.problem(id));
        let head = ask.parts.method == http::Method::HEAD;
        let response = self.dress.response(answer, &ask.parts.headers, head);
        let took = begun.elapsed();
        row.map_or(&self.elsewhere, |row| &row.counters).add(response.status(), took);
        measure::log(row.map(|row| row.route), response.status(), took, id);
        response
    }

    async fn run(&self, row: &Row, ask: &mut Ask, incoming: Incoming) -> Result<Answer, Refusal> {
        let host = ask.parts.uri.authority().map(http::uri::Authority::as_str);
        let host = host.or_else(|| ask.parts.headers.get(HOST)?.to_str().ok());
        if !csrf::may_act(&ask.parts.method, &ask.parts.headers, host, self.wiring.front.public_origin()) {
            return Err(Code::CrossOrigin.into());
        }
        if !row.route.verb.is_safe() {
            let bounds = &self.wiring.bounds;
            ask.body = body::read(incoming, bounds.body_octets, bounds.body).await.map_err(refused_body)?;
        }
        let answer = match row.route.handler {
            Handler::Public(handler) => handler(self, ask)?,
        };
        // A row that says "everybody may keep it" never sends what a handler made for one person.
        match (answer.cache, row.route.cache) {
            (Cache::Private, Cache::Public) if !answer.body.is_empty() => Err(Refusal::bare()),
            (Cache::Private | Cache::Public, _) => Ok(answer),
        }
    }
}

fn refused_body(error: BodyError) -> Refusal {
    match error {
        BodyError::TooLong => Code::BodyTooLarge.into(),
        BodyError::TooSlow | BodyError::Broken => Code::BodyTimeout.into(),
    }
}

impl Answers for App {
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send + 'static {
        self.respond(request, peer)
    }

    fn not_ready(&self) {
        self.ready.store(false, Ordering::Release);
    }
}
