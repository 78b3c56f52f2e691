//! Answering callers, one after the other.

use std::io;
use std::thread;
use std::time::Duration;

use honnin_key_socket::{Answer, Asked, Caller, Listener};
use zeroize::Zeroizing;

use crate::token::{Token, TokenError};
use crate::{Ended, ServeArgs, say, settle, token};

/// How long a caller may take to ask, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Before the next try where the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(200);
/// As often it may have none, one time after the other.
const MOST_FAILED: u32 = 50;

pub(crate) fn serve(args: &ServeArgs) -> Result<(), Ended> {
    let users = settle::users(&args.users)?;
    settle::place(&args.socket)?;
    let mut token = token(&args.key)?;
    // Before anybody comes: a wrong PIN, or a key that could be copied, is told to whoever starts it.
    token.try_key()?;
    let listener =
        Listener::bind(&args.socket).map_err(|reason| Ended::Socket(args.socket.clone(), reason))?;
    let (socket, key) = (args.socket.display(), &args.key.key);
    say(&format!("listening at {socket} with the key {key:?}, for {users:?}"));
    let mut failed = 0;
    loop {
        match listener.next() {
            Ok(caller) => {
                failed = 0;
                one(caller, &users, &mut token);
            }
            Err(reason) if failed >= MOST_FAILED => return Err(Ended::Callers(args.socket.clone(), reason)),
            Err(_) => {
                failed += 1;
                thread::sleep(PAUSE);
            }
        }
    }
}

fn one(caller: Caller, users: &[u32], token: &mut Token) {
    let uid = caller.uid;
    if !users.contains(&uid) {
        return say(&format!("uid {uid}: not answered; --for names {users:?}"));
    }
    let answered = caller.answer(PATIENCE, |asked| {
        let (answer, told) = answer(&asked, token);
        say(&format!("uid {uid}: {asked:?}: {told}"));
        answer
    });
    match answered {
        Ok(()) => {}
        Err(reason) if reason.kind() == io::ErrorKind::InvalidData => {
            say(&format!("uid {uid}: asked nothing: {reason}"));
        }
        Err(reason) => say(&format!("uid {uid}: was let go: {reason}")),
    }
}

fn answer(asked: &Asked, token: &mut Token) -> (Answer, String) {
    let done = match asked {
        Asked::Wrap(key) => token.wrap(key),
        Asked::Unwrap(wrapped) => token.unwrap(wrapped),
    };
    match done {
        Ok(octets) => (Answer::Done(Zeroizing::new(octets)), "done".to_owned()),
        Err(reason @ TokenError::Refused(_)) => (Answer::Refused, reason.to_string()),
        Err(reason) => (Answer::Away, reason.to_string()),
    }
}
