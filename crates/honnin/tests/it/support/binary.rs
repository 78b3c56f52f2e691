//! Running the binary to its end.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The binary with an environment of nothing but what a test gives it.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_honnin"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// Runs the binary and waits for its end.
pub(crate) fn honnin<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Ran {
    let ended = command().args(args).output().expect("run the binary");
    let text = |octets: Vec<u8>| String::from_utf8(octets).expect("the binary prints UTF-8");
    Ran { code: ended.status.code(), out: text(ended.stdout), err: text(ended.stderr) }
}
