//! Owners: who types the right password, and comes back when told to.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::{Answer, Connection, Exchange, Limits, Request, Target};
use crate::kit::stage::sign_in_with;

/// Longer than any answer takes.
const LONGEST: Duration = Duration::from_secs(100);
/// Where nobody answers, after so long she tries again.
const AGAIN: Duration = Duration::from_millis(200);

/// Somebody who knows the password.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) from: IpAddr,
    /// The cookie of her device, where she has one.
    pub(crate) device: Option<String>,
    /// How long she goes on.
    patience: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Entered {
    /// From when she first asked.
    pub(crate) took: Duration,
    /// How often she was told to come back.
    pub(crate) refused: u64,
    /// Why she is not in; nothing where she is.
    pub(crate) why_not: Option<String>,
    /// The cookie of her device from now on.
    pub(crate) device: Option<String>,
}

/// A sign-in by the API.
pub(crate) fn request(login: &str, password: &str, device: Option<&str>) -> Request {
    let request = sign_in_with(login, password);
    device.into_iter().fold(request, |request, cookie| request.header("cookie", cookie))
}

/// The cookie by which the device is known, of an answer.
fn device_of(answer: &Answer) -> Option<String> {
    let pairs = answer.header("set-cookie").filter_map(|cookie| cookie.split(';').next());
    pairs.map(str::to_owned).find(|pair| pair.starts_with("device=") && pair.len() > "device=".len())
}

impl Owner {
    /// Who goes on for three times what she is promised.
    pub(crate) fn new(login: &str, password: &str, from: IpAddr, promised: Duration) -> Self {
        let patience = promised.saturating_mul(3).min(LONGEST);
        Self { login: login.to_owned(), password: password.to_owned(), from, device: None, patience }
    }

    pub(crate) fn on(self, device: Option<String>) -> Self {
        Self { device, ..self }
    }

    /// Signs in; where she is told to come back she does.
    pub(crate) async fn sign_in(&self, target: Target) -> Entered {
        let request = request(&self.login, &self.password, self.device.as_deref());
        self.until(target, &request, 201).await
    }

    /// Sets a new password by a one-time code, as the page does.
    pub(crate) async fn activate(&self, target: Target, code: &str) -> Entered {
        self.until(target, &activation(&self.login, code, &self.password), 303).await
    }

    async fn until(&self, target: Target, request: &Request, done: u16) -> Entered {
        let came = Instant::now();
        let (mut refused, mut last) = (0, String::new());
        let mut place = None;
        while came.elapsed() < self.patience {
            let left = self.patience.saturating_sub(came.elapsed());
            let Some(Exchange { answer, broken }) =
                asked_for(left, self.from, target, &in_line(request, place.as_deref())).await
            else {
                "no connection".clone_into(&mut last);
                sleep(AGAIN).await;
                continue;
            };
            if answer.status == done {
                let device = device_of(&answer);
                return Entered { took: came.elapsed(), refused, why_not: None, device };
            }
            if let Some(reason) = broken {
                last = reason.to_string();
                sleep(AGAIN).await;
                continue;
            }
            last = format!("answered {}", answer.status);
            let after = answer.header("retry-after").next().and_then(|seconds| seconds.parse().ok());
            let (Some(seconds), 429 | 503) = (after, answer.status) else { break };
            refused += 1;
            place = place_of(&answer).or(place);
            sleep(Duration::from_secs(seconds).min(self.patience)).await;
        }
        Entered { took: came.elapsed(), refused, why_not: Some(last), device: None }
    }
}

/// The request with the cookie of a place in line, where she has one.
fn in_line(request: &Request, place: Option<&str>) -> Request {
    place.into_iter().fold(request.clone(), |request, cookie| request.header("cookie", cookie))
}

/// The cookie of her place in line, of an answer.
fn place_of(answer: &Answer) -> Option<String> {
    let pairs = answer.header("set-cookie").filter_map(|cookie| cookie.split(';').next());
    pairs.map(str::to_owned).find(|pair| pair.starts_with("place="))
}

/// The form that sets a new password.
pub(crate) fn activation(login: &str, code: &str, password: &str) -> Request {
    let body = format!("login={login}&code={code}&password={password}");
    let kind = "application/x-www-form-urlencoded";
    Request::new("POST", "/activate").header("content-type", kind).body(body.as_bytes())
}

/// Asks once from that address; nothing where there is no connection.
pub(crate) async fn asked(from: IpAddr, target: Target, request: &Request) -> Option<Exchange> {
    asked_for(LONGEST, from, target, request).await
}

async fn asked_for(time: Duration, from: IpAddr, target: Target, request: &Request) -> Option<Exchange> {
    let limits = Limits { time, ..Limits::default() };
    let mut connection = Connection::open_from(from, target, limits).await.ok()?;
    Some(connection.exchange(request).await)
}
