//! Promises of `ControlRows`.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use super::{Stage, done};
use crate::{ControlName, ControlRow, Error, NewControl, Swapped};

fn name(name: &str) -> ControlName {
    ControlName::new(name).unwrap()
}

fn value(octet: u8) -> NewControl {
    NewControl { value: vec![octet], until: None }
}

fn read(stage: &Stage, seconds: i64, of: &str) -> Option<ControlRow> {
    done(stage.store.control(&stage.keep(seconds), &name(of))).unwrap()
}

fn swap(stage: &Stage, of: &str, revision: u64, write: impl Into<Option<NewControl>>) -> Swapped {
    done(stage.store.swap_control(&stage.keep(0), &name(of), revision, write.into())).unwrap()
}

fn written(swapped: Swapped) -> u64 {
    match swapped {
        Swapped::Done(revision) => revision,
        Swapped::Changed(row) => panic!("somebody else was first: {row:?}"),
    }
}

/// Waits for many answers that are all under way at once.
pub(super) fn all<T>(answers: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut under_way: Vec<Pin<Box<_>>> = answers.into_iter().map(Box::pin).collect();
    let mut came: Vec<Option<T>> = under_way.iter().map(|_| None).collect();
    done(poll_fn(|context| {
        for (answer, came) in under_way.iter_mut().zip(&mut came).filter(|(_, came)| came.is_none()) {
            if let Poll::Ready(value) = answer.as_mut().poll(context) {
                *came = Some(value);
            }
        }
        if came.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    }));
    came.into_iter().flatten().collect()
}

pub fn a_control_row_is_written_only_by_who_has_read_it(stage: &Stage) {
    assert_eq!(read(stage, 0, "mode"), None);
    assert_eq!(swap(stage, "mode", 7, value(1)), Swapped::Changed(None));
    let first = written(swap(stage, "mode", 0, value(1)));
    let stands = ControlRow { revision: first, value: vec![1], at: stage.at(0), until: None };
    assert_eq!(read(stage, 0, "mode"), Some(stands.clone()));
    assert_eq!(swap(stage, "mode", 0, value(2)), Swapped::Changed(Some(stands.clone())));
    assert_eq!(swap(stage, "mode", 0, None), Swapped::Changed(Some(stands)));
    let second = written(swap(stage, "mode", first, value(2)));
    assert!(second > first);
    assert!(matches!(swap(stage, "mode", first, value(3)), Swapped::Changed(Some(_))));
    assert_eq!(read(stage, 0, "mode").map(|row| row.value), Some(vec![2]));
    let neighbour = stage.neighbour();
    assert_eq!(read(&neighbour, 0, "mode"), None);
    written(swap(&neighbour, "mode", 0, value(9)));
    assert_eq!(read(stage, 0, "mode").map(|row| row.value), Some(vec![2]));
}

pub fn a_revision_never_comes_twice(stage: &Stage) {
    let mut before = 0;
    for _ in 0..3 {
        let revision = written(swap(stage, "node/1", 0, value(1)));
        assert!(revision > before, "{revision} after {before}");
        written(swap(stage, "node/1", revision, None));
        assert_eq!(read(stage, 0, "node/1"), None);
        before = revision;
    }
    let now = written(swap(stage, "node/1", 0, value(1)));
    assert!(
        matches!(swap(stage, "node/1", before, value(2)), Swapped::Changed(Some(row)) if row.revision == now)
    );
}

pub fn a_control_row_past_its_time_is_as_if_it_were_not_there(stage: &Stage) {
    let write = NewControl { value: vec![1], until: Some(stage.at(60)) };
    let old = written(swap(stage, "delay/1", 0, Some(write.clone())));
    assert!(read(stage, 59, "delay/1").is_some());
    assert_eq!(read(stage, 60, "delay/1"), None);
    let listed = |seconds| done(stage.store.controls(&stage.keep(seconds), "delay/", None, 9)).unwrap().len();
    assert_eq!((listed(59), listed(60)), (1, 0));
    let late = stage.keep(60);
    let swap =
        |revision| done(stage.store.swap_control(&late, &name("delay/1"), revision, Some(write.clone())));
    assert_eq!(swap(old), Ok(Swapped::Changed(None)));
    assert!(matches!(swap(0), Ok(Swapped::Done(_))));
    let swept = |seconds| done(stage.store.sweep(&stage.operate(seconds), stage.at(0), stage.at(0)));
    assert_eq!(swept(59), Ok(0));
    assert_eq!(swept(60), Ok(1));
}

pub fn control_rows_are_listed_by_prefix_page_by_page(stage: &Stage) {
    for of in ["node/c", "node/a", "nodes", "mode", "node/b", "node."] {
        written(swap(stage, of, 0, value(1)));
    }
    let page = |prefix: &str, after: Option<&str>, most| -> Vec<String> {
        let found =
            done(stage.store.controls(&stage.keep(0), prefix, after.map(name).as_ref(), most)).unwrap();
        found.into_iter().map(|(name, _)| name.to_string()).collect()
    };
    assert_eq!(page("node/", None, 10), ["node/a", "node/b", "node/c"]);
    assert_eq!(page("node/", None, 2), ["node/a", "node/b"]);
    assert_eq!(page("node/", Some("node/b"), 2), ["node/c"]);
    assert_eq!(page("", None, 10).len(), 6);
    assert_eq!(
        done(stage.neighbour().store.controls(&stage.neighbour().keep(0), "", None, 9)),
        Ok(Vec::new())
    );
}

pub fn of_many_who_swap_at_once_one_is_first(stage: &Stage) {
    let (permit, name) = (stage.keep(0), name("epoch"));
    let mut revision = 0;
    for _ in 0..5 {
        let tries =
            (0..8).map(|octet| stage.store.swap_control(&permit, &name, revision, Some(value(octet))));
        let came = all(tries.collect());
        let won: Vec<u64> = came
            .iter()
            .filter_map(
                |swapped| if let Ok(Swapped::Done(revision)) = swapped { Some(*revision) } else { None },
            )
            .collect();
        let lost =
            |swapped: &&Result<Swapped, Error>| matches!(swapped, Ok(Swapped::Changed(Some(_))) | Err(_));
        assert_eq!((won.len(), came.iter().filter(lost).count()), (1, 7), "{came:?}");
        revision = won[0];
    }
}
