//! Bills, purchases, contract.

use honnin_care::facts::{
    Bill, BillBefore, BillHead, BillLine, BillLines, Bills, Contract, Me, Purchase, Purchases, Terms,
};
use honnin_pages::document::BillDocument;
use honnin_pages::page::{BillPage, BillsPage, ContractPage, Nav, PurchasesPage};
use honnin_paper::Press;
use honnin_terms::{AccountId, BillId, BillState, Id, Octets, PurchaseId, Said, Yen};

use super::{HOSTILE, Kept, LONG, Sample, Studio, day, ended, head, hostile_head, moment, origin};

fn bill(number: u8, state: BillState) -> BillHead {
    BillHead {
        bill: BillId::from_octets([number; 16]),
        month: day("2026-11-01").month().plus(-i32::from(number)),
        amount: Yen::new(2_178 * i64::from(number) - 300),
        state,
        due_on: Some(day("2026-11-26")),
        used_in: Some(day("2026-10-01").month().plus(-i32::from(number))),
        as_of: origin().as_of,
    }
}

fn bills() -> Vec<(&'static str, Bill)> {
    let line = |item: &str, yen| BillLine { item: item.to_owned(), amount: Yen::new(yen) };
    let usual = Bill {
        head: bill(2, BillState::Final),
        code: "inv20261112345".to_owned(),
        tax: Some(Yen::new(368)),
        lines: BillLines::Whole(
            vec![line("ギガプラン 8GB", 4_000), line("ユニバーサルサービス料", 4), line("家族割引", -100)],
            Said::at_intake(origin().as_of.at),
        ),
        before: Some(BillBefore {
            month: day("2026-08-01").month(),
            amount: Yen::new(3_000),
            lines: BillLines::Whole(
                vec![line("ギガプラン 8GB", 3_000), line("事務手数料", 3_300)],
                origin().as_of,
            ),
            as_of: origin().as_of,
        }),
        origin: origin(),
    };
    let hostile = vec![line(HOSTILE, 1), line(LONG, i64::MAX)];
    vec![
        ("bill-usual", usual.clone()),
        (
            "bill-open",
            Bill {
                head: bill(1, BillState::Open),
                tax: None,
                lines: BillLines::Unsaid,
                before: None,
                ..usual.clone()
            },
        ),
        ("bill-incomplete", Bill { lines: BillLines::Incomplete, ..usual.clone() }),
        ("bill-overdue", Bill { head: bill(3, BillState::Overdue), ..usual.clone() }),
        (
            "bill-hostile",
            Bill { lines: BillLines::Whole(hostile, origin().as_of), code: HOSTILE.to_owned(), ..usual },
        ),
    ]
}

fn purchases() -> Vec<(&'static str, Purchases)> {
    let bought = |item: &str, code: &str, at: &str| Purchase {
        purchase: PurchaseId::from_octets([1; 16]),
        code: code.to_owned(),
        at: moment(at),
        item: item.to_owned(),
        octets: Octets::new(1_000_000_000),
        amount: Yen::new(220),
        as_of: origin().as_of,
    };
    let usual = Purchases {
        head: head(1),
        origin: Some(origin()),
        purchases: vec![
            bought("データ追加 1GB", "ord79273110", "2026-11-20T09:12:00+09:00"),
            bought("データ追加 1GB", "ord79273109", "2025-02-03T21:40:00+09:00"),
        ],
    };
    let hostile = vec![bought(HOSTILE, HOSTILE, "2026-11-20T09:12:00+09:00")];
    vec![
        ("purchases-usual", usual.clone()),
        ("purchases-none", Purchases { purchases: Vec::new(), ..usual.clone() }),
        ("purchases-unknown", Purchases { origin: None, purchases: Vec::new(), ..usual.clone() }),
        ("purchases-hostile", Purchases { purchases: hostile, head: hostile_head(), ..usual }),
    ]
}

fn contracts() -> Vec<(&'static str, Contract)> {
    let usual = Contract {
        head: head(1),
        origin: origin(),
        terms: Terms {
            service_code: Some("hds12345678".to_owned()),
            sim_kind: Some("eSIM".to_owned()),
            monthly: Some(Yen::new(1_500)),
            applied_on: Some(day("2024-02-25")),
            five_g: true,
            ..Terms::default()
        },
        line_code: "hdo53210614".to_owned(),
        iccid_masked: "***************1234".to_owned(),
        share_lines: Some(3),
    };
    let hostile = Contract {
        head: hostile_head(),
        terms: Terms {
            service_code: Some(HOSTILE.to_owned()),
            sim_kind: Some(HOSTILE.to_owned()),
            ..usual.terms.clone()
        },
        line_code: LONG.to_owned(),
        iccid_masked: HOSTILE.to_owned(),
        ..usual.clone()
    };
    let terms = Terms { monthly: None, applied_on: None, ..usual.terms.clone() };
    let gone = Contract { head: ended(), terms, share_lines: None, ..usual.clone() };
    vec![("contract-usual", usual), ("contract-ended", gone), ("contract-hostile", hostile)]
}

/// Each bill as it is kept: name, sheet, rows.
pub(super) fn kept(studio: &Studio) -> Vec<Kept> {
    let press = Press::new().unwrap();
    let me = Me {
        account: AccountId::from_octets([1; 16]),
        name: "𠮷川 花子".to_owned(),
        login: "mio30617284".to_owned(),
        mail_masked: None,
        lines: vec![],
        origin: origin(),
    };
    let usual = Me { name: "渋谷 太郎".to_owned(), ..me.clone() };
    let mut kept = Vec::new();
    for (name, facts) in &bills() {
        let me = if *name == "bill-hostile" { &me } else { &usual };
        let Studio { language, operator, zone, .. } = studio;
        let now = moment("2026-11-20T12:03:00+09:00");
        let document = BillDocument { language: *language, operator, zone, now, me, facts };
        kept.push((*name, document.sheet(), document.pdf(&press).unwrap(), document.csv()));
    }
    kept
}

pub(super) fn samples(studio: &Studio) -> Vec<Sample> {
    let mut all = Vec::new();
    let mut push = |name, has_figures, html| all.push(Sample { name, has_figures, html });
    let mine = head(1);
    let states = [BillState::Open, BillState::Final, BillState::Paid, BillState::Overdue];
    let list: Vec<BillHead> = (1..).zip(states).map(|(number, state)| bill(number, state)).collect();
    for (name, facts) in [
        ("bills-usual", Bills { origin: Some(origin()), bills: list }),
        ("bills-none", Bills { origin: None, bills: Vec::new() }),
    ] {
        let shell = studio.shell(Nav::Bills, Some(&mine), "/bills");
        push(name, facts.origin.is_some(), BillsPage { shell, facts: &facts }.render());
    }
    for (name, facts) in &bills() {
        let shell = studio.shell(Nav::Bills, None, "/bills/1");
        push(name, true, BillPage { shell, facts, member: Some("mio30617284") }.render());
    }
    for (name, facts) in &purchases() {
        let shell = studio.shell(Nav::Home, Some(&facts.head), "/lines/1/purchases");
        push(name, facts.origin.is_some(), PurchasesPage { shell, facts }.render());
    }
    for (name, facts) in &contracts() {
        let shell = studio.shell(Nav::Home, Some(&facts.head), "/lines/1/contract");
        push(name, true, ContractPage { shell, facts }.render());
    }
    all
}
