//! Agents that are slow, that lie, that are somebody else's.

use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::thread;

use honnin_testkit::TestDir;

use super::*;
use crate::line::{LONGEST, MOST_OCTETS};
use crate::{Caller, Listener};

/// For an answer that comes: no machine is that busy.
const LONG: Duration = Duration::from_mins(2);
/// For one that does not.
const SHORT: Duration = Duration::from_millis(300);

fn question() -> Asked {
    Asked::Unwrap(b"what was wrapped".to_vec())
}

/// Asks one that does that with whoever connects.
fn asked(
    within: Duration,
    agent: impl FnOnce(UnixStream) + Send + 'static,
) -> Result<Zeroizing<Vec<u8>>, AskError> {
    let dir = TestDir::new();
    let socket = dir.join("agent.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let agent = thread::spawn(move || agent(listener.accept().unwrap().0));
    let answer = ask(&socket, &question(), within);
    agent.join().unwrap();
    answer
}

/// Reads the question, then says that and ends.
fn says(octets: Vec<u8>) -> impl FnOnce(UnixStream) + Send + 'static {
    move |mut stream| {
        let mut came = [0; LONGEST];
        let read = stream.read(&mut came).unwrap();
        assert_eq!(&came[..read], question().line().as_bytes());
        // Whoever asked may have left in the middle.
        drop(stream.write_all(&octets));
    }
}

#[test]
fn an_answer_comes_whole_in_whatever_pieces() {
    let line = Answer::Done(Zeroizing::new(b"the key".to_vec())).line();
    let whole = line.as_bytes().to_vec();
    assert_eq!(asked(LONG, says(whole.clone())).unwrap().as_slice(), b"the key");
    let by_pieces = asked(LONG, move |mut stream| {
        for octet in whole {
            stream.write_all(&[octet]).unwrap();
        }
    });
    assert_eq!(by_pieces.unwrap().as_slice(), b"the key");
}

#[test]
fn a_listener_takes_one_question_and_answers_it() {
    let dir = TestDir::new();
    let socket = dir.join("agent.sock");
    let listener = Listener::bind(&socket).unwrap();
    assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o660);
    assert_eq!(
        Listener::bind(&socket).unwrap_err().kind(),
        io::ErrorKind::AddrInUse,
        "somebody listens there"
    );
    // The try to bind left a caller who says nothing.
    let next = |within, answer| {
        let caller: Caller = listener.next().unwrap();
        assert_eq!(caller.uid, geteuid().as_raw());
        caller.answer(within, |asked| {
            assert_eq!(asked, question());
            answer
        })
    };
    next(SHORT, Answer::Away).unwrap_err();
    thread::scope(|scope| {
        let asking = scope.spawn(|| ask(&socket, &question(), LONG));
        next(LONG, Answer::Refused).unwrap();
        assert!(matches!(asking.join().unwrap(), Err(AskError::Refused(_))));
        let asking = scope.spawn(|| ask(&socket, &question(), LONG));
        next(LONG, Answer::Away).unwrap();
        assert!(matches!(asking.join().unwrap(), Err(AskError::Away(_))));
    });
    drop(listener);
    assert!(!socket.exists());
}

/// Where the one who asks is started again, in a name space of processes of its own: the socket.
const ELSEWHERE: &str = "HONNIN_TEST_ASKS_FROM_ELSEWHERE";

/// As in a container beside the agent's: neither sees the other's process, and each knows its user.
#[test]
fn who_is_in_another_name_space_of_processes_is_known_by_their_user() {
    #[expect(clippy::disallowed_methods, reason = "how a test is told that it was started again elsewhere")]
    let elsewhere = std::env::var_os(ELSEWHERE);
    if let Some(socket) = elsewhere {
        let answer = ask(Path::new(&socket), &question(), LONG);
        assert!(matches!(answer, Err(AskError::Refused(_))), "{answer:?}");
        return;
    }
    let apart = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["--pid", "--fork"]);
        unshare
    };
    // Another user would need a name space of users as well, in which no directory above the socket is root's.
    if !geteuid().is_root() || !apart().arg("true").status().is_ok_and(|status| status.success()) {
        println!(
            "skipped: this is not root, or unshare (util-linux) is not there or makes no name space here"
        );
        return;
    }
    let dir = TestDir::new();
    let socket = dir.join("agent.sock");
    let listener = Listener::bind(&socket).unwrap();
    let mut asking = apart();
    asking.arg(std::env::current_exe().unwrap()).args(["--exact", thread::current().name().unwrap()]);
    asking.env(ELSEWHERE, &socket);
    thread::scope(|scope| {
        let answering = scope.spawn(|| {
            let caller = listener.next().unwrap();
            let uid = caller.uid;
            caller.answer(LONG, |_| Answer::Refused).map(|()| uid)
        });
        let asked = asking.output().unwrap();
        // One that ended without asking leaves somebody waiting.
        drop(UnixStream::connect(&socket));
        let said = String::from_utf8_lossy(&asked.stdout);
        assert!(asked.status.success(), "{said}{}", String::from_utf8_lossy(&asked.stderr));
        assert_eq!(answering.join().unwrap().unwrap(), geteuid().as_raw());
    });
}

#[test]
fn a_socket_left_by_a_killed_agent_is_replaced_and_nothing_else_is() {
    let dir = TestDir::new();
    let socket = dir.join("agent.sock");
    drop(UnixListener::bind(&socket).unwrap());
    assert!(socket.exists(), "it was left");
    assert!(matches!(ask(&socket, &question(), LONG), Err(AskError::Absent(..))), "nobody listens");
    drop(Listener::bind(&socket).unwrap());
    let file = dir.write("file", "an operator's");
    assert_eq!(Listener::bind(&file).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    assert_eq!(fs::read(&file).unwrap(), b"an operator's");
}

/// Only two answers say that nobody is there.
#[test]
fn a_socket_that_answers_in_another_way_is_somebodys() {
    let dir = TestDir::new();
    let other = dir.join("other.sock");
    let _other = std::os::unix::net::UnixDatagram::bind(&other).unwrap();
    assert_eq!(Listener::bind(&other).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    assert!(other.exists());
}

#[test]
fn a_socket_of_whoever_came_later_is_left_to_them() {
    let dir = TestDir::new();
    let socket = dir.join("agent.sock");
    let first = Listener::bind(&socket).unwrap();
    fs::rename(&socket, dir.join("aside")).unwrap();
    let _theirs = Listener::bind(&socket).unwrap();
    drop(first);
    assert!(UnixStream::connect(&socket).is_ok(), "theirs is there");
}

#[test]
fn who_is_silent_or_slow_is_waited_for_within_the_time_only() {
    let silent = asked(SHORT, |mut stream| {
        // Until the other has left.
        drop(stream.read_to_end(&mut Vec::new()));
    });
    assert!(matches!(silent, Err(AskError::Silent(..))), "{silent:?}");
    // Each octet comes well within the time, and the line never ends.
    let slow = asked(SHORT, |mut stream| {
        while stream.write_all(b"h").is_ok() {
            thread::sleep(SHORT / 10);
        }
    });
    assert!(matches!(slow, Err(AskError::Silent(..))), "{slow:?}");
}

/// The library's own way to connect waits here for ever.
#[test]
fn an_agent_that_takes_nobody_is_waited_for_within_the_time_only() {
    let dir = TestDir::new();
    let socket = dir.join("agent.sock");
    let listener = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    rustix::net::bind(&listener, &SocketAddrUnix::new(&socket).unwrap()).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let waiting: Vec<_> = (0..8).map(|_| ask(&socket, &question(), SHORT)).collect();
    assert!(waiting.iter().all(|answer| matches!(answer, Err(AskError::Silent(..)))), "{waiting:?}");
    assert_eq!(Listener::bind(&socket).unwrap_err().kind(), io::ErrorKind::AddrInUse, "it is there");
}

#[test]
fn what_is_not_one_line_of_the_protocol_is_refused() {
    let endless = asked(LONG, |mut stream| while stream.write_all(&[b'A'; 512]).is_ok() {});
    assert!(matches!(endless, Err(AskError::NotOne(_))), "{endless:?}");
    let done = |octets: &[u8]| Answer::Done(Zeroizing::new(octets.to_vec())).line().as_bytes().to_vec();
    for (octets, what) in [
        (Vec::new(), "nothing"),
        (b"honnin-key 1 done AAAA".to_vec(), "no end"),
        ([done(b"key"), done(b"key")].concat(), "two lines"),
        ([done(b"key"), b"x".to_vec()].concat(), "more behind it"),
    ] {
        let answer = asked(LONG, says(octets));
        assert!(matches!(answer, Err(AskError::NotOne(_) | AskError::Broken(..))), "{what}: {answer:?}");
    }
    for (octets, reason) in [
        (b"\n".to_vec(), LineError::Another),
        (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), LineError::Another),
        (b"honnin-key 2 done AAAA\n".to_vec(), LineError::Version),
        (b"honnin-key 1 done\n".to_vec(), LineError::Words),
        (done(&[7; MOST_OCTETS + 1]), LineError::Words),
    ] {
        let answer = asked(LONG, says(octets));
        assert!(matches!(&answer, Err(AskError::NoLine(_, why)) if *why == reason), "{answer:?}");
    }
}

#[test]
fn a_socket_where_others_could_put_theirs_is_not_asked() {
    let dir = TestDir::new();
    let open = dir.join("open");
    fs::create_dir(&open).unwrap();
    let socket = open.join("agent.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    for mode in [0o777, 0o1777, 0o770] {
        fs::set_permissions(&open, Permissions::from_mode(mode)).unwrap();
        let link = dir.join(format!("link-{mode:o}"));
        std::os::unix::fs::symlink(&socket, &link).unwrap();
        for way in [&socket, &link] {
            let answer = ask(way, &question(), SHORT);
            assert!(matches!(answer, Err(AskError::Strange(..))), "{way:?}: {answer:?}");
        }
    }
    // Nor one whose directory could be replaced as a whole.
    let below = open.join("below");
    fs::create_dir(&below).unwrap();
    fs::set_permissions(&below, Permissions::from_mode(0o700)).unwrap();
    let socket = below.join("agent.sock");
    let _below = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
    let answer = ask(&socket, &question(), SHORT);
    assert!(matches!(answer, Err(AskError::Strange(..))), "{answer:?}");
    assert!(matches!(ask(&dir.write("file", ""), &question(), LONG), Err(AskError::Absent(..))));
}
