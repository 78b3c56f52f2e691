//! The account: sign-in, activation, lines, notices, devices, disclosures, settings.

words! {
    /// Words of sign-in.
    SignInWords {
        title: "ログイン", "Sign in";
        heading: "{0} にログイン", "Sign in to {0}";
        login: "会員ID", "Member ID";
        password: "パスワード", "Password";
        reveal: "表示", "Show";
        submit: "ログイン", "Sign in";
        activate: "はじめての方・パスワードを忘れた方", "First time here, or password forgotten";
        problem: "ログインできませんでした", "You are not signed in";
        wrong: "会員ID またはパスワードが違います。", "The member ID or the password is wrong.";
        wait: "続けて失敗したため、{0}までお待ちください。パスワードは正しくてもまだ使えません。", "After several failures please wait until {0}. Even the right password is not taken before that.";
        busy: "混み合っています。少し待ってからもう一度お試しください。", "Very busy right now. Please try again in a moment.";
        incomplete: "会員ID とパスワードを入力してください。", "Please enter your member ID and your password.";
        ended: "ログインの期限が切れました。もう一度ログインしてください。", "Your session has ended. Please sign in again.";
        signed_out: "ログアウトしました。", "You are signed out.";
        activated: "パスワードを設定しました。ログインしてください。", "Your password is set. Please sign in.";
        never_ask: "当社の担当者がパスワードや確認コードをお聞きすることはありません。", "Our staff never ask for your password or a code.";
    }
    /// Words of activation.
    ActivateWords {
        title: "パスワードの設定", "Set your password";
        intro: "お手元の確認コードで、はじめての設定とパスワードの再設定ができます。", "Use the one-time code you were given, for the first time or after forgetting your password.";
        code: "確認コード", "One-time code";
        code_hint: "ハイフンや空白はあってもなくてもかまいません。", "With or without hyphens and spaces.";
        password: "新しいパスワード", "New password";
        password_hint: "{0}文字以上。長いほど安全です。記号や大文字は必須ではありません。", "At least {0} characters. Longer is safer; signs and capitals are not required.";
        submit: "設定する", "Set password";
        sessions_end: "設定すると、ほかの端末はすべてログアウトされます。", "All other devices will be signed out.";
        problem: "設定できませんでした", "Your password is not set";
        wrong: "会員ID または確認コードが違うか、期限が切れています。", "The member ID or the code is wrong, or the code has expired.";
        short: "パスワードは{0}文字以上にしてください。", "Please use at least {0} characters.";
        long: "パスワードが長すぎます。", "The password is too long.";
        common: "よく使われるパスワードです。別のものにしてください。", "This password is widely used. Please choose another.";
        to_sign_in: "ログインへ", "Back to sign-in";
    }
    /// Words of the line switcher.
    LineWords {
        title: "回線", "Lines";
        heading: "回線を選ぶ", "Choose a line";
        current: "ご利用の回線", "Your lines";
        ended: "利用を終えた回線", "Ended lines";
        period: "{0}から", "since {0}";
        period_to: "{0}から {1}まで", "{0} to {1}";
        none: "表示できる回線がありません。", "There is no line to show.";
    }
    /// Words of notices.
    NoticeWords {
        title: "お知らせ", "Notices";
        none: "お知らせはありません。", "There are no notices.";
        published: "掲示 {0}", "published {0}";
        code: "番号 {0}", "No. {0}";
        to_list: "お知らせの一覧へ", "All notices";
        genuine: "本物のお知らせはここにすべて載っています。ここにないメールや SMS は当社のものではありません。", "Every genuine notice is listed here. A mail or SMS about something that is not here is not ours.";
    }
    /// Words of devices and sessions.
    DeviceWords {
        title: "端末とセッション", "Devices and sessions";
        intro: "いまログインしている端末です。", "The devices that are signed in now.";
        current: "この端末", "This device";
        since: "ログイン {0}", "signed in {0}";
        last_seen: "最終利用 {0}", "last seen {0}";
        until: "遅くとも {0}に終了", "ends by {0} at the latest";
        revoke: "ログアウトさせる", "Sign out";
        revoke_label: "{0} をログアウトさせる", "Sign out {0}";
        revoke_others: "ほかの端末をすべてログアウト", "Sign out all other devices";
        others_none: "ほかにログインしている端末はありません。", "No other device is signed in.";
        unfamiliar: "心当たりのない端末があれば、ログアウトさせてパスワードを設定しなおしてください。", "If you do not know a device, sign it out and set a new password.";
        unnamed: "名前のわからない端末", "Unnamed device";
        done: "ログアウトさせました。", "Signed out.";
    }
    /// Words of who has seen my data.
    DisclosureWords {
        title: "閲覧の記録", "Who has seen my data";
        intro: "お客様の情報が、いつ、だれに、何のために表示されたかの記録です。書き換えられない形で残しています。", "When your data was shown, to whom and on what basis. The record cannot be rewritten.";
        myself: "ご本人", "You";
        granted: "許可された人", "Someone you allowed";
        granted_basis: "許可の記録 {0}", "grant record {0}";
        agent: "サポート担当", "Support agent";
        agent_basis: "対応の記録 {0}", "case record {0}";
        index: "記録番号 {0}", "record {0}";
        older: "前の記録", "Older records";
        newest: "最新の記録", "Newest records";
        none: "この期間の記録はありません。", "There are no records here.";
        since: "{0}より前の記録は、保存期間が過ぎたため残っていません。", "Records before {0} are gone: their retention has ended.";
        what: "何を", "What";
        how: "経路", "By way of";
        line: "回線", "Line";
        self_basis: "ご本人のログイン", "your own sign-in";
        page: "画面", "page";
        api: "API", "programming interface";
        mail: "メール", "mail";
        export: "書き出し", "export";
        kind_me: "回線の一覧", "list of lines";
        kind_home: "ホーム", "home";
        kind_usage: "利用量", "usage";
        kind_buckets: "残量と期限", "data and expiry";
        kind_purchases: "購入履歴", "purchases";
        kind_contract: "契約内容", "contract";
        kind_speed: "高速通信", "high speed";
        kind_bills: "請求の一覧", "list of bills";
        kind_bill: "請求の明細", "one bill";
        kind_export: "データの書き出し", "export of my data";
        kind_bill_pdf: "請求の PDF", "a bill as PDF";
        kind_bill_csv: "請求の CSV", "a bill as CSV";
        kind_devices: "端末とセッション", "devices and sessions";
        kind_merge_consent: "統合の同意コード", "code of a consent to a merge";
        kind_disclosures: "閲覧の記録", "record of disclosures";
    }
    /// Words of agreeing to a merge of accounts.
    MergeWords {
        title: "会員IDの統合", "Merge member IDs";
        intro: "2つの会員IDの回線を1つの会員IDにまとめる手続きです。両方のご本人がそれぞれログインして同意コードを発行し、統合を申し込んだ窓口に伝えたときだけ行われます。", "This puts the lines of two member IDs together under one. It is done only when both owners have signed in, each has issued a code here, and both codes were given to the desk where you asked for it.";
        gives: "この会員IDの回線を渡す", "Hand over the lines of this member ID";
        gives_text: "この会員IDのすべての回線が、これまでの利用量や購入履歴も含めて、もう一方の会員IDで見られるようになります。この会員IDでは見られなくなり、以後の閲覧の記録はもう一方の会員IDに残ります。ご請求と契約者情報はこの会員IDに残ります。この会員IDの端末はすべてログアウトされます。", "All lines of this member ID, with their past usage and purchases, can be seen with the other member ID, and no longer with this one. Whoever looks at them from then on is recorded under the other member ID. Bills and your own data stay with this one. All devices of this member ID are signed out.";
        gives_submit: "渡すことに同意する", "I agree to hand them over";
        takes: "ほかの会員IDの回線を受け取る", "Take over the lines of another member ID";
        takes_text: "もう一方の会員IDのすべての回線が、この会員IDに加わります。もう一方のご請求と契約者情報は加わりません。", "All lines of the other member ID are added to this one. Bills and owner's data of the other are not.";
        takes_submit: "受け取ることに同意する", "I agree to take them over";
        undo: "統合は取り消せます。取り消すと、回線はその間に届いた利用量も含めて元の会員IDに戻り、受け取った会員IDの端末はすべてログアウトされます。", "A merge can be undone. Then the lines go back to the member ID they came from, with the usage that came in meanwhile, and all devices of the member ID that had taken them over are signed out.";
        password: "パスワード（ご本人の確認）", "Password, to be sure it is you";
        code: "同意コード", "Code of your consent";
        code_text: "{0}まで、1回だけ使えます。発行しなおすと、このコードは使えなくなります。", "It can be used once, until {0}. Issuing another makes this one void.";
        code_care: "統合を申し込んだ窓口にだけお伝えください。もう一方の会員IDの方にも教える必要はありません。", "Tell it to the desk where you asked for the merge and to nobody else, the owner of the other member ID included.";
        problem: "同意コードは発行していません", "No code was issued";
        wrong: "パスワードが違います。", "The password is wrong.";
    }
    /// Words of settings.
    SettingWords {
        title: "設定", "Settings";
        language: "言語", "Language";
        theme: "表示", "Appearance";
        theme_auto: "自動", "Automatic";
        theme_light: "明るい", "Light";
        theme_dark: "暗い", "Dark";
        safety: "安全と記録", "Safety and records";
        account: "契約", "Contract";
        password: "パスワードを設定しなおす", "Set a new password";
        install: "ホーム画面に置く", "Put it on your home screen";
        install_text: "ブラウザーの共有メニューから「ホーム画面に追加」を選ぶと、アプリのように開けます。", "Choose Add to Home Screen in the browser's share menu to open this like an app.";
        saved: "設定を保存しました。", "Saved.";
    }
}
