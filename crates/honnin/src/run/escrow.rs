//! `honnin key escrow`: the key file in shares, and back.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use honnin_journal::{Kind, Party};
use honnin_seal::{EscrowError, KeyShare};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::command::{EscrowMakeArgs, EscrowRestoreArgs};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::key_file::{refuse_inside, write_back};
use crate::say::Say;
use crate::wiring::acts::Deed;
use crate::wiring::{Escrowed, Rooms, note_escrow};

/// More than any share; a longer file is something else.
const MOST_OCTETS: u64 = 64 * 1024;

/// What was written.
#[derive(Serialize)]
struct Made {
    key: String,
    needed: u8,
    files: Vec<PathBuf>,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, needed, files } = self;
        for file in files {
            writeln!(f, "share    {}", file.display())?;
        }
        write!(
            f,
            "key      {key}: {needed} of {} bring it back, fewer tell nothing of it\n\n\
             Give each to another person, then delete these files. Together with a backup {needed} of them open everything. Try \
             it once: honnin key escrow restore with {needed} of them, and compare the file with the key file. After the next \
             change of the key file make new ones.",
            files.len()
        )
    }
}

/// Writes shares of the key file of the settings.
///
/// # Errors
/// [`Failure`]; no share is left then.
pub(super) fn make(
    say: Say,
    installation: &Installation,
    operator: &str,
    args: &EscrowMakeArgs,
) -> Result<Exit, Failure> {
    let EscrowMakeArgs { shares: of, needed, to } = args;
    if needed > of {
        let text =
            format!("cannot make {of} shares of which {needed} are needed: there are fewer; raise --shares");
        return Err(Failure::with(Exit::Usage, text));
    }
    let to = std::path::absolute(to)?;
    refuse_inside(&to, &installation.place.data).map_err(|reason| Failure::settings(&reason))?;
    let files: Vec<PathBuf> =
        (1..=*of).map(|number| to.join(format!("honnin-key-share-{number}-of-{of}.txt"))).collect();
    if let Some(there) = files.iter().find(|file| file.symlink_metadata().is_ok()) {
        return Err(overwritten(there));
    }
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    // Before the journal: a key file that cannot be split leaves no entry about one that was.
    let shares = installation.deal_key((*needed, *of))?;
    let acts = rooms.acts(operator)?;
    let counts = [u64::from(*of), u64::from(*needed)];
    acts.record(
        Kind::KeyAct,
        Party::Nobody,
        Deed { note: "key escrow made", counts: &counts, ..Deed::default() },
    )?;
    let at = rooms.clock.0.now();
    let made_at = rooms.zone.rfc3339(at);
    let written = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&to)
        .map_err(|reason| Failure::from(reason).during(&format!("make {}", to.display())))
        .and_then(|()| write(&to, &files, &shares, |share| page(share, installation, &made_at)));
    written?;
    // Of what was dealt: the key file may have been changed since the keyring was opened.
    let key = shares.first().map_or_else(|| rooms.keeper.key(), KeyShare::key);
    note_escrow(&rooms, &Escrowed { key, at, needed: *needed, of: *of })
        .map_err(|failure| failure.but("the shares were written; `honnin doctor` does not know of them"))?;
    acts.close()?;
    say.tell(&Made { key: key.to_string(), needed: *needed, files })
        .map_err(|failure| failure.but("the shares were written"))?;
    Ok(Exit::Done)
}

fn overwritten(file: &Path) -> Failure {
    Failure::cannot(format_args!(
        "write the share {}: it exists and is never overwritten; name another directory",
        file.display()
    ))
}

/// Writes every share into its file, or none.
fn write(
    to: &Path,
    files: &[PathBuf],
    shares: &[KeyShare],
    page: impl Fn(&KeyShare) -> Zeroizing<String>,
) -> Result<(), Failure> {
    let mut begun = Vec::new();
    let mut failed = None;
    for (file, share) in files.iter().zip(shares) {
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        let written = opened.and_then(|mut opened| {
            begun.push(file);
            opened.write_all(page(share).as_bytes())?;
            opened.sync_all()
        });
        if let Err(reason) = written {
            failed = Some(if reason.kind() == io::ErrorKind::AlreadyExists {
                overwritten(file)
            } else {
                Failure::from(reason).during(&format!("write the share {}", file.display()))
            });
            break;
        }
    }
    let entered = || File::open(to).and_then(|directory| directory.sync_all()).err().map(Failure::from);
    let Some(failure) = failed.or_else(entered) else { return Ok(()) };
    // They were made here. Some of a set that nobody was told of would lie about.
    for file in begun {
        fs::remove_file(file).unwrap_or_default();
    }
    Err(failure)
}

/// A share as its keeper gets it.
fn page(share: &KeyShare, installation: &Installation, made_at: &str) -> Zeroizing<String> {
    let (number, of, needed) = (share.number(), share.of(), share.needed());
    let tenant = &installation.settings.tenant;
    let shares = " SHARE".repeat(usize::from(needed));
    Zeroizing::new(format!(
        "Share {number} of {of} of a key file\n\n\
         house   {name}, {host}, tenant {id}\n\
         made    {made_at}\n\
         share   {number} of {of}; any {needed} of them bring the key file back\n\
         key     {key}\n\n\
         All data of this house is sealed under its key file. Where the machine and every copy of that file are lost,\n\
         {needed} people bring it back from a backup with their shares:\n\n  \
         honnin key escrow restore{shares} --to FILE\n\n\
         Fewer than {needed} shares tell nothing about it. Keep this one where nobody who has another can reach it, and give it\n\
         to nobody but the person who restores. It is void once the key file was changed and backups of before are gone.\n\
         Who types it from paper needs the lines from BEGIN to END: large or small letters and spaces do not matter.\n\n\
         {text}",
        name = tenant.name,
        host = installation.host(),
        id = tenant.id,
        key = share.key(),
        text = *share.text(),
    ))
}

/// The key file that came back.
#[derive(Serialize)]
struct Restored {
    key_file: String,
    key: String,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key_file, key } = self;
        write!(
            f,
            "key      {key}, as its shares call it\n\
             written  {key_file}, readable by this user only\n\n\
             Next: have keys.key_file name it, then `honnin restore --from BACKUP` and `honnin key check`. The shares were in one \
             place now: once it serves, `honnin key rotate` and make new ones."
        )
    }
}

/// Brings a key file back from shares. There is no installation, and so no journal to write it into: the restore that follows
/// is an entry.
///
/// # Errors
/// [`Failure`]: which share is not as it was written or not of this set, or how many are missing. Nothing is written then.
pub(super) fn restore(say: Say, data: &Path, args: &EscrowRestoreArgs) -> Result<Exit, Failure> {
    let EscrowRestoreArgs { shares: files, to } = args;
    let to = std::path::absolute(to)?;
    if to.symlink_metadata().is_ok() {
        return Err(Failure::cannot(format_args!(
            "write the key file {}: it exists and is never overwritten; name another file",
            to.display()
        )));
    }
    let shares = files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    let key_file = KeyShare::join(&shares).map_err(|reason| refused(reason, files, &shares))?;
    write_back(&to, data, &key_file).map_err(|reason| Failure::settings(&reason))?;
    let key = shares.first().map(|share| share.key().to_string()).unwrap_or_default();
    say.tell(&Restored { key_file: to.display().to_string(), key })
        .map_err(|failure| failure.but("the key file was written"))?;
    Ok(Exit::Done)
}

fn read(file: &Path) -> Result<KeyShare, Failure> {
    let during = format!("read the share {}", file.display());
    let mut text = Zeroizing::new(String::new());
    let opened = File::open(file).and_then(|opened| opened.take(MOST_OCTETS).read_to_string(&mut text));
    opened.map_err(|reason| Failure::from(reason).during(&during))?;
    KeyShare::parse(&text).map_err(|reason| Failure::cannot(format_args!("{during}: {reason}")))
}

/// Why those shares bring nothing back, by the names of their files.
fn refused(reason: EscrowError, files: &[PathBuf], shares: &[KeyShare]) -> Failure {
    let named = |at: usize| files.get(at).map(|file| file.display().to_string()).unwrap_or_default();
    let says = match reason {
        EscrowError::Mixed(stray) => format!(
            "{} and {} are not of one set: they were made at different times or of different keys; leave one of them out",
            named(0),
            named(stray)
        ),
        EscrowError::Twice(number) => {
            let which = (0..).zip(shares).filter(|(_, share)| share.number() == number);
            let which: Vec<String> = which.map(|(at, _)| named(at)).collect();
            format!("{} are the same share, number {number}; leave one of them out", which.join(" and "))
        }
        EscrowError::TooFew { needed, have } => {
            format!(
                "{needed} shares are needed, and {have} are there; find {} more",
                usize::from(needed) - have
            )
        }
        EscrowError::AnotherKey => format!("{reason}; try others of the set in place of each"),
        EscrowError::Parts | EscrowError::TooLong => reason.to_string(),
    };
    Failure::cannot(format_args!("bring back the key file: {says}"))
}
