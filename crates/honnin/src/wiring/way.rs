//! The way to the public address, from the settings.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use honnin_canary::Way;

use crate::failure::Failure;
use crate::installation::Installation;
use crate::settings::Settings;

/// The way to the public address, where subscribers are told one.
///
/// # Errors
/// [`Failure`]: which setting or file, and why.
pub(super) fn way(installation: &Installation) -> Result<Option<Way>, Failure> {
    let Settings { tenant, canary, .. } = &installation.settings;
    if tenant.public_url.is_empty() {
        return Ok(None);
    }
    let authorities = canary.authorities.path().unwrap_or(Path::new(""));
    let file = installation.base().join(authorities);
    let roots = fs::read(&file).map_err(|reason| {
        Failure::settings(&reason).during(&format!("read {} (canary.authorities)", file.display()))
    })?;
    let address: Option<SocketAddr> = canary.connect_to.parse().ok();
    let way = Way::new(&tenant.public_url, address, &roots, canary.answer.duration());
    way.map(Some).map_err(|reason| Failure::settings(&reason).during("use [canary] of the settings"))
}
