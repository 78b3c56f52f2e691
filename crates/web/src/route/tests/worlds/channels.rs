//! The ways by which others are felt: time, indices of the journal, admission, caches, and isolation. Each is there by
//! design, and by none of them comes anything of what others have.

use honnin_access::PoolBounds;

use super::case::{Case, Deed, Fault, Manner, Neighbour, Person, Round, Step, Whose, row_of};
use super::lines::Lines;
use super::world::World;
use super::{Seen, ground, runtime, seen};

const SMALL: Person = Person { lines: 1, bills: 1, seed: 1, length: 3 };
const LARGE: Person = Person { lines: 2, bills: 2, seed: 77, length: 39 };

fn step(deed: Deed) -> Step {
    Step { deed, manner: Manner::default(), cut: None }
}

fn get(path: &str) -> Step {
    step(Deed::Get(row_of(path), Whose::Hers, 0))
}

/// Meanwhile the neighbour is ahead with what is done.
fn round(hers: Step, theirs: Vec<Step>) -> Round {
    Round { seconds: 1, hers, theirs, after: true }
}

fn case(person: Person, fault: Option<Fault>, rounds: Vec<Round>) -> Case {
    Case { viewer: SMALL, neighbour: Some(Neighbour { person, fault }), tiny_caches: false, rounds }
}

fn statuses(seen: &Seen) -> Vec<u16> {
    seen.rounds.iter().filter_map(|round| round.answer.as_ref()).map(|answer| answer.status).collect()
}

#[track_caller]
fn same(one: &Seen, other: &Seen) {
    assert_eq!(one.difference(other), None);
}

#[test]
fn who_waits_behind_others_is_answered_the_same() {
    let ground = ground();
    let sign_in = step(Deed::SignIn { right: true, program: false });
    let wish = step(Deed::Wish { line: 0, whose: Whose::Hers, high: false, key: 0, program: true });
    let case = case(
        LARGE,
        None,
        vec![
            round(sign_in, vec![sign_in; 12]),
            round(wish, vec![wish; 12]),
            round(get("/devices"), vec![sign_in; 12]),
        ],
    );
    let beside = seen(&ground, &case, None);
    assert_eq!(statuses(&beside)[0], 303);
    same(&seen(&ground, &case.alone(), None), &beside);
}

#[test]
fn entries_of_others_move_indices_and_nothing_else() {
    let ground = ground();
    let look = || get("/lines/{line}");
    let case = case(
        LARGE,
        None,
        vec![
            round(look(), vec![look(); 12]),
            round(get("/api/v1/disclosures"), vec![look(); 12]),
            round(get("/disclosures"), vec![look(); 12]),
        ],
    );
    let beside = seen(&ground, &case, None);
    assert_eq!(statuses(&beside), [200; 3]);
    same(&seen(&ground, &case.alone(), None), &beside);
}

#[test]
fn who_is_refused_in_a_crowd_is_refused_the_same_whoever_the_crowd_is() {
    let mut ground = ground();
    ground.pool = PoolBounds { threads: 1, queue: 1, ..ground.pool };
    let answers = [(SMALL, None), (LARGE, None), (LARGE, Some(Fault::Documents))].map(|(person, fault)| {
        runtime().block_on(World::crowd(&ground, &case(person, fault, Vec::new()), 3, &Lines::default()))
    });
    let [refused, answered] = answers[0].clone().map(|answer| answer.unwrap().status);
    assert_eq!((refused, answered), (503, 303), "refused in the crowd, and not after it");
    assert!(answers.iter().all(|other| *other == answers[0]));
}

#[test]
fn what_is_cached_changes_no_answer() {
    let ground = ground();
    let walk = || [get("/lines/{line}"), get("/bills"), get("/api/v1/lines/{line}/usage"), get("/devices")];
    let rounds = walk().into_iter().chain(walk()).map(|hers| round(hers, walk().to_vec())).collect();
    let cold = Case { tiny_caches: true, ..case(LARGE, None, rounds) };
    let warm = Case { tiny_caches: false, ..cold.clone() };
    let alone = seen(&ground, &cold.alone(), None);
    assert_eq!(statuses(&alone), [200; 8]);
    same(&alone, &seen(&ground, &warm, None));
    same(&alone, &seen(&ground, &cold, None));
}

#[test]
fn three_accounts_that_do_not_open_stop_everybody_and_tell_nothing_of_them() {
    let ground = ground();
    let rounds = || {
        let ask = || round(get("/lines"), vec![get("/lines")]);
        vec![ask(), ask(), ask(), round(get("/lines"), Vec::new())]
    };
    let stopped = seen(&ground, &case(SMALL, Some(Fault::SessionsOfMany), rounds()), None);
    assert_eq!(statuses(&stopped), [200, 200, 503, 503], "two accounts stop nobody, the third everybody");
    same(&stopped, &seen(&ground, &case(LARGE, Some(Fault::SessionsOfMany), rounds()), None));
    let one = seen(&ground, &case(LARGE, Some(Fault::Sessions), rounds()), None);
    assert_eq!(statuses(&one), [200; 4], "three devices of one account stop nobody else");
}
