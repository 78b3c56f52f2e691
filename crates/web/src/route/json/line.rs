//! Bodies about one line.

use honnin_care::facts::{
    Bucket, Buckets, Contract, Effective, Home, Purchase, Purchases, Speed, Terms, Usage, WishReceipt,
};
use honnin_terms::{
    BucketKind, Day, HoldingId, LineStatus, Month, PurchaseId, Said, SpeedReason, SpeedState, Yen, Zone,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::account::BillHeadBody;
use super::{AsText, At, Word, as_of, as_of_by, write};

/// Lines that use one data volume together.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Share")]
struct ShareBody {
    /// How many lines share, this one among them.
    lines: u32,
}

/// What home shows of a line.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Home")]
pub(in crate::route) struct HomeBody<'a> {
    /// When the ledger said it.
    as_of: At<'a>,
    /// Whose moment `as_of` is: of the ledger, or only that of the intake where the ledger gives none.
    as_of_by: Word<Said>,
    /// Which system of record said it.
    #[schemars(example = &"billing")]
    source: &'a str,
    /// What is left; null where it is not known.
    balance: Option<BalanceBody>,
    /// From when on the balance is not known, where it was known before.
    balance_unknown_since: Option<At<'a>>,
    /// What expires next.
    next_expiry: Option<NextExpiryBody>,
    speed: SpeedBody<'a>,
    /// Whether the contract has 5G.
    five_g: bool,
    share: Option<ShareBody>,
    usage: UsageHeadBody<'a>,
    /// The newest bill.
    bill: Option<BillHeadBody<'a>>,
    /// The plan, in the ledger's words.
    #[schemars(example = &"ギガプラン 20GB")]
    plan: &'a str,
}

/// What is left of all buckets.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Balance")]
struct BalanceBody {
    /// What is left.
    #[schemars(example = 5_000_000_000_u64)]
    remaining_octets: u64,
    /// What was granted.
    #[schemars(example = 5_000_000_000_u64)]
    granted_octets: u64,
    /// Whether other lines use it too.
    shared: bool,
    /// Whether every bucket it is made of still counts today.
    current: bool,
}

/// What expires next.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NextExpiry")]
struct NextExpiryBody {
    /// How much of what is left expires then.
    #[schemars(example = 5_000_000_000_u64)]
    octets: u64,
    /// The last day it can be used.
    expires_on: AsText<Day>,
}

/// High speed or low: what was asked for, how far that is, and what the line has.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Speed")]
pub(in crate::route) struct SpeedBody<'a> {
    /// Counts the wishes for this line; 0 where there was none. A wish is done when this is its version or a later one
    /// and `state` is neither `accepted` nor `pending`.
    version: u64,
    /// Whether high speed was asked for.
    desired: bool,
    /// How far the wish is.
    state: Word<SpeedState>,
    /// Why the speed is what it is.
    reason: Word<SpeedReason>,
    /// What the line has now; null where that is not known.
    #[schemars(length(max = 64), extend("x-extensible-enum" = ["high", "low", "none"]))]
    effective: Option<&'static str>,
    /// Whether a wish would be taken now.
    changeable: bool,
    /// When the state last changed; null where there was no wish.
    changed_at: Option<At<'a>>,
}

pub(in crate::route) fn speed(speed: &Speed, zone: &Zone) -> Vec<u8> {
    write(&SpeedBody::of(speed, zone), 256)
}

impl<'a> SpeedBody<'a> {
    fn of(speed: &Speed, zone: &'a Zone) -> Self {
        Self {
            version: speed.version,
            desired: speed.desired_high,
            state: Word(speed.state),
            reason: Word(speed.reason),
            effective: speed.effective.map(Effective::word),
            changeable: speed.changeable,
            changed_at: speed.changed_at.map(|at| At(at, zone)),
        }
    }
}

/// Usage of today and of this month.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UsageHead")]
struct UsageHeadBody<'a> {
    /// Today; null where the ledger has no whole row of today.
    #[schemars(example = 5_000_000_000_u64)]
    today_octets: Option<u64>,
    /// The sum of the known days of this month.
    #[schemars(example = 5_000_000_000_u64)]
    month_octets: Option<u64>,
    /// Past days of this month that are not known.
    missing_days: u32,
    /// When the ledger said it.
    as_of: Option<At<'a>>,
    /// Whose moment `as_of` is: of the ledger, or only that of the intake where the ledger gives none.
    as_of_by: Option<Word<Said>>,
}

pub(in crate::route) fn home(home: &Home, zone: &Zone) -> Vec<u8> {
    let body = HomeBody {
        as_of: At(home.origin.as_of.at, zone),
        as_of_by: Word(home.origin.as_of),
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
        speed: SpeedBody::of(&home.speed, zone),
        five_g: home.five_g,
        share: home.share_lines.map(|lines| ShareBody { lines }),
        usage: UsageHeadBody {
            today_octets: home.usage.today.map(honnin_terms::Octets::get),
            month_octets: home.usage.month.get().map(|octets| octets.get()),
            missing_days: home.usage.missing_days,
            as_of: home.usage.as_of.map(|said| At(said.at, zone)),
            as_of_by: home.usage.as_of.map(Word),
        },
        bill: home.bills.first().map(|bill| BillHeadBody::of(bill, zone)),
        plan: &home.head.plan,
    };
    write(&body, 768)
}

/// Buckets of the share group in the order of use.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Buckets")]
pub(in crate::route) struct BucketsBody<'a> {
    buckets: Vec<BucketBody>,
    /// When the ledger said it; null where it never did.
    as_of: Option<At<'a>>,
    /// Whose moment `as_of` is: of the ledger, or only that of the intake where the ledger gives none.
    as_of_by: Option<Word<Said>>,
    /// Which system of record said it.
    #[schemars(example = &"billing")]
    source: Option<&'a str>,
}

/// One bucket of data.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Bucket")]
struct BucketBody {
    /// Where it comes from.
    kind: Word<BucketKind>,
    /// What was granted.
    #[schemars(example = 5_000_000_000_u64)]
    granted_octets: u64,
    /// What is left.
    #[schemars(example = 5_000_000_000_u64)]
    remaining_octets: u64,
    /// The last day it can be used; null where it does not expire.
    expires_on: Option<AsText<Day>>,
    /// Its place in the order of use, from 1; null where it is not used any more.
    order: Option<u32>,
}

pub(in crate::route) fn buckets(buckets: &Buckets, zone: &Zone) -> Vec<u8> {
    let bucket = |bucket: &Bucket| BucketBody {
        kind: Word(bucket.kind),
        granted_octets: bucket.granted.get(),
        remaining_octets: bucket.remaining.get(),
        expires_on: bucket.expires_on.map(AsText),
        order: bucket.order,
    };
    let body = BucketsBody {
        buckets: buckets.buckets.iter().map(bucket).collect(),
        as_of: as_of(buckets.origin.as_ref(), zone),
        as_of_by: as_of_by(buckets.origin.as_ref()),
        source: buckets.origin.as_ref().map(|origin| origin.source.as_str()),
    };
    write(&body, 128 + 128 * buckets.buckets.len())
}

/// Usage of one month by day.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Usage")]
pub(in crate::route) struct UsageBody<'a> {
    /// The month.
    month: AsText<Month>,
    /// Days the ledger has a row of; any other day is not known, which is not zero.
    #[schemars(length(max = 31))]
    days: Vec<DayBody<'a>>,
    /// When the ledger said it; null where it never did.
    as_of: Option<At<'a>>,
    /// Whose moment `as_of` is: of the ledger, or only that of the intake where the ledger gives none.
    as_of_by: Option<Word<Said>>,
    /// Which system of record said it.
    #[schemars(example = &"billing")]
    source: Option<&'a str>,
}

/// Usage of one day.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UsageDay")]
struct DayBody<'a> {
    /// The day, in the zone of the operator.
    date: AsText<Day>,
    /// At high speed.
    #[schemars(example = 5_000_000_000_u64)]
    high_octets: u64,
    /// At low speed.
    #[schemars(example = 5_000_000_000_u64)]
    low_octets: u64,
    /// Whether every record of the day was understood.
    whole: bool,
    /// When the ledger last said something of the day.
    as_of: At<'a>,
    /// Whose moment `as_of` is: of the ledger, or only that of the intake where the ledger gives none.
    as_of_by: Word<Said>,
}

pub(in crate::route) fn usage(usage: &Usage, zone: &Zone) -> Vec<u8> {
    let day = |day: &honnin_care::facts::UsageDay| DayBody {
        date: AsText(day.date),
        high_octets: day.high.get(),
        low_octets: day.low.get(),
        whole: day.whole,
        as_of: At(day.as_of.at, zone),
        as_of_by: Word(day.as_of),
    };
    let body = UsageBody {
        month: AsText(usage.month),
        days: usage.days.iter().map(day).collect(),
        as_of: as_of(usage.origin.as_ref(), zone),
        as_of_by: as_of_by(usage.origin.as_ref()),
        source: usage.origin.as_ref().map(|origin| origin.source.as_str()),
    };
    write(&body, 128 + 144 * usage.days.len())
}

/// Purchases of data, newest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Purchases")]
pub(in crate::route) struct PurchasesBody<'a> {
    purchases: Vec<PurchaseBody<'a>>,
    /// Where the next page begins: send it as `cursor`; null on the last page.
    next: Option<AsText<PurchaseId>>,
    /// When the ledger said it; null where it never did.
    as_of: Option<At<'a>>,
    /// Whose moment `as_of` is: of the ledger, or only that of the intake where the ledger gives none.
    as_of_by: Option<Word<Said>>,
    /// Which system of record said it.
    #[schemars(example = &"billing")]
    source: Option<&'a str>,
}

/// One purchase of data.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Purchase")]
struct PurchaseBody<'a> {
    /// Its id.
    purchase: AsText<PurchaseId>,
    /// When.
    at: At<'a>,
    /// How much was bought.
    #[schemars(example = 5_000_000_000_u64)]
    octets: u64,
    /// What it cost, with tax.
    #[schemars(example = 2_345)]
    amount_yen: i64,
    /// When the ledger said it.
    as_of: At<'a>,
    /// Whose moment `as_of` is: of the ledger, or only that of the intake where the ledger gives none.
    as_of_by: Word<Said>,
}

/// `list` is one page of them.
pub(in crate::route) fn purchases(
    purchases: &Purchases,
    list: &[Purchase],
    next: Option<PurchaseId>,
    zone: &Zone,
) -> Vec<u8> {
    let bought = list.iter().map(|purchase| PurchaseBody {
        purchase: AsText(purchase.purchase),
        at: At(purchase.at, zone),
        octets: purchase.octets.get(),
        amount_yen: purchase.amount.get(),
        as_of: At(purchase.as_of.at, zone),
        as_of_by: Word(purchase.as_of),
    });
    let body = PurchasesBody {
        purchases: bought.collect(),
        next: next.map(AsText),
        as_of: as_of(purchases.origin.as_ref(), zone),
        as_of_by: as_of_by(purchases.origin.as_ref()),
        source: purchases.origin.as_ref().map(|origin| origin.source.as_str()),
    };
    write(&body, 192 + 208 * list.len())
}

/// What was agreed for a line: part of its contract, and of an export.
#[derive(Serialize, JsonSchema)]
pub(super) struct TermsBody<'a> {
    /// The ledger's code of the service; null where it does not say.
    #[schemars(example = &"S0001")]
    service_code: Option<&'a str>,
    /// What kind of SIM it is; null where the ledger does not say.
    #[schemars(example = &"eSIM")]
    sim: Option<&'a str>,
    /// The plan, in the ledger's words.
    #[schemars(example = &"ギガプラン 20GB")]
    plan: &'a str,
    /// The monthly fee; null where the ledger does not say.
    #[schemars(example = 2_345)]
    monthly_yen: Option<i64>,
    /// When it was applied for; null where the ledger does not say.
    applied_on: Option<AsText<Day>>,
    /// Whether the contract has 5G.
    five_g: bool,
}

impl<'a> TermsBody<'a> {
    pub(super) fn of(terms: &'a Terms) -> Self {
        let Terms { service_code, sim_kind, plan, monthly, applied_on, five_g } = terms;
        Self {
            service_code: service_code.as_deref(),
            sim: sim_kind.as_deref(),
            plan,
            monthly_yen: monthly.map(Yen::get),
            applied_on: applied_on.map(AsText),
            five_g: *five_g,
        }
    }
}

/// The contract of a line.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Contract")]
pub(in crate::route) struct ContractBody<'a> {
    /// The line: an id of what this account holds, good in paths.
    line: AsText<HoldingId>,
    /// The number, all but its last digits hidden.
    #[schemars(example = &"***-****-0001")]
    number_masked: &'a str,
    #[serde(flatten)]
    terms: TermsBody<'a>,
    /// What the line can do now.
    status: Word<LineStatus>,
    /// The first day it is held.
    from: AsText<Day>,
    /// The last day it is held; null while it has no end.
    to: Option<AsText<Day>>,
    /// The ledger's code of the line.
    #[schemars(example = &"L0001")]
    line_code: &'a str,
    /// The SIM's number, all but its last digits hidden.
    #[schemars(example = &"***0001")]
    iccid_masked: &'a str,
    share: Option<ShareBody>,
    /// When the ledger said it.
    as_of: At<'a>,
    /// Whose moment `as_of` is: of the ledger, or only that of the intake where the ledger gives none.
    as_of_by: Word<Said>,
    /// Which system of record said it.
    #[schemars(example = &"billing")]
    source: &'a str,
}

pub(in crate::route) fn contract(contract: &Contract, zone: &Zone) -> Vec<u8> {
    let body = ContractBody {
        line: AsText(contract.head.line),
        number_masked: &contract.head.number_masked,
        terms: TermsBody::of(&contract.terms),
        status: Word(contract.head.status),
        from: AsText(contract.head.held.from),
        to: contract.head.held.to.map(AsText),
        line_code: &contract.line_code,
        iccid_masked: &contract.iccid_masked,
        share: contract.share_lines.map(|lines| ShareBody { lines }),
        as_of: At(contract.origin.as_of.at, zone),
        as_of_by: Word(contract.origin.as_of),
        source: &contract.origin.source,
    };
    write(&body, 512)
}

/// A wish that was taken.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WishReceipt")]
pub(in crate::route) struct ReceiptBody {
    /// How far it is: `accepted`. Follow it with `GET /api/v1/lines/{line}/speed`.
    state: Word<SpeedState>,
    /// Counts the wishes for the line.
    version: u64,
}

pub(in crate::route) fn receipt(receipt: &WishReceipt) -> Vec<u8> {
    write(&ReceiptBody { state: Word(receipt.state), version: receipt.version }, 64)
}
