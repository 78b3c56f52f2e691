//! The use cases for one command that shows something: the same gate, house and journal as a server's, without routes.

use std::sync::Arc;
use std::time::Duration;

use honnin_care::{Care, CareParts, Exports, Gate};
use honnin_node::{PublicPath, Standing};
use honnin_store::Store;

use super::acts::Acts;
use super::bounds;
use super::rooms::Rooms;
use super::service::{mode_row, standing};
use crate::failure::Failure;

/// How long a stop of personal pages that was seen here is given to be written into the store. Where it is not, the next start
/// of a server finds the marker.
const WRITTEN: Duration = Duration::from_secs(2);

/// The use cases, and how the house stands.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The use cases.
    pub(crate) care: Care,
    house: Arc<Standing>,
}

impl Desk {
    /// Puts them together, writing into the log of commands.
    ///
    /// # Errors
    /// [`Failure`] where the journal cannot be read.
    pub(crate) fn open(rooms: Rooms, acts: &Acts) -> Result<Self, Failure> {
        let recorder = acts.among_all(&rooms)?;
        let Rooms { installation, clock, zone, keeper, witness: _, store, authorities } = rooms;
        let (settings, clock) = (&installation.settings, clock.0);
        let node = Arc::new(authorities.node);
        let row = mode_row(&store, &node, &keeper, &clock);
        // Whether caches stand before the pages is nothing to a file.
        let path = Arc::new(PublicPath::unwatched());
        let house = Arc::new(standing(&installation, path, Arc::clone(acts.journal()), row));
        let care = Care::new(CareParts {
            subscriber: authorities.subscriber,
            store: Arc::<dyn Store>::clone(&store),
            gate: Gate::new(authorities.gate, recorder, Arc::<Standing>::clone(&house)),
            clock,
            exports: Exports { bounds: bounds::exports(&settings.exports), node, wake: Arc::new(|| ()) },
            zone,
            wish_seconds: settings.network.between_wishes.whole_seconds(),
            most_strays: settings.sessions.most_strays,
            wake: Arc::new(|| ()),
        });
        Ok(Self { care, house })
    }

    /// Lets go of everything. A stop of personal pages that was seen is written down first, for all nodes.
    pub(crate) async fn close(self) {
        if self.house.stopped().is_some() {
            // It keeps on for ever; what it does first is to write what it owes.
            drop(tokio::time::timeout(WRITTEN, self.house.keep()).await);
        }
    }
}
