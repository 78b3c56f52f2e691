//! 15 July 2021, replayed hour by hour on a clock that is passed in: what the public could have read here.
//!
//! The days are those of the incident; what operator and service say is what they would have had to say with this record.
//! The page docs/evidence/2021-07-15-replayed.md is what the run has read, and is compared with it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a replay that cannot go on fails where it stands"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use honnin_notices::{
    By, Change, Herald, Impact, LATE_SECONDS, Opening, Record, Say, State, Texts, View, Watcher, Word,
    silence, summary_json, template,
};
use honnin_pages::page::{Banner, StatusPage};
use honnin_pages::words::Language;
use honnin_seal::{Secret, SigningKey};
use honnin_terms::{Mode, Moment, Stop, Strain, Zone};
use honnin_testkit::TestDir;

const ORIGIN: &str = "my.example.jp/notices/1";
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/evidence/2021-07-15-replayed.md");
/// The service looks at itself so often, in seconds.
const STEP: i64 = 20;

fn key() -> SigningKey {
    SigningKey::of_seed(&Secret::from_octets([7; 32])).unwrap()
}

fn at(day: u8, time: &str) -> Moment {
    format!("2021-07-{day}T{time}:00+09:00").parse().unwrap()
}

/// The installation, the page that watches it, and what was written down of the replay.
struct Replay {
    dir: TestDir,
    zone: Zone,
    now: Moment,
    mode: Mode,
    /// Whether the service runs at all.
    runs: bool,
    herald: Herald,
    watcher: Watcher,
    before: BTreeSet<String>,
    told: String,
}

impl Replay {
    fn new() -> Self {
        let dir = TestDir::new();
        let now = at(15, "09:00");
        let of = (ORIGIN.to_owned(), key().verifying_key().unwrap());
        let watcher = Watcher::new(&dir.join("record"), of, Some(dir.join("kept")), now).unwrap();
        Self {
            dir,
            zone: Zone::named("Asia/Tokyo").unwrap(),
            now,
            mode: Mode::Open,
            runs: true,
            herald: Herald::new("a".to_owned()),
            watcher,
            before: BTreeSet::new(),
            told: String::new(),
        }
    }

    fn record(&self) -> Record {
        Record::open(&self.dir.join("record"), ORIGIN, key(), &[]).unwrap()
    }

    /// Goes on to that moment, the service looking at itself and the page looking at the service, with a page of the
    /// evidence at every full hour.
    fn until(&mut self, moment: Moment) {
        while self.now < moment {
            // Where nothing runs nothing happens between two hours.
            let hour = 3_600 - self.now.millis().rem_euclid(3_600_000) / 1_000;
            let step = if self.runs { STEP } else { hour.min(moment.seconds_since(self.now)) };
            self.now = self.now.plus_seconds(step);
            if self.runs {
                self.service();
            }
            if self.now.millis() % 3_600_000 == 0 {
                self.read();
            }
        }
    }

    fn service(&mut self) {
        let says = {
            let board = honnin_notices::settled(self.watcher.kept()).unwrap();
            self.herald.follow(self.mode, self.now, &board)
        };
        if !says.is_empty() {
            let mut record = self.record();
            for say in says {
                let post = match say {
                    Say::Open(opening) => record.opening(self.now, By::Service, opening).unwrap(),
                    Say::Go(id, change) => record.changing(self.now, By::Service, id, change).unwrap(),
                };
                record.say(post).unwrap();
            }
        }
        if self.now.millis() % 60_000 == 0 || self.watcher.kept().entries.is_empty() {
            self.word();
        }
        // The page looks every second; here as often as the service.
        self.watcher.look(self.now);
    }

    fn word(&self) {
        let kept = self.watcher.kept();
        let word = Word {
            at: self.now,
            mode: self.mode.word().to_owned(),
            head: (u64::try_from(kept.entries.len()).unwrap(), kept.root),
            operator: "海鳴モバイル".to_owned(),
            zone: self.zone.name().to_owned(),
            url: "https://my.example.jp".to_owned(),
        };
        fs::create_dir_all(self.dir.join("record")).unwrap();
        fs::write(self.dir.join("record/word"), word.sign(ORIGIN, &key()).unwrap()).unwrap();
    }

    fn note(&mut self, what: &str) {
        let local = self.zone.local(self.now);
        writeln!(
            self.told,
            "\n**{}/{} {:02}:{:02}** — {what}",
            local.month(),
            local.day(),
            local.hour(),
            local.minute()
        )
        .unwrap();
    }

    fn open(&mut self, word: &str, ends: Option<Moment>, next_minutes: i64) -> u64 {
        let ready = template(word).unwrap();
        let state = if ready.state == State::Scheduled { State::InProgress } else { ready.state };
        let opening = Opening {
            state,
            impact: ready.impact,
            cause: word.to_owned(),
            source: String::new(),
            parts: ready.parts.to_vec(),
            title: ready.title(),
            body: ready.body(),
            started_at: None,
            ends_at: ends,
            next_at: Some(self.now.plus_seconds(next_minutes * 60)),
        };
        let mut record = self.record();
        let post = record.opening(self.now, By::Operator, opening).unwrap();
        let index = record.say(post).unwrap();
        self.look();
        index
    }

    fn change(&mut self, incident: u64, change: Change) {
        let mut record = self.record();
        let post = record.changing(self.now, By::Operator, incident, change).unwrap();
        record.say(post).unwrap();
        self.look();
    }

    fn look(&mut self) -> View {
        self.watcher.look(self.now)
    }

    fn html(&mut self, language: Language) -> String {
        let view = self.look();
        StatusPage {
            view: &view,
            operator: "海鳴モバイル",
            url: "https://my.example.jp",
            zone: &self.zone,
            language,
        }
        .render()
    }

    /// What stands on the page, a line for each paragraph; of what was said about an incident the newest only.
    fn lines(&mut self) -> Vec<String> {
        plain(&self.html(Language::JA))
    }

    /// Writes down what could be read at this hour: all of the head, and what is new since the hour before.
    fn read(&mut self) {
        let lines = self.lines();
        let local = self.zone.local(self.now);
        write!(self.told, "\n## {}月{}日 {}:00\n\n", local.month(), local.day(), local.hour()).unwrap();
        let fresh: Vec<&String> = lines.iter().filter(|line| !self.before.contains(*line)).collect();
        if fresh.is_empty() {
            self.told.push_str("（1時間前と同じ）\n");
        }
        for line in fresh {
            writeln!(self.told, "> {line}  ").unwrap();
        }
        let view = self.look();
        match view.board.present().first().filter(|_| self.runs) {
            None if self.runs => self.told.push_str("\nログイン画面と各ページの帯：なし\n"),
            None => self.told.push_str(
                "\nログイン画面と各ページ：サービス停止中のため表示なし（このページだけが読める）\n",
            ),
            Some(incident) => {
                let banner = Banner::of(incident, self.now, &self.zone, Language::JA);
                writeln!(self.told, "\nログイン画面と各ページの帯：{}", banner.title).unwrap();
            }
        }
        self.before = lines.into_iter().collect();
    }

    fn says(&mut self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }
}

/// The text of a page without its footer.
fn plain(html: &str) -> Vec<String> {
    let body = html.split_once("<main>").unwrap().1.split_once("</main>").unwrap().0;
    let (mut out, mut rest, mut skipping) = (String::new(), body, false);
    while let Some((text, after)) = rest.split_once('<') {
        if !skipping {
            out.push_str(text);
        }
        let (tag, more) = after.split_once('>').unwrap();
        let name = tag.split(' ').next().unwrap();
        match name {
            "s" | "/s" if !skipping => out.push_str("~~"),
            "/p" | "/h2" | "/h3" | "/tr" | "/article" if !skipping => out.push('\n'),
            "th" | "td" if !skipping => out.push(' '),
            // The newest of what was said is enough; the others stand under it.
            "/li" => skipping = true,
            "/ol" => skipping = false,
            _ => {}
        }
        rest = more;
    }
    out.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "days that are told in the order they went")]
fn the_notices_of_july_2021_could_not_have_been_hidden_or_rewritten() {
    let mut replay = Replay::new();
    replay.word();
    replay.read();
    assert!(replay.says("通常どおりご利用いただけます。"));

    replay.until(at(15, "10:00"));
    replay.note("案内メールを全員に送信。ログインが殺到し、順番待ちが長くなる。");
    replay.mode = Mode::Brownout(Strain::Queue);
    replay.note("待ち時間の測定により、サービスが自動で縮退（brownout）に入る。");
    replay.until(at(15, "10:01"));
    assert!(
        replay.says("明細のダウンロードなど一部の機能を停止しています"),
        "told by itself, within a minute"
    );
    replay.until(at(15, "10:05"));
    let slow = replay.open("slow", None, 30);
    replay.note("運用者が `honnin notice open slow` を実行。次のお知らせは30分後と約束。");
    replay.until(at(15, "10:30"));
    let crowded = Texts::new(
        "アクセスが集中しています。順番に入場をご案内しています。待ち時間の目安は各画面に表示します。",
        "Many people are signing in at once. You are let in by turns, and shown how long it takes.",
    );
    replay.change(slow, Change { next_at: Some(at(15, "11:30")), ..Change::saying(crowded) });
    replay.note("運用者が続報。次は11:30と約束し、その後は何も言わない。");
    replay.until(at(15, "12:00"));
    assert!(replay.says("お約束したお知らせが30分遅れています。"), "the silence of the operator is shown");

    replay.until(at(15, "18:55"));
    replay.mode = Mode::Isolated(Stop::ForeignAnswer);
    replay.note("ページの宛先の検査が不一致を検出し、個人ページが自動で停止（isolated）。");
    replay.until(at(15, "18:56"));
    assert!(replay.says("お客様専用ページの表示を停止しています"), "told by itself, within a minute");
    assert!(replay.says("18:55"), "with the minute in which it began");
    replay.until(at(15, "19:10"));
    let exposed = replay.open("exposed", None, 60);
    let over = Change {
        state: Some(State::Resolved),
        ended_at: Some(at(15, "18:55")),
        ..Change::saying(Texts::new(
            "個人ページの停止に伴い、このお知らせを終了します。停止についてのお知らせをご覧ください。",
            "Personal pages were switched off; please see the notice about that.",
        ))
    };
    replay.change(slow, over);
    replay.note("運用者が「別のお客様の情報が表示された可能性」を掲示し、10時からの遅延の件を閉じる。");
    replay.until(at(16, "00:30"));
    let work = replay.open("maintenance", Some(at(16, "12:00")), 480);
    replay.note("運用者が修正作業のためのメンテナンスを掲示。終了予定は12:00。");
    replay.until(at(16, "01:00"));
    replay.runs = false;
    replay.note("サービスのプロセスを停止。以後、ご利用状況のページだけが動いている。");
    replay.until(at(16, "01:02"));
    assert!(replay.says("1:00から、サービスの応答がありません。"));

    replay.until(at(16, "11:40"));
    let longer = Texts::new(
        "確認に時間を要しているため、終了予定を変更します。",
        "It takes longer than expected; the end is moved.",
    );
    let moved = Change {
        ends_at: Some(Some(at(16, "13:00"))),
        next_at: Some(at(16, "13:00")),
        ..Change::saying(longer)
    };
    replay.change(work, moved);
    replay.note("終了予定を12:00から13:00に変更。");
    assert!(replay.says("終了予定を11:40に変更しました：~~12:00~~ → 13:00"));

    replay.until(at(16, "11:50"));
    attack(&mut replay);
    replay.until(at(16, "13:00"));
    replay.until(at(16, "14:00"));
    assert!(replay.says("終了予定の13:00を60分過ぎています。"));
    replay.until(at(16, "15:00"));
    assert!(replay.says("終了予定の13:00を120分過ぎています。"));
    replay.until(at(16, "15:20"));
    let unknown = Texts::new("終了予定を未定とします。", "The end is not known.");
    let unknown = Change { ends_at: Some(None), next_at: Some(at(16, "18:00")), ..Change::saying(unknown) };
    replay.change(work, unknown);
    replay.note("運用者が終了予定を取り下げ、未定とする。");
    replay.until(at(16, "16:00"));
    let most = Texts::new(
        "別のお客様の情報が表示された可能性があるのは、最大で550名です（上限値）。精査を続けています。",
        "Information of up to 550 customers may have been shown (an upper bound). We are still looking.",
    );
    replay.change(exposed, Change { next_at: Some(at(17, "16:00")), ..Change::saying(most) });
    replay.note("影響の上限として550名を公表。");
    replay.until(at(17, "15:40"));
    let exact = Texts::new(
        "開示の記録を精査した結果、対象は254名でした。7月16日に550名（上限値）とお知らせした人数を訂正します。対象の方には個別にご連絡します。",
        "The record of disclosures shows that 254 customers are concerned. This corrects the 550 (an upper bound) of 16 July. They will be contacted one by one.",
    );
    replay.change(exposed, Change { state: Some(State::Identified), ..Change::saying(exact) });
    replay.note("550名を254名に訂正。前の数字も残る。");
    assert!(replay.html(Language::JA).contains("最大で550名"), "the first figure stands");
    replay.until(at(17, "16:00"));
    let done =
        Change { state: Some(State::Completed), ..Change::saying(template("maintenance").unwrap().over()) };
    replay.change(work, done);
    replay.runs = true;
    replay.mode = Mode::Open;
    let mut record = replay.record();
    let (opening, over) = silence(record.board(), at(16, "01:00"), replay.now).unwrap();
    let post = record.opening(replay.now, By::Service, opening).unwrap();
    let incident = record.say(post).unwrap();
    let post = record.changing(replay.now, By::Service, incident, over).unwrap();
    record.say(post).unwrap();
    drop(record);
    replay.note("サービスが再開。応答のなかった時間は、再開時にサービス自身が掲示する。");
    replay.until(at(17, "17:00"));
    assert!(replay.says("終了：7月17日 16:00") || replay.says("終了：16:00"));
    let page = replay.html(Language::JA);
    for kept in ["<s>", "最大で550名", "254名でした", "応答が途絶えていました"] {
        assert!(page.contains(kept), "{kept}");
    }
    evidence(&replay.told);
}

/// Somebody with all rights on the machine tries to have promised 13:00 from the beginning, in each way there is.
fn attack(replay: &mut Replay) {
    let record = replay.dir.join("record");
    let entries: usize = replay.watcher.kept().entries.len();
    let bundle = record.join(format!("tile/entries/000.p/{entries}"));
    let whole = fs::read(&bundle).unwrap();
    let checkpoint = fs::read(record.join("checkpoint")).unwrap();
    let history = record.join("history");

    replay.note("内部者が記録を書き換え、初めから13:00と約束していたように見せる（ファイルの編集）。");
    let (promised, edited) = (b"2021-07-16T03:00:00Z", b"2021-07-16T04:00:00Z");
    let place = whole.windows(promised.len()).position(|window| window == promised).unwrap();
    let mut spoilt = whole.clone();
    spoilt[place..place + edited.len()].copy_from_slice(edited);
    fs::write(&bundle, &spoilt).unwrap();
    assert!(replay.says("書き換えられた可能性があります。"));
    assert!(replay.says("~~12:00~~ → 13:00"), "and goes on showing both times");
    read_aside(replay);
    fs::write(&bundle, &whole).unwrap();
    assert!(!replay.says("書き換えられた可能性があります。"));

    replay.note("内部者が最後のお知らせを消す（末尾の切り取り、履歴も削除）。");
    let earlier = history.join(format!("{:020}", entries - 1));
    let last = history.join(format!("{entries:020}"));
    fs::write(record.join("checkpoint"), fs::read(&earlier).unwrap()).unwrap();
    let saved = fs::read(&last).unwrap();
    fs::remove_file(&last).unwrap();
    // So that the shorter record is whole in itself.
    let cut = record.join(format!("tile/entries/000.p/{}", entries - 1));
    let narrower = fs::read(&cut).ok();
    assert!(replay.says("末尾が削除された可能性があります。"));
    assert!(replay.says("~~12:00~~ → 13:00"));
    read_aside(replay);
    drop(narrower);
    fs::write(&last, saved).unwrap();
    fs::write(record.join("checkpoint"), &checkpoint).unwrap();

    replay.note("内部者が鍵ごと差し替える（別の鍵で作った新しい記録）。");
    let aside = replay.dir.join("aside");
    fs::rename(&record, &aside).unwrap();
    let other = SigningKey::of_seed(&Secret::from_octets([8; 32])).unwrap();
    let mut forged = Record::open(&record, ORIGIN, other, &[]).unwrap();
    let ready = template("maintenance").unwrap();
    let opening = Opening {
        state: State::InProgress,
        impact: Impact::Maintenance,
        cause: "maintenance".to_owned(),
        source: String::new(),
        parts: ready.parts.to_vec(),
        title: ready.title(),
        body: ready.body(),
        started_at: None,
        ends_at: Some(at(16, "13:00")),
        next_at: None,
    };
    let post = forged.opening(replay.now, By::Operator, opening).unwrap();
    forged.say(post).unwrap();
    drop(forged);
    assert!(replay.says("差し替えられた可能性があります。"));
    assert!(replay.says("~~12:00~~ → 13:00"));
    read_aside(replay);
    let view = replay.look();
    let json: serde_json::Value = serde_json::from_str(&summary_json(&view, "ja")).unwrap();
    assert_eq!(json["x_record"]["trouble"]["what"], "other_key");
    fs::remove_dir_all(&record).unwrap();
    fs::rename(&aside, &record).unwrap();
    assert!(!replay.says("可能性があります。最後に"), "{:?}", replay.lines());
    replay.note("記録を元に戻すと、ページは警告をやめる。");
}

/// What stands on the page first, between two hours.
fn read_aside(replay: &mut Replay) {
    let line = replay.lines().first().cloned().unwrap_or_default();
    writeln!(replay.told, "\n> {line}").unwrap();
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that writes a reference file is asked to by the environment"
)]
fn evidence(told: &str) {
    let page = format!(
        "# 2021年7月15日、この製品であれば読めたこと\n\n\
         <!-- Written by crates/pages/tests/it/replayed.rs; HONNIN_WRITE_REFERENCE=1 writes it anew. -->\n\n\
         `docs/decisions/0033-notices-that-only-grow.md` says what this is a run of. Times are those of the incident of July 2021; what \
         operator and service say is made up. The clock is passed in, the record, its reader, the page and the banner are those \
         of the product. Under each hour stands what a visitor of the status page could read that was not there an hour before (`~~struck~~` is \
         struck through on the page); of the words on one incident the newest. Service word late after {LATE_SECONDS} s.\n{told}"
    );
    if std::env::var_os("HONNIN_WRITE_REFERENCE").is_some() {
        fs::write(PAGE, page).unwrap();
        return;
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        written == page,
        "docs/evidence/2021-07-15-replayed.md: run the tests with HONNIN_WRITE_REFERENCE=1"
    );
}
