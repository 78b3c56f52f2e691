//! One world: a house, the people in it, and their scripts played in it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use honnin_access::ports::{CredentialRows, SessionRow, SessionRows};
use honnin_access::{Authorities, HashPool, NewDevice, OperatorAuthority, PoolBounds, SignInSettings};
use honnin_care::{Care, SessionToken};
use honnin_journal::{Entry, Journal, Kind, Pseudonym, Query};
use honnin_keeper::Keeper;
use honnin_node::{PublicPath, Standing};
use honnin_seal::PasswordHash;
use honnin_stand::{Stand, epoch, exports, gate, sign_in, the_log};
use honnin_store::{AccountKeyRow, AccountUpdate, Batch, FeedRows, OperatorRows, Progress};
use honnin_store_cache::Cached;
use honnin_terms::{AccountId, Clock, Entropy, Id, Moment, NoticeId, RequestId, Stream, TenantId};
use honnin_testkit::{FixedClock, SeededEntropy, TestDir};
use tokio::runtime::Handle;
use tokio::time::{Duration, sleep};

use super::actor::{Actor, Asked};
use super::case::{Case, Deed, Fault, Manner, Neighbour, Person, Round, Step, Whose};
use super::counted::{Counted, HERS};
use super::lines::{Line, Lines};
use super::people::{NEIGHBOUR, Name, VIEWER, sealed};
use super::{Answered, Leak, RoundSeen, Seen};
use crate::route::App;
use crate::route::tests::house;
use crate::route::tests::ledger::notice_of;

/// What is made once and is the same in all worlds.
pub(super) struct Ground {
    pub(super) keys: honnin_stand::Ground,
    /// Of the one password everybody has.
    pub(super) hash: PasswordHash,
    /// The password hashers of each world.
    pub(super) pool: PoolBounds,
}

/// A request of its actor: in which round, and the how-manieth of it.
pub(super) fn stream_of(whose: Whose, round: usize, number: usize) -> Stream {
    let actor = if whose == Whose::Hers { HERS } else { 0xbb };
    let mut octets = [0; 16];
    octets[0] = actor;
    octets[14] = u8::try_from(round).unwrap();
    octets[15] = u8::try_from(number).unwrap();
    let seed = u64::from(u32::from_be_bytes([actor, 0, octets[14], octets[15]]));
    Stream::new(RequestId::from_octets(octets), Arc::new(SeededEntropy::new(seed)))
}

pub(super) struct World {
    pub(super) app: Arc<App>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) store: Arc<Counted>,
    pub(super) notice: NoticeId,
    clock: Arc<FixedClock>,
    journal: Arc<Journal>,
    pseudonym: Pseudonym,
    operator: OperatorAuthority,
    lines: Lines,
    leak: Option<Leak>,
    shared: Arc<SeededEntropy>,
    requests: Arc<AtomicU64>,
    _dir: TestDir,
}

impl World {
    /// Plays a case from the beginning and gives what the viewer saw.
    pub(super) async fn play(ground: &Ground, case: &Case, leak: Option<Leak>, lines: &Lines) -> Seen {
        let pool = HashPool::start(ground.pool).unwrap();
        let (world, mut hers, mut theirs) = Self::open(ground, pool, case, leak, lines).await;
        world.store.take();
        lines.take();
        let mut rounds = Vec::new();
        for (number, round) in case.rounds.iter().enumerate() {
            rounds.push(world.round(number, round, &mut hers, &mut theirs).await);
        }
        let permit = world.operator.operate(world.clock.now(), RequestId::from_octets([2; 16]));
        let messages = world.store.inner.report(&permit).await.unwrap().messages.0;
        Seen { rounds, entries: world.entries(), messages: messages - world.store.messages_to_others() }
    }

    /// Many who are nobody try to sign in at the same moment, all before the viewer; gives what she is answered then,
    /// and what she is answered when she tries again after them.
    pub(super) async fn crowd(
        ground: &Ground,
        case: &Case,
        many: usize,
        lines: &Lines,
    ) -> [Option<Answered>; 2] {
        // No thread of the pool begins before all have asked.
        let (key, door) = mpsc::channel::<()>();
        let mut door = Some(door);
        let pool = HashPool::start_by(ground.pool, |_, work| {
            let door = door.take().unwrap();
            drop(thread::spawn(move || {
                assert!(door.recv().is_err(), "opened by dropping its key");
                work();
            }));
            Ok(())
        });
        let (world, mut hers, _) = Self::open(ground, pool.unwrap(), case, None, lines).await;
        let sign_in = Deed::SignIn { right: true, program: false };
        let step = Step { deed: sign_in, manner: Manner::default(), cut: None };
        let stranger = Name { login: "mio-nobody", mark: "x" };
        let mut strangers = Vec::new();
        for number in 0..many {
            let asked = vec![world.asked(Whose::Nobodys, 0, number)];
            let stranger = Actor::new(stranger, Whose::Theirs);
            strangers.push(tokio::spawn(stranger.play(world.stage(), vec![step], asked)));
        }
        // One of them waits for its turn; the others are refused, which ends what they do.
        while strangers.iter().filter(|stranger| stranger.is_finished()).count() + 1 < many {
            sleep(Duration::from_millis(1)).await;
        }
        let asked = vec![world.asked(Whose::Hers, 0, 0)];
        let (she, mut refused) =
            tokio::spawn(hers.take().play(world.stage(), vec![step], asked)).await.unwrap();
        drop(key);
        world.settle(false).await;
        let asked = vec![world.asked(Whose::Hers, 1, 0)];
        let (_, mut answered) = tokio::spawn(she.play(world.stage(), vec![step], asked)).await.unwrap();
        [refused.pop().flatten(), answered.pop().flatten()]
    }

    async fn open(
        ground: &Ground,
        pool: HashPool,
        case: &Case,
        leak: Option<Leak>,
        lines: &Lines,
    ) -> (Self, Actor, Actor) {
        let bounds = honnin_store_sqlite::Bounds { readers: 1, ..honnin_store_sqlite::Bounds::default() };
        let kept = if case.tiny_caches {
            honnin_store_cache::Bounds { sessions: 700, rings: 700, documents: 2_000, wishes: 700 }
        } else {
            honnin_store_cache::Bounds::default()
        };
        let keeper = Arc::clone(&ground.keys.keeper);
        // An engine that answers at once: time is felt of others by design, and is tried by itself in `channels`.
        let hers = VIEWER.account(&keeper);
        let clock = FixedClock::at("2026-11-20T06:00:00+09:00");
        let engine = |sqlite| Counted::new(Cached::new(sqlite, &kept), hers);
        let stand = Stand::on(&ground.keys, clock, bounds, engine);
        let authorities = stand.authorities(SignInSettings { pool, ..sign_in() });
        let (store, clock) = (Arc::clone(&stand.store), Arc::clone(&stand.clock));
        let now = clock.now();
        let notice = notice_of(&keeper, now);
        let id = notice.notice;
        let accounts = accounts(&keeper, &authorities, case, now);
        let progress = Progress { position: 1, state: Vec::new() };
        let batch = Batch { accounts, notices: vec![notice], progress, ..Batch::default() };
        let permit = authorities.feed.append(now, RequestId::from_octets([1; 16]));
        store.commit(&permit, "ledger", batch).await.unwrap();
        let setting = Setting { ground, authorities: &authorities, store: &store, now };
        let hers = setting.move_in(VIEWER, None).await;
        let theirs = match &case.neighbour {
            Some(Neighbour { fault, .. }) => setting.move_in(NEIGHBOUR, *fault).await,
            None => Actor::new(NEIGHBOUR, Whose::Theirs),
        };
        let journal = stand.journal(the_log());
        let pseudonym = epoch().account(VIEWER.account(&keeper));
        let standing = Standing::new(None, Arc::new(PublicPath::unwatched()), Arc::clone(&journal), |_| {});
        let gate = gate(authorities.gate, &journal, Arc::new(standing));
        let uses = Care::new(stand.care(authorities.subscriber, gate, exports(authorities.node)));
        let shared = Arc::new(SeededEntropy::new(1));
        let entropy: Arc<dyn Entropy> = Arc::<SeededEntropy>::clone(&shared);
        let app = Arc::new(App::new(house::wiring_of(Arc::new(uses), None), entropy).unwrap());
        let world = Self {
            app,
            keeper,
            store,
            notice: id,
            clock,
            journal,
            pseudonym,
            operator: authorities.operator,
            lines: lines.clone(),
            leak,
            shared,
            requests: Arc::default(),
            _dir: stand.dir,
        };
        (world, hers, theirs)
    }

    async fn round(&self, number: usize, round: &Round, hers: &mut Actor, theirs: &mut Actor) -> RoundSeen {
        self.clock.advance_seconds(i64::from(round.seconds));
        let meanwhile = |actor: Actor, steps: Vec<Step>| {
            let asked: Vec<Asked> =
                (0..).zip(&steps).map(|(n, _)| self.asked(actor.whose(), number, n)).collect();
            tokio::spawn(actor.play(self.stage(), steps, asked))
        };
        let (she, they) = (hers.take(), theirs.take());
        let (she, they) = if round.after {
            let they = meanwhile(they, round.theirs.clone());
            (meanwhile(she, vec![round.hers]), they)
        } else {
            let she = meanwhile(she, vec![round.hers]);
            (she, meanwhile(they, round.theirs.clone()))
        };
        let (she, mut answers) = she.await.unwrap();
        *hers = she;
        *theirs = they.await.unwrap().0;
        self.settle(round.hers.cut.is_some()).await;
        let answer = answers.pop().flatten();
        let hers = |line: &Line| line.request.as_ref().is_some_and(|request| request.starts_with("aa"));
        let (own, rest): (Vec<Line>, Vec<Line>) = self.lines.take().into_iter().partition(hers);
        // That everybody is stopped is of no one request.
        let stopped = |line: &&Line| line.request.is_none() && !line.text.contains("alarm=\"isolated\"");
        assert_eq!(rest.iter().find(stopped), None, "every other line names its request");
        let calls = self.store.take();
        // A client that went away is not waited for: whether its answer was counted follows from time alone.
        let lines = if round.hers.cut.is_some() { Vec::new() } else { own };
        RoundSeen { step: round.hers, answer: answer.map(|answer| self.leaking(answer)), lines, calls }
    }

    /// The answer with what a planted leak adds.
    fn leaking(&self, mut answer: Answered) -> Answered {
        let told = match self.leak {
            Some(Leak::CountOfRequests) => self.requests.load(Ordering::SeqCst),
            Some(Leak::CountOfSessions) => self.store.count_of_sessions(),
            Some(Leak::OneStream) | None => return answer,
        };
        answer.headers.push(("x-planted".to_owned(), told.to_string()));
        answer
    }

    /// The stream of a request: its own, unless the planted leak is that all draw from one.
    fn asked(&self, whose: Whose, round: usize, number: usize) -> Asked {
        let own = stream_of(whose, round, number);
        let stream = if self.leak == Some(Leak::OneStream) {
            Stream::new(own.request(), Arc::<SeededEntropy>::clone(&self.shared))
        } else {
            own
        };
        Asked { stream, count: Arc::clone(&self.requests) }
    }

    fn stage(&self) -> super::actor::Stage {
        super::actor::Stage {
            app: Arc::clone(&self.app),
            keeper: Arc::clone(&self.keeper),
            store: Arc::clone(&self.store),
            notice: self.notice,
            peer: IpAddr::from([192, 0, 2, 7]),
        }
    }

    /// Waits until every act has run to its end and, where she went away, until every entry that was taken is durable.
    async fn settle(&self, went_away: bool) {
        for _ in 0..100_000 {
            if Handle::current().metrics().num_alive_tasks() == 0 {
                if !went_away {
                    return;
                }
                let marker = Entry::blank(Kind::EpochMarker, self.clock.now(), 1);
                self.journal.append(&marker).await.unwrap();
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
        panic!("an act did not come to its end");
    }

    /// The journal's entries about the viewer, without their indices.
    fn entries(&self) -> Vec<String> {
        let query = Query {
            pseudonyms: &[self.pseudonym],
            from: Moment::EPOCH,
            to: self.clock.now().plus_seconds(1),
            before: None,
            limit: 10_000,
        };
        let found = self.journal.by_owner(&query).unwrap();
        let entries = found.into_iter().map(|index| self.journal.read_at(index).unwrap());
        // That somebody tried a password at her account is an entry about her by design, and nothing she is shown.
        entries.filter(|entry| entry.kind != Kind::SignInFailed).map(|entry| format!("{entry:?}")).collect()
    }
}

fn accounts(keeper: &Keeper, authorities: &Authorities, case: &Case, now: Moment) -> Vec<AccountUpdate> {
    let told = |name: Name, person: Person| sealed(keeper, &authorities.feed, name, person, now);
    let mut accounts = vec![told(VIEWER, case.viewer)];
    if let Some(Neighbour { person, fault }) = &case.neighbour {
        let mut update = told(NEIGHBOUR, *person);
        let hers = &accounts[0].documents;
        for (place, document) in update.documents.iter_mut().enumerate() {
            let mut blob = document.blob.to_vec();
            match fault {
                Some(Fault::Documents) => *blob.last_mut().unwrap() ^= 1,
                Some(Fault::Stolen) => blob = hers[place % hers.len()].blob.to_vec(),
                Some(Fault::Keys | Fault::Password | Fault::Sessions | Fault::SessionsOfMany) | None => {}
            }
            document.blob = blob.into();
        }
        if *fault == Some(Fault::Keys) {
            update.account_key.iter_mut().for_each(|row| *row.ring.last_mut().unwrap() ^= 1);
        }
        accounts.push(update);
        if *fault == Some(Fault::SessionsOfMany) {
            accounts.extend((0..4).map(nobody));
        }
    }
    accounts.sort_by_key(|update| update.account);
    accounts
}

/// An account whose keys open nothing.
fn nobody(number: u8) -> AccountUpdate {
    AccountUpdate {
        account: AccountId::from_octets([number; 16]),
        account_key: Some(AccountKeyRow { epoch: 1, by_keeper: vec![1; 76], ring: vec![1; 90] }),
        subject_keys: Vec::new(),
        documents: Vec::new(),
    }
}

/// What moving in needs.
struct Setting<'a> {
    ground: &'a Ground,
    authorities: &'a Authorities,
    store: &'a Counted,
    now: Moment,
}

impl Setting<'_> {
    /// Gives somebody the password, a one-time code and a session, all of them broken where that is the fault.
    async fn move_in(&self, name: Name, fault: Option<Fault>) -> Actor {
        let Self { ground, authorities, store, now } = *self;
        let whose = if name.login == VIEWER.login { Whose::Hers } else { Whose::Theirs };
        let entropy = SeededEntropy::new(if whose == Whose::Hers { 11 } else { 12 });
        let operate = authorities.operator.operate(now, RequestId::from_octets([2; 16]));
        let subscriber = &authorities.subscriber;
        assert!(subscriber.import_password(&operate, name.login, &ground.hash, &entropy).await.unwrap());
        let invitation = subscriber.invitation(&operate, name.login, &entropy).await.unwrap().unwrap();
        let device = NewDevice::of_nobody("Firefox (Linux)".to_owned());
        let session = subscriber.sign_in_without_password(&operate, name.login, device, &entropy).await;
        let account = name.account(&ground.keys.keeper);
        let mut actor = Actor::new(name, whose);
        actor.invited(invitation.code().reveal());
        subscriber.issue(invitation).await.unwrap();
        if let Ok(session) = session {
            let row =
                store.session(TenantId::FIRST, &session.token.row_hash()).await.unwrap().unwrap().session;
            actor.signed_in(&session.token.reveal());
            if matches!(fault, Some(Fault::Sessions | Fault::SessionsOfMany)) {
                actor.signed_out();
                for n in 0..4 {
                    let token = SessionToken::random(&SeededEntropy::new(100 + n));
                    let mut row = SessionRow::clone(&row);
                    row.session = honnin_terms::SessionId::from_octets([u8::try_from(n).unwrap(); 16]);
                    if fault == Some(Fault::SessionsOfMany) {
                        row.account = AccountId::from_octets([u8::try_from(n).unwrap(); 16]);
                    }
                    *row.sealed.last_mut().unwrap() ^= 1;
                    store.put_session(token.row_hash(), row).await;
                    actor.has_broken(&token.reveal());
                }
            }
        }
        if fault == Some(Fault::Password) {
            let mut row = store.credential(TenantId::FIRST, account).await.unwrap().unwrap();
            row.password = Some(vec![1; 60]);
            store.replace_credential(TenantId::FIRST, account, row, None).await.unwrap();
        }
        actor
    }
}
