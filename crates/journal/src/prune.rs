//! Pruning by minimum index (C2SP tlog-tiles): whole bundles below it go, the tree stays what it is.
//!
//! Bundles and lowest tiles go. Tiles of level 1 and above stay: an eighth of an octet for each entry, and with
//! them every checkpoint of the history can be recomputed for ever.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use honnin_terms::{LogId, Moment};

use crate::bounds::MOST_OFF_SECONDS;
use crate::bundle::{WIDE, WIDTH};
use crate::disk::Durable;
use crate::history::{Carried, MOST_CARRIED_OCTETS, encode_carried, parse_carried, sign_pruned};
use crate::layout::{self, CARRIED, PRUNED};
use crate::publish::PublishError;
use crate::queue::hold;
use crate::run::{Stretch, TOP};
use crate::shelf::{Kept, Shared};
use crate::tiles::Tiles;
use crate::{Kind, parse_entry};

/// See [`crate::Journal::prune`].
pub(crate) fn prune(shared: &Shared, before: Moment) -> Result<u64, PublishError> {
    // Held for the whole of it, so that nothing is published meanwhile.
    let shelf = hold(&shared.shelf);
    let tiles = Tiles { dir: &shared.dir, size: shelf.edge.size() };
    let old = *hold(&shared.kept);
    let carried = layout::read(&shared.dir.join(CARRIED), MOST_CARRIED_OCTETS)?.unwrap_or_default();
    let mut open: BTreeMap<u64, Carried> =
        parse_carried(&carried)?.into_iter().map(|one| (one.index, one)).collect();
    let mut kept = old;
    let mut set_back = None;
    while kept.minimum + WIDE <= tiles.size {
        let number = kept.minimum / WIDE;
        let Some(latest) = pass_bundle(shared, tiles, number, before, &mut set_back, &mut open)? else {
            break;
        };
        let after = Moment::from_millis(latest.millis() + 1).unwrap_or(latest);
        kept = Kept { minimum: kept.minimum + WIDE, from: kept.from.max(Some(after)) };
    }
    let Some(from) = kept.from.filter(|_| kept != old) else { return Ok(old.minimum) };
    let in_force = in_force(shared.log, open, from.plus_seconds(-MOST_OFF_SECONDS))?;
    let mut out = Durable::new(&*shared.disk, &shared.dir)?;
    out.write(&shared.dir.join(CARRIED), &encode_carried(&in_force)?)?;
    out.finish()?;
    // A crash here leaves grants carried whose bundles are still there: the same entries twice, each proven.
    out.write(&shared.dir.join(PRUNED), &sign_pruned(&shared.origin, kept.minimum, from, &shared.key)?)?;
    out.finish()?;
    // A crash here leaves files below the minimum index; opening sweeps them away.
    *hold(&shared.kept) = kept;
    {
        let mut tail = hold(&shared.tail);
        tail.drop_rows_below(kept.minimum);
        tail.others.drop_below(kept.minimum);
    }
    for number in old.minimum / WIDE..kept.minimum / WIDE {
        remove(shared, number)?;
    }
    prune_index(shared, old.minimum, kept.minimum)?;
    drop(shelf);
    Ok(kept.minimum)
}

/// The grants and cases that an entry at that moment or later may rest on, with the ends that are not older.
fn in_force(log: LogId, open: BTreeMap<u64, Carried>, moment: Moment) -> Result<Vec<Carried>, PublishError> {
    let (mut grounds, mut ends, mut foreign) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (index, one) in open {
        let entry = parse_entry(&one.octets)?;
        match (entry.kind, entry.about) {
            (Kind::Grant | Kind::CaseOpened, _) if entry.until.is_some_and(|until| until >= moment) => {
                grounds.insert(index, one);
            }
            (Kind::Revocation | Kind::CaseClosed, Some(ends_what)) if ends_what.log == log => {
                ends.push((ends_what.index, entry.moment, one));
            }
            // How long what it ends would be in force, its own log knows.
            (Kind::Revocation | Kind::CaseClosed, Some(_)) => foreign.push(one),
            _ => {}
        }
    }
    let mut kept = foreign;
    for (basis, ended, one) in ends {
        if ended < moment {
            grounds.remove(&basis);
        } else if grounds.contains_key(&basis) {
            kept.push(one);
        }
    }
    kept.extend(grounds.into_values());
    kept.sort_unstable_by_key(|one| one.index);
    Ok(kept)
}

/// Reads one bundle: notes grants that begin and end in it. Gives its latest moment, or `None` where it is kept.
///
/// An entry of a clock that stood ahead bears a moment that has not come. Where the clock was set back later, what was
/// before that is not younger than the moment it was set to; `set_back` is where that was found.
fn pass_bundle(
    shared: &Shared,
    tiles: Tiles<'_>,
    number: u64,
    before: Moment,
    set_back: &mut Option<(u64, Moment)>,
    open: &mut BTreeMap<u64, Carried>,
) -> Result<Option<Moment>, PublishError> {
    let mut entries = Vec::new();
    for octets in tiles.bundle(number)? {
        entries.push((parse_entry(&octets)?, octets));
    }
    let latest = entries.iter().map(|(entry, _)| entry.moment).max();
    let latest = match latest {
        Some(latest) if latest < before => latest,
        Some(_) => match clock_set_back(shared, tiles, number, before, set_back)? {
            Some(set_to) => set_to,
            None => return Ok(None),
        },
        None => return Ok(None),
    };
    let hashes = tiles.tile(0, number)?;
    for (index, (entry, octets)) in (number * WIDE..).zip(entries) {
        let ends =
            entry.about.is_some_and(|about| about.log != shared.log || open.contains_key(&about.index));
        // No disclosure rests on anything else, so nothing else is carried.
        let begins = matches!(entry.kind, Kind::Grant | Kind::CaseOpened);
        if begins || (ends && matches!(entry.kind, Kind::Revocation | Kind::CaseClosed)) {
            open.insert(index, Carried::of(index, octets, &hashes)?);
        }
    }
    Ok(Some(latest))
}

/// The moment before which everything up to that bundle was written although it says otherwise, where the clock was set
/// back after it.
fn clock_set_back(
    shared: &Shared,
    tiles: Tiles<'_>,
    number: u64,
    before: Moment,
    found: &mut Option<(u64, Moment)>,
) -> Result<Option<Moment>, PublishError> {
    if let Some((_, moment)) = found.filter(|(at, _)| number <= *at) {
        return Ok(Some(moment));
    }
    let time = shared.queue.time();
    if time.clock >= before && time.order == time.clock {
        return Ok(None);
    }
    for later in number..tiles.size / WIDE {
        for octets in tiles.bundle(later)? {
            let entry = parse_entry(&octets)?;
            if entry.kind == Kind::ClockSet && entry.moment < before && entry.until > Some(entry.moment) {
                *found = Some((later, entry.moment));
                return Ok(Some(entry.moment));
            }
        }
    }
    Ok(None)
}

fn remove(shared: &Shared, number: u64) -> io::Result<()> {
    let paths = [layout::bundle(&shared.dir, number, WIDTH), layout::tile(&shared.dir, 0, number, WIDTH)];
    for path in paths {
        shared.disk.remove(&path)?;
        drop(fs::remove_dir_all(path.with_extension("p")));
    }
    Ok(())
}

/// Removes runs of the index wholly below the minimum. Of one that lies across it the items below are passed over.
fn prune_index(shared: &Shared, old: u64, minimum: u64) -> io::Result<()> {
    for level in 0..=TOP {
        let length = Stretch { level, number: 1 }.start();
        for number in old / length..minimum / length {
            shared.disk.remove(&Stretch { level, number }.path(&shared.dir))?;
        }
    }
    Ok(())
}

/// Removes what a crash during pruning left below the minimum index. Files go in ascending order, so what is
/// left lies directly below it.
pub(crate) fn sweep(shared: &Shared) {
    let Kept { minimum, from: _ } = *hold(&shared.kept);
    let left = |number: &u64| {
        layout::bundle(&shared.dir, *number, WIDTH).exists()
            || layout::tile(&shared.dir, 0, *number, WIDTH).exists()
    };
    let lowest = (0..minimum / WIDE).rev().take_while(left).last();
    for number in lowest.unwrap_or(minimum / WIDE)..minimum / WIDE {
        if remove(shared, number).is_err() {
            return;
        }
    }
}
