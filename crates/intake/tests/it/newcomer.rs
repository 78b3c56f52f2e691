//! A ledger nobody had seen goes in by a mapping written after the guide alone.

use honnin_intake::{Mapping, check};
use honnin_terms::{LineStatus, Said};

use crate::reading::project;
use crate::world::World;

#[test]
fn a_ledger_nobody_had_seen_goes_in_by_its_mapping() {
    let dir = project("tests/data/newcomer");
    let mut world = World::new("ledger-a");
    world.mapping = Mapping::load(&dir.join("mapping.toml")).unwrap();
    let report = check(&world.mapping, std::slice::from_ref(&dir)).unwrap();
    assert!(report.is_clean(), "{report}");
    let summary = world.take(&[dir]).unwrap();
    assert!(summary.is_clean(), "{summary}");
    assert_eq!(summary.in_all().taken, 8);
    let first = world.line("K-1001", "C-1", "2024-04-01").line;
    let left: Vec<_> =
        first.buckets.iter().map(|bucket| (bucket.remaining.get(), bucket.expires_on.is_none())).collect();
    assert_eq!(left, [(7_516_717_056, false), (536_870_912, true)]);
    assert_eq!(first.number.digits(), "491701234567");
    assert_eq!(first.monthly.map(honnin_terms::Yen::get), Some(1_299));
    assert_eq!(first.as_of, Said::by_ledger("2026-11-20T00:00:00+01:00".parse().unwrap()));
    assert_eq!(first.buckets_as_of, "2026-11-20T06:00:00+01:00".parse().ok());
    let second = world.line("K-1002", "C-2", "2025-01-15").line;
    assert_eq!((second.status, second.held.to, second.five_g), (LineStatus::Suspended, None, false));
    let bill = world.shown("K-1001").bills.unwrap().bills.remove(0).0;
    assert_eq!((bill.amount.get(), bill.used_in.unwrap().to_string()), (1_299, "2026-11".to_owned()));
}
