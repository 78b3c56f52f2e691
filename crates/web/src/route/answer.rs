//! What a handler gives back, by privacy class, before it is dressed as a response.

use std::borrow::Cow;

use bytes::Bytes;
use honnin_access::Ticket;
use honnin_pages::assets;
use honnin_terms::RequestId;
use http::StatusCode;
use http::header::{
    ALLOW, CONTENT_DISPOSITION, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::code::Code;
use super::table::Cache;

/// Policy of everything that is not a page: nothing in it may run, load or be framed.
const DATA_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Media type of a page, for bodies that leave by the gate.
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// Media type of an API answer, for bodies that leave by the gate.
pub(super) const JSON: &str = "application/json";

/// Media type of a sheet, for bodies that leave by the gate.
pub(super) const PDF: &str = "application/pdf";

/// Media type of rows, for bodies that leave by the gate.
pub(super) const CSV: &str = "text/csv; charset=utf-8";

/// Media type of an export, for bodies that leave by the gate: JSON, and too large to be compressed on the way.
pub(super) const EXPORT: &str = "application/json; charset=utf-8";

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No body.
    Nothing,
    /// Plain text.
    Text,
    /// A file as it was built, with headers of its own.
    File,
    /// The worker as it was built: it may fetch our own files and pages.
    Worker,
    /// A page as it was built, with headers of its own but the policy of pages: it may load its style.
    Built,
    /// A page.
    Page,
    /// A page that carries its style in itself and needs nothing more of the server.
    Alone,
    /// A place in line.
    Place,
    /// JSON.
    Json,
    /// A problem (RFC 9457).
    Problem,
    /// A sheet; packed as it is.
    Pdf,
    /// Rows.
    Csv,
    /// An export.
    Export,
}

impl Kind {
    pub(super) const fn content_type(self) -> Option<HeaderValue> {
        match self {
            Self::Nothing | Self::File | Self::Worker | Self::Built => None,
            Self::Text => Some(HeaderValue::from_static("text/plain; charset=utf-8")),
            Self::Page | Self::Alone | Self::Place => Some(HeaderValue::from_static(HTML)),
            Self::Json => Some(HeaderValue::from_static(JSON)),
            Self::Problem => Some(HeaderValue::from_static("application/problem+json")),
            Self::Pdf => Some(HeaderValue::from_static(PDF)),
            Self::Csv => Some(HeaderValue::from_static(CSV)),
            Self::Export => Some(HeaderValue::from_static(EXPORT)),
        }
    }

    pub(super) const fn policy(self) -> HeaderValue {
        match self {
            Self::Page | Self::Built => HeaderValue::from_static(assets::PAGE_CSP),
            Self::Alone => HeaderValue::from_static(assets::ALONE_CSP),
            Self::Place => HeaderValue::from_static(assets::PLACE_CSP),
            Self::Worker => HeaderValue::from_static(assets::WORKER_CSP),
            Self::Nothing
            | Self::Text
            | Self::File
            | Self::Json
            | Self::Problem
            | Self::Pdf
            | Self::Csv
            | Self::Export => DATA_POLICY,
        }
    }

    /// Whether the body was made for this answer and is worth compressing.
    pub(super) const fn is_made_now(self) -> bool {
        match self {
            Self::Page | Self::Alone | Self::Json | Self::Problem | Self::Csv => true,
            Self::Nothing
            | Self::Text
            | Self::File
            | Self::Worker
            | Self::Built
            | Self::Place
            | Self::Pdf
            | Self::Export => false,
        }
    }
}

/// What is personal in an answer.
#[derive(Debug)]
pub(super) enum Personal {
    /// Nothing.
    Nothing,
    /// Bytes that nobody can read before they are handed over.
    Framed(honnin_care::Body),
    /// The token of a new session, for that request.
    Token(RequestId),
    /// The body: it was handed over to whoever asked.
    HandedOver,
}

/// An answer, ready to be dressed with the headers of its class.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) status: StatusCode,
    pub(super) cache: Cache,
    pub(super) kind: Kind,
    pub(super) body: Bytes,
    /// What is personal in it.
    pub(super) personal: Personal,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Answer {
    /// Something personal, as the gate let it out. There is no other way to make such an answer.
    pub(crate) fn personal(body: honnin_care::Body) -> Self {
        let kind = match body.content_type() {
            HTML => Kind::Page,
            PDF => Kind::Pdf,
            CSV => Kind::Csv,
            EXPORT => Kind::Export,
            _ => Kind::Json,
        };
        Self { kind, personal: Personal::Framed(body), ..Self::empty(StatusCode::OK) }
    }

    /// Whether there is anything to read in it.
    pub(super) fn says_something(&self) -> bool {
        !matches!(self.personal, Personal::Nothing) || !self.body.is_empty()
    }

    /// A page with nothing personal on it that still follows from who asks: her language, her form.
    pub(crate) fn form(html: String) -> Self {
        Self { kind: Kind::Page, body: html.into(), ..Self::empty(StatusCode::OK) }
    }

    /// The same answer for everybody.
    pub(crate) fn public(kind: Kind, body: impl Into<Bytes>) -> Self {
        Self { cache: Cache::Public, kind, body: body.into(), ..Self::empty(StatusCode::OK) }
    }

    /// Nothing but a status and headers; kept by nobody.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            cache: Cache::Private,
            kind: Kind::Nothing,
            body: Bytes::new(),
            personal: Personal::Nothing,
            headers: Vec::new(),
        }
    }

    /// Sends the client to one of our own paths, to be read with GET.
    pub(crate) fn see_other(path: &str) -> Self {
        // Paths of ours are visible ASCII; one that was not would lead to the first page.
        let path = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
        Self::empty(StatusCode::SEE_OTHER).with(LOCATION, path)
    }

    /// The answer with one more header.
    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The answer that says after how many seconds to come back, where it does.
    #[must_use]
    pub(crate) fn again_after(self, seconds: Option<i64>) -> Self {
        match seconds {
            Some(seconds) => self.with(RETRY_AFTER, HeaderValue::from(seconds)),
            None => self,
        }
    }

    /// The answer as a file to keep. The name holds nothing of whose it is: letters, digits, `-` and `.` of ours.
    #[must_use]
    pub(crate) fn kept_as(self, name: &str) -> Self {
        let value = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
        self.with(CONTENT_DISPOSITION, value.unwrap_or(HeaderValue::from_static("attachment")))
    }

    /// The answer with another status.
    #[must_use]
    pub(crate) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

/// What is left of a limit that has just been used up, for so many seconds.
pub(super) fn used_up(seconds: i64) -> Option<(HeaderName, HeaderValue)> {
    let value = HeaderValue::try_from(format!("\"acts\";r=0;t={seconds}")).ok()?;
    Some((HeaderName::from_static("ratelimit"), value))
}

/// Which part of a request cannot be used. Names of ours alone, never what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// The body itself.
    Body,
    /// A member of the body, or a field of a form.
    Member(&'static str),
    /// A field of the query.
    Query(&'static str),
    /// A header field.
    Header(&'static str),
}

impl Field {
    fn wrong(self, expected: Option<&str>) -> Wrong<'_> {
        let (pointer, parameter, header) = match self {
            Self::Body => (Some("#".to_owned()), None, None),
            Self::Member(name) => (Some(format!("#/{name}")), None, None),
            Self::Query(name) => (None, Some(name), None),
            Self::Header(name) => (None, None, Some(name)),
        };
        Wrong { detail: expected.unwrap_or_default(), pointer, parameter, header }
    }
}

/// Why a request was not done (RFC 9457).
#[derive(Serialize, JsonSchema)]
pub(super) struct Problem<'a> {
    /// The code as a name of its own.
    #[schemars(length(max = 128), example = &"urn:honnin:problem:not_found")]
    r#type: String,
    /// What it means, in a few words.
    #[schemars(length(max = 256), example = &"there is no such thing, or it is not yours")]
    title: &'a str,
    /// The status of the answer.
    #[schemars(range(min = 400, max = 599), example = 404)]
    status: u16,
    /// A stable code out of `docs/reference/errors.md`; more may come.
    #[schemars(length(max = 64), example = &"not_found")]
    code: &'a str,
    /// What is to be said beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    detail: Option<&'a str>,
    /// Which parts of the request cannot be used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    errors: Vec<Wrong<'a>>,
    /// With `second_factor_required`: what to send back with the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    ticket: Option<&'a str>,
    /// The request's name in the operator's logs, where the fault is ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), regex(pattern = "^[0-9a-f]{32}$"))]
    request: Option<String>,
}

/// A part of a request that cannot be used.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProblemField")]
struct Wrong<'a> {
    /// What is expected of it.
    #[schemars(length(max = 1024), example = &"true or false")]
    detail: &'a str,
    /// Where it stands in the body, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256), example = &"#/high")]
    pointer: Option<String>,
    /// Its name in the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    parameter: Option<&'static str>,
    /// Its name among the header fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    header: Option<&'static str>,
}

/// Why a request is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: Code,
    retry_after: Option<u32>,
    detail: Option<Cow<'static, str>>,
    field: Option<Field>,
    ticket: Option<Box<str>>,
    allow: Option<HeaderValue>,
    /// Whether even the body is withheld: what would be shown did not open, or was not the viewer's.
    bare: bool,
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self { code, retry_after: None, detail: None, field: None, ticket: None, allow: None, bare: false }
    }
}

impl Refusal {
    /// To be tried again after so many seconds.
    pub(crate) fn after(code: Code, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..code.into() }
    }

    /// A field that cannot be used: which, what is expected of it, and never its value.
    pub(crate) fn field(field: Field, expected: &'static str) -> Self {
        Self { detail: Some(expected.into()), field: Some(field), ..Code::Invalid.into() }
    }

    /// The password was right, and the code of a second factor is to follow with that.
    pub(super) fn with_ticket(ticket: &Ticket) -> Self {
        Self { ticket: Some(ticket.reveal().into()), ..Code::SecondFactorRequired.into() }
    }

    /// The same with a sentence beside it.
    #[must_use]
    pub(super) fn detailed(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// A status and not one octet of body: for a blob that does not open and for an owner who is not the viewer.
    pub(crate) fn bare() -> Self {
        Self { bare: true, ..Code::Internal.into() }
    }

    pub(super) fn method(allow: HeaderValue) -> Self {
        Self { allow: Some(allow), ..Code::MethodNotAllowed.into() }
    }

    /// The refusal for programs.
    pub(super) fn problem(&self, request: RequestId) -> Answer {
        let problem = Problem {
            r#type: format!("urn:honnin:problem:{}", self.code.word()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.word(),
            detail: self.detail.as_deref(),
            errors: self.field.iter().map(|field| field.wrong(self.detail.as_deref())).collect(),
            ticket: self.ticket.as_deref(),
            request: self.is_ours().then(|| request.to_string()),
        };
        // A struct of texts and numbers always serialises.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut answer =
            Answer { kind: Kind::Problem, body: body.into(), ..Answer::empty(self.code.status()) };
        if self.code.status() == StatusCode::UNAUTHORIZED {
            answer.headers.push((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        self.headers(answer)
    }

    pub(super) const fn code(&self) -> Code {
        self.code
    }

    pub(super) const fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    pub(super) const fn is_bare(&self) -> bool {
        self.bare
    }

    /// Whether it is a fault of ours. Only these name the request: two answers of "not there" are the same octets.
    pub(super) fn is_ours(&self) -> bool {
        self.code.status().is_server_error()
    }

    /// Adds what every face sends with a refusal.
    pub(super) fn headers(&self, mut answer: Answer) -> Answer {
        if self.bare {
            answer.body = Bytes::new();
            answer.kind = Kind::Nothing;
        }
        if let Some(seconds) = self.retry_after {
            answer.headers.push((RETRY_AFTER, HeaderValue::from(seconds)));
            if self.code == Code::TooOften {
                answer.headers.extend(used_up(i64::from(seconds)));
            }
        }
        if let Some(allow) = &self.allow {
            answer.headers.push((ALLOW, allow.clone()));
        }
        answer
    }
}
