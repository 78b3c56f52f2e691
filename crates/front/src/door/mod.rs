//! One public address for many houses: a connection is looked at until it says whose it is, and its socket is handed to
//! that house, which serves it as if it had accepted it.
//!
//! Nothing is read from a connection that is handed over, no octet of it passes through here, and nothing encrypted is
//! opened: the door has no key. It may end and begin again while houses serve what they were handed.

pub(crate) mod hand;
mod handed;
mod hosts;
mod peek;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use honnin_figures as figures;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{sleep, timeout};

pub use hand::{DoorFile, is_served};
pub(crate) use handed::Handed;
pub use hosts::{BadHost, Hosts};
pub use peek::{Look, Peek};

use crate::prefix::Prefix;
use crate::room::Room;
use crate::socket::Peer;
use peek::MOST;

/// Octets that are looked at first; a hello of today fits.
const FIRST: usize = 2 * 1024;

/// The alert that tells a client of TLS that nobody of that name is here: fatal, `unrecognized_name` (RFC 6066 §3, in a
/// record as RFC 8446 §5.1 and §6 have it).
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

const MISDIRECTED: &str = "HTTP/1.1 421 Misdirected Request\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 35\r\nCache-Control: no-store\r\nConnection: close\r\n\r\nno service of that name is on here\n";

const ABSENT: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\n\
    Content-Length: 40\r\nCache-Control: no-store\r\nConnection: close\r\n\r\nthe service is not running; retry later\n";

/// What connections may take before they are handed over.
///
/// Shape: durations and counts, each more than zero. Source: ours; the reason stands at each default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorBounds {
    /// Connections at once that are not handed over yet; beyond it callers wait in the system's queue. A quarter of them may
    /// wait for one house. Each takes some 4 KiB, and up to 36 KiB where the hello of TLS comes in pieces: 16 KiB that are
    /// looked at, and 20 KiB in which rustls gathers them. 4,096 may so take 144 MiB, beside what the system keeps for each
    /// socket.
    pub connections: usize,
    /// Of one address (IPv6: of one /64) while more than three quarters of all are taken.
    pub connections_per_address: usize,
    /// From accepting a connection to its name: what the handshake of TLS is given as a whole elsewhere.
    pub hello: Duration,
    /// How long a house that is there may let a connection wait: it only has to take a socket, and does so at once.
    pub hand: Duration,
    /// How long who is refused may take to read why.
    pub farewell: Duration,
}

impl Default for DoorBounds {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_per_address: 200,
            hello: Duration::from_secs(5),
            hand: Duration::from_secs(1),
            farewell: Duration::from_secs(2),
        }
    }
}

/// Which name leads where; may change while the door is open.
#[derive(Debug, Default)]
pub struct Houses(RwLock<BTreeMap<String, PathBuf>>);

impl Houses {
    /// From now on these names lead to these files.
    pub fn replace(&self, houses: BTreeMap<String, PathBuf>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = houses;
    }

    fn find(&self, host: &str) -> Option<PathBuf> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(host).cloned()
    }
}

/// The door.
#[derive(Debug)]
pub struct Door {
    bounds: DoorBounds,
    houses: Arc<Houses>,
    room: Arc<Room>,
    queues: Queues,
}

/// How many connections wait for each house, or are told that it takes none: a house that hangs is not to take the door
/// along.
#[derive(Debug)]
struct Queues {
    most: usize,
    waiting: Mutex<HashMap<PathBuf, usize>>,
}

/// A connection that waits for a house.
#[derive(Debug)]
struct Queued<'a> {
    queues: &'a Queues,
    house: &'a Path,
}

impl Queues {
    /// A place before that house, where there is one.
    fn join<'a>(&'a self, house: &'a Path) -> Option<Queued<'a>> {
        let mut waiting = self.waiting();
        if waiting.get(house).is_some_and(|count| *count >= self.most) {
            return None;
        }
        let count = waiting.entry(house.to_owned()).or_default();
        *count = count.saturating_add(1);
        Some(Queued { queues: self, house })
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<PathBuf, usize>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let mut waiting = self.queues.waiting();
        if let Some(count) = waiting.get_mut(self.house) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                waiting.remove(self.house);
            }
        }
    }
}

impl Door {
    /// A door to these houses. Addresses in `shared` are many people's and are never held back.
    pub fn new(bounds: DoorBounds, houses: Arc<Houses>, shared: Vec<Prefix>) -> Self {
        let room = Room::new(bounds.connections, bounds.connections_per_address, shared);
        let queues = Queues { most: (bounds.connections / 4).max(1), waiting: Mutex::default() };
        Self { bounds, houses, room, queues }
    }

    /// Hands connections over until `stop` is ready; then accepts none, and ends with those that were accepted.
    pub async fn run(self, listeners: Vec<TcpListener>, stop: impl Future<Output = ()> + Send) {
        let (close, closing) = watch::channel(false);
        let door = Arc::new(self);
        let accepting: Vec<_> = listeners
            .into_iter()
            .map(|listener| tokio::spawn(Arc::clone(&door).accept(listener, closing.clone())))
            .collect();
        stop.await;
        close.send_replace(true);
        let DoorBounds { hello, hand, farewell, .. } = door.bounds;
        let ended = async {
            for listener in accepting {
                drop(listener.await);
            }
            door.room.empty().await;
        };
        drop(timeout(hello + hand + farewell, ended).await);
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, mut closing: watch::Receiver<bool>) {
        loop {
            let accepted = tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => break,
                accepted = self.next(&listener) => accepted,
            };
            match accepted {
                Ok((stream, peer, permit)) => {
                    tokio::spawn(Arc::clone(&self).connection(stream, peer, permit));
                }
                Err(reason) if super::is_of_one_connection(&reason) => {}
                Err(_) => {
                    figures::accept_failures().increment(1);
                    sleep(super::OUT_OF_DESCRIPTORS).await;
                }
            }
        }
        // Who has been let in by the system is led as well.
        for _ in 0..super::QUEUED {
            let Ok(Ok((stream, peer, permit))) = timeout(super::LAST, self.next(&listener)).await else {
                return;
            };
            tokio::spawn(Arc::clone(&self).connection(stream, peer, permit));
        }
    }

    async fn next(&self, listener: &TcpListener) -> io::Result<(TcpStream, Peer, OwnedSemaphorePermit)> {
        let permit = self.room.wait().await.ok_or(io::ErrorKind::BrokenPipe)?;
        let (stream, peer) = listener.accept().await?;
        Ok((stream, Peer::Address(peer.ip().to_canonical()), permit))
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, peer: Peer, permit: OwnedSemaphorePermit) {
        let waiting = figures::door_waiting();
        waiting.increment(1.0);
        let outcome = match self.room.admit(peer, permit) {
            Err(_) => "share",
            Ok(seat) => tokio::select! {
                biased;
                () = seat.taken_back() => "taken_back",
                outcome = self.pass(stream) => outcome,
            },
        };
        waiting.decrement(1.0);
        figures::door_connections(outcome).increment(1);
    }

    /// Finds the house of a connection and hands it over; what became of it.
    async fn pass(&self, mut stream: TcpStream) -> &'static str {
        let look = match timeout(self.bounds.hello, look(&stream)).await {
            Ok(Ok(look)) => look,
            Ok(Err(_)) => return "left",
            Err(_) => return "slow",
        };
        let (host, unknown, absent) = match look {
            Look::Tls(host) => (host, &UNRECOGNIZED_NAME[..], &b""[..]),
            Look::Plain(host) => (host, MISDIRECTED.as_bytes(), ABSENT.as_bytes()),
            Look::More | Look::Neither => return "unreadable",
        };
        let Some(house) = host.and_then(|host| self.houses.find(&host)) else {
            self.refuse(&mut stream, unknown).await;
            return "unknown";
        };
        let Some(_queued) = self.queues.join(&house) else {
            part(&stream, absent);
            return "full";
        };
        match timeout(self.bounds.hand, hand::hand(&stream, &house)).await {
            Ok(Ok(())) => "handed",
            failed => {
                tracing::debug!(?failed, house = %house.display(), "a house takes no connection");
                self.refuse(&mut stream, absent).await;
                "absent"
            }
        }
    }

    /// Says why and closes. What was only looked at is read before: a system that closes with octets unread tells the other
    /// side that it is cut off, and the words are lost.
    async fn refuse(&self, stream: &mut TcpStream, why: &[u8]) {
        let mut sink = [0; FIRST];
        let talk = async {
            stream.write_all(why).await?;
            stream.shutdown().await?;
            for _ in 0..MOST {
                if stream.read(&mut sink).await? == 0 {
                    break;
                }
            }
            Ok::<_, io::Error>(())
        };
        drop(timeout(self.bounds.farewell, talk).await);
    }
}

/// Says why, as far as the system takes it at once, and leaves nothing unread, so that the words are not lost.
fn part(stream: &TcpStream, why: &[u8]) {
    let mut sink = [0; FIRST];
    // Who is gone already hears nothing.
    drop(stream.try_write(why));
    for _ in 0..=MOST / FIRST {
        if !matches!(stream.try_read(&mut sink), Ok(1..)) {
            break;
        }
    }
}

/// Looks at a connection until it says whose it is, and takes no octet of it.
async fn look(stream: &TcpStream) -> io::Result<Look> {
    let (mut peek, mut octets, mut seen) = (Peek::default(), vec![0; FIRST], 0);
    loop {
        let ready = stream.ready(Interest::READABLE).await?;
        let looked = stream.try_io(Interest::READABLE, || {
            let (count, _) = recv(stream, octets.as_mut_slice(), RecvFlags::PEEK)?;
            // The same as before: wait for more.
            if count == seen { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
        });
        match looked {
            Ok(count) => {
                seen = count;
                let told = peek.look(octets.get(..count).unwrap_or_default());
                if told != Look::More {
                    return Ok(told);
                }
                if count == octets.len() {
                    octets.resize(MOST.min(count.saturating_mul(2)), 0);
                }
            }
            Err(reason) if reason.kind() != io::ErrorKind::WouldBlock => return Err(reason),
            Err(_) if ready.is_read_closed() => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(_) => {}
        }
    }
}
