//! What the time of a refusal tells: whether there is such an account, and how its password was hashed.
//!
//! Guesses at accounts of every kind and at names nobody has are mixed by chance, so that whatever else the machine does
//! falls on all of them alike. The times of each kind are then compared with those of made-up names by the test of
//! Kolmogorov and Smirnov. It finds a difference where there is none in one run of ten thousand.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::super::stage::{Stage, World};
use super::hashes::{cheapen, import};
use super::owner::{asked, request};
use super::{Shape, address};
use crate::harness::{Failure, House, Verdict};

/// How a password that is imported was hashed: a word for it, and what the operator hands in, in each scheme that is
/// taken. Nobody knows the passwords. Each wrong guess costs all of them and our own: cheap enough for one guess every 33 ms.
const IMPORTED: [(&str, &str); 5] = [
    (
        "imported argon2id",
        "$argon2id$v=19$m=1024,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ),
    (
        "imported argon2i",
        "$argon2i$v=19$m=1024,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ),
    (
        "imported argon2d",
        "$argon2d$v=19$m=1024,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ),
    (
        "imported PBKDF2-SHA-256",
        "$pbkdf2-sha256$i=20000$c2FsdHNhbHRzYWx0c2FsdA$8nX7hwFEzIB8aPajJTYK8weHQc5Ngz0pFVAKvSu4jQA",
    ),
    (
        "imported PBKDF2-SHA-512",
        "$pbkdf2-sha512$i=10000$c2FsdHNhbHRzYWx0c2FsdA$8nX7hwFEzIB8aPajJTYK8weHQc5Ngz0pFVAKvSu4jQA",
    ),
];
/// Whose password is tried: what comes before those whose hashes are imported.
const OURS: [&str; 3] = ["a name nobody has", "hashed by us", "suspended"];
const KINDS: [&str; OURS.len() + IMPORTED.len()] =
    [OURS[0], OURS[1], OURS[2], IMPORTED[0].0, IMPORTED[1].0, IMPORTED[2].0, IMPORTED[3].0, IMPORTED[4].0];
/// So many names of each kind: a guess at one is far from the next.
const NAMES: usize = 8;
/// The first accounts of the ledger, whose lines are all suspended.
pub(crate) const SUSPENDED: u64 = 8;
/// One guess after the other: seldom enough that none waits for others.
const EVERY: Duration = Duration::from_millis(33);
/// Where the guessers' prefixes begin.
const FIRST: u16 = 42_000;
pub(crate) const CHECK: &str =
    "the time of a refusal does not tell whether there is such an account, nor how it is hashed";
/// The chance that a difference is found where there is none, for each comparison.
const ERROR: f64 = 1e-4 / 7.0;

/// Guesses at accounts of every kind, so many at each kind, mixed by chance.
pub(crate) async fn tell_nothing(
    stage: &Stage,
    house: &House,
    world: &World,
    each: usize,
) -> Result<Verdict, Failure> {
    stage.say(&format!("  {each} guesses at accounts of each of {} kinds", KINDS.len()));
    let names = names(house, world, Shape::of(stage.options.seconds))?;
    let mut draw = stage.draw.of_part(11);
    let mut order: Vec<usize> = (0..KINDS.len()).flat_map(|kind| std::iter::repeat_n(kind, each)).collect();
    order.sort_by_cached_key(|_| draw.any());
    let mut asking = JoinSet::new();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let target = house.target();
    for (prefix, kind) in (0_u16..).zip(order) {
        let login = names.get(kind).and_then(|names| draw.of(names)).cloned().unwrap_or_default();
        let from = address(FIRST.saturating_add(prefix), 1);
        ticks.tick().await;
        asking.spawn(async move {
            let came = Instant::now();
            let exchange = asked(from, target, &request(&login, "not the password", None)).await;
            (kind, exchange.map_or(0, |exchange| exchange.answer.status), came.elapsed())
        });
    }
    let mut times: [Vec<f64>; KINDS.len()] = Default::default();
    let mut found = Vec::new();
    while let Some(asked) = asking.join_next().await {
        let (kind, status, took) = asked.map_err(|error| Failure::Product(error.to_string()))?;
        if status == 401 {
            if let Some(times) = times.get_mut(kind) {
                times.push(took.as_secs_f64());
            }
        } else {
            found.push(format!("a guess was answered {status}"));
        }
    }
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    let (unknown, known) = times.split_first().ok_or_else(|| Failure::Product("no kind".to_owned()))?;
    let mut notes = Vec::new();
    for (kind, times) in KINDS.iter().skip(1).zip(known) {
        let (distance, bound) = (distance(unknown, times), critical(unknown.len(), times.len()));
        let middle = times.get(times.len() / 2).copied().unwrap_or_default() * 1_000.0;
        notes.push(format!("{kind}: half within {middle:.1} ms, distance {distance:.3} of {bound:.3}"));
        if distance > bound {
            found.push(format!(
                "{kind} is told from a name nobody has: distance {distance:.3}, {bound:.3} allowed"
            ));
        }
    }
    let tried = format!("{each} guesses each: {}", KINDS.join(", "));
    let count = times.iter().map(Vec::len).sum::<usize>();
    Ok(Verdict::of(CHECK, &tried, u64::try_from(count).unwrap_or(u64::MAX), found).noting(notes.join("; ")))
}

/// Accounts of each kind, after the operator has imported hashes for some.
fn names(house: &House, world: &World, shape: Shape) -> Result<Vec<Vec<String>>, Failure> {
    let (suspended, others) = world.accounts.split_at(world.suspended);
    let suspended: Vec<String> = suspended.iter().take(NAMES).cloned().collect();
    let some = (others.len() / (KINDS.len() - 2)).clamp(1, NAMES);
    let nobody = (0..some).map(|number| format!("mio{:08}", 80_000_000 + number)).collect();
    let mut others = others.chunks(some).map(<[String]>::to_vec);
    let mut kinds: Vec<Vec<String>> = vec![nobody, others.next().unwrap_or_default(), suspended];
    kinds.extend(others.take(IMPORTED.len()));
    if kinds.len() < KINDS.len() || kinds.iter().any(Vec::is_empty) {
        return Err(Failure::Product("too few accounts for one of each kind".to_owned()));
    }
    let (ours, imported) = kinds.split_at(OURS.len());
    cheapen(house, world, shape, &ours.iter().skip(1).flatten().cloned().collect::<Vec<_>>())?;
    let imported = IMPORTED.iter().zip(imported);
    let rows =
        imported.flat_map(|((_, hash), logins)| logins.iter().map(move |login| (login.as_str(), *hash)));
    import(house, world, rows)?;
    Ok(kinds)
}

/// The greatest distance between the shares of both that are within any time; both in order.
fn distance(one: &[f64], other: &[f64]) -> f64 {
    let share =
        |sorted: &[f64], time: f64| part(sorted.partition_point(|own| *own <= time), sorted.len().max(1));
    one.iter().chain(other).map(|time| (share(one, *time) - share(other, *time)).abs()).fold(0.0, f64::max)
}

/// The distance that chance alone passes with [`ERROR`] (Smirnov 1948, the limit for many).
fn critical(one: usize, other: usize) -> f64 {
    let of_chance = (-(ERROR / 2.0).ln() / 2.0).sqrt();
    of_chance * (part(1, one.max(1)) + part(1, other.max(1))).sqrt()
}

fn part(of: usize, all: usize) -> f64 {
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    float(of) / float(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Draw;

    fn times(draw: &mut Draw, count: usize, later: f64) -> Vec<f64> {
        let mut times: Vec<f64> = (0..count).map(|_| part(draw.place(1_000), 1_000) + later).collect();
        times.sort_by(f64::total_cmp);
        times
    }

    #[test]
    fn times_of_one_kind_are_not_told_apart_and_later_ones_are() {
        let mut draw = Draw::new(1);
        for _ in 0..200 {
            let (one, other) = (times(&mut draw, 200, 0.0), times(&mut draw, 200, 0.0));
            assert!(distance(&one, &other) <= critical(200, 200));
        }
        let (one, later) = (times(&mut draw, 2_000, 0.0), times(&mut draw, 2_000, 0.1));
        assert!(distance(&one, &later) > critical(2_000, 2_000));
        assert!((distance(&[1.0, 2.0], &[3.0, 4.0]) - 1.0).abs() < 1e-9);
    }
}
