//! Bodies about one line.

use honnin_care::facts::{Bucket, Buckets, Contract, Home, Purchases, Usage, WishReceipt};
use honnin_terms::{BillId, BucketKind, Day, HoldingId, Month, PurchaseId, Zone};
use serde::Serialize;

use super::super::shape::Shape;
use super::{AsText, At, as_of, write};

const STATUS: Shape = Shape::Word(&["active", "suspended", "upcoming", "ended"]);
const SPEED_STATE: Shape = Shape::Word(&["accepted", "pending", "confirmed", "failed", "unknown"]);
const SHARE: Shape = Shape::Maybe(&Shape::Object(&[("lines", Shape::Count)]));

#[derive(Serialize)]
struct ShareBody {
    lines: u32,
}

pub(in crate::route) const HOME: Shape = Shape::Object(&[
    ("as_of", Shape::Time),
    ("source", Shape::Text),
    (
        "balance",
        Shape::Maybe(&Shape::Object(&[
            ("remaining_octets", Shape::Count),
            ("granted_octets", Shape::Count),
            ("shared", Shape::Bool),
            ("current", Shape::Bool),
        ])),
    ),
    ("balance_unknown_since", Shape::Maybe(&Shape::Time)),
    ("next_expiry", Shape::Maybe(&Shape::Object(&[("octets", Shape::Count), ("expires_on", Shape::Day)]))),
    (
        "speed",
        Shape::Object(&[
            ("desired", Shape::Bool),
            ("applied", Shape::Maybe(&Shape::Bool)),
            ("state", SPEED_STATE),
            ("reason", Shape::Word(&["chosen", "exhausted", "suspended", "fair_use"])),
        ]),
    ),
    ("five_g", Shape::Bool),
    ("share", SHARE),
    (
        "usage",
        Shape::Object(&[
            ("today_octets", Shape::Maybe(&Shape::Count)),
            ("month_octets", Shape::Maybe(&Shape::Count)),
            ("missing_days", Shape::Count),
            ("as_of", Shape::Maybe(&Shape::Time)),
        ]),
    ),
    (
        "bill",
        Shape::Maybe(&Shape::Object(&[
            ("bill", Shape::Id),
            ("month", Shape::Month),
            ("amount_yen", Shape::Yen),
            ("state", super::account::BILL_STATE),
            ("as_of", Shape::Time),
        ])),
    ),
    ("plan", Shape::Text),
]);

#[derive(Serialize)]
struct HomeBody<'a> {
    as_of: At<'a>,
    source: &'a str,
    balance: Option<BalanceBody>,
    balance_unknown_since: Option<At<'a>>,
    next_expiry: Option<NextExpiryBody>,
    speed: SpeedBody,
    five_g: bool,
    share: Option<ShareBody>,
    usage: UsageHeadBody<'a>,
    bill: Option<BillHeadBody<'a>>,
    plan: &'a str,
}

#[derive(Serialize)]
struct BalanceBody {
    remaining_octets: u64,
    granted_octets: u64,
    shared: bool,
    current: bool,
}

#[derive(Serialize)]
struct NextExpiryBody {
    octets: u64,
    expires_on: AsText<Day>,
}

#[derive(Serialize)]
struct SpeedBody {
    desired: bool,
    applied: Option<bool>,
    state: &'static str,
    reason: &'static str,
}

#[derive(Serialize)]
struct UsageHeadBody<'a> {
    today_octets: Option<u64>,
    month_octets: Option<u64>,
    missing_days: u32,
    as_of: Option<At<'a>>,
}

#[derive(Serialize)]
struct BillHeadBody<'a> {
    bill: AsText<BillId>,
    month: AsText<Month>,
    amount_yen: i64,
    state: &'static str,
    as_of: At<'a>,
}

pub(in crate::route) fn home(home: &Home, zone: &Zone) -> Vec<u8> {
    let body = HomeBody {
        as_of: At(home.origin.as_of, zone),
        source: &home.origin.source,
        balance: home.balance.get().map(|balance| BalanceBody {
            remaining_octets: balance.remaining.get(),
            granted_octets: balance.granted.get(),
            shared: balance.shared,
            current: balance.current,
        }),
        balance_unknown_since: home.balance.unknown_since().map(|since| At(since, zone)),
        next_expiry: home
            .next_expiry
            .map(|next| NextExpiryBody { octets: next.octets.get(), expires_on: AsText(next.expires_on) }),
        speed: SpeedBody {
            desired: home.speed.desired_high,
            applied: home.speed.applied_high,
            state: home.speed.state.word(),
            reason: home.speed.reason.word(),
        },
        five_g: home.five_g,
        share: home.share_lines.map(|lines| ShareBody { lines }),
        usage: UsageHeadBody {
            today_octets: home.usage.today.map(honnin_terms::Octets::get),
            month_octets: home.usage.month.get().map(|octets| octets.get()),
            missing_days: home.usage.missing_days,
            as_of: home.usage.as_of.map(|at| At(at, zone)),
        },
        bill: home.bills.first().map(|bill| BillHeadBody {
            bill: AsText(bill.bill),
            month: AsText(bill.month),
            amount_yen: bill.amount.get(),
            state: bill.state.word(),
            as_of: At(bill.as_of, zone),
        }),
        plan: &home.head.plan,
    };
    write(&body, 768)
}

pub(in crate::route) const BUCKETS: Shape = Shape::Object(&[
    (
        "buckets",
        Shape::List(&Shape::Object(&[
            ("kind", Shape::Word(&["carried_over", "basic", "gift", "top_up"])),
            ("granted_octets", Shape::Count),
            ("remaining_octets", Shape::Count),
            ("expires_on", Shape::Maybe(&Shape::Day)),
            ("order", Shape::Maybe(&Shape::Count)),
        ])),
    ),
    ("as_of", Shape::Maybe(&Shape::Time)),
    ("source", Shape::Maybe(&Shape::Text)),
]);

#[derive(Serialize)]
struct BucketsBody<'a> {
    buckets: Vec<BucketBody>,
    as_of: Option<At<'a>>,
    source: Option<&'a str>,
}

#[derive(Serialize)]
struct BucketBody {
    kind: &'static str,
    granted_octets: u64,
    remaining_octets: u64,
    expires_on: Option<AsText<Day>>,
    order: Option<u32>,
}

pub(in crate::route) fn buckets(buckets: &Buckets, zone: &Zone) -> Vec<u8> {
    let bucket = |bucket: &Bucket| BucketBody {
        kind: BucketKind::word(bucket.kind),
        granted_octets: bucket.granted.get(),
        remaining_octets: bucket.remaining.get(),
        expires_on: bucket.expires_on.map(AsText),
        order: bucket.order,
    };
    let body = BucketsBody {
        buckets: buckets.buckets.iter().map(bucket).collect(),
        as_of: as_of(buckets.origin.as_ref(), zone),
        source: buckets.origin.as_ref().map(|origin| origin.source.as_str()),
    };
    write(&body, 128 + 128 * buckets.buckets.len())
}

pub(in crate::route) const USAGE: Shape = Shape::Object(&[
    ("month", Shape::Month),
    (
        "days",
        Shape::List(&Shape::Object(&[
            ("date", Shape::Day),
            ("high_octets", Shape::Count),
            ("low_octets", Shape::Count),
            ("whole", Shape::Bool),
        ])),
    ),
    ("as_of", Shape::Maybe(&Shape::Time)),
    ("source", Shape::Maybe(&Shape::Text)),
]);

#[derive(Serialize)]
struct UsageBody<'a> {
    month: AsText<Month>,
    days: Vec<DayBody>,
    as_of: Option<At<'a>>,
    source: Option<&'a str>,
}

#[derive(Serialize)]
struct DayBody {
    date: AsText<Day>,
    high_octets: u64,
    low_octets: u64,
    whole: bool,
}

pub(in crate::route) fn usage(usage: &Usage, zone: &Zone) -> Vec<u8> {
    let day = |day: &honnin_care::facts::UsageDay| DayBody {
        date: AsText(day.date),
        high_octets: day.high.get(),
        low_octets: day.low.get(),
        whole: day.whole,
    };
    let body = UsageBody {
        month: AsText(usage.month),
        days: usage.days.iter().map(day).collect(),
        as_of: as_of(usage.origin.as_ref(), zone),
        source: usage.origin.as_ref().map(|origin| origin.source.as_str()),
    };
    write(&body, 128 + 72 * usage.days.len())
}

pub(in crate::route) const PURCHASES: Shape = Shape::Object(&[
    (
        "purchases",
        Shape::List(&Shape::Object(&[
            ("purchase", Shape::Id),
            ("at", Shape::Time),
            ("octets", Shape::Count),
            ("amount_yen", Shape::Yen),
        ])),
    ),
    ("as_of", Shape::Maybe(&Shape::Time)),
    ("source", Shape::Maybe(&Shape::Text)),
]);

#[derive(Serialize)]
struct PurchasesBody<'a> {
    purchases: Vec<PurchaseBody<'a>>,
    as_of: Option<At<'a>>,
    source: Option<&'a str>,
}

#[derive(Serialize)]
struct PurchaseBody<'a> {
    purchase: AsText<PurchaseId>,
    at: At<'a>,
    octets: u64,
    amount_yen: i64,
}

pub(in crate::route) fn purchases(purchases: &Purchases, zone: &Zone) -> Vec<u8> {
    let bought = purchases.purchases.iter().map(|purchase| PurchaseBody {
        purchase: AsText(purchase.purchase),
        at: At(purchase.at, zone),
        octets: purchase.octets.get(),
        amount_yen: purchase.amount.get(),
    });
    let body = PurchasesBody {
        purchases: bought.collect(),
        as_of: as_of(purchases.origin.as_ref(), zone),
        source: purchases.origin.as_ref().map(|origin| origin.source.as_str()),
    };
    write(&body, 128 + 128 * purchases.purchases.len())
}

pub(in crate::route) const CONTRACT: Shape = Shape::Object(&[
    ("line", Shape::Id),
    ("number_masked", Shape::Text),
    ("plan", Shape::Text),
    ("status", STATUS),
    ("from", Shape::Day),
    ("to", Shape::Maybe(&Shape::Day)),
    ("service_code", Shape::Text),
    ("line_code", Shape::Text),
    ("iccid_masked", Shape::Text),
    ("sim", Shape::Text),
    ("monthly_yen", Shape::Maybe(&Shape::Yen)),
    ("applied_on", Shape::Maybe(&Shape::Day)),
    ("five_g", Shape::Bool),
    ("share", SHARE),
    ("as_of", Shape::Time),
    ("source", Shape::Text),
]);

#[derive(Serialize)]
struct ContractBody<'a> {
    line: AsText<HoldingId>,
    number_masked: &'a str,
    plan: &'a str,
    status: &'static str,
    from: AsText<Day>,
    to: Option<AsText<Day>>,
    service_code: &'a str,
    line_code: &'a str,
    iccid_masked: &'a str,
    sim: &'a str,
    monthly_yen: Option<i64>,
    applied_on: Option<AsText<Day>>,
    five_g: bool,
    share: Option<ShareBody>,
    as_of: At<'a>,
    source: &'a str,
}

pub(in crate::route) fn contract(contract: &Contract, zone: &Zone) -> Vec<u8> {
    let body = ContractBody {
        line: AsText(contract.head.line),
        number_masked: &contract.head.number_masked,
        plan: &contract.head.plan,
        status: contract.head.status.word(),
        from: AsText(contract.head.held.from),
        to: contract.head.held.to.map(AsText),
        service_code: &contract.service_code,
        line_code: &contract.line_code,
        iccid_masked: &contract.iccid_masked,
        sim: &contract.sim_kind,
        monthly_yen: contract.monthly.map(honnin_terms::Yen::get),
        applied_on: contract.applied_on.map(AsText),
        five_g: contract.five_g,
        share: contract.share_lines.map(|lines| ShareBody { lines }),
        as_of: At(contract.origin.as_of, zone),
        source: &contract.origin.source,
    };
    write(&body, 512)
}

pub(in crate::route) const WISH: Shape = Shape::Object(&[("high", Shape::Bool)]);

pub(in crate::route) const RECEIPT: Shape =
    Shape::Object(&[("state", SPEED_STATE), ("version", Shape::Count)]);

#[derive(Serialize)]
struct ReceiptBody {
    state: &'static str,
    version: u64,
}

pub(in crate::route) fn receipt(receipt: &WishReceipt) -> Vec<u8> {
    write(&ReceiptBody { state: receipt.state.word(), version: receipt.version }, 64)
}
