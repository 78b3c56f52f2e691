//! What came of a wave of people, and whether it is what the waiting room promises.

use std::time::Duration;

use tokio::time::Instant;

use super::Person;
use crate::harness::Verdict;
use crate::kit::late::beside;
use crate::kit::tally::Findings;

/// Within this time one process knows what another has told the store, and a little more.
const HEARD: Duration = Duration::from_millis(1_300);
/// Nobody is called while sign-ins take longer than a second; one that took half of that may be one of them.
const SLOW: Duration = Duration::from_millis(500);
/// How long after such a sign-in nobody may be called: for so long it is remembered, and until it is looked.
const REMEMBERED: Duration = Duration::from_secs(3);

/// So exactly a ticket tells a moment, in microseconds: a millisecond, and one more for each who came in the same.
const TOLD: i128 = 2_000;

/// What came of a wave.
#[derive(Debug)]
pub(crate) struct Came {
    pub(super) people: Vec<Person>,
    /// The longest a timer was late meanwhile.
    pub(super) late: Duration,
}

impl Came {
    pub(crate) const fn len(&self) -> usize {
        self.people.len()
    }

    /// Both waves.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.people.extend(other.people);
        Self { late: self.late.max(other.late), ..self }
    }

    fn count(&self) -> u64 {
        u64::try_from(self.people.len()).unwrap_or(u64::MAX)
    }

    /// How many were placed.
    pub(crate) fn placed(&self) -> usize {
        self.people.iter().filter(|person| person.is_placed).count()
    }

    /// How many met an open waiting room: they have a ticket, be it a place or, where nobody waited, entry.
    pub(crate) fn with_a_ticket(&self) -> usize {
        self.people.iter().filter(|person| person.came.is_some()).count()
    }

    /// How many were told nothing at some time, because nobody was there.
    pub(crate) fn unanswered(&self) -> usize {
        self.people.iter().filter(|person| person.unanswered > 0).count()
    }

    /// How many were not let in before that moment.
    pub(crate) fn out_at(&self, moment: Instant) -> usize {
        self.people.iter().filter(|person| person.entered.is_none_or(|entered| entered >= moment)).count()
    }

    /// How many were let in within that time after that moment.
    pub(crate) fn entered_within(&self, from: Instant, time: Duration) -> usize {
        let within = |moment: Instant| moment >= from && moment <= from + time;
        self.people.iter().filter(|person| person.entered.is_some_and(within)).count()
    }

    /// Everybody is in, nobody was told that it is a fault, and each place had a page, a number and a time.
    pub(crate) fn all_in(&self, tried: &str) -> Verdict {
        let mut found = Findings::default();
        for person in &self.people {
            person.faults.iter().chain(&person.wanting).for_each(|what| found.add(what.clone()));
            if person.done.is_none() {
                found.add(format!("{} is not in", person.login));
            }
        }
        let check = "everybody gets in; whoever waits has a page, a place and a time, and nobody an error";
        Verdict::of(check, tried, self.count(), found.told()).noting(format!("{} were placed", self.placed()))
    }

    /// For how long since that moment sign-ins took so long that nobody is called. A house that signs in slowly, as on a busy
    /// machine, calls slowly: that is its promise, and no fault of the line.
    fn held(&self, from: Instant) -> Duration {
        let slow = |person: &Person| {
            let (acted, done) = (person.acted?, person.done?);
            (done.saturating_duration_since(acted) > SLOW).then_some((acted.max(from), done + REMEMBERED))
        };
        let mut stretches: Vec<_> = self.people.iter().filter_map(slow).collect();
        stretches.sort_unstable();
        let (mut held, mut until) = (Duration::ZERO, from);
        for (begins, ends) in stretches {
            held += ends.saturating_duration_since(begins.max(until));
            until = until.max(ends);
        }
        held
    }

    /// The last is in within that time after that moment, and as long as sign-ins held the line up: as long again at most.
    pub(crate) fn in_time(&self, check: &str, tried: &str, from: Instant, bound: Duration) -> Verdict {
        let last = self.people.iter().map(|person| person.done).max().flatten();
        let took = last.map_or(Duration::MAX, |last| last.saturating_duration_since(from));
        let held = self.held(from).min(bound);
        let late =
            (took > bound + held || self.people.iter().any(|person| person.done.is_none())).then(|| {
                format!(
                    "the last was in after {:.1} s, and {:.1} s were computed",
                    seconds(took),
                    seconds(bound + held)
                )
            });
        let note = format!(
            "the last was in after {:.1} s; computed: {:.1} s, and {:.1} s in which sign-ins were slow",
            seconds(took),
            seconds(bound),
            seconds(held)
        );
        Verdict::of(check, tried, self.count(), late.into_iter().collect()).noting(note)
    }

    /// Whether there is a clock by which each ticket says a moment while it was asked for.
    fn tell_when_they_came(&self) -> bool {
        let told = || self.people.iter().filter_map(|person| Some((i128::from(person.came?), person.asked?)));
        let Some(origin) = told().map(|(_, (asked, _))| asked).min() else { return true };
        let after = |moment: Instant| {
            i128::try_from(moment.saturating_duration_since(origin).as_micros()).unwrap_or(i128::MAX)
        };
        // How much that clock may be ahead of the one here, at the least and at the most. It tells milliseconds.
        let least = told().map(|(came, (_, answered))| came - after(answered)).max();
        let most = told().map(|(came, (asked, _))| came - after(asked)).min();
        least.zip(most).is_none_or(|(least, most)| least <= most + TOLD)
    }

    /// Nobody was let in while somebody who had come before her was still told to wait. Who came when the product says, by
    /// whose tickets all of them go: when a request left is not when it came, on a busy machine least of all.
    pub(crate) fn in_order(&self, tried: &str, nodes: usize) -> Verdict {
        // One process hears within a second whom another has called, and tells people to wait until then.
        let apart = if nodes > 1 { HEARD + beside(self.late) } else { Duration::ZERO };
        let (mut pairs, mut found) = (0, Findings::default());
        for person in &self.people {
            let (Some(first), Some(waits)) = (person.came, person.waits) else { continue };
            for later in &self.people {
                let (Some(came), Some(entered)) = (later.came, later.entered) else { continue };
                if came <= first {
                    continue;
                }
                pairs += 1;
                if entered + apart < waits {
                    found.add(format!(
                        "{} came {:.3} s after {} and was in {:.1} s before she was told to wait",
                        later.login,
                        seconds(Duration::from_micros(came - first)),
                        person.login,
                        seconds(waits.saturating_duration_since(entered)),
                    ));
                }
            }
        }
        if !self.tell_when_they_came() {
            found.add("the tickets do not say when people came".to_owned());
        }
        let check = "nobody is let in while somebody who came before her is told to wait";
        let verdict = Verdict::of(check, tried, pairs, found.told());
        if nodes > 1 {
            return verdict.noting(format!("heard within {:.1} s", seconds(apart)));
        }
        verdict
    }
}

fn seconds(time: Duration) -> f32 {
    if time == Duration::MAX { f32::INFINITY } else { time.as_secs_f32() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(came: u64, waits: u64, entered: u64) -> Person {
        let origin = Instant::now() + Duration::from_secs(10);
        let at = |millis| Some(origin + Duration::from_millis(millis));
        Person {
            came: Some(came * 1_000),
            waits: at(waits),
            entered: at(entered),
            done: at(entered),
            ..Person::new(1, "a")
        }
    }

    #[tokio::test]
    async fn who_is_passed_is_found_and_who_only_asks_late_is_not() {
        let order = |people| Came { people, late: Duration::ZERO }.in_order("a", 1).pass;
        assert!(order(vec![person(0, 1_000, 3_000), person(500, 1_500, 2_000)]), "she asks again later");
        assert!(!order(vec![person(0, 2_500, 3_000), person(500, 1_500, 2_000)]));
        assert!(!order(vec![person(0, 0, 1_000)]), "one alone proves nothing");
        assert!(!order(vec![person(0, 2_500, 3_000), person(0, 1_500, 2_000)]), "nor two of one moment");
        let at_once = Person { waits: None, ..person(1, 0, 2_000) };
        assert!(
            !order(vec![person(0, 2_500, 3_000), at_once]),
            "nor is it right to let in at once who came later"
        );
    }

    #[tokio::test]
    async fn tickets_that_say_another_time_are_found() {
        let origin = Instant::now();
        let came = |came, asked: u64| Person {
            came: Some(came),
            asked: Some((origin + Duration::from_millis(asked), origin + Duration::from_millis(asked + 10))),
            ..person(0, 0, 1_000)
        };
        let tell = |people| Came { people, late: Duration::ZERO }.tell_when_they_came();
        assert!(tell(vec![came(5_000_000, 0), came(5_050_000, 50), came(5_108_000, 100)]));
        assert!(!tell(vec![came(5_000_000, 0), came(5_000_000, 50)]));
        assert!(!tell(vec![came(5_000_000, 0), came(5_080_000, 50)]));
    }

    #[tokio::test]
    async fn only_slow_sign_ins_give_the_line_more_time() {
        let from = Instant::now();
        let at = |millis| Some(from + Duration::from_millis(millis));
        let signs_in = |acted, done| Person { acted: at(acted), done: at(done), ..Person::new(1, "a") };
        let bound = Duration::from_secs(10);
        let in_time = |people| Came { people, late: Duration::ZERO }.in_time("a", "a", from, bound).pass;
        assert!(in_time(vec![signs_in(0, 9_900)]) && in_time(vec![signs_in(9_000, 9_100)]));
        assert!(!in_time(vec![signs_in(10_900, 11_100)]));
        // From 6 s to 11 s and from 10 s to 14 s: eight seconds and no more.
        let slow = || vec![signs_in(6_000, 8_000), signs_in(10_000, 11_000)];
        assert!(in_time(slow().into_iter().chain([signs_in(17_800, 17_900)]).collect()));
        assert!(!in_time(slow().into_iter().chain([signs_in(18_000, 18_100)]).collect()));
        assert!(in_time(vec![signs_in(0, 20_000)]) && !in_time(vec![signs_in(0, 20_100)]), "nor for ever");
    }
}
