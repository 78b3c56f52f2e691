//! Killed at any moment while lines move: a move is whole or is not there.

use honnin_store::conformance::{a_move_is_whole, move_to_and_fro};
use honnin_store_sqlite::Bounds;
use honnin_testkit::TestDir;

use crate::killed::{acknowledge, directory, open, spawned, told};
use crate::opened;

const CHILD: &str = "killed_merging::a_child_moves_lines_until_it_is_killed";

/// Asked by the test below in a process of its own; by itself it is told no directory and ends.
#[test]
#[ignore = "the child of the test below"]
fn a_child_moves_lines_until_it_is_killed() {
    let Some(dir) = directory() else { return };
    let (_store, stage) = open(&dir);
    move_to_and_fro(&stage, acknowledge);
}

#[test]
fn killed_at_any_moment_a_line_is_with_one_account_or_with_the_other() {
    for round in 0..8 {
        let dir = TestDir::new();
        drop(opened::create(&dir, Bounds::default()));
        let mut child = spawned(CHILD, dir.path());
        let mut told = told(&mut child);
        // Each round it is let live a little longer; the kill falls somewhere into the move after that.
        let acknowledged = told.nth(round * 3).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = told.last().unwrap_or(acknowledged);
        let (_store, stage) = open(dir.path());
        let stands = a_move_is_whole(&stage);
        assert!(
            (acknowledged..=acknowledged + 1).contains(&stands),
            "{acknowledged} told, stands at {stands}"
        );
    }
}
