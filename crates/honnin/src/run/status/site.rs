//! The files of the status page: the same from memory and on a disk elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use honnin_journal::put_file;
use honnin_notices::{View, atom, calendar, incidents_json, status_json, summary_json};
use honnin_pages::page::{STATUS_STYLE, StatusPage};
use honnin_pages::words::Language;
use honnin_terms::Zone;
use rustix::fs::{Mode, OFlags};

/// A file with its media type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) kind: &'static str,
    pub(crate) octets: Vec<u8>,
}

/// All files by their paths.
pub(crate) type Site = BTreeMap<String, File>;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
/// Where the record itself lies, for whoever wants to verify it.
const RECORD: &str = "record/";
/// What of a record is for everybody.
const PUBLIC: [&str; 5] = ["checkpoint", "tile", "history", "days", "word"];
/// How deep its directories go, and how many files are taken.
const DEPTH: usize = 6;
const MOST: usize = 20_000;

/// Makes all files. Of a record that does not verify, or is not to be asked, the files are those of before.
pub(crate) fn files(view: &View, record: Option<&Path>, before: Option<&Site>) -> Site {
    let mut site = Site::new();
    let mut put = |path: String, kind: &'static str, octets: Vec<u8>| {
        site.insert(path, File { kind, octets });
    };
    let word = view.word.as_ref();
    let utc = || Zone::named("UTC").ok();
    let zone = word.and_then(|word| Zone::named(&word.zone).ok()).or_else(utc);
    for language in Language::all() {
        let tag = language.tag();
        let folder = if *language == Language::default() { String::new() } else { format!("{tag}/") };
        if let Some(zone) = &zone {
            let page = StatusPage {
                view,
                operator: word.map_or("", |word| word.operator.as_str()),
                url: word.map_or("", |word| word.url.as_str()),
                zone,
                language: *language,
            };
            put(format!("{folder}index.html"), HTML, page.render().into_bytes());
        }
        put(format!("{folder}api/v2/summary.json"), JSON, summary_json(view, tag).into_bytes());
        put(format!("{folder}api/v2/status.json"), JSON, status_json(view, tag).into_bytes());
        put(format!("{folder}api/v2/incidents.json"), JSON, incidents_json(view, tag).into_bytes());
        put(
            format!("{folder}history.atom"),
            "application/atom+xml; charset=utf-8",
            atom(view, tag).into_bytes(),
        );
        put(
            format!("{folder}calendar.ics"),
            "text/calendar; charset=utf-8",
            calendar(view, tag).into_bytes(),
        );
    }
    put("status.css".to_owned(), "text/css; charset=utf-8", STATUS_STYLE.as_bytes().to_vec());
    let copied = record.filter(|_| view.trouble.is_none()).and_then(|record| copy(record).ok());
    match (copied, before) {
        (Some(copied), _) => site.extend(copied),
        (None, Some(before)) => {
            let kept = before.iter().filter(|(path, _)| path.starts_with(RECORD));
            site.extend(kept.map(|(path, file)| (path.clone(), file.clone())));
        }
        (None, None) => {}
    }
    site
}

/// The files of the record, each as it is.
fn copy(record: &Path) -> io::Result<Site> {
    let mut found = Site::new();
    for name in PUBLIC {
        take(&record.join(name), &format!("{RECORD}{name}"), DEPTH, &mut found)?;
    }
    Ok(found)
}

/// Whether somebody is writing it.
fn is_half(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tmp")
}

/// Takes regular files and folders of them. A link is passed over: whoever writes into the record could publish with it
/// whatever the page's user may read; and a pipe would be waited for.
fn take(path: &Path, name: &str, depth: usize, found: &mut Site) -> io::Result<()> {
    if found.len() >= MOST {
        return Ok(());
    }
    let taken = fs::symlink_metadata(path).and_then(|known| {
        if known.is_dir() && depth > 0 {
            for entry in fs::read_dir(path)? {
                let entry = entry?;
                if let Some(below) = entry.file_name().to_str().filter(|below| !is_half(Path::new(below))) {
                    take(&entry.path(), &format!("{name}/{below}"), depth - 1, found)?;
                }
            }
        } else if known.is_file() {
            let octets = regular(path)?;
            found.insert(name.to_owned(), File { kind: "application/octet-stream", octets });
        }
        Ok(())
    });
    match taken {
        // Replaced by a wider one meanwhile.
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => Ok(()),
        taken => taken,
    }
}

/// What is in a regular file; also where it was replaced by something else since it was looked at.
fn regular(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = fs::File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let mut octets = Vec::new();
    if file.metadata()?.is_file() {
        file.read_to_end(&mut octets)?;
    }
    Ok(octets)
}

/// Writes what is not there yet as it is: each file whole or not at all.
pub(crate) fn write(site: &Site, directory: &Path) -> io::Result<()> {
    for (path, File { octets, .. }) in site {
        let place: PathBuf = directory.join(path);
        if fs::read(&place).is_ok_and(|there| there == *octets) {
            continue;
        }
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        put_file(&place, octets)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use honnin_testkit::TestDir;

    use super::*;

    #[test]
    fn a_link_in_the_record_publishes_nothing() {
        let dir = TestDir::new();
        let record = dir.join("record");
        fs::create_dir_all(record.join("days")).unwrap();
        fs::write(dir.join("secret"), "of the page's user").unwrap();
        fs::write(record.join("days/2026-11-29"), "a word").unwrap();
        std::os::unix::fs::symlink(dir.join("secret"), record.join("days/2026-11-30")).unwrap();
        std::os::unix::fs::symlink(&*dir.join("."), record.join("history")).unwrap();
        let found = copy(&record).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["record/days/2026-11-29"]);
    }
}
