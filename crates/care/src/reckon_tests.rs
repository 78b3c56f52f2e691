use honnin_store::document::{DayEntry, Share};
use honnin_terms::{Id, Moment, Month, Msisdn};

use super::*;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn moment(text: &str) -> Moment {
    text.parse().unwrap()
}

fn holding(number: u8) -> HoldingId {
    HoldingId::from_octets([number; 16])
}

fn bucket(kind: BucketKind, granted: u64, remaining: u64, expires_on: &str) -> BucketEntry {
    BucketEntry {
        holding: holding(1),
        kind,
        granted: Octets::new(granted),
        remaining: Octets::new(remaining),
        expires_on: day(expires_on),
        purchase: None,
    }
}

fn line() -> Line {
    let as_of = moment("2026-11-20T06:00:00+09:00");
    Line {
        as_of,
        source: "ledger".into(),
        line_code: "hdo1".into(),
        service_code: None,
        number: Msisdn::parse("07001234567", "81").unwrap(),
        iccid: None,
        sim_kind: None,
        plan: "10ギガプラン".into(),
        monthly: None,
        applied_on: None,
        held: Held { from: day("2024-04-01"), to: None },
        status: LineStatus::Active,
        five_g: true,
        high_speed: true,
        share: None,
        buckets_as_of: Some(as_of),
        buckets: vec![
            bucket(BucketKind::TopUp, 1_000, 900, "2027-02-28"),
            bucket(BucketKind::Basic, 10_000, 4_000, "2026-12-31"),
            bucket(BucketKind::CarriedOver, 10_000, 600, "2026-11-30"),
            bucket(BucketKind::Gift, 500, 100, "2026-11-30"),
        ],
        usage_as_of: None,
        usage_months: Vec::new(),
        newest_days: Vec::new(),
    }
}

fn wish(high: bool, state: SpeedState, changed_at: &str) -> Wish {
    Wish {
        high,
        applied_high: Some(true),
        state,
        reason: SpeedReason::Chosen,
        version: 3,
        asked_at: moment(changed_at),
        changed_at: moment(changed_at),
    }
}

const TODAY: &str = "2026-11-20";

#[test]
fn a_bucket_is_gone_after_midnight_of_its_last_day() {
    let on = |today: &str| balance(&line(), day(today)).unwrap().remaining.get();
    assert_eq!(on("2026-11-30"), 5_600);
    assert_eq!(on("2026-12-01"), 4_900, "what was carried over and given is gone");
    assert_eq!(on("2027-03-01"), 0);
}

#[test]
fn the_next_expiry_is_the_sum_of_that_day() {
    let next = next_expiry(&line(), day(TODAY)).unwrap();
    assert_eq!((next.octets.get(), next.expires_on), (700, day("2026-11-30")));
    let mut empty = line();
    empty.buckets.iter_mut().for_each(|bucket| bucket.remaining = Octets::ZERO);
    assert_eq!(next_expiry(&empty, day(TODAY)), None);
}

#[test]
fn the_gauge_is_full_at_what_was_granted_and_at_what_came_over() {
    assert_eq!(balance(&line(), day(TODAY)).unwrap().granted.get(), 1_000 + 10_000 + 600 + 500);
}

#[test]
fn buckets_are_used_soonest_expiry_first_then_carried_over_before_gifts() {
    let order: Vec<_> = in_order_of_use(&line(), day(TODAY)).iter().map(|b| (b.kind, b.order)).collect();
    assert_eq!(
        order,
        [
            (BucketKind::CarriedOver, Some(1)),
            (BucketKind::Gift, Some(2)),
            (BucketKind::Basic, Some(3)),
            (BucketKind::TopUp, Some(4)),
        ]
    );
    let order: Vec<_> =
        in_order_of_use(&line(), day("2026-12-01")).iter().map(|b| (b.kind, b.order)).collect();
    assert_eq!(
        order,
        [
            (BucketKind::Basic, Some(1)),
            (BucketKind::TopUp, Some(2)),
            (BucketKind::CarriedOver, None),
            (BucketKind::Gift, None),
        ]
    );
}

#[test]
fn unknown_is_never_zero() {
    let unsaid = Line { buckets_as_of: None, buckets: Vec::new(), ..line() };
    assert_eq!(balance(&unsaid, day(TODAY)), None);
    let ended = Line { held: Held { from: day("2024-04-01"), to: Some(day("2026-11-19")) }, ..line() };
    assert_eq!(balance(&ended, day(TODAY)), None);
    assert_eq!(next_expiry(&ended, day(TODAY)), None);
    assert_eq!(usage_head(&line(), day(TODAY)).today, None);
}

#[test]
fn a_holding_counts_whole_on_its_last_day() {
    let last = Line { held: Held { from: day("2024-04-01"), to: Some(day(TODAY)) }, ..line() };
    assert_eq!(head(&last, holding(1), day(TODAY)).status, LineStatus::Active);
    assert_eq!(head(&last, holding(1), day("2026-11-21")).status, LineStatus::Ended);
}

#[test]
fn usage_of_last_month_is_not_this_months() {
    let entry =
        |date: &str, high: u64| DayEntry { day: day(date), high: Octets::new(high), low: Octets::new(1) };
    let used = Line { newest_days: vec![entry("2026-11-18", 10), entry("2026-11-20", 20)], ..line() };
    let november = usage_head(&used, day(TODAY));
    assert_eq!(
        (november.today.map(Octets::get), november.month.get(), november.known_days),
        (Some(21), 32, 2)
    );
    let december = usage_head(&used, day("2026-12-01"));
    assert_eq!((december.today, december.month.get(), december.known_days), (None, 0, 0));
    assert_eq!(december.of, Month::new(2026, 12).unwrap());
}

#[test]
fn between_wish_and_ledger_the_last_change_counts() {
    let high = |speed: Speed| (speed.desired_high, speed.state, speed.version);
    let none = speed(&line(), None, day(TODAY));
    assert_eq!(high(none), (true, SpeedState::Confirmed, 0));
    let under_way =
        speed(&line(), Some(&wish(false, SpeedState::Pending, "2026-11-01T00:00:00Z")), day(TODAY));
    assert_eq!(
        high(under_way),
        (false, SpeedState::Pending, 3),
        "a wish under way is shown whatever the ledger says"
    );
    let newer = speed(&line(), Some(&wish(false, SpeedState::Confirmed, "2026-11-20T00:00:00Z")), day(TODAY));
    assert_eq!(high(newer), (false, SpeedState::Confirmed, 3));
    let older = speed(&line(), Some(&wish(false, SpeedState::Confirmed, "2026-11-01T00:00:00Z")), day(TODAY));
    assert_eq!(
        high(older),
        (true, SpeedState::Confirmed, 3),
        "the ledger has been told of another change since"
    );
}

#[test]
fn the_reason_is_told_and_a_stopped_line_cannot_be_switched() {
    let suspended = Line { status: LineStatus::Suspended, ..line() };
    let shown = speed(&suspended, None, day(TODAY));
    assert_eq!((shown.reason, shown.changeable), (SpeedReason::Suspended, false));
    let mut exhausted = line();
    exhausted.buckets.iter_mut().for_each(|bucket| bucket.remaining = Octets::ZERO);
    assert_eq!(speed(&exhausted, None, day(TODAY)).reason, SpeedReason::Exhausted);
    exhausted.high_speed = false;
    assert_eq!(speed(&exhausted, None, day(TODAY)).reason, SpeedReason::Chosen);
}

#[test]
fn ended_lines_are_listed_last() {
    let entry = |number: u8, from: &str, to: Option<&str>| LineEntry {
        holding: holding(number),
        number: line().number,
        plan: String::new(),
        status: LineStatus::Active,
        held: Held { from: day(from), to: to.map(day) },
        share_group: None,
    };
    let profile = Profile {
        as_of: line().as_of,
        source: "ledger".into(),
        login: "mio1".into(),
        name: "本人".into(),
        reading: None,
        mail: None,
        born_on: None,
        registered_on: None,
        lines: vec![
            entry(1, "2020-01-01", Some("2026-10-10")),
            entry(2, "2026-10-22", None),
            entry(3, "2021-01-01", None),
        ],
        latest_bill: None,
    };
    let lines = me(profile, AccountId::from_octets([9; 16]), day(TODAY)).lines;
    assert_eq!(lines.iter().map(|line| line.line).collect::<Vec<_>>(), [holding(3), holding(2), holding(1)]);
    assert_eq!(lines[2].status, LineStatus::Ended);
}

#[test]
fn a_shared_balance_says_so() {
    let shared = Line { share: Some(Share { group: "grp1".into(), lines: 3 }), ..line() };
    assert!(balance(&shared, day(TODAY)).unwrap().shared);
    assert_eq!(share_lines(&shared), Some(3));
}
