//! What the sample ledger promises to those who read it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use encoding_rs::SHIFT_JIS;

use super::*;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/sample-ledger");

fn files_of(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect()
}

/// The rows of a file without its headings.
fn rows(octets: &[u8]) -> Vec<Vec<String>> {
    let (text, _, broken) = SHIFT_JIS.decode(octets);
    assert!(!broken);
    let fields = |line: &str| {
        line.trim_start_matches('"')
            .trim_end_matches('"')
            .split("\",\"")
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    text.split_terminator("\r\n").skip(1).map(fields).collect()
}

#[test]
fn what_ships_is_what_the_generator_writes() {
    let dir = honnin_testkit::TestDir::new();
    write(dir.path()).unwrap();
    let (made, shipped) = (files_of(dir.path()), files_of(Path::new(SHIPPED)));
    assert_eq!(made.keys().collect::<Vec<_>>(), shipped.keys().collect::<Vec<_>>());
    for (name, octets) in &made {
        assert!(shipped[name] == *octets, "{name} differs: run `cargo xtask sample-ledger`");
    }
}

#[test]
fn no_two_accounts_share_a_mail_address_an_amount_or_a_remainder() {
    let mut seen = BTreeMap::new();
    for account in &cast::CAST {
        let mut own = BTreeSet::from([account.mail.to_owned()]);
        own.extend(
            account
                .bills
                .iter()
                .map(|bill| format!("{} yen", bill.lines.iter().map(|(_, yen)| yen).sum::<i64>())),
        );
        let buckets = account.lines.iter().flat_map(|line| line.buckets);
        own.extend(
            buckets
                .filter(|bucket| bucket.remaining_kb > 0)
                .map(|bucket| format!("{} KB", bucket.remaining_kb)),
        );
        for value in own {
            let other = seen.insert(value.clone(), account.id);
            assert_eq!(other, None, "{value} of {}", account.id);
        }
    }
}

#[test]
fn a_bucket_names_a_purchase_of_its_own_line() {
    for line in cast::CAST.iter().flat_map(|account| account.lines) {
        for bucket in line.buckets.iter().filter(|bucket| bucket.kind == "追加") {
            assert!(
                line.purchases.iter().any(|purchase| purchase.id == bucket.purchase),
                "{}",
                bucket.purchase
            );
        }
    }
}

#[test]
fn every_code_is_given_once() {
    let shipped = files_of(Path::new(SHIPPED));
    let first_fields =
        |name: &str| rows(&shipped[name]).into_iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    let usage = ["利用量_202610.csv", "利用量_202611.csv"].map(first_fields).concat();
    for ids in [first_fields("契約者.csv"), first_fields("回線.csv"), first_fields("請求.csv"), usage]
    {
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}

#[test]
fn nobody_holds_a_number_while_another_does() {
    let lines: Vec<&Line> = cast::CAST.iter().flat_map(|account| account.lines).collect();
    for (place, one) in lines.iter().enumerate() {
        for other in lines.iter().skip(place + 1).filter(|other| other.number == one.number) {
            let apart = one.to.is_some_and(|to| to < other.from) || other.to.is_some_and(|to| to < one.from);
            assert!(apart, "{} and {}", one.code, other.code);
        }
    }
}

#[test]
fn every_row_of_usage_falls_to_one_holder() {
    let shipped = files_of(Path::new(SHIPPED));
    let mut count = 0;
    for name in ["利用量_202610.csv", "利用量_202611.csv"] {
        for row in rows(&shipped[name]) {
            let day: Date = row[2].replace('/', "-").parse().unwrap();
            let holders = cast::CAST.iter().flat_map(|account| account.lines).filter(|line| {
                Number(line.number).plain() == row[1]
                    && line.from <= day
                    && line.to.is_none_or(|to| day <= to)
            });
            assert_eq!(holders.count(), 1, "{row:?}");
            count += 1;
        }
    }
    assert!(count > 400, "{count}");
}
