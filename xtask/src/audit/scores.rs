//! What the script says of a page, and what the API says of an account.

use std::fmt;

use serde_json::Value;

/// The scores of a page; absent where the script did not come so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Scores {
    pub(super) performance: Option<u32>,
    pub(super) accessibility: Option<u32>,
    pub(super) best_practices: Option<u32>,
    /// Problems of the document, and of axe and the script's own checks.
    pub(super) html: Option<u32>,
    pub(super) axe: Option<u32>,
    /// Whether the page reached the gate.
    pub(super) well: bool,
}

impl Scores {
    /// Reads what the script printed.
    pub(super) fn read(said: &str, succeeded: bool) -> Self {
        let number = |line: &str, name: &str| {
            let word = said
                .lines()
                .filter(|text| text.trim_start().starts_with(line))
                .flat_map(str::split_whitespace);
            word.filter_map(|word| word.strip_prefix(name)).find_map(|value| value.parse().ok())
        };
        let scores = Self {
            performance: number("performance=", "performance="),
            accessibility: number("performance=", "accessibility="),
            best_practices: number("performance=", "best-practices="),
            html: number("HTML ", "problems="),
            axe: number("AXE total", "problems="),
            well: false,
        };
        // A script that succeeds without having looked is no success.
        let looked = scores.performance.is_some() && scores.axe.is_some();
        Self { well: succeeded && looked, ..scores }
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |score: Option<u32>| score.map_or_else(|| "?".to_owned(), |score| score.to_string());
        let Self { performance, accessibility, best_practices, html, axe, well } = self;
        write!(
            f,
            "{:>11} {:>13} {:>14} {:>4} {:>3}{}",
            text(*performance),
            text(*accessibility),
            text(*best_practices),
            text(*html),
            text(*axe),
            if *well { "" } else { "  BELOW" }
        )
    }
}

/// The first active line of `/api/v1/me`.
pub(super) fn first_line(me: &Value) -> Option<String> {
    let lines = me.get("lines")?.as_array()?;
    let active = lines.iter().find(|line| line.get("status").and_then(Value::as_str) == Some("active"))?;
    active.get("line")?.as_str().map(str::to_owned)
}

/// The lines of `/api/v1/me`, as they are listed.
pub(super) fn lines(me: &Value) -> Vec<String> {
    let lines = me.get("lines").and_then(Value::as_array).into_iter().flatten();
    lines.filter_map(|line| line.get("line")?.as_str().map(str::to_owned)).collect()
}

/// The first bill of `/api/v1/bills`.
pub(super) fn first_bill(bills: &Value) -> Option<String> {
    bills.pointer("/bills/0/bill")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "LIGHTHOUSE 12.8.2 mobile http://127.0.0.1:8080/ (median of 3)\n  \
        performance=98 accessibility=100 best-practices=96\n  FCP 0.8 s | LCP 0.9 s\n\
        HTML 200 problems=1 cache-control=private, no-store csp=strict\nAXE mobile\nAXE total problems=0\n";

    #[test]
    fn scores_are_read_from_what_the_script_prints() {
        let scores = Scores::read(SAID, true);
        let expected = Scores {
            performance: Some(98),
            accessibility: Some(100),
            best_practices: Some(96),
            html: Some(1),
            axe: Some(0),
            well: true,
        };
        assert_eq!(scores, expected);
        assert!(!Scores::read(SAID, false).well);
        assert!(!Scores::read("", true).well, "silence is no success");
    }

    #[test]
    fn the_first_active_line_and_the_first_bill_are_taken() {
        let me = serde_json::json!({"lines": [{"line": "a", "status": "ended"}, {"line": "b", "status": "active"}]});
        assert_eq!(first_line(&me).as_deref(), Some("b"));
        assert_eq!(first_bill(&serde_json::json!({"bills": [{"bill": "c"}]})).as_deref(), Some("c"));
        assert_eq!(first_bill(&serde_json::json!({"bills": []})), None);
    }
}
