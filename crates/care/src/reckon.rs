//! What a document says at the moment it is read: sums, expiries, states. Pure.

use honnin_access::LineNames;
use honnin_store::document::{BillEntry, BucketEntry, DayEntry, Line, LineEntry, Profile, Wish};
use honnin_terms::{
    AccountId, BucketKind, Day, Held, HoldingId, Known, LineStatus, Octets, Said, SpeedReason, SpeedState,
};

use crate::facts::{
    Balance, BillHead, Bucket, Effective, Home, LineHead, Me, NextExpiry, Origin, Speed, UsageDay, UsageHead,
};

/// Days that home draws, one more than the drawing shows: it ends with yesterday where today is not known.
const RECENT_DAYS: i32 = 15;

/// What the ledger says of a contract, as of a day: a holding outside its days is ended or to come, whatever else it
/// says.
pub(crate) fn status_on(status: LineStatus, held: &Held, today: Day) -> LineStatus {
    if held.to.is_some_and(|to| to < today) {
        return LineStatus::Ended;
    }
    match status {
        LineStatus::Active | LineStatus::Suspended if today < held.from => LineStatus::Upcoming,
        LineStatus::Active | LineStatus::Suspended | LineStatus::Upcoming | LineStatus::Ended => status,
    }
}

/// Buckets that can be drawn from on a day.
fn living(line: &Line, day: Day) -> impl Iterator<Item = &BucketEntry> {
    line.buckets.iter().filter(move |bucket| bucket.lives_on(day))
}

/// Whether the contract runs on that day, so that there is something left or nothing.
fn runs(line: &Line, day: Day) -> bool {
    match status_on(line.status, &line.held, day) {
        LineStatus::Active | LineStatus::Suspended => true,
        LineStatus::Upcoming | LineStatus::Ended => false,
    }
}

pub(crate) fn head(line: &Line, holding: HoldingId, today: Day) -> LineHead {
    LineHead {
        line: holding,
        number_masked: line.number.masked(),
        nickname: None,
        plan: line.terms.plan.clone(),
        status: status_on(line.status, &line.held, today),
        held: line.held,
    }
}

/// Where what is said of the contract comes from.
pub(crate) fn origin_of_contract(line: &Line) -> Origin {
    Origin { as_of: line.as_of, source: line.source.clone() }
}

/// Where figures of buckets come from.
pub(crate) fn origin_of_buckets(line: &Line) -> Option<Origin> {
    line.buckets_as_of.map(|at| Origin { as_of: Said::by_ledger(at), source: line.source.clone() })
}

/// What is left, as far as the ledger's word reaches.
///
/// A word of the past says what was left then and until when each bucket can be used. What of it is still there is
/// shown; that nothing is left is only said where the ledger said so and nothing has changed since. When a bucket has
/// expired or a month has begun since then, others may have come of which we do not know.
pub(crate) fn balance(line: &Line, today: Day) -> Known<Balance> {
    let said = line.buckets_as_of.zip(line.buckets_on);
    let Some((as_of, said_on)) = said.filter(|_| runs(line, today)) else { return Known::NEVER };
    // A part is not shown as the whole.
    if line.share.as_ref().is_some_and(|share| !share.whole) {
        return Known::NEVER;
    }
    let some = |bucket: &&BucketEntry| bucket.remaining > Octets::ZERO;
    let expired = living(line, said_on).filter(some).any(|bucket| !bucket.lives_on(today));
    let current = !expired && said_on.month() == today.month();
    let remaining: Octets = living(line, today).map(|bucket| bucket.remaining).sum();
    if remaining == Octets::ZERO && !current {
        return Known::Unknown { since: Some(as_of) };
    }
    let full = |bucket: &BucketEntry| match bucket.kind {
        // The grant of a carried-over bucket is last month's; what came over is at least what remains.
        BucketKind::CarriedOver => bucket.remaining,
        BucketKind::Basic | BucketKind::Gift | BucketKind::TopUp => bucket.granted,
    };
    let granted = living(line, today).map(full).sum();
    Known::Known(Balance { remaining, granted, shared: line.share.is_some(), current })
}

/// The earliest expiry with a remainder, summed over the share group.
pub(crate) fn next_expiry(line: &Line, today: Day) -> Option<NextExpiry> {
    balance(line, today).get()?;
    let some = |bucket: &&BucketEntry| bucket.remaining > Octets::ZERO;
    let expires_on = living(line, today).filter(some).filter_map(|bucket| bucket.expires_on).min()?;
    let that_day = living(line, today).filter(|bucket| bucket.expires_on == Some(expires_on));
    Some(NextExpiry { octets: that_day.map(|bucket| bucket.remaining).sum(), expires_on })
}

/// Buckets in the order of use: soonest expiry, then carried over, basic, gift, bought; expired ones last.
pub(crate) fn in_order_of_use(line: &Line, today: Day) -> Vec<Bucket> {
    let mut entries: Vec<&BucketEntry> = line.buckets.iter().collect();
    entries.sort_by_key(|bucket| (!bucket.lives_on(today), bucket.end(), bucket.kind, bucket.holding));
    let mut place = 0;
    let numbered = |bucket: &BucketEntry| {
        let usable = bucket.lives_on(today) && bucket.remaining > Octets::ZERO;
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
    let under_way = |wish: &&Wish| wish.state != SpeedState::Confirmed || wish.changed_at >= line.as_of.at;
    // Only what the ledger said is used up: a word that is over says nothing of now.
    let nothing_left = balance(line, today).get().map(|balance| balance.remaining == Octets::ZERO);
    let reason = |high: bool, wished: SpeedReason| match status {
        LineStatus::Suspended => SpeedReason::Suspended,
        LineStatus::Active | LineStatus::Upcoming | LineStatus::Ended => {
            if high && nothing_left == Some(true) { SpeedReason::Exhausted } else { wished }
        }
    };
    let version = wish.map_or(0, |wish| wish.version);
    let wish = wish.filter(under_way);
    let desired_high = wish.map_or(line.high_speed, |wish| wish.high);
    let state = wish.map_or(SpeedState::Confirmed, |wish| wish.state);
    let applied = wish.and_then(|wish| wish.applied_high).unwrap_or(line.high_speed);
    let reason = reason(desired_high, wish.map_or(SpeedReason::Chosen, |wish| wish.reason));
    Speed {
        desired_high,
        applied_high: Some(applied),
        state,
        reason,
        effective: effective(status, applied, (desired_high, state), nothing_left, reason),
        version,
        changed_at: wish.map(|wish| wish.changed_at),
        changeable,
    }
}

/// What the line has: the last word of the element, held down by what is left and by the operator. Between a wish that
/// was sent and the answer to it nobody knows.
fn effective(
    status: LineStatus,
    applied: bool,
    (desired, state): (bool, SpeedState),
    nothing_left: Option<bool>,
    reason: SpeedReason,
) -> Option<Effective> {
    let sent = matches!(state, SpeedState::Pending | SpeedState::Unknown);
    match (status, nothing_left) {
        (LineStatus::Suspended | LineStatus::Ended | LineStatus::Upcoming, _) => Some(Effective::Nothing),
        (LineStatus::Active, Some(true)) => Some(Effective::Low),
        (LineStatus::Active, _) if sent && desired != applied => None,
        (LineStatus::Active, _) if !applied || reason == SpeedReason::FairUse => Some(Effective::Low),
        (LineStatus::Active, Some(false)) => Some(Effective::High),
        // High speed was confirmed, and whether anything is left is not known.
        (LineStatus::Active, None) => None,
    }
}

/// Usage of the month of that day, and of no other: what is newest may be of another month.
pub(crate) fn usage_head(line: &Line, today: Day) -> UsageHead {
    let month = today.month();
    let first = month.first();
    let (mut known_days, mut whole, mut sum) = (0_u32, 0_u32, Octets::ZERO);
    let (mut of_today, mut as_of) = (None, None);
    for entry in line.recent_days.iter().filter(|entry| first <= entry.day && entry.day <= today) {
        let used = entry.high.plus(entry.low);
        known_days = known_days.saturating_add(1);
        sum = sum.plus(used);
        as_of = as_of.max(Some(entry.as_of));
        if entry.whole && entry.day == today {
            of_today.get_or_insert(used);
        } else if entry.whole && line.held.contains(entry.day) {
            whole = whole.saturating_add(1);
        }
    }
    UsageHead {
        today: of_today,
        month: (known_days > 0).then_some(sum).into(),
        known_days,
        // One entry a day: of the past days she held the line, those that are not known whole.
        missing_days: line.held.days_between(first, today).saturating_sub(whole),
        as_of,
        of: month,
    }
}

/// The latest days up to today that are known whole, at most fourteen: a part of a day is not drawn as the day.
pub(crate) fn recent_days(line: &Line, today: Day) -> Vec<UsageDay> {
    let first = today.plus(1 - RECENT_DAYS);
    let recent =
        line.recent_days.iter().filter(|entry| entry.whole && first <= entry.day && entry.day <= today);
    let day = |entry: &DayEntry| {
        let DayEntry { day: date, high, low, whole, as_of } = *entry;
        UsageDay { date, high, low, whole, as_of }
    };
    recent.map(day).collect()
}

/// A mail address as it is shown: its first letter and its domain.
fn masked_mail(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    if domain.is_empty() { format!("{first}***") } else { format!("{first}***@{domain}") }
}

pub(crate) fn bill_head(bill: &BillEntry) -> BillHead {
    let BillEntry { bill, as_of, month, used_in, amount, state, due_on, code: _, tax: _ } = bill;
    BillHead {
        bill: *bill,
        month: *month,
        amount: *amount,
        state: *state,
        due_on: *due_on,
        used_in: *used_in,
        as_of: *as_of,
    }
}

pub(crate) fn share_lines(line: &Line) -> Option<u32> {
    line.share.as_ref().map(|share| share.lines)
}

pub(crate) fn home(
    line: &Line,
    holding: HoldingId,
    wish: Option<&Wish>,
    standing: &[BillEntry],
    today: Day,
) -> Home {
    Home {
        head: head(line, holding, today),
        origin: origin_of_buckets(line).unwrap_or_else(|| origin_of_contract(line)),
        balance: balance(line, today),
        next_expiry: next_expiry(line, today),
        speed: speed(line, wish, today),
        five_g: line.terms.five_g,
        share_lines: share_lines(line),
        usage: usage_head(line, today),
        recent: Vec::new(),
        bills: standing.iter().map(bill_head).collect(),
        seen_by_others: None,
    }
}

pub(crate) fn me((profile, names): (Profile, LineNames), account: AccountId, today: Day) -> Me {
    let head = |entry: LineEntry| LineHead {
        nickname: names.of(entry.holding).map(str::to_owned),
        line: entry.holding,
        number_masked: entry.number.masked(),
        plan: entry.plan,
        status: status_on(entry.status, &entry.held, today),
        held: entry.held,
    };
    let mut lines: Vec<LineHead> = profile.lines.into_iter().map(head).collect();
    // Ended lines last; within these by first day.
    lines.sort_by_key(|line| (line.status == LineStatus::Ended, line.held.from, line.line));
    Me {
        account,
        name: profile.name,
        login: profile.login,
        mail_masked: profile.mail.as_deref().map(masked_mail),
        lines,
        origin: Origin { as_of: profile.as_of, source: profile.source },
    }
}

#[cfg(test)]
#[path = "reckon_tests.rs"]
mod tests;
