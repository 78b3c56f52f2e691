//! Sockets that a supervisor hands over: a restart refuses nobody.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::{Place, Running, command};

/// `honnin serve` with that socket as a supervisor gives it: the fourth descriptor, named by the environment.
fn with(socket: &TcpListener, place: &Place) -> Command {
    let honnin = command();
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().args(["-c", "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\""]);
    shell.arg(honnin.get_program()).arg("--data").arg(&place.data).arg("serve");
    shell.stdin(Stdio::from(OwnedFd::from(socket.try_clone().unwrap())));
    shell
}

/// What somebody gets who connects now and asks once.
fn asked(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: honnin\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_restart_behind_a_socket_that_was_handed_over_refuses_nobody() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let public = format!("[\"{address}\"]");
    let place =
        Place::begin(&[("public", &public), ("metrics", "\"127.0.0.1:0\""), ("directory", "\"logs\"")]);
    let (ended, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut serving = Running::start(with(&socket, &place), "metrics on ");
    assert_eq!(serving.after("serving on "), address.to_string());
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (ended, answered) = (Arc::clone(&ended), Arc::clone(&answered));
            thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    match asked(address) {
                        Ok(answer) if answer.starts_with("HTTP/1.1 200") => {}
                        other => return Some(format!("{other:?}")),
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                None
            })
        })
        .collect();
    let more = || {
        let before = answered.load(Ordering::Relaxed);
        while answered.load(Ordering::Relaxed) < before + 40
            && !clients.iter().all(thread::JoinHandle::is_finished)
        {
            thread::sleep(Duration::from_millis(5));
        }
    };
    for _ in 0..2 {
        more();
        assert_eq!(serving.stop("-TERM"), Some(0));
        // Nobody is there; whoever comes now waits.
        thread::sleep(Duration::from_millis(100));
        serving = Running::start(with(&socket, &place), "metrics on ");
        more();
    }
    ended.store(true, Ordering::Relaxed);
    for client in clients {
        assert_eq!(client.join().unwrap(), None);
    }
}

#[test]
fn a_socket_that_no_setting_names_is_not_left_waiting() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::begin(&[("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")]);
    let ended = with(&socket, &place).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success());
    let named = format!("cannot listen on {}: it was handed over", socket.local_addr().unwrap());
    assert!(said.contains(&named), "{said}");
}
