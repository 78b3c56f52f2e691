//! What runs besides requests, on one of many nodes: how the house stands, canaries, epochs of the journal, merges that
//! the journal does not know yet, sweeping and pruning, the line of the waiting room.
//!
//! Answers the one question `care` asks (`House::shows`). Knows no route, no page, no engine and no setting of a file:
//! the binary hands it what it works on.

mod anchor;
mod canaries;
mod clock;
mod duty;
mod epochs;
mod exports;
#[cfg(test)]
mod exports_tests;
mod fault;
mod guessing;
#[cfg(test)]
mod guessing_tests;
mod leaving;
mod merges;
mod nodes;
#[cfg(test)]
mod nodes_tests;
mod path;
mod places;
mod probe;
mod rollout;
mod shared;
#[cfg(test)]
mod simulation;
mod standing;
mod steady;
mod strain;
mod upkeep;
mod usher;
mod watch;

pub use anchor::{StoreAnchor, heads};
pub use canaries::{Canaries, NotSent, accounts};
pub use clock::{ClockWord, accept_clock, clock_waits_for, follow_clock};
pub use epochs::{Epochs, begin_course, course, kept, written_under};
pub use exports::{ExportWorkers, bell};
pub use fault::Fault;
pub use guessing::Guessing;
pub use leaving::{LastLeft, Leaving, Witness};
pub use merges::{Owed, journal_merges};
pub use nodes::{NodeRow, nodes};
pub use path::{PathState, PublicPath};
pub use places::{leave_for, left_for};
pub use probe::Probe;
pub use rollout::{
    Admitted, Apart, Fleet, JoinError, MOST_ADMITTED, Member, Runs, admit, fleet, join, leave, may_join,
};
pub use shared::{ModeRow, Seals, Seen, Written, force_mode, lift_mode, read_mode};
pub use standing::{FRESH, Standing};
pub use steady::{Machine, Steady};
pub use strain::{Measures, StrainBounds, Strains};
pub use upkeep::{Running, Upkeep, UpkeepBounds, taken_in};
pub use usher::{Usher, micros, plan_room, read_room};
pub use watch::{Watch, WatchBounds};

use honnin_terms::{Entropy, Id, RequestId};

/// A name for what is done besides requests.
pub(crate) fn request(entropy: &dyn Entropy) -> RequestId {
    let mut octets = [0; 16];
    entropy.fill(&mut octets);
    RequestId::from_octets(octets)
}
