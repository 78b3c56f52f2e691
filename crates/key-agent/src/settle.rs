//! What the command line names: a PIN in a file, users by name, a place for a socket.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use zeroize::Zeroizing;

/// More than any PIN.
const MOST_OCTETS: u64 = 1_024;

/// What cannot be used as it was named.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("cannot read the PIN file {0}: {1}; name a file that this user can read")]
    Pin(PathBuf, io::Error),
    #[error(
        "cannot use the PIN file {0}: other users can read it (mode {1:03o}); chmod 600 it, and change the PIN"
    )]
    OpenPin(PathBuf, u32),
    #[error("cannot use the PIN file {0}: not one line of text; write the PIN alone into it")]
    NoPin(PathBuf),
    #[error(
        "cannot listen at {0}: {1}; have the socket in a directory of this user or root that nobody else can write"
    )]
    Place(PathBuf, String),
    #[error("cannot answer the user {0:?}: no such user in /etc/passwd; give the user's number")]
    NoUser(String),
}

/// The PIN in a file, without the end of its line.
pub(crate) fn pin(file: &Path) -> Result<Zeroizing<String>, Wrong> {
    let unread = |reason| Wrong::Pin(file.to_owned(), reason);
    let opened = File::open(file).map_err(unread)?;
    let mode = opened.metadata().map_err(unread)?.mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(Wrong::OpenPin(file.to_owned(), mode));
    }
    // All the room it may need: what grows leaves what it was in memory that nobody wipes.
    let mut text = Zeroizing::new(String::with_capacity(1_024));
    opened.take(MOST_OCTETS).read_to_string(&mut text).map_err(unread)?;
    let pin = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if pin.is_empty() || pin.contains(['\r', '\n']) {
        return Err(Wrong::NoPin(file.to_owned()));
    }
    Ok(pin)
}

/// Refuses a socket in a directory where another user could put something in its place, or keep it from its agent. The house
/// that asks looks at the directories above as well.
pub(crate) fn place(socket: &Path) -> Result<(), Wrong> {
    let wrong = |why: String| Wrong::Place(socket.to_owned(), why);
    let socket = std::path::absolute(socket).map_err(|reason| wrong(reason.to_string()))?;
    let directory = socket.parent().ok_or_else(|| wrong("it is no file".to_owned()))?;
    let about = fs::metadata(directory).map_err(|reason| wrong(reason.to_string()))?;
    let (owner, mode) = (about.uid(), about.mode() & 0o7777);
    if mode & 0o022 != 0 {
        return Err(wrong(format!("others can write its directory (mode {mode:03o})")));
    }
    if owner != 0 && owner != geteuid().as_raw() {
        return Err(wrong(format!("its directory is of uid {owner}")));
    }
    Ok(())
}

/// The numbers of those users; of this one where none is named.
pub(crate) fn users(named: &[String]) -> Result<Vec<u32>, Wrong> {
    if named.is_empty() {
        return Ok(vec![geteuid().as_raw()]);
    }
    let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
    named.iter().map(|user| number(user, &known).ok_or_else(|| Wrong::NoUser(user.clone()))).collect()
}

fn number(user: &str, known: &str) -> Option<u32> {
    let listed = |line: &str| {
        let mut fields = line.split(':');
        (fields.next() == Some(user)).then(|| fields.nth(1)?.parse().ok()).flatten()
    };
    user.parse().ok().or_else(|| known.lines().find_map(listed))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use honnin_testkit::TestDir;

    use super::*;

    #[test]
    fn a_pin_is_one_line_that_nobody_else_reads() {
        let dir = TestDir::new();
        let read = |content: &str, mode| {
            let file = dir.write("pin", content);
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            pin(&file)
        };
        assert_eq!(*read("1234\n", 0o600).unwrap(), "1234");
        assert_eq!(*read("12 34", 0o400).unwrap(), "12 34");
        assert!(matches!(read("1234\n", 0o604), Err(Wrong::OpenPin(_, 0o604))));
        for none in ["", "\n", "1234\n5678\n"] {
            assert!(matches!(read(none, 0o600), Err(Wrong::NoPin(_))), "{none:?}");
        }
    }

    #[test]
    fn a_socket_has_no_place_where_others_can_write() {
        let dir = TestDir::new();
        let (open, socket) = (dir.join("open"), dir.join("open/agent.sock"));
        fs::create_dir(&open).unwrap();
        for (mode, good) in [(0o755, true), (0o2750, true), (0o777, false), (0o1777, false), (0o770, false)] {
            fs::set_permissions(&open, Permissions::from_mode(mode)).unwrap();
            assert_eq!(place(&socket).is_ok(), good, "{mode:o}");
        }
        assert!(matches!(place(&dir.join("nowhere/agent.sock")), Err(Wrong::Place(..))));
    }

    #[test]
    fn users_are_found_by_name_and_by_number() {
        let known = "root:x:0:0:root:/root:/bin/sh\nhonnin-key:x:998:997::/:/bin/false\nhonnin:x:999:998::/:/bin/false\n";
        let numbers = ["root", "honnin", "17", "nobody-here", "x", ""].map(|user| number(user, known));
        assert_eq!(numbers, [Some(0), Some(999), Some(17), None, None, None]);
    }
}
