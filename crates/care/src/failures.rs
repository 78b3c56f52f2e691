//! Sign-ins that failed, as entries of the journal: bounded, because strangers decide how many there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use honnin_access::{NewDevice, Source};
use honnin_journal::{Act, Details, Kind, Party};
use honnin_terms::{AccountId, Moment, Stream};

use crate::{Channel, Recorder};

/// Entries in one hour about one account from one site.
const EACH: u32 = 5;
/// Entries in one hour of this node: a thousand accounts under attack from one site each, and a hundredth of what a
/// day of an ordinary operator writes.
const ALL: usize = 1_000;
/// Further entries in one hour of this node, one about an account that nothing was written of in that hour: who has used
/// up the others on names of his own making hides no guess at somebody else's.
const FIRST: usize = 10_000;
const HOUR: i64 = 3_600;

#[derive(Default)]
struct Window {
    since: Option<Moment>,
    of: BTreeMap<(u64, AccountId), u32>,
    accounts: BTreeSet<AccountId>,
    written: usize,
    /// Of those beyond [`ALL`].
    first: usize,
    /// Those that no entry was written of since the last that was.
    passed_over: u64,
}

/// What was written in this hour.
#[derive(Default)]
pub(crate) struct Failures(Mutex<Window>);

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Failures(..)")
    }
}

impl Failures {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Window {
            since: None,
            of: BTreeMap::new(),
            accounts: BTreeSet::new(),
            written: 0,
            first: 0,
            passed_over: 0,
        }))
    }

    /// Whether this one is written; then with how many that were not.
    fn take(&self, source: Source, account: AccountId, now: Moment) -> Option<u64> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Window { since, of, accounts, written, first, passed_over } = &mut *window;
        if since.is_none_or(|since| !(0..HOUR).contains(&now.seconds_since(since))) {
            (*since, *written, *first) = (Some(now), 0, 0);
            of.clear();
            accounts.clear();
        }
        let known = of.get(&(source.site, account)).copied().unwrap_or(0);
        let (is_within, is_first) = (*written < ALL, !accounts.contains(&account) && *first < FIRST);
        if known >= EACH || !(is_within || is_first) {
            *passed_over += 1;
            return None;
        }
        let counts = if is_within { written } else { first };
        *counts += 1;
        accounts.insert(account);
        of.insert((source.site, account), known + 1);
        Some(std::mem::take(passed_over))
    }

    /// Writes one down, for a name that nobody has as well: what is answered is on her page when she looks next.
    pub(crate) async fn write(
        &self,
        recorder: &Recorder,
        account: AccountId,
        device: &NewDevice,
        (way, now, stream): (&'static str, Moment, &Stream),
    ) {
        let Some(passed_over) = self.take(device.source, account, now) else { return };
        let details = Details {
            request: Some(stream.request()),
            counts: if passed_over == 0 { Vec::new() } else { vec![passed_over] },
            note: way.to_owned(),
            ..Details::default()
        };
        let source = device.source.prefix.to_be_bytes();
        let (viewer, owner) = (Party::Source(&source), Party::Account(account));
        let act = Act::new(Kind::SignInFailed, now, viewer, owner, &details);
        let channel = if device.is_program { Channel::Api } else { Channel::Page };
        let act = Act { channel: channel.code(), ..act };
        if let Err(error) = recorder.write(&act, stream).await {
            tracing::warn!(%error, "a failed sign-in was not written down");
        }
    }
}

#[cfg(test)]
mod tests {
    use honnin_terms::Id;

    use super::*;

    #[test]
    fn failed_sign_ins_are_written_within_their_bounds_and_counted_beyond() {
        let failures = Failures::new();
        let now = Moment::EPOCH.plus_seconds(1_000_000);
        let account = |n: u8| AccountId::from_octets([n; 16]);
        let from = |prefix: u64| Source { site: prefix, prefix, address: prefix };
        let written: Vec<_> = (0..8).map(|_| failures.take(from(1), account(1), now)).collect();
        assert_eq!(written, [Some(0), Some(0), Some(0), Some(0), Some(0), None, None, None]);
        assert_eq!(failures.take(from(2), account(1), now), Some(3), "how many were passed over is told");
        assert_eq!(failures.take(from(1), account(2), now), Some(0));
        let within = Source { site: 1, prefix: 77, address: 77 };
        assert_eq!(failures.take(within, account(1), now), None, "another prefix of the first site");
        let many = (0..3_000_u64).filter(|n| failures.take(from(n + 9), account(3), now).is_some()).count();
        assert_eq!(many, ALL - 7);
        let late = now.plus_seconds(HOUR - 1);
        assert!(failures.take(from(1), account(9), late).is_some(), "nothing was written of this one");
        assert_eq!(failures.take(from(2), account(9), late), None);
        let name = |n: u32| AccountId::from_octets([n.to_be_bytes(); 4].concat().try_into().unwrap());
        let more = (1_000..20_000).filter(|n| failures.take(from(1), name(*n), late).is_some()).count();
        assert_eq!(more, FIRST - 1);
        assert!(failures.take(from(1), account(1), now.plus_seconds(HOUR)).is_some(), "an hour later");
        assert!(failures.take(from(1), account(1), now.plus_seconds(-HOUR)).is_some(), "a clock set back");
    }
}
