//! An installation with one ledger, asked over its socket, at whatever time a case wants.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;

use honnin_access::{Authorities, FeedAuthority, NewDevice, OperatorAuthority, SubscriberAuthority};
use honnin_front::Front;
use honnin_hostile::installation::{Installation, Site, begin, care, installed, take};
use honnin_intake::{Mapping, RunError, Summary};
use honnin_pages::page::Contact;
use honnin_seal::PasswordHash;
use honnin_stand::{COST, sign_in};
use honnin_terms::{Clock, Id, Moment, RequestId, TenantId};
use honnin_testkit::FixedClock;
use honnin_web::route::session_cookie;
use tokio::runtime::Runtime;

/// What all worlds share: opening a keyring takes its time, as it must.
pub(crate) struct Ground {
    runtime: Runtime,
    keys: honnin_stand::Ground,
    password: PasswordHash,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let keys = honnin_stand::Ground::of(TenantId::FIRST);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self {
            runtime: runtime.unwrap(),
            password: COST.hasher().hash(b"umi no mieru ie de", &*keys.entropy).unwrap(),
            keys,
        }
    }
}

/// One installation.
pub(crate) struct World<'g> {
    ground: &'g Ground,
    pub(crate) mapping: Mapping,
    feed: FeedAuthority,
    operator: OperatorAuthority,
    subscriber: SubscriberAuthority,
    at: SocketAddr,
    cookie: &'static str,
    installation: Installation,
}

impl<'g> World<'g> {
    pub(crate) fn open(ground: &'g Ground, mapping: Mapping, now: Moment) -> Self {
        let installation = installed(&ground.keys, FixedClock::showing(now));
        let care = care(&installation, mapping.ledger.zone.clone());
        let _within = ground.runtime.enter();
        let site = Site { name: "試験通信", contact: Contact::default(), security_contact: None };
        let at = begin(&installation, &care, Front::Loopback, site).unwrap();
        let Authorities { subscriber, operator, feed, .. } = installation.authorities(sign_in());
        let cookie = session_cookie(&Front::Loopback);
        Self { ground, mapping, feed, operator, subscriber, at, cookie, installation }
    }

    /// Takes in an extract at that moment.
    pub(crate) fn take(&self, dirs: &[PathBuf], now: Moment) -> Result<Summary, RunError> {
        self.installation.clock.move_to(now);
        take(&self.installation, &self.feed, &self.mapping, dirs)
    }

    /// A visit of that account, at that moment; nothing where the ledger has not named it.
    pub(crate) fn visit(&self, login: &str, now: Moment) -> Option<Visit> {
        let clock = &self.installation.clock;
        clock.move_to(now);
        let permit = self.operator.operate(clock.now(), RequestId::from_octets([1; 16]));
        let device = NewDevice::of_nobody("Firefox (Linux)".to_owned());
        let token = self.ground.runtime.block_on(async {
            let (hash, entropy) = (&self.ground.password, &*self.ground.keys.entropy);
            self.subscriber.import_password(&permit, login, hash, entropy).await.ok()?;
            self.subscriber.sign_in_without_password(&permit, login, device, entropy).await.ok()
        });
        let cookie = format!("{}={}", self.cookie, token?.token.reveal());
        Some(Visit { at: self.at, cookie })
    }
}

/// A signed-in browser.
pub(crate) struct Visit {
    at: SocketAddr,
    cookie: String,
}

impl Visit {
    /// The body of an answer of 200.
    pub(crate) fn octets(&self, path: &str) -> Vec<u8> {
        self.answer(path).1
    }

    /// What all pages of a list have under that key, one after another.
    pub(crate) fn listed(&self, path: &str, key: &str) -> Vec<serde_json::Value> {
        let (mut all, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let (head, body) = self.answer(&path);
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            all.extend(body[key].as_array().unwrap().iter().cloned());
            let link = head.lines().find_map(|line| line.strip_prefix("link: "));
            let link = link.filter(|link| link.contains("rel=\"next\""));
            next = link.and_then(|link| Some(link.split_once('<')?.1.split_once('>')?.0.to_owned()));
        }
        all
    }

    fn answer(&self, path: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.at).unwrap();
        let cookie = &self.cookie;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: a.example\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut came = Vec::new();
        stream.read_to_end(&mut came).unwrap();
        let end = came.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&came[..end]).into_owned();
        assert!(
            head.starts_with("HTTP/1.1 200"),
            "{path}: {head}\n{}",
            String::from_utf8_lossy(&came[end..])
        );
        (head, came.split_off(end + 4))
    }

    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8(self.octets(path)).unwrap()
    }

    pub(crate) fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_str(&self.text(path)).unwrap()
    }
}
