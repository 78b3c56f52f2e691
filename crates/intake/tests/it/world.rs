//! An installation in memory, and what its subscribers would be shown.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use honnin_access::{Append, Document, FeedAuthority, Permit};
use honnin_intake::{Feed, Mapping, RunError, Summary};
use honnin_keeper::Keeper;
use honnin_stand::{Ground, Nobody, sign_in};
use honnin_store::document::{Bills, Line, Profile, Purchases, UsageMonth};
use honnin_terms::{HoldingId, Id, Moment, RequestId, TenantId};
use honnin_testkit::TestDir;

use crate::memory::MemoryStore;
use crate::reading::project;

pub(crate) struct World {
    pub(crate) dir: TestDir,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) store: MemoryStore,
    pub(crate) mapping: Mapping,
    pub(crate) partition_octets: u64,
    /// When extracts are taken in.
    pub(crate) now: Moment,
    ground: Ground,
    authority: FeedAuthority,
}

/// What is stored of one account, opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) profile: Profile,
    pub(crate) bills: Option<Bills>,
    pub(crate) lines: BTreeMap<HoldingId, ShownLine>,
}

/// What is stored of one holding, opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ShownLine {
    pub(crate) line: Line,
    pub(crate) months: Vec<UsageMonth>,
    pub(crate) purchases: Option<Purchases>,
}

impl World {
    /// With the mapping that ships for that ledger.
    pub(crate) fn new(ledger: &str) -> Self {
        let dir = TestDir::new();
        let ground = Ground::of(TenantId::FIRST);
        let authorities = ground.authorities(&Arc::new(Nobody), sign_in());
        let mapping = Mapping::load(&project(&format!("examples/{ledger}/mapping.toml"))).unwrap();
        Self {
            dir,
            keeper: Arc::clone(&ground.keeper),
            store: MemoryStore::default(),
            mapping,
            partition_octets: 256 * 1024,
            now: "2026-11-20T23:00:00+09:00".parse().unwrap(),
            ground,
            authority: authorities.feed,
        }
    }

    /// The same installation with nothing taken in yet. Making a key out of a key file takes its time.
    pub(crate) fn emptied(self) -> Self {
        Self { store: MemoryStore::default(), ..self }
    }

    fn permit(&self) -> Permit<Append> {
        self.authority.append(self.now, RequestId::from_octets([1; 16]))
    }

    pub(crate) fn with_feed<T>(&self, act: impl FnOnce(Feed<'_>) -> T) -> T {
        let permit = self.permit();
        act(Feed {
            permit: &permit,
            keeper: &self.keeper,
            store: &self.store,
            entropy: &*self.ground.entropy,
            spill_dir: self.dir.path(),
            partition_octets: self.partition_octets,
        })
    }

    pub(crate) fn take(&self, dirs: &[PathBuf]) -> Result<Summary, RunError> {
        self.with_feed(|feed| feed.take(&self.mapping, dirs, &mut |_| {}))
    }

    /// Takes in files of that content, in the shape of ledger-a; headings come from the shipped files.
    pub(crate) fn take_rows(&self, files: &[(&str, &str)]) -> Summary {
        let dir = TestDir::new();
        for (name, rows) in files {
            let like = if name.starts_with("利用量") { "利用量_202610.csv" } else { name };
            let shipped = std::fs::read(project("tests/data/ledger-a").join(like)).unwrap();
            let mut content = shipped.split_inclusive(|octet| *octet == b'\n').next().unwrap().to_vec();
            content.extend(encoding_rs::SHIFT_JIS.encode(rows).0.iter());
            dir.write(name, content);
        }
        self.take(&[dir.path().to_owned()]).unwrap()
    }

    pub(crate) fn shown(&self, login: &str) -> Shown {
        let account = self.keeper.account_id(login);
        let content = self.store.content();
        let stored = content.accounts.get(&account).unwrap();
        let keys = self.keeper.open_account(&self.permit(), stored).unwrap();
        let all = |holding: Option<HoldingId>, kind: &str| {
            let fits = move |key: &honnin_store::DocumentKey| key.holding == holding && key.kind == kind;
            let mut found: Vec<_> = stored.documents.iter().filter(|document| fits(&document.key)).collect();
            found.sort_by_key(|document| document.key.row.clone());
            found
        };
        let one = |holding, kind| all(holding, kind).into_iter().next();
        let profile: Profile = keys.open(one(None, Profile::KIND).unwrap()).unwrap();
        let line = |entry: &honnin_store::document::LineEntry| {
            let holding = Some(entry.holding);
            let shown = ShownLine {
                line: keys.open(one(holding, Line::KIND).unwrap()).unwrap(),
                months: all(holding, UsageMonth::KIND)
                    .into_iter()
                    .map(|doc| keys.open(doc).unwrap())
                    .collect(),
                purchases: one(holding, Purchases::KIND).map(|document| keys.open(document).unwrap()),
            };
            (entry.holding, shown)
        };
        let lines = profile.lines.iter().map(line).collect();
        let bills = one(None, Bills::KIND).map(|document| keys.open(document).unwrap());
        Shown { profile, bills, lines }
    }

    /// Everything that is stored, opened: two stores that show the same are equal.
    pub(crate) fn everything(&self) -> String {
        let logins: Vec<String> = {
            let content = self.store.content();
            let permit = self.permit();
            let login = |stored: &honnin_store::StoredAccount| {
                let keys = self.keeper.open_account(&permit, stored).unwrap();
                let profile = stored.documents.iter().find(|document| document.key.kind == Profile::KIND);
                keys.open::<Profile>(profile.unwrap()).unwrap().login
            };
            content.accounts.values().map(login).collect()
        };
        let shown: Vec<_> = logins.iter().map(|login| self.shown(login)).collect();
        let content = self.store.content();
        let seen: BTreeMap<_, _> = content.seen.iter().collect();
        let quarantine: Vec<_> =
            content.quarantine.iter().map(|row| (&row.file, row.line, &row.reason)).collect();
        format!("{shown:?} {:?} {seen:?} {:?} {quarantine:?}", content.directory, content.notices)
    }

    pub(crate) fn line(&self, login: &str, line_code: &str, from: &str) -> ShownLine {
        let account = self.keeper.account_id(login);
        let holding = self.keeper.holding_id(account, line_code, from.parse().unwrap());
        self.shown(login).lines.remove(&holding).unwrap()
    }
}
