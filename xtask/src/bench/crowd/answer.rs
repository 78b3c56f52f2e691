//! As much of an answer as a crowd looks at.

use std::time::Duration;

/// An answer that has come whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Whether the server closes the connection behind it.
    pub(super) closes: bool,
    /// A place in line, as the cookie that shows it.
    pub(super) place: Option<String>,
    /// When to ask again.
    pub(super) again: Option<Duration>,
}

/// The answer at the beginning of what was read; nothing while it has not come whole.
pub(super) fn whole(read: &[u8]) -> Option<Answer> {
    let (mut at, mut length) = (0, 0);
    let mut answer = Answer { status: 0, closes: false, place: None, again: None };
    loop {
        let rest = read.get(at..)?;
        let line = rest.get(..rest.iter().position(|octet| *octet == b'\n')?)?;
        at += line.len() + 1;
        let line = line.trim_ascii_end();
        if line.is_empty() {
            break;
        }
        if answer.status == 0 {
            answer.status = number(line.get(9..12)?)?.try_into().ok()?;
        } else if let Some(value) = value_of(line, b"content-length: ") {
            length = number(value)?;
        } else if let Some(value) = value_of(line, b"connection: ") {
            answer.closes = value.eq_ignore_ascii_case(b"close");
        } else if let Some(value) = value_of(line, b"retry-after: ") {
            answer.again =
                number(value).and_then(|seconds| Some(Duration::from_secs(seconds.try_into().ok()?)));
        } else if let Some(value) = value_of(line, b"set-cookie: ") {
            let pair = value.split(|octet| *octet == b';').next().unwrap_or(value);
            if pair.starts_with(b"place=") {
                answer.place = String::from_utf8(pair.to_vec()).ok();
            }
        }
    }
    let without_body = answer.status == 204 || answer.status == 304;
    (without_body || read.len() >= at + length).then_some(answer)
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (begins, value) = line.split_at_checked(name.len())?;
    begins.eq_ignore_ascii_case(name).then_some(value)
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_once_it_is_whole() {
        let text = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nSet-Cookie: other=1; Path=/\r\n\
                     Set-Cookie: place=p.1.2; Path=/\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc";
        let answer = Answer {
            status: 429,
            closes: true,
            place: Some("place=p.1.2".to_owned()),
            again: Some(Duration::from_secs(7)),
        };
        assert_eq!(whole(text), Some(answer));
        for length in 0..text.len() {
            assert_eq!(whole(&text[..length]), None, "{length}");
        }
    }

    #[test]
    fn an_answer_may_have_no_body() {
        let answer = whole(b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n").unwrap();
        assert_eq!((answer.status, answer.closes), (204, false));
    }
}
