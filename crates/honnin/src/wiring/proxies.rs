//! Word for `doctor` of a listed proxy that does not say whom it passes on: written when it is seen, gone when it was not
//! seen for a while.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use honnin_front::{Seen, Untolds};
use honnin_terms::{Clock, Moment};

/// So many seconds after the last of them nobody has to look any more.
const QUIET_SECONDS: i64 = 600;

/// The last that is written down, as its count, and when it was found; no moment once that is taken away again.
type Told = Option<(u64, Option<Moment>)>;

/// Has every news of them be written into that file at once, and takes away what an earlier start has left. What is given
/// back follows them, again and again.
pub(super) fn follow(marker: PathBuf, untolds: Arc<Untolds>, clock: Arc<dyn Clock>) -> impl Fn() + Send {
    remove(&marker);
    let (file, at) = (marker.clone(), Arc::clone(&clock));
    untolds.on_news(move |seen| {
        write(&file, seen, at.now());
    });
    let told: Mutex<Told> = Mutex::new(None);
    move || {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(seen), now) = (untolds.seen(), clock.now()) else { return };
        match *told {
            Some((count, at)) if count == seen.count => {
                // Once: the count stays as it is until there is another.
                let is_over = at.is_some_and(|at| now.seconds_since(at) >= QUIET_SECONDS);
                if is_over && remove(&marker) {
                    *told = Some((count, None));
                }
            }
            Some(_) | None => {
                if write(&marker, seen, now) {
                    *told = Some((seen.count, Some(now)));
                }
            }
        }
    }
}

/// Whether it was written.
fn write(marker: &Path, seen: Seen, at: Moment) -> bool {
    let written = fs::write(marker, format!("{seen}, the last at {at}\n"));
    if let Err(error) = &written {
        tracing::warn!(%error, "a proxy that names nobody was not written down for doctor; it is tried again");
    }
    written.is_ok()
}

/// Whether it is gone.
fn remove(marker: &Path) -> bool {
    if let Err(error) = fs::remove_file(marker)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "what was left of proxies that name nobody was not removed");
        return false;
    }
    true
}

#[cfg(test)]
mod tests {
    use honnin_front::{Peer, Untold};
    use honnin_testkit::{FixedClock, TestDir};

    use super::*;

    #[test]
    fn a_proxy_that_names_nobody_is_told_at_once_and_no_longer_than_it_lasts() {
        let dir = TestDir::new();
        let clock = Arc::new(FixedClock::at("2026-11-20T06:00:00+09:00"));
        let marker = dir.write("untold", "of an earlier start");
        let untolds = Arc::new(Untolds::default());
        let (told, at) = (Arc::clone(&untolds), Arc::<FixedClock>::clone(&clock));
        let follow = follow(marker.clone(), told, at);
        assert!(!marker.exists());
        untolds.note(Peer::Socket, Untold::Missing);
        assert!(fs::read_to_string(&marker).unwrap().contains("1 refused"), "before anybody looks again");
        follow();
        untolds.note(Peer::Socket, Untold::Unreadable);
        follow();
        assert!(fs::read_to_string(&marker).unwrap().contains("2 refused"));
        clock.advance_seconds(QUIET_SECONDS - 1);
        follow();
        assert!(marker.exists());
        clock.advance_seconds(1);
        follow();
        assert!(!marker.exists(), "nobody has to look any more");
        follow();
        untolds.note(Peer::Socket, Untold::Missing);
        follow();
        assert!(fs::read_to_string(&marker).unwrap().contains("3 refused"));
    }
}
