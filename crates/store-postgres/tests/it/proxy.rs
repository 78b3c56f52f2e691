//! Something between engine and server that counts round trips, and can cut a commit off.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use honnin_store_postgres::Target;
use honnin_testkit::{PostgresServer, TestDir};

/// What is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The next commit of a write does not reach the server.
    Commit,
    /// It does, and its answer does not come back.
    Answer,
    /// It does after the client has long lost its connection, ahead of the next write or by [`Proxy::deliver`].
    Late,
}

/// What a request to cancel begins with: its length and its code.
const CANCEL: [u8; 8] = [0, 0, 0, 16, 4, 210, 22, 46];

#[derive(Default)]
struct State {
    trips: u64,
    /// Whether the client spoke last.
    asked: bool,
    cut: Option<Cut>,
    /// After the next cut nobody gets through.
    deafens: bool,
    deaf: bool,
    /// What is late, and its way to the server. The next write lets it through ahead of itself.
    late: Option<(UnixStream, Vec<u8>)>,
    answer: Vec<u8>,
    /// Connections so far.
    opened: u64,
    /// Connections before this one are frozen: nothing of theirs is passed on.
    frozen: u64,
    /// So many connections are frozen as they next end a transaction that read.
    freezes_leaving: u32,
    /// What is asked next with the first is asked with the second.
    mistakes: Option<(String, String)>,
    /// Who comes after that one is neither let through nor ended.
    held_after: Option<u64>,
    /// So many requests to cancel do not reach the server.
    loses_cancels: u32,
}

/// Lets what is late through, and waits for the server's answer to it.
fn deliver(state: &Mutex<State>) {
    let Some((mut server, octets)) = state.lock().unwrap().late.take() else { return };
    server.write_all(&octets).unwrap();
    let answered = |_| {
        thread::sleep(Duration::from_millis(5));
        let state = state.lock().unwrap();
        has(&state.answer, b"COMMIT\0") || has(&state.answer, b"ROLLBACK\0")
    };
    assert!((0..24_000).any(answered), "the server does not answer what is late");
    drop(server.shutdown(Shutdown::Both));
}

/// The socket of a server, seen through.
pub(crate) struct Proxy {
    dir: TestDir,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub(crate) fn before(server: &PostgresServer) -> Self {
        let dir = TestDir::new();
        let state = Arc::<Mutex<State>>::default();
        let listener = UnixListener::bind(dir.join(".s.PGSQL.5432")).unwrap();
        let (behind, seen) = (server.directory().join(".s.PGSQL.5432"), Arc::clone(&state));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                pass_on(client, &behind, &seen);
            }
        });
        Self { dir, state }
    }

    pub(crate) fn target(&self, database: &str) -> Target {
        let host = self.dir.path().display();
        format!("postgresql://honnin@/{database}?host={host}").parse().unwrap()
    }

    /// Round trips since it was last asked.
    pub(crate) fn trips(&self) -> u64 {
        std::mem::take(&mut self.state.lock().unwrap().trips)
    }

    pub(crate) fn cut(&self, cut: Cut) {
        self.state.lock().unwrap().cut = Some(cut);
    }

    /// Cuts that off, and lets nobody through from then on.
    pub(crate) fn cut_and_deafen(&self, cut: Cut) {
        let mut state = self.state.lock().unwrap();
        (state.cut, state.deafens) = (Some(cut), true);
    }

    /// Lets everybody through again.
    pub(crate) fn hear(&self) {
        let mut state = self.state.lock().unwrap();
        (state.deafens, state.deaf) = (false, false);
    }

    /// Ends everybody who comes at once, as a balancer does that has no server.
    pub(crate) fn deafen(&self) {
        self.state.lock().unwrap().deaf = true;
    }

    /// Passes nothing on any more, and ends nobody, as a machine that stands still.
    pub(crate) fn freeze(&self) {
        self.state.lock().unwrap().frozen = u64::MAX;
    }

    /// Lets those through who come from now on: another machine has taken over.
    pub(crate) fn take_over(&self) {
        let mut state = self.state.lock().unwrap();
        state.frozen = state.opened + 1;
    }

    /// Freezes the next connection that ends a transaction which only read, and no other.
    pub(crate) fn freeze_leaving(&self) {
        self.state.lock().unwrap().freezes_leaving = 1;
    }

    /// Asks with something else what is next asked with that, once: somebody else's answer comes back. Both are of one length.
    pub(crate) fn mistake(&self, asked: &str, other: &str) {
        self.state.lock().unwrap().mistakes = Some((asked.to_owned(), other.to_owned()));
    }

    /// Whether something is still to be mistaken.
    pub(crate) fn has_mistaken(&self) -> bool {
        self.state.lock().unwrap().mistakes.is_none()
    }

    /// Loses so many requests to cancel something.
    pub(crate) fn lose_cancels(&self, cancels: u32) {
        self.state.lock().unwrap().loses_cancels = cancels;
    }

    /// Whether new connections stand before the door.
    pub(crate) fn hold(&self, holds: bool) {
        let mut state = self.state.lock().unwrap();
        state.held_after = holds.then_some(state.opened);
    }

    /// Whether that one has come.
    pub(crate) fn has_frozen(&self) -> bool {
        self.state.lock().unwrap().freezes_leaving == 0
    }

    /// How many connections were opened.
    pub(crate) fn opened(&self) -> u64 {
        self.state.lock().unwrap().opened
    }

    /// What the server answers to what is late.
    pub(crate) fn deliver(&self) -> String {
        deliver(&self.state);
        String::from_utf8_lossy(&self.state.lock().unwrap().answer).into_owned()
    }

    /// Whether what was to be cut off was.
    pub(crate) fn has_cut(&self) -> bool {
        self.state.lock().unwrap().cut.is_none()
    }
}

fn pass_on(mut client: UnixStream, behind: &Path, state: &Arc<Mutex<State>>) {
    let behind: PathBuf = behind.to_owned();
    let seen = Arc::clone(state);
    thread::spawn(move || {
        let number = {
            let mut state = seen.lock().unwrap();
            state.opened += 1;
            if state.deaf {
                return;
            }
            state.opened
        };
        while seen.lock().unwrap().held_after.is_some_and(|last| number > last) {
            thread::sleep(Duration::from_millis(10));
        }
        let Ok(mut server) = UnixStream::connect(behind) else { return };
        let (mut to_client, mut from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let mute = Arc::new(Mutex::new(None));
        let (answers, muted) = (Arc::clone(&seen), Arc::clone(&mute));
        let answering = thread::spawn(move || {
            let mut octets = vec![0; 1 << 16];
            while let Ok(count @ 1..) = from_server.read(&mut octets) {
                if number < answers.lock().unwrap().frozen {
                    continue;
                }
                answers.lock().unwrap().asked = false;
                let muted = *muted.lock().unwrap();
                if muted == Some(Cut::Late) {
                    answers.lock().unwrap().answer.extend_from_slice(&octets[..count]);
                } else if muted.is_some() || to_client.write_all(&octets[..count]).is_err() {
                    break;
                }
            }
            drop(to_client.shutdown(Shutdown::Both));
        });
        let (mut octets, mut alone) = (vec![0; 1 << 16], false);
        while let Ok(count @ 1..) = client.read(&mut octets) {
            let mut state = seen.lock().unwrap();
            mistake(&mut state.mistakes, &mut octets[..count]);
            let asked = &octets[..count];
            if state.loses_cancels > 0 && asked.starts_with(&CANCEL) {
                state.loses_cancels -= 1;
                break;
            }
            if state.freezes_leaving > 0 && has(asked, b"rollback\0") {
                (state.freezes_leaving, alone) = (0, true);
            }
            if alone || number < state.frozen {
                continue;
            }
            state.trips += u64::from(!state.asked);
            state.asked = true;
            // A read's end stands in one breath with its beginning.
            let commits = has(asked, b"commit\0") && !has(asked, b"begin");
            let cut = if commits { state.cut.take() } else { None };
            if state.deaf {
                break;
            }
            state.deaf = cut.is_some() && state.deafens;
            if cut == Some(Cut::Late) {
                state.late = Some((server, asked.to_vec()));
                *mute.lock().unwrap() = cut;
                drop(client.shutdown(Shutdown::Both));
                return;
            }
            drop(state);
            if has(asked, b"serializable") {
                deliver(&seen);
            }
            match cut {
                Some(Cut::Commit) => break,
                Some(Cut::Answer) => *mute.lock().unwrap() = cut,
                Some(Cut::Late) | None => {}
            }
            if server.write_all(asked).is_err() {
                break;
            }
            if cut.is_some() {
                drop(answering.join());
                return;
            }
        }
        drop(server.shutdown(Shutdown::Both));
        drop(client.shutdown(Shutdown::Both));
    });
}

/// Puts the one in the place of the other where it is asked with.
fn mistake(mistakes: &mut Option<(String, String)>, octets: &mut [u8]) {
    let Some((asked, other)) = mistakes else { return };
    let place = octets.windows(asked.len()).position(|window| window == asked.as_bytes());
    if let Some(place) = place {
        octets[place..place + asked.len()].copy_from_slice(other.as_bytes());
        *mistakes = None;
    }
}

fn has(octets: &[u8], sought: &[u8]) -> bool {
    octets.windows(sought.len()).any(|window| window == sought)
}
