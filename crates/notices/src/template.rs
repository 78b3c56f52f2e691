//! Words that are ready before they are needed, in both languages: for the service, which opens incidents by itself, and
//! for a person at three in the morning. What is said is the text as it was then; a new template changes nothing that
//! stands in the record.

use crate::post::{Impact, Part, State, Texts};

/// An incident of a kind, in words.
#[derive(Debug)]
pub struct Template {
    /// Its word at the command line and in the record.
    pub word: &'static str,
    /// Its first state.
    pub state: State,
    /// How much it takes away.
    pub impact: Impact,
    /// What it takes away.
    pub parts: &'static [Part],
    /// Its title, in Japanese and in English.
    pub title: [&'static str; 2],
    /// What is said at first.
    pub body: [&'static str; 2],
    /// What is said while it goes on and nothing is new.
    pub still: [&'static str; 2],
    /// What is said when it is over.
    pub over: [&'static str; 2],
}

fn texts([ja, en]: [&str; 2]) -> Texts {
    Texts::new(ja, en)
}

impl Template {
    /// Its title.
    pub fn title(&self) -> Texts {
        texts(self.title)
    }

    /// What is said at first.
    pub fn body(&self) -> Texts {
        texts(self.body)
    }

    /// What is said while it goes on.
    pub fn still(&self) -> Texts {
        texts(self.still)
    }

    /// What is said when it is over.
    pub fn over(&self) -> Texts {
        texts(self.over)
    }
}

const ALL_PARTS: &[Part] = &[Part::SignIn, Part::Pages, Part::Acts, Part::Documents];

/// What is said while a fault goes on and there is nothing new.
const STILL: [&str; 2] = [
    "引き続き対応しています。前回のお知らせから変わった点はありません。通話・データ通信は通常どおりご利用いただけます。",
    "We are still working on this. Nothing has changed since the last update. Calls and data work as usual.",
];

/// Every template there is.
pub const TEMPLATES: &[Template] = &[
    Template {
        word: "slow",
        state: State::Investigating,
        impact: Impact::Minor,
        parts: &[Part::SignIn, Part::Pages],
        title: ["ログインや表示に時間がかかっています", "Signing in and pages are slow"],
        body: [
            "ログインやページの表示に時間がかかっています。混み合っているときは、順番と目安の時刻をご案内します。お客様にしていただくことはありません。通話・データ通信は通常どおりご利用いただけます。",
            "Signing in and loading pages takes longer than usual. While it is crowded you are shown your place and an estimate. There is nothing you need to do. Calls and data work as usual.",
        ],
        still: STILL,
        over: [
            "ログインとページの表示は通常どおりに戻りました。ご不便をおかけしました。",
            "Signing in and pages are back to normal. We are sorry for the inconvenience.",
        ],
    },
    Template {
        word: "brownout",
        state: State::Identified,
        impact: Impact::Minor,
        parts: &[Part::Documents],
        title: [
            "明細のダウンロードなど一部の機能を停止しています",
            "Downloads and some other features are switched off",
        ],
        body: [
            "残量・利用量・料金の表示を優先するため、明細のダウンロード、データの書き出し、グラフの表示を一時的に停止しています。残量などの表示と各種手続きはご利用いただけます。通話・データ通信は通常どおりご利用いただけます。",
            "So that balance, usage and bills stay available, downloads of bills, exports of data and charts are switched off for now. Everything else works. Calls and data work as usual.",
        ],
        still: STILL,
        over: [
            "停止していた機能を再開しました。",
            "The features that were switched off are available again.",
        ],
    },
    Template {
        word: "read_only",
        state: State::Identified,
        impact: Impact::Major,
        parts: &[Part::SignIn, Part::Acts, Part::Documents],
        title: ["お手続きの受け付けを停止しています", "Changes cannot be made at the moment"],
        body: [
            "設備の都合により、新しいログインと、高速通信の切り替えなどのお手続きを停止しています。ログイン済みの方は、残量・利用量・料金をご覧いただけます。通話・データ通信は通常どおりご利用いただけます。",
            "Because of a problem with our equipment you cannot sign in anew or make changes, such as switching high speed on or off. If you are signed in you can still see your balance, usage and bills. Calls and data work as usual.",
        ],
        still: STILL,
        over: ["お手続きの受け付けを再開しました。", "Changes can be made again."],
    },
    Template {
        word: "stopped",
        state: State::Investigating,
        impact: Impact::Critical,
        parts: ALL_PARTS,
        title: ["お客様専用ページの表示を停止しています", "Personal pages are switched off"],
        body: [
            "ご本人の情報であることを確かめる検査で不一致を検出したため、安全のためにお客様専用ページの表示をすべて停止しました。不一致があった内容は送信していません。原因と影響を調べています。確認が終わるまで再開しません。通話・データ通信は通常どおりご利用いただけます。",
            "A check that what is shown belongs to the person it is shown to found a mismatch, so all personal pages were switched off. What did not match was not sent. We are looking into the cause and into who may be affected, and will not switch pages on again before we know. Calls and data work as usual.",
        ],
        still: [
            "原因と影響を調べています。確認が終わるまで、お客様専用ページの表示は再開しません。通話・データ通信は通常どおりご利用いただけます。",
            "We are still looking into the cause and into who may be affected. Personal pages stay switched off until we know. Calls and data work as usual.",
        ],
        over: [
            "開示の記録を確認したうえで、お客様専用ページの表示を再開しました。",
            "After checking the record of what was shown to whom, personal pages are switched on again.",
        ],
    },
    Template {
        word: "exposed",
        state: State::Investigating,
        impact: Impact::Critical,
        parts: ALL_PARTS,
        title: [
            "別のお客様の情報が表示された可能性があります",
            "Information of other customers may have been shown",
        ],
        body: [
            "別のお客様の情報が表示された可能性があるため、お客様専用ページの表示を停止しました。対象となる方と内容を、開示の記録から調べています。対象となる方には個別にご連絡します。お客様にしていただくことはありません。通話・データ通信は通常どおりご利用いただけます。",
            "Information of other customers may have been shown, so personal pages were switched off. We are finding out whose information it was, and which, from the record of disclosures, and will contact everybody concerned. There is nothing you need to do. Calls and data work as usual.",
        ],
        still: STILL,
        over: [
            "影響の確認を終え、お客様専用ページの表示を再開しました。",
            "We know what was affected, and personal pages are switched on again.",
        ],
    },
    Template {
        word: "journal",
        state: State::Identified,
        impact: Impact::Critical,
        parts: ALL_PARTS,
        title: ["お客様専用ページの表示を停止しています", "Personal pages are switched off"],
        body: [
            "どなたに何を表示したかの記録を残せない状態のため、お客様専用ページの表示を停止しています。記録を残せるようになり次第、再開します。通話・データ通信は通常どおりご利用いただけます。",
            "We cannot keep the record of what is shown to whom, so personal pages are switched off. They return as soon as the record can be kept again. Calls and data work as usual.",
        ],
        still: STILL,
        over: [
            "記録を残せるようになったため、お客様専用ページの表示を再開しました。停止中に失われた記録はありません。",
            "The record can be kept again, and personal pages are switched on. Nothing of it was lost.",
        ],
    },
    Template {
        word: "path",
        state: State::Investigating,
        impact: Impact::Critical,
        parts: ALL_PARTS,
        title: ["お客様専用ページの表示を停止しています", "Personal pages are switched off"],
        body: [
            "お客様の端末までの配信経路が、お一人おひとりの情報を分けて届けていることを確認できないため、お客様専用ページの表示を停止しています。確認でき次第、再開します。通話・データ通信は通常どおりご利用いただけます。",
            "We cannot confirm that the delivery network keeps each person's pages apart, so personal pages are switched off. They return as soon as we can. Calls and data work as usual.",
        ],
        still: STILL,
        over: [
            "配信経路を確認できたため、お客様専用ページの表示を再開しました。",
            "The delivery network has been confirmed, and personal pages are switched on again.",
        ],
    },
    Template {
        word: "unavailable",
        state: State::Investigating,
        impact: Impact::Critical,
        parts: ALL_PARTS,
        title: ["お客様専用ページをご利用いただけません", "Personal pages are not available"],
        body: [
            "設備の障害のため、お客様専用ページを表示できません。復旧に努めています。通話・データ通信は通常どおりご利用いただけます。",
            "Because of a fault in our equipment personal pages cannot be shown. We are working to bring them back. Calls and data work as usual.",
        ],
        still: STILL,
        over: ["お客様専用ページの表示を再開しました。", "Personal pages are available again."],
    },
    Template {
        word: "silent",
        state: State::Investigating,
        impact: Impact::Major,
        parts: ALL_PARTS,
        title: ["サービスからの応答が途絶えていました", "The service did not respond"],
        body: [
            "サービスからの応答が途絶え、お客様専用ページをご利用いただけない時間がありました。通話・データ通信には影響ありません。",
            "The service did not respond for a while, and personal pages could not be reached. Calls and data were not affected.",
        ],
        still: STILL,
        over: ["応答は回復しています。", "The service responds again."],
    },
    Template {
        word: "bills",
        state: State::Investigating,
        impact: Impact::Minor,
        parts: &[Part::Pages],
        title: ["料金・利用量の反映が遅れています", "Bills and usage are updated late"],
        body: [
            "料金または利用量の反映が遅れています。ページには、どの時点の情報かを表示しています。反映後は正しい内容に更新されます。通話・データ通信は通常どおりご利用いただけます。",
            "Bills or usage are updated late. Every figure says how old it is, and will be brought up to date. Calls and data work as usual.",
        ],
        still: STILL,
        over: ["料金・利用量の反映は通常どおりに戻りました。", "Bills and usage are updated as usual again."],
    },
    Template {
        word: "maintenance",
        state: State::Scheduled,
        impact: Impact::Maintenance,
        parts: ALL_PARTS,
        title: ["メンテナンスのお知らせ", "Planned maintenance"],
        body: [
            "メンテナンスのため、お客様専用ページをご利用いただけません。終了予定を変更するときは、変更前と変更後の時刻をこのページに掲示します。通話・データ通信は通常どおりご利用いただけます。",
            "Personal pages are not available during planned maintenance. Should its end change, the old and the new time are both shown here. Calls and data work as usual.",
        ],
        still: ["メンテナンスを続けています。", "Maintenance continues."],
        over: ["メンテナンスを終了しました。", "Maintenance is complete."],
    },
];

/// The template of that word.
pub fn template(word: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|one| one.word == word)
}
