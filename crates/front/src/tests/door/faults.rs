//! A door and its houses where something is broken: a house that hangs, files of others, no descriptor left.

use std::fs::{self, File};
use std::io::IoSlice;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;

use super::*;

/// Says to a process of a test that it is the one that may be short of descriptors.
const ALONE: &str = "HONNIN_TEST_SHORT_OF_DESCRIPTORS";

/// The socket of a house that hangs: nobody reads it, and nothing more fits.
fn hung(path: &std::path::Path) -> UnixDatagram {
    let house = UnixDatagram::bind(path).unwrap();
    let door = UnixDatagram::unbound().unwrap();
    door.connect(path).unwrap();
    door.set_nonblocking(true).unwrap();
    while door.send(b"c").is_ok() {}
    house
}

#[tokio::test]
async fn a_house_that_hangs_keeps_a_quarter_of_the_door_and_no_more() {
    let bounds = DoorBounds { connections: 16, hand: Duration::from_mins(5), ..DoorBounds::default() };
    // A prefix of many is never held back, so that nothing but the house's own limit lets others in.
    let street = Street::open_to(false, bounds, vec!["127.0.0.0/8".parse().unwrap()]);
    let _house = hung(&street.dir.join("c.example"));
    let mut crowd = Vec::new();
    for number in 2..42 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::new(127, 0, 0, number), 0).into()).unwrap();
        let mut stream = socket.connect(street.at).await.unwrap();
        send(&mut stream, request("c.example", "").as_bytes()).await;
        crowd.push(stream);
    }
    assert!(timeout(PATIENCE, street.asked("b.example")).await.unwrap().ends_with("of b"));
    // Who waits for the house hears nothing for minutes; everybody else is told at once.
    let mut told = JoinSet::new();
    for mut stream in crowd {
        told.spawn(async move { until_closed(&mut stream).await });
    }
    for _ in 0..36 {
        let told = told.join_next().await.unwrap().unwrap();
        assert!(told.starts_with("HTTP/1.1 503"), "{told}");
    }
    assert!(timeout(Duration::from_secs(2), told.join_next()).await.is_err(), "a quarter of 16 waits");
}

#[tokio::test]
async fn a_house_takes_no_file_that_may_be_somebodys_and_leaves_another_there() {
    let dir = TestDir::new();
    let path = dir.join("door.sock");
    let proxy = UnixListener::bind(&path).unwrap();
    let refused = DoorFile::listen(&path, false).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AddrInUse, "somebody listens there, of another kind");
    assert!(path.exists());
    drop(proxy);
    let left = DoorFile::listen(&path, false).unwrap();
    fs::remove_file(&path).unwrap();
    let next = DoorFile::listen(&path, false).unwrap();
    drop(left);
    assert!(crate::door::is_served(&path).unwrap(), "the file of the next one is not its to remove");
    drop(next);
    assert!(!path.exists());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test tells its other process by the environment")]
fn a_connection_that_is_lost_for_want_of_a_descriptor_is_a_failure() {
    if std::env::var_os(ALONE).is_none() {
        // The limit is the process's, and other tests of this one open files.
        let name = "tests::door::faults::a_connection_that_is_lost_for_want_of_a_descriptor_is_a_failure";
        let alone = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&alone.stdout);
        assert!(alone.status.success() && told.contains("1 passed"), "{told}");
        return;
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let dir = TestDir::new();
        let path = dir.join("a");
        let file = DoorFile::listen(&path, false).unwrap();
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into(), 8).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        hand(&stream, &path).await.unwrap();
        let files = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..files }).unwrap();
        let all: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        let short = timeout(PATIENCE, file.accept()).await.unwrap().unwrap_err();
        assert_eq!(short.raw_os_error(), Some(rustix::io::Errno::MFILE.raw_os_error()), "{short}");
        drop(all);
        hand(&stream, &path).await.unwrap();
        let (_, peer) = timeout(PATIENCE, file.accept()).await.unwrap().unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    });
}

/// Reads and writes on a connection that whoever handed it over has made wait; what is read last.
async fn used_while_it_is_made_to_wait() -> String {
    let dir = TestDir::new();
    let file = DoorFile::listen(&dir.join("a"), false).unwrap();
    let listener = listen((Ipv4Addr::LOCALHOST, 0).into(), 8).unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let kept = listener.accept().await.unwrap().0.into_std().unwrap();
    hand(&kept, &dir.join("a")).await.unwrap();
    let (mut stream, _) = file.accept().await.unwrap();
    kept.set_nonblocking(false).unwrap();
    send(&mut client, b"abcd").await;
    let mut four = [0; 4];
    stream.read_exact(&mut four).await.unwrap();
    // All that came was read, which does not say yet that nothing more has come.
    let nothing = timeout(Duration::from_millis(100), stream.read(&mut four)).await;
    assert!(nothing.is_err(), "{nothing:?}");
    let piece = vec![0; 64 * 1024];
    let pieces = [IoSlice::new(&piece), IoSlice::new(&piece)];
    while timeout(Duration::from_millis(100), stream.write_vectored(&pieces)).await.is_ok() {}
    assert!(timeout(Duration::from_millis(100), stream.write_all(&piece)).await.is_err(), "it is full");
    send(&mut client, b"efgh").await;
    stream.read_exact(&mut four).await.unwrap();
    String::from_utf8(four.to_vec()).unwrap()
}

#[test]
fn whoever_handed_a_connection_over_cannot_make_the_house_wait_for_it() {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tell.send(runtime.block_on(used_while_it_is_made_to_wait())).unwrap();
    });
    assert_eq!(told.recv_timeout(PATIENCE).as_deref(), Ok("efgh"), "the thread waits in the system");
}

/// A connection on which a request for `host` is sent already, as a listener at whose address nobody accepts has it.
async fn asking(host: &str) -> (TcpListener, TcpStream) {
    let listener = listen((Ipv4Addr::LOCALHOST, 0).into(), 8).unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    send(&mut client, request(host, "Connection: close\r\n").as_bytes()).await;
    (listener, client)
}

#[tokio::test]
async fn who_waits_at_the_door_as_it_closes_is_still_led() {
    let street = Street::open(false, DoorBounds::default());
    let (listener, mut client) = asking("a.example").await;
    let door = Door::new(DoorBounds::default(), Arc::clone(&street.houses), Vec::new());
    timeout(PATIENCE, door.run(vec![listener], std::future::ready(()))).await.unwrap();
    assert!(until_closed(&mut client).await.ends_with("of a"));
}

#[tokio::test]
async fn what_was_handed_over_as_a_house_stops_is_still_served() {
    let dir = TestDir::new();
    let file = DoorFile::listen(&dir.join("a"), false).unwrap();
    let mut clients = Vec::new();
    for _ in 0..6 {
        let (listener, client) = asking("a.example").await;
        hand(&listener.accept().await.unwrap().0, &dir.join("a")).await.unwrap();
        clients.push(client);
    }
    let bounds = Bounds::default();
    // It is to stop before it accepts anything.
    let (_close, closing) = watch::channel(true);
    let stopping = Arc::new(Shared {
        answers: Arc::new(Echo::new(Front::Loopback, bounds.clone())),
        front: Front::Loopback,
        room: Room::new(bounds.connections, bounds.connections_per_address, Vec::new()),
        turns: Turns::new(bounds.turns.clone()),
        bounds,
        closing,
        hosts: None,
        tls: None,
    });
    timeout(PATIENCE, accept(Listener::Door(file), Arc::clone(&stopping))).await.unwrap();
    assert!(!dir.join("a").exists(), "the door is to hand nothing more over");
    for client in &mut clients {
        assert!(until_closed(client).await.starts_with("HTTP/1.1 200"));
    }
}
