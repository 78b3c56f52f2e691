//! The operator's own look: colours and logo, read and checked at start.

use std::fs::File;
use std::io::Read;

use honnin_pages::page::brand::{Brand, MOST_MARK_OCTETS, Mark};

use crate::failure::Failure;
use crate::installation::Installation;

/// The look of these settings.
///
/// # Errors
/// [`Failure`] where the logo cannot be read or used, or a colour cannot be read on its ground.
pub(crate) fn look(installation: &Installation) -> Result<Brand, Failure> {
    let tenant = &installation.settings.tenant;
    let colour = |key: &str, text: &str| {
        let during = format!("use {key}");
        text.parse().map_err(|reason| Failure::settings(&reason).during(&during))
    };
    let colours =
        (colour("tenant.colour", &tenant.colour)?, colour("tenant.colour_dark", &tenant.colour_dark)?);
    let mark = tenant.logo.path().map(|path| {
        let path = installation.base().join(path);
        let during = format!("read {}", path.display());
        let mut octets = Vec::new();
        // One octet more than may be: a longer file is noticed and not read to its end.
        let most = u64::try_from(MOST_MARK_OCTETS).unwrap_or(u64::MAX).saturating_add(1);
        File::open(&path)
            .and_then(|file| file.take(most).read_to_end(&mut octets))
            .map_err(|reason| Failure::settings(&reason).during(&during))?;
        Mark::new(octets).map_err(|reason| Failure::settings(&reason).during(&during))
    });
    let brand = Brand::new(&tenant.name, colours, mark.transpose()?);
    let brand = brand.map_err(|reason| Failure::settings(&reason).during("use tenant.colour"))?;
    if brand.is_on_pages_only() {
        tracing::warn!(
            "the logo is an SVG: it is on pages and not on bills; give a square PNG to have it on both"
        );
    }
    Ok(brand)
}
