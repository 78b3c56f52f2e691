//! Every value of the ledger, in every way a file may hold it.

use encoding_rs::SHIFT_JIS;

use super::scanner::Scanner;
use crate::support::ledger;

/// Fewest characters of a value that tells somebody apart.
const FEWEST: usize = 6;
/// Fewest digits of an amount.
const FEWEST_OF_AMOUNT: usize = 5;
/// Everybody may read the notices: they lie open.
const OPEN: &str = "お知らせ.csv";

/// All of them, and how often each kind was added.
pub(super) fn all() -> Scanner {
    let mut scanner = Scanner::default();
    for file in ledger::files().iter().filter(|file| *file != OPEN) {
        for row in ledger::rows(file) {
            for (heading, value) in &row {
                add(&mut scanner, heading, value);
            }
        }
    }
    scanner
}

/// Whether the values of a column are names, which are short and told by their octets.
fn is_name(heading: &str) -> bool {
    matches!(heading, "氏名" | "フリガナ")
}

/// Adds one cell in all its shapes.
pub(super) fn add(scanner: &mut Scanner, heading: &str, value: &str) {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let is_figure = !value.is_empty() && digits.len() == value.len();
    match heading {
        "電話番号" => number(scanner, &digits),
        _ if heading.ends_with("KB") && is_figure => {
            let octets = format!("{value}000");
            for figure in [value, &octets].into_iter().filter(|figure| figure.len() >= FEWEST) {
                text(scanner, figure, heading);
            }
        }
        // A month or a day alone tells nobody apart; when somebody was born does.
        _ if is_figure && matches!(heading, "請求月" | "支払期日") => {}
        "生年月日" => {
            for born in [value.to_owned(), value.replace('/', "-"), value.replace('/', "")] {
                text(scanner, &born, heading);
            }
        }
        "合計金額" | "うち消費税" | "金額" | "月額" => text(scanner, value, heading),
        _ if ledger::day(value.split(' ').next().unwrap_or_default()).is_some() && value.contains('/') => {}
        _ if is_name(heading) => {
            text(scanner, value, heading);
            text(scanner, &value.replace(['\u{3000}', ' '], ""), heading);
        }
        _ if value.chars().count() >= FEWEST => text(scanner, value, heading),
        _ => {}
    }
}

/// A phone number: in one piece, with hyphens, and as E.164.
fn number(scanner: &mut Scanner, digits: &str) {
    if digits.len() == 11 {
        text(scanner, digits, "電話番号");
        text(scanner, &format!("{}-{}-{}", &digits[..3], &digits[3..7], &digits[7..]), "電話番号");
        text(scanner, &format!("81{}", &digits[1..]), "電話番号");
    }
}

/// A text in UTF-8, UTF-16 of both orders, and CP932.
fn text(scanner: &mut Scanner, value: &str, heading: &str) {
    let units = || value.encode_utf16();
    let shapes = [
        value.as_bytes().to_vec(),
        units().flat_map(u16::to_le_bytes).collect(),
        units().flat_map(u16::to_be_bytes).collect(),
        SHIFT_JIS.encode(value).0.into_owned(),
    ];
    let fewest = if value.is_ascii() { FEWEST_OF_AMOUNT } else { FEWEST };
    for shape in shapes.into_iter().filter(|shape| shape.len() >= fewest) {
        scanner.add(shape, heading);
    }
}
