//! A load of kept-alive connections, each asking again as soon as it was answered.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A server and the requests it is asked in turn.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// Where a second node of it is, which half of the connections go to.
    pub(crate) second: Option<SocketAddr>,
    /// Shared by all connections: there may be tens of thousands.
    pub(crate) requests: Arc<[Vec<u8>]>,
}

/// How long and over how many connections.
pub(crate) struct Load {
    pub(crate) time: Duration,
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

/// The first line each of them may open, asked over one connection.
pub(crate) fn first_lines(address: SocketAddr, cookies: &[String]) -> Vec<String> {
    let mut connection = Connection::open(address);
    let asked = cookies.iter().map(|cookie| {
        connection.ask(&request("/api/v1/me", cookie));
        first_line(&connection.read).expect("an account has a line")
    });
    asked.collect()
}

/// The first line an account may open, out of `/api/v1/me`.
fn first_line(me: &[u8]) -> Option<String> {
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

const LENGTH: &[u8] = b"content-length: ";

/// Length of the whole answer, once its headers are there. Line by line, so that the load costs little.
fn length_of(read: &[u8]) -> Option<usize> {
    let (mut at, mut body) = (0, None);
    loop {
        let line = &read[at..at + read[at..].iter().position(|octet| *octet == b'\n')?];
        at += line.len() + 1;
        if line.len() <= 1 {
            return Some(at + body.expect("a length"));
        }
        if line.get(..LENGTH.len()).is_some_and(|name| name.eq_ignore_ascii_case(LENGTH)) {
            let digits = line[LENGTH.len()..].iter().take_while(|octet| octet.is_ascii_digit());
            body = Some(digits.fold(0, |length, digit| 10 * length + usize::from(digit - b'0')));
        }
    }
}

/// Asks again and again over one connection of the runtime's own thread.
async fn talk(address: SocketAddr, requests: Arc<[Vec<u8>]>, first: usize, answers: Arc<AtomicU64>) {
    let stream = tokio::net::TcpStream::connect(address).await.expect("connect");
    stream.set_nodelay(true).expect("no delay");
    let mut read = vec![0; 64 * 1024];
    for request in requests.iter().cycle().skip(first) {
        let mut sent = 0;
        while sent < request.len() {
            match stream.try_write(&request[sent..]) {
                Ok(count) => sent += count,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock, "ask");
                    stream.writable().await.expect("ask");
                }
            }
        }
        let (mut end, mut whole) = (0, None);
        while whole.is_none_or(|length| end < length) {
            stream.readable().await.expect("an answer");
            match stream.try_read(&mut read[end..]) {
                Ok(count) => {
                    assert!(count > 0, "the server closed the connection");
                    end += count;
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "an answer"),
            }
            whole = whole.or_else(|| length_of(&read[..end]));
        }
        assert!(read.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&read[..end]));
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

impl Load {
    pub(crate) fn warm_up(&self, target: &Target) {
        Self { time: Duration::from_millis(250), connections: self.connections }.run(target);
    }

    /// Loads the target and counts its answers. One thread, this one, serves all connections: a thread for each would
    /// cost the machine more than the bare handler does, and switch in between what is measured.
    pub(crate) fn run(&self, target: &Target) -> f64 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let answers = Arc::new(AtomicU64::new(0));
        for number in 0..self.connections {
            let requests = Arc::clone(&target.requests);
            // Each begins elsewhere, so that together they ask as everybody.
            let first = number * requests.len() / self.connections;
            let address = target.second.filter(|_| number % 2 == 1).unwrap_or(target.address);
            runtime.spawn(talk(address, requests, first, Arc::clone(&answers)));
        }
        let time = self.time;
        runtime.block_on(async move { tokio::time::sleep(time).await });
        f64::from(u32::try_from(answers.load(Ordering::Relaxed)).expect("a count"))
    }
}
