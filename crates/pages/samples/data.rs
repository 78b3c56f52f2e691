//! Home, usage, buckets, high speed.

use honnin_care::facts::{
    Balance, BillHead, Bucket, Buckets, Effective, Home, LineHead, NextExpiry, Speed, Usage, UsageDay,
    UsageHead,
};
use honnin_pages::page::{BucketsPage, HomePage, Nav, SpeedPage, SpeedStatePage, UsagePage};
use honnin_terms::{
    BillId, BillState, BucketKind, Id, Known, LineStatus, Octets, PurchaseId, SpeedReason, SpeedState, Yen,
};

use super::{HOSTILE, Said, Sample, Studio, day, ended, head, hostile_head, line, mb, moment, origin};

fn speed() -> Speed {
    Speed {
        desired_high: true,
        applied_high: Some(true),
        state: SpeedState::Confirmed,
        reason: SpeedReason::Chosen,
        effective: Some(Effective::High),
        version: 3,
        changed_at: Some(moment("2026-11-20T11:59:00+09:00")),
        changeable: true,
    }
}

fn home() -> Home {
    Home {
        head: head(1),
        origin: origin(),
        balance: Known::Known(Balance {
            remaining: mb(3_420),
            granted: Octets::new(8_000_000_000),
            shared: false,
            current: true,
        }),
        next_expiry: Some(NextExpiry { octets: mb(1_420), expires_on: day("2026-11-30") }),
        speed: speed(),
        five_g: true,
        share_lines: None,
        usage: UsageHead {
            today: Some(mb(310)),
            month: Known::Known(mb(4_580)),
            known_days: 19,
            missing_days: 0,
            as_of: Some(origin().as_of),
            of: day("2026-11-20").month(),
        },
        recent: (5..20)
            .map(|number| UsageDay {
                date: day("2026-11-01").plus(number),
                high: mb(u64::from((number * 37 % 11).unsigned_abs()) * 70),
                low: Octets::ZERO,
                whole: true,
                as_of: origin().as_of,
            })
            .collect(),
        bills: vec![bill(7, BillState::Final)],
        seen_by_others: Some(0),
    }
}

fn bill(number: u8, state: BillState) -> BillHead {
    BillHead {
        bill: BillId::from_octets([number; 16]),
        month: day("2026-11-01").month().plus(i32::from(number) - 7),
        amount: Yen::new(2_178),
        state,
        due_on: Some(day("2026-11-26")),
        used_in: Some(day("2026-10-01").month()),
        as_of: origin().as_of,
    }
}

fn homes() -> Vec<(&'static str, Home)> {
    let wish = |state, desired_high| Speed { state, desired_high, ..speed() };
    let exhausted = Speed { reason: SpeedReason::Exhausted, applied_high: Some(false), ..speed() };
    let zero = Speed { reason: SpeedReason::Exhausted, ..speed() };
    let suspended = Speed { reason: SpeedReason::Suspended, changeable: false, ..speed() };
    let left =
        |remaining| Known::Known(Balance { remaining, granted: mb(8_000), shared: false, current: true });
    vec![
        ("home-usual", home()),
        (
            "home-exhausted",
            Home { balance: left(Octets::ZERO), next_expiry: None, speed: exhausted, ..home() },
        ),
        ("home-runs-out", Home { balance: left(mb(512)), next_expiry: None, ..home() }),
        ("home-runs-out-today", Home { balance: left(mb(200)), next_expiry: None, ..home() }),
        ("home-runs-out-tomorrow", Home { balance: left(mb(400)), next_expiry: None, ..home() }),
        ("home-a-fifth", Home { balance: left(mb(1_600)), next_expiry: None, ..home() }),
        ("home-below-a-fifth", Home { balance: left(mb(1_599)), next_expiry: None, ..home() }),
        ("home-below-a-twentieth", Home { balance: left(mb(399)), next_expiry: None, ..home() }),
        (
            "home-yesterday",
            Home {
                usage: UsageHead { today: None, ..home().usage },
                recent: home().recent.into_iter().filter(|used| used.date < day("2026-11-20")).collect(),
                ..home()
            },
        ),
        (
            "home-shared",
            Home {
                balance: Known::Known(Balance {
                    remaining: mb(32_400),
                    granted: mb(60_000),
                    shared: true,
                    current: false,
                }),
                share_lines: Some(3),
                bills: Vec::new(),
                ..home()
            },
        ),
        ("home-unknown", Home { balance: Known::NEVER, next_expiry: None, ..home() }),
        (
            "home-not-known-since",
            Home { balance: Known::Unknown { since: Some(origin().as_of.at) }, next_expiry: None, ..home() },
        ),
        (
            "home-suspended",
            Home { head: LineHead { status: LineStatus::Suspended, ..head(1) }, speed: suspended, ..home() },
        ),
        (
            "home-ended",
            Home {
                head: ended(),
                balance: Known::NEVER,
                next_expiry: None,
                speed: Speed {
                    changeable: false,
                    applied_high: None,
                    version: 0,
                    changed_at: None,
                    ..speed()
                },
                usage: UsageHead { today: None, ..home().usage },
                ..home()
            },
        ),
        (
            "home-overdue",
            Home { bills: vec![bill(8, BillState::Open), bill(6, BillState::Overdue)], ..home() },
        ),
        (
            "home-overdue-two",
            Home { bills: vec![bill(7, BillState::Overdue), bill(6, BillState::Overdue)], ..home() },
        ),
        ("home-low", Home { balance: left(mb(300)), next_expiry: None, ..home() }),
        (
            "home-lapses",
            Home {
                balance: left(mb(7_000)),
                next_expiry: Some(NextExpiry { octets: mb(6_800), expires_on: day("2026-11-30") }),
                ..home()
            },
        ),
        (
            "home-zero-by-ledger",
            Home { balance: left(Octets::ZERO), next_expiry: None, speed: zero, ..home() },
        ),
        ("home-pending", Home { speed: wish(SpeedState::Pending, false), ..home() }),
        ("home-failed", Home { speed: wish(SpeedState::Failed, false), ..home() }),
        ("home-speed-unknown", Home { speed: wish(SpeedState::Unknown, false), ..home() }),
        (
            "home-low-chosen",
            Home { speed: Speed { desired_high: false, applied_high: Some(false), ..speed() }, ..home() },
        ),
        ("home-hostile", Home { head: hostile_head(), ..home() }),
    ]
}

fn usages() -> Vec<(&'static str, Usage)> {
    let first = day("2026-11-01");
    let known = |from: i32, to: i32| {
        (from..to).map(move |number| {
            let spread = u64::from((number * 7919 % 97).unsigned_abs());
            UsageDay {
                date: first.plus(number),
                high: mb(spread * 6),
                low: if number % 5 == 4 { mb(90) } else { Octets::ZERO },
                whole: number != 3,
                as_of: origin().as_of,
            }
        })
    };
    let usage = Usage {
        head: head(1),
        origin: Some(origin()),
        month: first.month(),
        today: day("2026-11-20"),
        days: known(0, 7).chain(known(9, 20)).collect(),
        months: vec![first.month().plus(-1), first.month()],
    };
    let huge = UsageDay {
        date: first,
        high: Octets::new(u64::MAX / 4),
        low: Octets::ZERO,
        whole: true,
        as_of: origin().as_of,
    };
    vec![
        ("usage-usual", usage.clone()),
        ("usage-nothing", Usage { origin: None, days: Vec::new(), months: Vec::new(), ..usage.clone() }),
        ("usage-zero", Usage { days: vec![UsageDay { high: Octets::ZERO, ..huge }], ..usage.clone() }),
        ("usage-earlier", Usage { today: day("2026-12-05"), ..usage.clone() }),
        ("usage-huge", Usage { days: vec![huge], head: ended(), ..usage.clone() }),
        ("usage-hostile", Usage { head: hostile_head(), ..usage }),
    ]
}

fn buckets() -> Vec<(&'static str, Buckets)> {
    let bucket = |kind, granted, remaining, expires_on: &str, order| Bucket {
        kind,
        granted,
        remaining,
        expires_on: Some(day(expires_on)),
        purchase: (kind == BucketKind::TopUp).then(|| PurchaseId::from_octets([4; 16])),
        line: line(1),
        order,
    };
    let usual = vec![
        bucket(BucketKind::CarriedOver, mb(8_000), mb(1_420), "2026-11-30", Some(1)),
        bucket(BucketKind::Basic, mb(8_000), mb(1_900), "2026-12-31", Some(2)),
        Bucket { line: line(2), ..bucket(BucketKind::Gift, mb(500), mb(80), "2026-12-31", Some(3)) },
        bucket(BucketKind::TopUp, mb(1_000), mb(20), "2027-02-28", Some(4)),
        bucket(BucketKind::TopUp, mb(1_000), Octets::ZERO, "2027-01-31", None),
        bucket(BucketKind::Basic, mb(8_000), mb(12), "2026-10-31", None),
    ];
    let balance =
        Known::Known(Balance { remaining: mb(3_420), granted: mb(10_920), shared: true, current: true });
    let all =
        Buckets { head: head(1), origin: Some(origin()), balance, buckets: usual, share_lines: Some(3) };
    vec![
        ("buckets-usual", all.clone()),
        (
            "buckets-none",
            Buckets {
                origin: None,
                balance: Known::NEVER,
                buckets: Vec::new(),
                share_lines: None,
                ..all.clone()
            },
        ),
        ("buckets-hostile", Buckets { head: hostile_head(), ..all }),
    ]
}

fn speeds() -> Vec<(&'static str, Speed)> {
    let wish = |state| Speed { state, desired_high: false, ..speed() };
    let none = Speed { version: 0, changed_at: None, applied_high: None, ..speed() };
    vec![
        ("speed-accepted", wish(SpeedState::Accepted)),
        ("speed-pending", wish(SpeedState::Pending)),
        ("speed-confirmed", Speed { applied_high: Some(false), ..wish(SpeedState::Confirmed) }),
        ("speed-failed", wish(SpeedState::Failed)),
        ("speed-unknown", wish(SpeedState::Unknown)),
        ("speed-none", none),
    ]
}

pub(super) fn samples(studio: &Studio) -> Vec<Sample> {
    let mut all = Vec::new();
    let mut push = |name, has_figures, html| all.push(Sample { name, has_figures, html });
    for (name, facts) in &homes() {
        let mut shell = studio.shell(Nav::Home, Some(&facts.head), "/lines/1");
        match *name {
            "home-hostile" => shell.name = Some(HOSTILE),
            "home-low" => shell.said = Some(Said::Saved),
            _ => {}
        }
        push(name, true, HomePage { shell, facts, notices: 2, held: 4 }.render());
    }
    let mut new_year = studio.shell(Nav::Home, None, "/lines/1");
    new_year.now = moment("2026-12-01T09:00:00+09:00");
    let month = day("2026-12-01").month();
    let facts = Home {
        usage: UsageHead {
            today: None,
            month: Known::NEVER,
            known_days: 0,
            missing_days: 0,
            as_of: None,
            of: month,
        },
        ..home()
    };
    push("home-first-day", true, HomePage { shell: new_year, facts: &facts, notices: 0, held: 1 }.render());
    for (name, facts) in &usages() {
        let shell = studio.shell(Nav::Usage, Some(&facts.head), "/lines/1/usage");
        push(name, facts.origin.is_some(), UsagePage { shell, facts }.render());
    }
    for (name, facts) in &buckets() {
        let shell = studio.shell(Nav::Home, Some(&facts.head), "/lines/1/buckets");
        push(name, facts.origin.is_some(), BucketsPage { shell, facts, lines: &[head(1)] }.render());
    }
    let (mine, hostile, gone) = (head(1), hostile_head(), ended());
    let closed = Speed { changeable: false, applied_high: None, ..speed() };
    let off = Speed { desired_high: false, applied_high: Some(false), changed_at: None, ..speed() };
    for (name, head, speed) in [
        ("speed-ask", &mine, speed()),
        ("speed-ask-on", &mine, off),
        ("speed-ask-ended", &gone, closed),
        ("speed-ask-hostile", &hostile, speed()),
    ] {
        let shell = studio.shell(Nav::Home, Some(head), "/lines/1/speed");
        let page = SpeedPage { shell, head, speed: &speed, origin: Some(&origin()), key: HOSTILE };
        push(name, false, page.render());
    }
    for (name, speed) in &speeds() {
        let shell = studio.shell(Nav::Home, Some(&mine), "/lines/1/speed/state");
        push(name, false, SpeedStatePage { shell, head: &mine, speed }.render());
    }
    all
}

/// Each state of a wish with what the page's module is answered.
pub(super) fn polls(studio: &Studio) -> Vec<(&'static str, String)> {
    let mine = head(1);
    let shell = || studio.shell(Nav::Home, Some(&mine), "/lines/1/speed/state");
    let body = |speed| SpeedStatePage { shell: shell(), head: &mine, speed }.poll_body();
    speeds().iter().map(|(name, speed)| (*name, body(speed))).collect()
}
