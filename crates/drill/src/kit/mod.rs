//! What drills are played with: a client, programs to start, ledgers with marks and a scanner that finds them again;
//! and what several drills do the same way.

pub mod client;
pub mod harness;
pub mod ledger;
pub mod scan;
pub mod seed;

pub(crate) mod acts;
pub(crate) mod at_rest;
pub(crate) mod caches;
pub(crate) mod crowd;
pub(crate) mod damage;
pub(crate) mod exports;
pub(crate) mod guesses;
pub(crate) mod late;
pub(crate) mod line;
pub(crate) mod paths;
pub(crate) mod road;
pub(crate) mod stage;
pub(crate) mod tally;
pub(crate) mod volume;
