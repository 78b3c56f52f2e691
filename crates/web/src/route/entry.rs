//! Signing in and out as pages and the API share it: device, cookies, marks.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use honnin_access::{NewDevice, Session, SignedIn, Source};
use honnin_front::Prefix;
use honnin_terms::{AccountId, Entropy, LONGEST_LINE_NAME};
use http::header::{HeaderName, HeaderValue, SET_COOKIE, USER_AGENT};

use super::answer::{Answer, Personal, Refusal};
use super::app::{App, Ask};
use super::code::Code;
use super::cookie;
use super::merge_pages::GIVEN_COOKIE;

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// How long a browser remembers that it is a known device, in seconds: what browsers allow at most.
const DEVICE_SECONDS: i64 = 400 * 86_400;

/// Longest name of a device.
const LONGEST_NAME: usize = 40;

impl App {
    /// The device a sign-in comes from.
    pub(super) fn device(&self, ask: &Ask) -> NewDevice {
        let mark = cookie::find(&ask.parts.headers, self.device_cookie());
        let mark =
            mark.and_then(|text| BASE64URL_NOPAD.decode(text).ok()).and_then(|octets| octets.try_into().ok());
        let agent =
            ask.parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (name, source) = (device_name(agent), self.source(ask));
        NewDevice { name, source, mark, is_program: ask.is_for_programs() }
    }

    /// What its owner calls a device, to begin with.
    pub(super) fn name_of_device(ask: &Ask) -> String {
        let agent =
            ask.parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        device_name(agent).chars().take(LONGEST_LINE_NAME).collect()
    }

    /// Where a request comes from.
    pub(super) fn source(&self, ask: &Ask) -> Source {
        let (site, prefix, address) = Prefix::places(ask.client, &self.wiring.shared_prefixes);
        Source { site, prefix, address }
    }

    /// The answer with the cookies of a new session, for the request that signed in by that name. The session it came
    /// with ends.
    pub(super) async fn signed_in(
        &self,
        ask: &Ask,
        login: &str,
        answer: Answer,
        signed_in: &SignedIn,
    ) -> Result<Answer, Refusal> {
        let request = ask.stream.request();
        self.wiring.care.is_for(signed_in, request, login)?;
        self.end_replaced(ask).await;
        Ok(self.with_session(ask, answer, signed_in))
    }

    /// The same for the account that a passkey named in the request itself.
    pub(super) async fn signed_in_as(
        &self,
        ask: &Ask,
        account: Option<AccountId>,
        answer: Answer,
        signed_in: &SignedIn,
    ) -> Result<Answer, Refusal> {
        let account = account.ok_or(Code::Internal)?;
        self.wiring.care.is_of(signed_in, ask.stream.request(), account)?;
        self.end_replaced(ask).await;
        Ok(self.with_session(ask, answer, signed_in))
    }

    /// The same for somebody who was signed in already: her account is the one that asked. Her old session has ended.
    pub(super) fn signed_in_anew(
        &self,
        ask: &Ask,
        session: &Session,
        answer: Answer,
        signed_in: &SignedIn,
    ) -> Result<Answer, Refusal> {
        self.wiring.care.is_of(signed_in, ask.stream.request(), session.account())?;
        Ok(self.with_session(ask, answer, signed_in))
    }

    fn with_session(&self, ask: &Ask, answer: Answer, signed_in: &SignedIn) -> Answer {
        let request = ask.stream.request();
        let answer = Answer { personal: Personal::Token(request), ..answer };
        let seconds = signed_in.until.seconds_since(self.wiring.care.now());
        let session =
            cookie::set(&self.wiring.front, self.session_cookie(), &signed_in.token.reveal(), seconds);
        let mark = signed_in.device_mark.map(|mark| BASE64URL_NOPAD.encode(&mark));
        let device = mark
            .and_then(|mark| cookie::set(&self.wiring.front, self.device_cookie(), &mark, DEVICE_SECONDS));
        let cookies = [session, device].into_iter().flatten();
        cookies.fold(answer, |answer, value| answer.with(SET_COOKIE, value))
    }

    /// The answer that ends a session on its device: cookie gone, kept pages forgotten.
    pub(super) fn signed_out(&self, answer: Answer) -> Answer {
        let answer = answer.with(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
        let gone =
            [self.session_cookie(), GIVEN_COOKIE].map(|name| cookie::set(&self.wiring.front, name, "", 0));
        gone.into_iter().flatten().fold(answer, |answer, value| answer.with(SET_COOKIE, value))
    }

    pub(super) const fn session_cookie(&self) -> &'static str {
        cookie::session_cookie(&self.wiring.front)
    }

    const fn device_cookie(&self) -> &'static str {
        if self.wiring.front.is_https() { "__Host-device" } else { "device" }
    }
}

impl Ask {
    /// A fresh idempotency key for a form.
    pub(super) fn form_key(&self) -> String {
        let mut octets = [0; 16];
        self.stream.fill(&mut octets);
        HEXLOWER.encode(&octets)
    }
}

/// What a browser calls itself, in the few words a person knows it by.
fn device_name(agent: &str) -> String {
    // The first that is found counts: later ones stand in the names of earlier ones for history's sake.
    const SYSTEMS: [(&str, &str); 7] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ];
    const BROWSERS: [(&str, &str); 7] = [
        ("Edg", "Edge"),
        ("SamsungBrowser", "Samsung Internet"),
        ("OPR/", "Opera"),
        ("FxiOS", "Firefox"),
        ("Firefox", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
    ];
    let known = |list: &[(&str, &'static str)]| {
        list.iter().find(|(part, _)| agent.contains(part)).map(|(_, word)| *word)
    };
    let browser = known(&BROWSERS).or_else(|| agent.contains("Safari").then_some("Safari"));
    match (known(&SYSTEMS), browser) {
        (Some(system), Some(browser)) => format!("{browser} ({system})"),
        (Some(system), None) => system.to_owned(),
        (None, _) => agent.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_called_what_its_owner_calls_it() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/19.1 Mobile/15E148 Safari/604.1",
                "Safari (iPhone)",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile \
                 Safari/537.36",
                "Chrome (Android)",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 \
                 Safari/537.36 Edg/156.0.0.0",
                "Edge (Windows)",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox (Linux)"),
            ("curl/8.9.1", "curl/8.9.1"),
            ("", ""),
        ] {
            assert_eq!(device_name(agent), name);
        }
        assert_eq!(device_name(&"x".repeat(200)).len(), LONGEST_NAME);
    }
}
