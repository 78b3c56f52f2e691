//! What is read and what is not, on the test vectors of the standard and on answers that were altered.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;

use super::*;

type Vector = BTreeMap<&'static str, &'static str>;

fn vectors() -> Vec<Vector> {
    let mut found: Vec<Vector> = Vec::new();
    let text = include_str!("../../../seal/src/vectors/webauthn.txt");
    for (name, value) in
        text.lines().filter(|line| !line.starts_with('#')).map(|l| l.split_once(' ').unwrap())
    {
        if name == "algorithm" {
            found.push(Vector::new());
        }
        found.last_mut().unwrap().insert(name, value);
    }
    found
}

fn octets(vector: &Vector, name: &str) -> Vec<u8> {
    HEXLOWER.decode(vector[name].as_bytes()).unwrap()
}

fn site(origin: &str) -> PasskeySite {
    PasskeySite::of_origin(origin).unwrap()
}

/// An answer of a vector in its parts, with what was altered in them.
struct Answer {
    id: Vec<u8>,
    client_data: Vec<u8>,
    said: Vec<u8>,
    signature: Vec<u8>,
}

impl Answer {
    fn of(vector: &Vector) -> Self {
        let [id, client_data] = ["id", "client_data"].map(|name| octets(vector, name));
        let [mut said, signature] = ["authenticator_data", "signature"].map(|name| octets(vector, name));
        // The vectors of the standard show nobody who was recognised.
        said[32] |= VERIFIED;
        Self { id, client_data, said, signature }
    }

    fn told(mut self, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.client_data).unwrap();
        assert!(text.contains(from), "{text}");
        self.client_data = text.replacen(from, to, 1).into_bytes();
        self
    }

    fn flags(mut self, change: impl FnOnce(u8) -> u8) -> Self {
        self.said[32] = change(self.said[32]);
        self
    }

    fn read(&self, site: &PasskeySite) -> Option<Assertion> {
        let [id, client_data, authenticator_data, signature] =
            [&self.id, &self.client_data, &self.said, &self.signature]
                .map(|part| BASE64URL_NOPAD.encode(part));
        let handle = BASE64URL_NOPAD.encode(&[7; 16]);
        let (id, handle, client_data) = (&*id, &*handle, &*client_data);
        let (authenticator_data, signature) = (&*authenticator_data, &*signature);
        Assertion::read(&PasskeyShown { id, handle, client_data, authenticator_data, signature }, site)
    }
}

fn made(vector: &Vector, said: &[u8], site: &PasskeySite) -> Option<Made> {
    let [id, key, client_data] =
        ["id", "key", "create_client_data"].map(|name| BASE64URL_NOPAD.encode(&octets(vector, name)));
    let authenticator_data = BASE64URL_NOPAD.encode(said);
    let (id, key, client_data) = (&*id, &*key, &*client_data);
    let (authenticator_data, algorithm) = (&*authenticator_data, vector["algorithm"].parse().unwrap());
    Made::read(&PasskeyMade { id, client_data, authenticator_data, key, algorithm }, site)
}

#[test]
fn what_the_standard_makes_is_read_where_its_owner_was_recognised() {
    let ours = site("https://example.org");
    let mut recognised = 0;
    for vector in vectors() {
        let mut said = octets(&vector, "create_authenticator_data");
        let is_recognised = said[32] & VERIFIED != 0;
        recognised += usize::from(is_recognised);
        assert_eq!(made(&vector, &said, &ours).is_some(), is_recognised, "{}", vector["algorithm"]);
        said[32] |= VERIFIED;
        let read = made(&vector, &said, &ours).unwrap();
        assert_eq!(read.challenge, octets(&vector, "create_challenge"));
        assert_eq!((read.id, read.key), (octets(&vector, "id"), octets(&vector, "key")));
        assert!(made(&vector, &said, &site("https://example.com")).is_none(), "of another host");
        for (what, at) in [("another host", 0), ("another id", 60), ("another length", 54)] {
            let mut other = said.clone();
            other[at] ^= 1;
            assert!(made(&vector, &other, &ours).is_none(), "{what}");
        }
        let mut no_key = said.clone();
        no_key[32] &= !NEW_KEY;
        assert!(made(&vector, &no_key, &ours).is_none());
        for length in 0..87 {
            assert!(made(&vector, &said[..length], &ours).is_none(), "cut at {length}");
        }
    }
    assert_eq!(recognised, 1, "one of the vectors shows it by itself");
}

#[test]
fn an_answer_is_of_our_page_our_host_and_a_recognised_owner_or_it_is_none() {
    let ours = site("https://example.org");
    for vector in vectors() {
        let answer = || Answer::of(&vector);
        let read = answer().read(&ours).unwrap();
        assert_eq!((read.challenge, read.counter), (octets(&vector, "challenge"), 0));
        let origin = "\"https://example.org\"";
        let none: [(&str, Answer); 13] = [
            ("nobody was recognised", answer().flags(|flags| flags & !VERIFIED)),
            ("nobody was there", answer().flags(|flags| flags & !PRESENT)),
            ("a copy of what cannot be copied", answer().flags(|flags| flags & !MAY_BE_COPIED | IS_COPIED)),
            ("a new key", answer().flags(|flags| flags | NEW_KEY)),
            ("another origin", answer().told(origin, "\"https://example.org.evil.example\"")),
            ("another scheme", answer().told(origin, "\"http://example.org\"")),
            ("another port", answer().told(origin, "\"https://example.org:8443\"")),
            ("another kind", answer().told("webauthn.get", "webauthn.create")),
            ("in a frame", answer().told("\"crossOrigin\":false", "\"crossOrigin\":true")),
            (
                "under another",
                answer().told("\"crossOrigin\":false", "\"topOrigin\":\"https://example.org\""),
            ),
            ("said twice", answer().told("\"crossOrigin\":false", "\"origin\":\"https://example.org\"")),
            ("no JSON", answer().told("{", "")),
            ("more than there is", Answer { said: [answer().said, vec![0]].concat(), ..answer() }),
        ];
        for (what, answer) in none {
            assert!(answer.read(&ours).is_none(), "{what}, {}", vector["algorithm"]);
        }
        assert!(answer().flags(|flags| flags | EXTENDED).read(&ours).is_some(), "with an extension");
        for length in 0..37 {
            let cut = Answer { said: answer().said[..length].to_vec(), ..answer() };
            assert!(cut.read(&ours).is_none(), "cut at {length}");
        }
        let at_another = answer().read(&site("https://sub.example.org"));
        assert!(at_another.is_none() && answer().read(&site("https://example.com")).is_none());
    }
}

#[test]
fn a_site_of_passkeys_has_a_name_and_is_safe() {
    for (origin, host) in [
        ("https://my.example.jp", Some("my.example.jp")),
        ("https://my.example.jp:8443", Some("my.example.jp")),
        ("http://localhost:8080", Some("localhost")),
        ("http://my.example.jp", None),
        ("https://192.0.2.1", None),
        ("https://[2001:db8::1]", None),
        ("https://my.example.jp/", None),
        ("https://My.example.jp", None),
        ("https://my..example.jp", None),
        ("https://user@my.example.jp", None),
        ("https://my.example.jp:x", None),
        ("my.example.jp", None),
        ("https://", None),
    ] {
        assert_eq!(PasskeySite::of_origin(origin).as_ref().map(PasskeySite::host), host, "{origin}");
    }
}
