//! People as the ledger tells them, every figure out of a seed, sealed by the keeper.

use honnin_access::FeedAuthority;
use honnin_keeper::Keeper;
use honnin_store::AccountUpdate;
use honnin_store::document::{
    BillEntry, BillItem, BillItems, Bills, BucketEntry, DayEntry, Line, LineEntry, Profile, PurchaseEntry,
    Purchases, Share, Terms, month_row,
};
use honnin_terms::{
    AccountId, BillId, BillState, BucketKind, Day, Held, HoldingId, Id, LineStatus, Moment, Month, Msisdn,
    Octets, RequestId, Said, Yen,
};
use honnin_testkit::SeededEntropy;

use super::super::ledger::month_of;
use super::case::Person;

const SOURCE: &str = "ledger";

/// How people of these worlds are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) login: &'static str,
    pub(super) mark: &'static str,
}

pub(super) const VIEWER: Name = Name { login: "mio-viewer", mark: "v" };
pub(super) const NEIGHBOUR: Name = Name { login: "mio-neighbour", mark: "n" };

impl Name {
    pub(super) fn account(self, keeper: &Keeper) -> AccountId {
        keeper.account_id(self.login)
    }

    /// The line of that place, whether it is there or not.
    pub(super) fn line(self, keeper: &Keeper, place: u8) -> HoldingId {
        keeper.holding_id(self.account(keeper), &format!("{}-{place}", self.mark), day("2024-04-01"))
    }

    /// The bill of that place, whether it is there or not.
    pub(super) fn bill(self, keeper: &Keeper, place: u8) -> BillId {
        keeper.bill_id(&format!("bil-{}-{place}", self.mark))
    }
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn november() -> Month {
    "2026-11".parse().unwrap()
}

/// Draws figures and texts.
struct Draw(SeededEntropy, usize);

impl Draw {
    fn below(&self, limit: u64) -> u64 {
        self.0.next_u64() % limit
    }

    fn octets(&self) -> Octets {
        Octets::new(self.below(50_000_000_000))
    }

    fn text(&self) -> String {
        const LETTERS: [char; 10] = ['山', 'a', '<', '"', '&', '\u{202e}', 'ﾊ', '\'', '0', '\n'];
        let letter = || LETTERS[usize::try_from(self.below(10)).unwrap()];
        (0..self.1).map(|_| letter()).collect()
    }

    fn days(&self, now: Moment) -> Vec<DayEntry> {
        let last = i8::try_from(self.below(19)).unwrap();
        let entry = |n| DayEntry {
            day: Day::new(2026, 11, n).unwrap(),
            high: self.octets(),
            low: self.octets(),
            whole: true,
            as_of: Said::by_ledger(now),
        };
        (1..=last).map(entry).collect()
    }

    fn status(&self) -> LineStatus {
        if self.below(4) == 0 { LineStatus::Suspended } else { LineStatus::Active }
    }
}

fn line(draw: &Draw, holding: HoldingId, now: Moment) -> Line {
    let bucket = |_| BucketEntry {
        holding,
        kind: if draw.below(2) == 0 { BucketKind::Basic } else { BucketKind::TopUp },
        granted: draw.octets(),
        remaining: draw.octets(),
        expires_on: Day::new(2026, 12, 1 + i8::try_from(draw.below(28)).unwrap()).ok(),
        purchase: None,
    };
    Line {
        as_of: Said::by_ledger(now),
        source: SOURCE.to_owned(),
        line_code: draw.text(),
        number: Msisdn::parse(&format!("090{:08}", draw.below(100_000_000)), "81").unwrap(),
        iccid: Some(format!("8981{:015}", draw.below(1_000_000))),
        terms: Terms {
            service_code: (draw.below(2) == 0).then(|| draw.text()),
            sim_kind: Some(draw.text()),
            plan: draw.text(),
            monthly: Some(Yen::new(i64::try_from(draw.below(9_000)).unwrap())),
            five_g: draw.below(2) == 0,
            ..Terms::default()
        },
        held: Held { from: day("2024-04-01"), to: (draw.below(8) == 0).then(|| day("2026-10-01")) },
        status: draw.status(),
        high_speed: draw.below(2) == 0,
        share: (draw.below(2) == 0).then(|| Share { group: draw.text(), lines: 2, whole: true }),
        buckets_as_of: Some(now),
        buckets_on: Some(day("2026-11-20")),
        buckets: (0..draw.below(4)).map(bucket).collect(),
        own_buckets_as_of: Some(now),
        own_buckets_lost: false,
        usage_months: vec![november()],
        recent_days: draw.days(now),
    }
}

fn purchases(keeper: &Keeper, draw: &Draw, code: &str, now: Moment) -> Purchases {
    let purchase = |n| PurchaseEntry {
        as_of: Said::by_ledger(now),
        purchase: keeper.purchase_id(&format!("{code}-{n}")),
        code: draw.text(),
        at: now,
        item: draw.text(),
        octets: draw.octets(),
        amount: Yen::new(i64::try_from(draw.below(5_000)).unwrap()),
    };
    Purchases {
        as_of: Said::by_ledger(now),
        source: SOURCE.to_owned(),
        purchases: (0..draw.below(3)).map(purchase).collect(),
    }
}

fn bills(keeper: &Keeper, draw: &Draw, name: Name, person: Person, now: Moment) -> Bills {
    let bill = |place| {
        let entry = BillEntry {
            bill: name.bill(keeper, place),
            code: draw.text(),
            as_of: Said::by_ledger(now),
            month: november().plus(-i32::from(place)),
            used_in: None,
            amount: Yen::new(i64::try_from(draw.below(90_000)).unwrap()),
            tax: None,
            state: BillState::Final,
            due_on: Some(day("2026-11-30")),
        };
        let items = (0..3).map(|place| BillItem { place, item: draw.text(), amount: entry.amount });
        (entry.clone(), BillItems::Whole(items.collect(), Said::by_ledger(now)))
    };
    Bills {
        as_of: Said::by_ledger(now),
        source: SOURCE.to_owned(),
        bills: (0..person.bills).map(bill).collect(),
    }
}

/// Seals all there is of one person.
pub(super) fn sealed(
    keeper: &Keeper,
    feed: &FeedAuthority,
    name: Name,
    person: Person,
    now: Moment,
) -> AccountUpdate {
    let permit = feed.append(now, RequestId::from_octets([1; 16]));
    let account = name.account(keeper);
    let mut keys = keeper.new_account(&permit, account).unwrap();
    let draw = Draw(SeededEntropy::new(u64::from(person.seed)), usize::from(person.length));
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for place in 0..person.lines {
        let holding = name.line(keeper, place);
        keys.ensure(Some(holding)).unwrap();
        let line = line(&draw, holding, now);
        let usage = month_of(&line.recent_days, now);
        let bought = purchases(keeper, &draw, name.mark, now);
        documents.push(keys.seal(Some(holding), &[], &line, 1).unwrap());
        documents.push(keys.seal(Some(holding), &month_row(november()), &usage, 1).unwrap());
        documents.push(keys.seal(Some(holding), &[], &bought, 1).unwrap());
        let Line { number, terms, status, held, .. } = line;
        lines.push(LineEntry { holding, number, plan: terms.plan, status, held, share_group: None });
    }
    let bills = bills(keeper, &draw, name, person, now);
    let profile = Profile {
        as_of: Said::by_ledger(now),
        source: SOURCE.to_owned(),
        login: name.login.to_owned(),
        name: draw.text(),
        reading: None,
        mail: Some(draw.text()),
        born_on: None,
        registered_on: None,
        lines,
        lost_lines: Vec::new(),
        standing: bills.standing(),
    };
    documents.push(keys.seal(None, &[], &profile, 1).unwrap());
    documents.push(keys.seal(None, &[], &bills, 1).unwrap());
    documents.sort_by(|a, b| a.key.cmp(&b.key));
    let (account_key, subject_keys) = keys.take_new();
    AccountUpdate { account, account_key, subject_keys, documents }
}
