//! The whole house behind real sockets, with two watermarked subscribers: the routes, the use cases, the store and the
//! journal as an installation has them, in this process, so that a fuzzer sees which lines were reached.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use honnin_access::{Authorities, NewDevice};
use honnin_drill::ledger::{Watermarked, Watermarks};
use honnin_drill::scan::{Piece, Scanner, Vocabulary};
use honnin_front::{Front, Tells};
use honnin_intake::Mapping;
use honnin_pages::page::{Contact, HelpLink};
use honnin_stand::{COST, Ground, sign_in};
use honnin_terms::{Clock, Id, RequestId, TenantId, Zone};
use honnin_testkit::{FixedClock, SeededEntropy};
use tokio::runtime::Runtime;

use crate::installation::{Installation, Site, begin, care, installed, take};
use crate::wire::{End, answer, exchange};
use crate::{Failure, hold};

/// The password of both subscribers. Written here for everybody to read.
pub(crate) const PASSWORD: &str = "umi no mieru ie de";

/// How many answers are known at once.
const MOST_LOOKED_AT: usize = 1 << 16;

/// One of the two subscribers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    /// 会員ID.
    pub(crate) login: String,
    /// The session's token.
    pub(crate) token: String,
    /// Her first line's id.
    pub(crate) line: String,
    /// Her newest bill's id.
    pub(crate) bill: String,
}

/// How a server stands to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// Nothing stands before it.
    Bare,
    /// Every connection begins with a PROXY header.
    Proxied,
    /// A trusted proxy tells the client's address in `Forwarded`.
    Forwarded,
}

/// A house that answers.
pub(crate) struct House {
    runtime: Runtime,
    faces: [(Face, SocketAddr); 3],
    /// Signs in anew whoever was signed out.
    doorkeeper: Authorities,
    vocabulary: Vocabulary,
    /// Who asks.
    pub(crate) own: Person,
    /// Whom nothing may be shown of.
    pub(crate) other: Person,
    /// Whether anything panicked, on any thread.
    panicked: Arc<AtomicBool>,
    /// Hashes of answers that were looked through and had nothing foreign in them.
    looked_at: HashSet<u64>,
    installation: Installation,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("House(..)")
    }
}

impl House {
    /// Takes in a watermarked ledger of two accounts, signs the first in and opens the doors.
    pub(crate) fn open() -> Result<Self, Failure> {
        let clock = FixedClock::at("2026-11-20T06:00:00+09:00");
        let installation = installed(&Ground::of(TenantId::FIRST), clock);
        let doorkeeper = installation.authorities(sign_in());
        let told = take_in(&installation, &doorkeeper)?;
        let care = care(&installation, Zone::named("Asia/Tokyo")?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let context = runtime.enter();
        let open = |face| begin(&installation, &care, front(face)?, site()).map(|at| (face, at));
        let faces = [open(Face::Bare)?, open(Face::Proxied)?, open(Face::Forwarded)?];
        std::mem::drop(context);
        let panicked = notice_panics();
        let vocabulary = Vocabulary::new(&told.marks.marked)?;
        let (own, other) = (Person::default(), Person::default());
        let mut house = Self {
            runtime,
            faces,
            doorkeeper,
            vocabulary,
            own,
            other,
            panicked,
            looked_at: HashSet::new(),
            installation,
        };
        let [first, second] = told.accounts.as_slice() else {
            return Err("the ledger has no two accounts".into());
        };
        house.own = house.meet(first)?;
        house.other = house.meet(second)?;
        Ok(house)
    }

    /// Gives somebody a password and a session, and asks which line and bill are theirs.
    fn meet(&self, login: &str) -> Result<Person, Failure> {
        let permit =
            self.doorkeeper.operator.operate(self.installation.clock.now(), RequestId::from_octets([2; 16]));
        let hash = COST.hasher().hash(PASSWORD.as_bytes(), &SeededEntropy::new(11))?;
        self.runtime.block_on(self.doorkeeper.subscriber.import_password(
            &permit,
            login,
            &hash,
            &*self.installation.ground.entropy,
        ))?;
        let person = Person { login: login.to_owned(), token: self.token(login)?, ..Person::default() };
        let (me, bills) = (self.read(&person, "/api/v1/me")?, self.read(&person, "/api/v1/bills")?);
        let text = |value: &serde_json::Value, at: &str| {
            value.pointer(at).and_then(serde_json::Value::as_str).map(str::to_owned).ok_or("an id is missing")
        };
        let (line, bill) = (text(&me, "/lines/0/line")?, text(&bills, "/bills/0/bill")?);
        Ok(Person { line, bill, ..person })
    }

    fn token(&self, login: &str) -> Result<String, Failure> {
        let permit =
            self.doorkeeper.operator.operate(self.installation.clock.now(), RequestId::from_octets([2; 16]));
        let device = NewDevice::of_nobody("Firefox (Linux)".to_owned());
        let session = self.doorkeeper.subscriber.sign_in_without_password(
            &permit,
            login,
            device,
            &*self.installation.ground.entropy,
        );
        Ok(self.runtime.block_on(session)?.token.reveal())
    }

    fn read(&self, who: &Person, path: &str) -> Result<serde_json::Value, Failure> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            who.token
        );
        let octets = self.exchange(Face::Bare, request.as_bytes(), End::Theirs)?;
        match answer(&octets) {
            Some((200, body)) => Ok(serde_json::from_slice(body)?),
            other => Err(format!("{path} answers {:?}", other.map(|(status, _)| status)).into()),
        }
    }

    /// Sends octets to one of the doors.
    pub(crate) fn exchange(&self, face: Face, octets: &[u8], end: End) -> Result<Vec<u8>, String> {
        let (_, at) = self.faces.iter().find(|(own, _)| *own == face).ok_or("no such door")?;
        self.runtime.block_on(exchange(*at, octets, end))
    }

    /// Looks through what came back: nothing of anybody but the viewer, and nothing panicked while it was made. What is
    /// the same as before, but for its time and number, was looked through before.
    pub(crate) fn look(&mut self, is_own: bool, came: &[u8]) -> Result<(), String> {
        hold(!self.panicked.swap(false, Ordering::Relaxed), || "something panicked".to_owned())?;
        let mut hasher = DefaultHasher::new();
        is_own.hash(&mut hasher);
        let varies = |line: &[u8]| line.starts_with(b"date: ") || line.starts_with(b"x-request-id: ");
        came.split(|octet| *octet == b'\n')
            .filter(|line| !varies(line))
            .for_each(|line| line.hash(&mut hasher));
        if self.looked_at.len() >= MOST_LOOKED_AT {
            self.looked_at.clear();
        }
        if !self.looked_at.insert(hasher.finish()) {
            return Ok(());
        }
        let viewer = is_own.then(|| self.vocabulary.subject(&self.own.login)).flatten();
        let found = Scanner::new(&self.vocabulary)
            .scan(viewer, &[Piece { place: "answer", octets: came, coding: "" }]);
        hold(found.foreign_count == 0, || format!("marks of another came back: {:?}", found.foreign))
    }

    /// Sees that the server still answers, and signs the first subscriber in again where an act signed her out.
    pub(crate) fn go_on(&mut self) -> Result<(), String> {
        if self.read(&self.own, "/api/v1/me").is_err() {
            let login = self.own.login.clone();
            self.own.token = self.token(&login).map_err(|error| format!("sign in again: {error}"))?;
            self.read(&self.own, "/api/v1/me").map_err(|error| format!("after signing in again: {error}"))?;
        }
        Ok(())
    }
}

/// Writes a watermarked ledger and takes it in with the shipped mapping.
fn take_in(installation: &Installation, doorkeeper: &Authorities) -> Result<Watermarked, Failure> {
    let ledger = installation.dir.join("ledger");
    let told = Watermarks { usage_days: 3, ..Watermarks::of(2, 5) }.write(&ledger)?;
    let mapping = include_str!("../../../examples/ledger-a/mapping.toml");
    let mapping = Mapping::parse(mapping, "mapping.toml".as_ref())?;
    take(installation, &doorkeeper.feed, &mapping, &[ledger])?;
    Ok(told)
}

fn front(face: Face) -> Result<Front, Failure> {
    let trusted = |tells| {
        Ok::<_, Failure>(Front::TrustedProxy {
            public: "https://my.example.jp".parse()?,
            proxies: vec!["127.0.0.1/32".parse()?],
            tells,
        })
    };
    match face {
        Face::Bare => Ok(Front::Loopback),
        Face::Proxied => trusted(Tells::ProxyV2),
        Face::Forwarded => trusted(Tells::Forwarded),
    }
}

fn site() -> Site {
    Site {
        name: "海鳴モバイル",
        contact: Contact { phone: HelpLink::new("tel:0120-000-000"), ..Contact::default() },
        security_contact: Some("mailto:security@example.jp".to_owned()),
    }
}

/// Watches for panics: one in a task of the server ends that task only, and would not be seen from outside.
fn notice_panics() -> Arc<AtomicBool> {
    let panicked = Arc::new(AtomicBool::new(false));
    let (noticed, before) = (Arc::clone(&panicked), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        noticed.store(true, Ordering::Relaxed);
        before(info);
    }));
    panicked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_answer_is_seen() {
        let mut house = House::open().unwrap();
        let [own, other] = [&house.own, &house.other].map(|person| person.login.clone().into_bytes());
        assert_eq!(house.look(true, &own), Ok(()));
        assert!(house.look(true, &other).is_err(), "a mark of another");
        assert!(house.look(false, &own).is_err(), "a mark shown to nobody");
        assert!(std::thread::spawn(|| panic!("a panic of a task, on purpose")).join().is_err());
        assert!(house.look(false, b"").is_err(), "something panicked");
        assert_eq!(house.look(false, b""), Ok(()), "told once");
    }

    #[test]
    fn whoever_was_signed_out_is_signed_in_again() {
        let mut house = House::open().unwrap();
        let before = house.own.token.clone();
        let request = format!(
            "DELETE /api/v1/sessions/current HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {before}\r\n\r\n"
        );
        house.exchange(Face::Bare, request.as_bytes(), End::Theirs).unwrap();
        house.go_on().unwrap();
        assert_ne!(house.own.token, before);
    }
}
