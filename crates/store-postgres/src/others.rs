//! Other processes that write: noticed by looking at the counts of their lanes.

use std::rc::Rc;
use std::time::Duration;

use honnin_store::Changed;
use tokio::time::{sleep, timeout};

use crate::desk::Desk;
use crate::fault::Fault;
use crate::rows;
use crate::statements as sql;

/// How long one look may take. With [`crate::Bounds::poll_ms`] it bounds how long a change stays unnoticed.
const WITHIN: Duration = Duration::from_millis(500);

/// So many looks in a row that nobody answered, and the server counts as silent.
const SILENT: u32 = 2;

/// What every lane of others has changed so far.
type Counts = Vec<(Vec<u8>, i64, i64)>;

/// Looks until it is dropped. What cannot be known is taken to have changed.
pub(crate) async fn look(desk: Rc<Desk>) {
    let mut known: Option<Counts> = None;
    // Looks in a row that nobody answered.
    let mut silent = 0_u32;
    loop {
        let unsettled = desk.settle(WITHIN).await;
        match timeout(WITHIN, counts(&desk)).await {
            Ok(Ok(found)) => {
                // Also after a look that failed, and the first time: what was read before may be older than this.
                if unsettled || known.as_ref() != Some(&found) {
                    desk.watchers.tell(&[Changed::Everything]);
                }
                known = Some(found);
                silent = 0;
            }
            failed => {
                // One may be late. A server that is silent longer may be frozen: what is still open to it would keep each
                // call that takes it for all of its time, and when it wakes up another may lead.
                silent = silent.saturating_add(u32::from(failed.is_err()));
                if silent == SILENT {
                    desk.leave_the_silent();
                    silent = 0;
                }
                desk.watchers.tell(&[Changed::Everything]);
                if known.take().is_some()
                    && let Ok(Err(fault)) = failed
                {
                    fault.told();
                }
            }
        }
        sleep(Duration::from_millis(desk.bounds.poll_ms.max(1).into())).await;
    }
}

async fn counts(desk: &Desk) -> Result<Counts, Fault> {
    let node = desk.node.as_slice();
    desk.look(async move |tx| {
        let found = tx.last(&sql::OTHERS, &[&node]).await?;
        found
            .iter()
            .map(|row| Ok((rows::blob(row, 0)?, rows::count(row, 1)?, rows::count(row, 2)?)))
            .collect()
    })
    .await
}
