//! The file of a store, page by page, as the format of `SQLite` has it (<https://www.sqlite.org/fileformat2.html>).

use std::collections::BTreeSet;

/// Kinds of pages that hold rows, by their first octet.
const INNER: [u8; 2] = [2, 5];
const LEAF: [u8; 2] = [10, 13];

fn number(octets: &[u8]) -> usize {
    octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet))
}

struct Pages<'a> {
    file: &'a [u8],
    size: usize,
    free: BTreeSet<usize>,
}

impl<'a> Pages<'a> {
    fn of(file: &'a [u8]) -> Self {
        let size = match number(&file[16..18]) {
            1 => 65_536,
            size => size,
        };
        let (mut free, mut trunk) = (BTreeSet::new(), number(&file[32..36]));
        while trunk > 0 && free.insert(trunk) {
            let page = &file[(trunk - 1) * size..trunk * size];
            let leaves = page[8..].chunks_exact(4).take(number(&page[4..8])).map(number);
            free.extend(leaves);
            trunk = number(&page[..4]);
        }
        Self { file, size, free }
    }

    /// Whether that place lies between the list of a page's rows and the first of them, where nothing is kept.
    fn is_unused(&self, at: usize) -> bool {
        let page = at / self.size;
        if self.free.contains(&(page + 1)) {
            return false;
        }
        let octets = &self.file[page * self.size..(page + 1) * self.size];
        let head = if page == 0 { 100 } else { 0 };
        let length = match octets[head] {
            kind if INNER.contains(&kind) => 12,
            kind if LEAF.contains(&kind) => 8,
            // The tail of a long row.
            _ => return false,
        };
        let rows = number(&octets[head + 3..head + 5]);
        let first = number(&octets[head + 5..head + 7]);
        (head + length + 2 * rows..first).contains(&(at % self.size))
    }
}

/// How often octets stand in a store's file where rows are or were: in rows, in what was cut out of a page, in tails of
/// rows and in free pages. What a page holds is moved where it is split, and what was there may stay in its unused middle
/// until something is written over it: that is not counted, for nothing that is taken out later reaches it.
pub(crate) fn mentions(file: &[u8], octets: &[u8]) -> usize {
    let pages = Pages::of(file);
    let found = file.windows(octets.len()).enumerate().filter(|(_, window)| *window == octets);
    found.filter(|(at, _)| !pages.is_unused(*at)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store with rows of two people, after those of one were taken out; and the name of that one.
    fn taken_out(secure_delete: &str) -> (Vec<u8>, [u8; 16]) {
        let dir = honnin_testkit::TestDir::new();
        let file = dir.join("store");
        let rows = rusqlite::Connection::open(&file).unwrap();
        rows.execute_batch(
            "create table document (account, row, blob, primary key (account, row)) without rowid",
        )
        .unwrap();
        let (hers, his) = ([0xa5; 16], [0xa6; 16]);
        // One after the other, so that pages are split.
        for row in 0..400_u32 {
            for account in [&hers, &his] {
                let blob = vec![7_u8; 90 + usize::try_from(row % 30).unwrap()];
                rows.execute("insert into document values (?1, ?2, ?3)", (account, row, blob)).unwrap();
            }
        }
        let before = std::fs::read(&file).unwrap();
        assert!(mentions(&before, &hers) >= 400);
        rows.pragma_update(None, "secure_delete", secure_delete).unwrap();
        rows.execute("delete from document where account = ?1", [hers]).unwrap();
        drop(rows);
        let after = std::fs::read(&file).unwrap();
        assert!(mentions(&after, &his) >= 400);
        (after, hers)
    }

    #[test]
    fn what_was_taken_out_is_found_unless_it_was_overwritten() {
        for (secure_delete, is_left) in [("off", true), ("fast", true), ("on", false)] {
            let (file, hers) = taken_out(secure_delete);
            assert_eq!(mentions(&file, &hers) > 0, is_left, "{secure_delete}");
        }
    }

    #[test]
    fn what_a_split_left_in_unused_space_is_no_mention() {
        let (mut file, hers) = taken_out("on");
        let size = Pages::of(&file).size;
        let pages = Pages::of(&file);
        let place =
            (0..file.len()).step_by(8).find(|at| pages.is_unused(*at) && pages.is_unused(at + 16)).unwrap();
        file[place..place + 16].copy_from_slice(&hers);
        assert_eq!(mentions(&file, &hers), 0);
        // The same octets at the end of a page, which rows fill from there.
        let end = (place / size + 1) * size;
        file[end - 16..end].copy_from_slice(&hers);
        assert_eq!(mentions(&file, &hers), 1);
    }
}
