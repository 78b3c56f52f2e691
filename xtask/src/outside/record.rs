//! The record of a round (HAR 1.2): every question and answer, octet by octet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use honnin_drill::scan::{Piece, Scanner, Vocabulary};
use serde_json::Value;

use crate::Failure;

/// What stands in place of an id.
const ID: &str = "ID";

/// One question and its answer.
#[derive(Debug)]
struct Exchange {
    method: String,
    /// Path and query; the ids of the round are replaced.
    path: String,
    has_id: bool,
    /// The token that was shown; empty for none.
    token: String,
    status: i64,
    head: Vec<u8>,
    body: Vec<u8>,
}

/// A round.
#[derive(Debug)]
pub(super) struct Record(Vec<Exchange>);

impl Record {
    /// Reads the record of a round in which those ids stood in the paths.
    pub(super) fn read(path: &Path, ids: &[&str]) -> Result<Self, Failure> {
        let text = fs::read(path).map_err(|error| format!("read {}: {error}", path.display()))?;
        let har: Value = serde_json::from_slice(&text)?;
        let entries =
            har.pointer("/log/entries").and_then(Value::as_array).ok_or("a record without entries")?;
        let read =
            |entry| exchange(entry, ids).ok_or_else(|| Failure::from("an entry of the record is not whole"));
        Ok(Self(entries.iter().filter(|entry| was_answered(entry)).map(read).collect::<Result<_, _>>()?))
    }

    /// How many answers there are.
    pub(super) const fn answers(&self) -> usize {
        self.0.len()
    }

    /// How many questions had an id of the round in their path.
    pub(super) fn asked_with_ids(&self) -> usize {
        self.0.iter().filter(|exchange| exchange.has_id).count()
    }

    /// Answers in which somebody was told of more than one person. Whose a token is need not be known: whoever shows it
    /// is one person, and may be told of one.
    pub(super) fn mixed(&self, vocabulary: &Vocabulary) -> Vec<String> {
        let scanner = Scanner::new(vocabulary);
        let mut told: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut wrong = Vec::new();
        for exchange in &self.0 {
            let Exchange { method, path, token, head, body, .. } = exchange;
            let pieces = [
                Piece { place: "head", octets: head, coding: "" },
                Piece { place: "body", octets: body, coding: "" },
            ];
            let found = scanner.scan(None, &pieces);
            wrong.extend(
                found.unread.iter().map(|what| format!("{method} {path}: could not look into {what}")),
            );
            let people: BTreeSet<String> =
                found.foreign.into_iter().map(|sighting| sighting.account).collect();
            if token.is_empty() && !people.is_empty() {
                wrong.push(format!("{method} {path} tells nobody of {people:?}"));
            }
            let known = told.entry(token).or_default();
            known.extend(people);
            if known.len() > 1 && !token.is_empty() {
                wrong.push(format!("{method} {path}: who asks is told of {known:?}"));
            }
        }
        wrong
    }

    /// How another's ids are answered otherwise than nobody's.
    pub(super) fn differs(&self, nobodys: &Self) -> Vec<String> {
        let answers = |record: &Self| -> BTreeMap<(String, String), BTreeSet<(i64, String)>> {
            let mut answers: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
            for exchange in record.0.iter().filter(|exchange| exchange.has_id) {
                let path = exchange.path.split('?').next().unwrap_or_default().to_owned();
                let body = String::from_utf8_lossy(&exchange.body).into_owned();
                answers.entry((exchange.method.clone(), path)).or_default().insert((exchange.status, body));
            }
            answers
        };
        let (theirs, none) = (answers(self), answers(nobodys));
        let mut wrong = Vec::new();
        for (what, answered) in &theirs {
            let (method, path) = what;
            if answered.iter().any(|(status, _)| (200..300).contains(status)) {
                wrong.push(format!("{method} {path} with another's id is done"));
            }
            if none.get(what) != Some(answered) {
                wrong.push(format!(
                    "{method} {path} with another's id is answered otherwise than with nobody's"
                ));
            }
        }
        if theirs.is_empty() {
            wrong.push("no question had another's id in it".to_owned());
        }
        wrong
    }
}

/// Whether an answer came at all: a question that could not be sent has none.
fn was_answered(entry: &Value) -> bool {
    entry.pointer("/response/status").and_then(Value::as_i64).is_some_and(|status| status > 0)
}

fn exchange(entry: &Value, ids: &[&str]) -> Option<Exchange> {
    let text = |at: &str| entry.pointer(at).and_then(Value::as_str);
    let url = text("/request/url")?;
    let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    let has_id = ids.iter().any(|id| path.contains(id));
    let path = ids.iter().fold(path.to_owned(), |path, id| path.replace(id, ID));
    let headers = |at: &str| entry.pointer(at).and_then(Value::as_array).cloned().unwrap_or_default();
    let pair = |header: &Value| {
        Some((header.get("name")?.as_str()?.to_ascii_lowercase(), header.get("value")?.as_str()?.to_owned()))
    };
    let (asked, sent) = (headers("/request/headers"), headers("/response/headers"));
    let shown = asked.iter().filter_map(pair).find(|(name, _)| name == "authorization");
    let lines = sent.iter().filter_map(pair).map(|(name, value)| [name, value].join(": "));
    let head = lines.collect::<Vec<_>>().join("\n");
    let body = text("/response/content/text").unwrap_or_default();
    let body = if text("/response/content/encoding") == Some("base64") {
        data_encoding::BASE64.decode(body.as_bytes()).ok()?
    } else {
        body.as_bytes().to_vec()
    };
    Some(Exchange {
        method: text("/request/method")?.to_owned(),
        path,
        has_id,
        token: shown.map(|(_, value)| value).unwrap_or_default(),
        status: entry.pointer("/response/status")?.as_i64()?,
        head: head.into_bytes(),
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_drill::scan::Marked;
    use serde_json::json;

    const LINE: &str = "0123456789abcdef0123456789abcdef";

    fn record(entries: &[(&str, &str, i64, &str)]) -> Record {
        let entry = |(path, token, status, body): &(&str, &str, i64, &str)| {
            let header = json!({ "name": "Authorization", "value": token });
            let content =
                json!({ "text": data_encoding::BASE64.encode(body.as_bytes()), "encoding": "base64" });
            let request =
                json!({ "method": "GET", "url": format!("http://127.0.0.1:1{path}"), "headers": [header] });
            let response = json!({ "status": status, "headers": [], "content": content });
            exchange(&json!({ "request": request, "response": response }), &[LINE]).unwrap()
        };
        Record(entries.iter().map(entry).collect())
    }

    #[test]
    fn somebody_told_of_two_is_found_and_nobody_told_of_one() {
        let row = |account: &str, text: &str| Marked {
            account: account.to_owned(),
            line: None,
            text: vec![text.to_owned()],
            numbers: Vec::new(),
        };
        let vocabulary =
            Vocabulary::new(&[row("a", "wmabcdefghij23"), row("b", "wmabcdefghij24")]).unwrap_or_default();
        let wrong = |entries: &[(&str, &str, i64, &str)]| record(entries).mixed(&vocabulary).len();
        assert_eq!(wrong(&[("/me", "t", 200, "wmabcdefghij23"), ("/x", "u", 200, "wmabcdefghij24")]), 0);
        assert_eq!(wrong(&[("/me", "t", 200, "wmabcdefghij23"), ("/x", "t", 200, "wmabcdefghij24")]), 1);
        assert_eq!(wrong(&[("/me", "", 200, "wmabcdefghij23")]), 1);
    }

    #[test]
    fn anothers_id_that_is_answered_otherwise_than_nobodys_is_found() {
        let path = format!("/lines/{LINE}?a=b");
        let absent = record(&[(&path, "t", 404, "{}")]);
        assert_eq!(record(&[(&path, "t", 404, "{}")]).differs(&absent), Vec::<String>::new());
        assert_eq!(record(&[(&path, "t", 404, "{ }")]).differs(&absent).len(), 1);
        assert_eq!(record(&[(&path, "t", 200, "{}")]).differs(&absent).len(), 2);
        assert_eq!(record(&[("/me", "t", 200, "{}")]).differs(&absent).len(), 1, "nothing was asked");
    }
}
