//! Requests: every route of the table with any path parameter, query, headers and body, signed in and not.

use crate::house::{Face, House, PASSWORD, Person};
use crate::wire::{End, answer};
use crate::{Failure, Target, hold};

/// The route table as it is written down for people; a test of `web` keeps it true.
const ROUTES: &str = include_str!("../../../docs/reference/routes.md");

/// Well-formed requests with any content.
///
/// The first line names the route as the table does (`GET /lines/{line}`; any other line stands for some route), the
/// octet after it says who asks and what the body is called; then, each ended by a line feed, the path's parameter, the query and the headers' values (cookie, idempotency key, `Accept`, `Origin`); the rest is the body.
/// In each, `{line}`, `{bill}`, `{login}`, `{password}`, `{other-line}` and `{other-bill}` stand for what they say.
#[derive(Debug)]
pub struct Requests {
    house: House,
    routes: Vec<(&'static str, &'static str)>,
}

/// Method and path of every row.
fn routes() -> Vec<(&'static str, &'static str)> {
    let row = |line: &'static str| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let (method, path) = (cells.next()?, cells.next()?);
        Some((method, path.strip_prefix('`')?.strip_suffix('`')?))
    };
    ROUTES.lines().filter_map(row).collect()
}

/// Who asks, and how the body is called.
#[derive(Debug, Clone, Copy)]
struct Manner(u8);

impl Manner {
    const fn is_signed_in(self) -> bool {
        self.0 & 3 != 0
    }

    /// The header that says who asks.
    fn credential(self, own: &Person) -> String {
        match self.0 & 3 {
            0 => String::new(),
            1 => format!("Authorization: Bearer {}\r\n", own.token),
            _ => format!("Cookie: session={}\r\n", own.token),
        }
    }

    const fn content_type(self) -> &'static str {
        match (self.0 >> 2) & 3 {
            0 => "application/json",
            1 => "application/x-www-form-urlencoded",
            2 => "text/plain",
            _ => "multipart/form-data; boundary=x",
        }
    }
}

/// Octets that may stand in a path or a query as they are; all others are percent-encoded, so that the request reaches
/// a route. What is no request at all is the business of `connection`.
fn written(octets: &[u8]) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~%=&+/,;:@!$'()*".contains(&octet);
    let each = octets
        .iter()
        .map(|octet| if plain(*octet) { char::from(*octet).to_string() } else { format!("%{octet:02X}") });
    each.collect()
}

/// A header's value: without the octets that would end the line.
fn value(octets: &[u8]) -> Vec<u8> {
    octets.iter().copied().filter(|octet| *octet == b'\t' || (*octet >= b' ' && *octet != 0x7F)).collect()
}

/// Puts in what names in braces stand for.
pub(crate) fn filled(octets: &[u8], names: &[(&str, &str)]) -> Vec<u8> {
    let mut filled = octets.to_vec();
    for (name, stands_for) in names {
        let name = name.as_bytes();
        while let Some(at) = filled.windows(name.len()).position(|window| window == name) {
            filled.splice(at..at + name.len(), stands_for.bytes());
        }
    }
    filled
}

impl Requests {
    /// The row that line names; some other row where it names none.
    fn route(&self, line: &[u8]) -> Option<(&'static str, &'static str)> {
        let named = |(method, path): &&(&str, &str)| line == format!("{method} {path}").as_bytes();
        let some = line.iter().map(|octet| usize::from(*octet)).sum::<usize>() % self.routes.len().max(1);
        self.routes.iter().find(named).or_else(|| self.routes.get(some)).copied()
    }

    fn request(&self, (method, pattern): (&str, &str), manner: Manner, rest: &[u8]) -> Vec<u8> {
        let House { own, other, .. } = &self.house;
        let names = [
            ("{line}", own.line.as_str()),
            ("{bill}", &own.bill),
            ("{login}", &own.login),
            ("{password}", PASSWORD),
            ("{other-line}", &other.line),
            ("{other-bill}", &other.bill),
        ];
        let rest = filled(rest, &names);
        let mut parts = rest.splitn(7, |octet| *octet == b'\n');
        let mut next = || parts.next().unwrap_or_default();
        let (parameter, query) = (written(next()), written(next()));
        let path = match (pattern.split_once('{'), pattern.split_once('}')) {
            (Some((before, _)), Some((_, after))) => format!("{before}{parameter}{after}"),
            _ => pattern.to_owned(),
        };
        let mark = if query.is_empty() { "" } else { "?" };
        let mut head = format!(
            "{method} {path}{mark}{query} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nContent-Type: {}\r\n{}",
            manner.content_type(),
            manner.credential(own)
        )
        .into_bytes();
        for name in ["Cookie", "Idempotency-Key", "Accept", "Origin"] {
            let value = value(next());
            if !value.is_empty() {
                head.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
            }
        }
        let body = next();
        head.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
        head.extend(body);
        head
    }
}

impl Target for Requests {
    const NAME: &'static str = "request";

    fn open() -> Result<Self, Failure> {
        let routes = routes();
        if routes.len() < 40 {
            return Err("docs/reference/routes.md names too few routes".into());
        }
        Ok(Self { house: House::open()?, routes })
    }

    fn play(&mut self, octets: &[u8]) -> Result<(), String> {
        let Some(end) = octets.iter().position(|octet| *octet == b'\n') else { return Ok(()) };
        let (line, rest) = octets.split_at(end);
        let (Some(route), [_, manner, rest @ ..]) = (self.route(line), rest) else { return Ok(()) };
        let manner = Manner(*manner);
        let request = self.request(route, manner, rest);
        let came = self.house.exchange(Face::Bare, &request, End::Theirs)?;
        // Whoever is nobody is shown nobody; whoever says a name may be told that name again.
        let is_somebody = manner.is_signed_in() || rest.windows(7).any(|window| window == b"{login}");
        self.house.look(is_somebody, &came)?;
        let (method, path) = route;
        let Some((status, _)) = answer(&came) else {
            return Err(format!("{method} {path} is not answered: {}", String::from_utf8_lossy(&came)));
        };
        hold(status < 500, || format!("{method} {path} is answered {status}"))?;
        if method == "GET" { Ok(()) } else { self.house.go_on() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_the_line_is_written_otherwise() {
        assert_eq!(written(b"a b\r\n\xff?#%41"), "a%20b%0D%0A%FF%3F%23%41");
        assert_eq!(value(b"a\r\nX: y\0\x7f\xff"), b"aX: y\xff");
        assert_eq!(filled(b"/{line}/{line}x{bill", &[("{line}", "7")]), b"/7/7x{bill");
    }

    #[test]
    fn every_row_of_the_route_table_is_asked() {
        let routes = routes();
        assert!(routes.contains(&("PUT", "/api/v1/lines/{line}/speed")) && routes.contains(&("GET", "/")));
        assert!(routes.iter().all(|(method, path)| path.starts_with('/') && *method != "method"));
    }
}
