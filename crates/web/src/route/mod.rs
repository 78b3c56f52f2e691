//! The routes: one table, one way in, one way out.

#![expect(
    dead_code,
    reason = "the routes of sessions and lines, which use the rest, come with their use cases"
)]

mod answer;
mod app;
mod code;
mod cookie;
mod csrf;
mod gzip;
mod measure;
mod openapi;
mod plain;
#[cfg(test)]
mod reference;
mod shape;
mod table;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

pub use app::{App, Wiring};
pub use cookie::session_cookie;
pub use table::BadTable;
use table::{Cache, Contract, Handler, Load, Route, Verb};

use crate::serve::Entrance;

/// Everything there is.
const TABLE: &[Route] = &[
    Route {
        verb: Verb::Get,
        path: "/healthz",
        handler: Handler::Public(plain::healthz),
        discloses: None,
        cache: Cache::Public,
        load: Load::Static,
        summary: "Whether the process lives",
        contract: Some(Contract::PLAIN),
    },
    Route {
        verb: Verb::Get,
        path: "/readyz",
        handler: Handler::Public(plain::readyz),
        discloses: None,
        cache: Cache::Public,
        load: Load::Static,
        summary: "Whether requests should be sent here",
        contract: Some(Contract::PLAIN),
    },
    Route {
        verb: Verb::Get,
        path: "/openapi.json",
        handler: Handler::Public(plain::openapi),
        discloses: None,
        cache: Cache::Public,
        load: Load::Static,
        summary: "This description (OpenAPI 3.1)",
        contract: Some(Contract::PLAIN),
    },
    Route {
        verb: Verb::Get,
        path: "/.well-known/change-password",
        handler: Handler::Public(plain::change_password),
        discloses: None,
        cache: Cache::Public,
        load: Load::Static,
        summary: "Where a password is changed (W3C change-password-url)",
        contract: None,
    },
    Route {
        verb: Verb::Get,
        path: "/.well-known/security.txt",
        handler: Handler::Public(plain::security_text),
        discloses: None,
        cache: Cache::Public,
        load: Load::Static,
        summary: "Whom to tell of a weakness (RFC 9116)",
        contract: None,
    },
];

/// Serves until `stop` is ready; see [`Entrance`].
///
/// # Errors
/// Where a listener may not be used behind this front, or the system refuses it.
pub async fn serve(
    entrance: Entrance,
    app: Arc<App>,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let (front, bounds) = app.face();
    entrance.check(&front)?;
    entrance.run(front, bounds, app, stop).await;
    Ok(())
}
