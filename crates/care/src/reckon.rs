//! What a document says at the moment it is read: sums, expiries, states. Pure.

use honnin_store::document::{BillEntry, BucketEntry, Line, LineEntry, Profile, Wish};
use honnin_terms::{
    AccountId, BucketKind, Day, Held, HoldingId, LineStatus, Octets, SpeedReason, SpeedState,
};

use crate::facts::{Balance, BillHead, Bucket, Home, LineHead, Me, NextExpiry, Origin, Speed, UsageHead};

/// What the ledger says of a contract, as of a day: a holding outside its days is ended, whatever else it says.
pub(crate) fn status_on(status: LineStatus, held: &Held, today: Day) -> LineStatus {
    if held.to.is_some_and(|to| to < today) { LineStatus::Ended } else { status }
}

/// Buckets that can be drawn from on a day.
fn living(line: &Line, today: Day) -> impl Iterator<Item = &BucketEntry> {
    line.buckets.iter().filter(move |bucket| today <= bucket.expires_on)
}

pub(crate) fn is_ended(line: &Line, today: Day) -> bool {
    status_on(line.status, &line.held, today) == LineStatus::Ended
}

pub(crate) fn head(line: &Line, holding: HoldingId, today: Day) -> LineHead {
    LineHead {
        line: holding,
        number_masked: line.number.masked(),
        plan: line.plan.clone(),
        status: status_on(line.status, &line.held, today),
        held: line.held,
    }
}

pub(crate) fn origin(line: &Line) -> Origin {
    Origin { as_of: line.buckets_as_of.unwrap_or(line.as_of), source: line.source.clone() }
}

/// What is left; unknown for an ended holding and where the ledger has said nothing of buckets.
pub(crate) fn balance(line: &Line, today: Day) -> Option<Balance> {
    if is_ended(line, today) {
        return None;
    }
    line.buckets_as_of?;
    let full = |bucket: &BucketEntry| match bucket.kind {
        // The grant of a carried-over bucket is last month's; what came over is at least what remains.
        BucketKind::CarriedOver => bucket.remaining,
        BucketKind::Basic | BucketKind::Gift | BucketKind::TopUp => bucket.granted,
    };
    Some(Balance {
        remaining: living(line, today).map(|bucket| bucket.remaining).sum(),
        granted: living(line, today).map(full).sum(),
        shared: line.share.is_some(),
    })
}

/// The earliest expiry with a remainder, summed over the share group.
pub(crate) fn next_expiry(line: &Line, today: Day) -> Option<NextExpiry> {
    if is_ended(line, today) {
        return None;
    }
    let some = |bucket: &&BucketEntry| bucket.remaining > Octets::ZERO;
    let expires_on = living(line, today).filter(some).map(|bucket| bucket.expires_on).min()?;
    let that_day = living(line, today).filter(|bucket| bucket.expires_on == expires_on);
    Some(NextExpiry { octets: that_day.map(|bucket| bucket.remaining).sum(), expires_on })
}

/// Buckets in the order of use: soonest expiry, then carried over, basic, gift, bought; expired ones last.
pub(crate) fn in_order_of_use(line: &Line, today: Day) -> Vec<Bucket> {
    let mut entries: Vec<&BucketEntry> = line.buckets.iter().collect();
    entries.sort_by_key(|bucket| (bucket.expires_on < today, bucket.expires_on, bucket.kind, bucket.holding));
    let mut place = 0;
    let numbered = |bucket: &BucketEntry| {
        let usable = today <= bucket.expires_on && bucket.remaining > Octets::ZERO;
        place += u32::from(usable);
        Bucket {
            kind: bucket.kind,
            granted: bucket.granted,
            remaining: bucket.remaining,
            expires_on: bucket.expires_on,
            purchase: bucket.purchase,
            line: bucket.holding,
            order: usable.then_some(place),
        }
    };
    entries.into_iter().map(numbered).collect()
}

/// High speed or low. Between the wish and the ledger the one that changed last counts, unless the wish is under way.
pub(crate) fn speed(line: &Line, wish: Option<&Wish>, today: Day) -> Speed {
    let status = status_on(line.status, &line.held, today);
    let changeable = status == LineStatus::Active;
    let under_way = |wish: &&Wish| wish.state != SpeedState::Confirmed || wish.changed_at >= line.as_of;
    let reason = |high: bool, wished: SpeedReason| {
        let nothing_left = balance(line, today).is_some_and(|balance| balance.remaining == Octets::ZERO);
        match status {
            LineStatus::Suspended => SpeedReason::Suspended,
            LineStatus::Active | LineStatus::Ended if high && nothing_left => SpeedReason::Exhausted,
            LineStatus::Active | LineStatus::Ended => wished,
        }
    };
    let version = wish.map_or(0, |wish| wish.version);
    match wish.filter(under_way) {
        Some(wish) => Speed {
            desired_high: wish.high,
            applied_high: wish.applied_high.or(Some(line.high_speed)),
            state: wish.state,
            reason: reason(wish.high, wish.reason),
            version,
            changed_at: Some(wish.changed_at),
            changeable,
        },
        None => Speed {
            desired_high: line.high_speed,
            applied_high: Some(line.high_speed),
            state: SpeedState::Confirmed,
            reason: reason(line.high_speed, SpeedReason::Chosen),
            version,
            changed_at: None,
            changeable,
        },
    }
}

pub(crate) fn usage_head(line: &Line, today: Day) -> UsageHead {
    let month = today.month();
    let first = month.first();
    let days = || line.newest_days.iter().filter(|day| first <= day.day && day.day <= today);
    UsageHead {
        today: days().find(|day| day.day == today).map(|day| day.high.plus(day.low)),
        month: days().map(|day| day.high.plus(day.low)).sum(),
        known_days: days().count().try_into().unwrap_or(u32::MAX),
        of: month,
    }
}

pub(crate) fn bill_head(bill: &BillEntry) -> BillHead {
    let BillEntry { bill, month, amount, state, due_on, code: _, tax: _ } = bill;
    BillHead { bill: *bill, month: *month, amount: *amount, state: *state, due_on: *due_on }
}

pub(crate) fn share_lines(line: &Line) -> Option<u32> {
    line.share.as_ref().map(|share| share.lines)
}

pub(crate) fn home(
    line: &Line,
    holding: HoldingId,
    wish: Option<&Wish>,
    latest_bill: Option<&BillEntry>,
    today: Day,
) -> Home {
    Home {
        head: head(line, holding, today),
        origin: origin(line),
        balance: balance(line, today),
        next_expiry: next_expiry(line, today),
        speed: speed(line, wish, today),
        five_g: line.five_g,
        share_lines: share_lines(line),
        usage: usage_head(line, today),
        bill: latest_bill.map(bill_head),
    }
}

pub(crate) fn me(profile: Profile, account: AccountId, today: Day) -> Me {
    let head = |entry: LineEntry| LineHead {
        line: entry.holding,
        number_masked: entry.number.masked(),
        plan: entry.plan,
        status: status_on(entry.status, &entry.held, today),
        held: entry.held,
    };
    let mut lines: Vec<LineHead> = profile.lines.into_iter().map(head).collect();
    // Ended lines last; within these by first day.
    lines.sort_by_key(|line| (line.status == LineStatus::Ended, line.held.from, line.line));
    Me { account, name: profile.name, lines, origin: Origin { as_of: profile.as_of, source: profile.source } }
}

#[cfg(test)]
#[path = "reckon_tests.rs"]
mod tests;
