//! Lines and bills that an account asked for and that are not its own. What is answered tells nothing of them; but whoever
//! walks through many is no person who looks at her own, and is to be seen before the day on which it would show something.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use honnin_access::{Session, SessionKind};
use honnin_figures::{self as figures, AlarmKind};
use honnin_journal::{Details, Kind};
use honnin_terms::{AccountId, Id, Moment};

use crate::care::{Care, Error, not_under_the_account};
use crate::{Channel, What};

/// Accounts that are remembered at one time. The one that strayed first is forgotten for the next: whoever wants that has
/// to sign in to as many accounts.
const ACCOUNTS: usize = 10_000;
const DAY: i64 = 86_400;
/// What the entry says of a session that was ended so.
pub(crate) const STRAYED: &str = "strayed";
/// What the record of her account calls it.
pub const STOPPED: &str = "session_stopped";

#[derive(Default)]
struct Window {
    since: Option<Moment>,
    of: BTreeMap<AccountId, BTreeSet<[u8; 16]>>,
    order: VecDeque<AccountId>,
}

impl Window {
    fn is_of(&self, now: Moment) -> bool {
        self.since.is_some_and(|since| (0..DAY).contains(&now.seconds_since(since)))
    }
}

/// What was asked for in this day, of this node.
pub(crate) struct Strays {
    most: usize,
    /// By her own hand.
    window: Mutex<Window>,
    /// Where another site's page led her browser.
    led: Mutex<Window>,
}

/// What one more comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stray {
    Within,
    /// The first beyond what there is of it.
    FirstBeyond,
    Beyond,
}

impl fmt::Debug for Strays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Strays(..)")
    }
}

impl Strays {
    pub(crate) const fn new(most: usize) -> Self {
        const NONE: Window = Window { since: None, of: BTreeMap::new(), order: VecDeque::new() };
        Self { most, window: Mutex::new(NONE), led: Mutex::new(NONE) }
    }

    /// Notes one. One that was asked for before counts once.
    fn note(&self, (account, is_led): (AccountId, bool), asked: [u8; 16], now: Moment) -> Stray {
        let mut window = self.window(is_led);
        if !window.is_of(now) {
            *window = Window { since: Some(now), ..Window::default() };
        }
        let Window { of, order, since: _ } = &mut *window;
        if !of.contains_key(&account) {
            order.push_back(account);
            if order.len() > ACCOUNTS
                && let Some(first) = order.pop_front()
            {
                of.remove(&first);
            }
        }
        let known = of.entry(account).or_default();
        if known.len() > self.most {
            return Stray::Beyond;
        }
        known.insert(asked);
        // The one beyond is kept as well: by it the next one is known not to be the first.
        if known.len() > self.most { Stray::FirstBeyond } else { Stray::Within }
    }

    fn window(&self, is_led: bool) -> MutexGuard<'_, Window> {
        let window = if is_led { &self.led } else { &self.window };
        window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is looked for any more where another site's page leads.
    fn is_led_astray(&self, account: AccountId, now: Moment) -> bool {
        let window = self.window(true);
        window.is_of(now) && window.of.get(&account).is_some_and(|known| known.len() > self.most)
    }
}

impl Care {
    /// What asking for a line or a bill that is not hers comes to: there is no such thing for her, and with one too many the
    /// session it was asked in ends.
    pub(crate) async fn strayed(&self, session: &Session, asked: impl Id + Send) -> Error {
        #[cfg(honnin_faults)]
        if honnin_terms::faults::UNCOUNTED_STRAYS.is_on() {
            return not_under_the_account();
        }
        let (of, request) = ((session.account(), session.is_led_by_others()), session.request());
        let beyond = self.strays.note(of, *asked.octets(), session.at());
        if beyond == Stray::Within {
            return not_under_the_account();
        }
        if session.is_led_by_others() {
            // Whoever lures people to his page is not to sign them out: there is nothing more by that way, and that is all.
            if beyond == Stray::FirstBeyond {
                figures::alarm!(AlarmKind::Strays, %request, "another site leads one account to what is of many others; nothing more is looked for by that way");
            }
            return not_under_the_account();
        }
        figures::alarm!(AlarmKind::Strays, %request, "one account asks for what is of many others; its session is ended");
        match self.end_strayed(session).await {
            Ok(()) => Error::SignedOut,
            // It is refused all the same, and tried again with the next.
            Err(error) => {
                tracing::error!(%error, %request, "a session that strayed was not ended");
                Error::NotThere
            }
        }
    }

    /// Refuses what another site's page leads to where it has led to too much.
    pub(crate) fn not_astray(&self, session: &Session) -> Result<(), Error> {
        let is_astray =
            session.is_led_by_others() && self.strays.is_led_astray(session.account(), session.at());
        if is_astray { Err(Error::NotThere) } else { Ok(()) }
    }

    async fn end_strayed(&self, session: &Session) -> Result<(), Error> {
        let details = Details { note: STRAYED.to_owned(), ..Details::default() };
        let channel = if session.kind() == SessionKind::Browser { Channel::Page } else { Channel::Api };
        let act = (Kind::SessionEnded, None::<What>, channel);
        self.parts.gate.recorder().of_session(session, act, details).await?;
        self.parts.subscriber.sign_out(session).await.map_err(|_| Error::Store)?;
        self.forget_exports(session).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Moment = Moment::EPOCH;

    fn account(n: u32) -> AccountId {
        AccountId::from_octets([n.to_be_bytes(); 4].concat().try_into().unwrap())
    }

    const fn line(n: u8) -> [u8; 16] {
        [n; 16]
    }

    #[test]
    fn so_many_different_lines_of_others_a_day_and_no_more_whoever_else_strays() {
        let strays = Strays::new(3);
        let beyond = |who, which, after| {
            strays.note((account(who), false), line(which), NOON.plus_seconds(after)) != Stray::Within
        };
        assert!(![1, 2, 3].iter().any(|n| beyond(1, *n, 0)));
        assert!(
            (0..100).all(|_| !beyond(1, 2, 1)),
            "an old bookmark is one line, however often it is opened"
        );
        assert!(beyond(1, 4, 2) && beyond(1, 5, 3) && beyond(1, 1, 4), "from then on any");
        assert!(!beyond(2, 4, 5), "another account has its own");
        assert!(beyond(1, 4, DAY - 1) && !beyond(1, 4, DAY), "a day later");
        assert!(!beyond(1, 5, 0), "a clock set back");
    }

    #[test]
    fn who_is_led_by_another_site_uses_up_nothing_of_her_own() {
        let strays = Strays::new(3);
        let led = |n| strays.note((account(1), true), line(n), NOON);
        assert!((1..=3).all(|n| led(n) == Stray::Within) && !strays.is_led_astray(account(1), NOON));
        assert_eq!([led(4), led(5)], [Stray::FirstBeyond, Stray::Beyond]);
        assert!(strays.is_led_astray(account(1), NOON) && !strays.is_led_astray(account(2), NOON));
        assert!(!strays.is_led_astray(account(1), NOON.plus_seconds(DAY)));
        assert_eq!(strays.note((account(1), false), line(6), NOON), Stray::Within);
    }

    #[test]
    fn as_many_accounts_are_remembered_as_there_is_room_for() {
        let strays = Strays::new(1);
        let note = |n, which| strays.note((account(n), false), line(which), NOON);
        let last = u32::try_from(ACCOUNTS).unwrap();
        assert!((0..=last).all(|n| note(n, 1) == Stray::Within));
        assert!(note(1, 2) == Stray::FirstBeyond && note(last, 2) == Stray::FirstBeyond);
        let (of, order) = {
            let window = strays.window.lock().unwrap();
            (window.of.len(), window.order.len())
        };
        assert_eq!((of, order), (ACCOUNTS, ACCOUNTS));
        assert_eq!(note(0, 2), Stray::Within, "the first was forgotten");
    }
}
