//! Every figure of every account the ledger's author worked out: on the pages, in the JSON API, and nobody else's.

mod api;
mod expect;
mod pages;

use std::cell::RefCell;

use honnin_testkit::TestDir;
use serde_json::Value;

use crate::support::{Answer, Browser, Demo, PASSWORD, Watermarks, ledger};
use expect::Account;

/// One subscriber's browser, which looks at every answer before anybody else does.
struct Visitor<'a> {
    login: &'a str,
    browser: RefCell<Browser>,
    marks: &'a Watermarks,
}

impl Visitor<'_> {
    /// An answer of 200 without anything of another account in it.
    fn get(&self, path: &str) -> Answer {
        let answer = self.browser.borrow_mut().get(path);
        let Self { login, marks, .. } = self;
        assert_eq!(answer.status, 200, "{login} {path}: {}", answer.body);
        // How long the body is follows from it, and may be any number.
        let headers = answer.headers.iter().filter(|(name, _)| *name != "content-length");
        let headers: Vec<&str> = headers.map(|(_, value)| value.as_str()).collect();
        let foreign = marks.foreign(login, &format!("{}\n{}", headers.join("\n"), answer.body));
        assert!(foreign.is_empty(), "{login} is shown on {path} what is not hers: {foreign:?}");
        answer
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).body).unwrap()
    }
}

#[test]
fn every_figure_of_every_expected_account_is_shown_and_nobody_elses() {
    let (dir, expected, mut marks) = (TestDir::new(), ledger::expected(), Watermarks::of_ledger());
    let file = dir.join("sessions.csv");
    let ledger = ledger::directory();
    let demo = Demo::start([
        "--ledger",
        ledger.to_str().unwrap(),
        "--sessions",
        "600",
        "--sessions-out",
        file.to_str().unwrap(),
    ]);
    let mut browsers = demo.browsers(&file);
    assert_eq!(browsers.len(), 600, "one session for each account");
    assert!(marks.count() > 600 + 1800 + 2191, "mails, bills, remainders");
    let accounts = expected["accounts"].as_object().unwrap();
    assert_eq!(accounts.len(), 44);
    for (login, told) in accounts {
        let account = Account { login, told };
        marks.expect(login, account.lines().values().flat_map(|line| line.usage_figures()));
        // A bill's page says by how much it differs from the one before.
        let amounts: Vec<u64> = account.bills().into_iter().map(|(_, _, amount)| amount).collect();
        marks.expect(login, amounts.windows(2).map(|pair| pair[0].abs_diff(pair[1])));
    }
    let mut holdings = 0;
    for (place, (login, account)) in accounts.iter().enumerate() {
        let mut browser = browsers.remove(login).unwrap();
        // Some as people come, the others with the cookies for load tools: there is no difference.
        if place < 6 {
            browser = demo.browser();
            browser.sign_in(login, PASSWORD);
        }
        let visitor = Visitor { login, browser: RefCell::new(browser), marks: &marks };
        let account = Account { login, told: account };
        let lines = api::account_is(&visitor, &account);
        pages::account_is(&visitor, &account, &lines);
        holdings += lines.len();
    }
    let wanted: usize = accounts.values().map(|account| account["lines"].as_object().unwrap().len()).sum();
    assert_eq!(holdings, wanted);
}
