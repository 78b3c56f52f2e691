//! Documents to keep: a bill as a sheet and as rows.

words! {
    /// Words of documents.
    DocumentWords {
        keep: "この請求を保存", "Keep this bill";
        pdf: "PDF で保存", "Save as PDF";
        csv: "CSV で保存（表計算用）", "Save as CSV (spreadsheet)";
        to: "{0} 様", "For {0}";
        made: "作成 {0}", "Made {0}";
        ledger: "原簿", "ledger";
        as_of: "時点", "As of";
        source: "出典", "Source";
        kind: "区分", "Kind";
        kind_item: "内訳", "item";
        kind_tax: "うち消費税", "tax within";
        kind_sum: "合計（税込）", "total, tax included";
        amount_yen: "金額（円）", "Amount (JPY)";
        copied: "この書面は、上の時点の原簿の内容をそのまま写したものです。適格請求書（インボイス）ではありません。", "This sheet repeats what the ledger said at the time above. It is not a qualified invoice for consumption tax.";
        times_in: "日時は{0}です。", "Times are in {0}.";
        no_glyph: "この書面の書体にない文字です。", "a character this document's typeface does not have:";
    }
    /// Words of the export.
    ExportWords {
        title: "自分のデータの書き出し", "Export my data";
        intro: "お客様について保存しているすべての情報を、一つのファイル（JSON）にまとめてお渡しします。", "Everything kept about you, in one file (JSON).";
        contents: "入っているもの", "What is in it";
        profile: "お名前・フリガナ・メールアドレス・生年月日・会員ID", "Name, its reading, mail address, date of birth, member ID";
        lines: "回線ごとの契約・電話番号・SIM 番号・残量・利用量・購入・高速通信の設定", "For each line: contract, phone number, SIM number, data, usage, purchases, high speed";
        bills: "請求と内訳", "Bills and their items";
        devices: "ログイン中の端末", "Devices that are signed in";
        disclosures: "閲覧の記録（新しい順に一万件まで）", "Who has seen your data, the newest ten thousand records";
        care: "電話番号や SIM 番号も省略せずに入ります。共用の端末には保存しないでください。", "Phone and SIM numbers are in it unmasked. Do not save it on a device you share.";
        begin: "ファイルを作る", "Make the file";
        anew: "新しく作りなおす", "Make it anew";
        waiting: "順番をお待ちください。前に{0}件あります。", "Waiting for its turn. Before yours: {0}.";
        working: "作成しています。", "It is being made.";
        refresh: "いまの状態を見る", "See how far it is";
        ready: "できました。{0}まで、このログインからだけ保存できます。", "Ready. Until {0} it can be saved, from this sign-in only.";
        save: "保存する", "Save";
        gone: "保存期限が過ぎたため、ファイルは消しました。", "Its time was over, so the file was deleted.";
        too_large: "情報が多すぎて一つのファイルに収まりません。お問い合わせください。", "There is too much for one file. Please contact us.";
        no_room: "いまファイルを置く場所がありません。何も作られていません。しばらくしてからもう一度お試しください。", "There is no room for the file right now. Nothing was made. Please try again later.";
        deadline: "時間内に作れませんでした。何も作られていません。もう一度お試しください。", "It could not be made in time. Nothing was made. Please try again.";
        failed: "作れませんでした。何も作られていません。もう一度お試しください。", "It could not be made. Nothing was made. Please try again.";
        kept: "ファイルはお客様の鍵で暗号化して置き、期限が来たら消します。", "The file lies encrypted with your own key and is deleted when its time is over.";
    }
}
