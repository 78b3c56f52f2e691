//! The page audit: every page of the release demo, signed in, in a real browser.
//!
//! The auditing script is not part of the project; it needs Debian's chromium, node and npm and says so itself.

mod look;
mod scores;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::demo::Demo;
use scores::Scores;

use crate::{Failure, tidy};

/// The family of the sample ledger: the account with most on its pages.
const FAMILY: &str = "mio30617284";
const SCRIPT: &str = "../shared/tools/webaudit.sh";
/// What a page has to reach; the median of three runs counts.
const GATE: [(&str, &str); 5] =
    [("LH_RUNS", "3"), ("MIN_PERF", "95"), ("MIN_A11Y", "100"), ("MIN_BP", "100"), ("MAX_AXE", "0")];

/// A page to look at: where it is, and whether one has to be signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Page {
    path: String,
    signed_in: bool,
}

/// What an audit found: a line for each page, and how many stay below the gate.
pub(crate) struct Audit {
    pub(crate) table: Vec<String>,
    pub(crate) below: usize,
    /// What was looked at as people use it, and how it went.
    pub(crate) looks: Vec<String>,
    /// How many of these failed; `None` where nothing was looked at.
    pub(crate) failed: Option<usize>,
}

/// What can be asked of the audit.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Asked {
    /// The auditing script (../shared/tools/webaudit.sh)
    #[arg(long)]
    script: Option<PathBuf>,
    /// Whose pages (mio30617284)
    #[arg(long)]
    account: Option<String>,
    /// Another ledger than the sample
    #[arg(long)]
    ledger: Option<PathBuf>,
    /// The path of one page
    #[arg(long)]
    only: Option<String>,
    /// Keep reports and screenshots in that directory
    #[arg(long)]
    out: Option<PathBuf>,
}

/// `cargo xtask audit`.
pub(crate) fn command(asked: Asked) -> Result<(), Failure> {
    let only = asked.only.is_some();
    let Some(audit) = run(asked)? else {
        return Ok(());
    };
    println!();
    for line in &audit.table {
        println!("{line}");
    }
    for line in &audit.looks {
        println!("{line}");
    }
    match audit.failed {
        Some(0) => {}
        Some(count) => return Err(format!("{count} looks of the browser failed").into()),
        None if only => {}
        None => return Err("no browser looked at anything".into()),
    }
    match (audit.below, audit.table.len().saturating_sub(1)) {
        (_, 0) => Err("no page has that path".into()),
        (0, _) => Ok(()),
        (count, pages) => Err(format!("{count} of {pages} pages stay below the gate").into()),
    }
}

/// Looks at every page; `None` where the script is not there, which is said aloud.
pub(crate) fn run(asked: Asked) -> Result<Option<Audit>, Failure> {
    let Asked { script, account, ledger, only, out } = asked;
    let script = tidy::root().join(script.unwrap_or_else(|| PathBuf::from(SCRIPT)));
    let account = account.unwrap_or_else(|| FAMILY.to_owned());
    if !script.is_file() {
        println!("skipped: {} absent", if script.ends_with(SCRIPT) { "../shared" } else { "the script is" });
        return Ok(None);
    }
    let demo = Demo::start(ledger.as_deref())?;
    let cookie = demo.cookie_of(&account)?;
    let me = demo.ask("/api/v1/me", &cookie)?;
    let bills = demo.ask("/api/v1/bills", &cookie)?;
    let line = scores::first_line(&me).ok_or_else(|| format!("{account} holds no active line"))?;
    let bill = scores::first_bill(&bills).ok_or_else(|| format!("{account} has no bill"))?;
    let chosen = |page: &Page| only.as_ref().is_none_or(|only| *only == page.path);
    let mut table = vec![format!("{:<28} performance accessibility best-practices html axe", "page")];
    let mut below = 0;
    for page in pages(&line, &bill).into_iter().filter(chosen) {
        println!("auditing {}", page.path);
        let cookie = page.signed_in.then_some(cookie.as_str());
        let kept = out.as_deref().map(|out| out.join(name(&page)));
        let scores = audit(&script, &demo.address(&page.path), cookie, kept)?;
        let path = page.path.replace(&line, "{line}").replace(&bill, "{bill}");
        table.push(format!("{path:<28} {scores}"));
        below += usize::from(!scores.well);
    }
    let (looks, failed) = match only {
        Some(_) => (Vec::new(), None),
        None => look::run(&demo.address(""), &cookie, &scores::lines(&me), out.as_deref())?,
    };
    Ok(Some(Audit { table, below, looks, failed }))
}

/// Every page there is, for that line and that bill.
fn pages(line: &str, bill: &str) -> Vec<Page> {
    let inside =
        // Not `/`: it leads to home of a line, and the browser does not send the given cookie again when led on.
        [
            "/lines", "/bills", "/notices", "/devices", "/devices/tokens", "/disclosures", "/settings", "/export",
            "/account/merge", "/account/password", "/account/second-factor", "/account/confirm", "/help",
        ]
            .map(str::to_owned);
    let of_line = ["", "/usage", "/buckets", "/purchases", "/contract", "/speed"]
        .map(|part| format!("/lines/{line}{part}"));
    let signed_in = inside.into_iter().chain(of_line).chain([format!("/bills/{bill}")]);
    let public = ["/sign-in", "/activate", "/offline.html"]
        .map(|path| Page { path: path.to_owned(), signed_in: false });
    signed_in.map(|path| Page { path, signed_in: true }).chain(public).collect()
}

/// A name for the reports of a page.
fn name(page: &Page) -> String {
    let name = page.path.trim_matches('/').replace('/', "-");
    if name.is_empty() { "home".to_owned() } else { name }
}

/// Lets the script look at one page; what it says is shown where the page stays below the gate.
fn audit(
    script: &Path,
    address: &str,
    cookie: Option<&str>,
    out: Option<PathBuf>,
) -> Result<Scores, Failure> {
    let mut command = Command::new(script);
    command.arg(address).args(cookie).envs(GATE);
    if let Some(out) = out {
        command.env("OUT", out);
    }
    let output = command.output().map_err(|error| format!("run {}: {error}", script.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let scores = Scores::read(&said, output.status.success());
    if !scores.well {
        println!("{said}{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_looked_at_and_only_the_open_ones_without_a_cookie() {
        let pages = pages("l1", "b1");
        assert_eq!(pages.len(), 23);
        let open: Vec<&str> =
            pages.iter().filter(|page| !page.signed_in).map(|page| page.path.as_str()).collect();
        assert_eq!(open, ["/sign-in", "/activate", "/offline.html"]);
        assert!(pages.iter().any(|page| page.path == "/lines/l1/buckets"));
        assert!(pages.iter().any(|page| page.path == "/bills/b1"));
    }

    #[test]
    fn without_the_script_the_audit_is_skipped() {
        let asked = Asked { script: Some("no-such-script.sh".into()), ..Asked::default() };
        assert!(command(asked).is_ok());
    }
}
