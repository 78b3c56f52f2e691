//! Pages of other origins that may ask the API (CORS): those the operator lists, and never with a cookie.

use http::HeaderMap;
use http::StatusCode;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderValue, ORIGIN, VARY,
};

use super::answer::Answer;

/// What a page of another origin may send.
const MAY_SEND: HeaderValue = HeaderValue::from_static(
    "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-None-Match",
);

/// What a page of another origin may read of an answer's header.
const MAY_READ: HeaderValue = HeaderValue::from_static(
    "Content-Disposition, ETag, Link, Location, RateLimit, Retry-After, X-Request-Id",
);

/// Seconds a browser need not ask first again.
const ASKED_SECONDS: HeaderValue = HeaderValue::from_static("600");

/// The origins whose pages may ask.
#[derive(Debug)]
pub(super) struct Origins(Vec<HeaderValue>);

impl Origins {
    /// Those that can be sent as a header's value; the settings are checked before.
    pub(super) fn new(allowed: &[String]) -> Self {
        Self(allowed.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect())
    }

    fn asking<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        headers.get(ORIGIN).filter(|origin| self.0.contains(origin))
    }

    /// Whether the page that asks is of an origin that may.
    pub(super) fn is_allowed(&self, headers: &HeaderMap) -> bool {
        self.asking(headers).is_some()
    }

    /// The answer to a browser that asks first.
    pub(super) fn asked_first(methods: &HeaderValue) -> Answer {
        Answer::empty(StatusCode::NO_CONTENT)
            .with(ACCESS_CONTROL_ALLOW_METHODS, methods.clone())
            .with(ACCESS_CONTROL_ALLOW_HEADERS, MAY_SEND)
            .with(ACCESS_CONTROL_MAX_AGE, ASKED_SECONDS)
    }

    /// Lets the page read the answer. Cookies are not allowed: a page of another origin shows a token.
    pub(super) fn allow(
        &self,
        is_for_programs: impl FnOnce() -> bool,
        asked: &HeaderMap,
        headers: &mut HeaderMap,
    ) {
        if self.0.is_empty() || !is_for_programs() {
            return;
        }
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.asking(asked) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, MAY_READ);
        }
    }
}
