//! Sign-in, a new password, lines, notices, devices, disclosures, settings, errors.

use honnin_care::facts::MergeSide;
use honnin_care::facts::{
    ActRow, Agreement, Board, BoardLine, Device, DisclosureRow, Disclosures, LineHead, Me, Notice,
    SessionKind, UsageHead, Viewer,
};
use honnin_pages::format::Count;
use honnin_pages::page::{
    ActivatePage, ActivateProblem, ClosedPage, DevicesPage, DisclosuresPage, HelpPage, LinesPage, MergePage,
    MergeProblem, Nav, NoticePage, NoticesPage, PasswordPage, PasswordProblem, Problem, ProblemPage,
    SettingsPage, SignInNote, SignInPage,
};
use honnin_terms::{AccountId, EntryRef, Id, LineStatus, LogId, NoticeId, RequestId, Said, SessionId};

use super::{HOSTILE, LONG, Sample, Studio, ended, head, hostile_head, line, mb, moment, origin};

fn lines() -> Vec<LineHead> {
    let second = LineHead {
        number_masked: "070-****-9572".to_owned(),
        nickname: Some("おばあちゃん".to_owned()),
        status: LineStatus::Suspended,
        ..head(2)
    };
    vec![head(1), second, ended()]
}

fn notices() -> Vec<Notice> {
    let notice = |number: u8, kind: &str, title: &str, body: &str| Notice {
        notice: NoticeId::from_octets([number; 16]),
        code: format!("N-000{number}"),
        published_at: moment("2026-11-18T10:00:00+09:00"),
        kind: kind.to_owned(),
        title: title.to_owned(),
        body: body.to_owned(),
    };
    vec![
        notice(
            1,
            "重要",
            "年末年始の窓口営業について",
            "12月30日から1月3日まで電話窓口を休みます。\n急ぎの方は…",
        ),
        notice(
            2,
            "障害",
            "一部地域でデータ通信がつながりにくい（復旧）",
            "13:10 から 14:05 まで発生していました。",
        ),
        notice(3, HOSTILE, LONG, &format!("{HOSTILE}{LONG}{LONG}")),
    ]
}

fn devices() -> Vec<Device> {
    let device = |number: u8, name: &str| Device {
        session: SessionId::from_octets([number; 16]),
        kind: if number < 4 { SessionKind::Browser } else { SessionKind::Token },
        name: name.to_owned(),
        since: moment("2026-11-01T08:00:00+09:00"),
        last_seen: moment("2026-11-20T12:02:00+09:00"),
        until: moment("2027-01-30T08:00:00+09:00"),
        current: number == 1,
    };
    vec![device(1, "iPhone Safari"), device(2, ""), device(3, HOSTILE)]
}

fn disclosures() -> Disclosures {
    let entry = |index| EntryRef { log: LogId::from_octets([0xab; 16]), index };
    let row = |index, viewer, what, channel| DisclosureRow {
        entry: entry(index),
        at: moment("2026-11-20T12:02:00+09:00"),
        viewer,
        what,
        line: Some(line(1)),
        channel,
        new_device: index == 1203,
    };
    Disclosures {
        rows: vec![
            row(1203, Viewer::Myself, "home", "page"),
            row(1190, Viewer::Agent(entry(1188)), "contract", "page"),
            row(1177, Viewer::Granted(entry(12)), "usage", "api"),
            DisclosureRow { line: None, ..row(1170, Viewer::Myself, "bills", "export") },
            row(1160, Viewer::Myself, "a-word-without-translation", "mail"),
        ],
        acts: vec![
            ActRow {
                at: moment("2026-11-20T12:00:00+09:00"),
                act: "signed_in",
                by_operator: false,
                new_device: true,
                times: 1,
                and_more: false,
            },
            ActRow {
                at: moment("2026-11-20T11:58:00+09:00"),
                act: "sign_in_failed",
                by_operator: false,
                new_device: false,
                times: 2,
                and_more: false,
            },
            ActRow {
                at: moment("2026-11-19T12:00:00+09:00"),
                act: "invited",
                by_operator: true,
                new_device: false,
                times: 1,
                and_more: false,
            },
        ],
        next_before: Some(entry(1160)),
        answerable_since: Some(moment("2025-10-16T00:00:00+09:00")),
        others: None,
    }
}

/// Nobody has seen anything, and nothing was done.
fn nothing() -> Disclosures {
    Disclosures {
        rows: Vec::new(),
        acts: Vec::new(),
        next_before: None,
        answerable_since: None,
        others: None,
    }
}

fn strangers(studio: &Studio, push: &mut impl FnMut(&'static str, bool, String)) {
    let later = moment("2026-11-20T12:13:00+09:00");
    for (name, note, login) in [
        ("sign-in", None, ""),
        ("sign-in-wrong", Some(SignInNote::Wrong), "mio55598548"),
        ("sign-in-wait", Some(SignInNote::Wait(later)), HOSTILE),
        ("sign-in-busy", Some(SignInNote::Busy), ""),
        ("sign-in-incomplete", Some(SignInNote::Incomplete), ""),
        ("sign-in-too-late", Some(SignInNote::TooLate), HOSTILE),
        ("sign-in-other-device", Some(SignInNote::OtherDevice), HOSTILE),
        ("sign-in-passkey", Some(SignInNote::Passkey), ""),
        ("sign-in-ended", Some(SignInNote::Ended), ""),
        ("sign-in-signed-out", Some(SignInNote::SignedOut), ""),
        ("sign-in-activated", Some(SignInNote::Activated), ""),
    ] {
        let shell = studio.outside("/sign-in");
        let passkeys = Some("my.example.jp");
        push(
            name,
            false,
            SignInPage { shell, note, login, next: login, passkeys, by_password: true }.render(),
        );
    }
    let (passkeys, by_password) = (Some("my.example.jp"), false);
    let shell = studio.outside("/sign-in/passkey");
    let page = SignInPage { shell, note: None, login: "", next: "", passkeys, by_password };
    push("sign-in-past-the-line", false, page.render());
    for (name, problem) in [
        ("activate", None),
        ("activate-wrong", Some(ActivateProblem::Wrong)),
        ("activate-wait", Some(ActivateProblem::Wait(later))),
        ("activate-busy", Some(ActivateProblem::Busy)),
        ("activate-short", Some(ActivateProblem::Short)),
        ("activate-long", Some(ActivateProblem::Long)),
        ("activate-common", Some(ActivateProblem::Common)),
    ] {
        let shell = studio.outside("/activate");
        let typed = if problem.is_some() { HOSTILE } else { "" };
        push(
            name,
            false,
            ActivatePage { shell, problem, login: typed, code: typed, fewest: Count(15) }.render(),
        );
    }
    let request = RequestId::from_octets([0x5a; 16]);
    for (name, problem) in [
        ("problem-sign-in", Problem::SignIn),
        ("problem-forbidden", Problem::Forbidden),
        ("problem-not-found", Problem::NotFound),
        ("problem-conflict", Problem::Conflict),
        ("problem-invalid", Problem::Invalid),
        ("problem-too-often", Problem::TooOften(Some(later))),
        ("problem-unavailable", Problem::Unavailable(Some(later))),
    ] {
        push(
            name,
            false,
            ProblemPage { shell: studio.outside("/bills"), problem, request: Some(request) }.render(),
        );
    }
    let page = ClosedPage { shell: studio.outside(HOSTILE), come_back: Some(later), place: Some(12_345) };
    push("closed", false, page.render());
}

/// What a line of the board has used: of one it is not known, of one not whole.
fn used(number: u64) -> UsageHead {
    let known = number != 2;
    UsageHead {
        today: None,
        month: known.then(|| mb(number * 1_234)).into(),
        known_days: 19,
        missing_days: u32::from(number == 3),
        as_of: known
            .then(|| Said::by_ledger(origin().as_of.at.plus_seconds(if number == 3 { -1_800 } else { 0 }))),
        of: origin().as_of.at.to_string().get(..7).unwrap().parse().unwrap(),
    }
}

pub(super) fn samples(studio: &Studio) -> Vec<Sample> {
    let mut all = Vec::new();
    let mut push = |name, has_figures, html| all.push(Sample { name, has_figures, html });
    strangers(studio, &mut push);
    let mine = head(1);
    let account = AccountId::from_octets([3; 16]);
    let me = |lines| Me {
        account,
        name: "渋谷 太郎".to_owned(),
        login: "mio30617284".to_owned(),
        mail_masked: Some("t***@example.jp".to_owned()),
        lines,
        origin: origin(),
    };
    let board = |lines: Vec<LineHead>, is_whole: bool| Board {
        month: origin().as_of.at.to_string().get(..7).unwrap().parse().unwrap(),
        lines: (1..)
            .zip(&lines)
            .map(|(number, head)| BoardLine {
                head: head.clone(),
                usage: is_whole.then(|| used(number)),
                shared: number == 1,
            })
            .collect(),
        is_whole,
        me: me(lines),
    };
    for (name, facts) in [
        ("lines-usual", board(lines(), true)),
        ("lines-none", board(Vec::new(), true)),
        (
            "lines-hostile",
            board((1..=12).map(|number| LineHead { line: line(number), ..hostile_head() }).collect(), false),
        ),
    ] {
        let shell = studio.shell(Nav::Home, Some(&mine), "/lines");
        push(name, true, LinesPage { shell, facts: &facts, unnamed: None }.render());
    }
    let notices = notices();
    for (name, facts) in [("notices-usual", notices.as_slice()), ("notices-none", &[])] {
        let shell = studio.shell(Nav::Notices, Some(&mine), "/notices");
        push(name, false, NoticesPage { shell, facts }.render());
    }
    for (name, facts) in ["notice-first", "notice-second", "notice-hostile"].into_iter().zip(&notices) {
        push(
            name,
            false,
            NoticePage { shell: studio.shell(Nav::Notices, None, "/notices/1"), facts }.render(),
        );
    }
    let devices = devices();
    for (name, facts) in
        [("devices-usual", devices.as_slice()), ("devices-one", devices.get(..1).unwrap_or(&[]))]
    {
        let shell = studio.shell(Nav::Settings, Some(&mine), "/devices");
        push(name, false, DevicesPage { shell, facts }.render());
    }
    let none = nothing();
    for (name, facts, older) in
        [("disclosures-usual", disclosures(), true), ("disclosures-none", none, false)]
    {
        let shell = studio.shell(Nav::Settings, Some(&mine), "/disclosures");
        push(name, false, DisclosuresPage { shell, facts: &facts, lines: &lines(), older }.render());
    }
    let agreement = |side| Agreement {
        code: "7D2K-0QWX-5M1C-HT8V-RZ3N".to_owned(),
        side,
        until: moment("2026-11-20T12:18:00+09:00"),
    };
    let (gives, takes) = (agreement(MergeSide::Gives), agreement(MergeSide::Takes));
    for (name, problem, given) in [
        ("merge", None, None),
        ("merge-wrong", Some(MergeProblem::Wrong), None),
        ("merge-wait", Some(MergeProblem::Wait(moment("2026-11-20T12:13:00+09:00"))), None),
        ("merge-busy", Some(MergeProblem::Busy), None),
        ("merge-gives", None, Some(&gives)),
        ("merge-takes", None, Some(&takes)),
    ] {
        let shell = studio.shell(Nav::Settings, None, "/account/merge");
        push(name, false, MergePage { shell, problem, given }.render());
    }
    let later = moment("2026-11-20T12:13:00+09:00");
    for (name, problem) in [
        ("password", None),
        ("password-old", Some(PasswordProblem::Old)),
        ("password-wait", Some(PasswordProblem::Wait(later))),
        ("password-common", Some(PasswordProblem::Common)),
    ] {
        let shell = studio.shell(Nav::Settings, Some(&mine), "/account/password");
        push(name, false, PasswordPage { shell, problem, fewest: Count(15) }.render());
    }
    let shell = studio.shell(Nav::Settings, Some(&mine), "/settings");
    push("settings", false, SettingsPage { shell, me: &me(lines()) }.render());
    push("help", false, HelpPage { shell: studio.shell(Nav::None, Some(&mine), "/help") }.render());
    push("help-outside", false, HelpPage { shell: studio.outside("/help") }.render());
    all
}
