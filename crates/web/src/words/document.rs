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
}
