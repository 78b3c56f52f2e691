//! D16: a number that was somebody else's. What was used before belongs to who had it then, however late it arrives.

use std::collections::HashSet;

use crate::client::Target;
use crate::harness::{Failure, SignedIn, Verdict};
use crate::kit::paths::Paths;
use crate::kit::stage::{Stage, World, ask_kept, get_as};
use crate::kit::tally::{Findings, Tally};
use crate::ledger::Watermarks;
use crate::scan::{PREFIX, Piece, Scanner};

/// Numbers that changed hands.
const NUMBERS: u64 = 20;
/// Everybody else.
const SUBJECTS: u64 = 20;
/// Usage in octets has thirteen digits; nothing else of a line whose number changed hands has them but its buckets.
const USAGE_DIGITS: usize = 13;

/// Plays D16.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world_with(SUBJECTS, |asked| Watermarks { recycled: NUMBERS, ..asked })?;
    let house = stage.house(world.ledger(), world.accounts.len()).await?;
    let mut tally = Tally::default();
    let (mut holders, mut missing) = (0_u64, Findings::default());
    for (former, next) in &world.recycled {
        for account in [former, next] {
            let session = house.sessions().iter().find(|session| session.account == *account);
            let session = session.ok_or_else(|| Failure::Product(format!("{account} has no session")))?;
            let seen = everything(house.target(), session, &world, &mut tally).await?;
            for mark in used(&world, account).filter(|mark| !seen.contains(*mark)) {
                missing.add(format!("{account} was not shown {mark}, which is hers"));
            }
            holders += 1;
        }
    }
    let tried = format!("everything that {holders} holders of {NUMBERS} numbers can read");
    let mut verdicts = vec![Verdict::of(
        "every holder is shown all usage of her own time, late usage too",
        &tried,
        holders,
        missing.told(),
    )];
    verdicts.extend(tally.looked(&tried));
    Ok(verdicts)
}

/// Reads everything there is for a session, all months; returns the marks of her own that she was shown.
async fn everything(
    target: Target,
    session: &SignedIn,
    world: &World,
    tally: &mut Tally,
) -> Result<HashSet<String>, Failure> {
    let mut paths = Paths::of(world, target, session, tally).await?;
    let [_, before] = world.asked_months();
    for line in &paths.lines {
        paths.reads.push(format!("/lines/{line}/usage?month={before}"));
        paths.reads.push(format!("/api/v1/lines/{line}/usage?month={before}"));
    }
    let subject = world.vocabulary.subject(&session.account);
    let mut seen = HashSet::new();
    for path in paths.reads {
        let exchange = ask_kept(target, &get_as(session, &path)).await?;
        tally.look(world, Some(session), &path, &exchange);
        let body = Piece { place: "body", octets: &exchange.answer.body, coding: "" };
        seen.extend(Scanner::new(&world.vocabulary).scan(subject, &[body]).own);
    }
    Ok(seen)
}

/// The usage of an account in octets.
fn used<'w>(world: &'w World, account: &'w str) -> impl Iterator<Item = &'w String> {
    let of_line =
        world.marked.iter().filter(move |marked| marked.account == account && marked.line.is_some());
    of_line
        .flat_map(|marked| &marked.numbers)
        .filter(|mark| mark.len() == USAGE_DIGITS && !mark.starts_with(PREFIX) && is_usage(mark))
}

/// By the last digits that figures of its kind share.
fn is_usage(octets: &str) -> bool {
    octets.ends_with("011000") || octets.ends_with("017000")
}
