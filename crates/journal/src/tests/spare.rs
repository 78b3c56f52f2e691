//! The next segment is made beside the writer, and never is the one the writer has just taken.

use std::fs::File;
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::*;
use crate::disk::{Disk, RealDisk};
use crate::layout::SPARE;
use crate::pace::Steps;
use crate::publish::prepare_spare;
use crate::queue::hold;

/// A disk that, once it is told to, keeps the writer between taking the spare and giving it its name: until
/// somebody makes a file of the spare's name, or for a quarter of a second.
#[derive(Default)]
struct SlowToName {
    state: Mutex<Step>,
    changed: Condvar,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Quick,
    Watching,
    Naming,
    MadeAnew,
}

impl SlowToName {
    fn go(&self, from: Step, to: Step) -> bool {
        let mut step = hold(&self.state);
        let goes = *step == from;
        if goes {
            *step = to;
            self.changed.notify_all();
        }
        goes
    }

    fn wait_for(&self, wanted: Step, longest: Duration) {
        let step = hold(&self.state);
        drop(self.changed.wait_timeout_while(step, longest, |step| *step != wanted));
    }
}

impl Disk for SlowToName {
    fn create(&self, path: &Path) -> io::Result<File> {
        let file = RealDisk.create(path);
        if path.ends_with(SPARE) {
            self.go(Step::Naming, Step::MadeAnew);
        }
        file
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if from.ends_with(SPARE) && self.go(Step::Watching, Step::Naming) {
            self.wait_for(Step::MadeAnew, Duration::from_millis(250));
        }
        RealDisk.rename(from, to)
    }
}

#[test]
fn a_spare_that_is_taken_is_not_made_anew_under_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(SlowToName::default());
    let shown: Arc<dyn Disk> = Arc::<SlowToName>::clone(&disk);
    let journal = Journal::open_on(opening(dir.path(), small()), shown).unwrap();
    assert!(disk.go(Step::Quick, Step::Watching));
    let first = journal.append(&own(0, 0));
    disk.wait_for(Step::Naming, Duration::from_secs(10));
    // As the publisher does at any moment.
    prepare_spare(journal.shared_for_tests(), &mut Steps::at_once());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(first), Ok(place(0)));
    // Some segments more, in batches that fit into one.
    for batch in 0..20 {
        let entries = (1..=100).map(|n| own(batch * 100 + n, 0));
        assert!(append_all(&journal, entries).iter().all(Result::is_ok), "batch {batch}");
    }
    journal.close().unwrap();
    assert_eq!(check(dir.path()).unwrap().to_owner, 2_001);
}
