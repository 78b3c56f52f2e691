//! What `doctor` says of how much is offered, and of what the public is told of it.

use std::fs;

use honnin_node::{Written, read_mode};
use honnin_notices::{Board, Incident, LATE_SECONDS, Trouble, Word, read_record};
use honnin_terms::{Less, Mode, Moment, Strain};

use super::Findings;
use crate::failure::Failure;
use crate::run::serve::runtime;
use crate::wiring::Rooms;
use crate::wiring::notices::{PublicRecord, WORD};

/// Looks at both. `node` is when a node last said that it runs.
pub(super) fn offered(rooms: &Rooms, node: Option<Moment>, findings: &mut Findings) {
    let now = rooms.clock.0.now();
    let record = match PublicRecord::of(&rooms.installation, &rooms.keeper) {
        Ok(record) => record,
        Err(reason) => return findings.attention("notices", reason),
    };
    let word = said(&record).ok().flatten();
    let permit = rooms.keep();
    let reading = read_mode(&*rooms.store, &permit, &*rooms.keeper);
    let seen = runtime(1).map_err(Failure::from).and_then(|runtime| Ok(runtime.block_on(reading)?));
    // What was altered of it stops personal pages and is told with that; a store that does not answer, with the store.
    if let Ok(Some(Written { forced, .. })) = seen.map(|seen| seen.written) {
        let told = word.as_ref().map(|word| (word.mode.as_str(), rooms.zone.rfc3339(word.at)));
        let fresh = word.as_ref().is_some_and(|word| now.seconds_since(word.at) <= LATE_SECONDS);
        mode(forced, told, fresh, findings);
    }
    let every = rooms.installation.settings.status.every.whole_seconds();
    if is_mute(word.as_ref().map(|word| word.at), node, every) {
        return findings.attention(
            "notices",
            format_args!(
                "a node runs, and its word to the public is old: the directory {} takes nothing. Is its volume full, and \
                 is it the service's own? The log says why",
                record.dir.display()
            ),
        );
    }
    match verified(&record) {
        Ok(board) => notices(board.as_ref(), now, findings),
        Err(reason) => findings.attention("notices", reason),
    }
}

/// The service's last word, where it is its own.
fn said(record: &PublicRecord) -> Result<Option<Word>, Failure> {
    let Ok(octets) = fs::read(record.dir.join(WORD)) else { return Ok(None) };
    Ok(Word::read(&octets, &record.origin, &record.public_key()?).ok().flatten())
}

/// How much is offered: because a person said so, or by what the service measures.
fn mode(forced: Option<Less>, told: Option<(&str, String)>, fresh: bool, findings: &mut Findings) {
    if let Some(forced) = forced {
        let mode = forced.word();
        return findings.attention(
            "mode",
            format_args!(
                "{mode} on every node, because a person said so (`honnin journal acts` says who); \
                 `honnin mode release` when the reason is gone"
            ),
        );
    }
    let Some((mode, at)) = told else {
        return findings.ok("mode", "not known: the service has not said it yet");
    };
    let less = Less::ALL.into_iter().any(|less| less.because(Strain::Store).word() == mode);
    if less && fresh {
        let what = if mode == Mode::ReadOnly(Strain::Room).word() {
            "hardly any room is left on the store's volume: make room"
        } else {
            "the log says why (a slow store, a journal anchored late, or too many who wait): look at the volume, the \
             database and the load"
        };
        findings.attention(
            "mode",
            format_args!(
                "{mode}, as the service said at {at}: {what}. It ends by itself a minute after the cause"
            ),
        );
    } else {
        findings.ok("mode", format_args!("{mode}, as the service said at {at}"));
    }
}

/// Whether a node runs and says nothing to the public: its word is older than a reader waits for one.
fn is_mute(word: Option<Moment>, node: Option<Moment>, every: i64) -> bool {
    let (Some(word), Some(node)) = (word, node) else { return false };
    node.seconds_since(word) > LATE_SECONDS.saturating_add(every)
}

/// The public record, where anything was ever said; nothing is written for it.
fn verified(record: &PublicRecord) -> Result<Option<Board>, Failure> {
    let heads = record.heads()?;
    if heads.is_empty() && !record.dir.join("checkpoint").exists() {
        return Ok(None);
    }
    let key = record.public_key()?;
    match read_record(&record.dir, &record.origin, &key, &heads) {
        Ok((_, board)) => Ok(Some(board)),
        Err(bad) => Err(Failure::cannot(format_args!(
            "trust the public record of notices: it is not what it was ({}); keep its files, `honnin status verify` says what \
             is wrong, see docs/status.md",
            Trouble::of(&bad).word()
        ))),
    }
}

/// What stands in it that waits for a person.
fn notices(board: Option<&Board>, now: Moment, findings: &mut Findings) {
    let Some(board) = board else { return findings.ok("notices", "nothing was said to the public yet") };
    let open: Vec<&Incident> = board.incidents().iter().filter(|incident| !incident.is_over()).collect();
    let late: Vec<String> = open
        .iter()
        .filter(|incident| incident.late_by(now).is_some())
        .map(|incident| incident.id().to_string())
        .collect();
    let text = format!("the record verifies: {} entries, {} incidents open", board.posts(), open.len());
    if late.is_empty() {
        findings.ok("notices", text);
    } else {
        findings.attention(
            "notices",
            format_args!(
                "{text}; the promised update is overdue of {}: `honnin notice update` or `resolve`",
                late.join(", ")
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use honnin_notices::{By, Change, Impact, Opening, Record, State, Texts};
    use honnin_seal::{Secret, SigningKey};
    use honnin_testkit::TestDir;

    use super::*;
    use crate::run::doctor;

    fn told(forced: Option<Less>, said: Option<&str>, fresh: bool) -> (bool, String) {
        let mut findings = Findings::default();
        mode(forced, said.map(|mode| (mode, "2026-11-29T10:00:00+09:00".to_owned())), fresh, &mut findings);
        let check = findings.checks.pop().unwrap();
        (check.state == doctor::State::Attention, check.text)
    }

    #[test]
    fn a_measured_mode_needs_attention_while_the_service_says_it() {
        for less in Less::ALL {
            let word = less.word();
            let (attention, text) = told(None, Some(word), true);
            assert!(attention && text.starts_with(word) && text.contains("10:00:00"), "{text}");
            assert!(
                !told(None, Some(word), false).0,
                "{word}: what it said before it ended is nothing to look at"
            );
            let (attention, text) = told(Some(less), None, false);
            assert!(attention && text.contains("`honnin mode release`"), "{text}");
        }
        assert!(told(None, Some("read_only"), true).1.contains("make room"));
        for said in [None, Some("open"), Some("path_unproven"), Some("stopping")] {
            assert!(!told(None, said, true).0, "{said:?}");
        }
    }

    #[test]
    fn an_update_that_was_promised_and_did_not_come_is_told() {
        let dir = TestDir::new();
        let key = SigningKey::of_seed(&Secret::from_octets([7; 32])).unwrap();
        let mut record = Record::open(dir.path(), "a.example/notices", key, &[]).unwrap();
        let now: Moment = "2026-11-29T10:00:00+09:00".parse().unwrap();
        let text = || Texts { ja: "遅くなっています".to_owned(), en: "Slow".to_owned() };
        let opening = Opening {
            state: State::Investigating,
            impact: Impact::Minor,
            cause: String::new(),
            source: String::new(),
            parts: Vec::new(),
            title: text(),
            body: text(),
            started_at: None,
            ends_at: None,
            next_at: Some(now.plus_seconds(1_800)),
        };
        let post = record.opening(now, By::Operator, opening).unwrap();
        record.say(post).unwrap();
        let told = |board: Option<&Board>, minutes: i64| {
            let mut findings = Findings::default();
            notices(board, now.plus_seconds(minutes * 60), &mut findings);
            let check = findings.checks.pop().unwrap();
            (findings.attention, check.text)
        };
        assert_eq!(told(None, 0).0, 0);
        assert_eq!(
            told(Some(record.board()), 29),
            (0, "the record verifies: 1 entries, 1 incidents open".to_owned())
        );
        let (attention, late) = told(Some(record.board()), 31);
        assert!(attention == 1 && late.contains("overdue of 0: `honnin notice update`"), "{late}");
        let over = Change { state: Some(State::Resolved), ..Change::saying(text()) };
        let post = record.changing(now.plus_seconds(1_860), By::Operator, 0, over).unwrap();
        record.say(post).unwrap();
        assert_eq!(told(Some(record.board()), 62).0, 0, "of what is over nobody waits for news");
    }

    #[test]
    fn a_node_that_runs_and_says_nothing_to_the_public_is_told() {
        let at = |second: i64| Some(Moment::EPOCH.plus_seconds(second));
        assert!(is_mute(at(0), at(71), 10));
        for (word, node) in [(at(0), at(70)), (at(70), at(0)), (None, at(71)), (at(0), None)] {
            assert!(!is_mute(word, node, 10), "{word:?} {node:?}");
        }
    }
}
