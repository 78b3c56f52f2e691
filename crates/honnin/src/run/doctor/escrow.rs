//! Shares of the key file that people keep.

use super::Findings;
use crate::failure::Failure;
use crate::wiring::{Escrowed, Rooms, last_escrow};

/// Whether people keep shares of the key file as it is now.
pub(super) fn escrow(rooms: &Rooms, findings: &mut Findings) -> Result<(), Failure> {
    let present = rooms.keeper.key();
    match last_escrow(rooms)? {
        None => findings.ok("escrow", "no shares of the key file were made (`honnin key escrow make`)"),
        Some(Escrowed { key, at, needed, of }) => {
            let text = format!("{needed} of {of} shares, made {}", rooms.zone.rfc3339(at));
            if key == present {
                findings.ok("escrow", format_args!("{text}, bring back the present key file, {key}"));
            } else {
                findings.attention(
                    "escrow",
                    format_args!(
                        "{text}, are of the key file of before, {key}; the present one is {present}: `honnin key escrow make`"
                    ),
                );
            }
        }
    }
    Ok(())
}
