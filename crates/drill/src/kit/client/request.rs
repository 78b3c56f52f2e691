//! A request, written as it is said: nothing is added that was not asked for, nothing is checked.

use bytes::Bytes;
use http_body_util::Full;

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// `GET`.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// The same with one more header; the same name may come twice.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a body; its length is said unless a header already says one.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path, with its query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same for a stream of HTTP/2; nothing where it cannot be said there.
    pub(super) fn of_stream(&self) -> Option<http::Request<Full<Bytes>>> {
        let Self { method, path, headers, body } = self;
        let mut request = http::Request::builder().method(method.as_str());
        request = request.uri(format!("https://localhost{path}")).version(http::Version::HTTP_2);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(Full::new(Bytes::from(body.clone()))).ok()
    }

    /// The octets that are sent to `host`.
    pub fn octets(&self, host: &str) -> Vec<u8> {
        let Self { method, path, headers, body } = self;
        let said = |name: &str| headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        let mut line = |name: &str, value: &str| {
            head.extend([name, ": ", value, "\r\n"]);
        };
        if !said("host") {
            line("host", host);
        }
        if !said("content-length")
            && !said("transfer-encoding")
            && (!body.is_empty() || method == "POST" || method == "PUT")
        {
            line("content-length", &body.len().to_string());
        }
        for (name, value) in headers {
            line(name, value);
        }
        head.push_str("\r\n");
        [head.as_bytes(), body].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_it_was_told_and_no_more() {
        let request = Request::new("POST", "/a?b").header("X-MSISDN", "1").header("x-msisdn", "2").body(b"c");
        let expected =
            "POST /a?b HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\nX-MSISDN: 1\r\nx-msisdn: 2\r\n\r\nc";
        assert_eq!(request.octets("h"), expected.as_bytes());
        let request = Request::get("/").header("Host", "other");
        assert_eq!(request.octets("h"), b"GET / HTTP/1.1\r\nHost: other\r\n\r\n");
    }
}
