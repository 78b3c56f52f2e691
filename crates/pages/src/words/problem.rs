//! What went wrong, what still works, what to do.

words! {
    /// Words of the error pages.
    ProblemWords {
        sign_in_title: "ログインが必要です", "Please sign in";
        sign_in_text: "このページを見るにはログインしてください。", "Sign in to see this page.";
        forbidden_title: "この操作はできません", "This is not allowed";
        forbidden_text: "このページやこの操作は、お客様の契約では使えません。別のサイトから送られた操作も受け付けません。", "This page or act is not part of your contract. Acts sent from another site are refused too.";
        not_found_title: "ページが見つかりません", "There is no such page";
        not_found_text: "ページの場所が変わったか、表示できる期間が終わりました。", "Its address has changed, or its time to be shown is over.";
        conflict_title: "いまはこの操作を受け付けられません", "This cannot be done now";
        conflict_text: "回線が停止中または利用終了のため、変更できません。内容は何も変わっていません。", "The line is suspended or ended. Nothing has been changed.";
        too_large_title: "この書面は作れません", "This document cannot be made";
        too_large_text: "内容が多すぎて、一つの書面に収まりません。画面ではすべてご覧いただけます。", "There is too much for one document. Everything can be seen on the pages.";
        export_gone_title: "ファイルがありません", "There is no such file";
        export_gone_text: "まだできていないか、保存期限が過ぎて消えました。もう一度作れます。", "It is not there yet, or its time was over and it was deleted. You can make another.";
        to_export: "データの書き出しへ", "Go to the export";
        invalid_title: "入力を確かめてください", "Please check what you entered";
        invalid_text: "送られた内容に足りないところ、または使えない値があります。内容は何も変わっていません。", "Something is missing or cannot be used. Nothing has been changed.";
        too_often_title: "少しお待ちください", "One moment please";
        too_often_text: "短い間に続けて操作されました。内容は何も変わっていません。", "You did this several times in a short while. Nothing has been changed.";
        unavailable_title: "ただいまご利用いただけません", "Not available right now";
        unavailable_text: "この画面を一時的に止めています。お客様の情報は守られています。", "This page is paused for now. Your data is safe.";
        calls_work: "通話・データ通信はいつもどおり使えます。", "Calls and mobile data work as usual.";
        come_back: "{0}以降にもう一度お試しください。", "Please try again after {0}.";
        place: "ただいま {0} 人目です。", "You are number {0} in line.";
        as_of: "{0} 時点", "as of {0}";
        again: "もう一度試す", "Try again";
        to_sign_in: "ログインへ", "Sign in";
        to_home: "ホームへ", "Go to home";
        number: "受付番号 {0}", "Reference {0}";
        number_hint: "お問い合わせの際にお知らせください。", "Please tell us this when you contact us.";
    }
}
