//! Events on their way to their accounts: partitioned on disk, so that memory does not grow with the extract.
//!
//! What is written is sealed under a key that exists only in this process, in a file that has no name: nothing of
//! it can be read on the disk, and after a crash there is nothing to clean up.

use std::fs::File;
use std::io::{self, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use honnin_seal::{KindKey, Place, Purpose};
use honnin_terms::{Entropy, TenantId};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How much is gathered of a partition before it is sealed and written. Unit: octets.
const CHUNK: usize = 32 * 1024;

/// The spill file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpillError {
    /// The file system refuses.
    #[error("write or read the partitions of a run in the data directory")]
    Io(#[from] io::Error),
    /// What was read back is not what was written.
    #[error("read back a partition of a run: it was altered on disk")]
    Altered,
}

struct Partition {
    waiting: Vec<u8>,
    /// Where the sealed chunks lie: offset and length.
    chunks: Vec<(u64, usize)>,
    items: u64,
}

/// Items of one type, in partitions.
pub(crate) struct Spill<'a, T> {
    file: File,
    end: u64,
    key: KindKey,
    entropy: &'a dyn Entropy,
    partitions: Vec<Partition>,
    items: PhantomData<fn(T) -> T>,
}

fn place(row: &[u8; 16]) -> Place<'_> {
    Place { row, ..Place::of_tenant(TenantId::new(0), Purpose::Document("spill")) }
}

fn row(partition: usize, chunk: usize) -> [u8; 16] {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    ((u128::from(number(partition)) << 64) | u128::from(number(chunk))).to_be_bytes()
}

impl<'a, T: Serialize + DeserializeOwned> Spill<'a, T> {
    /// Makes so many empty partitions, in a nameless file in `dir`.
    pub(crate) fn new(dir: &Path, partitions: usize, entropy: &'a dyn Entropy) -> Result<Self, SpillError> {
        let empty = || Partition { waiting: Vec::new(), chunks: Vec::new(), items: 0 };
        Ok(Self {
            file: tempfile::tempfile_in(dir)?,
            end: 0,
            key: KindKey::random(entropy),
            entropy,
            partitions: std::iter::repeat_with(empty).take(partitions).collect(),
            items: PhantomData,
        })
    }

    /// Adds an item to a partition.
    pub(crate) fn add(&mut self, partition: usize, item: &T) -> Result<(), SpillError> {
        let part = self.partitions.get_mut(partition).ok_or(SpillError::Altered)?;
        let waiting = std::mem::take(&mut part.waiting);
        part.waiting = postcard::to_extend(item, waiting).map_err(|_| SpillError::Altered)?;
        part.items += 1;
        if part.waiting.len() >= CHUNK { self.write(partition) } else { Ok(()) }
    }

    /// How many items a partition has.
    pub(crate) fn items_in(&self, partition: usize) -> u64 {
        self.partitions.get(partition).map_or(0, |part| part.items)
    }

    fn write(&mut self, partition: usize) -> Result<(), SpillError> {
        let part = self.partitions.get_mut(partition).ok_or(SpillError::Altered)?;
        let row = row(partition, part.chunks.len());
        let sealed =
            self.key.seal(&place(&row), &part.waiting, self.entropy).map_err(|_| SpillError::Altered)?;
        part.waiting.clear();
        self.file.write_all(&sealed)?;
        part.chunks.push((self.end, sealed.len()));
        self.end += u64::try_from(sealed.len()).unwrap_or(0);
        Ok(())
    }

    /// Hands the items of a partition, in the order they were added, to `take`.
    pub(crate) fn read<E: From<SpillError>>(
        &self,
        partition: usize,
        mut take: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let part = self.partitions.get(partition).ok_or(SpillError::Altered)?;
        for (chunk, (offset, length)) in part.chunks.iter().enumerate() {
            let mut sealed = vec![0; *length];
            self.file.read_exact_at(&mut sealed, *offset).map_err(SpillError::Io)?;
            let row = row(partition, chunk);
            let plain = self.key.open(&place(&row), &sealed).map_err(|_| SpillError::Altered)?;
            each(&plain, &mut take)?;
        }
        each(&part.waiting, &mut take)
    }
}

fn each<T: DeserializeOwned, E: From<SpillError>>(
    mut octets: &[u8],
    take: &mut impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    while !octets.is_empty() {
        let (item, rest) = postcard::take_from_bytes(octets).map_err(|_| SpillError::Altered)?;
        take(item)?;
        octets = rest;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_testkit::{SeededEntropy, TestDir};

    #[test]
    fn what_goes_into_a_partition_comes_out_of_it_in_order() {
        let (dir, entropy) = (TestDir::new(), SeededEntropy::new(1));
        let mut spill: Spill<'_, (u32, String)> = Spill::new(dir.path(), 3, &entropy).unwrap();
        for number in 0..9_000 {
            spill.add(usize::try_from(number % 2).unwrap(), &(number, "花子".repeat(3))).unwrap();
        }
        for partition in 0..3 {
            let mut found = Vec::new();
            spill
                .read(partition, |(number, _)| -> Result<(), SpillError> {
                    found.push(number);
                    Ok(())
                })
                .unwrap();
            let wanted = (0..9_000).filter(|n| usize::try_from(n % 2).unwrap() == partition);
            assert_eq!(found, wanted.collect::<Vec<u32>>());
        }
    }

    #[test]
    fn nothing_of_it_can_be_read_in_the_directory() {
        let (dir, entropy) = (TestDir::new(), SeededEntropy::new(1));
        let mut spill: Spill<'_, String> = Spill::new(dir.path(), 1, &entropy).unwrap();
        for _ in 0..10_000 {
            spill.add(0, &"watermark".to_owned()).unwrap();
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the file has no name");
        let mut octets = vec![0; usize::try_from(spill.end).unwrap()];
        spill.file.read_exact_at(&mut octets, 0).unwrap();
        assert!(octets.len() > CHUNK && !octets.windows(9).any(|window| window == b"watermark"));
    }
}
