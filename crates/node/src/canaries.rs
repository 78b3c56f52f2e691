//! The canaries' accounts: made by ourselves, with nothing of anybody in them, sealed and read like every other.

use std::sync::Arc;

use honnin_access::{Append, DocumentError, FeedAuthority, NewDevice, OperatorAuthority, Permit};
use honnin_canary::{Canary, Mark, Which};
use honnin_care::Care;
use honnin_keeper::{AccountKeys, Keeper};
use honnin_seal::OpenError;
use honnin_store::document::{BillEntry, BillItems, Bills, Profile};
use honnin_store::{AccountUpdate, Batch, Committed, Progress, Store, StoredAccount};
use honnin_terms::{AccountId, BillState, Clock, Entropy, Moment, Said, Stream, Yen, Zone};

use crate::request;

/// The feed that writes what those of a node are shown. Each node has its own, and canaries of its own: those of two find
/// nothing stale because of each other.
fn feed(node: &str) -> String {
    format!("canaries {node}")
}

/// Whether that feed is one of those, and no ledger.
pub(crate) fn is_own(feed: &str) -> bool {
    feed.starts_with("canaries ")
}

/// What their devices are called.
const DEVICE: &str = "canary";

/// The sign-in name of a canary. There is no password, so nobody signs in by it.
fn login(node: &str, which: Which) -> String {
    let which = match which {
        Which::First => "first",
        Which::Second => "second",
    };
    format!("honnin:canary:{which}:{node}")
}

/// The accounts of both of a node.
pub fn accounts(keeper: &Keeper, node: &str) -> [AccountId; 2] {
    Which::BOTH.map(|which| keeper.account_id(&login(node, which)))
}

/// Why canaries cannot be sent out. None of these says anything of the public path.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The store does not answer or takes nothing.
    #[error("write what the canaries are shown")]
    Store(#[from] honnin_store::Error),
    /// Something of theirs does not open or cannot be sealed.
    #[error("seal what the canaries are shown")]
    Seal(#[from] DocumentError),
    /// Their keys do not open.
    #[error("open the canaries' keys")]
    Open(#[from] OpenError),
    /// Somebody else writes what they are shown.
    #[error("write what the canaries are shown: another process does, at position {0}")]
    Stale(u64),
    /// They cannot be signed in.
    #[error("sign the canaries in")]
    SignIn(#[from] honnin_access::SignInError),
}

/// Both canaries, as long as the process lives.
pub struct Canaries {
    /// The name of the node that sends them out.
    pub node: String,
    /// Seals what they are shown.
    pub keeper: Arc<Keeper>,
    /// Where it is stored.
    pub store: Arc<dyn Store>,
    /// What signs them in.
    pub care: Arc<Care>,
    /// Permits to write what they are shown.
    pub feed: FeedAuthority,
    /// Permits to sign them in without a password.
    pub operator: Arc<OperatorAuthority>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The operator's zone.
    pub zone: Zone,
    /// The name of the session's cookie.
    pub cookie: &'static str,
    /// Their cookies, while they are signed in.
    pub sessions: Option<[String; 2]>,
}

impl std::fmt::Debug for Canaries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Canaries(..)")
    }
}

impl Canaries {
    /// Writes what they are shown in this round, signs them in where they are not, and hands them over.
    ///
    /// # Errors
    /// [`NotSent`].
    pub async fn ready(&mut self) -> Result<[Canary; 2], NotSent> {
        let marks = Which::BOTH.map(|which| Mark::draw(which, &*self.entropy));
        self.write(&marks).await?;
        let sessions = match self.sessions.take() {
            Some(sessions) => sessions,
            None => [self.sign_in(Which::First).await?, self.sign_in(Which::Second).await?],
        };
        let [one, two] = &sessions;
        let [mark_one, mark_two] = marks;
        let canary = |which, cookie: &str, mark: Mark| {
            let bill = self.keeper.bill_id(mark.as_str()).to_string();
            // Tokens are visible ASCII.
            Canary::new(which, cookie, mark, bill).ok_or(honnin_access::SignInError::DoesNotOpen)
        };
        let canaries = [canary(Which::First, one, mark_one)?, canary(Which::Second, two, mark_two)?];
        self.sessions = Some(sessions);
        Ok(canaries)
    }

    /// Forgets their sessions: they were not taken.
    pub fn sign_out(&mut self) {
        self.sessions = None;
    }

    async fn sign_in(&self, which: Which) -> Result<String, NotSent> {
        let stream = Stream::begin(&self.entropy);
        let permit = self.operator.operate(self.clock.now(), stream.request());
        let device = NewDevice::of_nobody(DEVICE.to_owned());
        let signed_in = self.care.sign_in_canary(&permit, &login(&self.node, which), device, &stream).await?;
        Ok(format!("{}={}", self.cookie, signed_in.token.reveal()))
    }

    /// Seals both accounts anew, so that an answer from before shows that it is one.
    async fn write(&self, marks: &[Mark; 2]) -> Result<(), NotSent> {
        let now = self.clock.now();
        let (permit, feed) = (self.feed.append(now, request(&*self.entropy)), feed(&self.node));
        let moves = self.store.moved(&permit).await?.moves;
        let position = self.store.progress(&permit, &feed).await?.unwrap_or_default().position + 1;
        let mut named: Vec<(AccountId, &Mark)> =
            accounts(&self.keeper, &self.node).into_iter().zip(marks).collect();
        named.sort_unstable_by_key(|(account, _)| *account);
        let ids: Vec<AccountId> = named.iter().map(|(account, _)| *account).collect();
        let stored = self.store.accounts(&permit, &ids).await?;
        let mut updates = Vec::with_capacity(named.len());
        for (account, mark) in named {
            let known = stored.iter().find(|known| known.account == account);
            updates.push(self.update(&permit, account, known, mark, (now, position))?);
        }
        let progress = Progress { position, state: Vec::new() };
        let batch = Batch { accounts: updates, moves, progress, ..Batch::default() };
        match self.store.commit(&permit, &feed, batch).await? {
            Committed::Done => Ok(()),
            Committed::Stale { position } => Err(NotSent::Stale(position)),
            // The next round reads again.
            Committed::Overtaken => Err(NotSent::Stale(position)),
        }
    }

    fn update(
        &self,
        permit: &Permit<Append>,
        account: AccountId,
        known: Option<&StoredAccount>,
        mark: &Mark,
        (now, position): (Moment, u64),
    ) -> Result<AccountUpdate, NotSent> {
        let mut keys: AccountKeys<'_> = match known {
            Some(stored) => self.keeper.open_account(permit, stored)?,
            None => self.keeper.new_account(permit, account)?,
        };
        let bill = self.bill(mark, now);
        let documents = vec![
            keys.seal(None, &[], &profile(mark, now), position)?,
            keys.seal(None, &[], &bill, position)?,
        ];
        let (account_key, subject_keys) = keys.take_new();
        Ok(AccountUpdate { account, account_key, subject_keys, documents })
    }

    fn bill(&self, mark: &Mark, now: Moment) -> Bills {
        let bill = BillEntry {
            bill: self.keeper.bill_id(mark.as_str()),
            code: mark.to_string(),
            as_of: Said::at_intake(now),
            month: self.zone.day(now).month(),
            used_in: None,
            amount: Yen::new(0),
            tax: None,
            state: BillState::Paid,
            due_on: None,
        };
        Bills {
            as_of: Said::at_intake(now),
            source: mark.to_string(),
            bills: vec![(bill, BillItems::Unsaid)],
        }
    }
}

fn profile(mark: &Mark, now: Moment) -> Profile {
    Profile {
        as_of: Said::at_intake(now),
        source: mark.to_string(),
        login: mark.to_string(),
        name: mark.to_string(),
        reading: None,
        mail: None,
        born_on: None,
        registered_on: None,
        lines: Vec::new(),
        lost_lines: Vec::new(),
        standing: Vec::new(),
    }
}
