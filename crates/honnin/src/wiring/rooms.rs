//! The rooms of one installation, opened: what every command but `init` and `config` works with.

use std::sync::Arc;

use honnin_access::{Authorities, HashPool, Keep, LeakList, Operate, PasswordRules, Permit, SignInSettings};
use honnin_intake::Feed;
use honnin_journal::{EpochKeys, Kind, Party};
use honnin_keeper::Keeper;
use honnin_node::{StoreAnchor, course, heads, kept};
use honnin_store::Store;
use honnin_terms::{Clock, Entropy, Id, LogId, RequestId, Zone};
use pollster::block_on;

use super::acts::{Acts, Deed};
use super::copying::refuse_unfinished;
use super::witness::Written;
use super::{bounds, engine};
use crate::failure::Failure;
use crate::installation::Installation;
use crate::machine::{EntropyAhead, SystemEntropy};

/// The rooms of one installation.
#[derive(Debug)]
pub(crate) struct Rooms {
    /// Settings and files.
    pub(crate) installation: Installation,
    /// The time.
    pub(crate) clock: SharedClock,
    /// The operator's zone.
    pub(crate) zone: Zone,
    /// The keys.
    pub(crate) keeper: Arc<Keeper>,
    /// What the keeper asks before it does anything.
    pub(crate) witness: Arc<Written>,
    /// The engine.
    pub(crate) store: Arc<dyn Store>,
    /// Makers of permits.
    pub(crate) authorities: Authorities,
}

/// The clock that is passed to every room.
#[derive(Clone)]
pub(crate) struct SharedClock(pub(crate) Arc<dyn Clock>);

impl std::fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SharedClock({})", self.0.now())
    }
}

/// Randomness, as every room gets it.
pub(crate) fn entropy() -> Arc<dyn Entropy> {
    Arc::new(EntropyAhead::new())
}

impl Rooms {
    /// Opens keyring and store and makes the authorities.
    ///
    /// # Errors
    /// [`Failure`]: which of them, and why.
    pub(crate) fn open(installation: Installation, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        Self::open_with(installation, clock, |store| store)
    }

    /// The same, with that round its store: tests of several services hold back what it answers.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn open_with(
        installation: Installation,
        clock: Arc<dyn Clock>,
        round: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Result<Self, Failure> {
        let rooms = Self::open_marked(installation, clock, round)?;
        refuse_unfinished(&*rooms.store, &rooms.keep())?;
        Ok(rooms)
    }

    /// The same where the store may be an unfinished copy: for who looks whether it is theirs to go on with.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn open_marked(
        installation: Installation,
        clock: Arc<dyn Clock>,
        round: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Result<Self, Failure> {
        let witness = Arc::new(Written::new(installation.demo));
        let keeper = Arc::new(installation.keeper(Arc::<Written>::clone(&witness))?);
        let (dir, base) = (installation.store(), installation.base());
        let store = engine::open(&dir, &base, &installation.settings.store, Arc::clone(&clock))?;
        Self::with_store(installation, clock, (keeper, witness), round(store))
    }

    fn with_store(
        installation: Installation,
        clock: Arc<dyn Clock>,
        (keeper, witness): (Arc<Keeper>, Arc<Written>),
        store: Arc<dyn Store>,
    ) -> Result<Self, Failure> {
        let settings = &installation.settings;
        let zone = Zone::named(&settings.tenant.zone)
            .map_err(|reason| Failure::settings(&reason).during("read tenant.zone"))?;
        let sign_in = SignInSettings {
            session_limits: bounds::sessions(&settings.sessions),
            password_rules: password_rules(&installation)?,
            code_seconds: settings.sign_in.code.whole_seconds(),
            factors: bounds::factors(&settings.sign_in),
            passkeys: bounds::passkeys(&settings.sign_in, &settings.tenant),
            proof_rules: bounds::proofs(&settings.sign_in),
            consent_seconds: settings.sign_in.consent.whole_seconds(),
            delay_bounds: bounds::delays(&settings.sign_in),
            pool: HashPool::start(bounds::hashers(&settings.sign_in))?,
        };
        let authorities = Authorities::new(
            installation.tenant(),
            Arc::<dyn Store>::clone(&store),
            Arc::<dyn Store>::clone(&store),
            Arc::<Keeper>::clone(&keeper),
            sign_in,
        );
        let subscriber =
            authorities.subscriber.counting(Arc::<dyn Store>::clone(&store), keeper.tries_key()?);
        let authorities = Authorities { subscriber, ..authorities };
        Ok(Self { installation, clock: SharedClock(clock), zone, keeper, witness, store, authorities })
    }

    /// The log of commands, for what that person does.
    ///
    /// # Errors
    /// [`Failure`] where it does not open: nothing may be done then.
    pub(crate) fn acts(&self, operator: &str) -> Result<Acts, Failure> {
        Acts::open(self, Arc::clone(&self.clock.0), operator)
    }

    /// Writes down one act of that person; it may be done once this has returned.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be written: it may not be done.
    pub(crate) fn act(
        &self,
        operator: &str,
        kind: Kind,
        owner: Party<'_>,
        about: Deed<'_>,
    ) -> Result<(), Failure> {
        let acts = self.acts(operator)?;
        acts.record(kind, owner, about)?;
        acts.close()
    }

    /// Where heads of the journal are kept.
    pub(crate) fn anchor(&self) -> StoreAnchor {
        let (store, clock) = (Arc::<dyn Store>::clone(&self.store), Arc::clone(&self.clock.0));
        StoreAnchor::new(store, self.authorities.node.again(), clock, entropy())
    }

    /// The head of every log there is.
    ///
    /// # Errors
    /// [`Failure`] where they cannot be read.
    pub(crate) fn heads(&self) -> Result<Vec<(LogId, Vec<u8>)>, Failure> {
        let heads = block_on(heads(&*self.store, &self.keep()));
        heads.map_err(|reason| Failure::from(reason).during("read the heads of the journal"))
    }

    /// The log that is written under that name now.
    ///
    /// # Errors
    /// [`Failure`] where the store does not say which it is.
    pub(crate) fn log(&self, writer: &str) -> Result<LogId, Failure> {
        let course = block_on(course(&*self.store, &self.keep(), &self.keeper))?;
        Ok(self.keeper.journal_log(writer, &course)?)
    }

    /// The keys of every epoch of the journal that was not destroyed, oldest first.
    ///
    /// # Errors
    /// [`Failure`] where they cannot be read.
    pub(crate) fn epochs(&self) -> Result<Vec<EpochKeys>, Failure> {
        Ok(block_on(kept(&*self.store, &self.keep(), &self.keeper))?)
    }

    /// A permit for an act at the command line.
    pub(crate) fn operate(&self) -> Permit<Operate> {
        self.authorities.operator.operate(self.clock.0.now(), request())
    }

    /// A permit for what nodes agree by.
    pub(crate) fn keep(&self) -> Permit<Keep> {
        self.authorities.node.keep(self.clock.0.now(), request())
    }

    /// Works on the feed with a permit to append.
    pub(crate) fn with_feed<T>(&self, work: impl FnOnce(&Feed<'_>) -> T) -> T {
        let permit = self.authorities.feed.append(self.clock.0.now(), request());
        work(&Feed {
            permit: &permit,
            keeper: &self.keeper,
            store: &*self.store,
            entropy: &SystemEntropy,
            spill_dir: &self.installation.place.data,
            partition_octets: self.installation.settings.intake.partition.0,
        })
    }
}

/// A name for what is done at the command line.
pub(crate) fn request() -> RequestId {
    let mut octets = [0; 16];
    SystemEntropy.fill(&mut octets);
    RequestId::from_octets(octets)
}

/// Rules of new passwords, with the list of leaked ones where the settings name one.
fn password_rules(installation: &Installation) -> Result<PasswordRules, Failure> {
    let settings = &installation.settings;
    let rules = bounds::passwords(&settings.sign_in, &settings.tenant);
    let Some(path) = settings.sign_in.leaked_passwords.path() else { return Ok(rules) };
    let path = installation.base().join(path);
    let list = LeakList::open(&path).map_err(|reason| {
        Failure::from(reason).during(&format!("read {} (sign_in.leaked_passwords)", path.display()))
    })?;
    Ok(PasswordRules { leaked: Some(Arc::new(list)), ..rules })
}
