//! An installation of a test's own, begun with `init`.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use honnin_testkit::TestDir;

use super::binary::{Ran, command, honnin};
use super::browser::Browser;
use super::running::Running;

/// A data directory with its key beside it; gone when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    dir: TestDir,
    /// The data directory.
    pub data: PathBuf,
}

impl Place {
    /// Begins one, with these settings instead of what `init` writes: the key and its value.
    ///
    /// # Panics
    /// Where a setting does not stand in the file.
    pub(crate) fn begin(settings: &[(&str, &str)]) -> Self {
        Self::begin_as(settings, &[])
    }

    /// The same for a demo.
    pub(crate) fn for_demo(settings: &[(&str, &str)]) -> Self {
        Self::begin_as(settings, &["--demo"])
    }

    /// The same with more words for `init`.
    pub(crate) fn begin_as(settings: &[(&str, &str)], more: &[&str]) -> Self {
        let dir = TestDir::new();
        let key = dir.join("key");
        Self::begin_in(dir, key.to_str().unwrap(), settings, more)
    }

    /// The same with that as `--key-file`.
    pub(crate) fn begin_with(key_file: &str, settings: &[(&str, &str)]) -> Self {
        Self::begin_in(TestDir::new(), key_file, settings, &[])
    }

    fn begin_in(dir: TestDir, key_file: &str, settings: &[(&str, &str)], more: &[&str]) -> Self {
        let data = dir.join("data");
        let words = ["init", data.to_str().unwrap(), "--key-file", key_file];
        let begun = honnin(words.iter().chain(more));
        assert_eq!(begun.code, Some(0), "{}", begun.err);
        let file = data.join("honnin.toml");
        let mut text = fs::read_to_string(&file).unwrap();
        for (key, value) in settings {
            let old = text.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap().to_owned();
            text = text.replace(&format!("\n{old}\n"), &format!("\n{key} = {value}\n"));
        }
        fs::write(&file, text).unwrap();
        Self { dir, data }
    }

    /// A path beside the data directory.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The same installation a second time, with the same keys.
    pub(crate) fn copy(&self, name: &str) -> PathBuf {
        let to = self.beside(name);
        copy(&self.data, &to);
        to
    }

    /// Serves it on free ports until dropped.
    pub(crate) fn serve(&self) -> Serving {
        let mut command = command();
        command.arg("--data").arg(&self.data).arg("serve");
        Serving(Running::start(command, "metrics on "))
    }

    /// Runs a command on it.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        run_in(&self.data, args)
    }

    /// Takes the ledger in that ships.
    pub(crate) fn take_in(&self) {
        let (mapping, sample) = (mapping(), directory_of_sample());
        let files = ["intake", "files", "--mapping", mapping.to_str().unwrap(), sample.to_str().unwrap()];
        done(&self.run(&files));
    }

    /// A one-time code for somebody.
    pub(crate) fn invite(&self, login: &str) -> String {
        let invited = self.run(&["--json", "account", "invite", login]);
        done(&invited).out.split("\"code\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }
}

/// What a command did that had to do it.
pub(crate) fn done(ran: &Ran) -> &Ran {
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    ran
}

/// The installation at work.
#[derive(Debug)]
pub(crate) struct Serving(pub Running);

impl Serving {
    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&format!("http://{}", self.0.after("serving on ")))
    }

    /// The browser of somebody who has just set her password with a one-time code.
    pub(crate) fn activated(&self, login: &str, code: &str, password: &str) -> Browser {
        let mut browser = self.browser();
        let form = [("login", login), ("code", code), ("password", password)];
        assert_eq!(browser.post_form("/activate", &form).status, 303);
        browser
    }
}

/// The mapping of the ledger that ships.
pub(crate) fn mapping() -> PathBuf {
    repository("examples/ledger-a/mapping.toml")
}

/// The ledger that ships.
pub(crate) fn directory_of_sample() -> PathBuf {
    repository("examples/sample-ledger")
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Runs a command on a data directory.
pub(crate) fn run_in(data: &Path, args: &[&str]) -> Ran {
    honnin(["--data", data.to_str().unwrap()].iter().chain(args))
}

fn copy(from: &Path, to: &Path) {
    DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
