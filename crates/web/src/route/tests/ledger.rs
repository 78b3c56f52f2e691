//! Two subscribers as the ledger tells them, sealed by the keeper.

use honnin_access::FeedAuthority;
use honnin_keeper::Keeper;
use honnin_store::document::{
    BillEntry, BillItem, BillItems, Bills, BucketEntry, DayEntry, Line, LineEntry, Profile, PurchaseEntry,
    Purchases, Share, Terms, UsageMonth, UsageRecord, month_row,
};
use honnin_store::{AccountUpdate, NoticeRow};
use honnin_terms::{
    AccountId, BillId, BillState, BucketKind, Day, Held, HoldingId, Id, LineStatus, Moment, Msisdn, Octets,
    PurchaseId, RequestId, Said, Yen,
};

/// The feed's name.
const SOURCE: &str = "ledger";

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn octets(gigabytes: u64) -> Octets {
    Octets::new(gigabytes * 1_000_000_000)
}

fn line_of(holding: HoldingId, mark: &str, held: Held, status: LineStatus, now: Moment) -> Line {
    let bucket = |kind, left: u64, expires_on: &str| BucketEntry {
        holding,
        kind,
        granted: octets(10),
        remaining: octets(left),
        expires_on: Some(day(expires_on)),
        purchase: None,
    };
    Line {
        as_of: Said::by_ledger(now),
        source: SOURCE.to_owned(),
        line_code: format!("hdo-{mark}"),
        number: Msisdn::parse("090-1234-5678", "81").unwrap(),
        iccid: Some("8981300000000001234".to_owned()),
        terms: Terms {
            service_code: Some(format!("hdc-{mark}")),
            sim_kind: Some("音声SIM".to_owned()),
            plan: format!("プラン {mark}"),
            monthly: Some(Yen::new(1_500)),
            five_g: true,
            ..Terms::default()
        },
        held,
        status,
        high_speed: true,
        share: Some(Share { group: format!("grp-{mark}"), lines: 2, whole: true }),
        buckets_as_of: Some(now),
        buckets_on: Some(day("2026-11-20")),
        buckets: vec![bucket(BucketKind::Basic, 4, "2026-11-30"), bucket(BucketKind::TopUp, 1, "2026-12-31")],
        own_buckets_as_of: Some(now),
        own_buckets_lost: false,
        usage_months: vec!["2026-11".parse().unwrap()],
        recent_days: days(now),
    }
}

fn days(now: Moment) -> Vec<DayEntry> {
    let entry = |text, high, low| DayEntry {
        day: day(text),
        high: octets(high),
        low: octets(low),
        whole: true,
        as_of: Said::by_ledger(now),
    };
    vec![entry("2026-11-18", 1, 0), entry("2026-11-19", 2, 1)]
}

/// A month with one record for each day.
pub(super) fn month_of(days: &[DayEntry], now: Moment) -> UsageMonth {
    let record = |entry: &DayEntry| UsageRecord {
        day: entry.day,
        record: u64::from(entry.day.number().unsigned_abs()).to_be_bytes(),
        as_of: Said::by_ledger(now),
        used: Some((entry.high, entry.low)),
    };
    UsageMonth { source: SOURCE.to_owned(), records: days.iter().map(record).collect() }
}

/// One subscriber as the store has her.
pub(super) struct Told {
    pub(super) stored: AccountUpdate,
    pub(super) lines: Vec<HoldingId>,
    pub(super) bill: BillId,
    pub(super) mark: &'static str,
}

fn bills_of(keeper: &Keeper, mark: &str, now: Moment) -> Bills {
    let entry = BillEntry {
        bill: keeper.bill_id(&format!("bil-{mark}")),
        code: format!("bil-{mark}"),
        as_of: Said::by_ledger(now),
        month: "2026-11".parse().unwrap(),
        used_in: "2026-10".parse().ok(),
        amount: Yen::new(2_345),
        tax: Some(Yen::new(213)),
        state: BillState::Final,
        due_on: Some(day("2026-11-30")),
    };
    let items = vec![BillItem { place: 1, item: format!("基本料 {mark}"), amount: Yen::new(2_345) }];
    Bills {
        as_of: Said::by_ledger(now),
        source: SOURCE.to_owned(),
        bills: vec![(entry, BillItems::Whole(items, Said::by_ledger(now)))],
    }
}

fn purchases_of(mark: &str, now: Moment) -> Purchases {
    let purchase = PurchaseEntry {
        as_of: Said::by_ledger(now),
        purchase: PurchaseId::from_octets([7; 16]),
        code: format!("pur-{mark}"),
        at: now,
        item: "追加データ 1GB".to_owned(),
        octets: octets(1),
        amount: Yen::new(220),
    };
    Purchases { as_of: Said::by_ledger(now), source: SOURCE.to_owned(), purchases: vec![purchase] }
}

/// Seals all there is of one subscriber: a line in use, a suspended one, an ended one, and a bill.
pub(super) fn move_in(
    keeper: &Keeper,
    feed: &FeedAuthority,
    login: &str,
    mark: &'static str,
    now: Moment,
) -> Told {
    let permit = feed.append(now, RequestId::from_octets([1; 16]));
    let account: AccountId = keeper.account_id(login);
    let mut keys = keeper.new_account(&permit, account).unwrap();
    let held = |from, to: Option<&str>| Held { from: day(from), to: to.map(day) };
    let holdings = [
        (held("2024-04-01", None), LineStatus::Active),
        (held("2024-05-01", None), LineStatus::Suspended),
        (held("2022-04-01", Some("2026-10-10")), LineStatus::Active),
    ];
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for (held, status) in holdings {
        let holding = keeper.holding_id(account, mark, held.from);
        keys.ensure(Some(holding)).unwrap();
        let line = line_of(holding, mark, held, status, now);
        let (number, plan) = (line.number.clone(), line.terms.plan.clone());
        lines.push(LineEntry { holding, number, plan, status, held, share_group: None });
        let usage = month_of(&days(now), now);
        documents.push(keys.seal(Some(holding), &[], &line, 1).unwrap());
        documents.push(keys.seal(Some(holding), &month_row("2026-11".parse().unwrap()), &usage, 1).unwrap());
        documents.push(keys.seal(Some(holding), &[], &purchases_of(mark, now), 1).unwrap());
    }
    let holdings = lines.iter().map(|line| line.holding).collect();
    let bills = bills_of(keeper, mark, now);
    let profile = Profile {
        as_of: Said::by_ledger(now),
        source: SOURCE.to_owned(),
        login: login.to_owned(),
        name: format!("名前 {mark}"),
        reading: None,
        mail: Some(format!("{mark}@example.jp")),
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
    let stored = AccountUpdate { account, account_key, subject_keys, documents };
    Told { stored, lines: holdings, bill: keeper.bill_id(&format!("bil-{mark}")), mark }
}

/// A notice to everybody.
pub(super) fn notice_of(keeper: &Keeper, now: Moment) -> NoticeRow {
    NoticeRow {
        notice: keeper.notice_id("n1"),
        code: "n1".to_owned(),
        published_at: now.plus_seconds(-60),
        kind: "重要".to_owned(),
        title: "保守のお知らせ".to_owned(),
        body: "夜間に保守を行います。".to_owned(),
    }
}
