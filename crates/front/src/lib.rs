//! How connections are taken, bounded and ended. Knows no other room: neither routes nor whom they are for.
//!
//! Ready-made accept loops leave connections without a time limit in one state or another; here each state of a
//! connection has one: handshake, first octet, headers, body, request, answer, idleness, age. Under TLS the protocol
//! is chosen by ALPN and otherwise is HTTP/1.1; nothing is guessed from the first octets.

pub mod body;
mod bounds;
mod connection;
pub mod door;
mod entry;
mod forwarded;
mod frames;
mod front;
mod head;
mod pieces;
mod prefix;
mod proxy_header;
mod room;
mod seldom;
mod socket;
mod socket_file;
mod stream;
mod tls;
mod turns;
mod untold;

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use honnin_overload::Outside;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::coop::has_budget_remaining;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

pub use bounds::{Bounds, LimitBounds, TurnBounds};
pub use front::{BadPublicUrl, FileRefused, Front, ListenRefused, PublicUrl, Tells, Untold};
pub use honnin_overload::{Call, Class};
pub use prefix::{BadPrefix, Prefix};
pub use rustls::ServerConfig as TlsConfig;
pub use socket::{Peer, SocketFile};
pub use tls::{Certificates, Certified, TlsError};
pub use turns::Turn;

pub use untold::{Seen, Untolds};

pub use connection::Answers;
use connection::Shared;
pub use door::{BadHost, Door, DoorBounds, DoorFile, Hosts, Houses};
use room::Room;
use seldom::Seldom;
use socket::{Listener, Socket};
use turns::Turns;

/// How long to wait before accepting again when the system has no descriptor or memory left.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(50);

/// How often an address that is not there is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// How long the next of those that wait where a listener ends may take to be there: it is already, or it does not come.
const LAST: Duration = Duration::from_millis(100);

/// How long those of this machine wait to be let in.
const SOON: Duration = Duration::from_millis(1);

/// So many who have gone before they were let in count as one who was.
const GONE: u32 = 4;

/// Connections that are taken at most where a listener ends; whoever goes on sending more is not waited for.
const QUEUED: usize = 512;

/// Opens a listening socket with the small queue of [`Bounds::backlog`].
///
/// # Errors
/// What the system says: the address is taken, or is not ours.
pub fn listen(on: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    open(on, backlog, false)
}

/// The same, for one family of addresses alone: `[::]` leaves those of IPv4 to whoever listens on `0.0.0.0`.
///
/// # Errors
/// What the system says: the address is taken, or is not ours.
pub fn listen_apart(on: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    open(on, backlog, on.is_ipv6())
}

/// The same beside others: `[::]` takes the connections of IPv4 too, unless one of them is `0.0.0.0` at that port.
///
/// # Errors
/// What the system says: the address is taken, or is not ours.
pub fn listen_beside(on: SocketAddr, others: &[SocketAddr], backlog: u32) -> io::Result<TcpListener> {
    let all_of_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, on.port()));
    open(on, backlog, on.is_ipv6() && others.contains(&all_of_v4))
}

fn open(on: SocketAddr, backlog: u32, only_v6: bool) -> io::Result<TcpListener> {
    let socket = if on.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    if only_v6 {
        rustix::net::sockopt::set_ipv6_v6only(&socket, true)?;
    }
    socket.bind(on)?;
    socket.listen(backlog)
}

/// Where and how connections come in.
#[derive(Debug, Default)]
pub struct Entrance {
    /// The listening sockets.
    pub listeners: Vec<TcpListener>,
    /// Listening sockets that are files, for proxies on this machine.
    pub files: Vec<SocketFile>,
    /// Addresses this machine does not have yet; tried again until it has.
    pub later: Vec<SocketAddr>,
    /// Where the door in front of several houses hands connections over.
    pub door: Option<DoorFile>,
    /// The names this house is found at; a request for another is refused. Where there are none every name is ours.
    pub hosts: Option<Hosts>,
    /// Certificate and key, where TLS ends here.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Address prefixes many subscribers share; never held back by the limit per address.
    pub shared_prefixes: Vec<Prefix>,
}

impl Entrance {
    /// Whether all of it may be listened on behind that front.
    ///
    /// # Errors
    /// [`ListenRefused`] as the inner error.
    pub fn check(&self, front: &Front) -> io::Result<()> {
        for listener in &self.listeners {
            let refused = |refused| io::Error::new(io::ErrorKind::PermissionDenied, refused);
            front.may_listen(listener.local_addr()?).map_err(refused)?;
        }
        match self.files.first() {
            Some(file) => front
                .may_listen_on_file(file.path())
                .map_err(|refused| io::Error::new(io::ErrorKind::PermissionDenied, refused)),
            None => Ok(()),
        }
    }

    /// Accepts and answers until `stop` is ready; then says "not ready", waits [`Bounds::drain_notice`], stops
    /// accepting, lets begun requests end and returns after [`Bounds::drain`] at the latest.
    pub async fn run<A: Answers>(
        self,
        front: Front,
        bounds: Bounds,
        answers: Arc<A>,
        stop: impl Future<Output = ()> + Send,
    ) {
        let (close, closing) = watch::channel(false);
        let mut exempt = self.shared_prefixes;
        if let Front::TrustedProxy { proxies, .. } = &front {
            exempt.extend(proxies);
        }
        let room = Room::new(bounds.connections, bounds.connections_per_address, exempt);
        let turns = Turns::new(bounds.turns.clone());
        let (notice, drain) = (bounds.drain_notice, bounds.drain);
        let shared = Arc::new(Shared {
            answers: Arc::clone(&answers),
            front,
            bounds,
            room: Arc::clone(&room),
            turns: Arc::clone(&turns),
            closing,
            hosts: self.hosts,
            tls: self.tls.map(tokio_rustls::TlsAcceptor::from),
        });
        let files = self.files.into_iter().map(Listener::File);
        let door = self.door.map(Listener::Door);
        let all = self.listeners.into_iter().map(Listener::Address).chain(files).chain(door);
        let accepting: Vec<_> =
            all.map(|listener| tokio::spawn(accept(listener, Arc::clone(&shared)))).collect();
        for address in self.later {
            tokio::spawn(accept_later(address, Arc::clone(&shared)));
        }
        let serve = async {
            stop.await;
            answers.not_ready();
            sleep(notice).await;
            close.send_replace(true);
            let ended = async {
                for listener in accepting {
                    drop(listener.await);
                }
                room.empty().await;
            };
            if timeout(drain, ended).await.is_err() {
                tracing::warn!("stop with requests still open: the drain deadline has passed");
            }
        };
        tokio::select! {
            () = serve => {}
            () = turns.watch() => {}
        }
    }
}

/// Waits until the machine has the address, then accepts there.
async fn accept_later<A: Answers>(address: SocketAddr, shared: Arc<Shared<A>>) {
    let mut closing = shared.closing.clone();
    loop {
        tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => return,
            () = sleep(AGAIN) => {}
        }
        match listen(address, shared.bounds.backlog) {
            Ok(listener) if shared.front.may_listen(address).is_ok() => {
                tracing::info!(%address, "the address is there; serving on it");
                return accept(Listener::Address(listener), shared).await;
            }
            Ok(_) => return,
            Err(reason) => tracing::debug!(%address, error = %reason, "the address is not there yet"),
        }
    }
}

/// Accepts connections while there is room, until the server stops.
async fn accept<A: Answers>(listener: Listener, shared: Arc<Shared<A>>) {
    let mut closing = shared.closing.clone();
    let mut outside = outside_of(&shared);
    let mut failures = Seldom::default();
    // A socket that was handed over may be as short as whoever had it before left it.
    listener.hold_outside(shared.bounds.backlog);
    loop {
        let accepted = tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => break,
            accepted = next(&listener, &shared, &mut outside) => accepted,
        };
        match accepted {
            Ok((socket, peer, permit)) => {
                tokio::spawn(Arc::clone(&shared).connection(socket, peer, permit));
                // Whoever was let in is seen in the line before the next one is.
                yield_now().await;
            }
            Err(reason) if is_of_one_connection(&reason) => {}
            Err(reason) => {
                honnin_figures::accept_failures().increment(1);
                // Each try fails while the system has nothing left: the log is not to be full of it.
                if let Some(times) = failures.happened(Instant::now()) {
                    tracing::error!(error = %reason, times, "accept a connection");
                }
                sleep(OUT_OF_DESCRIPTORS).await;
            }
        }
    }
    // And whoever has it after us begins with as many, who wait for it meanwhile.
    listener.hold_outside(shared.bounds.backlog);
    leave(&listener, &shared).await;
}

/// As many as the system holds, until it is seen how many are let in.
fn outside_of<A>(shared: &Shared<A>) -> Outside {
    Outside::new(shared.bounds.backlog, shared.bounds.turns.fresh)
}

/// Takes what the door has handed over by now: to the door these are served. Nothing more comes.
async fn leave<A: Answers>(listener: &Listener, shared: &Arc<Shared<A>>) {
    let Listener::Door(file) = listener else { return };
    file.leave();
    let mut outside = outside_of(shared);
    for _ in 0..QUEUED {
        let Ok(Ok((socket, peer, permit))) = timeout(LAST, next(listener, shared, &mut outside)).await else {
            return;
        };
        tokio::spawn(Arc::clone(shared).connection(socket, peer, permit));
    }
}

/// The next who is let in.
async fn next<A: Answers>(
    listener: &Listener,
    shared: &Shared<A>,
    outside: &mut Outside,
) -> io::Result<(Socket, Peer, tokio::sync::OwnedSemaphorePermit)> {
    let permit = shared.room.wait().await.ok_or(io::ErrorKind::BrokenPipe)?;
    let mut gone = 0;
    loop {
        if gone == 0 {
            let_in(listener, &shared.turns).await;
        }
        let (socket, peer) = taken(listener, shared, outside).await?;
        // Who waits outside may have left since: to find that out costs a small part of letting her in.
        if socket.is_gone() {
            honnin_figures::connections_refused("gone").increment(1);
            gone = (gone + 1) % GONE;
            continue;
        }
        // The door listens where it is told to; what may not be served in the clear is not served by that way round either.
        if !matches!(listener, Listener::Door(_)) || shared.front.may_listen(socket.local_addr()?).is_ok() {
            return Ok((socket, peer, permit));
        }
        honnin_figures::connections_refused("clear").increment(1);
    }
}

/// Waits at the door. Those whom a proxy or the door on this machine hands over do not try again: of them each is let in
/// soon.
async fn let_in(listener: &Listener, turns: &Turns) {
    let let_in = turns.let_in();
    match listener {
        Listener::Address(_) => let_in.await,
        Listener::File(_) | Listener::Door(_) => drop(timeout(SOON, let_in).await),
    }
}

/// The next of those outside, and how many may wait there from now on.
async fn taken<A: Answers>(
    listener: &Listener,
    shared: &Shared<A>,
    outside: &mut Outside,
) -> io::Result<(Socket, Peer)> {
    let taken = loop {
        if let Some(most) = outside.changed(shared.turns.now()) {
            listener.hold_outside(most);
        }
        let mut accept = pin!(listener.accept());
        let at_once = poll_fn(|cx| Poll::Ready(accept.as_mut().poll(cx))).await;
        if let Poll::Ready(taken) = at_once {
            break taken;
        }
        // A task that has done its share is told that nobody is there, too.
        if has_budget_remaining() {
            outside.is_empty();
        }
        // While nobody comes there is nothing to be looked at, once as many may wait as at first.
        if !outside.is_short() {
            break accept.await;
        }
        if let Ok(taken) = timeout(shared.bounds.turns.fresh, accept).await {
            break taken;
        }
    };
    outside.took_one();
    taken
}

fn is_of_one_connection(reason: &io::Error) -> bool {
    let kinds =
        [io::ErrorKind::ConnectionRefused, io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
    kinds.contains(&reason.kind())
}

#[cfg(test)]
mod tests;
