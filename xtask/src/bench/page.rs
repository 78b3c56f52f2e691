//! `docs/performance.md`: a section for each step, put in place of the section of the run before.

use std::fmt::Write as _;

/// What stands before the sections.
const HEAD: &str = "# Performance

Written by `cargo xtask bench`, and by nothing else. Every figure is divided by a baseline that the same run measured on the
same machine: the ratio is what can be compared from day to day and from machine to machine, the figure itself cannot.

- The server runs on one core and the load generator on another. Programs are built with the profile `dist`; all layers are on, every
  disclosure is in the journal before it leaves. Requests are not logged (`logs.filter = \"warn\"`, as in the demo).
- Aims were set before anything was measured. Where one is missed the table says **no**.
- The run fails, and names the figure, where a ratio is more than 15 % worse than on the committed page.
- Load in an open loop is sent when it is due, whatever the server does, and latency counts from that moment: a server that
  stalls is charged with everybody who would have come meanwhile.
";

fn mark(step: &str) -> String {
    format!("<!-- bench: {step} -->")
}

/// The section of a step on a page, without its mark.
pub(super) fn section<'a>(page: &'a str, step: &str) -> Option<&'a str> {
    let (_, behind) = page.split_once(&mark(step))?;
    Some(behind.split("<!-- bench: ").next().unwrap_or(behind).trim())
}

/// The page with these sections, in the order of the steps; of a step that was not run, the section of the page before.
pub(super) fn with(before: &str, steps: &[&str], sections: &[(&str, String)]) -> String {
    let mut page = HEAD.to_owned();
    for step in steps {
        let new = sections.iter().find(|(name, _)| name == step).map(|(_, text)| text.as_str());
        if let Some(text) = new.or_else(|| section(before, step)) {
            let _ = write!(page, "\n{}\n{}\n", mark(step), text.trim());
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_was_not_run_keeps_its_section() {
        let steps = ["read", "intake", "memory"];
        let first = with("", &steps, &[("memory", "## Memory\n\n1 MB".into()), ("read", "## Reads".into())]);
        assert!(
            first.find("## Reads").unwrap() < first.find("## Memory").unwrap(),
            "in the order of the steps"
        );
        let second = with(&first, &steps, &[("memory", "## Memory\n\n2 MB".into())]);
        assert_eq!(section(&second, "memory"), Some("## Memory\n\n2 MB"));
        assert_eq!(section(&second, "read"), Some("## Reads"));
        assert_eq!(section(&second, "intake"), None);
        assert_eq!(with(&second, &steps, &[]), second, "nothing was run, nothing changes");
    }
}
