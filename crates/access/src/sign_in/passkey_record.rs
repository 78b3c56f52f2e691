//! What is kept of passkeys: behind the password, in its sealed record, so that whoever can only write the store adds none,
//! gives none to somebody else, and brings none back.
//!
//! The list says of which credential it is, by the count the ring keeps: a list of before counts for nothing, whichever
//! record it is found in.

use honnin_seal::{PasskeyKey, digest, same_octets};
use honnin_terms::{Id, Moment, PasskeyId};
use serde::{Deserialize, Serialize};

use super::ceremony::{Assertion, Made};

/// Passkeys of one account at most.
pub const MOST_PASSKEYS: usize = 10;

/// One as its person knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyState {
    /// Its public name.
    pub passkey: PasskeyId,
    /// What she calls it.
    pub name: String,
    /// When it was made.
    pub since: Moment,
    /// When it last signed in, or showed who she is.
    pub used: Option<Moment>,
    /// Whether her telephone or browser may keep copies of it elsewhere.
    pub may_be_copied: bool,
}

/// One as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PasskeyRecord {
    id: Vec<u8>,
    algorithm: i32,
    key: Vec<u8>,
    name: String,
    since: Moment,
    used: Option<Moment>,
    /// When the last challenge was given that it answered: it answers none that is not newer, and so each once.
    answered: Moment,
    /// How often it says it was used; authenticators that do not count say 0.
    counter: u32,
    may_be_copied: bool,
}

/// The public name of a passkey.
fn name_of(id: &[u8]) -> PasskeyId {
    let named = digest(&[b"honnin passkey v1\0", id]);
    PasskeyId::from_octets(*named.first_chunk().unwrap_or(&[0; 16]))
}

/// Why an answer that was signed by the right key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// Its challenge was answered before, or a newer one was.
    Late,
    /// Its count does not go on, or it says another thing of itself than when it was made: somebody has a copy of it.
    Copied,
}

impl PasskeyRecord {
    fn state(&self) -> PasskeyState {
        let Self { since, used, may_be_copied, .. } = *self;
        PasskeyState { passkey: name_of(&self.id), name: self.name.clone(), since, used, may_be_copied }
    }

    /// Whether it was signed by this passkey.
    pub(crate) fn has_signed(&self, assertion: &Assertion) -> bool {
        PasskeyKey::kept(self.algorithm, &self.key).is_some_and(|key| assertion.is_by(&key))
    }

    /// Whether an answer to a challenge that was given then may be taken.
    pub(crate) fn may_take(&self, assertion: &Assertion, given: Moment) -> Result<(), NotTaken> {
        if given <= self.answered {
            return Err(NotTaken::Late);
        }
        let counts = assertion.counter > self.counter || assertion.counter == 0 && self.counter == 0;
        let is_alike = assertion.may_be_copied == self.may_be_copied;
        if counts && is_alike { Ok(()) } else { Err(NotTaken::Copied) }
    }

    /// Writes down that one was taken.
    pub(crate) fn take(&mut self, assertion: &Assertion, (given, now): (Moment, Moment)) {
        (self.answered, self.used, self.counter) = (given, Some(now), assertion.counter);
    }
}

/// What became of one that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is there.
    Done,
    /// There are as many as may be.
    Full,
    /// The credential is another than when it was made.
    Late,
}

/// The passkeys of an account.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Passkeys {
    /// How often the credential had been changed when they counted.
    of: u64,
    list: Vec<PasskeyRecord>,
}

impl Passkeys {
    pub(crate) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Of which credential they are: no session is begun by one where it is another.
    pub(crate) const fn of(&self) -> u64 {
        self.of
    }

    /// Those that count where the credential was changed so often.
    fn counting(&self, credential: u64) -> &[PasskeyRecord] {
        if self.of == credential { &self.list } else { &[] }
    }

    pub(crate) fn states(&self, credential: u64) -> Vec<PasskeyState> {
        self.counting(credential).iter().map(PasskeyRecord::state).collect()
    }

    /// What authenticators call those that count.
    pub(crate) fn ids(&self, credential: u64) -> impl Iterator<Item = &[u8]> {
        self.counting(credential).iter().map(|kept| kept.id.as_slice())
    }

    pub(crate) fn find(&self, id: &[u8]) -> Option<&PasskeyRecord> {
        self.list.iter().find(|kept| same_octets(&kept.id, id))
    }

    pub(crate) fn find_mut(&mut self, id: &[u8]) -> Option<&mut PasskeyRecord> {
        self.list.iter_mut().find(|kept| same_octets(&kept.id, id))
    }

    /// Adds one that was made where the credential was changed so often. The same once more changes nothing.
    pub(crate) fn add(&mut self, made: &Made, name: &str, (now, credential): (Moment, u64)) -> Added {
        if self.of > credential {
            return Added::Late;
        }
        if self.of < credential {
            *self = Self { of: credential, list: Vec::new() };
        }
        if self.find(&made.id).is_some() {
            return Added::Done;
        }
        if self.list.len() >= MOST_PASSKEYS {
            return Added::Full;
        }
        let Made { id, key, algorithm, counter, may_be_copied, .. } = made;
        self.list.push(PasskeyRecord {
            id: id.clone(),
            algorithm: *algorithm,
            key: key.clone(),
            name: name.to_owned(),
            since: now,
            used: None,
            answered: Moment::EPOCH,
            counter: *counter,
            may_be_copied: *may_be_copied,
        });
        Added::Done
    }

    /// Without one, and of the credential as it is once that is changed with it; whether there was such a one.
    pub(crate) fn remove(&mut self, passkey: PasskeyId, credential: u64) -> bool {
        let before = self.counting(credential).len();
        let list: Vec<_> =
            self.counting(credential).iter().filter(|kept| name_of(&kept.id) != passkey).cloned().collect();
        let removed = list.len() != before;
        if removed {
            *self = Self { of: credential.saturating_add(1), list };
        }
        removed
    }

    /// The same of the credential as it is once its owner has changed the password.
    pub(crate) fn under_another_password(&self, credential: u64) -> Self {
        let list = self.counting(credential).to_vec();
        Self { of: credential.saturating_add(1), list }
    }
}
