//! Planted faults: what a build with `--cfg honnin_faults` can be told to do wrong, so that the layers are seen to hold.
//!
//! No other build has this module. A fault point that does not stand behind the cfg does not compile there, and no
//! name of a fault is in any other binary.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Something that can be made to go wrong, or a layer that can be left out.
#[derive(Debug)]
pub struct Switch {
    /// What it is called where it is switched on.
    pub name: &'static str,
    /// What goes wrong, in a sentence without its full stop.
    pub what: &'static str,
    on: AtomicBool,
}

impl Switch {
    const fn new(name: &'static str, what: &'static str) -> Self {
        Self { name, what, on: AtomicBool::new(false) }
    }

    /// Whether it was switched on when the process began.
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }
}

/// A list of switches: each a static of its own, and all of them in one place.
macro_rules! switches {
    ($list:ident: $($constant:ident = $name:literal, $what:literal;)+) => {
        $(#[doc = $what] pub static $constant: Switch = Switch::new($name, $what);)+
        /// All of them, in their order.
        pub static $list: &[&Switch] = &[$(&$constant),+];
    };
}

switches! { FAULTS:
    SWAPPED_VIEW_ROW = "swapped-view-row", "two accounts' sealed documents are exchanged in the database";
    SWAPPED_KEY_ROW = "swapped-key-row", "two accounts' rings of keys are exchanged in the database, and what they seal with them";
    SWAPPED_SESSION_ROW = "swapped-session-row", "two accounts' sessions are exchanged in the database";
    WRONG_WHERE = "wrong-where", "the query for a document forgets the account";
    FORGOTTEN_OWNER = "forgotten-owner", "the query for a line's documents forgets the account, so that anybody's line is found";
    WRONGLY_KEYED_CACHE = "wrongly-keyed-cache", "the cache of documents is keyed by their kind alone";
    WRONGLY_KEYED_SESSIONS = "wrongly-keyed-sessions", "the cache of sessions finds one session for every token";
    REUSED_READ = "reused-read", "a read is given what the read before it was sent, out of a reused buffer or connection";
    NAMED_SUBJECT = "named-subject", "a permit is made for whose line it is, not for who asks";
    ANOTHERS_PERMIT = "anothers-permit", "a request is given the permit of the request before it";
    ANOTHERS_SESSION = "anothers-session", "a request is given the session of the request before it";
    ANOTHERS_COOKIE = "anothers-cookie", "a sign-in by the API is sent the session of the sign-in before it";
    BELIEVED_HEADER = "believed-header", "a header that names an account is believed (X-Account-Id)";
    WRONG_OWNER_TAG = "wrong-owner-tag", "the writer puts another account's name into a document";
    WRONG_SUBJECT_KEY = "wrong-subject-key", "the writer seals one account's document with another's key, at its place";
    REUSED_BUFFER = "reused-buffer", "a rendered body lies in a buffer that still holds the body before it";
    LATE_ANSWER = "late-answer", "an answer that came too late is delivered to the request after it";
    UNRECORDED = "unrecorded-entry", "the journal acknowledges an entry that it never writes";
    MISSING_NO_STORE = "missing-no-store", "the headers of personal answers do not forbid to keep them";
    MISSING_ASSOCIATED_DATA = "missing-associated-data", "nothing is associated with what a key seals";
}

switches! { OUTSIDE:
    HOLDER_OF_TODAY = "holder-of-today", "usage goes to who has the number now, not to who had it then";
    UNSEALED = "left-unsealed", "what is to be sealed is written as it is";
    BLIND_CANARIES = "blind-canaries", "the canaries find everything well, whatever they are given";
    UNASKED_ANCHOR = "unasked-anchor", "the journal is opened and verified without the head that is anchored";
    UNWRITTEN_ACTS = "unwritten-acts", "what operators do at the command line is written down nowhere";
    UNSEEN_CLOCK = "unseen-clock", "a clock that jumped is taken for what it says";
    UNASKED_OWNER = "unasked-owner", "a merge of accounts takes any code for consent, once one was given";
    UNASKED_PROOF = "unasked-proof", "a dangerous act asks for no fresh proof";
    COUNTED_ACCOUNT = "counted-account", "wrong answers are counted on the account, whoever gives them";
    PROMPT_REFUSAL = "prompt-refusal", "a refused sign-in is answered as soon as it is computed";
    OWN_WORK_ONLY = "own-work-only", "a wrong guess costs what the hash costs that it is compared with, and no more";
    FORGOTTEN_PLACES = "forgotten-places", "one in two of those who ask again for their place in line is given the last one";
    EVERYBODY_AT_ONCE = "everybody-at-once", "all who wait in line are called at once, however few can be signed in";
    UNTOLD_MODES = "untold-modes", "what speaks to the public is told that all is well, whatever is the case";
    SILENCE_FOR_ABSENCE = "silence-for-absence", "a session the store does not answer about is taken for one that has ended";
    JOINS_UNASKED = "joins-unasked", "a node serves beside others whatever it and they run";
    CUT_SHORT = "cut-short", "who is asked to end ends at once, as when it is killed, whatever was begun";
    EARLY_WORD = "early-word", "a name is said to stand whatever the store has said of it";
    UNHEARD_CHANGES = "unheard-changes", "what another node has changed empties no cache of this one";
    UNASKED_TENANTS = "unasked-tenants", "a row is taken in whichever operator's it says it is";
    UNCOUNTED_STRAYS = "uncounted-strays", "nobody counts whose lines an account asks for";
    UNFAIR_TURNS = "unfair-turns", "whoever comes first is hashed for first, whoever sends most";
}

switches! { LAYERS:
    WITHOUT_KEYS = "without-keys", "every key is the same key, and nothing is associated with what it seals";
    WITHOUT_ROWS = "without-rows", "a query that finds nothing under the account looks without the account";
    WITHOUT_OWNER = "without-owner", "the owner found inside what was opened is compared with nobody";
    WITHOUT_REQUEST = "without-request", "the request an answer was made for is not compared with the one it is sent to";
    WITHOUT_ASKER = "without-asker", "the session an answer was made for is not compared with the cookie that asks";
    WITHOUT_HEADERS = "without-headers", "what forbids to keep a personal answer is not set once more on its way out";
}

/// Names a switch that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("plant {0:?}: there is no such fault; `honnin faults` names them")]
pub struct Unknown(String);

/// Who is told which layer stopped something.
static TELL: Mutex<Option<fn(&'static str)>> = Mutex::new(None);

/// Switches on what is named, with commas between; from then on `tell` hears the name of each layer that stops
/// something.
///
/// # Errors
/// [`Unknown`] for a name that is no fault; nothing is switched on then.
pub fn plant(names: &str, tell: fn(&'static str)) -> Result<(), Unknown> {
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let find = |name: &str| {
        let all = FAULTS.iter().chain(OUTSIDE).chain(LAYERS);
        all.copied().find(|switch| switch.name == name).ok_or_else(|| Unknown(name.to_owned()))
    };
    let found = names.map(find).collect::<Result<Vec<_>, _>>()?;
    *TELL.lock().unwrap_or_else(PoisonError::into_inner) = Some(tell);
    for switch in found {
        switch.on.store(true, Ordering::Relaxed);
    }
    Ok(())
}

/// Tells that a layer stopped something.
pub fn stopped(layer: &'static str) {
    let tell = *TELL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(tell) = tell {
        tell(layer);
    }
}

/// What one call leaves behind for the next, as a careless cache, pool or buffer would. A field of what makes the
/// mistake, never a global.
#[derive(Debug)]
pub struct Kept<K, T>(Mutex<BTreeMap<K, T>>);

impl<K, T> Default for Kept<K, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, T> Kept<K, T> {
    /// Nothing is left behind yet.
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord, T> Kept<K, T> {
    /// Leaves this value and takes the one before; nothing the first time.
    pub fn exchange(&self, key: K, value: T) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value)
    }

    /// The value of that key; the first to ask leaves this one for everybody.
    pub fn first(&self, key: K, value: impl FnOnce() -> T) -> T
    where
        T: Clone,
    {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert_with(value).clone()
    }
}
