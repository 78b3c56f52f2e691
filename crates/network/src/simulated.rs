//! The simulated element: in memory, named so wherever it is used. For the demo and for tests.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use honnin_access::Answer;
use honnin_seal::{Digest, digest};
use honnin_terms::ElementSession;
use tokio::time::{Instant, sleep};

use crate::element::{Element, Fence, LineAddress, QueryAnswer, Refusal, SetAnswer, Speed};

/// How the simulated element behaves. The same seed gives every order the same fate, whatever comes between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simulation {
    /// Seed of latencies and fates. Default 0.
    pub seed: u64,
    /// The shortest time to an answer, in milliseconds. Default 1,000, so that a person sees the change under way.
    pub shortest_millis: u64,
    /// The longest time to an answer, in milliseconds. Default 2,000.
    pub longest_millis: u64,
    /// Orders refused, of a thousand. Default 0.
    pub refused_per_mille: u16,
    /// Calls without an answer, of a thousand; half of the orders among them are done all the same. Default 0.
    pub lost_per_mille: u16,
    /// Orders that are taken at once and done or refused later, of a thousand. Default 0.
    pub later_per_mille: u16,
    /// How much later, in milliseconds. Default 3,000.
    pub later_millis: u64,
    /// Lines it remembers, ordered for or asked about; an order for one more is refused. Default 1,000,000.
    pub most_lines: usize,
}

impl Default for Simulation {
    fn default() -> Self {
        Self {
            seed: 0,
            shortest_millis: 1_000,
            longest_millis: 2_000,
            refused_per_mille: 0,
            lost_per_mille: 0,
            later_per_mille: 0,
            later_millis: 3_000,
            most_lines: 1_000_000,
        }
    }
}

#[derive(Clone, Copy, Default)]
struct LineState {
    taken: Option<(bool, Fence)>,
    /// The newest order, where it was taken first and is done or refused later.
    later: Option<Later>,
    asked: u64,
}

#[derive(Clone, Copy)]
struct Later {
    high: bool,
    fence: Fence,
    refused: bool,
    at: Instant,
}

impl LineState {
    /// Does what was to be done by now.
    fn settle(&mut self, now: Instant) {
        if let Some(Later { high, fence, .. }) = self.later.filter(|later| later.at <= now && !later.refused)
        {
            (self.taken, self.later) = (Some((high, fence)), None);
        }
    }

    /// The order under that fence, where it is the newest and waits or was refused.
    fn said_later(&self, now: Instant) -> Option<QueryAnswer> {
        let Later { fence, at, .. } = self.later?;
        Some(if at > now { QueryAnswer::UnderWay(fence) } else { QueryAnswer::Refused(MADE_UP, fence) })
    }
}

/// What it calls an order: nothing of the line can be told from it.
fn session_of(fence: Fence) -> Option<ElementSession> {
    ElementSession::try_from(format!("sim-{}", fence.token())).ok()
}

/// The element.
pub struct Simulated {
    simulation: Simulation,
    lines: Mutex<HashMap<Digest, LineState>>,
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulated").field("simulation", &self.simulation).finish_non_exhaustive()
    }
}

/// The code of the refusals the simulation makes up, and of one line too many.
const MADE_UP: Refusal = Refusal::Code(1);
const FULL: Refusal = Refusal::Code(2);

/// What happens to one call.
#[derive(Clone, Copy)]
struct Fate {
    way: Duration,
    refused: bool,
    later: bool,
    /// Where it gets lost.
    lost: Option<Lost>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lost {
    OnTheWay,
    OnTheWayBack,
}

impl Simulated {
    /// An element that has taken no order yet.
    pub fn new(simulation: Simulation) -> Self {
        Self { simulation, lines: Mutex::new(HashMap::new()) }
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<Digest, LineState>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, line: &LineAddress) -> Digest {
        digest(&[b"simulated line\0", &self.simulation.seed.to_be_bytes(), line.digits().as_bytes()])
    }

    fn fate(&self, line: &Digest, call: &[&[u8]]) -> Fate {
        let drawn = digest(&[line, &digest(call)]);
        let draw = |place: usize| {
            let octets = drawn.iter().skip(place * 4).take(4);
            octets.fold(0_u64, |number, octet| (number << 8) | u64::from(*octet))
        };
        let Simulation { shortest_millis, longest_millis, refused_per_mille, lost_per_mille, .. } =
            self.simulation;
        let later = u64::from(self.simulation.later_per_mille);
        let spread = longest_millis.saturating_sub(shortest_millis).saturating_add(1);
        let there_and_back = shortest_millis.saturating_add(draw(0) % spread);
        Fate {
            way: Duration::from_millis(there_and_back) / 2,
            refused: draw(1) % 1_000 < u64::from(refused_per_mille),
            lost: (draw(2) % 1_000 < u64::from(lost_per_mille))
                .then(|| if draw(3) % 2 == 0 { Lost::OnTheWayBack } else { Lost::OnTheWay }),
            later: draw(4) % 1_000 < later,
        }
    }

    /// What is remembered of a line; nothing where there is no room for one more.
    fn remembered<T>(&self, line: Digest, with: impl FnOnce(&mut LineState) -> T) -> Option<T> {
        let mut lines = self.lines();
        let room = lines.contains_key(&line) || lines.len() < self.simulation.most_lines;
        room.then(|| with(lines.entry(line).or_default()))
    }

    fn take(&self, line: Digest, speed: Speed, fence: Fence, fate: Fate) -> SetAnswer {
        let (now, high) = (Instant::now(), speed.high);
        let answer = self.remembered(line, |state| {
            state.settle(now);
            let newest = state.taken.map(|(_, fence)| fence).max(state.later.map(|later| later.fence));
            match newest {
                Some(newest) if fence < newest => SetAnswer::Refused(Refusal::OlderFence),
                Some(newest) if fence == newest => match state.said_later(now) {
                    None => SetAnswer::Applied,
                    Some(QueryAnswer::Refused(refusal, _)) => SetAnswer::Refused(refusal),
                    Some(_) => SetAnswer::Accepted(session_of(fence)),
                },
                Some(_) | None if fate.later => {
                    let at = now + Duration::from_millis(self.simulation.later_millis);
                    state.later = Some(Later { high, fence, refused: fate.refused, at });
                    SetAnswer::Accepted(session_of(fence))
                }
                Some(_) | None if fate.refused => SetAnswer::Refused(MADE_UP),
                Some(_) | None => {
                    (state.taken, state.later) = (Some((high, fence)), None);
                    SetAnswer::Applied
                }
            }
        });
        answer.unwrap_or(SetAnswer::Refused(FULL))
    }

    /// What a line has, or what became of the newest order for it.
    fn said(&self, line: &Digest) -> QueryAnswer {
        let (now, mut lines) = (Instant::now(), self.lines());
        let Some(state) = lines.get_mut(line) else { return QueryAnswer::Unknown };
        state.settle(now);
        let has = state.taken.map(|(high, fence)| QueryAnswer::State { high, fence });
        state.said_later(now).or(has).unwrap_or(QueryAnswer::Unknown)
    }

    /// What happens to the next question about a line. Each of them has a fate of its own, about a line that took no order
    /// too: were the first one's fate that of all, who lost one would never learn anything.
    fn fate_of_question(&self, line: Digest) -> Fate {
        let asked = self.remembered(line, |state| {
            state.asked = state.asked.saturating_add(1);
            state.asked
        });
        let fate = self.fate(&line, &[b"query", &asked.unwrap_or_default().to_be_bytes()]);
        Fate { lost: fate.lost.filter(|_| asked.is_some()), ..fate }
    }
}

impl Element for Simulated {
    fn name(&self) -> &'static str {
        "simulated"
    }

    fn set<'a>(
        &'a self,
        line: &'a LineAddress,
        speed: Speed,
        fence: Fence,
        deadline: Duration,
    ) -> Answer<'a, SetAnswer> {
        let line = self.key(line);
        let Fence { asked_at, claim } = fence;
        let fate = self.fate(&line, &[b"set", &asked_at.millis().to_be_bytes(), &claim.to_be_bytes()]);
        Answer::later(async move {
            sleep(fate.way).await;
            if fate.lost == Some(Lost::OnTheWay) {
                sleep(deadline).await;
                return SetAnswer::NoAnswer;
            }
            let answer = self.take(line, speed, fence, fate);
            if fate.lost.is_some() {
                sleep(deadline).await;
                return SetAnswer::NoAnswer;
            }
            sleep(fate.way).await;
            answer
        })
    }

    fn query<'a>(&'a self, line: &'a LineAddress, deadline: Duration) -> Answer<'a, QueryAnswer> {
        let line = self.key(line);
        let fate = self.fate_of_question(line);
        Answer::later(async move {
            sleep(fate.way).await;
            if fate.lost.is_some() {
                sleep(deadline).await;
                return QueryAnswer::NoAnswer;
            }
            let said = self.said(&line);
            sleep(fate.way).await;
            said
        })
    }
}

#[cfg(test)]
mod tests {
    use honnin_terms::{Moment, Msisdn};

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(5);

    fn line(number: u32) -> LineAddress {
        LineAddress::new(Msisdn::parse(&format!("+8170{number:08}"), "81").unwrap(), None)
    }

    fn fence(claim: u64) -> Fence {
        Fence { asked_at: Moment::EPOCH, claim }
    }

    const HIGH: Speed = Speed { high: true };
    const LOW: Speed = Speed { high: false };

    #[tokio::test(start_paused = true)]
    async fn an_order_is_idempotent_and_an_older_one_is_refused() {
        let element = Simulated::new(Simulation::default());
        assert_eq!(element.query(&line(1), DEADLINE).await, QueryAnswer::Unknown);
        assert_eq!(element.set(&line(1), LOW, fence(2), DEADLINE).await, SetAnswer::Applied);
        assert_eq!(element.set(&line(1), LOW, fence(2), DEADLINE).await, SetAnswer::Applied);
        let older = SetAnswer::Refused(Refusal::OlderFence);
        assert_eq!(element.set(&line(1), HIGH, fence(1), DEADLINE).await, older);
        let state = QueryAnswer::State { high: false, fence: fence(2) };
        assert_eq!(element.query(&line(1), DEADLINE).await, state);
        assert_eq!(element.query(&line(2), DEADLINE).await, QueryAnswer::Unknown);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_taken_is_done_or_refused_later_and_said_when_it_is_asked() {
        for refused_per_mille in [0, 1_000] {
            let simulation =
                Simulation { later_per_mille: 1_000, refused_per_mille, ..Simulation::default() };
            let element = Simulated::new(simulation);
            let set = async |high, claim| element.set(&line(1), Speed { high }, fence(claim), DEADLINE).await;
            let taken = set(false, 2).await;
            assert!(matches!(&taken, SetAnswer::Accepted(Some(_))), "{taken:?}");
            assert_eq!(set(false, 2).await, taken, "the same order again");
            assert_eq!(set(true, 1).await, SetAnswer::Refused(Refusal::OlderFence));
            let mut said = element.query(&line(1), DEADLINE).await;
            while said == QueryAnswer::UnderWay(fence(2)) {
                said = element.query(&line(1), DEADLINE).await;
            }
            let refused = QueryAnswer::Refused(MADE_UP, fence(2));
            let done = QueryAnswer::State { high: false, fence: fence(2) };
            assert_eq!(said, if refused_per_mille > 0 { refused } else { done });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_seed_gives_one_fate_and_lost_orders_are_done_or_not() {
        let simulation = Simulation { lost_per_mille: 500, refused_per_mille: 200, ..Simulation::default() };
        let (one, two) = (Simulated::new(simulation), Simulated::new(simulation));
        let (mut lost_and_done, mut lost_and_not_done, mut refused) = (0, 0, 0);
        for number in 0..200 {
            let answer = one.set(&line(number), LOW, fence(1), DEADLINE).await;
            assert_eq!(answer, two.set(&line(number), LOW, fence(1), DEADLINE).await);
            let done = one.lines().get(&one.key(&line(number))).is_some_and(|state| state.taken.is_some());
            match answer {
                SetAnswer::Applied => assert!(done),
                SetAnswer::NoAnswer if done => lost_and_done += 1,
                SetAnswer::NoAnswer => lost_and_not_done += 1,
                SetAnswer::Refused(_) => refused += 1,
                SetAnswer::Accepted(_) => panic!("nothing is done later"),
            }
        }
        assert!(lost_and_done > 20 && lost_and_not_done > 20 && refused > 5);
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_again_and_again_is_answered_about_a_line_that_took_no_order_too() {
        for most_lines in [0, 1_000] {
            let element =
                Simulated::new(Simulation { lost_per_mille: 500, most_lines, ..Simulation::default() });
            for number in 0..100 {
                let mut asked = 1;
                while element.query(&line(number), DEADLINE).await == QueryAnswer::NoAnswer {
                    asked += 1;
                    assert!(asked < 30, "line {number}, room for {most_lines}");
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_remembers_no_more_lines_than_it_may() {
        let element = Simulated::new(Simulation { most_lines: 1, ..Simulation::default() });
        assert_eq!(element.set(&line(1), LOW, fence(1), DEADLINE).await, SetAnswer::Applied);
        assert_eq!(element.set(&line(2), LOW, fence(1), DEADLINE).await, SetAnswer::Refused(FULL));
        assert_eq!(element.set(&line(1), HIGH, fence(2), DEADLINE).await, SetAnswer::Applied);
    }
}
