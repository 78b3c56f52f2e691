use std::fs;
use std::path::Path;

use honnin_journal::{SeenHead, Unlike, signed};
use honnin_seal::{Secret, SigningKey, VerifyingKey};
use honnin_terms::{Mode, Moment, Stop};
use honnin_testkit::TestDir;

use crate::{
    BadRecord, Board, By, CLOSE_AFTER, Change, Herald, Impact, LATE_SECONDS, NotSaid, OPEN_AFTER, Opening,
    Part, Record, Refused, Say, State, TEMPLATES, Texts, Trouble, View, Watcher, Word, atom, calendar,
    incidents_json, read_record, silence, status_json, summary_json, template,
};

const ORIGIN: &str = "my.example.jp/notices/1";

fn key(seed: u8) -> SigningKey {
    SigningKey::of_seed(&Secret::from_octets([seed; 32])).unwrap()
}

fn public(seed: u8) -> VerifyingKey {
    key(seed).verifying_key().unwrap()
}

fn at(text: &str) -> Moment {
    format!("2021-07-16T{text}:00+09:00").parse().unwrap()
}

fn maintenance(ends: &str) -> Opening {
    let ready = template("maintenance").unwrap();
    Opening {
        state: State::InProgress,
        impact: Impact::Maintenance,
        cause: ready.word.to_owned(),
        source: String::new(),
        parts: ready.parts.to_vec(),
        title: ready.title(),
        body: ready.body(),
        started_at: None,
        ends_at: Some(at(ends)),
        next_at: Some(at("10:00")),
    }
}

/// The record of the day after: an end that is promised, moved, and passed.
struct Stand {
    dir: TestDir,
}

impl Stand {
    fn new() -> Self {
        let stand = Self { dir: TestDir::new() };
        stand.say(|record| record.opening(at("09:00"), By::Operator, maintenance("12:00")));
        stand.say(|record| {
            let moved =
                Change { ends_at: Some(Some(at("13:00"))), ..Change::saying(Texts::new("延長", "longer")) };
            record.changing(at("11:40"), By::Operator, 0, moved)
        });
        stand
    }

    fn record(&self) -> std::path::PathBuf {
        self.dir.join("record")
    }

    fn say(&self, what: impl FnOnce(&Record) -> Result<crate::Post, Refused>) -> u64 {
        let mut record = Record::open(&self.record(), ORIGIN, key(1), &[]).unwrap();
        let post = what(&record).unwrap();
        record.say(post).unwrap()
    }

    fn read(&self, heads: &[SeenHead]) -> Result<Board, BadRecord> {
        read_record(&self.record(), ORIGIN, &public(1), heads).map(|(_, board)| board)
    }

    fn head(&self) -> SeenHead {
        signed(&fs::read(self.record().join("checkpoint")).unwrap(), ORIGIN, &public(1)).unwrap()
    }

    fn watcher(&self) -> Watcher {
        let memory = Some(self.dir.join("kept"));
        Watcher::new(&self.record(), (ORIGIN.to_owned(), public(1)), memory, at("12:00")).unwrap()
    }

    fn look(&self) -> View {
        self.watcher().look(at("12:30"))
    }

    fn word(&self, now: Moment) {
        let word = Word {
            at: now,
            mode: "open".to_owned(),
            head: self.head(),
            operator: "海鳴モバイル".to_owned(),
            zone: "Asia/Tokyo".to_owned(),
            url: "https://my.example.jp".to_owned(),
        };
        fs::write(self.record().join("word"), word.sign(ORIGIN, &key(1)).unwrap()).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// The bundle with the entries, whatever its width is.
fn bundle(stand: &Stand, width: u32) -> std::path::PathBuf {
    stand.record().join(format!("tile/entries/000.p/{width}"))
}

#[test]
fn a_moved_end_stands_beside_the_one_that_was_promised() {
    let stand = Stand::new();
    let board = stand.read(&[]).unwrap();
    let incident = board.incident(0).unwrap();
    let [change] = incident.end_changes()[..] else { panic!("one change") };
    assert_eq!((change.at, change.from, change.to), (at("11:40"), Some(at("12:00")), Some(at("13:00"))));
    assert_eq!(incident.end_late_by(at("13:10")), Some(600));
    assert_eq!(incident.late_by(at("12:00")), None, "no next word was promised with the change");
    // Taken back is a change as well.
    let taken = Change { ends_at: Some(None), ..Change::saying(Texts::new("未定", "not known")) };
    stand.say(|record| record.changing(at("13:00"), By::Operator, 0, taken));
    let board = stand.read(&[]).unwrap();
    assert_eq!(board.incident(0).unwrap().end_changes().len(), 2);
    assert_eq!(board.incident(0).unwrap().ends_at(), None);
}

#[test]
fn an_edited_entry_is_found_by_whoever_has_the_key() {
    let stand = Stand::new();
    let path = bundle(&stand, 2);
    let mut octets = fs::read(&path).unwrap();
    // 12:00 in Tokyo is 03:00 in UTC: as if 13:00 had been promised from the beginning.
    let (promised, edited) = (b"2021-07-16T03:00:00Z", b"2021-07-16T04:00:00Z");
    let place = octets.windows(promised.len()).position(|window| window == promised).unwrap();
    octets[place..place + edited.len()].copy_from_slice(edited);
    fs::write(&path, octets).unwrap();
    assert!(matches!(stand.read(&[]), Err(BadRecord::Unlike(Unlike::Changed | Unlike::Rewritten(_)))));
    // Nothing is added to it either.
    let opened = Record::open(&stand.record(), ORIGIN, key(1), &[]);
    assert!(matches!(opened, Err(NotSaid::NotAppended(_))), "{opened:?}");
}

#[test]
fn a_tail_that_was_cut_off_is_found_by_every_checkpoint_that_is_left() {
    let stand = Stand::new();
    let (second, kept) = (stand.head(), stand.look());
    assert!(kept.trouble.is_none() && kept.board.posts() == 2);
    // The insider has an older copy of everything, signed as it was then, and puts it back whole.
    let first = fs::read(stand.record().join("history/00000000000000000001")).unwrap();
    fs::write(stand.record().join("checkpoint"), &first).unwrap();
    assert!(matches!(stand.read(&[]), Err(BadRecord::Unlike(Unlike::Shorter { has: 1, had: 2 }))));
    fs::remove_file(stand.record().join("history/00000000000000000002")).unwrap();
    // Now the record by itself is a right one; whoever has seen more knows better.
    assert_eq!(stand.read(&[]).unwrap().posts(), 1);
    assert!(matches!(stand.read(&[second]), Err(BadRecord::Unlike(Unlike::Shorter { has: 1, had: 2 }))));
    let view = stand.look();
    assert_eq!(view.trouble, Some((Trouble::Cut, at("12:30"))));
    assert_eq!(view.board.incident(0).unwrap().end_changes().len(), 1, "and goes on showing what it knew");
    // Also where the whole directory is gone.
    fs::remove_dir_all(stand.record()).unwrap();
    assert_eq!(stand.look().trouble.map(|(trouble, _)| trouble), Some(Trouble::Cut));
}

#[test]
fn a_rewritten_record_with_another_key_is_told_as_that() {
    let stand = Stand::new();
    stand.look();
    fs::remove_dir_all(stand.record()).unwrap();
    let mut record = Record::open(&stand.record(), ORIGIN, key(2), &[]).unwrap();
    let post = record.opening(at("09:00"), By::Operator, maintenance("13:00")).unwrap();
    record.say(post).unwrap();
    let view = stand.look();
    assert_eq!(view.trouble.map(|(trouble, _)| trouble), Some(Trouble::OtherKey));
    assert_eq!(view.board.incident(0).unwrap().end_changes().len(), 1);
    // And where the page is given the other key as well, its memory does not fit.
    let other = (ORIGIN.to_owned(), public(2));
    let mut watcher =
        Watcher::new(&stand.record(), other, Some(stand.dir.join("kept")), at("12:00")).unwrap();
    assert_eq!(watcher.look(at("12:30")).trouble.map(|(trouble, _)| trouble), Some(Trouble::OtherKey));
}

#[test]
fn a_record_rewritten_with_its_own_key_is_found_by_who_has_seen_it() {
    let stand = Stand::new();
    let seen = stand.head();
    stand.look();
    // Whoever has the key can sign what never was said; not so that it goes on from what was.
    fs::remove_dir_all(stand.record()).unwrap();
    let mut record = Record::open(&stand.record(), ORIGIN, key(1), &[]).unwrap();
    for ends in ["13:00", "13:00", "13:00"] {
        let post = record.opening(at("09:00"), By::Operator, maintenance(ends)).unwrap();
        record.say(post).unwrap();
    }
    drop(record);
    assert_eq!(stand.read(&[]).unwrap().posts(), 3);
    assert!(matches!(stand.read(&[seen]), Err(BadRecord::Unlike(Unlike::Rewritten(2)))));
    assert_eq!(stand.look().trouble.map(|(trouble, _)| trouble), Some(Trouble::Changed));
}

#[test]
fn the_word_of_the_service_tells_that_the_record_was_cut() {
    let stand = Stand::new();
    stand.word(at("12:00"));
    let back = stand.dir.join("back");
    copy(&stand.record(), &back);
    let more = Change::saying(Texts::new("続報", "more"));
    stand.say(|record| record.changing(at("12:05"), By::Operator, 0, more));
    stand.word(at("12:05"));
    let word = fs::read(stand.record().join("word")).unwrap();
    // A page that begins today has no memory; the word has.
    fs::remove_dir_all(stand.record()).unwrap();
    copy(&back, &stand.record());
    fs::write(stand.record().join("word"), word).unwrap();
    assert_eq!(stand.look().trouble.map(|(trouble, _)| trouble), Some(Trouble::Cut));
}

#[test]
fn silence_is_told_after_a_minute_and_counted_by_the_readers_clock() {
    let stand = Stand::new();
    let mut watcher = stand.watcher();
    assert_eq!(watcher.look(at("12:00")).silent_since, Some(None), "never heard");
    stand.word(at("12:00"));
    assert_eq!(watcher.look(at("12:00").plus_seconds(LATE_SECONDS)).silent_since, None);
    let late = watcher.look(at("12:00").plus_seconds(LATE_SECONDS + 1));
    assert_eq!(late.silent_since, Some(Some(at("12:00"))));
    // What was looked at a minute ago and not since is silence as well, whatever it said.
    let view = watcher.look(at("12:00"));
    assert!(view.not_seen_since(at("12:01")).is_none());
    let later = view.not_seen_since(at("12:02")).unwrap();
    assert_eq!((later.silent_since, later.now), (Some(Some(at("12:00"))), at("12:02")));
    // A word of a clock that is ahead speaks no longer than others.
    stand.word(at("20:00"));
    assert_eq!(watcher.look(at("12:10")).silent_since, None);
    assert_eq!(watcher.look(at("12:12")).silent_since, Some(Some(at("12:10"))));
    // Nobody else speaks for the service.
    let mut forged = fs::read(stand.record().join("word")).unwrap();
    forged[40] ^= 1;
    fs::write(stand.record().join("word"), forged).unwrap();
    assert!(watcher.look(at("12:12")).trouble.is_some());
}

#[test]
fn a_readers_clock_that_is_ahead_makes_nobody_silent() {
    let stand = Stand::new();
    let mut watcher = stand.watcher();
    let ahead = |second: i64| at("12:00").plus_seconds(second + 90);
    stand.word(at("12:00"));
    assert!(watcher.look(ahead(0)).silent_since.is_some(), "a first word may have lain there");
    for second in [5, 10, 15] {
        stand.word(at("12:00").plus_seconds(second));
        assert_eq!(watcher.look(ahead(second)).silent_since, None);
    }
    assert_eq!(watcher.look(ahead(15 + LATE_SECONDS)).silent_since, None);
    let late = watcher.look(ahead(16 + LATE_SECONDS));
    assert_eq!(late.silent_since, Some(Some(at("12:00").plus_seconds(15))));
    // Words that were kept back and are let out one by one do not hide the silence for long.
    stand.word(at("12:01"));
    assert!(watcher.look(at("12:11").plus_seconds(1)).silent_since.is_some());
}

#[test]
fn a_silence_is_told_once_whoever_tells_it() {
    let mut board = Board::default();
    let (last, now) = (at("10:00"), at("11:00"));
    let (opening, over) = silence(&board, last, now).unwrap();
    let post = board.opening(now, By::Service, opening);
    let id = post.incident;
    board.add(post).unwrap();
    // Also where what opened it stands and what ended it does not yet.
    assert_eq!(silence(&board, last, now.plus_seconds(2)), None);
    let post = board.changing(now, By::Service, id, over).unwrap();
    board.add(post).unwrap();
    assert_eq!(silence(&board, last, now.plus_seconds(2)), None);
    assert!(silence(&board, at("11:05"), at("11:30")).is_some(), "the next one is another");
}

#[cfg(unix)]
#[test]
fn a_link_or_a_pipe_in_place_of_the_word_is_not_read() {
    let stand = Stand::new();
    let word = stand.record().join("word");
    stand.word(at("12:00"));
    fs::rename(&word, stand.dir.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(stand.dir.join("elsewhere"), &word).unwrap();
    let view = stand.look();
    assert_eq!((view.trouble.map(|(trouble, _)| trouble), view.word), (Some(Trouble::Unreadable), None));
}

#[test]
fn what_is_over_stays_over_and_what_was_said_stays_said() {
    let stand = Stand::new();
    let over = Change { state: Some(State::Completed), ..Change::saying(Texts::new("終了", "done")) };
    stand.say(|record| record.changing(at("15:30"), By::Operator, 0, over));
    let record = Record::open(&stand.record(), ORIGIN, key(1), &[]).unwrap();
    let again = Change { state: Some(State::InProgress), ..Change::saying(Texts::new("再開", "again")) };
    assert_eq!(record.changing(at("15:31"), By::Operator, 0, again), Err(Refused::Over));
    // A figure is corrected by one more word.
    let corrected = Change::saying(Texts::new("550名を254名に訂正します。", "corrected from 550 to 254"));
    assert!(record.changing(at("15:40"), By::Operator, 0, corrected).is_ok());
    let silent = Change::saying(Texts::new(" ", "x"));
    assert_eq!(record.changing(at("15:40"), By::Operator, 0, silent), Err(Refused::Texts));
    assert_eq!(
        record.changing(at("15:40"), By::Operator, 7, Change::saying(Texts::new("x", "x"))),
        Err(Refused::Unknown)
    );
    // A clock that was set back puts nothing before what was said.
    let later = Change::saying(Texts::new("x", "x"));
    assert_eq!(record.changing(at("08:00"), By::Operator, 0, later).unwrap().at, at("15:30"));
}

#[test]
fn several_writers_take_turns_and_nothing_is_lost() {
    let dir = TestDir::new();
    let place = dir.join("record");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let mut record = Record::open(&place, ORIGIN, key(1), &[]).unwrap();
                    let post = record.opening(at("09:00"), By::Service, maintenance("12:00")).unwrap();
                    record.say(post).unwrap();
                }
            });
        }
    });
    assert_eq!(read_record(&place, ORIGIN, &public(1), &[]).unwrap().1.incidents().len(), 20);
}

/// Follows a mode second by second, and says what is to be said.
fn follow(herald: &mut Herald, board: &mut Board, mode: Mode, from: Moment, seconds: i64) {
    for second in 0..seconds {
        let now = from.plus_seconds(second);
        for say in herald.follow(mode, now, board) {
            let post = match say {
                Say::Open(opening) => board.opening(now, By::Service, opening),
                Say::Go(id, change) => board.changing(now, By::Service, id, change).unwrap(),
            };
            board.add(post).unwrap();
        }
    }
}

#[test]
fn a_mode_opens_its_incident_within_a_minute_and_ends_it() {
    let (mut herald, mut board) = (Herald::new("a".to_owned()), Board::default());
    let begin = at("10:00");
    follow(&mut herald, &mut board, Mode::JournalFull, begin, OPEN_AFTER);
    assert_eq!(board.posts(), 0, "what is short is told by nobody");
    follow(&mut herald, &mut board, Mode::JournalFull, begin.plus_seconds(OPEN_AFTER), 60);
    let [incident] = board.incidents() else { panic!("one incident") };
    assert_eq!((incident.started_at(), incident.first.post.at), (begin, begin.plus_seconds(OPEN_AFTER)));
    assert!(incident.first.post.at.seconds_since(begin) < 60 && incident.impact() == Impact::Critical);
    // It goes on: the promised word is given.
    follow(&mut herald, &mut board, Mode::JournalFull, begin.plus_seconds(70), 4_000);
    assert_eq!(board.incident(0).unwrap().later.len(), 2, "after half an hour and after an hour");
    assert_eq!(board.incident(0).unwrap().late_by(begin.plus_seconds(4_070)), None);
    // A gap that is too short ends nothing.
    let end = begin.plus_seconds(4_070);
    follow(&mut herald, &mut board, Mode::Open, end, CLOSE_AFTER - 1);
    follow(&mut herald, &mut board, Mode::JournalFull, end.plus_seconds(29), 5);
    assert!(!board.incident(0).unwrap().is_over());
    follow(&mut herald, &mut board, Mode::Open, end.plus_seconds(34), 60);
    assert_eq!(board.incident(0).unwrap().ended_at(), Some(end.plus_seconds(34)));
    assert_eq!(board.incidents().len(), 1);
}

#[test]
fn a_stop_is_told_at_once_and_by_one_node_for_all() {
    let mode = Mode::Isolated(Stop::ForeignOwner);
    let (mut one, mut two) = (Herald::new("a".to_owned()), Herald::new("b".to_owned()));
    let mut board = Board::default();
    follow(&mut one, &mut board, mode, at("10:00"), 1);
    follow(&mut two, &mut board, mode, at("10:00"), 30);
    assert_eq!((board.incidents().len(), board.present()[0].first.post.cause.as_str()), (1, "stopped"));
    // A node that does not know how the others stand ends nothing of theirs.
    follow(&mut two, &mut board, Mode::Unsure, at("10:01"), 9);
    assert!(!board.incident(0).unwrap().is_over());
    follow(&mut two, &mut board, Mode::Open, at("10:02"), 60);
    assert!(board.incident(0).unwrap().is_over(), "lifted for all");
    // What is of one node is ended by no other.
    follow(&mut one, &mut board, Mode::JournalFull, at("11:00"), 30);
    follow(&mut two, &mut board, Mode::Open, at("11:01"), 90);
    assert!(!board.present().is_empty());
}

#[test]
fn what_an_operator_opened_the_service_leaves_alone() {
    let (mut herald, mut board) = (Herald::new("a".to_owned()), Board::default());
    let post = board.opening(at("09:00"), By::Operator, maintenance("12:00"));
    board.add(post).unwrap();
    follow(&mut herald, &mut board, Mode::Open, at("09:00"), 600);
    assert!(board.posts() == 1 && !board.incident(0).unwrap().is_over());
}

#[test]
fn every_template_may_be_said_as_it_is() {
    for ready in TEMPLATES {
        let mut board = Board::default();
        let opening = Opening {
            state: ready.state,
            impact: ready.impact,
            cause: ready.word.to_owned(),
            source: String::new(),
            parts: ready.parts.to_vec(),
            title: ready.title(),
            body: ready.body(),
            started_at: None,
            ends_at: None,
            next_at: None,
        };
        let post = board.opening(at("09:00"), By::Operator, opening);
        board.add(post).unwrap_or_else(|refused| panic!("{}: {refused}", ready.word));
        let state = if ready.state.is_planned() { State::Completed } else { State::Resolved };
        for change in
            [Change::saying(ready.still()), Change { state: Some(state), ..Change::saying(ready.over()) }]
        {
            let post = board.changing(at("09:00"), By::Operator, 0, change).unwrap();
            board.add(post).unwrap_or_else(|refused| panic!("{}: {refused}", ready.word));
        }
        assert!(board.incident(0).unwrap().is_over());
    }
}

#[test]
fn programs_are_told_what_people_are_told() {
    let stand = Stand::new();
    stand.word(at("12:30"));
    let view = stand.look();
    let json = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let summary = json(summary_json(&view, "ja"));
    assert_eq!(summary["page"]["time_zone"], "Asia/Tokyo");
    assert_eq!(summary["status"]["indicator"], "maintenance");
    let planned = &summary["scheduled_maintenances"][0];
    assert_eq!(planned["status"], "in_progress");
    assert_eq!(planned["scheduled_until"], "2021-07-16T13:00:00+09:00");
    let revision = &planned["x_revisions"][0];
    assert_eq!(
        (&revision["from"], &revision["to"]),
        (&"2021-07-16T12:00:00+09:00".into(), &"2021-07-16T13:00:00+09:00".into())
    );
    assert_eq!(planned["incident_updates"][0]["x_lang"]["en"], "longer", "the newest first");
    assert_eq!(summary["components"].as_array().unwrap().len(), Part::ALL.len());
    assert_eq!(json(incidents_json(&view, "en"))["incidents"], serde_json::json!([]), "it is planned work");
    // What nobody says is not said to be well.
    let silent = View { silent_since: Some(Some(at("12:00"))), board: Board::default(), ..view.clone() };
    assert_eq!(json(status_json(&silent, "en"))["status"]["indicator"], "major");
    let feed = atom(&view, "ja");
    assert_eq!(feed.matches("<entry>").count(), 2);
    assert!(feed.contains("2021-07-16T12:00:00+09:00 から 2021-07-16T13:00:00+09:00 に変更"), "{feed}");
    let calendar = calendar(&view, "ja");
    assert!(
        calendar.contains("DTEND:20210716T040000Z\r\n") && calendar.contains("SEQUENCE:1\r\n"),
        "{calendar}"
    );
    assert!(calendar.lines().all(|line| line.len() <= 76), "{calendar}");
}

#[test]
fn what_is_written_into_a_feed_is_escaped() {
    let mut board = Board::default();
    let title = Texts::new("<b>&\"太字\"", "<b>&\"bold\"");
    let opening = Opening { title, ..maintenance("12:00") };
    let post = board.opening(at("09:00"), By::Operator, opening);
    board.add(post).unwrap();
    let view = View {
        board,
        word: None,
        silent_since: None,
        trouble: None,
        checkpoint: Vec::new(),
        now: at("09:00"),
    };
    assert!(atom(&view, "ja").contains("&lt;b&gt;&amp;&quot;太字&quot;"));
    assert!(!atom(&view, "ja").contains("<b>"));
}
