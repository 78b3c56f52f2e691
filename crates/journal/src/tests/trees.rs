use data_encoding::HEXLOWER;
use honnin_seal::{Digest, digest, leaf_digest, node_digest};
use proptest::prelude::*;

use crate::merkle::*;

/// The eight leaves that implementations of RFC 6962 test with.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// Roots over the first one to eight of them.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn leaves() -> Vec<Digest> {
    LEAVES.iter().map(|hex| leaf_digest(&HEXLOWER.decode(hex.as_bytes()).unwrap())).collect()
}

/// RFC 6962 §2.1, word for word: the definition the rest is compared with.
fn root_by_definition(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => digest(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_digest(&root_by_definition(left), &root_by_definition(right))
        }
    }
}

fn node(leaves: &[Digest]) -> impl Fn(u8, u64) -> Result<Digest, ()> + '_ {
    |level, number| {
        let start = usize::try_from(number << level).unwrap();
        leaves.get(start..start + (1 << level)).map(complete_root).ok_or(())
    }
}

fn edge(leaves: &[Digest]) -> (Edge, Vec<Tile>) {
    let (mut edge, mut full) = (Edge::default(), Vec::new());
    for leaf in leaves {
        edge.push(*leaf, &mut full);
    }
    (edge, full)
}

fn hex(path: &[Digest]) -> Vec<String> {
    path.iter().map(|hash| HEXLOWER.encode(hash)).collect()
}

#[test]
fn the_roots_of_the_known_trees_come_out() {
    let leaves = leaves();
    for (count, expected) in (1..).zip(ROOTS) {
        assert_eq!(HEXLOWER.encode(&edge(&leaves[..count]).0.root()), expected, "{count}");
    }
    assert_eq!(
        HEXLOWER.encode(&Edge::default().root()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

#[test]
fn the_known_proofs_come_out() {
    let leaves = leaves();
    assert_eq!(
        hex(&inclusion_path(&node(&leaves), 0, 8).unwrap()),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
    assert_eq!(
        hex(&inclusion_path(&node(&leaves), 2, 3).unwrap()),
        ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]
    );
    assert_eq!(
        hex(&consistency_path(&node(&leaves), 6, 8).unwrap()),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        hex(&consistency_path(&node(&leaves), 2, 5).unwrap()),
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ]
    );
}

#[test]
fn every_proof_of_every_small_tree_verifies_and_no_other() {
    let leaves: Vec<Digest> = (0u8..40).map(|n| leaf_digest(&[n])).collect();
    for size in 1..=leaves.len() {
        let tree = &leaves[..size];
        let (count, root) = (u64::try_from(size).unwrap(), root_by_definition(tree));
        for (index, leaf) in (0..).zip(tree) {
            let path = inclusion_path(&node(tree), index, count).unwrap();
            assert!(verify_inclusion(leaf, index, count, &path, &root));
            assert!(!verify_inclusion(leaf, index + 1, count, &path, &root));
            assert!(!verify_inclusion(&[1; 32], index, count, &path, &root));
            let longer = [path.as_slice(), &[[0; 32]]].concat();
            assert!(!verify_inclusion(leaf, index, count, &longer, &root));
            if let Some((_, shorter)) = path.split_last() {
                assert!(!verify_inclusion(leaf, index, count, shorter, &root));
            }
        }
        for old in 1..=size {
            let (old_count, old_root) = (u64::try_from(old).unwrap(), root_by_definition(&tree[..old]));
            let path = consistency_path(&node(tree), old_count, count).unwrap();
            assert!(verify_consistency((old_count, &old_root), (count, &root), &path), "{old} {size}");
            assert!(!verify_consistency((old_count, &[1; 32]), (count, &root), &path));
            assert!(!verify_consistency((old_count, &old_root), (count, &[1; 32]), &path));
        }
    }
}

#[test]
fn an_edge_gives_the_tiles_and_the_root_of_the_standard() {
    let leaves: Vec<Digest> = (0u32..70_000).map(|n| leaf_digest(&n.to_be_bytes())).collect();
    let (edge, full) = edge(&leaves);
    // The example of tlog-tiles: a tree of 70,000.
    let shape: Vec<_> = edge.partial().map(|tile| (tile.level, tile.number, tile.hashes.len())).collect();
    assert_eq!(shape, [(0, 273, 112), (1, 1, 17), (2, 0, 1)]);
    assert_eq!(full.iter().filter(|tile| tile.level == 0).count(), 273);
    assert_eq!(full.iter().filter(|tile| tile.level == 1).map(|tile| tile.number).collect::<Vec<_>>(), [0]);
    assert_eq!(edge.root(), root_by_definition(&leaves));
    assert_eq!(edge.whole_tiles().root(), root_by_definition(&leaves[..273 * 256]));
    let (mut by_roots, mut tiles) = (Edge::default(), Vec::new());
    full.iter()
        .filter(|tile| tile.level == 0)
        .for_each(|t| by_roots.push_tile_root(complete_root(&t.hashes), &mut tiles));
    assert_eq!((by_roots.size(), by_roots.root()), (273 * 256, edge.whole_tiles().root()));
    assert_eq!(tiles, full.iter().filter(|tile| tile.level == 1).cloned().collect::<Vec<_>>());
}

proptest! {
    #[test]
    fn a_tree_of_any_size_has_the_root_of_the_definition(size in 0usize..1500) {
        let leaves: Vec<Digest> = (0..size).map(|n| leaf_digest(&n.to_be_bytes())).collect();
        prop_assert_eq!(edge(&leaves).0.root(), root_by_definition(&leaves));
    }

    #[test]
    fn no_proof_makes_the_verifiers_panic(
        index: u64, size: u64, old: u64, path in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        verify_inclusion(&[0; 32], index, size, &path, &[1; 32]);
        prop_assert!(!verify_consistency((old.max(1), &[0; 32]), (size, &[1; 32]), &path));
    }
}
