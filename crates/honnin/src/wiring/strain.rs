//! What is measured of this node, again and again, so that it offers less before it has nothing left to offer.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use honnin_journal::Journal;
use honnin_node::{Machine, Measures, Standing, Steady, StrainBounds, Strains};
use honnin_web::route::App;
use tokio::time::sleep;

use crate::installation::free_octets;

/// How often is measured.
const LOOK: Duration = Duration::from_secs(1);

/// What is measured, and who is told what follows from it.
pub(super) struct Measuring {
    pub(super) standing: Arc<Standing>,
    pub(super) journal: Arc<Journal>,
    pub(super) app: Arc<App>,
    /// On the volume of the store.
    pub(super) volume: PathBuf,
}

impl Measuring {
    /// Measures until it is dropped.
    pub(super) async fn run(self) {
        let Self { standing, journal, app, volume } = self;
        let (steady, mut strains) = (Machine::new(), Strains::new(StrainBounds::default()));
        let mut before = app.turns();
        loop {
            let turns = app.turns();
            let measures = Measures {
                free_octets: free_octets(&volume).ok(),
                lag_millis: journal.unanchored_millis(),
                store_millis: standing.store_millis(),
                told: turns.0.saturating_sub(before.0),
                begun: turns.1.saturating_sub(before.1),
            };
            before = turns;
            standing.strained(strains.follow(steady.millis(), &measures));
            sleep(LOOK).await;
        }
    }
}
