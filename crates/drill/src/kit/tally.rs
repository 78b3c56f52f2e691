//! Counting what came back, and what of it may not be.

use std::collections::BTreeMap;

use super::paths::shows_marks;
use super::stage::World;
use crate::client::{Answer, Exchange};
use crate::harness::{SignedIn, Verdict};

/// Findings of one kind that are kept with their words; the rest are counted.
const MOST_KEPT: usize = 100;

/// Findings: the first with their words, all of them counted.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    kept: Vec<String>,
    count: u64,
}

impl Findings {
    pub(crate) fn add(&mut self, what: String) {
        self.count += 1;
        if self.kept.len() < MOST_KEPT {
            self.kept.push(what);
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn take(&mut self, other: Self) {
        self.count += other.count;
        self.kept.extend(other.kept);
        self.kept.truncate(MOST_KEPT);
    }

    /// As a report tells them.
    pub(crate) fn told(self) -> Vec<String> {
        let more = self.count.saturating_sub(u64::try_from(self.kept.len()).unwrap_or(u64::MAX));
        let mut told = self.kept;
        if more > 0 {
            told.push(format!("and {more} more"));
        }
        told
    }
}

/// What a client counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Answers that were looked at, parts of answers too.
    pub(crate) answers: u64,
    /// Whole answers.
    pub(crate) whole: u64,
    /// Octets looked at, as they were sent.
    pub(crate) octets: u64,
    /// Marks of the viewer's own.
    pub(crate) own: u64,
    /// Whole answers that showed something personal.
    pub(crate) disclosed: u64,
    /// Whole answers that have to show a mark of their viewer's own.
    pub(crate) telling: u64,
    /// Requests that were left in the middle.
    pub(crate) left: u64,
    /// Requests whose connection the product ended before the answer was whole.
    pub(crate) broken: u64,
    /// Answers by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Marks of others.
    pub(crate) foreign: Findings,
    /// What could not be looked into.
    pub(crate) unread: Findings,
    /// Answers of a telling path without any mark of the viewer's.
    pub(crate) empty: Findings,
    /// Errors that say neither when to come back nor what to do.
    pub(crate) faults: Findings,
}

impl Tally {
    /// Looks at what came of a request; returns how many of the viewer's own marks it shows.
    pub(crate) fn look(
        &mut self,
        world: &World,
        viewer: Option<&SignedIn>,
        path: &str,
        exchange: &Exchange,
    ) -> usize {
        let Exchange { answer, broken } = exchange;
        let own = self.octets(world, viewer, path, answer);
        let Answer { status, is_whole, .. } = answer;
        if let Some(reason) = broken {
            self.broken += 1;
            if answer.status != 0 {
                self.faults.add(format!("{path}: {reason}"));
            }
            return own;
        }
        *self.statuses.entry(*status).or_default() += 1;
        if *is_whole && *status == 200 && viewer.is_some() && super::paths::is_personal(path) {
            self.disclosed += 1;
            if shows_marks(path) {
                self.telling += 1;
                if own == 0 {
                    self.empty.add(format!("{path} showed its viewer nothing of her own"));
                }
            }
        }
        let busy = matches!(status, 429 | 503);
        let says_when = answer.header("retry-after").next().is_some();
        if (*status >= 500 && !busy) || (busy && !says_when) {
            self.faults.add(format!("{path} answered {status}, Retry-After said: {says_when}"));
        }
        own
    }

    /// Looks at octets that are not known to be a whole answer.
    pub(crate) fn octets(
        &mut self,
        world: &World,
        viewer: Option<&SignedIn>,
        path: &str,
        answer: &Answer,
    ) -> usize {
        if answer.head.is_empty() && answer.body.is_empty() {
            return 0;
        }
        let scan = world.scan(viewer, answer);
        self.answers += 1;
        self.whole += u64::from(answer.is_whole);
        self.octets += u64::try_from(scan.octets).unwrap_or(u64::MAX);
        self.own += u64::try_from(scan.own.len()).unwrap_or(u64::MAX);
        let name = viewer.map_or("nobody", |viewer| viewer.account.as_str());
        for seen in scan.foreign {
            self.foreign.add(format!(
                "{name} asked {path} and was shown {} of {} in {} at {}",
                seen.mark, seen.account, seen.place, seen.at
            ));
        }
        for what in scan.unread {
            self.unread.add(format!("{path}: {what}"));
        }
        scan.own.len()
    }

    /// Adds what another client counted.
    pub(crate) fn take(&mut self, other: Self) {
        let Self {
            answers,
            whole,
            octets,
            own,
            disclosed,
            telling,
            left,
            broken,
            statuses,
            foreign,
            unread,
            empty,
            faults,
        } = other;
        self.answers += answers;
        self.whole += whole;
        self.octets += octets;
        self.own += own;
        self.disclosed += disclosed;
        self.telling += telling;
        self.left += left;
        self.broken += broken;
        for (status, count) in statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.foreign.take(foreign);
        self.unread.take(unread);
        self.empty.take(empty);
        self.faults.take(faults);
    }

    /// Statuses as `200: 17, 404: 3`.
    pub(crate) fn statuses(&self) -> String {
        let told: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        told.join(", ")
    }

    /// The verdicts of a drill in which everybody has figures to be shown.
    pub(crate) fn verdicts(mut self, tried: &str) -> Vec<Verdict> {
        let empty = std::mem::take(&mut self.empty).told();
        let check = "everybody is shown her own figures";
        let own = Verdict::of(check, "answers that have to hold some", self.telling, empty);
        let mut verdicts = self.looked(tried);
        verdicts.push(own);
        verdicts
    }

    /// The verdicts every drill gives that looks at answers.
    pub(crate) fn looked(self, tried: &str) -> Vec<Verdict> {
        let told = format!(
            "{} marks of their viewers' own in {} octets; {} left in the middle; {} ended by the product; by status {}",
            self.own,
            self.octets,
            self.left,
            self.broken,
            self.statuses()
        );
        vec![
            Verdict::of("nobody is shown a mark of another", tried, self.answers, self.foreign.told())
                .noting(told),
            Verdict::of("every answer could be looked into", tried, self.answers, self.unread.told()),
            Verdict::of(
                "whoever is turned away is told when to come back; nothing ends in an error",
                tried,
                self.answers,
                self.faults.told(),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Broken;

    /// What a check found when `viewer` asked for her bills and got that.
    fn failed(status: u16, header: &str, body: impl Fn(&str, &str) -> String) -> Vec<String> {
        let world = World::made(4, 1).unwrap();
        let [own, other] = [0, 1].map(|place| world.accounts.get(place).unwrap().clone());
        let viewer = SignedIn { account: own.clone(), cookie: String::new() };
        let head = format!("HTTP/1.1 {status} X\r\n{header}\r\n").into_bytes();
        let answer = Answer { status, head, body: body(&own, &other).into_bytes(), is_whole: true };
        let mut tally = Tally::default();
        tally.look(&world, Some(&viewer), "/bills", &Exchange { answer, broken: None });
        tally
            .verdicts("one answer")
            .into_iter()
            .filter(|verdict| !verdict.pass)
            .map(|verdict| verdict.check)
            .collect()
    }

    #[test]
    fn every_check_of_an_answer_can_fail() {
        let good = failed(200, "", |own, _| own.to_owned());
        assert_eq!(good, Vec::<String>::new());
        let foreign = failed(200, "", |own, other| format!("{own} {other}"));
        assert_eq!(foreign, ["nobody is shown a mark of another"]);
        assert_eq!(failed(200, "", |_, _| String::new()), ["everybody is shown her own figures"]);
        assert_eq!(
            failed(200, "content-encoding: secret\r\n", |own, _| own.to_owned()),
            ["every answer could be looked into"]
        );
        let turned_away = "whoever is turned away is told when to come back; nothing ends in an error";
        for (status, header, passes) in
            [(500, "", false), (503, "", false), (503, "Retry-After: 3\r\n", true)]
        {
            let found = failed(status, header, |own, _| own.to_owned());
            assert_eq!(!found.contains(&turned_away.to_owned()), passes, "{status} {header}");
        }
    }

    #[test]
    fn an_answer_that_breaks_off_is_a_fault_and_what_came_of_it_is_looked_at() {
        let world = World::made(4, 1).unwrap();
        let other = world.accounts.get(1).unwrap().clone();
        let answer = Answer { status: 200, head: Vec::new(), body: other.into_bytes(), is_whole: false };
        let broken = Some(Broken::NotHttp);
        let mut tally = Tally::default();
        tally.look(&world, None, "/bills", &Exchange { answer, broken });
        assert_eq!((tally.foreign.told().len(), tally.faults.told().len(), tally.broken), (1, 1, 1));
    }
}
