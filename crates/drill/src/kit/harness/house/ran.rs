//! A command of the product that has run to its end.

use std::ffi::OsStr;
use std::path::Path;

use super::{Failure, product};

/// What a command said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Exit code; nothing where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Runs a command on that data to its end, with that environment and no other.
    pub(super) fn on<S: AsRef<OsStr>>(
        (binary, environment): (&Path, &[(String, String)]),
        data: &Path,
        words: impl IntoIterator<Item = S>,
    ) -> Result<Self, Failure> {
        let mut command = product(binary, environment);
        command.arg("--data").arg(data).args(words);
        let ended = command.output().map_err(Failure::machine("run a command of the product"))?;
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Ok(Self { code: ended.status.code(), out: text(&ended.stdout), err: text(&ended.stderr) })
    }

    /// The one-time code that `account invite` issued.
    ///
    /// # Errors
    /// [`Failure::Product`] where it issued none.
    pub fn invited(&self) -> Result<&str, Failure> {
        let code = self.out.lines().find_map(|line| line.strip_prefix("code ")).map(str::trim);
        code.ok_or_else(|| Failure::Product(format!("no code was issued: {}{}", self.out, self.err)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_the_product_tells_it() {
        let ran = |out: &str| Ran { code: Some(0), out: out.to_owned(), err: "refused\n".to_owned() };
        assert_eq!(ran("code   ABCD-2345\nuntil  2026-12-01\n").invited().unwrap(), "ABCD-2345");
        let none = ran("codes  0\n").invited().unwrap_err().to_string();
        assert_eq!(none, "no code was issued: codes  0\nrefused\n");
    }
}
