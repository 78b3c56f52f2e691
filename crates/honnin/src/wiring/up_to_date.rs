//! A store of an older build, brought up to date by who is alone with it.

use honnin_journal::hold;

use super::engine;
use crate::failure::Failure;
use crate::installation::Installation;

/// Brings the store of an installation up to date before it is opened. Where that changes anything, no process may be at work
/// on it: an older program that serves would have its store changed under it.
///
/// Who is at work is known by the logs of the journal, and a program that starts opens the store before its log. So one that
/// is between the two at this moment is not seen, nor is one that makes a log of its own meanwhile.
///
/// # Errors
/// [`Failure`] where somebody is at work on an older store, and what the engine says.
pub(crate) fn bring_up(installation: &Installation) -> Result<(), Failure> {
    let (dir, settings) = (installation.store(), &installation.settings.store);
    if !engine::is_behind(&dir, settings)? {
        return Ok(());
    }
    // Whatever serves has its log open for as long as it does, and so has every command that acts.
    let held = hold(&installation.journal())
        .map_err(|reason| Failure::from(reason).during("look whether anybody is at work on the store"))?;
    let Some(held) = held else {
        return Err(Failure::cannot(
            "bring the store up to date: an older program serves from it, or a command is at work; stop that first, then start \
             this one again",
        ));
    };
    engine::bring_up(&dir, settings)?;
    drop(held);
    Ok(())
}
