//! The ring of an account: the one secret all keys of its subjects come from, what decides whether a session of the
//! account still counts, and what the account calls its lines. Sealed under the account key, so that whoever can write
//! the database can forge none of it.
//!
//! Beside the ring's key stand, big-endian: how often the ring was written (8 octets), how often the credential was
//! changed (8), how many sessions live (2), the kind (1) and public name (16) of each and since when its device has settled
//! (8, milliseconds), oldest first; then for each line with a name the holding (16), the length of the name (1) and the
//! name. Names stand here because every request opens the ring:
//! they cost no read of their own, and belong to the account and to nobody a line goes to.

use std::fmt;

use honnin_seal::{AccountKey, Beside, Epoch, KindKey, OpenError, Place, Purpose, RingKey};
use honnin_terms::{AccountId, Entropy, HoldingId, Id, LineName, Moment, SessionId, TenantId};

use crate::SessionKind;
use crate::ports::{KeyChange, RingRow, RingWrite};

/// The epoch of a subject's first key.
pub const FIRST_EPOCH: Epoch = 1;

/// The opened ring of an account.
pub struct Ring {
    key: RingKey,
    facts: Facts,
}

/// What stands beside the key: as it was opened, so that a read allocates nothing for it.
enum Facts {
    Opened(Beside),
    Made(Vec<u8>),
}

const COUNT: usize = 8;
const HEAD: usize = 2 * COUNT + 2;

/// Lines with a name at most; naming one more forgets names of lines that the account has no longer.
pub(crate) const MOST_NAMES: usize = 64;

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ring(..)")
    }
}

fn place(tenant: TenantId, account: AccountId, epoch: Epoch) -> Place<'static> {
    Place { epoch, ..Place::of_account(tenant, account, Purpose::RingForAccount) }
}

/// A number at the front of what is left.
pub(crate) fn take_count(octets: &[u8]) -> Option<(u64, &[u8])> {
    octets.split_first_chunk::<COUNT>().map(|(count, rest)| (u64::from_be_bytes(*count), rest))
}

/// A session in a ring: its kind, its name, and since when its device has settled.
const ONE: usize = 1 + 16 + 8;

/// The sessions, and the names behind them.
fn split(octets: &[u8]) -> Option<(&[[u8; ONE]], &[u8])> {
    let (head, rest) = octets.split_first_chunk::<HEAD>()?;
    let number = u16::from_be_bytes(*head.last_chunk::<2>()?);
    let (sessions, names) = rest.split_at_checked(usize::from(number) * ONE)?;
    Some((sessions.as_chunks().0, names))
}

fn living_of(octets: &[u8; ONE]) -> Option<Living> {
    let (kind, rest) = octets.split_first()?;
    let (session, settled) = rest.split_first_chunk::<16>()?;
    let settled = Moment::from_millis(i64::from_be_bytes(*settled.first_chunk()?)).ok()?;
    Some(Living { kind: SessionKind::from_code(*kind)?, session: SessionId::from_octets(*session), settled })
}

/// A session that counts, and what it is.
#[derive(Clone, Copy)]
pub(crate) struct Living {
    pub(crate) kind: SessionKind,
    pub(crate) session: SessionId,
    /// From then on the password alone is enough on its device.
    pub(crate) settled: Moment,
}

/// Names, one after the other; `None` where there is something that is none, and from then on.
struct Names<'a>(&'a [u8]);

impl<'a> Iterator for Names<'a> {
    type Item = Option<(HoldingId, &'a str)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let taken = self.0.split_first_chunk::<16>().and_then(|(line, rest)| {
            let (length, rest) = rest.split_first()?;
            let (name, rest) = rest.split_at_checked(usize::from(*length))?;
            Some(((HoldingId::from_octets(*line), std::str::from_utf8(name).ok()?), rest))
        });
        self.0 = taken.map_or(self.0, |(_, rest)| rest);
        Some(taken.map(|(name, _)| name))
    }
}

impl Ring {
    /// The ring of a new account, sealed: nobody is signed in yet.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn make(
        (tenant, account, epoch): (TenantId, AccountId, Epoch),
        by: &AccountKey,
        entropy: &dyn Entropy,
    ) -> Result<(Self, Vec<u8>), OpenError> {
        let ring = Self { key: RingKey::random(entropy), facts: Facts::Made(vec![0; HEAD]) };
        let sealed = ring.seal((tenant, account, epoch), by, entropy)?;
        Ok((ring, sealed))
    }

    /// Opens the ring of an account.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    pub fn open(
        (tenant, account, epoch): (TenantId, AccountId, Epoch),
        by: &AccountKey,
        sealed: &[u8],
    ) -> Result<Self, OpenError> {
        let (key, beside) = by.unwrap_beside(&place(tenant, account, epoch), sealed)?;
        // What was sealed has this shape, or another build wrote it.
        let (sessions, names) = split(beside.octets()).ok_or(OpenError)?;
        sessions.iter().try_for_each(|session| living_of(session).map(drop)).ok_or(OpenError)?;
        Names(names).try_for_each(|name| name.map(drop)).ok_or(OpenError)?;
        Ok(Self { key, facts: Facts::Opened(beside) })
    }

    /// Opens the ring of a row, which says how often it was written; inside it must say the same.
    pub(crate) fn of_row(
        (tenant, account): (TenantId, AccountId),
        by: &AccountKey,
        row: &RingRow,
    ) -> Result<Self, OpenError> {
        Self::open((tenant, account, row.epoch), by, &row.sealed)
    }

    fn seal(
        &self,
        (tenant, account, epoch): (TenantId, AccountId, Epoch),
        by: &AccountKey,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        by.wrap_beside(&place(tenant, account, epoch), &self.key, self.octets(), entropy)
    }

    fn octets(&self) -> &[u8] {
        match &self.facts {
            Facts::Opened(beside) => beside.octets(),
            Facts::Made(octets) => octets,
        }
    }

    /// What is written where all sessions of the account end and none goes on: the ring without any, under a key that
    /// takes the place of the one before. There is no way to end sessions that leaves one of them in a ring.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn end_all(
        &self,
        (tenant, account, epoch): (TenantId, AccountId, Epoch),
        (by, account_key): (&AccountKey, Vec<u8>),
        read_version: u64,
        entropy: &dyn Entropy,
    ) -> Result<KeyChange, OpenError> {
        let ring = self.ended(None, false).write((tenant, account, epoch), by, read_version, entropy)?;
        Ok(KeyChange { epoch, account_key, ring, keep: None, told: None })
    }

    /// The key of one kind of documents of a subject of the account.
    ///
    /// # Errors
    /// [`OpenError`] where the derivation refuses, which it does for no input.
    pub fn kind(&self, holding: Option<HoldingId>, epoch: Epoch, kind: &str) -> Result<KindKey, OpenError> {
        KindKey::of_ring(&self.key, holding, epoch, kind)
    }

    pub(crate) const fn key(&self) -> &RingKey {
        &self.key
    }

    /// How often it was written: grows with every sign-in, every sign-out and every change of the credential.
    pub(crate) fn count(&self) -> u64 {
        take_count(self.octets()).map_or(0, |(count, _)| count)
    }

    /// How often the credential was changed.
    pub(crate) fn credential(&self) -> u64 {
        take_count(self.octets()).and_then(|(_, rest)| take_count(rest)).map_or(0, |(count, _)| count)
    }

    fn living(&self) -> impl Iterator<Item = Living> {
        let (sessions, _) = split(self.octets()).unwrap_or_default();
        sessions.iter().filter_map(living_of)
    }

    /// What a session is that still counts; `None` for one that has ended.
    pub(crate) fn kind_of(&self, session: SessionId) -> Option<SessionKind> {
        self.living().find(|living| living.session == session).map(|living| living.kind)
    }

    /// The lines that have a name, with it.
    pub(crate) fn names(&self) -> impl Iterator<Item = (HoldingId, &str)> {
        Names(split(self.octets()).unwrap_or_default().1).map_while(|name| name)
    }

    /// The ring once more, with other sessions.
    fn next(&self, credential: u64, living: impl Iterator<Item = Living>) -> Self {
        self.with_names(credential, living, split(self.octets()).unwrap_or_default().1)
    }

    fn with_names(&self, credential: u64, living: impl Iterator<Item = Living>, names: &[u8]) -> Self {
        let mut octets = Vec::with_capacity(self.octets().len() + ONE + names.len());
        octets.extend_from_slice(&self.count().saturating_add(1).to_be_bytes());
        octets.extend_from_slice(&credential.to_be_bytes());
        octets.extend_from_slice(&[0; 2]);
        let mut sessions = 0u16;
        for Living { kind, session, settled } in living.take(usize::from(u16::MAX)) {
            octets.push(kind.code());
            octets.extend_from_slice(session.octets());
            octets.extend_from_slice(&settled.millis().to_be_bytes());
            sessions = sessions.saturating_add(1);
        }
        let number = octets.get_mut(2 * COUNT..HEAD).into_iter().flatten();
        number.zip(sessions.to_be_bytes()).for_each(|(to, from)| *to = from);
        octets.extend_from_slice(names);
        Self { key: self.key.again(), facts: Facts::Made(octets) }
    }

    /// With another name of a line, or none. Of more names than may be, those of lines that the account does not have
    /// go first.
    pub(crate) fn named(&self, line: HoldingId, name: Option<&LineName>, held: &[HoldingId]) -> Change {
        let mut names: Vec<(HoldingId, &str)> = self.names().filter(|(of, _)| *of != line).collect();
        names.extend(name.map(|name| (line, name.as_str())));
        if names.len() > MOST_NAMES {
            names.retain(|(of, _)| held.contains(of));
        }
        let beyond = names.len().saturating_sub(MOST_NAMES);
        let mut octets = Vec::new();
        for (line, name) in names.into_iter().skip(beyond) {
            octets.extend_from_slice(line.octets());
            octets.push(u8::try_from(name.len()).unwrap_or(0));
            octets.extend_from_slice(name.as_bytes());
        }
        let ring = self.with_names(self.credential(), self.living(), &octets);
        Change { ring, ended: Vec::new() }
    }

    fn number_of(&self, kind: SessionKind) -> usize {
        self.living().filter(|living| living.kind == kind).count()
    }

    /// Whether one token more may be: a token ends when somebody ends it.
    pub(crate) fn has_room_for_token(&self, most: usize) -> bool {
        self.number_of(SessionKind::Token) < most
    }

    /// With one session more; of its kind beyond `most` some end, and none of another kind: those whose devices have not
    /// settled first, oldest first. Where all have settled and the new one has not, the one that settled last ends: who
    /// has nothing but the password ends no session that was there before him.
    pub(crate) fn with(&self, new: Living, now: Moment, most: usize) -> Change {
        let mut kept: Vec<Living> = self.living().collect();
        let mut ended = Vec::new();
        for _ in most.max(1)..=self.number_of(new.kind) {
            let alike = || kept.iter().enumerate().filter(|(_, living)| living.kind == new.kind);
            let waits = alike().find(|(_, living)| living.settled > now);
            let settled = || {
                let last = |&(place, living): &(usize, &Living)| (living.settled, std::cmp::Reverse(place));
                if new.settled > now { alike().max_by_key(last) } else { alike().next() }
            };
            let Some((place, _)) = waits.or_else(settled) else { break };
            ended.push(kept.remove(place).session);
        }
        kept.push(new);
        Change { ring: self.next(self.credential(), kept.into_iter()), ended }
    }

    /// With that session and no other, and the credential changed.
    pub(crate) fn alone(&self, new: Living) -> Change {
        let Change { ring, ended } = self.ended(None, true);
        Change { ring: self.next(ring.credential(), std::iter::once(new)), ended }
    }

    /// With one token more; `None` where there are as many as may be.
    pub(crate) fn with_token(&self, session: SessionId, most: usize) -> Option<Change> {
        let new = Living { kind: SessionKind::Token, session, settled: Moment::EPOCH };
        self.has_room_for_token(most).then(|| self.with(new, Moment::EPOCH, usize::MAX))
    }

    /// Without one session; `None` where it has ended already.
    pub(crate) fn without(&self, session: SessionId) -> Option<Change> {
        let kept = self.living().filter(|living| living.session != session);
        self.kind_of(session)
            .map(|_| Change { ring: self.next(self.credential(), kept), ended: vec![session] })
    }

    /// With no session but that one, and with the credential changed or as it was.
    pub(crate) fn ended(&self, keep: Option<SessionId>, changed_credential: bool) -> Change {
        let credential = self.credential().saturating_add(u64::from(changed_credential));
        let kept = self.living().filter(|living| Some(living.session) == keep);
        let ended = self.living().map(|living| living.session).filter(|session| Some(*session) != keep);
        let ended = ended.collect();
        Change { ring: self.next(credential, kept), ended }
    }
}

/// A ring to be written, and the sessions that end with it.
pub(crate) struct Change {
    pub(crate) ring: Ring,
    pub(crate) ended: Vec<SessionId>,
}

impl Change {
    /// Seals it for its row, where the row still is as it was read.
    pub(crate) fn write(
        &self,
        (tenant, account, epoch): (TenantId, AccountId, Epoch),
        by: &AccountKey,
        read_version: u64,
        entropy: &dyn Entropy,
    ) -> Result<RingWrite, OpenError> {
        let sealed = self.ring.seal((tenant, account, epoch), by, entropy)?;
        Ok(RingWrite { read_version, sealed, ended: self.ended.clone() })
    }
}

#[cfg(test)]
mod tests {
    use honnin_testkit::SeededEntropy;

    use super::*;

    const NOW: Moment = Moment::EPOCH;

    fn id(number: u8) -> SessionId {
        SessionId::from_octets([number; 16])
    }

    fn of_kind(kind: SessionKind, number: u8) -> Living {
        Living { kind, session: id(number), settled: NOW }
    }

    fn browser(number: u8) -> Living {
        of_kind(SessionKind::Browser, number)
    }

    fn living(ring: &Ring) -> Vec<SessionId> {
        ring.living().map(|living| living.session).collect()
    }

    #[test]
    fn sessions_of_devices_that_have_settled_end_last() {
        let (entropy, key) = (SeededEntropy::new(1), AccountKey::random(&SeededEntropy::new(2)));
        let at = (TenantId::FIRST, AccountId::from_octets([1; 16]), 4);
        let since = |number, settled| Living { settled: NOW.plus_seconds(settled), ..browser(number) };
        let (ring, _) = Ring::make(at, &key, &entropy).unwrap();
        let ring = ring.with(since(1, 0), NOW, 3).ring.with(since(2, 60), NOW, 3).ring;
        let ring = ring.with(since(3, 50), NOW, 3).ring;
        let fourth = ring.with(since(4, 70), NOW, 3);
        assert_eq!((&fourth.ended, living(&fourth.ring)), (&vec![id(2)], [1, 3, 4].map(id).to_vec()));
        let sealed = fourth.ring.seal(at, &key, &entropy);
        let ring = Ring::open(at, &key, &sealed.unwrap()).unwrap();
        let later = NOW.plus_seconds(70);
        let fifth = ring.with(since(5, 90), later, 3);
        assert_eq!(fifth.ended, [id(4)], "all have settled and it has not: the last that did");
        assert_eq!(ring.with(since(6, 70), later, 3).ended, [id(1)], "and it has: the oldest");
    }

    #[test]
    fn programs_and_tokens_end_no_browsers_session() {
        let (entropy, key) = (SeededEntropy::new(1), AccountKey::random(&SeededEntropy::new(2)));
        let at = (TenantId::FIRST, AccountId::from_octets([1; 16]), 4);
        let (ring, _) = Ring::make(at, &key, &entropy).unwrap();
        let mut ring = ring.with(browser(1), NOW, 2).ring.with_token(id(2), 2).unwrap().ring;
        let mut ended = Vec::new();
        for script in 10..30 {
            let change = ring.with(of_kind(SessionKind::Program, script), NOW, 2);
            (ring, ended) = (change.ring, [ended, change.ended].concat());
        }
        assert_eq!(ended, (10..28).map(id).collect::<Vec<_>>(), "the oldest of its own kind");
        assert_eq!(living(&ring), [id(1), id(2), id(28), id(29)]);
        let kinds = [1, 2, 28].map(|session| ring.kind_of(id(session)).unwrap());
        assert_eq!(kinds, [SessionKind::Browser, SessionKind::Token, SessionKind::Program]);
        let full = ring.with_token(id(3), 2).unwrap().ring;
        assert!(full.with_token(id(4), 2).is_none(), "no token ends by itself");
        assert_eq!(full.ended(None, true).ended.len(), 5, "a new password ends all");
    }

    #[test]
    fn a_ring_lists_the_newest_sessions_and_counts_each_change() {
        let (entropy, key) = (SeededEntropy::new(1), AccountKey::random(&SeededEntropy::new(2)));
        let at = (TenantId::FIRST, AccountId::from_octets([1; 16]), 4);
        let (new, sealed) = Ring::make(at, &key, &entropy).unwrap();
        assert_eq!((new.count(), new.credential(), living(&new)), (0, 0, vec![]));
        let two =
            Ring::open(at, &key, &sealed).unwrap().with(browser(1), NOW, 2).ring.with(browser(2), NOW, 2);
        assert_eq!((two.ended.as_slice(), living(&two.ring)), (&[][..], vec![id(1), id(2)]));
        let three = two.ring.with(browser(3), NOW, 2);
        assert_eq!((three.ended, living(&three.ring)), (vec![id(1)], vec![id(2), id(3)]));
        let one = three.ring.without(id(3)).unwrap();
        assert_eq!((one.ended, living(&one.ring)), (vec![id(3)], vec![id(2)]));
        assert!(one.ring.without(id(3)).is_none(), "it has ended");
        assert_eq!((one.ring.count(), one.ring.credential()), (4, 0));
        let none = two.ring.ended(None, true);
        assert_eq!((none.ended.len(), living(&none.ring), none.ring.credential()), (2, vec![], 1));
        let kept = two.ring.ended(Some(id(1)), false);
        assert_eq!((kept.ended, living(&kept.ring), kept.ring.credential()), (vec![id(2)], vec![id(1)], 0));
    }

    #[test]
    fn names_stay_through_every_change_and_are_bounded() {
        let (entropy, key) = (SeededEntropy::new(1), AccountKey::random(&SeededEntropy::new(2)));
        let at = (TenantId::FIRST, AccountId::from_octets([1; 16]), 4);
        let line = |number: u8| HoldingId::from_octets([number; 16]);
        let name = |text: &str| text.parse::<LineName>().unwrap();
        let (ring, _) = Ring::make(at, &key, &entropy).unwrap();
        let named = ring.with(browser(1), NOW, 2).ring.named(line(1), Some(&name("はな")), &[]).ring;
        let named = named.named(line(2), Some(&name("けん")), &[]).ring.with(browser(2), NOW, 2).ring;
        let sealed = named.ended(Some(id(2)), true).write(at, &key, 0, &entropy).unwrap().sealed;
        let opened = Ring::open(at, &key, &sealed).unwrap();
        assert_eq!(opened.names().collect::<Vec<_>>(), [(line(1), "はな"), (line(2), "けん")]);
        assert_eq!((living(&opened), opened.credential()), (vec![id(2)], 1));
        let renamed = opened.named(line(1), Some(&name("そら")), &[]).ring.named(line(2), None, &[]).ring;
        assert_eq!(renamed.names().collect::<Vec<_>>(), [(line(1), "そら")]);
        assert_eq!((living(&renamed), renamed.count()), (vec![id(2)], opened.count() + 2));
        let mut full = renamed;
        for number in 2..=u8::try_from(MOST_NAMES).unwrap() {
            full = full.named(line(number), Some(&name("x")), &[]).ring;
        }
        assert_eq!(full.names().count(), MOST_NAMES);
        let held = [line(1), line(200)];
        let beyond = full.named(line(200), Some(&name("y")), &held).ring;
        assert_eq!(beyond.names().collect::<Vec<_>>(), [(line(1), "そら"), (line(200), "y")]);
        let all: Vec<_> = (1..=200).map(line).collect();
        let oldest_gone = full.named(line(200), Some(&name("y")), &all).ring;
        assert_eq!(
            (oldest_gone.names().count(), oldest_gone.names().next()),
            (MOST_NAMES, Some((line(2), "x")))
        );
    }

    #[test]
    fn a_ring_keeps_its_key_and_opens_at_its_own_place_only() {
        let (entropy, key) = (SeededEntropy::new(1), AccountKey::random(&SeededEntropy::new(2)));
        let (tenant, account) = (TenantId::FIRST, AccountId::from_octets([1; 16]));
        let (ring, _) = Ring::make((tenant, account, 1), &key, &entropy).unwrap();
        let write = ring.with(browser(7), NOW, 1).write((tenant, account, 2), &key, 0, &entropy).unwrap();
        let opened = Ring::open((tenant, account, 2), &key, &write.sealed).unwrap();
        assert!(opened.kind_of(id(7)).is_some() && opened.kind_of(id(8)).is_none());
        let kind = |ring: &Ring| ring.kind(None, 1, "a").unwrap();
        let there = Place::of_account(tenant, account, Purpose::Document("a"));
        let blob = kind(&ring).seal(&there, b"hers", &entropy).unwrap();
        assert_eq!(kind(&opened).open(&there, &blob).unwrap(), b"hers");
        let other = AccountId::from_octets([2; 16]);
        for (place, key) in [
            ((tenant, account, 1), &key),
            ((tenant, other, 2), &key),
            ((TenantId::new(9), account, 2), &key),
            ((tenant, account, 2), &AccountKey::random(&entropy)),
        ] {
            assert!(Ring::open(place, key, &write.sealed).is_err(), "{place:?}");
        }
    }
}
