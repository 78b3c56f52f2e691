use proptest::prelude::*;

use super::*;

/// Short, so that a walk of a few steps comes to the unknown.
fn bounds() -> Bounds {
    Bounds { unknown_after_seconds: 12, ..Bounds::default() }
}

fn asked_at() -> Moment {
    Moment::EPOCH.plus_seconds(1_000)
}

fn accepted(high: bool) -> Wish {
    Wish {
        high,
        applied_high: Some(!high),
        state: SpeedState::Accepted,
        reason: SpeedReason::Chosen,
        version: 3,
        asked_at: asked_at(),
        changed_at: asked_at(),
        session: None,
    }
}

const STANDINGS: [Standing; 3] = [Standing::InUse, Standing::Suspended, Standing::Ended];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    Set(SetAnswer),
    Query(QueryAnswer),
    Closed,
}

fn events_of(act: Act, claim: u64) -> Vec<Event> {
    let older = Fence { asked_at: asked_at().plus_seconds(-60), claim: 90 };
    let ours = Fence { asked_at: asked_at(), claim: claim.saturating_sub(1).max(1) };
    match act {
        Act::Send => vec![
            Event::Set(SetAnswer::Applied),
            Event::Set(SetAnswer::Accepted(None)),
            Event::Set(SetAnswer::NoAnswer),
            Event::Set(SetAnswer::Refused(Refusal::OlderFence)),
            Event::Set(SetAnswer::Refused(Refusal::NotAllowed)),
            Event::Closed,
        ],
        Act::Ask => {
            let state = |high, fence| Event::Query(QueryAnswer::State { high, fence });
            vec![
                state(true, older),
                state(false, older),
                state(true, ours),
                state(false, ours),
                Event::Query(QueryAnswer::UnderWay(older)),
                Event::Query(QueryAnswer::UnderWay(ours)),
                Event::Query(QueryAnswer::Refused(Refusal::NotAllowed, older)),
                Event::Query(QueryAnswer::Refused(Refusal::NotAllowed, ours)),
                Event::Query(QueryAnswer::Unknown),
                Event::Query(QueryAnswer::NoAnswer),
                Event::Closed,
            ]
        }
        Act::Rest(_) => Vec::new(),
    }
}

fn confirms(wish: &Wish, event: &Event) -> bool {
    match event {
        Event::Set(answer) => *answer == SetAnswer::Applied,
        Event::Query(QueryAnswer::State { high, fence }) => {
            *high == wish.high && fence.asked_at == wish.asked_at
        }
        Event::Query(_) | Event::Closed => false,
    }
}

/// Whether a wish may go from one state to the other.
fn may_turn(from: SpeedState, to: SpeedState) -> bool {
    use SpeedState::{Accepted, Confirmed, Failed, Pending, Unknown};
    from == to
        || matches!(
            (from, to),
            (Accepted, Pending | Failed | Unknown)
                | (Pending, Confirmed | Failed | Unknown)
                | (Unknown, Confirmed | Failed)
        )
}

/// What the walk has seen of a wish so far.
#[derive(Clone, Copy)]
struct Seen {
    claim: u64,
    now: Moment,
    /// An order is out of which nothing was heard.
    unheard: bool,
    steps: u32,
}

/// Walks every path of so many steps and holds each step to the laws; counts where they rest, by state.
fn walk(wish: &Wish, standing: Standing, seen: Seen, rests: &mut [u32; 5]) {
    let bounds = bounds();
    let tries = u32::try_from(seen.claim).unwrap();
    let mut course = Course::new(&bounds, wish.clone(), seen.claim, tries, standing);
    let act = course.begin(seen.now);
    assert!(may_turn(wish.state, course.wish().state));
    assert_eq!(course.wish().applied_high, wish.applied_high, "nothing was heard yet");
    if standing != Standing::InUse {
        assert_ne!(act, Act::Send, "a line that is not in use was sent an order");
    }
    if standing == Standing::Ended {
        assert_eq!(act, Act::Rest(None), "the element was told of a line that is not held");
    }
    step(&course, act, standing, seen, rests);
}

fn step(course: &Course<'_>, act: Act, standing: Standing, seen: Seen, rests: &mut [u32; 5]) {
    let wish = course.wish();
    if act == Act::Send {
        assert!(!seen.unheard, "an order was repeated before the element was asked");
        assert_eq!(standing, Standing::InUse);
    }
    if let Act::Rest(due_at) = act {
        let settled = matches!(wish.state, SpeedState::Confirmed | SpeedState::Failed);
        assert_eq!(due_at.is_none(), settled || standing == Standing::Ended);
        rests[SpeedState::ALL.iter().position(|state| *state == wish.state).unwrap()] += 1;
        let Some(due_at) = due_at.filter(|_| seen.steps > 0) else { return };
        assert!(due_at > seen.now);
        let given_up = seen.now >= asked_at().plus_seconds(bounds().unknown_after_seconds);
        assert_eq!(wish.state == SpeedState::Unknown, given_up);
        for standing in STANDINGS {
            walk(wish, standing, Seen { claim: seen.claim + 1, now: due_at, ..seen }, rests);
        }
        return;
    }
    for event in events_of(act, seen.claim) {
        let mut next = course.clone();
        let now = seen.now.plus_seconds(1);
        if act == Act::Send && event != Event::Closed {
            next.sending(now);
            assert_ne!(next.wish().state, SpeedState::Accepted, "what is sent is written down as sent");
        }
        let from = next.wish().state;
        let act = match &event {
            Event::Set(answer) => next.on_set(answer.clone(), now, 0),
            Event::Query(answer) => next.on_query(*answer, now, 0),
            Event::Closed => next.on_closed(now.plus_seconds(3), now, 0),
        };
        assert!(may_turn(from, next.wish().state), "{from:?} to {:?}", next.wish().state);
        assert_eq!(next.wish().state == SpeedState::Confirmed, confirms(wish, &event), "{event:?}");
        let heard = match event {
            Event::Set(SetAnswer::Applied) => Some(wish.high),
            Event::Query(QueryAnswer::State { high, .. }) => Some(high),
            Event::Set(_) | Event::Query(_) | Event::Closed => wish.applied_high,
        };
        assert_eq!(next.wish().applied_high, heard.or(wish.applied_high), "{event:?}");
        assert_eq!(next.wish().changed_at == now, next.wish().state != wish.state);
        if event == Event::Closed {
            assert!(matches!(next.wish().state, SpeedState::Unknown) || next.wish().state == wish.state);
        }
        let ours = |fence: Fence| fence.asked_at == wish.asked_at;
        let unheard = match event {
            Event::Set(
                SetAnswer::NoAnswer | SetAnswer::Accepted(_) | SetAnswer::Refused(Refusal::OlderFence),
            ) => true,
            Event::Set(_) => false,
            Event::Query(QueryAnswer::UnderWay(fence)) if ours(fence) => true,
            Event::Query(answer) => seen.unheard && answer == QueryAnswer::NoAnswer,
            Event::Closed => seen.unheard,
        };
        let seen = Seen { now, unheard, steps: seen.steps.saturating_sub(1), ..seen };
        step(&next, act, standing, seen, rests);
    }
}

#[test]
fn every_path_keeps_to_the_elements_word() {
    for high in [true, false] {
        for standing in STANDINGS {
            let seen = Seen { claim: 1, now: asked_at(), unheard: false, steps: 6 };
            let mut rests = [0; 5];
            walk(&accepted(high), standing, seen, &mut rests);
            if standing == Standing::InUse {
                let [accepted, pending, confirmed, failed, unknown] = rests;
                assert!(
                    accepted > 0 && pending > 10 && confirmed > 100 && failed > 10 && unknown > 100,
                    "{rests:?}"
                );
            }
        }
    }
}

#[test]
fn a_refusal_leaves_what_was() {
    let bounds = Bounds::default();
    let mut course = Course::new(&bounds, accepted(false), 1, 1, Standing::InUse);
    assert_eq!(course.begin(asked_at()), Act::Send);
    let act = course.on_set(SetAnswer::Refused(Refusal::NotAllowed), asked_at().plus_seconds(1), 0);
    assert_eq!((act, course.wish().state), (Act::Rest(None), SpeedState::Failed));
    assert_eq!(course.wish().applied_high, Some(true));
}

#[test]
fn without_an_answer_a_wish_is_unknown_after_five_minutes_and_checked_ever_more_rarely() {
    let bounds = Bounds::default();
    let (mut wish, mut now, mut waits) = (accepted(false), asked_at(), Vec::new());
    for claim in 1..20 {
        let tries = u32::try_from(claim).unwrap();
        let mut course = Course::new(&bounds, wish, claim, tries, Standing::InUse);
        let act = match course.begin(now) {
            Act::Send => {
                course.sending(now);
                course.on_set(SetAnswer::NoAnswer, now, 0)
            }
            Act::Ask => course.on_query(QueryAnswer::NoAnswer, now, 0),
            Act::Rest(_) => panic!("it gave up"),
        };
        let Act::Rest(Some(due)) = act else { panic!("{act:?}") };
        wish = course.wish().clone();
        let late = now.seconds_since(asked_at()) >= 300;
        assert_eq!(wish.state, if late { SpeedState::Unknown } else { SpeedState::Pending });
        waits.push(due.seconds_since(now));
        now = due;
    }
    assert_eq!(waits[..10], [2, 4, 8, 16, 32, 60, 60, 60, 58, 900]);
    assert!(waits[9..].iter().all(|wait| *wait == 900));
    assert_eq!(wish.changed_at, asked_at().plus_seconds(300));
}

proptest! {
    #[test]
    fn a_wait_lies_between_half_and_whole_of_its_doubled_length(tries: u32, roll: u32, longest in 2_000i64..900_000) {
        let whole = 2_000_i64.saturating_mul(1 << tries.saturating_sub(1).min(32)).min(longest);
        let wait = wait_millis(2_000, longest, tries, roll);
        prop_assert!(whole - whole / 2 <= wait && wait <= whole);
    }
}
