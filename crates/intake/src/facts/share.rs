//! Lines of one account that share their data: each shows the buckets of all.

use std::collections::{BTreeMap, HashMap};

use honnin_store::document::{BucketEntry, LostLine, Share};
use honnin_terms::{AccountId, Day, HoldingId, Moment};

use crate::facts::merge::Ground;
use crate::facts::merge_line::LineMerge;

/// What a group has together.
#[derive(Default)]
struct Group {
    lines: u32,
    buckets: Vec<BucketEntry>,
    /// The oldest moment of any of its buckets: the figures are no younger than that.
    as_of: Option<Moment>,
    /// Whether what one of its lines has is not known.
    lacks: bool,
}

/// Makes the buckets and the share of every line anew.
///
/// A group one of whose lines is not known, or has buckets that were never understood, is not whole.
pub(crate) fn join(lines: &mut BTreeMap<HoldingId, LineMerge>, lost: &[LostLine], ground: &Ground<'_>) {
    let newest = lines.values().flat_map(|line| [Some(line.line.as_of.at), line.own_as_of]).flatten().max();
    let today = ground.ledger.zone.day(newest.unwrap_or(ground.permit.at()));
    // A code is the ledger's within one account: lines that came by a merge share among themselves.
    let mut groups = HashMap::<(Option<AccountId>, String), Group>::new();
    for (holding, line) in &*lines {
        let Some(code) = shares(line, today) else { continue };
        let group = groups.entry((ground.moves.home(*holding), code.to_owned())).or_default();
        group.lines += 1;
        group.buckets.extend(line.own.iter().cloned());
        group.as_of = [group.as_of, line.own_as_of].into_iter().flatten().min();
        group.lacks |= line.own_as_of.is_none() && line.own_lost;
    }
    for (holding, line) in lines {
        let code = shares(line, today).map(|code| (ground.moves.home(*holding), code.to_owned()));
        let group = code.and_then(|code| groups.get(&code).map(|group| (code.1, group)));
        let (share, buckets, as_of) = match group {
            Some((code, Group { lines, buckets, as_of, lacks })) => {
                let whole =
                    !lacks && lost.iter().all(|lost| lost.share_group.as_deref() != Some(code.as_str()));
                (Some(Share { group: code, lines: *lines, whole }), buckets.clone(), *as_of)
            }
            None => (None, line.own.clone(), line.own_as_of),
        };
        line.line.share = share;
        line.line.buckets = buckets;
        line.line.buckets.sort_by_key(|b| (b.end(), b.kind, b.holding, b.granted, b.remaining, b.purchase));
        line.line.buckets_as_of = as_of;
        line.line.buckets_on = as_of.map(|as_of| ground.ledger.zone.day(as_of));
    }
}

/// The group a line draws from on that day.
fn shares(line: &LineMerge, today: Day) -> Option<&str> {
    line.group.as_deref().filter(|_| line.line.held.contains(today))
}
