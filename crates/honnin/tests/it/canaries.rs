//! What the canaries ask for, held against what there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Personal answers with one address for everybody that hold nothing a canary could know for her own: where the first
/// page leads to, rows of the journal, what is signed in, which `/devices` shows beside her mark, and whether there is a
/// second factor, and which passkeys there are.
const WITHOUT_A_MARK: [&str; 6] = [
    "/",
    "/account/passkeys",
    "/account/second-factor",
    "/api/v1/disclosures",
    "/api/v1/sessions",
    "/api/v1/tokens",
];

#[test]
fn every_personal_page_with_one_address_for_everybody_is_asked_by_the_canaries() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/routes.md");
    let text = fs::read_to_string(file).unwrap();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let &["", verb, path, _, journal, ..] = cells.as_slice() else { return None };
        (verb == "GET" && journal != "–").then(|| path.trim_matches('`'))
    });
    let personal: BTreeSet<&str> = rows.filter(|path| !path.contains('{')).collect();
    assert!(personal.len() > 5, "{text}");
    let asked: BTreeSet<&str> = honnin_canary::PAGES.into_iter().chain(WITHOUT_A_MARK).collect();
    assert_eq!(personal, asked);
}
