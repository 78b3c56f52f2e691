//! Isolation: when something does not fit, personal pages stop; only a person starts them again.
//!
//! Entered by rule: an opened document of another owner at once; documents or keys that do not open in three
//! accounts within a minute. Left by the operator after `journal verify`.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use honnin_terms::{AccountId, Moment, RequestId};

/// Why personal pages were stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsolationReason {
    /// A document opened and named another owner than it was asked for.
    ForeignOwner,
    /// An answer stood at the way out of another request than it was made for.
    ForeignAnswer,
    /// Documents did not open in several accounts within a minute.
    ManyDoNotOpen,
}

impl IsolationReason {
    /// The word in logs, metrics and the marker file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ForeignOwner => "foreign_owner",
            Self::ForeignAnswer => "foreign_answer",
            Self::ManyDoNotOpen => "many_do_not_open",
        }
    }
}

const ACCOUNTS: usize = 3;
const WITHIN_SECONDS: i64 = 60;
/// Accounts remembered at once; with three of them the rule has already spoken.
const MOST_REMEMBERED: usize = 64;

type OnEnter = Box<dyn Fn(IsolationReason) + Send + Sync>;

/// Whether personal pages are stopped.
pub struct Isolation {
    stopped: AtomicBool,
    seen: Mutex<HashMap<AccountId, Moment>>,
    on_enter: OnEnter,
}

impl fmt::Debug for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Isolation").field("stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}

impl Isolation {
    /// `stopped` as it was left; `on_enter` makes the stop last over a restart.
    pub fn new(stopped: bool, on_enter: impl Fn(IsolationReason) + Send + Sync + 'static) -> Self {
        Self {
            stopped: AtomicBool::new(stopped),
            seen: Mutex::new(HashMap::new()),
            on_enter: Box::new(on_enter),
        }
    }

    /// Whether personal pages are stopped.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Something of this account did not open.
    pub(crate) fn does_not_open(&self, account: AccountId, now: Moment, request: RequestId) {
        metrics::counter!("honnin_alarm_total", "kind" => "does_not_open").increment(1);
        tracing::error!(alarm = "does_not_open", %request, "something sealed does not open; the answer was withheld");
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, at| now.seconds_since(*at) < WITHIN_SECONDS);
        if seen.len() < MOST_REMEMBERED {
            seen.insert(account, now);
        }
        if seen.len() >= ACCOUNTS {
            self.enter(IsolationReason::ManyDoNotOpen);
        }
    }

    /// Something opened and was of another owner.
    pub(crate) fn foreign_owner(&self, request: RequestId) {
        metrics::counter!("honnin_alarm_total", "kind" => "foreign_owner").increment(1);
        tracing::error!(
            alarm = "foreign_owner",
            %request,
            "an opened document names another owner; the answer was withheld"
        );
        self.enter(IsolationReason::ForeignOwner);
    }

    /// An answer was about to leave by another request than it was made for.
    pub(crate) fn foreign_answer(&self, request: RequestId) {
        metrics::counter!("honnin_alarm_total", "kind" => "foreign_answer").increment(1);
        tracing::error!(
            alarm = "foreign_answer",
            %request,
            "an answer was made for another request; it was withheld"
        );
        self.enter(IsolationReason::ForeignAnswer);
    }

    fn enter(&self, reason: IsolationReason) {
        if !self.stopped.swap(true, Ordering::AcqRel) {
            metrics::gauge!("honnin_isolated").set(1.0);
            tracing::error!(alarm = "isolated", reason = reason.word(), "personal pages are stopped");
            (self.on_enter)(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_terms::Id;

    fn request() -> RequestId {
        RequestId::from_octets([9; 16])
    }

    fn account(number: u8) -> AccountId {
        AccountId::from_octets([number; 16])
    }

    #[test]
    fn one_account_whose_blob_does_not_open_stops_nobody_else() {
        let isolation = Isolation::new(false, |_| {});
        (0..100).for_each(|_| isolation.does_not_open(account(1), Moment::EPOCH, request()));
        assert!(!isolation.is_stopped());
    }

    #[test]
    fn three_accounts_within_a_minute_stop_personal_pages_once() {
        let entered = std::sync::Arc::new(Mutex::new(Vec::new()));
        let told = std::sync::Arc::clone(&entered);
        let isolation = Isolation::new(false, move |reason| told.lock().unwrap().push(reason));
        isolation.does_not_open(account(1), Moment::EPOCH, request());
        isolation.does_not_open(account(2), Moment::EPOCH.plus_seconds(61), request());
        isolation.does_not_open(account(3), Moment::EPOCH.plus_seconds(62), request());
        assert!(!isolation.is_stopped(), "the first is more than a minute old");
        isolation.does_not_open(account(4), Moment::EPOCH.plus_seconds(63), request());
        isolation.does_not_open(account(5), Moment::EPOCH.plus_seconds(64), request());
        assert!(isolation.is_stopped());
        assert_eq!(*entered.lock().unwrap(), [IsolationReason::ManyDoNotOpen]);
    }

    #[test]
    fn an_account_counts_for_a_minute_and_not_a_second_longer() {
        for (seconds, stops) in [(59, true), (60, false)] {
            let isolation = Isolation::new(false, |_| {});
            isolation.does_not_open(account(1), Moment::EPOCH, request());
            isolation.does_not_open(account(2), Moment::EPOCH, request());
            isolation.does_not_open(account(3), Moment::EPOCH.plus_seconds(seconds), request());
            assert_eq!(isolation.is_stopped(), stops, "after {seconds} seconds");
        }
    }

    #[test]
    fn what_is_remembered_of_accounts_has_a_bound() {
        let isolation = Isolation::new(false, |_| {});
        (0..100).for_each(|number| isolation.does_not_open(account(number), Moment::EPOCH, request()));
        assert_eq!(isolation.seen.lock().unwrap().len(), MOST_REMEMBERED);
    }

    #[test]
    fn a_foreign_owner_stops_personal_pages_at_once() {
        let isolation = Isolation::new(false, |_| {});
        isolation.foreign_owner(request());
        assert!(isolation.is_stopped());
    }
}
