//! What stands round an engine and is an engine itself: a cache, a fault, a counter, a slower one.
//!
//! [`decorate!`](macro@crate::decorate) writes the ports that a decorator hands on, so that a new method of a port is written
//! here once and not in each of them. What a decorator does with a call of its own it implements itself.

use honnin_access::{Answer, Subject};
use honnin_seal::Digest;
use honnin_terms::{AccountId, RequestId, TenantId};

use crate::Store;

/// A call on its way to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub name: &'static str,
    /// The request its permit was given for; `None` where it takes none.
    pub request: Option<RequestId>,
}

/// Something round an engine.
pub trait Decorator: Send + Sync {
    /// What is inside.
    fn inner(&self) -> &dyn Store;
    /// Stands round a call that is handed on. The call has begun; what it gives may be held back.
    fn around<'a, T: Send + Unpin + 'a>(&'a self, _call: Call, answer: Answer<'a, T>) -> Answer<'a, T> {
        answer
    }
}

/// What a write has changed of what somebody may have kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// The session of that hash.
    Session(TenantId, Digest),
    /// The ring of an account.
    Ring(TenantId, AccountId),
    /// A document.
    View {
        /// Whose.
        subject: Subject,
        /// Its kind.
        kind: &'static str,
        /// Which of its kind.
        row: Vec<u8>,
    },
    /// The wish of a line.
    Speed(Subject),
    /// Somebody else has written, and nobody says what.
    Everything,
}

/// Is told what has changed.
pub trait Watcher: Send + Sync {
    /// Told after a change is durable and before who wrote it is answered; of what others have written, soon after.
    fn changed(&self, changed: &[Changed]);
}

/// Every name that [`decorate!`](macro@crate::decorate) writes.
pub mod ports {
    pub use std::sync::Arc;

    pub use honnin_access::ports::{
        CredentialRow, CredentialRows, FoundSession, KeyChange, RingWrite, RowError, SeenSession, SessionRow,
        SessionRows,
    };
    pub use honnin_access::{
        AgreeToMerge, Append, ConsentRow, Drive, Keep, ManageSessions, Operate, Permit, Read, SetSpeed,
    };
    pub use honnin_seal::Digest;
    pub use honnin_terms::{AccountId, EntryRef, HoldingId, Moment, NoticeId, SessionId, TenantId};

    pub use super::{Call, Decorator};
    pub use crate::copying::{CopiedRow, FoundColumn, Stretch};
    pub use crate::{
        Answer, Batch, Claim, ClaimRows, ClaimedWish, ClaimedWork, Committed, ControlName, ControlRow,
        ControlRows, CopyRows, DeviceRows, DirectoryKey, DirectoryRow, DriveMaterial, Engine, Erased, Error,
        FeedRows, Figures, HomeRows, MergeMaterial, MergeRow, MergeRows, Move, MoveReason, Moved, NewControl,
        NewWish, NewWork, NoticeRow, NoticeRows, OperatorRows, Outcome, Progress, QuarantineRow, Queue,
        RecordKey, Settled, SpeedRow, SpeedRows, StoreReport, StoredAccount, Swapped, ViewRows, Watcher,
        WishAnswer, WishKey, WorkId, WorkRow,
    };
}

/// Implements ports for a [`Decorator`] by handing each call on through [`Decorator::around`]:
/// `decorate! { [S: Store] Slow<S>: ViewRows FeedRows }`.
#[macro_export]
macro_rules! decorate {
    (@SessionRows $of:tt $it:ty) => { $crate::decorate! { @without SessionRows $of $it {
        fn session(tenant: TenantId, row_hash: &Digest) -> Option<FoundSession>;
        fn insert_session(row_hash: Digest, row: SessionRow, ring: RingWrite) -> ();
        fn end_sessions(tenant: TenantId, account: AccountId, ring: RingWrite) -> ();
    } {
        fn touch_session(&self, tenant: TenantId, row_hash: &Digest, seen: SeenSession) {
            self.inner().touch_session(tenant, row_hash, seen);
        }
        #[cfg(honnin_faults)]
        fn holder(&self, tenant: TenantId, holding: HoldingId) -> Option<AccountId> {
            self.inner().holder(tenant, holding)
        }
    } } };
    (@CredentialRows $of:tt $it:ty) => { $crate::decorate! { @without CredentialRows $of $it {
        fn credential(tenant: TenantId, account: AccountId) -> Option<CredentialRow>;
        fn replace_credential(
            tenant: TenantId,
            account: AccountId,
            row: CredentialRow,
            keys: Option<KeyChange>
        ) -> ();
    } {} } };
    (@NoticeRows $of:tt $it:ty) => { $crate::decorate! { @without NoticeRows $of $it {
        fn notices(tenant: TenantId, now: Moment) -> Vec<NoticeRow>;
        fn notice(tenant: TenantId, notice: NoticeId, now: Moment) -> Option<NoticeRow>;
    } {} } };
    (@ViewRows $of:tt $it:ty) => { $crate::decorate! { @with ViewRows $of $it {
        fn view(Permit<Read>, kind: &'static str, row: &[u8]) -> Option<Arc<[u8]>>;
        fn home(Permit<Read>, of_account: &Permit<Read>) -> HomeRows;
    } {} } };
    (@DeviceRows $of:tt $it:ty) => { $crate::decorate! { @with DeviceRows $of $it {
        fn sessions(Permit<ManageSessions>) -> Vec<SessionRow>;
    } {} } };
    (@SpeedRows $of:tt $it:ty) => { $crate::decorate! { @with SpeedRows $of $it {
        fn speed(Permit<Read>) -> Option<Arc<SpeedRow>>;
        fn speed_to_set(Permit<SetSpeed>) -> Option<Arc<SpeedRow>>;
        fn wish_of_key(Permit<SetSpeed>, key: &WishKey) -> Option<WishAnswer>;
        fn set_wish(Permit<SetSpeed>, wish: NewWish) -> WishAnswer;
        fn contract_to_set(Permit<SetSpeed>) -> Option<Arc<[u8]>>;
        fn claim(Permit<Drive>, claim: Claim) -> Vec<ClaimedWish>;
        fn drive_material(Permit<Drive>) -> Option<DriveMaterial>;
        fn settle(Permit<Drive>, outcome: Outcome) -> ();
        fn backlog(Permit<Drive>) -> (u64, Option<Moment>);
    } {} } };
    (@FeedRows $of:tt $it:ty) => { $crate::decorate! { @with FeedRows $of $it {
        fn progress(Permit<Append>, feed: &str) -> Option<Progress>;
        fn holders(Permit<Append>, keys: &[DirectoryKey]) -> Vec<DirectoryRow>;
        fn directory(Permit<Append>, after: Option<(DirectoryKey, HoldingId)>, most: usize)
            -> Vec<DirectoryRow>;
        fn moved(Permit<Append>) -> Moved;
        fn accounts(Permit<Append>, accounts: &[AccountId]) -> Vec<StoredAccount>;
        fn seen(Permit<Append>, records: &[RecordKey]) -> Vec<Option<[u8; 16]>>;
        fn commit(Permit<Append>, feed: &str, batch: Batch) -> Committed;
        fn quarantined(Permit<Append>, skip: u64, most: usize) -> Vec<QuarantineRow>;
    } {} } };
    (@MergeRows $of:tt $it:ty) => { $crate::decorate! { @with MergeRows $of $it {
        fn put_consent(Permit<AgreeToMerge>, row: ConsentRow) -> ();
        fn consent(Permit<Operate>, account: AccountId) -> Option<ConsentRow>;
        fn merge_material(Permit<Operate>, from: AccountId, into: AccountId) -> Option<MergeMaterial>;
        fn commit_move(Permit<Operate>, steps: u64, moving: Move, reason: MoveReason) -> ();
        fn merges(Permit<Operate>, of: Option<AccountId>, most: usize) -> Vec<MergeRow>;
        fn unjournaled_merges(Permit<Operate>, most: usize) -> Vec<MergeRow>;
        fn note_entry(Permit<Operate>, merge: u64, undone: bool, entry: EntryRef) -> ();
    } {} } };
    (@OperatorRows $of:tt $it:ty) => { $crate::decorate! { @with OperatorRows $of $it {
        fn report(Permit<Operate>) -> StoreReport;
        fn feeds(Permit<Operate>) -> Vec<(String, Moment)>;
        fn account_ids(Permit<Operate>, after: Option<AccountId>, most: usize) -> Vec<AccountId>;
        fn sweep(Permit<Operate>, idle_before: Moment, forget_before: Moment) -> u64;
        fn erase(Permit<Operate>, account: AccountId) -> Erased;
    } {} } };
    (@ControlRows $of:tt $it:ty) => { $crate::decorate! { @with ControlRows $of $it {
        fn control(Permit<Keep>, name: &ControlName) -> Option<ControlRow>;
        fn controls(Permit<Keep>, prefix: &str, after: Option<&ControlName>, most: usize)
            -> Vec<(ControlName, ControlRow)>;
        fn swap_control(Permit<Keep>, name: &ControlName, read_revision: u64, write: Option<NewControl>)
            -> Swapped;
    } {} } };
    (@ClaimRows $of:tt $it:ty) => { $crate::decorate! { @with ClaimRows $of $it {
        fn put_work(Permit<Keep>, work: NewWork) -> bool;
        fn claim_work(Permit<Keep>, queue: Queue, lease_seconds: i64, most: usize) -> Vec<ClaimedWork>;
        fn settle_work(Permit<Keep>, queue: Queue, id: &WorkId, fence: u64, settled: Settled) -> ();
        fn drop_work(Permit<Keep>, queue: Queue, id: &WorkId, payload: Option<Vec<u8>>) -> bool;
        fn work(Permit<Keep>, queue: Queue, id: &WorkId) -> Option<WorkRow>;
        fn works(
            Permit<Keep>,
            queue: Queue,
            owner: Option<AccountId>,
            after: Option<WorkId>,
            most: usize
        ) -> Vec<WorkRow>;
        fn waiting(Permit<Keep>, queue: Queue) -> (u64, Option<Moment>);
    } {} } };
    (@CopyRows $of:tt $it:ty) => { $crate::decorate! { @with CopyRows $of $it {
        fn columns(Permit<Operate>) -> Vec<FoundColumn>;
        fn rows_of(Permit<Operate>, stretch: &Stretch, most: usize) -> Vec<CopiedRow>;
        fn put_mark(Permit<Operate>, value: Vec<u8>, found: Option<ControlRow>) -> ControlRow;
        fn replace_rows(
            Permit<Operate>,
            stretch: &Stretch,
            rows: Vec<CopiedRow>,
            mark: Option<ControlRow>
        ) -> ();
    } {} } };
    (@Engine [$($of:tt)*] $it:ty) => {
        impl<$($of)*> Engine for $it {
            fn figures(&self) -> Figures {
                self.inner().figures()
            }
            fn watch(&self, watcher: Arc<dyn Watcher>) {
                self.inner().watch(watcher);
            }
            fn close(&self) -> Answer<'_, ()> {
                self.inner().close()
            }
        }
    };
    (@with $port:ident [$($of:tt)*] $it:ty {
        $(fn $name:ident($permit:ty $(, $argument:ident: $kind:ty)*) -> $answer:ty;)+
    } { $($more:tt)* }) => {
        impl<$($of)*> $port for $it {
            $(fn $name(&self, permit: &$permit $(, $argument: $kind)*) -> Answer<'_, Result<$answer, Error>> {
                let call = Call { name: stringify!($name), request: Some(permit.request()) };
                Decorator::around(self, call, self.inner().$name(permit $(, $argument)*))
            })+
            $($more)*
        }
    };
    (@without $port:ident [$($of:tt)*] $it:ty {
        $(fn $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)+
    } { $($more:tt)* }) => {
        impl<$($of)*> $port for $it {
            $(fn $name(&self $(, $argument: $kind)*) -> Answer<'_, Result<$answer, Error>> {
                let call = Call { name: stringify!($name), request: None };
                Decorator::around(self, call, self.inner().$name($($argument),*))
            })+
            $($more)*
        }
    };
    ($of:tt $it:ty: $($port:ident)+) => {
        const _: () = {
            use $crate::decorate::ports::*;
            $($crate::decorate! { @$port $of $it })+
        };
    };
}
