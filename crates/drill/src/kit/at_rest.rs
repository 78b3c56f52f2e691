//! What lies readable in files: marks of anybody, hashes of passwords, sessions.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::harness::{Failure, SignedIn};
use crate::scan::{Piece, Scan, Scanner, Vocabulary};

/// How much of a file is looked at at once.
const WINDOW: usize = 1 << 20;
/// How far windows overlap: more than any mark in any encoding.
const OVERLAP: usize = 4096;
/// How a password hash begins (PHC string), and what it says next.
const HASHES: [&[u8]; 3] = [b"$argon2", b"$pbkdf2", b"$scrypt"];

/// What was found in the files.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: u64,
    pub(crate) octets: u64,
    pub(crate) marks: Vec<String>,
    pub(crate) unread: Vec<String>,
    pub(crate) hashes: Vec<String>,
    pub(crate) tokens: Vec<String>,
}

/// Looks through a directory, its subdirectories too.
pub(crate) fn look(
    directory: &Path,
    vocabulary: &Vocabulary,
    sessions: &[SignedIn],
    found: &mut Found,
) -> Result<(), Failure> {
    let what = || format!("read {}", directory.display());
    let mut entries: Vec<PathBuf> = fs::read_dir(directory)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(Failure::machine(what()))?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            look(&path, vocabulary, sessions, found)?;
        } else if path.is_file() {
            file(&path, vocabulary, sessions, found)?;
        }
    }
    Ok(())
}

fn file(
    path: &Path,
    vocabulary: &Vocabulary,
    sessions: &[SignedIn],
    found: &mut Found,
) -> Result<(), Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let what = format!("read {}", path.display());
    let mut octets = Vec::new();
    match File::open(path).and_then(|mut file| file.read_to_end(&mut octets)) {
        Ok(_) => {}
        // A log of the database that was tidied away in between.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::machine(what)(error)),
    }
    found.files += 1;
    found.octets += u64::try_from(octets.len()).unwrap_or(u64::MAX);
    let scanner = Scanner::new(vocabulary);
    for (place, window) in windows(&octets) {
        let Scan { foreign, unread, .. } =
            scanner.scan(None, &[Piece { place: &name, octets: window, coding: "" }]);
        found.marks.extend(
            foreign
                .into_iter()
                .map(|seen| format!("{} of {} in {} at {place}", seen.mark, seen.account, seen.place)),
        );
        found.unread.extend(unread);
        for hash in HASHES {
            if contains(window, hash) {
                found.hashes.push(format!("{} in {name} at {place}", String::from_utf8_lossy(hash)));
            }
        }
    }
    found.tokens.extend(
        tokens(&octets, sessions).into_iter().map(|account| format!("the session of {account} in {name}")),
    );
    Ok(())
}

/// Windows of the octets and where they begin.
fn windows(octets: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    (0..octets.len()).step_by(WINDOW).map(|start| {
        let end = octets.len().min(start + WINDOW + OVERLAP);
        (start, octets.get(start..end).unwrap_or_default())
    })
}

/// The accounts whose session stands in the octets: the value of its cookie, or the octets it is written for.
fn tokens<'a>(octets: &[u8], sessions: &'a [SignedIn]) -> Vec<&'a str> {
    const BEGIN: usize = 8;
    let mut begins: HashMap<[u8; BEGIN], Vec<(Vec<u8>, &str)>> = HashMap::new();
    for SignedIn { account, cookie } in sessions {
        let token = cookie.split_once('=').map_or("", |(_, token)| token);
        let raw = data_encoding::BASE64URL_NOPAD.decode(token.as_bytes()).unwrap_or_default();
        for secret in [token.as_bytes().to_vec(), raw] {
            if let Some(begin) = secret.first_chunk() {
                begins.entry(*begin).or_default().push((secret, account));
            }
        }
    }
    let mut told = Vec::new();
    for (place, begin) in octets.windows(BEGIN).enumerate() {
        let known = <[u8; BEGIN]>::try_from(begin).ok().and_then(|begin| begins.get(&begin));
        let rest = octets.get(place..).unwrap_or_default();
        let stands = known.into_iter().flatten().filter(|(secret, _)| rest.starts_with(secret));
        told.extend(stands.map(|(_, account)| *account));
    }
    told
}

fn contains(octets: &[u8], word: &[u8]) -> bool {
    octets.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use honnin_testkit::TestDir;

    use super::*;
    use crate::kit::stage::World;

    #[test]
    fn what_lies_readable_in_a_file_is_found() {
        let world = World::made(4, 1).unwrap();
        let account = world.accounts.first().unwrap();
        let token = data_encoding::BASE64URL_NOPAD.encode(&[7; 32]);
        let sessions = [SignedIn { account: account.clone(), cookie: format!("session={token}") }];
        let found_in = |content: &[u8]| {
            let dir = TestDir::new();
            dir.write("a/b/file", content);
            let mut found = Found::default();
            look(dir.path(), &world.vocabulary, &sessions, &mut found).unwrap();
            assert_eq!((found.files, found.octets), (1, u64::try_from(content.len()).unwrap()));
            [found.marks.len(), found.unread.len(), found.hashes.len(), found.tokens.len()]
        };
        assert_eq!(found_in(&vec![b'.'; 3 * WINDOW]), [0; 4]);
        // Across the edge of two windows.
        let mut edge = vec![b'.'; WINDOW - 5];
        edge.extend(account.as_bytes());
        assert_eq!(found_in(&edge), [1, 0, 0, 0]);
        assert_eq!(found_in(b"..$argon2id$v=19$.."), [0, 0, 1, 0]);
        assert_eq!(found_in(format!("x{token}x").as_bytes()), [0, 0, 0, 1]);
        assert_eq!(found_in(&[b"x".as_slice(), &[7; 32], b"x"].concat()), [0, 0, 0, 1]);
    }
}
