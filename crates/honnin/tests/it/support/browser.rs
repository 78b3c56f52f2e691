//! A small browser: cookies by hand, redirects as answers.

use std::collections::BTreeMap;
use std::time::Duration;

use ureq::http::{Request, Response};
use ureq::{Agent, Body};

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Status code.
    pub status: u16,
    /// Header fields in lower case; the last of a name.
    pub headers: BTreeMap<String, String>,
    /// The body as text.
    pub body: String,
}

/// A browser on one site.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    site: String,
    agent: Agent,
    /// Its cookies by name.
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A browser without cookies.
    pub(crate) fn new(site: &str) -> Self {
        let config = Agent::config_builder().max_redirects(0).http_status_as_error(false);
        let config = config.timeout_global(Some(Duration::from_mins(1))).allow_non_standard_methods(true);
        Self { site: site.to_owned(), agent: config.build().into(), cookies: BTreeMap::new() }
    }

    /// The same site under another address, after a new start.
    pub(crate) fn moved_to(&mut self, site: &str) {
        site.clone_into(&mut self.site);
    }

    /// A browser with a cookie as `--sessions-out` writes it: `name=value`.
    pub(crate) fn with_cookie(mut self, cookie: &str) -> Self {
        let (name, value) = cookie.split_once('=').expect("name=value");
        self.cookies.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Gets a path.
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    /// What is shown of all her lines and bills, as the API has it.
    pub(crate) fn figures(&mut self) -> String {
        let me: serde_json::Value = serde_json::from_str(&self.get("/api/v1/me").body).unwrap();
        let mut all = String::new();
        for line in me["lines"].as_array().unwrap() {
            let line = line["line"].as_str().unwrap();
            for what in ["contract", "purchases", "buckets", "usage?month=2026-10"] {
                let answer = self.get(&format!("/api/v1/lines/{line}/{what}"));
                assert_eq!(answer.status, 200, "{}", answer.body);
                all.push_str(&answer.body);
            }
        }
        all.push_str(&self.get("/api/v1/bills").body);
        all
    }

    /// Posts a form as a page of the site does.
    pub(crate) fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        let origin = self.site.clone();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        self.ask("POST", path, &headers, &pairs.join("&"))
    }

    /// Sends JSON as a program does.
    pub(crate) fn send_json(&mut self, method: &str, path: &str, body: &str) -> Answer {
        self.ask(method, path, &[("content-type", "application/json")], body)
    }

    /// Signs in through the JSON API and keeps the cookie.
    ///
    /// # Panics
    /// Where it is refused.
    pub(crate) fn sign_in(&mut self, login: &str, password: &str) -> Answer {
        let body = format!(r#"{{"login":"{login}","password":"{password}"}}"#);
        let answer = self.send_json("POST", "/api/v1/sessions", &body);
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer
    }

    /// Asks with any method, header fields and body.
    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.try_ask(method, path, headers, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Asks somebody who may be gone before the answer is.
    pub(crate) fn try_ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.site));
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", pairs.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = if body.is_empty() && method == "GET" {
            self.agent.run(request.body(()).expect("a request"))
        } else {
            self.agent.run(request.body(body).expect("a request"))
        };
        self.read(answer?)
    }

    fn read(&mut self, mut answer: Response<Body>) -> Result<Answer, ureq::Error> {
        for set in answer.headers().get_all("set-cookie") {
            let set = set.to_str().expect("a cookie is ASCII");
            let (name, rest) = set.split_once('=').expect("name=value");
            match rest.split(';').next().unwrap_or_default() {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec()?;
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value.as_bytes())));
        Ok(Answer { status: answer.status().as_u16(), headers: headers.collect(), body: text(&body) })
    }
}

fn percent(text: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric();
    let written =
        |octet: u8| if plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") };
    text.bytes().map(written).collect()
}
