use honnin_access::LineNames;
use honnin_store::document::{DayEntry, Share, Terms};
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
        expires_on: Some(day(expires_on)),
        purchase: None,
    }
}

fn line() -> Line {
    let as_of = moment("2026-11-20T06:00:00+09:00");
    Line {
        as_of: Said::by_ledger(as_of),
        source: "ledger".into(),
        line_code: "hdo1".into(),
        number: Msisdn::parse("07001234567", "81").unwrap(),
        iccid: None,
        terms: Terms { plan: "10ギガプラン".into(), five_g: true, ..Terms::default() },
        held: Held { from: day("2024-04-01"), to: None },
        status: LineStatus::Active,
        high_speed: true,
        share: None,
        buckets_as_of: Some(as_of),
        buckets_on: Some(day(TODAY)),
        buckets: vec![
            bucket(BucketKind::TopUp, 1_000, 900, "2027-02-28"),
            bucket(BucketKind::Basic, 10_000, 4_000, "2026-12-31"),
            bucket(BucketKind::CarriedOver, 10_000, 600, "2026-11-30"),
            bucket(BucketKind::Gift, 500, 100, "2026-11-30"),
        ],
        own_buckets_as_of: Some(as_of),
        own_buckets_lost: false,
        usage_months: Vec::new(),
        recent_days: Vec::new(),
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
        session: None,
    }
}

const TODAY: &str = "2026-11-20";

#[test]
fn a_bucket_is_gone_after_midnight_of_its_last_day() {
    let on =
        |today: &str| balance(&line(), day(today)).get().map(|left| (left.remaining.get(), left.current));
    assert_eq!(on("2026-11-30"), Some((5_600, true)));
    assert_eq!(on("2026-12-01"), Some((4_900, false)), "what was carried over and given is gone");
    assert_eq!(on("2027-03-01"), None, "that nothing is left the ledger has not said");
}

#[test]
fn that_nothing_is_left_is_only_said_where_the_ledger_said_so() {
    let as_of = moment("2026-12-31T23:00:00+09:00");
    let with = |remaining| Line {
        buckets_as_of: Some(as_of),
        buckets_on: Some(day("2026-12-31")),
        buckets: vec![bucket(BucketKind::Basic, 20, remaining, "2026-12-31")],
        ..line()
    };
    let unknown = Known::Unknown { since: Some(as_of) };
    for (remaining, today, left) in [
        (12, "2026-12-31", Known::Known(12)),
        (12, "2027-01-01", unknown),
        (12, "2027-02-14", unknown),
        (0, "2026-12-31", Known::Known(0)),
        (0, "2027-01-01", unknown),
    ] {
        let found = balance(&with(remaining), day(today));
        assert_eq!(found.map(|found| found.remaining.get()), left, "{remaining} on {today}");
        let exhausted = speed(&with(remaining), None, day(today)).reason == SpeedReason::Exhausted;
        assert_eq!(exhausted, left == Known::Known(0), "{remaining} on {today}");
    }
    // A bucket of next month that was used up stays so until a month begins, not after 45 days without a word.
    let used_up = Line { buckets: vec![bucket(BucketKind::TopUp, 5, 0, "2027-06-30")], ..with(0) };
    assert_eq!(balance(&used_up, day("2026-12-31")).map(|left| left.remaining), Known::Known(Octets::ZERO));
    assert_eq!(balance(&used_up, day("2027-02-14")).get(), None);
}

#[test]
fn what_never_expires_is_used_last_and_does_not_go() {
    let mut forever = line();
    forever.buckets.push(BucketEntry { expires_on: None, ..bucket(BucketKind::Gift, 50, 40, TODAY) });
    let order = in_order_of_use(&forever, day("2027-03-01"));
    assert_eq!((order[0].expires_on, order[0].order), (None, Some(1)));
    assert_eq!(in_order_of_use(&forever, day(TODAY)).last().map(|last| last.expires_on), Some(None));
    let left = balance(&forever, day("2027-03-01"));
    assert_eq!(left.get().map(|left| (left.remaining.get(), left.current)), Some((40, false)));
    assert_eq!(next_expiry(&forever, day("2027-03-01")), None);
}

#[test]
fn a_part_of_what_a_group_has_is_not_shown_as_the_whole() {
    let share = |whole| Some(Share { group: "grp1".into(), lines: 3, whole });
    assert!(balance(&Line { share: share(true), ..line() }, day(TODAY)).get().is_some());
    let part = Line { share: share(false), ..line() };
    assert_eq!(balance(&part, day(TODAY)), Known::NEVER);
    assert_eq!(next_expiry(&part, day(TODAY)), None);
}

#[test]
fn a_contract_that_begins_later_is_not_in_use_yet() {
    let december = Line { held: Held { from: day("2026-12-01"), to: None }, ..line() };
    let on = |today| head(&december, holding(1), day(today)).status;
    assert_eq!([on(TODAY), on("2026-11-30")], [LineStatus::Upcoming; 2]);
    assert_eq!(on("2026-12-01"), LineStatus::Active);
    assert_eq!(balance(&december, day(TODAY)), Known::NEVER);
    assert!(!speed(&december, None, day(TODAY)).changeable);
    let ended = Line { status: LineStatus::Ended, ..december };
    assert_eq!(head(&ended, holding(1), day(TODAY)).status, LineStatus::Ended, "called off before it began");
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
    assert_eq!(balance(&line(), day(TODAY)).get().unwrap().granted.get(), 1_000 + 10_000 + 600 + 500);
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
    assert_eq!(balance(&unsaid, day(TODAY)), Known::NEVER);
    let ended = Line { held: Held { from: day("2024-04-01"), to: Some(day("2026-11-19")) }, ..line() };
    assert_eq!(balance(&ended, day(TODAY)), Known::NEVER);
    assert_eq!(next_expiry(&ended, day(TODAY)), None);
    let usage = usage_head(&line(), day(TODAY));
    assert_eq!((usage.today, usage.month), (None, Known::NEVER));
}

#[test]
fn a_holding_counts_whole_on_its_last_day() {
    let last = Line { held: Held { from: day("2024-04-01"), to: Some(day(TODAY)) }, ..line() };
    assert_eq!(head(&last, holding(1), day(TODAY)).status, LineStatus::Active);
    assert_eq!(head(&last, holding(1), day("2026-11-21")).status, LineStatus::Ended);
}

#[test]
fn usage_of_last_month_is_not_this_months() {
    let entry = |date: &str, high: u64, whole| DayEntry {
        day: day(date),
        high: Octets::new(high),
        low: Octets::new(1),
        whole,
        as_of: Said::by_ledger(moment(&format!("{date}T21:00:00+09:00"))),
    };
    let days = vec![
        entry("2026-10-31", 99, true),
        entry("2026-11-18", 10, true),
        entry("2026-11-19", 5, false),
        entry("2026-11-20", 20, true),
        entry("2026-12-01", 77, true),
    ];
    let used = Line { recent_days: days, ..line() };
    let november = usage_head(&used, day(TODAY));
    assert_eq!(
        (november.today.map(Octets::get), november.month.map(Octets::get), november.known_days),
        (Some(21), Known::Known(38), 3)
    );
    assert_eq!(november.missing_days, 18, "all before today but the 18th; the 19th is known in part only");
    let december = usage_head(&used, day("2026-12-02"));
    assert_eq!(
        (december.today, december.month, december.missing_days),
        (None, Known::Known(Octets::new(78)), 0)
    );
    let january = usage_head(&used, day("2027-01-01"));
    assert_eq!((january.today, january.month, january.known_days), (None, Known::NEVER, 0));
    let december = usage_head(&Line { recent_days: Vec::new(), ..used }, day("2026-12-01"));
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
    let shown = speed(&exhausted, None, day(TODAY));
    assert_eq!((shown.reason, shown.effective), (SpeedReason::Exhausted, Some(Effective::Low)));
    assert_eq!(speed(&line(), None, day(TODAY)).effective, Some(Effective::High));
    assert_eq!(speed(&suspended, None, day(TODAY)).effective, Some(Effective::Nothing));
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
        lost_lines: Vec::new(),
        standing: Vec::new(),
    };
    let lines = me((profile, LineNames::default()), AccountId::from_octets([9; 16]), day(TODAY)).lines;
    assert_eq!(lines.iter().map(|line| line.line).collect::<Vec<_>>(), [holding(3), holding(2), holding(1)]);
    assert_eq!(lines[2].status, LineStatus::Ended);
}

#[test]
fn a_mail_address_shows_its_first_letter_and_its_domain() {
    for (address, masked) in
        [("taro@example.jp", "t***@example.jp"), ("髙@例え.jp", "髙***@例え.jp"), ("a", "a***"), ("", "***")]
    {
        assert_eq!(masked_mail(address), masked);
    }
}

#[test]
fn a_shared_balance_says_so() {
    let shared = Line { share: Some(Share { group: "grp1".into(), lines: 3, whole: true }), ..line() };
    assert!(balance(&shared, day(TODAY)).get().unwrap().shared);
    assert_eq!(share_lines(&shared), Some(3));
}
