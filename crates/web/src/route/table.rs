//! The route table: what is in it exists, and nothing else does.
//!
//! From it are made the finder of requests, the OpenAPI description, the route list of the reference, and the tests
//! that walk every route.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;

use honnin_access::Session;
use honnin_care::What;
use honnin_front::Class;
use honnin_pages::page::paths::pattern;
use honnin_terms::Offer;
use http::{HeaderValue, Method};

use super::answer::{Answer, Refusal};
use super::app::{App, Ask};
use super::code::Code;
use super::json::Make;
use super::measure::Counters;

/// What is asked of a route: the methods that exist. HEAD is GET without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    /// The verb of a request's method; `None` for methods no route has.
    pub(super) fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET | Method::HEAD => Some(Self::Get),
            Method::POST => Some(Self::Post),
            Method::PUT => Some(Self::Put),
            Method::DELETE => Some(Self::Delete),
            _ => None,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Whether it only reads.
    pub(super) const fn is_safe(self) -> bool {
        matches!(self, Self::Get)
    }
}

/// Who may keep a copy of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cache {
    /// Nobody: it is about one person, or follows from who asks.
    Private,
    /// Everybody, asking each time whether it is still so.
    Public,
}

impl Cache {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Private => "nobody",
            Self::Public => "everybody",
        }
    }
}

/// What goes first when there is too much to do; the first is shed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// Whether the service lives, and files that cost nothing.
    Static,
    /// Acts already begun: a wish, the state of it, signing out.
    Begun,
    /// Reads of somebody who is signed in.
    Read,
    /// Signing in.
    SignIn,
    /// Documents and exports.
    Document,
}

/// What ends something of one's own is never refused, and neither is the proof that it asks for.
const ENDINGS: [&str; 11] = [
    pattern::SIGN_OUT,
    pattern::REVOKE,
    pattern::REVOKE_OTHERS,
    "/api/v1/sessions",
    "/api/v1/sessions/current",
    "/api/v1/sessions/current/proof",
    pattern::CONFIRM,
    pattern::CONFIRM_PASSKEY,
    pattern::PASSKEY_REMOVE,
    "/api/v1/sessions/{session}",
    "/api/v1/tokens/{id}",
];

impl Route {
    /// What of it a mode may take away.
    pub(super) fn offer(&self) -> Option<Offer> {
        match self.load {
            Load::SignIn => Some(Offer::SignIn),
            Load::Document => Some(Offer::Document),
            Load::Begun if !self.verb.is_safe() && !ENDINGS.contains(&self.path) => Some(Offer::Act),
            Load::Begun | Load::Static | Load::Read => None,
        }
    }
}

impl Load {
    /// Whether it waits in a line of its own, where a place in work would only be held.
    pub(super) const fn has_a_line(self) -> bool {
        matches!(self, Self::SignIn | Self::Document)
    }

    /// What is given up first where there is too much to do.
    pub(super) const fn class(self) -> Class {
        match self {
            Self::Static => Class::Static,
            Self::Begun => Class::Begun,
            Self::Read => Class::Read,
            Self::SignIn => Class::SignIn,
            Self::Document => Class::Document,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Begun => "begun",
            Self::Read => "read",
            Self::SignIn => "sign-in",
            Self::Document => "document",
        }
    }
}

/// A handler at work.
pub(crate) type Doing<'a> = Pin<Box<dyn Future<Output = Result<Answer, Refusal>> + Send + 'a>>;

/// What answers, and with it the policy: a handler that is not given a session cannot show anything personal.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// For everybody, at once.
    Plain(fn(&App, &Ask) -> Result<Answer, Refusal>),
    /// For everybody.
    Public(for<'a> fn(&'a App, &'a Ask) -> Doing<'a>),
    /// For everybody; who is signed in gets her menu with it.
    Either(for<'a> fn(&'a App, &'a Ask, Option<&'a Session>) -> Doing<'a>),
    /// For who is signed in.
    SignedIn(for<'a> fn(&'a App, &'a Ask, &'a Session) -> Doing<'a>),
}

impl Handler {
    pub(super) const fn policy(self) -> &'static str {
        match self {
            Self::Plain(_) | Self::Public(_) => "everybody",
            Self::Either(_) => "everybody, with her menu where signed in",
            Self::SignedIn(_) => "signed in",
        }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.policy())
    }
}

/// What a done request is answered with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gives {
    /// No body.
    Nothing,
    /// A line of text.
    Text,
    /// JSON of that schema.
    Json(Make),
    /// A file of that media type.
    File(&'static str),
}

/// A header field of a done answer that a program needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sends {
    /// Where the next page is.
    Link,
    /// Where what was begun is found.
    Location,
    /// When to look again.
    RetryAfter,
    /// The name of a file.
    ContentDisposition,
    /// The session's cookie.
    SetCookie,
    /// What the body is known by, for asking whether it has changed.
    ETag,
}

/// Whether something has to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needed {
    /// It may be left out.
    No,
    /// It may not.
    Yes,
}

/// A field of the query: name, schema, meaning.
pub(crate) type Field = (&'static str, Make, &'static str);

/// What a program must know of a route.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contract {
    /// Fields of the query.
    pub(crate) query: &'static [Field],
    /// Whether it is a list in parts, and what its cursor is.
    pub(crate) parts: Option<Make>,
    /// Whether it takes an `Idempotency-Key`, and whether it has to be given one.
    pub(crate) key: Option<Needed>,
    /// The body it takes.
    pub(crate) takes: Option<Make>,
    /// The status and body of a done request.
    pub(crate) gives: (u16, Gives),
    /// Header fields of a done answer.
    pub(crate) sends: &'static [Sends],
    /// Refusals of its own, beside those that follow from the row.
    pub(crate) refuses: &'static [Code],
    /// What a program should know beside the summary.
    pub(crate) told: &'static str,
}

impl Contract {
    /// Nothing but a request and its status.
    pub(crate) const PLAIN: Self = Self {
        query: &[],
        parts: None,
        key: None,
        takes: None,
        gives: (200, Gives::Nothing),
        sends: &[],
        refuses: &[],
        told: "",
    };
}

/// One row.
#[derive(Debug)]
pub(crate) struct Route {
    /// Method.
    pub(crate) verb: Verb,
    /// Path, with at most one `{parameter}`.
    pub(crate) path: &'static str,
    /// What answers, and with it who may ask.
    pub(crate) handler: Handler,
    /// What the journal calls what is shown; `None` where nothing personal is.
    pub(crate) discloses: Option<What>,
    /// Who may keep a copy.
    pub(crate) cache: Cache,
    /// What goes first.
    pub(crate) load: Load,
    /// Whether it is a dangerous act, which asks for a fresh proof that it is her.
    pub(crate) asks_proof: bool,
    /// What it does, in one line.
    pub(crate) summary: &'static str,
    /// For programs; `None` for pages.
    pub(crate) contract: Option<Contract>,
}

/// One row with its counters.
pub(super) struct Row {
    pub(super) route: &'static Route,
    pub(super) counters: Counters,
}

/// What the table has for a request.
pub(super) enum Found<'a> {
    /// A row, and where in the path its parameter's value stands.
    Row(&'a Row, Option<Range<usize>>),
    /// The path, but not with that method; these it has.
    OtherMethods(&'a HeaderValue),
    /// Nothing.
    Nothing,
}

/// All rows of one path.
struct Place {
    rows: Vec<Row>,
    allow: Option<HeaderValue>,
}

impl Place {
    fn of(table: &'static [Route], path: &str) -> Self {
        let mut place = Self { rows: Vec::new(), allow: None };
        let mut allow = Vec::new();
        for route in table.iter().filter(|route| route.path == path) {
            allow.push(route.verb.word());
            if route.verb == Verb::Get {
                allow.push("HEAD");
            }
            place.rows.push(Row {
                route,
                counters: Counters::of(route.verb.word(), route.path).of_class(route.load.word()),
            });
        }
        place.allow = HeaderValue::try_from(allow.join(", ")).ok();
        place
    }
}

/// Finds the row of a request.
pub(super) struct Finder {
    paths: matchit::Router<Place>,
}

/// A table that contradicts itself. The tests build the one there is, so that no installation sees this.
#[derive(Debug, thiserror::Error)]
#[error("build the route table: {0}")]
pub struct BadTable(&'static str);

impl Finder {
    pub(super) fn new(table: &'static [Route]) -> Result<Self, BadTable> {
        let mut paths = matchit::Router::new();
        for (number, route) in table.iter().enumerate() {
            let first = !table.iter().take(number).any(|before| before.path == route.path);
            if first {
                paths
                    .insert(route.path, Place::of(table, route.path))
                    .map_err(|_| BadTable("two paths contradict"))?;
            }
        }
        Ok(Self { paths })
    }

    pub(super) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Ok(found) = self.paths.at(path) else { return Found::Nothing };
        let verb = Verb::of(method);
        let row = found.value.rows.iter().find(|row| Some(row.route.verb) == verb);
        let parameter = found.params.iter().next().and_then(|(_, value)| {
            // The value is a part of the path itself, so the distance of their first octets is its place.
            let from = value.as_ptr().addr().checked_sub(path.as_ptr().addr())?;
            Some(from..from + value.len())
        });
        match (row, &found.value.allow) {
            (Some(row), _) => Found::Row(row, parameter),
            (None, Some(allow)) => Found::OtherMethods(allow),
            (None, None) => Found::Nothing,
        }
    }
}

impl fmt::Debug for Finder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Finder(..)")
    }
}
