//! What failed tests said, kept for the end: a suite says hundreds of thousands of lines, and whoever reads only the last of them
//! has to find out there why it failed.

/// Lines kept of one test, and characters of a line.
const LINES: usize = 40;
const LENGTH: usize = 400;

/// What failed tests said of themselves.
#[derive(Debug, Default)]
pub(super) struct Failures {
    kept: Vec<String>,
    /// Lines that may still be kept of the test that speaks; nothing where none does.
    left: Option<usize>,
}

impl Failures {
    /// Hears a line of a test program. It repeats what failed tests said between `---- NAME stdout ----` and `failures:`.
    pub(super) fn hear(&mut self, line: &str) {
        let line = line.trim_end();
        if line.starts_with("---- ") && line.ends_with(" stdout ----") {
            self.left = Some(LINES);
            self.kept.push(line.to_owned());
        } else if line == "failures:" {
            self.left = None;
        } else if let Some(left @ 1..) = self.left {
            // Lines of the product's own log say what it did, and hide why the test failed.
            if !line.is_empty() && !line.starts_with('{') {
                self.left = Some(left - 1);
                self.kept.push(line.chars().take(LENGTH).collect());
            }
        }
    }

    /// All of it, in the order of the run.
    pub(super) fn told(&self) -> &[String] {
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_tests_said_is_kept_without_the_products_log() {
        let mut failures = Failures::default();
        let said = "test a ... FAILED\n\nfailures:\n\n---- a stdout ----\n\n{\"level\":\"INFO\"}\nthread 'a' panicked at x.rs:1:1:\n\
            no\n\n\n---- b stdout ----\nlong\n\nfailures:\n    a\n    b\n\ntest result: FAILED. 0 passed; 2 failed;\n";
        for line in said.lines() {
            failures.hear(line);
        }
        let told =
            ["---- a stdout ----", "thread 'a' panicked at x.rs:1:1:", "no", "---- b stdout ----", "long"];
        assert_eq!(failures.told(), told);
    }

    #[test]
    fn of_what_is_long_the_beginning_is_kept() {
        let mut failures = Failures::default();
        failures.hear("---- a stdout ----");
        for _ in 0..10 * LINES {
            failures.hear(&"x".repeat(10 * LENGTH));
        }
        assert_eq!(failures.told().len(), 1 + LINES);
        assert!(failures.told().iter().all(|line| line.len() <= LENGTH));
    }
}
