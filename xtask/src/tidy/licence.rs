//! Whether we may ship something under its licence (SPDX licence expressions, annex D of SPDX 2.3).

/// Licences we ship under: permissive, and the MPL-2.0, whose duties end at its own files.
const WELCOME: [&str; 17] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Whether one of the choices the expression leaves is made of welcome licences alone.
pub(super) fn is_welcome(expression: &str) -> bool {
    // An old way of writing OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words };
    let welcome = reader.either();
    welcome == Some(true) && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn follows(&mut self, word: &str) -> bool {
        let follows = self.words.first() == Some(&word);
        if follows {
            self.next();
        }
        follows
    }

    /// `a OR b OR …`; nothing where it cannot be read.
    fn either(&mut self) -> Option<bool> {
        let mut welcome = self.both()?;
        while self.follows("OR") {
            welcome |= self.both()?;
        }
        Some(welcome)
    }

    /// `a AND b AND …`, which binds closer.
    fn both(&mut self) -> Option<bool> {
        let mut welcome = self.one()?;
        while self.follows("AND") {
            welcome &= self.one()?;
        }
        Some(welcome)
    }

    fn one(&mut self) -> Option<bool> {
        if self.follows("(") {
            let welcome = self.either()?;
            return self.follows(")").then_some(welcome);
        }
        let name = self.next()?;
        if self.follows("WITH") {
            let name = format!("{name} WITH {}", self.next()?);
            return Some(WELCOME.contains(&name.as_str()));
        }
        Some(WELCOME.contains(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_welcome_choice_is_enough() {
        for text in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
            "ISC AND (Apache-2.0 OR ISC) AND OpenSSL",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(is_welcome(text), "{text}");
        }
    }

    #[test]
    fn one_that_binds_us_is_refused() {
        for text in [
            "",
            "AGPL-3.0-only",
            "MIT AND GPL-2.0-only",
            "(MIT OR Apache-2.0) AND LGPL-3.0-or-later",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "MIT OR",
            "(MIT",
            "MIT Apache-2.0",
        ] {
            assert!(!is_welcome(text), "{text}");
        }
    }
}
