//! The only room that holds the key-encryption key (KEK).
//!
//! Its acts are a closed list, [`Deed`]; before each the [`Witness`] is asked that the binary hands in. Pages never touch
//! it: `web` and `care` know only [`honnin_access::ports::KeyRelease`], which sign-in calls.
//!
//! # Security
//! Who runs the keeper can read everything: it wraps every key. It is a boundary of compilation, not of processes.

mod drive;
mod epochs;
mod escrow;
mod feed;
mod keyring;
mod keyring_file;
mod merging;
mod mode;
#[cfg(honnin_faults)]
mod planted;
mod release;
mod witness;

pub use drive::DrivenLine;
pub use epochs::{Course, EpochKey, EpochList};
pub use feed::AccountKeys;
pub use keyring::{Finished, Keeper, KeyringError, NewKey, Outline};
pub use merging::{LinesMove, MergeError};
pub use witness::{Deed, Refused, Silent, Witness};
