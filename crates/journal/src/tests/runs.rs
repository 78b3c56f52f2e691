//! Runs of the index answer what a look at every row answers, however many were made one.

use std::collections::BTreeMap;

use super::*;
use crate::disk::RealDisk;
use crate::index::{CHUNK, Maker, Row};
use crate::pace::Steps;
use crate::run::{OWNER, Run, Stretch, VIEWER};
use crate::tiles::Tiles;

fn row(viewer: u8, owner: u8) -> Row {
    let name = |number: u8| Pseudonym([number.wrapping_mul(37); 16]);
    Row::of(&Entry { viewer: name(viewer), owner: name(owner), ..Entry::blank(Kind::Disclosure, at(1), 1) })
}

#[test]
fn sixteen_runs_made_one_answer_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let chain = chain();
    let tiles = Tiles { dir: dir.path(), size: 0 };
    let maker = Maker { disk: &RealDisk, tiles, chain: &chain, minimum: 0 };
    let mut seen: BTreeMap<(u8, u32), Vec<u64>> = BTreeMap::new();
    for chunk in 0..16u64 {
        let rows: Vec<Row> = (0..1500u64)
            .map(|n| {
                let (viewer, owner) = (u8::try_from(n % 7).unwrap(), u8::try_from(n * n % 11).unwrap());
                seen.entry((viewer, VIEWER)).or_default().push(chunk * CHUNK + n);
                seen.entry((owner, OWNER)).or_default().push(chunk * CHUNK + n);
                row(viewer, owner)
            })
            .collect();
        maker.chunk(chunk, chunk * CHUNK, &rows, &mut Steps::at_once()).unwrap();
    }
    let whole = Stretch { level: 1, number: 0 };
    maker.make(whole).unwrap();
    let run = Run::open(dir.path(), whole, &chain).unwrap();
    assert!(run.check().is_ok());
    for ((name, side), indexes) in &seen {
        let name = Pseudonym([name.wrapping_mul(37); 16]);
        let newest: Vec<u64> = indexes.iter().rev().copied().collect();
        let found = |below, most| -> Vec<u64> {
            run.find(name, *side, below, most).unwrap().into_iter().map(u64::from).collect()
        };
        assert_eq!(found(whole.end(), 100_000), newest);
        assert_eq!(found(whole.end(), 7), newest[..7]);
        assert_eq!(found(newest[6], 7), newest[7..14]);
        assert_eq!(found(0, 7), Vec::<u64>::new());
    }
    assert_eq!(run.find(Pseudonym([0xfe; 16]), OWNER, whole.end(), 9).unwrap(), Vec::<u32>::new());
}

#[test]
fn a_log_is_covered_by_runs_without_a_gap_and_by_few() {
    for chunks in [0, 1, 15, 16, 17, 255, 256, 1525, 4096, 70_000] {
        let cover = Stretch::cover(chunks);
        let mut end = 0;
        for stretch in &cover {
            assert_eq!(stretch.start(), end);
            end = stretch.end();
        }
        assert_eq!(end, chunks * CHUNK);
    }
    // A hundred million entries.
    assert!(Stretch::cover(1525).len() <= 35);
}
