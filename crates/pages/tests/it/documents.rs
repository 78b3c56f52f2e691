//! Bills to keep: every figure of the page stands on the sheet and, exact, in the rows.

use honnin_pages::page::Theme;
use honnin_pages::words::Language;
use honnin_paper::{Block, Sheet};

use crate::samples::{HOSTILE, LONG, Studio};

/// Everything that stands on a sheet.
fn said(sheet: &Sheet) -> String {
    let block = |block: &Block| match block {
        Block::Mark(text, ..)
        | Block::Title(text)
        | Block::Heading(text)
        | Block::Name(text)
        | Block::Text(text)
        | Block::Remark(text) => text.clone(),
        Block::Figure(label, value) => format!("{label} {value}"),
        Block::Pairs(pairs) => {
            pairs.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join("\n")
        }
        Block::Table(table) => {
            let rows = table.rows.iter().chain(&table.sum);
            rows.map(|(item, amount)| format!("{item} {amount}")).collect::<Vec<_>>().join("\n")
        }
    };
    sheet.blocks.iter().map(block).collect::<Vec<_>>().join("\n")
}

#[expect(clippy::unwrap_used, reason = "the samples are known")]
fn kept(language: Language, wanted: &str) -> (String, Vec<u8>, String) {
    let all = Studio::new(language, Theme::Auto).kept();
    let (_, sheet, pdf, rows) = all.into_iter().find(|(name, ..)| *name == wanted).unwrap();
    (said(&sheet), pdf, String::from_utf8(rows).unwrap())
}

#[test]
fn every_figure_of_the_page_stands_on_the_sheet_with_its_time_and_source() {
    let (ja, _, _) = kept(Language::JA, "bill-usual");
    for figure in [
        "渋谷 太郎 様",
        "発行 マイモバイル",
        "会員ID mio30617284",
        "ご請求金額（税込） ・ 確定 4,056円",
        "ご利用月 2026年8月",
        "請求月 2026年9月",
        "お支払い期限 2026年11月26日",
        "うち消費税 368円",
        "請求番号 inv20261112345",
        "時点 2026年11月20日 6:00",
        "出典 料金システム",
        "ギガプラン 8GB 4,000円",
        "ユニバーサルサービス料 4円",
        "家族割引 -100円",
        "合計 4,056円",
    ] {
        assert!(ja.contains(figure), "{figure} is not in {ja}");
    }
    let (en, _, _) = kept(Language::EN, "bill-usual");
    for figure in [
        "For 渋谷 太郎",
        "Final ¥4,056",
        "Of which tax ¥368",
        "家族割引 -¥100",
        "As of 20 Nov 2026 06:00",
        "Source billing system",
    ] {
        assert!(en.contains(figure), "{figure} is not in {en}");
    }
}

#[test]
fn what_the_ledger_does_not_say_is_said_to_be_unknown_and_is_never_zero() {
    let (ja, _, rows) = kept(Language::JA, "bill-open");
    assert!(ja.contains("うち消費税 記載なし") && ja.contains("金額は変わることがあります"), "{ja}");
    assert!(ja.contains("見込み金額") && ja.contains("内訳はまだありません"), "{ja}");
    assert!(rows.contains("\"うち消費税\",,,"), "{rows}");
}

#[test]
fn the_rows_hold_every_figure_once_and_exactly() {
    let (_, _, rows) = kept(Language::JA, "bill-usual");
    let lines: Vec<&str> = rows.trim_start_matches('\u{feff}').trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 6, "{rows}");
    // The sample's items came without a moment, the bill with one.
    let (own, whole) = ("取り込みの時刻（料金システムに記載なし）", "料金システムの記載");
    let figures = [("4000", own), ("4", own), ("-100", own), ("368", whole), ("4056", whole)];
    for (line, (end, by)) in lines[1..].iter().zip(figures) {
        assert!(
            line.starts_with("\"inv20261112345\",\"2026-09\",\"2026-08\",\"確定\",\"2026-11-26\","),
            "{line}"
        );
        assert!(
            line.ends_with(&format!(",{end},\"2026-11-20T06:00:00+09:00\",\"料金システム\",\"{by}\"")),
            "{line}"
        );
    }
}

#[test]
fn what_a_ledger_may_say_breaks_out_of_neither() {
    for language in Language::all().iter().copied() {
        let (said, pdf, rows) = kept(language, "bill-hostile");
        assert!(said.contains(HOSTILE) && said.contains(LONG) && said.contains("9,223,372,036,854,775,807"));
        assert!(pdf.starts_with(b"%PDF-1.7") && pdf.ends_with(b"%%EOF"));
        assert!(
            !pdf.windows(7).any(|window| window == b"<script"),
            "text of the ledger stands in streams alone"
        );
        assert!(
            rows.contains("\"<script>alert('x')</script>\"\"><img src=x onerror=alert(1)>&amp;\""),
            "{rows}"
        );
    }
}
