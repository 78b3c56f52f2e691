//! The frame of every page.

words! {
    /// Words of the frame.
    ShellWords {
        skip: "本文へ", "Skip to content";
        nav: "メインメニュー", "Main menu";
        home: "ホーム", "Home";
        usage: "利用量", "Usage";
        bills: "料金", "Bills";
        notices: "お知らせ", "Notices";
        settings: "設定", "Settings";
        change_line: "回線を選ぶ", "Choose a line";
        as_of: "{0} 時点", "as of {0}";
        as_of_source: "{0} 時点・{1}", "as of {0}, {1}";
        unknown_time: "時点は不明です", "time of the figures unknown";
        unknown: "いま取得できません", "Not available right now";
        details: "詳細", "Details";
        back: "戻る", "Back";
        help: "お問い合わせ", "Contact us";
        sign_out: "ログアウト", "Sign out";
        other_language: "English", "日本語";
        simulated: "この環境の通信網は模擬です。高速通信の切り替えは実際の回線に届きません。", "The network here is simulated: switching high speed reaches no real line.";
        demo: "デモ環境です。表示されるのは架空のお客様の情報です。", "Demo: every subscriber shown here is invented.";
        times_in: "日時は{0}です。1 GB = 1,000 MB。残りは切り捨て、利用は切り上げて表示しています。", "Times are in {0}. 1 GB = 1,000 MB. What is left is rounded down, what was used is rounded up.";
        tokyo: "日本時間", "Japan time";
        on: "ON", "On";
        off: "OFF", "Off";
        active: "利用中", "In use";
        suspended: "停止中", "Suspended";
        ended: "利用終了", "Ended";
        upcoming: "利用開始前", "Not begun";
        begins: "{0}からご利用いただけます。", "It begins on {0}.";
        ended_note: "この回線のご利用は{0}に終わりました。お客様がご利用だった間の情報だけを表示しています。", "This line ended on {0}. Only what belongs to your own time is shown.";
        suspended_note: "この回線は停止中です。データ通信と手続きはお使いいただけません。理由と再開の方法はお問い合わせください。", "This line is suspended. Data and changes are not possible. Please contact us about the reason and how to resume.";
    }
}
