//! A round: both canaries ask for the same pages, at the same moment and in turn.

use std::fmt;

use http::HeaderValue;

use crate::judge::{Expected, Finding, Judged, judge};
use crate::mark::{Mark, Which};
use crate::way::{Line, Unanswered, Way};

/// Personal pages with one address for everybody: what a cache that does not look at the cookie would mix up. Each
/// shows its viewer's mark. A test holds it against the route table.
pub const PAGES: [&str; 9] = [
    "/lines",
    "/api/v1/me",
    "/bills",
    "/api/v1/bills",
    "/settings",
    "/export",
    "/devices",
    "/devices/tokens",
    "/disclosures",
];

/// A canary, signed in.
pub struct Canary {
    which: Which,
    cookie: HeaderValue,
    mark: Mark,
    bill: String,
}

impl fmt::Debug for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canary").field("which", &self.which).finish_non_exhaustive()
    }
}

impl Canary {
    /// A canary with her cookie (`name=value`), what her pages show in this round, and the id of a bill of hers.
    /// `None` where the cookie is no header's value.
    pub fn new(which: Which, cookie: &str, mark: Mark, bill: String) -> Option<Self> {
        let mut cookie = HeaderValue::try_from(cookie).ok()?;
        cookie.set_sensitive(true);
        Some(Self { which, cookie, mark, bill })
    }
}

/// What came of a round.
#[derive(Debug)]
pub enum Seen {
    /// Everybody was given her own, so many times.
    Apart(u32),
    /// Something was seen that may not be.
    Mixed(Finding),
    /// There was no answer that says anything: it is as unknown as before.
    Unanswered(Unanswered),
}

/// Asks for every page, at the same moment and in turn, and for a bill of the other's.
pub async fn full(way: &Way, canaries: &[Canary; 2]) -> Seen {
    told(async {
        let mut pair = Pair::open(way, canaries).await?;
        for page in PAGES {
            pair.together(page).await?;
            pair.in_turn(page).await?;
        }
        pair.crossing().await?;
        Ok(pair.answers)
    })
    .await
}

/// Asks for the first page and one of the others, at the same moment. `turn` decides which; the last is a bill of the
/// other's.
pub async fn one_of(way: &Way, canaries: &[Canary; 2], turn: u64) -> Seen {
    told(async {
        let mut pair = Pair::open(way, canaries).await?;
        let [first, others @ ..] = PAGES;
        pair.together(first).await?;
        let turns = u64::try_from(PAGES.len()).unwrap_or(1);
        let place = usize::try_from(turn % turns).unwrap_or(0);
        match others.get(place) {
            Some(page) => pair.together(page).await?,
            None => pair.crossing().await?,
        }
        Ok(pair.answers)
    })
    .await
}

async fn told(asking: impl Future<Output = Result<u32, Seen>>) -> Seen {
    asking.await.map_or_else(|seen| seen, Seen::Apart)
}

/// Both canaries, each on a connection of her own.
struct Pair<'a> {
    canaries: &'a [Canary; 2],
    lines: [Line<'a>; 2],
    answers: u32,
}

impl<'a> Pair<'a> {
    async fn open(way: &'a Way, canaries: &'a [Canary; 2]) -> Result<Self, Seen> {
        let (first, second) = tokio::join!(way.open(), way.open());
        let lines = [first.map_err(Seen::Unanswered)?, second.map_err(Seen::Unanswered)?];
        Ok(Self { canaries, lines, answers: 0 })
    }

    /// Both ask at the same moment: requests that are collapsed are collapsed now.
    async fn together(&mut self, page: &'static str) -> Result<(), Seen> {
        let [one, two] = self.canaries;
        self.both(page, page, Expected::Own(one.which, &one.mark), Expected::Own(two.which, &two.mark)).await
    }

    /// One after the other, the second first: what is kept of one is given to the other now.
    async fn in_turn(&mut self, page: &'static str) -> Result<(), Seen> {
        let [one, two] = self.canaries;
        let [first, second] = &mut self.lines;
        for (line, canary) in [(second, two), (first, one)] {
            let answer = line.ask(page, &canary.cookie).await.map_err(Seen::Unanswered)?;
            judge(Expected::Own(canary.which, &canary.mark), &answer).map_err(|judged| seen(judged, page))?;
            self.answers += 1;
        }
        Ok(())
    }

    /// A bill of each is asked for by both: its owner is shown it, the other is told that there is none.
    async fn crossing(&mut self) -> Result<(), Seen> {
        let [one, two] = self.canaries;
        for (owner, page) in [(one, "/bills/{bill}"), (two, "/api/v1/bills/{bill}")] {
            let path = page.replace("{bill}", &owner.bill);
            let expected = |canary: &'a Canary| {
                if canary.which == owner.which {
                    Expected::Own(canary.which, &canary.mark)
                } else {
                    Expected::Refusal(canary.which)
                }
            };
            self.both(&path, page, expected(one), expected(two)).await?;
        }
        Ok(())
    }

    async fn both(
        &mut self,
        path: &str,
        page: &'static str,
        first: Expected<'_>,
        second: Expected<'_>,
    ) -> Result<(), Seen> {
        let [one, two] = self.canaries;
        let [line_one, line_two] = &mut self.lines;
        let answers = tokio::join!(line_one.ask(path, &one.cookie), line_two.ask(path, &two.cookie));
        // A fault in one answer is not hidden by the other's absence.
        let judged = [(first, answers.0), (second, answers.1)].map(|(expected, answer)| match answer {
            Ok(answer) => judge(expected, &answer),
            Err(reason) => Err(Judged::Unanswered(reason)),
        });
        let mut unanswered = Ok(());
        for judged in judged {
            match judged {
                Ok(()) => self.answers += 1,
                Err(judged @ Judged::Fault(_)) => return Err(seen(judged, page)),
                Err(judged) => unanswered = Err(seen(judged, page)),
            }
        }
        unanswered
    }
}

fn seen(judged: Judged, page: &'static str) -> Seen {
    match judged {
        Judged::Fault(fault) => {
            #[cfg(honnin_faults)]
            honnin_terms::faults::stopped("canaries");
            Seen::Mixed(Finding { fault, page })
        }
        Judged::Unanswered(reason) => Seen::Unanswered(reason),
        Judged::SignedOut => Seen::Unanswered(Unanswered::SignedOut),
    }
}
