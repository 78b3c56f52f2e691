//! D24: somebody carries the data directory away, without the key.

use crate::harness::{Failure, Verdict};
use crate::kit::at_rest::{Found, look};
use crate::kit::paths::Paths;
use crate::kit::stage::{Stage, ask, get_as};
use crate::kit::tally::Tally;

/// Every subject reads everything once; more of them write nothing new into the directory.
const SUBJECTS: u64 = 200;

/// Plays D24.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let subjects = world.vocabulary.subjects();
    let mut house = stage.house(world.ledger(), subjects).await?;
    stage.say("  everybody reads everything once");
    let (mut answers, mut shown, mut empty) = (0, 0, Vec::new());
    let mut tally = Tally::default();
    let mut draw = stage.draw.clone();
    let mut sessions = house.sessions().to_vec();
    // Whoever is last in the ledger need not be last in the files.
    sessions.sort_by_cached_key(|_| draw.any());
    for session in &sessions {
        let before = shown;
        let paths = Paths::of(&world, house.target(), session, &mut tally).await?;
        for path in paths.reads {
            let answer = ask(house.target(), &get_as(session, &path)).await?;
            answers += 1;
            shown += world.scan(Some(session), &answer).own.len();
        }
        if shown == before {
            empty.push("somebody was shown none of her own marks".to_owned());
        }
    }
    stage.say("  the product ends; its files are looked through");
    // Twice: while it serves, files hold what has not been tidied away yet.
    let mut found = Found::default();
    look(&house.data(), &world.vocabulary, &sessions, &mut found)?;
    house.end().await?;
    look(&house.data(), &world.vocabulary, &sessions, &mut found)?;
    let Found { files, octets, marks, unread, hashes, tokens } = found;
    let tried = format!("{octets} octets of files, while it serves and when it has ended, in every encoding");
    let there = format!("{shown} of their own marks in {answers} answers");
    Ok(vec![
        Verdict::of(
            "everybody is shown her own figures, so they are in there",
            "read every page",
            answers,
            empty,
        )
        .noting(there),
        Verdict::of(
            "no name, number, mail, amount or figure is readable without the key",
            &tried,
            files,
            marks,
        ),
        Verdict::of("every file could be looked into", &tried, files, unread),
        Verdict::of("no password hash is readable", &tried, files, hashes),
        Verdict::of("no session can be used that is found there", &tried, files, tokens),
    ])
}
