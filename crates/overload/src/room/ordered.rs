//! Several nodes and one line: nobody is let in before somebody who came earlier is called, whichever node each of them asks,
//! and no node that lives has placed anybody whom the watermark passed uncounted. A node that was silent for five seconds counts as
//! dead: whom it places meanwhile, and until the others have heard of it again, they cannot wait for.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{Book, Micros, Plan, RoomBounds, SECOND, SETTLED, Said, WaitingRoom, Wants};

const NOW: Micros = 1_800_000_000 * SECOND;
/// Time goes on by so much.
const BEAT: Micros = SECOND / 100;
/// So many nodes.
const NODES: usize = 3;

/// When a node says nothing, and whether it still answers people then: its store is away, or all of it stands still.
#[derive(Debug, Clone, Copy)]
struct Silent {
    node: usize,
    from: u64,
    beats: u64,
    answers: bool,
}

/// How it begins: known before, or seen by a node.
#[derive(Debug, Clone, Copy)]
enum Opens {
    ByPlan,
    ByItself,
}

#[derive(Debug)]
struct Node {
    room: Arc<WaitingRoom>,
    /// Its looks are at that beat of each second.
    phase: u64,
    /// When people came whom it placed and has told nobody of.
    unsaid: Vec<Micros>,
    /// The beat of its last word, and since which beat it has not been silent for as long as the dead are.
    said: u64,
    since: u64,
}

/// After so many beats without a word a node counts as dead.
const DEAD: u64 = 500;
/// So many beats after its word everybody has heard it.
const HEARD: u64 = 100;

impl Node {
    fn lives(&self, beat: u64) -> bool {
        beat <= self.said + DEAD
    }

    /// Whether the others know that it lives.
    fn is_known(&self, beat: u64) -> bool {
        self.lives(beat) && (self.since == 0 || beat > self.since + HEARD)
    }
}

/// Everybody who was placed or let in, by when she came.
fn came_of(ticket: &str) -> Micros {
    ticket.split('.').nth(1).unwrap().parse().unwrap()
}

/// Plays a line; what was wrong in it, and how many were let in at once.
fn play(
    comes: &[(u64, usize)],
    phases: [u64; NODES],
    opens: Opens,
    silent: Option<Silent>,
) -> (Vec<String>, u64) {
    let bounds = RoomBounds::default();
    let room =
        || WaitingRoom::new(bounds.clone(), Box::new(|text: &[u8]| [u8::try_from(text.len()).unwrap(); 16]));
    let mut nodes =
        phases.map(|phase| Node { room: Arc::new(room()), phase, unsaid: Vec::new(), said: 0, since: 0 });
    let mut book = match opens {
        Opens::ByPlan => Book::default().planned(Some(Plan { from: NOW + 2 * SECOND, until: Micros::MAX })),
        Opens::ByItself => Book::default(),
    };
    // Placed and not called: when she came, and which beat she asks again at whom.
    let mut waiting: Vec<(Micros, String, u64, usize)> = Vec::new();
    // Whom a node placed of which the others did not know that it lives.
    let mut apart: Vec<Micros> = Vec::new();
    let (mut wrong, mut at_once) = (Vec::new(), 0);
    let mut crowd = Vec::new();
    for beat in 0..3_000_u64 {
        let now = NOW + beat * BEAT;
        let is_silent = |node: usize| {
            silent.filter(|silent| {
                silent.node == node && (silent.from..silent.from + silent.beats).contains(&beat)
            })
        };
        if beat == 150 && matches!(opens, Opens::ByItself) {
            // More than it takes sign in slowly at the first node.
            crowd.extend((0..20).map(|_| nodes[0].room.begins(1)));
            crowd.drain(..).for_each(|entering| entering.is_in(now, bounds.opens * 2));
        }
        for (number, node) in nodes.iter_mut().enumerate() {
            if beat % 100 != node.phase {
                continue;
            }
            let step = node.room.step(now, Duration::from_secs(1));
            if is_silent(number).is_some() {
                node.room.give_back(step);
                continue;
            }
            let unused = match book.after(now, &number.to_string(), &step, &bounds) {
                Some((next, unused)) => {
                    book = next;
                    unused
                }
                None => 0,
            };
            if !node.lives(beat) {
                node.since = beat;
            }
            node.said = beat;
            node.unsaid.clear();
            node.room.follow(now, book.clone(), unused);
        }
        for (number, node) in nodes.iter().enumerate() {
            if let Some(passed) = node.unsaid.iter().find(|came| node.lives(beat) && **came < book.called()) {
                wrong.push(format!("at {beat} {passed} of {number} was passed uncounted"));
            }
        }
        for (_, at) in comes.iter().filter(|(at, _)| *at == beat) {
            if is_silent(*at).is_some_and(|silent| !silent.answers) {
                continue;
            }
            let node = &mut nodes[*at];
            match node.room.ask(now, None, Wants::Look, 0, None) {
                Said::Wait(placed) => {
                    let came = came_of(&placed.ticket);
                    node.unsaid.push(came);
                    if !node.is_known(beat) {
                        apart.push(came);
                    }
                    waiting.push((came, placed.ticket, beat + 100, (at + 1) % NODES));
                }
                Said::Enter(ticket) => {
                    at_once += u64::from(ticket.is_some());
                    // Who has no ticket came before it is open, as all of them know it.
                    let came = ticket.as_deref().map_or(now, came_of);
                    let before =
                        waiting.iter().find(|(earlier, ..)| *earlier < came && *earlier >= book.called());
                    if let Some((earlier, ..)) = before {
                        wrong.push(format!("at {beat} {came} was let in at {at}, and {earlier} waits"));
                    }
                }
            }
        }
        waiting.retain_mut(|(came, ticket, again, at)| {
            if *again > beat || is_silent(*at).is_some_and(|silent| !silent.answers) {
                return true;
            }
            *again = beat + 100;
            match nodes[*at].room.ask(now, Some(ticket.as_bytes()), Wants::Look, 0, None) {
                Said::Wait(_) => {
                    *at = (*at + 1) % NODES;
                    true
                }
                Said::Enter(_) => {
                    if *came >= book.called() {
                        wrong.push(format!("at {beat} {came} was let in uncalled"));
                    }
                    false
                }
            }
        });
    }
    if !waiting.is_empty() {
        wrong.push(format!("{} still wait", waiting.len()));
    }
    (wrong, at_once)
}

#[test]
fn one_node_alone_lets_in_at_once_while_nobody_waits() {
    // The others die before it opens.
    let comes: Vec<(u64, usize)> = (0..40).map(|one| (600 + one * 20, 0)).collect();
    let bounds = RoomBounds::default();
    let room = WaitingRoom::new(bounds.clone(), Box::new(|_: &[u8]| [0; 16]));
    let mut book = Book::default().planned(Some(Plan { from: NOW, until: Micros::MAX }));
    let mut at_once = 0;
    for beat in 0..2_000_u64 {
        let now = NOW + beat * BEAT;
        if beat % 100 == 0 {
            let (next, unused) =
                book.after(now, "0", &room.step(now, Duration::from_secs(1)), &bounds).unwrap();
            book = next;
            room.follow(now, book.clone(), unused);
        }
        for _ in comes.iter().filter(|(at, _)| *at == beat) {
            at_once += u64::from(matches!(room.ask(now, None, Wants::Look, 0, None), Said::Enter(Some(_))));
        }
    }
    assert_eq!(at_once, 40, "five a second come, and five are let in");
    assert!(book.waiting() == 0 && SETTLED > 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn nobody_is_let_in_before_who_came_earlier_is_called_on_any_node(
        mut comes in proptest::collection::vec((0u64..1_200, 0usize..NODES), 1..120),
        burst in 0u64..1_200, size in 0usize..40,
        phases in proptest::array::uniform3(0u64..100),
        by_plan: bool,
        silent in proptest::option::of((0usize..NODES, 0u64..1_200, 1u64..900, any::<bool>())),
    ) {
        comes.extend((0..size).map(|one| (burst + u64::try_from(one).unwrap() % 7, one % NODES)));
        let opens = if by_plan { Opens::ByPlan } else { Opens::ByItself };
        // A node that hears of nothing while it opens by itself cannot know of it.
        let silent = silent.map(|(node, from, beats, answers)| Silent { node, from: from + 450, beats, answers });
        let (wrong, _) = play(&comes, phases, opens, silent);
        prop_assert!(wrong.is_empty(), "{:?}", wrong.iter().take(3).collect::<Vec<_>>());
    }
}
