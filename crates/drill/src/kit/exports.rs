//! Exports as a client meets them: begun, asked for, fetched.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::stage::{ask, get_as};
use crate::client::{Answer, Request, Target};
use crate::harness::{Failure, SignedIn};

/// How long the making of an export is waited for.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is asked for.
const ASK: Duration = Duration::from_millis(10);

/// How far an export is, as the product tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Export {
    /// Its id.
    #[serde(rename = "export")]
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) fault: Option<String>,
}

impl Export {
    /// Reads the product's answer.
    pub(crate) fn of(answer: &Answer) -> Result<Self, Failure> {
        serde_json::from_slice(&answer.body)
            .map_err(|error| Failure::Product(format!("an export answered {}: {error}", answer.status)))
    }

    /// Begins one, as soon as there is a place.
    pub(crate) async fn begin(target: Target, session: &SignedIn) -> Result<Self, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = ask(target, &begin(session)).await?;
            if answer.status != 503 || Instant::now() > deadline {
                return Self::of(&answer);
            }
            sleep(ASK).await;
        }
    }

    /// Waits until it is made or has failed.
    pub(crate) async fn made(self, target: Target, session: &SignedIn) -> Result<Self, Failure> {
        let deadline = Instant::now() + PATIENCE;
        let mut export = self;
        while matches!(export.state.as_str(), "waiting" | "working") {
            if Instant::now() > deadline {
                return Err(Failure::Product(format!("an export is {} after {PATIENCE:?}", export.state)));
            }
            sleep(ASK).await;
            let path = format!("/api/v1/exports/{}", export.id);
            export = Self::of(&ask(target, &get_as(session, &path)).await?)?;
        }
        Ok(export)
    }

    /// Where its data are.
    pub(crate) fn data(&self) -> String {
        format!("/api/v1/exports/{}/data", self.id)
    }
}

/// The request that begins an export.
pub(crate) fn begin(session: &SignedIn) -> Request {
    Request::new("POST", "/api/v1/exports").header("cookie", &session.cookie)
}

/// The code of a refusal.
pub(crate) fn code(answer: &Answer) -> String {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    body.get("code").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}
