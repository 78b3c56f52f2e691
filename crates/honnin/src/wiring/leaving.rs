//! Checkpoints that leave, from the settings.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use honnin_canary::Receiver;
use honnin_journal::{Cosigner, Journal};
use honnin_node::{LastLeft, Leaving, Witness, leave_for, left_for};
use pollster::block_on;

use super::Rooms;
use super::logs::COMMANDS;
use crate::failure::Failure;
use crate::settings::Problem;

/// Where cosigned checkpoints lie in the data directory.
const WITNESSED: &str = "witnessed";
/// How long a witness may take: it is asked in the background.
const PATIENCE: Duration = Duration::from_secs(20);

/// What leaves of an installation, and where to.
///
/// # Errors
/// [`Failure`]: which setting or file, and why.
pub(crate) fn leaving(rooms: &Rooms) -> Result<Leaving, Failure> {
    let (installation, keeper) = (&rooms.installation, &rooms.keeper);
    let settings = &installation.settings.journal;
    let directory = settings.checkpoints.path().map(|path| installation.base().join(path));
    let vouching = match installation.settings.canary.authorities.path() {
        Some(path) if settings.witnesses.iter().any(|text| text.starts_with("https:")) => {
            let file = installation.base().join(path);
            fs::read(&file).map_err(|reason| {
                Failure::from(reason).during(&format!("read {} (canary.authorities)", file.display()))
            })?
        }
        Some(_) | None => Vec::new(),
    };
    let mut witnesses = Vec::new();
    for text in &settings.witnesses {
        let wrong = |says: String| {
            let key = "journal.witnesses".to_owned();
            installation.wrong(vec![Problem { key, says: format!("found {text:?}, {says}") }])
        };
        let (url, key) = text.split_once(' ').ok_or_else(|| {
            wrong(
                "expect an address, a space and the witness's key: \"https://… name+hash+base64\"".to_owned(),
            )
        })?;
        let cosigner = Cosigner::parse(key.trim()).map_err(|reason| wrong(reason.to_string()))?;
        let receiver = Receiver::new(url, &vouching, PATIENCE).map_err(|reason| wrong(reason.to_string()))?;
        witnesses.push(Witness { cosigner, receiver });
    }
    Ok(Leaving {
        journal: installation.journal(),
        logs: vec![rooms.log(installation.node())?, rooms.log(COMMANDS)?],
        key: keeper.journal_signing_key()?.verifying_key()?,
        kept: installation.place.data.join(WITNESSED),
        directory,
        witnesses,
        every: settings.checkpoint_every.duration(),
        clock: Arc::clone(&rooms.clock.0),
        left: Arc::new(LastLeft::default()),
    })
}

/// Every place the settings let checkpoints leave for, as they write it.
pub(crate) fn places(rooms: &Rooms) -> Vec<String> {
    let settings = &rooms.installation.settings.journal;
    let directory = settings.checkpoints.path().map(|path| path.display().to_string());
    directory.into_iter().chain(settings.witnesses.iter().cloned()).collect()
}

/// Refuses to go on where checkpoints left for a place that the settings do not name any more, unless a person said so;
/// remembers the places otherwise.
///
/// # Errors
/// [`Failure`]: which place.
fn led_on(rooms: &Rooms, journal: &Journal) -> Result<(), Failure> {
    let (log, places) = (journal.log(), places(rooms));
    let known = block_on(left_for(&*rooms.store, &rooms.keep(), &rooms.keeper, log))?;
    let missing = match &known {
        // Before its first entry a log has left for nowhere.
        None if journal.size() == 0 => None,
        None => Some("nobody knows where to".to_owned()),
        Some(before) => before.iter().find(|place| !places.contains(place)).cloned(),
    };
    if let Some(place) = missing {
        return Err(Failure::cannot(format_args!(
            "go on with the journal: its checkpoints left for a place that the settings do not name ({place}); name it in \
             journal.checkpoints or journal.witnesses, or `honnin journal redirect` where you have changed that yourself"
        )));
    }
    if known.as_ref() != Some(&places) {
        block_on(leave_for(&*rooms.store, &rooms.keep(), &rooms.keeper, (log, &places)))?;
    }
    Ok(())
}

/// Refuses to go on where the journal does not go on from what left before.
///
/// # Errors
/// [`Failure`]: which log, and from what.
pub(crate) fn compared(rooms: &Rooms, journal: &Journal) -> Result<Leaving, Failure> {
    let leaving = leaving(rooms)?;
    led_on(rooms, journal)?;
    let compared =
        leaving.compare().map_err(|reason| Failure::from(reason).during("read a checkpoint that left"))?;
    compared.map_err(|reason| Failure::cannot(format_args!("go on with the journal: {reason}")))?;
    if leaving.is_wanted() {
        // Where none ever left, the time for the first one begins now.
        let oldest = leaving.oldest().ok().flatten();
        leaving.left.is(oldest.unwrap_or_else(|| rooms.clock.0.now()));
    }
    Ok(leaving)
}
