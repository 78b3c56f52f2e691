//! D10: a cache between the product and its subscribers is set wrongly from its start.

use crate::harness::{Failure, Verdict};
use crate::kit::caches::{self, Change};
use crate::kit::stage::Stage;

/// Plays D10.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    caches::play(stage, Change::Restart).await
}
