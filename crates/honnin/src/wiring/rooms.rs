//! The rooms of one installation, opened: what every command but `init` and `config` works with.

use std::sync::Arc;

use honnin_access::{Authorities, HashPool, Keep, LeakList, Operate, PasswordRules, Permit, SignInSettings};
use honnin_intake::Feed;
use honnin_keeper::{Deed, Keeper, Witness};
use honnin_store::Store;
use honnin_terms::{Clock, Entropy, Id, RequestId, Zone};

use super::acts::Acts;
use super::{bounds, engine};
use crate::failure::Failure;
use crate::installation::Installation;
use crate::machine::{EntropyAhead, SystemEntropy};

/// Counts the keeper's acts.
struct Counting;

impl Witness for Counting {
    fn about_to(&self, deed: Deed) {
        metrics::counter!("honnin_keeper_deeds_total", "deed" => deed.word()).increment(1);
    }
}

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
        let keeper = Arc::new(installation.keeper(Arc::new(Counting))?);
        let settings = &installation.settings;
        let store = engine::open(&installation.store(), &settings.store, Arc::clone(&clock))?;
        Self::with_store(installation, clock, keeper, store)
    }

    fn with_store(
        installation: Installation,
        clock: Arc<dyn Clock>,
        keeper: Arc<Keeper>,
        store: Arc<dyn Store>,
    ) -> Result<Self, Failure> {
        let settings = &installation.settings;
        let zone = Zone::named(&settings.tenant.zone)
            .map_err(|reason| Failure::settings(&reason).during("read tenant.zone"))?;
        let sign_in = SignInSettings {
            session_limits: bounds::sessions(&settings.sessions),
            password_rules: password_rules(&installation)?,
            code_seconds: settings.sign_in.code.whole_seconds(),
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
        let subscriber = authorities.subscriber.counting(Arc::<dyn Store>::clone(&store));
        let authorities = Authorities { subscriber, ..authorities };
        Ok(Self { installation, clock: SharedClock(clock), zone, keeper, store, authorities })
    }

    /// The log of commands, for what that person does.
    ///
    /// # Errors
    /// [`Failure`] where it does not open: nothing may be done then.
    pub(crate) fn acts(&self, operator: &str) -> Result<Acts, Failure> {
        Acts::open(&self.installation, &self.keeper, Arc::clone(&self.clock.0), operator)
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
