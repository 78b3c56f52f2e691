//! The one function every request goes through.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use honnin_access::{Session, SessionKind};
use honnin_care::facts::Notice;
use honnin_care::{Asker, Care, Channel, Error, SessionToken};
use honnin_front::body::{self, BodyError, Incoming};
use honnin_front::{Answers, Bounds, Front, Peer, Prefix, Turn, Untold, Untolds};
use honnin_overload::{WaitingRoom, Wants};
use honnin_pages::page::Operator;
use honnin_pages::page::brand::BrandFile;
use honnin_paper::{BadTypeface, Press};
use honnin_terms::{Entropy, Id as _, Moment, Stream};
use http::header::{HOST, HeaderName, HeaderValue, SET_COOKIE};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use tokio::time::{Instant, timeout};

use super::answer::{Answer, Personal, Refusal};
use super::code::Code;
use super::desk::{Desk, DeskBounds};
use super::dress::Dress;
use super::measure::Counters;
use super::origins::Origins;
use super::room::{Door, REFRESH, was_right};
use super::routes::TABLE;
use super::table::{BadTable, Cache, Finder, Found, Handler, Load, Route, Row};
use super::{cookie, csrf, gzip, measure, openapi};

/// The request's name, in every answer.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where the paths of programs begin.
const API: &str = "/api/";

/// What a balancer asks for itself.
const WATCHED: [&str; 2] = ["/healthz", "/readyz"];

/// Seconds after which to try again where the proxy does not say who asks: somebody has to set it up.
const UNTOLD: u32 = 60;

/// Seconds after which to try again where it is not the request's turn yet.
pub(super) const NOT_YET: u32 = 10;

/// How long read notices are shown before they are read again, in seconds.
const NOTICES_SECONDS: i64 = 5;

/// What the binary wires.
pub struct Wiring {
    /// How many documents are made at once.
    pub documents: DeskBounds,
    /// What stands between us and the subscriber.
    pub front: Front,
    /// The bounds.
    pub bounds: Bounds,
    /// Where people wait who cannot be signed in yet.
    pub room: Arc<WaitingRoom>,
    /// What subscribers can do.
    pub care: Arc<Care>,
    /// Whose site it is.
    pub operator: Operator,
    /// What the public is told.
    pub notices: Arc<honnin_notices::Live>,
    /// Whether the network is simulated: said on every page.
    pub simulated: bool,
    /// Prefixes that many people share, as behind an operator's own translation: each address there counts by itself.
    pub shared_prefixes: Vec<Prefix>,
    /// Origins whose pages may ask the API.
    pub allowed_origins: Vec<String>,
    /// Whom to tell of a weakness, as a `mailto:` or `https:` address (RFC 9116).
    pub security_contact: Option<String>,
}

impl std::fmt::Debug for Wiring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wiring(..)")
    }
}

/// What the routes need is not there. But for the threads the tests see all of it.
#[derive(Debug, thiserror::Error)]
pub enum BadApp {
    /// The route table contradicts itself.
    #[error(transparent)]
    Table(#[from] BadTable),
    /// The typeface of documents is none.
    #[error(transparent)]
    Typeface(#[from] BadTypeface),
    /// The system starts no thread for documents.
    #[error("start the threads that make documents")]
    Desk(#[from] std::io::Error),
}

/// Everything a request may need.
pub struct App {
    pub(super) wiring: Wiring,
    pub(super) openapi: Bytes,
    pub(super) desk: Desk,
    pub(super) press: Arc<Press>,
    finder: Finder,
    dress: Dress,
    origins: Origins,
    /// Where a new request gets its stream from. Nothing else is drawn from it: handlers have the request's stream.
    entropy: Arc<dyn Entropy>,
    #[cfg(honnin_faults)]
    pub(super) planted: super::planted::KeptHere,
    /// Counts what no row answers.
    elsewhere: Counters,
    untold: Arc<Untolds>,
    /// How many waited for their turn as long as a person waits.
    told: AtomicU64,
    /// How many came to it sooner.
    begun: AtomicU64,
    /// Files of the operator's own look, and the same packed.
    pub(super) brand: Vec<(BrandFile, Option<Bytes>)>,
    /// Notices, and when they were read: public, so that a copy may be kept.
    notices: Mutex<Option<(Moment, Arc<[Notice]>)>>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App(..)")
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
    /// The request's name in logs and in the journal, and its randomness.
    pub(crate) stream: Stream,
    /// The session's token, as the request brought it.
    token: Option<SessionToken>,
    /// What the path's parameter stands for.
    parameter: Option<std::ops::Range<usize>>,
}

impl Ask {
    /// What the path's parameter stands for, as the client wrote it.
    pub(crate) fn parameter(&self) -> &str {
        self.parameter.clone().and_then(|range| self.parts.uri.path().get(range)).unwrap_or_default()
    }

    /// Whether a program asks: a refusal is a problem then, and not a page.
    pub(super) fn is_for_programs(&self) -> bool {
        let path = self.parts.uri.path();
        path.starts_with(API) || path == "/openapi.json" || self.wants_json()
    }
}

/// A file with the same packed; a picture is left as it is.
fn packed(file: &BrandFile) -> (BrandFile, Option<Bytes>) {
    let worth = !file.content_type.starts_with("image/png");
    (file.clone(), worth.then(|| gzip::compress(&file.body)).flatten())
}

impl App {
    /// Wires the routes.
    ///
    /// # Errors
    /// [`BadApp`] where parts of the program do not fit, or the system starts no thread.
    pub fn new(wiring: Wiring, entropy: Arc<dyn Entropy>) -> Result<Self, BadApp> {
        Ok(Self {
            finder: Finder::new(TABLE)?,
            origins: Origins::new(&wiring.allowed_origins),
            dress: Dress::new(wiring.front.is_https(), wiring.bounds.compress_from),
            openapi: openapi::document(
                TABLE,
                cookie::session_cookie(&wiring.front),
                wiring.front.public_origin(),
            ),
            desk: Desk::start("document", wiring.documents.clone(), Code::DocumentsBusy)?,
            press: Arc::new(Press::new()?),
            #[cfg(honnin_faults)]
            planted: super::planted::KeptHere::default(),
            elsewhere: Counters::of("-", "-"),
            untold: Arc::default(),
            told: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            brand: wiring.operator.brand.files().iter().map(packed).collect(),
            notices: Mutex::new(None),
            entropy,
            wiring,
        })
    }

    /// What connections are taken by.
    pub(super) fn face(&self) -> (Front, Bounds) {
        (self.wiring.front.clone(), self.wiring.bounds.clone())
    }

    /// Answers one request with that stream, in its turn.
    pub(super) async fn respond<B: Incoming>(
        self: Arc<Self>,
        request: Request<B>,
        peer: Peer,
        stream: Stream,
        mut turn: Turn,
    ) -> Response<Full<Bytes>> {
        let begun = Instant::now();
        let (parts, incoming) = request.into_parts();
        let told = self.wiring.front.client(peer, &parts.headers);
        let client = told.unwrap_or(peer.address());
        let token = self.token(&parts);
        let mut ask = Ask { parts, body: Bytes::new(), client, stream, token, parameter: None };
        let found = self.finder.find(&ask.parts.method, ask.parts.uri.path());
        let (row, done) = match found {
            // Whether it lives is asked by the proxy itself.
            Found::Row(row, _) if told.is_err() && !WATCHED.contains(&row.route.path) => {
                if let Err(why) = told {
                    self.untold.note(peer, why);
                }
                (Some(row), Err(Refusal::after(Code::Untold, UNTOLD)))
            }
            Found::Row(row, parameter) => {
                ask.parameter = parameter;
                let done = match self.read_body(row.route, &mut ask, incoming, &mut turn).await {
                    // Begun now it would be late for everybody behind it; but what costs no more than to say so is answered,
                    // above all to whoever would take a busy server for a dead one.
                    Ok(()) if turn.gives_up(row.route.load.class()) => {
                        self.came(&turn);
                        self.not_yet(&ask, row.route, turn.waiting())
                    }
                    Ok(()) => {
                        self.came(&turn);
                        if row.route.load.has_a_line() {
                            turn.give_back();
                        }
                        return self.perform(row, ask, begun).await;
                    }
                    Err(refusal) => Err(refusal),
                };
                (Some(row), done)
            }
            Found::OtherMethods(allow) => (None, self.other_method(&ask, allow)),
            Found::Nothing => (None, Err(Code::NotFound.into())),
        };
        self.finish(row, &ask, Done { signed_in: false, result: done }, begun)
    }

    /// Counts a request by how it came to its turn, whoever asks and for what.
    fn came(&self, turn: &Turn) {
        let count = if turn.waited_too_long() { &self.told } else { &self.begun };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// How many waited for their turn as long as a person waits, and how many came to it sooner, since the start.
    pub fn turns(&self) -> (u64, u64) {
        (self.told.load(Ordering::Relaxed), self.begun.load(Ordering::Relaxed))
    }

    /// Listed proxies that did not say whom they pass on.
    pub fn untolds(&self) -> Arc<Untolds> {
        Arc::clone(&self.untold)
    }

    /// Refuses acts of other sites and what a mode takes away, and then reads the body of an act.
    async fn read_body(
        &self,
        route: &Route,
        ask: &mut Ask,
        incoming: impl Incoming,
        turn: &mut Turn,
    ) -> Result<(), Refusal> {
        if route.verb.is_safe() {
            return Ok(());
        }
        let host = ask.parts.uri.authority().map(http::uri::Authority::as_str);
        let host = host.or_else(|| ask.parts.headers.get(HOST)?.to_str().ok());
        // Who shows a token shows it knowingly: no browser adds one by itself, as it adds a cookie.
        let knowingly =
            ask.token.is_some() && cookie::only_by_token(&ask.parts.headers, self.session_cookie());
        let headers = &ask.parts.headers;
        let may = csrf::may_act(&ask.parts.method, headers, host, self.wiring.front.public_origin())
            || ask.is_for_programs() && (knowingly || self.origins.is_allowed(headers));
        if !may {
            return Err(Code::CrossOrigin.into());
        }
        self.is_offered(route)?;
        let bounds = &self.wiring.bounds;
        let body = turn.aside(body::read(incoming, bounds.body_octets, bounds.body)).await;
        ask.body = body.map_err(refused_body)?;
        Ok(())
    }

    /// Whether the mode of this moment leaves what the row is for. A new session is as personal as what it opens: none is
    /// handed out on a path that may give it to another, and no form is offered that would be refused.
    fn is_offered(&self, route: &Route) -> Result<(), Refusal> {
        let Some(offer) = route.offer() else { return Ok(()) };
        self.wiring.care.house().offers(offer).map_err(|mode| Error::Closed(mode).into())
    }

    /// What is answered where the path has other methods: those, but for a browser that asks first whether a page of
    /// another origin may ask.
    fn other_method(&self, ask: &Ask, allow: &HeaderValue) -> Result<Answer, Refusal> {
        let asks_first = ask.parts.method == http::Method::OPTIONS && ask.parts.uri.path().starts_with(API);
        if asks_first && self.origins.is_allowed(&ask.parts.headers) {
            return Ok(Origins::asked_first(allow));
        }
        Err(Refusal::method(allow.clone()))
    }

    /// Lets the row's handler work, within the deadline. An act runs to its end even where the client has gone: what
    /// it has begun to write is not left half done. A sign-in ends with its client: it waits for a hash, which nobody
    /// is to compute for who has left, and each of its writes is whole by itself.
    async fn perform(self: &Arc<Self>, row: &Row, ask: Ask, begun: Instant) -> Response<Full<Bytes>> {
        let route = row.route;
        let is_sign_in = route.load == Load::SignIn;
        let limit = if is_sign_in { self.wiring.bounds.sign_in } else { self.wiring.bounds.request };
        if route.verb.is_safe() || is_sign_in {
            let done = timeout(limit, self.handle(route, &ask)).await;
            return self.finish(Some(row), &ask, done.unwrap_or_else(|_| Done::late()), begun);
        }
        let ask = Arc::new(ask);
        let (app, asked) = (Arc::clone(self), Arc::clone(&ask));
        let act = tokio::spawn(async move { app.handle(route, &asked).await });
        let done = match timeout(limit, act).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Done { signed_in: false, result: Err(Code::Internal.into()) },
            Err(_) => Done::late(),
        };
        self.finish(Some(row), &ask, done, begun)
    }

    /// Finds out who asks, where the row wants to know, and hands over to the row's handler.
    async fn handle(&self, route: &'static Route, ask: &Ask) -> Done {
        // Once more where a body was read: a mode may have been entered meanwhile.
        if let Err(refusal) = self.is_offered(route) {
            return Done { signed_in: false, result: Err(refusal) };
        }
        let mut cookie = None;
        if route.is_door() && !self.passes(route, ask).await {
            match self.door(ask, wants(route)) {
                Door::Open(told) => cookie = told,
                Door::Placed(answer) => return Done { signed_in: false, result: Ok(answer) },
            }
        }
        // A second step costs little, and is no measure of how many can be signed in.
        let within = (route.is_door() && !route.verb.is_safe()).then(|| self.enters(ask));
        let mut signed_in = false;
        let result = match route.handler {
            Handler::Plain(handler) => handler(self, ask),
            Handler::Public(handler) => handler(self, ask).await,
            Handler::Either(handler) => match self.session(ask).await {
                Ok(session) => {
                    signed_in = true;
                    handler(self, ask, Some(&session)).await
                }
                Err(Error::SignedOut | Error::Closed(_)) => {
                    if route.is_door() && ask.token.is_some() {
                        match self.door(ask, wants(route)) {
                            Door::Open(told) => cookie = told,
                            Door::Placed(answer) => {
                                if let Some(within) = within {
                                    Self::is_not_within(within);
                                }
                                return Done { signed_in: false, result: Ok(answer) };
                            }
                        }
                    }
                    handler(self, ask, None).await
                }
                Err(error) => Err(error.into()),
            },
            Handler::SignedIn(handler) => match self.session(ask).await {
                Ok(session) => {
                    signed_in = true;
                    handler(self, ask, &session).await
                }
                Err(error) => Err(error.into()),
            },
        };
        match within {
            Some(within) if was_right(&result) => self.is_within(within),
            Some(within) => Self::is_not_within(within),
            None => {}
        }
        let result = result.map(|answer| match cookie {
            Some(cookie) => answer.with(SET_COOKIE, cookie),
            None => answer,
        });
        // A row that says "everybody may keep it" never sends what a handler made for one person.
        let result = result.and_then(|answer| match (answer.cache, route.cache) {
            (Cache::Private, Cache::Public) if answer.says_something() => Err(Refusal::bare()),
            (Cache::Private | Cache::Public, _) => Ok(answer),
        });
        self.handed_over(ask, Done { signed_in, result }).await
    }

    /// Whether the door is not asked yet: somebody who only reads shows a session. Where the row does not look for it by
    /// itself it is looked for here, because a made-up one spares nobody the line.
    async fn passes(&self, route: &Route, ask: &Ask) -> bool {
        if !route.verb.is_safe() || ask.token.is_none() {
            return false;
        }
        matches!(route.handler, Handler::Either(_)) || self.session(ask).await.is_ok()
    }

    /// The token that came with a request.
    fn token(&self, parts: &Parts) -> Option<SessionToken> {
        let bearer = parts.uri.path().starts_with(API);
        SessionToken::parse(cookie::session_token(&parts.headers, self.session_cookie(), bearer)?)
    }

    /// Ends the session a sign-in came with: the new one takes its place on that device.
    pub(super) async fn end_replaced(&self, ask: &Ask) {
        let channel = if ask.is_for_programs() { Channel::Api } else { Channel::Page };
        if let Some(token) = &ask.token {
            self.wiring.care.end_replaced(token, ask.stream.clone(), channel).await;
        }
    }

    /// Takes what is personal out for the request it is sent to: its number, and the token it came with.
    pub(super) async fn hand_over(&self, body: honnin_care::Body, ask: &Ask) -> Result<Vec<u8>, Refusal> {
        let asker = Asker::new(ask.stream.request(), ask.token.as_ref());
        Ok(self.wiring.care.hand_over(body, &asker).await?)
    }

    /// What became of a request, with what is personal in it handed over.
    async fn handed_over(&self, ask: &Ask, done: Done) -> Done {
        #[cfg(honnin_faults)]
        let done = self.planted.after_the_one_before(done);
        let Done { signed_in, result } = done;
        let (framed, answer) = match result {
            Ok(Answer { personal: Personal::Framed(framed), status, cache, kind, body, headers }) => {
                (framed, Answer { personal: Personal::HandedOver, status, cache, kind, body, headers })
            }
            result => return Done { signed_in, result },
        };
        let body = self.hand_over(framed, ask).await;
        Done { signed_in, result: body.map(|body| Answer { body: body.into(), ..answer }) }
    }

    async fn session(&self, ask: &Ask) -> Result<Session, Error> {
        let token = ask.token.as_ref().ok_or(Error::SignedOut)?;
        let session = self.wiring.care.session(token, ask.stream.clone()).await?;
        // A program shows its token itself. One in a browser's cookie was put there by somebody.
        let shown = || ask.parts.uri.path().starts_with(API) && cookie::shows_token(&ask.parts.headers);
        if session.kind() == SessionKind::Token && !shown() {
            return Err(Error::SignedOut);
        }
        #[cfg(honnin_faults)]
        let session = super::planted::believing(&self.wiring.care, &ask.parts.headers, session);
        Ok(session.led_by_others(csrf::is_led_here_by_others(&ask.parts.headers)))
    }

    /// Makes the response, counts and logs it.
    fn finish(&self, row: Option<&Row>, ask: &Ask, done: Done, begun: Instant) -> Response<Full<Bytes>> {
        let Done { signed_in, result } = done;
        let result = result.and_then(|answer| match answer.personal {
            Personal::Token(request) if request != ask.stream.request() => Err(Refusal::bare()),
            // Nobody can read it as it is.
            Personal::Framed(_) => Err(Refusal::bare()),
            Personal::Nothing | Personal::Token(_) | Personal::HandedOver => Ok(answer),
        });
        #[cfg(test)]
        if let (Err(refusal), Some((route, Some(contract)))) =
            (&result, row.map(|row| (row.route, row.route.contract)))
        {
            let declared = openapi::codes(route, &contract);
            let code = refusal.code();
            assert!(
                declared.contains(&code),
                "{} {} does not declare {code:?}",
                route.verb.word(),
                route.path
            );
        }
        let answer = result.unwrap_or_else(|refusal| self.refused(ask, &refusal, signed_in));
        let head = ask.parts.method == http::Method::HEAD;
        let mut response = self.dress.response(answer, &ask.parts.headers, head);
        let mut digits = [0; 32];
        HEXLOWER.encode_mut(ask.stream.request().octets(), &mut digits);
        if let Ok(name) = HeaderValue::from_bytes(&digits) {
            response.headers_mut().insert(REQUEST_ID, name);
        }
        self.origins.allow(|| ask.is_for_programs(), &ask.parts.headers, response.headers_mut());
        let took = begun.elapsed();
        let counters = row.map_or(&self.elsewhere, |row| &row.counters);
        counters.add(response.status(), took);
        // Who was placed was not given what she asked for.
        if let Some(row) = row.filter(|_| !response.headers().contains_key(REFRESH)) {
            counters.good(response.status(), took, self.wait_of(row.route.load));
        }
        measure::log(row.map(|row| row.route), response.status(), took, ask.stream.request());
        response
    }

    /// How long people wait for what is of that class.
    const fn wait_of(&self, load: Load) -> Duration {
        let bounds = &self.wiring.bounds;
        match load {
            Load::Static | Load::Begun | Load::Read => bounds.turns.patience,
            Load::SignIn => bounds.sign_in,
            Load::Document => bounds.request,
        }
    }

    /// Whether a path is a page one can come back to.
    pub(super) fn has_page(&self, path: &str) -> bool {
        matches!(self.finder.find(&http::Method::GET, path), Found::Row(row, _) if row.route.contract.is_none())
    }

    /// Notices as they were read in the last few seconds.
    pub(super) fn kept_notices(&self) -> Option<Arc<[Notice]>> {
        let kept = self.notices.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (at, notices) = kept?;
        let old = self.wiring.care.now().seconds_since(at);
        (0..NOTICES_SECONDS).contains(&old).then_some(notices)
    }

    /// Notices to everybody, read from the store at most once in a few seconds.
    pub(super) async fn notices(&self) -> Result<Arc<[Notice]>, Refusal> {
        if let Some(notices) = self.kept_notices() {
            return Ok(notices);
        }
        let now = self.wiring.care.now();
        let notices: Arc<[Notice]> = self.wiring.care.notices().await?.into();
        *self.notices.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&notices)));
        Ok(notices)
    }
}

/// What is wanted at a door.
const fn wants(route: &Route) -> Wants {
    if route.verb.is_safe() { Wants::Look } else { Wants::Act }
}

/// What became of a request.
pub(super) struct Done {
    /// Whether somebody turned out to be signed in: then a refusal has her menu.
    signed_in: bool,
    pub(super) result: Result<Answer, Refusal>,
}

impl Done {
    pub(super) fn late() -> Self {
        Self { signed_in: false, result: Err(Refusal::after(Code::Deadline, 1)) }
    }
}

fn refused_body(error: BodyError) -> Refusal {
    match error {
        BodyError::TooLong => Code::BodyTooLarge.into(),
        BodyError::Malformed => Code::BodyMalformed.into(),
        BodyError::TooSlow | BodyError::Broken => Code::BodyTimeout.into(),
    }
}

impl Answers for App {
    fn answer(
        self: Arc<Self>,
        request: Request<hyper::body::Incoming>,
        peer: Peer,
        turn: Turn,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send + 'static {
        let stream = Stream::begin(&self.entropy);
        // Its state is some thousand octets, which the layers of a connection would hand from one to the next.
        Box::pin(self.respond(request, peer, stream, turn))
    }

    fn not_ready(&self) {
        self.wiring.care.house().stops();
    }

    fn untold(&self, proxy: Peer, why: Untold) {
        self.untold.note(proxy, why);
    }
}
