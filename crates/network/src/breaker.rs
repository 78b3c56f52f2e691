//! Leaves an element alone that does not answer, and tries it again with one call at a time.

use honnin_terms::Moment;

use crate::machine::after_millis;

/// A circuit breaker on passed-in time.
///
/// Open, it lets one call through each time its wait is over: a probe. A probe that is answered closes it; one that
/// is not, or whose caller was dropped, leaves it open.
#[derive(Debug)]
pub(crate) struct Breaker {
    after: u32,
    wait_millis: i64,
    unanswered: u32,
    open_until: Option<Moment>,
}

impl Breaker {
    pub(crate) const fn new(after: u32, wait_millis: i64) -> Self {
        Self { after, wait_millis, unanswered: 0, open_until: None }
    }

    /// Whether a call may be made now; if not, when to look again.
    pub(crate) fn admit(&mut self, now: Moment) -> Result<(), Moment> {
        match self.open_until {
            Some(until) if now < until => Err(until),
            Some(_) => {
                self.open_until = Some(after_millis(now, self.wait_millis));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The element has answered, whatever it said.
    pub(crate) const fn answered(&mut self) {
        self.unanswered = 0;
        self.open_until = None;
    }

    /// The element has not answered.
    pub(crate) fn unanswered(&mut self, now: Moment) {
        self.unanswered = self.unanswered.saturating_add(1);
        if self.unanswered >= self.after {
            self.open_until = Some(after_millis(now, self.wait_millis));
        }
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.open_until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Moment {
        Moment::EPOCH.plus_seconds(seconds)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new(3, 10_000);
        (0..3).for_each(|_| breaker.unanswered(at(0)));
        breaker
    }

    #[test]
    fn it_opens_after_so_many_silences_in_a_row_only() {
        let mut breaker = Breaker::new(3, 10_000);
        for _ in 0..9 {
            breaker.unanswered(at(0));
            breaker.unanswered(at(0));
            breaker.answered();
        }
        assert_eq!(breaker.admit(at(0)), Ok(()));
        assert_eq!(opened().admit(at(1)), Err(at(10)));
    }

    #[test]
    fn one_probe_at_a_time_until_the_element_answers() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(at(10)), Ok(()));
        assert_eq!(breaker.admit(at(11)), Err(at(20)), "the probe is under way");
        assert_eq!(breaker.admit(at(20)), Ok(()), "the probe was lost");
        breaker.unanswered(at(21));
        assert_eq!(breaker.admit(at(30)), Err(at(31)));
        breaker.answered();
        assert!(!breaker.is_open());
        assert_eq!(breaker.admit(at(22)), Ok(()));
    }
}
