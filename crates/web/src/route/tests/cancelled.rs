//! A request that is dropped at any of its awaits leaves nothing of it to whoever asks next.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use honnin_front::{Call, Turn};
use honnin_journal::Trust;
use honnin_seal::VerifyingKey;
use honnin_terms::{Entropy, Stream};
use honnin_testkit::SeededEntropy;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};

use super::coverage::{body_of, is_signed_in, path_of};
use super::house::{House, Subscriber};
use crate::route::routes::TABLE;
use crate::route::table::{Route, Verb};

/// More polls than any request needs.
const MOST_POLLS: usize = 200;
/// How often one who is told that there is no room asks again.
const TRIES: usize = 400;

/// Polls at most so often, then gives up: the future is dropped where it stands.
async fn polled<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

pub(super) fn request(route: &Route, who: &Subscriber, house: &House, turn: u64) -> Request<Full<Bytes>> {
    let (headers, body) = body_of(route);
    let mut request = Request::builder().method(route.verb.word()).uri(path_of(route, who, house));
    request = request.header("host", "a.example").header("cookie", &who.cookie);
    for line in headers.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        // A key of its own each time, so that no answer is a repeated one.
        let value = if name == "Idempotency-Key" { format!("k{turn}") } else { value.to_owned() };
        request = request.header(name, value);
    }
    request.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

struct Trial {
    house: House,
    entropy: Arc<dyn Entropy>,
    turn: u64,
}

impl Trial {
    fn answer(
        &mut self,
        route: &Route,
        is_hana: bool,
    ) -> impl Future<Output = Response<Full<Bytes>>> + use<> {
        self.turn += 1;
        let who = if is_hana { &self.house.hana } else { &self.house.ken };
        let request = request(route, who, &self.house, self.turn);
        let stream = Stream::begin(&self.entropy);
        Arc::clone(&self.house.app).respond(
            request,
            std::net::IpAddr::from([127, 0, 0, 1]).into(),
            stream,
            Turn::uncounted(Call::Begin),
        )
    }

    /// Ken asks for the same of his own, and gets it, and nothing of hers.
    async fn kens(&mut self, route: &Route, when: &str) -> u16 {
        let mut status = 0;
        for _ in 0..TRIES {
            let response = self.answer(route, false).await;
            status = response.status().as_u16();
            let headers = format!("{:?}", response.headers());
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8_lossy(&body);
            assert!(!text.contains("HANA") && !headers.contains("HANA"), "{} {when}: {text}", route.path);
            // Whoever went away may still hold the one place there is, for as long as the disk takes.
            if status != 503 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        status
    }
}

/// What would end the session of a trial, or can be asked for once in a while only.
fn ends_the_trial(route: &Route) -> bool {
    let path = route.path;
    let ends = ["sessions", "revoke", "export"].iter().any(|word| path.contains(word));
    (route.verb != Verb::Get && ends) || path == "/sign-out"
}

#[tokio::test]
async fn a_request_dropped_at_any_of_its_awaits_leaves_nothing_to_the_next() {
    let house = House::open_with_room_for_one().await;
    let mut trial = Trial { house, entropy: Arc::new(SeededEntropy::new(11)), turn: 0 };
    let (mut dropped, mut kinds) = (0, 0);
    for route in TABLE.iter().filter(|route| is_signed_in(route) && !ends_the_trial(route)) {
        let usual = trial.kens(route, "before").await;
        kinds += 1;
        for polls in 1..MOST_POLLS {
            trial.house.clock.advance_seconds(61);
            let hers = trial.answer(route, true);
            let done = polled(hers, polls).await;
            dropped += u32::from(done.is_none());
            trial.house.clock.advance_seconds(61);
            let status = trial.kens(route, &format!("after hers was dropped at poll {polls}")).await;
            assert_eq!(status, usual, "{} {} after poll {polls}", route.verb.word(), route.path);
            if done.is_some() {
                break;
            }
            assert!(polls + 1 < MOST_POLLS, "{} never comes to an end", route.path);
        }
    }
    assert!(kinds > 20 && dropped > kinds, "{dropped} of {kinds} kinds of request were dropped on their way");
    // Every place is free again: one after the other, everything is answered.
    for route in TABLE.iter().filter(|route| is_signed_in(route) && route.verb == Verb::Get) {
        let hana = trial.answer(route, true).await.status().as_u16();
        assert_eq!(trial.kens(route, "at the end").await, hana, "{}", route.path);
        assert!(hana < 500, "{} answers {hana}", route.path);
    }
    trial.house.journal.publish().unwrap();
    let key: VerifyingKey = trial.house.journal_key();
    let report = honnin_journal::verify(&trial.house.journal_dir(), &Trust::of_key(key), None).unwrap();
    assert!(report.to_owner > 0 && report.on_basis == 0);
}
