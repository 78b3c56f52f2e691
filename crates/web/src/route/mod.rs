//! The routes: one table, one way in, one way out.

mod account_pages;
mod answer;
mod api;
mod app;
mod bill_documents;
mod code;
mod confirm_pages;
mod cookie;
mod csrf;
mod desk;
mod dress;
mod entry;
mod entry_pages;
mod export;
mod factor_pages;
mod fields;
mod frame;
mod gzip;
mod json;
mod line_pages;
mod measure;
mod merge_pages;
mod openapi;
mod origins;
mod paging;
mod passkeys;
mod password_pages;
mod plain;
#[cfg(honnin_faults)]
mod planted;
#[cfg(test)]
mod reference;
mod refused;
mod room;
mod routes;
mod table;
#[cfg(test)]
mod tests;
mod tokens;

use std::io;
use std::sync::Arc;

use honnin_care::{Body, Disclosed, Held};
use honnin_front::Entrance;
use honnin_terms::Zone;

pub use app::{App, BadApp, Wiring};
pub use cookie::session_cookie;
pub use desk::DeskBounds;

/// The file of an export as its owner gets it, for whoever else was let out one.
pub fn export_file(disclosed: Disclosed<Held>, zone: &Zone) -> Body {
    disclosed.body(answer::EXPORT, |held| json::export(held, zone))
}

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
