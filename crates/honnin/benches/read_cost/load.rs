//! A load of kept-alive connections, each asking again as soon as it was answered.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// A server and the requests it is asked in turn.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Vec<Vec<u8>>,
}

/// How long and over how many connections.
pub(crate) struct Load {
    pub(crate) seconds: u64,
    pub(crate) connections: usize,
}

pub(crate) fn request(path: &str, cookie: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nAccept: */*\r\n\r\n").into_bytes()
}

/// The cookies of a sessions file: `account,cookie` on each line after the first.
pub(crate) fn cookies(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).expect("read the sessions");
    let cookie =
        |line: &str| line.split_once(',').expect("account and cookie").1.trim_matches('"').to_owned();
    text.lines().skip(1).map(cookie).collect()
}

/// One whole answer, headers and body.
pub(crate) fn fetch(target: &Target, number: usize) -> Vec<u8> {
    let mut connection = Connection::open(target.address);
    connection.ask(&target.requests[number]);
    connection.read.clone()
}

pub(crate) fn get(address: SocketAddr, path: &str, cookie: &str) -> Vec<u8> {
    let mut connection = Connection::open(address);
    connection.ask(&request(path, cookie));
    connection.read.clone()
}

/// The first line an account may open, out of `/api/v1/me`.
pub(crate) fn first_line(me: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(me);
    Some(text.split("\"line\":\"").nth(1)?.split('"').next()?.to_owned())
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connect");
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        Self { stream, read: Vec::with_capacity(64 * 1024) }
    }

    /// Asks once and reads the answer to its end. Anything but 200 stops the benchmark.
    fn ask(&mut self, request: &[u8]) {
        self.stream.write_all(request).expect("ask");
        self.read.clear();
        let mut piece = [0; 16 * 1024];
        let mut whole = None;
        while whole.is_none_or(|length| self.read.len() < length) {
            let count = self.stream.read(&mut piece).expect("an answer in time");
            assert!(count > 0, "the server closed the connection");
            self.read.extend_from_slice(&piece[..count]);
            whole = whole.or_else(|| length_of(&self.read));
        }
        assert!(self.read.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&self.read));
    }
}

/// Length of the whole answer, once its headers are there.
fn length_of(read: &[u8]) -> Option<usize> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&read[..end]).expect("headers are text").to_ascii_lowercase();
    let length =
        head.split("content-length: ").nth(1).expect("a length").split("\r\n").next().expect("a length");
    Some(end + 4 + length.parse::<usize>().expect("a number"))
}

impl Load {
    pub(crate) fn warm_up(&self, target: &Target) {
        Self { seconds: 1, connections: self.connections }.run(target);
    }

    /// Loads the target and counts its answers.
    pub(crate) fn run(&self, target: &Target) -> f64 {
        let (stop, answers) = (AtomicBool::new(false), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for number in 0..self.connections {
                let (stop, answers) = (&stop, &answers);
                scope.spawn(move || {
                    let mut connection = Connection::open(target.address);
                    for request in target.requests.iter().cycle().skip(number) {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        connection.ask(request);
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            std::thread::sleep(Duration::from_secs(self.seconds));
            stop.store(true, Ordering::Relaxed);
        });
        f64::from(u32::try_from(answers.into_inner()).expect("a count"))
    }
}
