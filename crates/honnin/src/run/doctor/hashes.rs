//! What `doctor` says of imported password hashes that cost something else than the house counts on.

use honnin_access::hashes_over;

use super::Findings;
use crate::failure::Failure;
use crate::run::serve::runtime;
use crate::wiring::Rooms;

/// Names the kinds that wrong passwords do not cost; nothing is said where there are none.
pub(super) fn hashes(rooms: &Rooms, findings: &mut Findings) -> Result<(), Failure> {
    match runtime(1)?.block_on(hashes_over(&*rooms.store, &rooms.keep())) {
        Ok(over) if over.is_empty() => {}
        Ok(over) => findings.attention(
            "hashes",
            format_args!(
                "imported hashes of a kind there is no room for were compared ({}): how long their sign-in takes tells them \
                 from others; send those accounts one-time codes (`honnin account invite`)",
                over.join(", ")
            ),
        ),
        Err(reason) => findings.attention("hashes", reason),
    }
    Ok(())
}
