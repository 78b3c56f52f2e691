//! What is wrong with an answer to a canary, if anything is.

use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL, CONTENT_ENCODING, HeaderName};

use crate::mark::{Mark, Which};
use crate::way::{Answer, Unanswered};

/// Headers by which caches say that they answered by themselves.
const SAYS_HIT: [&str; 6] =
    ["x-cache", "x-cache-status", "x-proxy-cache", "x-cache-hits", "cache-status", "cf-cache-status"];

/// What may not be seen on the public path. Each is a reason to show nobody anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A canary was given what was made for the other.
    Foreign,
    /// A canary was given what was made for her in an earlier round: somebody keeps personal answers.
    Stale,
    /// An answer says that a cache gave it.
    Kept,
    /// An answer arrived without the word that forbids everybody to keep it.
    Opened,
    /// An answer that has to be hers shows nothing of hers.
    NotOwn,
}

impl Fault {
    /// The word in logs, in metrics and for `doctor`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::Stale => "stale",
            Self::Kept => "kept",
            Self::Opened => "opened",
            Self::NotOwn => "not_own",
        }
    }

    /// What it means, as a sentence without its full stop.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Foreign => "a canary was given what was made for the other",
            Self::Stale => "a canary was given what was made for her earlier: personal answers are kept",
            Self::Kept => "an answer says that a cache gave it",
            Self::Opened => "an answer arrived without no-store: its Cache-Control was changed on the way",
            Self::NotOwn => "a canary was given a page that is not hers",
        }
    }
}

/// A fault, and where it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was seen.
    pub fault: Fault,
    /// The path that was asked for; without the id where it had one.
    pub page: &'static str,
}

/// What an answer has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// Hers, with that mark.
    Own(Which, &'a Mark),
    /// Nothing: what is asked for is the other's.
    Refusal(Which),
}

/// Why an answer does not pass.
#[derive(Debug)]
pub(crate) enum Judged {
    Fault(Fault),
    /// It says nothing about the path: an error on the way, or one of ours.
    Unanswered(Unanswered),
    /// The session is not taken.
    SignedOut,
}

/// Judges one answer; what shows somebody else comes first.
pub(crate) fn judge(expected: Expected<'_>, answer: &Answer) -> Result<(), Judged> {
    #[cfg(honnin_faults)]
    if honnin_terms::faults::BLIND_CANARIES.is_on() {
        return Ok(());
    }
    let (Expected::Own(which, _) | Expected::Refusal(which)) = expected;
    if shows(answer, which.other().prefix()) {
        return Err(Judged::Fault(Fault::Foreign));
    }
    if says_hit(&answer.headers) {
        return Err(Judged::Fault(Fault::Kept));
    }
    let status = answer.status.as_u16();
    let mark = match expected {
        Expected::Refusal(_) if status == 404 => return Ok(()),
        // Whatever else is shown where nothing may be: a page of nobody's, or hers under the other's address.
        Expected::Refusal(_) if status == 200 => return Err(Judged::Fault(Fault::NotOwn)),
        Expected::Refusal(_) => return Err(Judged::Unanswered(Unanswered::Status(status))),
        Expected::Own(_, mark) => mark,
    };
    match status {
        200 => {}
        401 => return Err(Judged::SignedOut),
        other => return Err(Judged::Unanswered(Unanswered::Status(other))),
    }
    if answer.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(Judged::Unanswered(Unanswered::Packed));
    }
    if !shows(answer, mark.as_str()) {
        let stale = shows(answer, which.prefix());
        return Err(Judged::Fault(if stale { Fault::Stale } else { Fault::NotOwn }));
    }
    if !values(&answer.headers, &CACHE_CONTROL).any(|value| value.contains("no-store")) {
        return Err(Judged::Fault(Fault::Opened));
    }
    Ok(())
}

/// Whether it says a text anywhere, in head or body.
fn shows(answer: &Answer, text: &str) -> bool {
    let finds = |octets: &[u8]| octets.windows(text.len()).any(|window| window == text.as_bytes());
    finds(&answer.body) || answer.headers.values().any(|value| finds(value.as_bytes()))
}

fn says_hit(headers: &HeaderMap) -> bool {
    // A cache that only passes an answer on may say that it has the age 0.
    let aged = values(headers, &AGE).any(|age| age.trim() != "0");
    let hit = SAYS_HIT.iter().any(|name| {
        let name = HeaderName::from_static(name);
        let counts = name == "x-cache-hits";
        let said = |value: &str| if counts { value.trim() != "0" } else { says(value, "hit") };
        values(headers, &name).any(|value| said(&value))
    });
    // Varnish names the request, and behind it the one that fetched what it gives.
    let varnish = values(headers, &HeaderName::from_static("x-varnish"));
    aged || hit || varnish.into_iter().any(|value| value.split_whitespace().count() > 1)
}

/// Whether a word stands in a value, not as a part of another.
fn says(value: &str, word: &str) -> bool {
    value.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == word)
}

fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> + 'a {
    let values = headers.get_all(name).into_iter();
    values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use honnin_testkit::SeededEntropy;
    use http::{HeaderValue, StatusCode};

    use super::*;

    fn marks() -> [Mark; 3] {
        let entropy = SeededEntropy::new(7);
        [Which::First, Which::Second, Which::First].map(|which| Mark::draw(which, &entropy))
    }

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        let headers = headers.iter().map(pair).collect();
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: body.as_bytes().to_vec().into(),
        }
    }

    /// The fault in an answer of the first canary; an empty word where there is none.
    fn fault(status: u16, headers: &[(&'static str, &str)], body: &str) -> &'static str {
        let [mark, ..] = marks();
        match judge(Expected::Own(Which::First, &mark), &answer(status, headers, body)) {
            Ok(()) => "",
            Err(Judged::Fault(fault)) => fault.word(),
            Err(Judged::SignedOut) => "signed out",
            Err(Judged::Unanswered(_)) => "unanswered",
        }
    }

    const KEPT_BY_NOBODY: (&str, &str) = ("cache-control", "private, no-store");

    #[test]
    fn an_answer_passes_where_it_is_her_own_of_this_round_and_kept_by_nobody() {
        let [own, other, earlier] = marks();
        let (own, other, earlier) = (own.as_str(), other.as_str(), earlier.as_str());
        assert_eq!(fault(200, &[KEPT_BY_NOBODY], own), "");
        assert_eq!(
            fault(200, &[KEPT_BY_NOBODY, ("age", "0"), ("x-cache", "MISS"), ("via", "1.1 x")], own),
            ""
        );
        assert_eq!(fault(200, &[KEPT_BY_NOBODY], other), "foreign");
        assert_eq!(fault(500, &[], other), "foreign", "whatever the status");
        assert_eq!(fault(200, &[KEPT_BY_NOBODY, ("location", other)], own), "foreign", "also in a header");
        assert_eq!(fault(200, &[KEPT_BY_NOBODY], earlier), "stale");
        assert_eq!(fault(200, &[KEPT_BY_NOBODY], "somebody else's page"), "not_own");
        assert_eq!(fault(200, &[("cache-control", "private")], own), "opened");
        assert_eq!(fault(200, &[], own), "opened");
    }

    #[test]
    fn a_cache_that_says_it_answered_is_believed() {
        let [own, ..] = marks();
        for (name, value) in [
            ("age", "3"),
            ("x-cache", "HIT from edge-7"),
            ("x-cache", "MISS, HIT"),
            ("x-cache-status", "HIT"),
            ("x-cache-hits", "2"),
            ("cache-status", "edge; hit; ttl=3"),
            ("cf-cache-status", "HIT"),
            ("x-varnish", "5 32771"),
        ] {
            assert_eq!(fault(200, &[KEPT_BY_NOBODY, (name, value)], own.as_str()), "kept", "{name}: {value}");
        }
        for (name, value) in [
            ("x-cache", "white-list"),
            ("x-varnish", "32771"),
            ("x-cache-hits", "0"),
            ("cache-status", "edge; fwd=miss"),
        ] {
            assert_eq!(fault(200, &[KEPT_BY_NOBODY, (name, value)], own.as_str()), "", "{name}: {value}");
        }
    }

    #[test]
    fn an_error_on_the_way_says_nothing_of_the_path() {
        assert_eq!(fault(502, &[], "bad gateway"), "unanswered");
        assert_eq!(fault(401, &[], "sign in first"), "signed out");
        let [own, ..] = marks();
        assert_eq!(fault(200, &[KEPT_BY_NOBODY, ("content-encoding", "gzip")], own.as_str()), "unanswered");
    }

    #[test]
    fn what_is_the_others_is_refused_and_nothing_else() {
        let [own, other, _] = marks();
        let judged = |status, body: &str| judge(Expected::Refusal(Which::First), &answer(status, &[], body));
        assert!(judged(404, "there is no such thing").is_ok());
        assert!(matches!(judged(404, other.as_str()), Err(Judged::Fault(Fault::Foreign))));
        assert!(matches!(judged(200, own.as_str()), Err(Judged::Fault(Fault::NotOwn))));
        assert!(matches!(judged(503, ""), Err(Judged::Unanswered(Unanswered::Status(503)))));
    }
}
