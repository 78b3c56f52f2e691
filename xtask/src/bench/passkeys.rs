//! Sign-ins by passkey at a server as subscribers meet it: over TLS and HTTP/2, on connections that are kept, each person with
//! a passkey that was made on her page before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use honnin_drill::client::{Answer, Limits, Request, Streams, Target};
use honnin_drill::harness::{CERTIFICATE, KEY};
use honnin_testkit::Authenticator;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{SignatureScheme, SupportedCipherSuite};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::ground::Subject;
use super::server::Server;
use super::{Run, machine, stats};
use crate::Failure;

/// People who sign in over and over: so many that none of them has more sessions by it than an account may have.
pub(super) const PEOPLE: usize = 2_048;
/// How many of them do so at the same time, each over a connection of their own.
pub(super) const AT_ONCE: usize = 64;
/// How often personal pages are asked for until the canaries have seen that they may be shown.
const LOOKS: usize = 300;

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByPasskey {
    /// Sign-ins a second on the server's core.
    pub(super) a_second: f64,
    /// Microseconds of the server's processor time for one.
    pub(super) micros: f64,
}

/// Signs these people in at a server of that origin, on the crowd's core.
pub(super) fn sign_ins(
    run: &Run,
    (server, origin): (&Server, &str),
    people: &[Subject],
) -> Result<ByPasskey, Failure> {
    let people = people.get(..PEOPLE).unwrap_or(people);
    let times = (run.time(1), run.time(5));
    let played = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            machine::with_the_crowd().map_err(|error| error.to_string())?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|error| error.to_string())?.block_on(measure(server, origin, people, times))
        });
        thread.join()
    });
    Ok(played.map_err(|_| Failure::from("the crowd's thread ended before its time"))??)
}

/// What all of them share.
#[derive(Default)]
struct Course {
    done: AtomicUsize,
    is_over: AtomicBool,
}

async fn measure(
    server: &Server,
    origin: &str,
    people: &[Subject],
    (warm, time): (Duration, Duration),
) -> Result<ByPasskey, String> {
    let target = Target::new(server.address, false).map_err(|error| error.to_string())?;
    let first = people.first().ok_or("there are no accounts to sign in")?;
    are_open(&mut connection(target).await?, first).await?;
    let mut registering = JoinSet::new();
    for some in people.chunks(people.len().div_ceil(AT_ONCE)) {
        registering.spawn(registered(target, origin.to_owned(), some.to_vec()));
    }
    let course = Arc::new(Course::default());
    let mut all = Vec::with_capacity(AT_ONCE);
    while let Some(registered) = registering.join_next().await {
        all.push(registered.map_err(|error| error.to_string())??);
    }
    let mut signing = JoinSet::new();
    for (streams, phones) in all {
        signing.spawn(sign_in_again_and_again(streams, phones, Arc::clone(&course)));
    }
    sleep(warm).await;
    let (done, spent) = (course.done.load(Ordering::Relaxed), server.processor());
    sleep(time).await;
    let (done, spent) = (course.done.load(Ordering::Relaxed) - done, server.processor() - spent);
    course.is_over.store(true, Ordering::Relaxed);
    while let Some(ended) = signing.join_next().await {
        ended.map_err(|error| error.to_string())??;
    }
    let count = stats::count(done);
    let by_passkey = ByPasskey { a_second: count / time.as_secs_f64(), micros: spent * 1e6 / count };
    if done == 0 {
        return Err("nobody is signed in by a passkey".to_owned());
    }
    println!(
        "  {:.0} sign-ins by passkey a second, {:.0} µs of processor time each",
        by_passkey.a_second, by_passkey.micros
    );
    Ok(by_passkey)
}

async fn connection(target: Target) -> Result<Streams, String> {
    let opened = Streams::open(target, CERTIFICATE, Limits::default()).await;
    opened.map_err(|error| format!("cannot open a connection: {error}"))
}

/// Asks, and takes nothing for an answer but what was asked for.
async fn answered(streams: &mut Streams, request: &Request, wanted: u16) -> Result<Answer, String> {
    let exchange = streams.exchange(request).await;
    let asked = || format!("{} {}", request.method(), request.path());
    if let Some(broken) = exchange.broken {
        return Err(format!("{} was not answered: {broken}", asked()));
    }
    let answer = exchange.answer;
    if answer.status == wanted {
        Ok(answer)
    } else {
        Err(format!("{} was answered {} {}", asked(), answer.status, answer.text()))
    }
}

/// Waits until personal pages are shown: canaries look at them first.
async fn are_open(streams: &mut Streams, subject: &Subject) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..LOOKS {
        match answered(streams, &page_of(subject), 200).await {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err(last)
}

/// The path of the page where passkeys are made.
const PAGE: &str = "/account/passkeys";

/// Over https the same session has another name.
fn cookie_of(subject: &Subject) -> String {
    format!("__Host-{}", subject.cookie)
}

fn page_of(subject: &Subject) -> Request {
    Request::get(PAGE).header("cookie", &cookie_of(subject)).header("accept", "text/html")
}

/// A telephone: a passkey, and the cookie by which it is known.
struct Phone {
    passkey: Authenticator,
    known_by: Option<String>,
}

/// Makes a passkey for each of them on her page.
async fn registered(
    target: Target,
    origin: String,
    people: Vec<Subject>,
) -> Result<(Streams, Vec<Phone>), String> {
    let mut streams = connection(target).await?;
    let mut phones = Vec::with_capacity(people.len());
    for subject in &people {
        let page = answered(&mut streams, &page_of(subject), 200).await?.text();
        let said = |name: &str| {
            let found = between(&page, &format!("{name}=\""), "\"");
            found.ok_or_else(|| format!("{PAGE} has no {name}"))
        };
        let mut passkey = authenticator(&origin)?;
        let made = passkey.make(said("data-challenge")?, said("data-handle")?);
        let form = format!(
            "name=Pixel&id={}&client_data={}&authenticator_data={}&key={}&algorithm={}",
            made.id, made.client_data, made.authenticator_data, made.key, made.algorithm
        );
        let kept = Request::new("POST", PAGE)
            .header("cookie", &cookie_of(subject))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.as_bytes());
        answered(&mut streams, &kept, 303).await?;
        phones.push(Phone { passkey, known_by: None });
    }
    Ok((streams, phones))
}

async fn sign_in_again_and_again(
    mut streams: Streams,
    mut phones: Vec<Phone>,
    course: Arc<Course>,
) -> Result<(), String> {
    loop {
        for phone in &mut phones {
            if course.is_over.load(Ordering::Relaxed) {
                return Ok(());
            }
            phone.sign_in(&mut streams).await?;
            course.done.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Phone {
    /// Challenge and answer, as a browser asks: with the cookie of the device once it has one.
    async fn sign_in(&mut self, streams: &mut Streams) -> Result<(), String> {
        let challenge = Request::get("/api/v1/sessions/passkey/challenge");
        let given = answered(streams, &challenge, 200).await?;
        let given: Value = serde_json::from_slice(&given.body).map_err(|error| error.to_string())?;
        let challenge = given.get("challenge").and_then(Value::as_str).ok_or("there is no challenge")?;
        let shown = self.passkey.show(challenge);
        let body = json!({
            "id": shown.id,
            "user_handle": shown.handle,
            "client_data": shown.client_data,
            "authenticator_data": shown.authenticator_data,
            "signature": shown.signature,
        });
        let mut request = Request::new("POST", "/api/v1/sessions/passkey")
            .header("content-type", "application/json")
            .body(body.to_string().as_bytes());
        if let Some(known_by) = &self.known_by {
            request = request.header("cookie", known_by);
        }
        let answer = answered(streams, &request, 201).await?;
        let mut cookies = answer.header("set-cookie").filter_map(|value| value.split(';').next());
        if let Some(device) = cookies.find(|cookie| cookie.starts_with("__Host-device=")) {
            self.known_by = Some(device.to_owned());
        }
        Ok(())
    }
}

/// What stands in a page between those.
fn between<'a>(page: &'a str, before: &str, behind: &str) -> Option<&'a str> {
    page.split_once(before)?.1.split_once(behind).map(|(found, _)| found)
}

fn sha256(octets: &[u8]) -> [u8; 32] {
    let hash = match TLS13_AES_128_GCM_SHA256 {
        SupportedCipherSuite::Tls13(suite) => suite.common.hash_provider.hash(octets),
        SupportedCipherSuite::Tls12(suite) => suite.common.hash_provider.hash(octets),
    };
    hash.as_ref().try_into().unwrap_or_default()
}

/// A passkey that signs as telephones do (ES256). The key of the drills' certificate is on the same curve and serves for all
/// of them: passkeys are looked for among those of their account.
fn authenticator(origin: &str) -> Result<Authenticator, String> {
    let unusable = |error: &dyn std::fmt::Display| format!("cannot sign with the key of the drills: {error}");
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).map_err(|error| unusable(&error))?;
    let key = any_ecdsa_type(&key).map_err(|error| unusable(&error))?;
    let signer = key.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256]);
    let (public, signer) = key.public_key().zip(signer).ok_or_else(|| unusable(&"it is on another curve"))?;
    // A signature that could not be made is one the server refuses.
    let sign = Box::new(move |text: &[u8]| signer.sign(text).unwrap_or_default());
    Ok(Authenticator::new(origin, (public.to_vec(), -7), sha256, sign))
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
    use rustls::crypto::aws_lc_rs::default_provider;

    use super::*;

    #[test]
    fn what_a_passkey_signs_verifies_by_the_key_it_tells() {
        let mut passkey = authenticator("https://localhost:7").unwrap();
        let made = passkey.make("c", "h");
        assert_eq!(made.algorithm, -7);
        let shown = passkey.show("c");
        let octets = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        let said = octets(&shown.authenticator_data);
        assert_eq!(said[..32], sha256(b"localhost"), "it is told of the host alone");
        let text = [said.as_slice(), &sha256(&octets(&shown.client_data))].concat();
        // A point of P-256, uncompressed, is the end of its SubjectPublicKeyInfo.
        let key = octets(&made.key);
        let point = &key[key.len() - 65..];
        let provider = default_provider();
        let (_, verifies) = provider
            .signature_verification_algorithms
            .mapping
            .iter()
            .find(|(scheme, _)| *scheme == SignatureScheme::ECDSA_NISTP256_SHA256)
            .unwrap();
        let signature = octets(&shown.signature);
        let is_signed =
            |text: &[u8]| verifies.iter().any(|one| one.verify_signature(point, text, &signature).is_ok());
        assert!(is_signed(&text));
        assert!(!is_signed(&text[1..]));
    }

    #[test]
    fn a_hash_is_the_one_of_the_standard() {
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(HEXLOWER.encode(&sha256(b"abc")), of_abc);
    }

    #[test]
    fn what_a_page_says_is_found() {
        let page = "<form data-challenge=\"abc\" data-handle=\"def\">";
        assert_eq!(between(page, "data-handle=\"", "\""), Some("def"));
        assert_eq!(between(page, "data-login=\"", "\""), None);
    }
}
