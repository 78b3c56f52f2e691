//! From nothing to a service that only has to be opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use honnin_intake::event::Fact;
use honnin_intake::fields::RowKind;
use honnin_intake::files::FilesError;
use honnin_intake::{Mapping, survey};
use honnin_journal::{Kind, Party};
use honnin_seal::HashCost;
use honnin_terms::{Clock, Moment};
use honnin_web::route::session_cookie;
use tokio::runtime::Handle;

use super::ledger::{MAPPING, mapping_name, write_sample};
use super::people::People;
use super::sessions::{DemoSession, open_accounts, sign_in};
use super::{PASSWORD, Plan};
use crate::command::Place;
use crate::failure::Failure;
use crate::installation::Installation;
use crate::machine::{DemoClock, SystemClock, SystemEntropy, running_build};
use crate::run::intake::show;
use crate::say::Progress;
use crate::settings::{FILE_NAME, Settings, Span};
use crate::wiring::acts::{Acts, Deed};
use crate::wiring::{Rooms, Service, bring_up, front, latest_entry};

/// Lines of others that the sessions of load tools may ask for: whether walls hold is tried by asking often.
const MOST_STRAYS: usize = 1_000_000_000;

/// A demo that only has to be opened.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) service: Service,
    pub(super) people: People,
    pub(super) sessions: Vec<DemoSession>,
    /// What the clock showed when it was started.
    pub(super) now: Moment,
    /// The bounds that were raised for sessions of load tools, each in a sentence.
    pub(super) raised: Vec<String>,
}

/// Begins an installation for the demo, or goes on with the one that is there.
///
/// # Errors
/// [`Failure`]: what is in the way, and what to do.
pub(super) fn begin(plan: &Plan) -> Result<Installation, Failure> {
    // Without a slash at its end, so that the key lies beside the directory and not in it.
    let data = plan.data.components().collect::<std::path::PathBuf>();
    let settings = data.join(FILE_NAME);
    let mut installation = if settings.exists() {
        let opened = Installation::open(Place { data, settings })?;
        if !opened.demo {
            return Err(Failure::cannot(format_args!(
                "run a demo on {}: it is not a demo installation, and a demo would give every account a published \
                 password; use another directory",
                opened.place.data.display()
            )));
        }
        opened
    } else {
        let mut key = data.clone().into_os_string();
        key.push(".key");
        Installation::begin(&data, Path::new(&key), of_demo(), true)?.0
    };
    installation.settings.listen.public = vec![plan.args.listen];
    installation.settings.listen.metrics = ([127, 0, 0, 1], 0).into();
    Ok(installation)
}

/// The settings of a demo: with a contact, so that its pages show one. Nobody has the number, and the domain is one for
/// examples (JPRS reserves `example.jp`).
fn of_demo() -> Settings {
    let mut settings = Settings::default();
    "tel:0120-000-000".clone_into(&mut settings.tenant.phone);
    "mailto:desk@example.jp".clone_into(&mut settings.tenant.mail);
    "9:00–18:00".clone_into(&mut settings.tenant.hours);
    // Everybody knows the password of a demo, and nobody comes back to it on a later day.
    settings.sign_in.new_device_wait = Span::seconds(0);
    settings
}

/// Takes in the ledger, opens its accounts and puts the service together.
///
/// # Errors
/// [`Failure`]: what could not be done.
pub(super) fn prepare(
    plan: &Plan,
    mut installation: Installation,
    handle: &Handle,
) -> Result<Prepared, Failure> {
    let Plan { args, scratch, .. } = plan;
    let mapping = match &args.mapping {
        Some(file) => Mapping::load(file)?,
        None => Mapping::parse(MAPPING, mapping_name())?,
    };
    let ledger = [match &args.ledger {
        Some(directory) => directory.clone(),
        None => write_sample(scratch.join("ledger"))?,
    }];
    let progress = Progress::start();
    progress.now("opening an installation for the demo");
    let people = People::find(&mapping, &ledger)?;
    // On an extract the newest moment it speaks of is now; a journal that is kept never goes back. What the ledger says
    // without a moment is of that time as well: the extract is of then.
    let newest = newest(&mapping, &ledger)?.unwrap_or_else(|| SystemClock.now());
    let spoken = args.now.unwrap_or(newest);
    bring_up(&installation)?;
    let rooms = Rooms::open(installation.clone(), Arc::new(Still(spoken)))?;
    let earliest = latest_entry(&rooms)?;
    let now = start_of_clock(args.now, newest, earliest)?;
    let acts = Acts::open(&rooms, Arc::new(Still(now)), DEMO)?;
    acts.record(Kind::IntakeRun, Party::Nobody, Deed::default())?;
    let taken = rooms
        .with_feed(|feed| feed.take_of(&mapping, &ledger, Some(spoken), &mut |tick| show(&progress, tick)));
    progress.clear();
    let summary = taken?;
    progress.done(format_args!("ledger: {}", summary.in_all()));
    acts.close()?;
    // The rooms are opened anew on the demo's clock.
    drop(rooms);
    let apart = now.millis().saturating_sub(SystemClock.now().millis());
    installation.set_demo_clock(Some(apart))?;
    let clock = DemoClock::following(installation.demo_clock(), apart)?;
    let raised = raise_sessions(&mut installation, args.sessions, people.accounts.len());
    let rooms = Rooms::open(installation, Arc::new(clock))?;
    progress.now(format_args!("opening {} accounts", people.accounts.len()));
    let acts = rooms.acts(DEMO)?;
    let counts = [people.accounts.len(), args.sessions].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
    acts.record(Kind::HashesImported, Party::Nobody, Deed { counts: &counts, ..Deed::default() })?;
    let hash = HashCost::default().hasher().hash(PASSWORD.as_bytes(), &SystemEntropy)?;
    open_accounts(&rooms, &people.accounts, &hash, handle)?;
    progress.done(format_args!("accounts: {}", people.accounts.len()));
    let front = front(&rooms.installation.settings).map_err(|problems| rooms.installation.wrong(problems))?;
    progress.now(format_args!("signing in {} sessions", args.sessions));
    let sessions = sign_in(&rooms, &people.accounts, args.sessions, session_cookie(&front), handle)?;
    acts.close()?;
    progress.clear();
    Ok(Prepared { service: Service::new(rooms, front, running_build()?)?, people, sessions, now, raised })
}

/// The name a demo acts under.
const DEMO: &str = "demo";

/// A clock that stands while the ledger is taken in.
struct Still(Moment);

impl Clock for Still {
    fn now(&self) -> Moment {
        self.0
    }
}

/// The newest moment the ledger gives for its figures.
fn newest(mapping: &Mapping, ledger: &[PathBuf]) -> Result<Option<Moment>, FilesError> {
    let mut newest = None;
    survey(mapping, ledger, &[RowKind::Bucket], &mut |fact| {
        if let Fact::Bucket(bucket) = fact {
            newest = newest.max(Some(bucket.as_of));
        }
    })?;
    Ok(newest)
}

/// What the clock shows at the beginning.
fn start_of_clock(
    wanted: Option<Moment>,
    newest: Moment,
    earliest: Option<Moment>,
) -> Result<Moment, Failure> {
    match (wanted, earliest) {
        (Some(wanted), Some(earliest)) if wanted < earliest => Err(Failure::cannot(format_args!(
            "set the clock to {wanted}: the journal of this data directory goes up to {earliest} and never goes back; \
             use a later time, or another directory"
        ))),
        (Some(wanted), _) => Ok(wanted),
        (None, earliest) => Ok(earliest.map_or(newest, |earliest| earliest.max(newest))),
    }
}

/// Makes room for as many sessions of one account as are asked for, and for what load tools do with them.
fn raise_sessions(installation: &mut Installation, sessions: usize, accounts: usize) -> Vec<String> {
    let bounds = &mut installation.settings.sessions;
    let mut raised = Vec::new();
    let each = sessions.div_ceil(accounts.max(1));
    if each >= bounds.most_per_account {
        // Beside those made here, people sign in by hand.
        bounds.most_per_account = each.saturating_add(bounds.most_per_account);
        let most = bounds.most_per_account;
        raised.push(format!(
            "sessions.most_per_account: raised to {most} for this demo, so that none of them ends"
        ));
    }
    if sessions > 0 {
        bounds.most_strays = MOST_STRAYS;
        raised.push("sessions.most_strays: raised for this demo, so that none is stopped".to_owned());
    }
    raised
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        text.parse().unwrap()
    }

    #[test]
    fn the_clock_starts_at_the_newest_moment_and_never_before_the_journal() {
        let newest = moment("2026-11-20T06:00:00+09:00");
        let (before, after) = (newest.plus_seconds(-60), newest.plus_seconds(60));
        assert_eq!(start_of_clock(None, newest, None).unwrap(), newest);
        assert_eq!(start_of_clock(None, newest, Some(before)).unwrap(), newest);
        assert_eq!(start_of_clock(None, newest, Some(after)).unwrap(), after);
        assert_eq!(start_of_clock(Some(before), newest, None).unwrap(), before);
        assert!(
            start_of_clock(Some(newest), newest, Some(after))
                .unwrap_err()
                .to_string()
                .contains("never goes back")
        );
    }
}
