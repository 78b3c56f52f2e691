//! The headers an answer is sent with: those of its class and kind, its own over them.

use std::hash::{DefaultHasher, Hasher as _};

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;

use super::answer::{Answer, Kind, Personal};
use super::app::REQUEST_ID;
use super::gzip;
use super::table::Cache;

const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");
const SURROGATE_CONTROL: HeaderName = HeaderName::from_static("surrogate-control");
const X_ACCEL_EXPIRES: HeaderName = HeaderName::from_static("x-accel-expires");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What forbids every cache to keep an answer.
const NOBODY_KEEPS: HeaderValue = HeaderValue::from_static("private, no-store");

/// What a public body is known by, packed or not: its length and a hash of it. Nobody gains by two bodies of ours that
/// are known by the same.
fn tag_of(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("W/\"{:x}-{:016x}\"", body.len(), hasher.finish())
}

/// Dresses answers.
#[derive(Debug)]
pub(super) struct Dress {
    private: Class,
    public: Class,
    compress_from: usize,
}

/// The headers of one class, those of the most asked for kinds made ahead.
#[derive(Debug)]
struct Class {
    common: HeaderMap,
    ahead: [(Kind, HeaderMap); 2],
}

impl Class {
    fn new(common: HeaderMap) -> Self {
        let ahead = [Kind::Page, Kind::Json].map(|kind| (kind, with_kind(&common, kind)));
        Self { common, ahead }
    }

    fn headers(&self, kind: Kind) -> HeaderMap {
        let ahead = self.ahead.iter().find(|(of, _)| *of == kind);
        ahead.map_or_else(|| with_kind(&self.common, kind), |(_, headers)| headers.clone())
    }
}

fn with_kind(common: &HeaderMap, kind: Kind) -> HeaderMap {
    let mut headers = common.clone();
    headers.insert(CONTENT_SECURITY_POLICY, kind.policy());
    headers.extend(kind.content_type().map(|value| (CONTENT_TYPE, value)));
    headers
}

impl Dress {
    pub(super) fn new(https: bool, compress_from: usize) -> Self {
        let fixed = HeaderValue::from_static;
        let mut common = HeaderMap::with_capacity(16);
        common.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
        common.insert(REFERRER_POLICY, fixed("same-origin"));
        common.insert(CROSS_ORIGIN_OPENER_POLICY, fixed("same-origin"));
        common.insert(CROSS_ORIGIN_RESOURCE_POLICY, fixed("same-origin"));
        let permissions = "geolocation=(), camera=(), microphone=(), publickey-credentials-get=(self), \
                           publickey-credentials-create=(self)";
        common.insert(PERMISSIONS_POLICY, fixed(permissions));
        if https {
            common.insert(STRICT_TRANSPORT_SECURITY, fixed("max-age=63072000"));
        }
        // Its place; each request's own name is put there. A copy of a map has no room for one more.
        common.insert(REQUEST_ID, fixed("-"));
        let mut private = common.clone();
        private.insert(CACHE_CONTROL, NOBODY_KEEPS);
        // Whoever was told to take no notice of one of these may still take notice of another: RFC 9213, the W3C's
        // Edge Architecture, nginx. An answer whose Vary has a star matches no other request (RFC 9111 §4.1); Varnish
        // takes the star for the name of a header, so what tells people apart is named as well.
        private.insert(CDN_CACHE_CONTROL, fixed("no-store"));
        private.insert(SURROGATE_CONTROL, fixed("no-store"));
        private.insert(X_ACCEL_EXPIRES, fixed("0"));
        private.insert(VARY, fixed("Cookie, Authorization, Accept-Language, *"));
        #[cfg(honnin_faults)]
        super::planted::keepable(&mut private);
        let mut public = common;
        public.insert(CACHE_CONTROL, fixed("no-cache"));
        public.insert(VARY, fixed("Accept-Language, Accept-Encoding"));
        Self { private: Class::new(private), public: Class::new(public), compress_from }
    }

    /// The response: the class's headers, the answer's own over them, the body compressed where that is wanted.
    pub(super) fn response(&self, answer: Answer, asked: &HeaderMap, head: bool) -> Response<Full<Bytes>> {
        let Answer { status, cache, kind, mut body, personal, headers: own } = answer;
        let mut headers = match cache {
            Cache::Private => self.private.headers(kind),
            Cache::Public => self.public.headers(kind),
        };
        for (name, value) in own {
            if name == SET_COOKIE {
                headers.append(name, value);
            } else {
                headers.insert(name, value);
            }
        }
        if matches!(personal, Personal::HandedOver) {
            // Once more, whatever class and handler said.
            #[cfg(honnin_faults)]
            let before = headers.get(CACHE_CONTROL).cloned();
            headers.insert(CACHE_CONTROL, NOBODY_KEEPS);
            #[cfg(honnin_faults)]
            super::planted::as_before(&mut headers, before);
        }
        if cache == Cache::Public && status == StatusCode::OK && matches!(kind, Kind::Json) {
            let tag = tag_of(&body);
            let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
            let known = known.flat_map(|list| list.split(',')).any(|one| {
                let one = one.trim();
                one == "*" || one.trim_start_matches("W/") == tag.trim_start_matches("W/")
            });
            if let Ok(tag) = HeaderValue::try_from(tag) {
                headers.insert(ETAG, tag);
            }
            if known {
                let mut response = Response::new(Full::default());
                headers.remove(CONTENT_TYPE);
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                *response.headers_mut() = headers;
                return response;
            }
        }
        if kind.is_made_now()
            && body.len() >= self.compress_from
            && gzip::is_taken(asked)
            && let Some(packed) = gzip::compress(&body)
        {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            body = packed;
        }
        if head {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            body = Bytes::new();
        }
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}
