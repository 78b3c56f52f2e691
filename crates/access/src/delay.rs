//! What slows a guesser down and shuts nobody out.
//!
//! A try goes by a lane: that of a known device, of a signed-in session, or of an address. In a lane that has guessed
//! wrong a few times each further try is held for a while before it is hashed, whoever sends it: so many at once, and
//! each for so long, that is how many guesses a lane has. Nobody's time depends on others' tries, only on how often her
//! own lane was wrong. Guesses of strangers on one account are counted for the day as well, before they are hashed.
//! Nodes tell each other of lanes and sites (`told`), so that many of them are no more lanes than one.

mod shared;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use honnin_seal::MacKey;
use honnin_terms::{AccountId, DeviceId, Id, Moment, RequestId, SessionId, TenantId};

use crate::Permit;
use crate::authority::{nobodys, of_tenant};
use crate::control::{ControlName, ControlRows, NewControl, Swapped};
use crate::permit::Keep;
use crate::pool::turns::{Rank, Share, Who};
use crate::recent::{Recent, Weighs};
use crate::told::{Heard, Names, ToldLane};

pub use shared::SharedTries;

/// Bounds of guessing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayBounds {
    /// Wrong answers without any delay. Default 4.
    pub free: u32,
    /// The longest a try is held, in seconds. Default 20.
    pub longest_seconds: i64,
    /// Tries of one address on one account that are held or hashed at once. Default 64.
    pub places: u32,
    /// Wrong answers are forgotten so long after the last, in seconds. Default 1,800.
    pub forget_seconds: i64,
    /// Lanes kept in memory; beyond that those not used for longest are forgotten. Default 262,144.
    pub most: usize,
    /// Guesses on one account and day that are the first few of their site. Default 20,000.
    pub first_a_day: u32,
    /// Further guesses of strangers on one account that may come at once. Default 40,000.
    pub at_once: u32,
    /// Further guesses of strangers on one account that are added in the course of a day. Default 86,400.
    pub a_day: u32,
    /// Codes of a second factor that are wrong, of one account and day, of devices that are not known; of those that are
    /// as many again. Default 20.
    pub codes_a_day: u32,
    /// A wrong answer leaves at a multiple of so many milliseconds, so that it tells nothing of what was computed;
    /// longer than the slowest hash there is. Default 500.
    pub answer_millis: u64,
}

impl Default for DelayBounds {
    fn default() -> Self {
        Self {
            free: 4,
            longest_seconds: 20,
            places: 64,
            forget_seconds: 1_800,
            most: 262_144,
            first_a_day: 20_000,
            at_once: 40_000,
            a_day: 86_400,
            codes_a_day: 20,
            answer_millis: 500,
        }
    }
}

/// Tries in the lane of one device or session at once.
const OWN_PLACES: u32 = 2;

/// Tries on their way on one account from which on it is crowded: then only one wrong answer is free, and whoever has
/// given it is held for the longest time there is.
const CROWD: u32 = 8;

/// Guesses on an account and day that one node takes without asking the others: nobody but a guesser needs more.
pub const UNASKED: u32 = 32;

/// Guesses asked for at once, where more are needed.
const ASKED: u32 = 64;

const DAY_SECONDS: i64 = 86_400;

impl DelayBounds {
    /// Most guesses of all strangers together on one account in one day (UTC), whatever they do at once, where so many
    /// nodes serve.
    pub const fn most_a_day(&self, nodes: u32) -> u64 {
        widen(self.first_a_day) + widen(self.at_once) + widen(self.a_day) + 2 * widen(UNASKED) * widen(nodes)
    }

    /// Most guesses in one day in the lane of a device that was lost, or of a session on a borrowed browser.
    pub fn most_a_day_of_a_device(&self) -> u64 {
        let holds = DAY_SECONDS / self.longest_seconds.max(1) + 1;
        u64::from(OWN_PLACES) * u64::try_from(holds).unwrap_or(u64::MAX) + u64::from(self.free) + 8
    }
}

#[expect(clippy::as_conversions, reason = "widens; u64::from is not const")]
const fn widen(number: u32) -> u64 {
    number as u64
}

/// Which guesses of strangers are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guesses {
    /// The first few of a site on that account and day.
    First,
    /// All others.
    Again,
}

/// How often a count is read again where another node was first.
const ATTEMPTS: usize = 8;

/// Takes guesses at an account for this node out of what is left of `most` for all nodes; how many it took.
///
/// They are of one day, the first of a site or those that follow. Where that cannot be written down it takes none: the
/// bound holds.
pub async fn reserve_guesses(
    rows: &dyn ControlRows,
    (tenant, account, now): (TenantId, AccountId, Moment),
    (day, is_first): (i64, bool),
    most: u32,
) -> u32 {
    let permit: Permit<Keep> =
        Permit::new(of_tenant(tenant), nobodys(), None, now, RequestId::from_octets([0; 16]));
    let mut which = account.octets().to_vec();
    which.extend(day.to_be_bytes());
    which.push(u8::from(!is_first));
    let name = ControlName::of("guesses", &which);
    let Ok(mut row) = rows.control(&permit, &name).await else { return 0 };
    for _ in 0..ATTEMPTS {
        let revision = row.as_ref().map_or(0, |row| row.revision);
        let octets = row.as_ref().and_then(|row| row.value.first_chunk::<4>());
        let taken = octets.map_or(0, |octets| u32::from_be_bytes(*octets));
        let granted = ASKED.min(most.saturating_sub(taken));
        if granted == 0 {
            return 0;
        }
        let value = taken.saturating_add(granted).to_be_bytes().to_vec();
        let write = NewControl { value, until: Some(now.plus_seconds(2 * DAY_SECONDS)) };
        match rows.swap_control(&permit, &name, revision, Some(write)).await {
            Ok(Swapped::Done(_)) => return granted,
            Ok(Swapped::Changed(newer)) => row = newer,
            Err(_) => return 0,
        }
    }
    0
}

/// Where a try comes from: its site, the prefix of its address and the address, as opaque numbers.
///
/// The caller says what they are. A prefix is an IPv4 /24, an IPv6 /56, one address where many people share a prefix. A
/// site is as much as one customer is given: an IPv6 /48 has 256 prefixes, and what has a bound by source is by site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source {
    /// The site.
    pub site: u64,
    /// The prefix.
    pub prefix: u64,
    /// The address within.
    pub address: u64,
}

impl Source {
    pub(crate) fn octets(self) -> [u8; 24] {
        let mut octets = [0; 24];
        let numbers = [self.site, self.prefix, self.address].into_iter().flat_map(u64::to_be_bytes);
        octets.iter_mut().zip(numbers).for_each(|(to, from)| *to = from);
        octets
    }
}

/// The lane a try goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// A device the account has signed in from.
    Device(DeviceId),
    /// Somebody who is signed in already.
    Session(SessionId),
    /// Anybody else.
    Stranger(Source),
}

/// Why a try is not taken now: come back after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ComeBack(pub(crate) i64);

/// What is known of a lane, or of a prefix.
#[derive(Clone, Copy)]
struct Wrong {
    /// Wrong answers, and tries whose answer is not known yet.
    count: u32,
    /// Tries held or in the queue.
    waiting: u32,
    /// When it is forgotten.
    until: Moment,
    /// The last right answer after wrong ones, of a device or session.
    right: Moment,
}

impl Default for Wrong {
    fn default() -> Self {
        Self { count: 0, waiting: 0, until: Moment::EPOCH, right: Moment::EPOCH }
    }
}

impl Wrong {
    fn begin(&mut self, now: Moment, forget_seconds: i64) -> u32 {
        if self.until <= now {
            self.count = 0;
        }
        let before = self.count;
        self.count = self.count.saturating_add(1);
        self.waiting = self.waiting.saturating_add(1);
        self.until = now.plus_seconds(forget_seconds);
        before
    }

    /// What other nodes are told of it.
    fn told(self, forget_seconds: i64) -> ToldLane {
        let Self { count, waiting, until, right } = self;
        ToldLane { count, waiting, last: until.plus_seconds(-forget_seconds), right }
    }

    /// Takes in what the others know of it; what they count of late, and how many wait there.
    fn beside(&mut self, elsewhere: ToldLane, now: Moment, forget_seconds: i64) -> (u32, u32) {
        if elsewhere.right > self.told(forget_seconds).last {
            self.count = 0;
        }
        let counts = elsewhere.last > self.right && elsewhere.last.plus_seconds(forget_seconds) > now;
        if counts { (elsewhere.count, elsewhere.waiting) } else { (0, 0) }
    }
}

/// As many as a stranger's name that is made up anew each time comes to: nothing much is known of it.
const LITTLE: u32 = 2;

impl Weighs for Wrong {
    fn weight(&self, now: Moment) -> u64 {
        match self.count {
            _ if self.waiting > 0 => u64::MAX,
            count if count > LITTLE && self.until > now => u64::from(count),
            _ => 0,
        }
    }
}

fn day_of(now: Moment) -> i64 {
    now.millis().div_euclid(DAY_SECONDS * 1000)
}

/// Guesses on one account that day, by kind: used, and granted to this node.
#[derive(Default)]
struct OnDay {
    day: i64,
    first: (u32, u32),
    again: (u32, u32),
    /// Guesses of each site. They stand with the account, so that they outlast whatever was guessed at less.
    sites: HashMap<u64, u32>,
    /// Tries on their way, whatever day it is.
    waiting: u32,
}

impl Weighs for OnDay {
    fn weight(&self, now: Moment) -> u64 {
        match self.used() {
            _ if self.waiting > 0 => u64::MAX,
            used if used > LITTLE && self.day >= day_of(now) => u64::from(used),
            _ => 0,
        }
    }
}

impl OnDay {
    const fn used(&self) -> u32 {
        let ((first, _), (again, _)) = (self.first, self.again);
        first.saturating_add(again)
    }

    /// Begins a day, and says which day it is by this account: a try that came before midnight and waited until after it
    /// counts on the new one, so that it takes nothing of that back.
    fn begin(&mut self, day: i64) -> i64 {
        if self.day != day && self.day != day.saturating_add(1) {
            *self = Self { day, waiting: self.waiting, ..Self::default() };
        }
        self.day
    }

    fn of(&mut self, day: i64, kind: Guesses) -> &mut (u32, u32) {
        self.begin(day);
        match kind {
            Guesses::First => &mut self.first,
            Guesses::Again => &mut self.again,
        }
    }
}

struct State {
    lanes: Recent<(AccountId, Lane), Wrong>,
    /// Prefixes, whatever account they tried.
    prefixes: Recent<u64, Wrong>,
    /// Addresses, whatever account they tried.
    addresses: Recent<u64, Wrong>,
    days: Recent<AccountId, OnDay>,
    /// Sites that stand with accounts; no fewer than there are.
    sites: usize,
    /// What other nodes know.
    heard: Heard,
}

impl State {
    /// One more guess of a site on that account and day; which day it is, and how many there are by now.
    fn guess(&mut self, account: AccountId, site: u64, now: Moment, most: usize) -> (i64, u32) {
        let of = self.days.entry(account, now);
        let (day, before) = (of.begin(day_of(now)), of.sites.len());
        let count = of.sites.entry(site).or_default();
        *count = count.saturating_add(1);
        let count = *count;
        self.sites = self.sites.saturating_add(of.sites.len() - before);
        if self.sites > most {
            self.shed(most / 2);
        }
        (day, count)
    }

    /// Forgets sites down to so many: of those accounts first that were guessed at least.
    fn shed(&mut self, most: usize) {
        let mut all: Vec<&mut OnDay> = self.days.values_mut().filter(|of| !of.sites.is_empty()).collect();
        all.sort_unstable_by_key(|of| of.used());
        self.sites = all.iter().map(|of| of.sites.len()).sum();
        for of in all {
            if self.sites <= most {
                break;
            }
            self.sites -= of.sites.len();
            of.sites = HashMap::new();
        }
    }
}

struct Shared {
    bounds: DelayBounds,
    /// How lanes and sites are named among nodes; none where there is one node.
    names: Option<Names>,
    state: Mutex<State>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more guess of a site on that account and day; which day it is, and how many there are on all nodes by now.
    fn guess(&self, account: AccountId, site: u64, now: Moment, most: usize) -> (i64, u32) {
        let mut state = self.lock();
        let (day, count) = state.guess(account, site, now, most);
        (day, count.saturating_add(state.heard.site(self.names.as_ref(), account, day, site)))
    }
}

/// All tries of late.
pub(crate) struct Tries {
    shared: Arc<Shared>,
}

impl fmt::Debug for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tries").field("bounds", &self.shared.bounds).finish_non_exhaustive()
    }
}

/// A try on its way. It counts as wrong until it was right, or was given up before it was hashed.
pub(crate) struct Try {
    shared: Arc<Shared>,
    account: AccountId,
    lane: Lane,
    now: Moment,
    hold: Duration,
    rank: Rank,
    is_fresh: bool,
    /// Set when its hash begins.
    pub(crate) begun: Arc<AtomicBool>,
    counted: Option<(i64, Guesses)>,
    /// Whether it was counted on its site.
    first: bool,
    right: bool,
}

impl fmt::Debug for Try {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Try").field("hold", &self.hold).field("rank", &self.rank).finish_non_exhaustive()
    }
}

impl Tries {
    pub(crate) fn new(bounds: DelayBounds, key: Option<MacKey>) -> Self {
        let state = State {
            lanes: Recent::new(bounds.most),
            prefixes: Recent::new(bounds.most),
            addresses: Recent::new(bounds.most),
            days: Recent::new(bounds.most),
            sites: 0,
            heard: Heard::default(),
        };
        Self { shared: Arc::new(Shared { bounds, names: key.map(Names::new), state: Mutex::new(state) }) }
    }

    pub(crate) fn shared(&self) -> SharedTries {
        SharedTries::of(&self.shared)
    }

    pub(crate) fn bounds(&self) -> &DelayBounds {
        &self.shared.bounds
    }

    /// A try begins; it says how long it is to be held and in which rank it waits then.
    ///
    /// # Errors
    /// [`ComeBack`] where the lane has as many tries on their way as it may.
    pub(crate) fn enter(&self, account: AccountId, lane: Lane, now: Moment) -> Result<Try, ComeBack> {
        #[cfg(honnin_faults)]
        let lane = crate::planted::lane(lane);
        let bounds = &self.shared.bounds;
        let mut state = self.shared.lock();
        let on_account = state.days.entry(account, now).waiting;
        let is_crowd = on_account >= CROWD;
        let stranger = matches!(lane, Lane::Stranger(_));
        let (places, free) = match (stranger, is_crowd) {
            (false, _) => (OWN_PLACES, bounds.free),
            (true, false) => (bounds.places, bounds.free),
            (true, true) => (bounds.places, 1),
        };
        let heard = state.heard.lane(self.shared.names.as_ref(), account, lane);
        let entry = state.lanes.entry((account, lane), now);
        let (beside, waiting) = entry.beside(heard, now, bounds.forget_seconds);
        let count = if entry.until > now { entry.count } else { 0 }.saturating_add(beside);
        if count >= free && entry.waiting.saturating_add(waiting) >= places {
            return Err(ComeBack(bounds.longest_seconds));
        }
        let before = entry.begin(now, bounds.forget_seconds).saturating_add(beside);
        let hold = match before.checked_sub(free) {
            None => 0,
            Some(_) if stranger && is_crowd => bounds.longest_seconds,
            Some(beyond) => (1_i64 << beyond.min(30)).min(bounds.longest_seconds),
        };
        let (rank, is_fresh) = match lane {
            Lane::Device(_) | Lane::Session(_) => (Rank::Device, true),
            Lane::Stranger(source) => {
                let of_prefix = state.prefixes.entry(source.prefix, now).begin(now, bounds.forget_seconds);
                let of_address = state.addresses.entry(source.address, now).begin(now, bounds.forget_seconds);
                let rank = match (of_prefix, is_crowd) {
                    (0, false) => Rank::First,
                    (0, true) => Rank::Crowd,
                    (_, _) => Rank::Again,
                };
                (rank, of_address == 0)
            }
        };
        let waiting = &mut state.days.entry(account, now).waiting;
        *waiting = waiting.saturating_add(1);
        drop(state);
        let hold = Duration::from_secs(u64::try_from(hold).unwrap_or(0));
        let (shared, begun) = (Arc::clone(&self.shared), Arc::new(AtomicBool::new(false)));
        let counted = None;
        Ok(Try {
            shared,
            account,
            lane,
            now,
            hold,
            rank,
            is_fresh,
            begun,
            counted,
            first: false,
            right: false,
        })
    }
}

impl Try {
    pub(crate) const fn hold(&self) -> Duration {
        self.hold
    }

    /// Where it waits for its hash.
    pub(crate) fn who(&self, share: Share, source: Source) -> Who {
        let who = Who { share, rank: self.rank, is_fresh: self.is_fresh, source };
        #[cfg(honnin_faults)]
        let who = crate::planted::turn(who);
        who
    }

    /// Counts it on its account and day, before it is hashed. What other nodes have counted counts with it.
    ///
    /// # Errors
    /// [`ComeBack`] where strangers have used up what there is for now.
    pub(crate) async fn count(
        &mut self,
        tenant: TenantId,
        elsewhere: Option<&dyn ControlRows>,
    ) -> Result<(), ComeBack> {
        let Lane::Stranger(source) = self.lane else { return Ok(()) };
        let DelayBounds { most, free, .. } = self.shared.bounds;
        let (day, guesses) = self.shared.guess(self.account, source.site, self.now, most);
        self.first = true;
        let is_first = guesses <= free;
        let kinds: &[Guesses] = if is_first { &[Guesses::First, Guesses::Again] } else { &[Guesses::Again] };
        for kind in kinds {
            if self.take(*kind, day) || self.ask_for(tenant, *kind, day, elsewhere).await {
                self.counted = Some((day, *kind));
                return Ok(());
            }
        }
        Err(ComeBack(self.shared.bounds.longest_seconds))
    }

    fn take(&self, kind: Guesses, day: i64) -> bool {
        let mut state = self.shared.lock();
        let (used, granted) = state.days.entry(self.account, self.now).of(day, kind);
        let has = *used < granted.saturating_add(UNASKED);
        *used += u32::from(has);
        has
    }

    async fn ask_for(
        &self,
        tenant: TenantId,
        kind: Guesses,
        day: i64,
        elsewhere: Option<&dyn ControlRows>,
    ) -> bool {
        let DelayBounds { first_a_day, at_once, a_day, .. } = self.shared.bounds;
        let most = match kind {
            Guesses::First => first_a_day,
            Guesses::Again => {
                // It may have come before midnight, and be counted on the day that has just begun.
                let is_of_today = day == day_of(self.now);
                let second = self.now.millis().rem_euclid(DAY_SECONDS * 1000) / 1000;
                let so_far = if is_of_today { i64::from(a_day) * second / DAY_SECONDS } else { 0 };
                at_once.saturating_add(u32::try_from(so_far).unwrap_or(0))
            }
        };
        let more = if let Some(rows) = elsewhere {
            reserve_guesses(rows, (tenant, self.account, self.now), (day, kind == Guesses::First), most).await
        } else {
            let mut state = self.shared.lock();
            let (_, granted) = state.days.entry(self.account, self.now).of(day, kind);
            most.saturating_sub(*granted).min(ASKED)
        };
        {
            let mut state = self.shared.lock();
            let of = state.days.entry(self.account, self.now);
            // A day that has begun meanwhile is given nothing of the one before.
            if of.begin(day) == day {
                let (_, granted) = of.of(day, kind);
                *granted = granted.saturating_add(more);
            }
        }
        self.take(kind, day)
    }

    /// For tests that hash nothing.
    #[cfg(test)]
    pub(crate) fn hashed(&self) {
        self.begun.store(true, Ordering::Release);
    }

    /// It was right.
    pub(crate) fn right(mut self) {
        self.right = true;
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        let hashed = self.begun.load(Ordering::Acquire);
        let uncounted = self.right || !hashed;
        let own = !matches!(self.lane, Lane::Stranger(_));
        let mut state = self.shared.lock();
        let settle = |entry: &mut Wrong| {
            entry.waiting = entry.waiting.saturating_sub(1);
            entry.count = entry.count.saturating_sub(u32::from(uncounted));
        };
        let State { lanes, heard, .. } = &mut *state;
        if let Some(entry) = lanes.get_mut(&(self.account, self.lane)) {
            settle(entry);
            if own && self.right {
                let elsewhere = heard.lane(self.shared.names.as_ref(), self.account, self.lane);
                if entry.count > 0 || elsewhere.count > 0 {
                    let held = i64::try_from(self.hold.as_secs()).unwrap_or(0);
                    entry.right = self.now.plus_seconds(held);
                }
                entry.count = 0;
            }
        }
        if let Lane::Stranger(source) = self.lane {
            let State { prefixes, addresses, .. } = &mut *state;
            let places = [prefixes.get_mut(&source.prefix), addresses.get_mut(&source.address)];
            places.into_iter().flatten().for_each(settle);
            if uncounted
                && self.first
                && let Some(of) = state.days.get_mut(&self.account)
                && let Some(count) = of.sites.get_mut(&source.site)
            {
                *count = count.saturating_sub(1);
            }
        }
        if let Some(of) = state.days.get_mut(&self.account) {
            of.waiting = of.waiting.saturating_sub(1);
            // What was counted on a day that is over gives the next one nothing back.
            if let (false, Some((day, kind))) = (hashed, self.counted)
                && of.day == day
            {
                let (used, _) = of.of(day, kind);
                *used = used.saturating_sub(1);
            }
        }
    }
}
