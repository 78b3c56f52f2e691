//! Signed-in sessions for load tools, made without a password.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;

use honnin_access::{NewDevice, SignInError};
use honnin_seal::PasswordHash;
use tokio::runtime::Handle;

use crate::failure::Failure;
use crate::machine::SystemEntropy;
use crate::wiring::Rooms;

/// Threads that sign in: the store writes what comes together in one transaction.
const AT_ONCE: usize = 16;

/// A session as a load tool needs it.
#[derive(Debug)]
pub(super) struct DemoSession {
    account: String,
    cookie: String,
}

/// Gives every account that has none the same password. One that has it keeps it: a new one would end what is signed in.
///
/// # Errors
/// [`Failure`] where the store does not answer.
pub(super) fn open_accounts(
    rooms: &Rooms,
    logins: &[String],
    hash: &PasswordHash,
    handle: &Handle,
) -> Result<(), Failure> {
    let permit = rooms.operate();
    let give = |login: &String| {
        let subscriber = &rooms.authorities.subscriber;
        let given = async {
            let has_one = subscriber.has_password(&permit, login).await?;
            Ok(has_one || subscriber.import_password(&permit, login, hash, &SystemEntropy).await?)
        };
        handle.block_on(given).map_err(|error: SignInError| Failure::from(error))
    };
    on_threads(logins, &give).map(|_| ())
}

/// Signs in so many sessions, every account once before any twice.
///
/// # Errors
/// [`Failure`] where the store does not answer.
pub(super) fn sign_in(
    rooms: &Rooms,
    logins: &[String],
    most: usize,
    cookie: &str,
    handle: &Handle,
) -> Result<Vec<DemoSession>, Failure> {
    let permit = rooms.operate();
    let wanted: Vec<&String> = logins.iter().cycle().take(if logins.is_empty() { 0 } else { most }).collect();
    let begin = |login: &&String| {
        let device = NewDevice::of_nobody("demo".to_owned());
        let signed_in =
            rooms.authorities.subscriber.sign_in_without_password(&permit, login, device, &SystemEntropy);
        let signed_in = handle.block_on(signed_in)?;
        Ok(DemoSession {
            account: (*login).clone(),
            cookie: format!("{cookie}={}", signed_in.token.reveal()),
        })
    };
    on_threads(&wanted, &begin)
}

/// Does something for each on some threads; the answers are in the order of what was given.
fn on_threads<T: Sync, R: Send>(
    all: &[T],
    work: &(impl Fn(&T) -> Result<R, Failure> + Sync),
) -> Result<Vec<R>, Failure> {
    let share = all.len().div_ceil(AT_ONCE).max(1);
    thread::scope(|scope| {
        let parts = all.chunks(share);
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || part.iter().map(work).collect())).collect();
        let mut done: Vec<R> = Vec::with_capacity(all.len());
        for part in parts {
            let part: Result<Vec<R>, Failure> = part
                .join()
                .map_err(|_| Failure::cannot("prepare the demo: a thread ended before its time"))?;
            done.extend(part?);
        }
        Ok(done)
    })
}

/// Writes the sessions as CSV, whole or not at all, readable by this user only.
///
/// # Errors
/// [`Failure`] where the file cannot be written.
pub(super) fn write_sessions(file: &Path, sessions: &[DemoSession]) -> Result<(), Failure> {
    let during = |reason: std::io::Error| Failure::from(reason).during(&format!("write {}", file.display()));
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let mut text = String::from("account,cookie\n");
    for DemoSession { account, cookie } in sessions {
        text.extend([account, ",", cookie, "\n"]);
    }
    let mut open =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(during)?;
    open.write_all(text.as_bytes()).map_err(during)?;
    fs::rename(&part, file).map_err(during)
}
