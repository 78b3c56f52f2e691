//! Sockets that are files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener as Plain;

use honnin_testkit::TestDir;
use tokio::net::UnixStream;

use super::*;

fn behind(tells: Tells) -> Front {
    Front::TrustedProxy { public: "https://my.example.jp".parse().unwrap(), proxies: Vec::new(), tells }
}

/// Serves on a file, asks there once, and ends; what was answered.
async fn asked(front: Front, octets: &[u8]) -> String {
    let dir = TestDir::new();
    let path = dir.join("honnin.sock");
    let file = SocketFile::listen(&path, false, 8).unwrap();
    let bounds = Bounds::default();
    let echo = Echo::new(front.clone(), bounds.clone());
    let entrance = Entrance { files: vec![file], ..Entrance::default() };
    assert_eq!(entrance.check(&front).map_err(|error| error.kind()), Ok(()));
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(entrance.run(front, bounds, Arc::new(echo), async move {
        let _: Result<(), oneshot::error::RecvError> = stopped.await;
    }));
    let mut proxy = UnixStream::connect(&path).await.unwrap();
    proxy.write_all(octets).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, proxy.read_to_string(&mut answer)).await.unwrap().unwrap();
    stop.send(()).unwrap();
    timeout(PATIENCE, ended).await.unwrap().unwrap();
    let gone = async {
        while path.exists() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("the file goes with the socket");
    answer
}

#[tokio::test]
async fn a_proxy_on_a_unix_socket_says_who_asks() {
    let head = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    let forwarded = format!("{head}Forwarded: for=\"[2001:db8::7]\"\r\n\r\n");
    let answer = asked(behind(Tells::Forwarded), forwarded.as_bytes()).await;
    assert!(answer.ends_with("2001:db8::7 /a"), "{answer}");
    let before = [PROXY_HEADER, head.as_bytes(), &b"\r\n"[..]].concat();
    let answer = asked(behind(Tells::ProxyV2), &before).await;
    assert!(answer.ends_with("203.0.113.7 /a"), "{answer}");
}

#[tokio::test]
async fn a_unix_socket_is_its_owners_or_its_groups() {
    let dir = TestDir::new();
    let path = dir.join("honnin.sock");
    for (group, mode) in [(false, 0o600), (true, 0o660)] {
        let file = SocketFile::listen(&path, group, 8).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        let taken = SocketFile::listen(&path, group, 8).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse, "somebody answers there");
        drop(file);
        assert!(!path.exists());
    }
}

#[tokio::test]
async fn what_a_killed_server_left_is_taken_away_and_no_other_file() {
    let dir = TestDir::new();
    let path = dir.join("honnin.sock");
    drop(Plain::bind(&path).unwrap());
    assert!(UnixStream::connect(&path).await.is_err(), "the file is there, and nobody behind it");
    let file = SocketFile::listen(&path, false, 8).unwrap();
    UnixStream::connect(&path).await.unwrap();
    drop(file);
    let other = dir.write("notes", "not a socket");
    let refused = SocketFile::listen(&other, false, 8).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    assert_eq!(fs::read_to_string(&other).unwrap(), "not a socket");
}

#[tokio::test]
async fn a_unix_socket_without_a_proxy_before_us_is_refused() {
    let dir = TestDir::new();
    let file = SocketFile::listen(&dir.join("honnin.sock"), false, 8).unwrap();
    let entrance = Entrance { files: vec![file], ..Entrance::default() };
    for front in [Front::Loopback, Front::Tls] {
        assert!(entrance.check(&front).unwrap_err().to_string().contains("for a proxy"), "{front:?}");
    }
}
