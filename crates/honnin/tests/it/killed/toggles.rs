//! Killed while subscribers ask for another speed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use honnin_testkit::SeededEntropy;
use serde_json::{Value, json};

use super::wait_up_to;
use crate::support::{Browser, Demo, Place, soon};

/// One line whose holder asks for high and low in turn.
struct Toggled {
    browser: Browser,
    line: String,
    /// Versions that were confirmed to the subscriber; the newest is how often she was answered.
    version: u64,
    high: bool,
    /// What she asked last and was not answered: it is asked again under the same key, as programs do.
    open: Option<(String, bool)>,
    answered: u64,
}

impl Toggled {
    /// Asks again and again until nobody answers; `begun` counts the lines of which somebody has been answered.
    fn ask_until_it_is_gone(&mut self, site: &str, begun: &AtomicUsize) {
        self.browser.moved_to(site);
        for answers in 0.. {
            let (key, high) =
                self.open.take().unwrap_or_else(|| (format!("{}-{}", self.line, self.version), !self.high));
            let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
            let path = format!("/api/v1/lines/{}/speed", self.line);
            let answer = self.browser.try_ask("PUT", &path, &headers, &json!({"high": high}).to_string());
            let Ok(answer) = answer else {
                self.open = Some((key, high));
                return;
            };
            assert_eq!(answer.status, 202, "{}", answer.body);
            let receipt: Value = serde_json::from_str(&answer.body).unwrap();
            let version = receipt["version"].as_u64().unwrap();
            assert_eq!(version, self.version + 1, "{}: no wish is lost and none is counted twice", self.line);
            (self.version, self.high) = (version, high);
            self.answered += 1;
            if answers == 0 {
                begun.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn speed(&mut self) -> Value {
        let home = self.browser.get(&format!("/api/v1/lines/{}/home", self.line));
        serde_json::from_str::<Value>(&home.body).unwrap()["speed"].clone()
    }
}

fn lines_in_use(mut browser: Browser) -> Vec<Toggled> {
    let me: Value = serde_json::from_str(&browser.get("/api/v1/me").body).unwrap();
    let lines = me["lines"].as_array().unwrap().iter().filter(|line| line["status"] == "active");
    let toggled = |line: &Value| {
        let mut line = Toggled {
            browser: browser.clone(),
            line: line["line"].as_str().unwrap().to_owned(),
            version: 0,
            high: false,
            open: None,
            answered: 0,
        };
        line.high = line.speed()["desired"].as_bool().unwrap();
        line
    };
    lines.map(toggled).collect()
}

#[test]
fn after_kills_the_newest_wish_of_every_line_is_confirmed() {
    let settings = [
        ("between_wishes", "\"0 ms\""),
        ("answer", "\"2 s\""),
        ("lease", "\"4 s\""),
        ("first_wait", "\"200 ms\""),
    ];
    let place = Place::for_demo(&settings);
    let sessions = place.beside("sessions.csv");
    let data = place.data.to_str().unwrap();
    let mut demo =
        Demo::start(["--data", data, "--sessions", "8", "--sessions-out", sessions.to_str().unwrap()]);
    let mut lines: Vec<Toggled> = demo.browsers(&sessions).into_values().flat_map(lines_in_use).collect();
    assert!(lines.len() >= 8, "{}", lines.len());
    let random = SeededEntropy::new(9);
    for _ in 0..6 {
        let (site, begun, all) = (demo.address.clone(), AtomicUsize::new(0), lines.len());
        let have_begun = thread::scope(|scope| {
            for line in &mut lines {
                scope.spawn(|| line.ask_until_it_is_gone(&site, &begun));
            }
            let have_begun = soon(|| begun.load(Ordering::Relaxed) == all);
            wait_up_to(&random, 1_500);
            demo.kill();
            have_begun
        });
        assert!(have_begun, "some were not answered before it was killed");
        demo = Demo::start(["--data", data]);
    }
    let mut answered = 0;
    for line in &mut lines {
        line.browser.moved_to(&demo.address);
        assert!(line.version >= 6, "{} was asked {} times", line.line, line.version);
        answered += line.answered;
        // What was not answered may have been written or not: she asks again, and it counts once.
        if let Some((key, high)) = line.open.take() {
            let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
            let path = format!("/api/v1/lines/{}/speed", line.line);
            let answer = line.browser.ask("PUT", &path, &headers, &json!({"high": high}).to_string());
            let receipt: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(receipt["version"], line.version + 1, "{}", answer.body);
            line.high = high;
        }
    }
    for line in &mut lines {
        let wanted = json!({"desired": line.high, "state": "confirmed"});
        let mut told = line.speed();
        let is_confirmed = soon(|| {
            told = line.speed();
            told["state"] == "confirmed"
        });
        told.as_object_mut().unwrap().retain(|name, _| wanted.get(name).is_some());
        assert!(is_confirmed && told == wanted, "{}: {told} instead of {wanted}", line.line);
    }
    assert_eq!(demo.stop(), Some(0));
    let verified = place.run(&["journal", "verify"]);
    assert_eq!(verified.code, Some(0), "{}", verified.err);
    let told = verified.out.lines().find_map(|line| line.strip_prefix("to owner"));
    let told: u64 = told.unwrap().split_whitespace().next().unwrap().parse().unwrap();
    assert!(told >= answered, "{answered} answers were given, {told} are in the journal");
}
