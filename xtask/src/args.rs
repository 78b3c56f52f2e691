//! Flags of a chore: `--name value`, each once, and switches: `--watermarks`.

use std::fmt::Display;
use std::str::FromStr;

use crate::Failure;

/// The flags given, taken out one by one so that an unknown one is found at the end.
#[derive(Debug)]
pub(crate) struct Args {
    given: Vec<(String, String)>,
    switches: Vec<String>,
    words: Vec<String>,
}

/// Flags that stand alone.
const SWITCHES: [&str; 3] = ["keep", "watermarks", "write"];

impl Args {
    /// Reads flags, each with its value.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut given: Vec<(String, String)> = Vec::new();
        let mut switches: Vec<String> = Vec::new();
        let mut plain: Vec<String> = Vec::new();
        while let Some(word) = words.next() {
            let Some(name) = word.strip_prefix("--") else {
                plain.push(word);
                continue;
            };
            if SWITCHES.contains(&name) {
                switches.push(name.to_owned());
                continue;
            }
            let value = words.next().ok_or_else(|| format!("--{name} needs a value"))?;
            if given.iter().any(|(other, _)| other == name) {
                return Err(format!("--{name} is given twice").into());
            }
            given.push((name.to_owned(), value));
        }
        Ok(Self { given, switches, words: plain })
    }

    /// Takes out the value of a flag, where it is given.
    pub(crate) fn take<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, Failure> {
        let Some(place) = self.given.iter().position(|(given, _)| given == name) else { return Ok(None) };
        let (_, value) = self.given.swap_remove(place);
        value.parse().map(Some).map_err(|error| format!("read --{name} {value:?}: {error}").into())
    }

    /// Takes out a switch and says whether it was there.
    pub(crate) fn switch(&mut self, name: &str) -> bool {
        let before = self.switches.len();
        self.switches.retain(|given| given != name);
        self.switches.len() < before
    }

    /// Takes out the words that are no flags.
    pub(crate) fn words(&mut self) -> Vec<String> {
        std::mem::take(&mut self.words)
    }

    /// Refuses what nobody took out.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let left = self.given.into_iter().map(|(name, _)| name).chain(self.switches).next();
        match (left, self.words.first()) {
            (None, None) => Ok(()),
            (Some(name), _) => Err(format!("--{name} is no flag of this command").into()),
            (None, Some(word)) => Err(format!("expect a flag such as --lines, found {word:?}").into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Result<Args, Failure> {
        Args::read(words.iter().map(|&word| word.to_owned()))
    }

    #[test]
    fn a_flag_is_taken_once_and_a_stranger_is_refused() {
        let mut args = args(&["--lines", "20", "--sead", "3"]).unwrap();
        assert_eq!(args.take::<u64>("lines").unwrap(), Some(20));
        assert_eq!(args.take::<u64>("lines").unwrap(), None);
        assert_eq!(args.finish().unwrap_err().to_string(), "--sead is no flag of this command");
    }

    #[test]
    fn a_switch_stands_alone() {
        let mut given = args(&["--watermarks", "--seed", "3"]).unwrap();
        assert!(given.switch("watermarks") && !given.switch("watermarks"));
        assert!(args(&["--watermarks"]).unwrap().finish().is_err());
    }

    #[test]
    fn words_are_taken_where_a_command_has_some() {
        let mut given = args(&["rows", "--seconds", "5", "journal"]).unwrap();
        assert_eq!(given.words(), ["rows", "journal"]);
        assert_eq!(given.take::<u64>("seconds").unwrap(), Some(5));
        assert!(given.finish().is_ok());
    }

    #[test]
    fn half_a_flag_is_refused() {
        assert!(args(&["--lines"]).is_err());
        assert!(args(&["lines", "3"]).unwrap().finish().is_err());
        assert!(args(&["--lines", "3", "--lines", "4"]).is_err());
        assert!(args(&["--lines", "many"]).unwrap().take::<u64>("lines").is_err());
    }
}
