//! Bodies about the account, and notices to everybody.

use honnin_care::facts::{Bill, BillLines, Bills, Disclosures, LineHead, Me, Notice, Viewer};
use honnin_terms::{BillId, Day, EntryRef, HoldingId, Month, NoticeId, Zone};
use serde::Serialize;

use super::super::shape::Shape;
use super::{AsText, At, as_of, write};

pub(super) const BILL_STATE: Shape = Shape::Word(&["open", "final", "paid", "overdue"]);

pub(in crate::route) const SIGN_IN: Shape =
    Shape::Object(&[("login", Shape::Text), ("password", Shape::Text)]);

pub(in crate::route) const TOKEN: Shape = Shape::Object(&[("token", Shape::Text)]);

#[derive(Serialize)]
struct TokenBody<'a> {
    token: &'a str,
}

pub(in crate::route) fn token(token: &str) -> Vec<u8> {
    write(&TokenBody { token }, 64)
}

pub(in crate::route) const ME: Shape = Shape::Object(&[
    ("name", Shape::Text),
    (
        "lines",
        Shape::List(&Shape::Object(&[
            ("line", Shape::Id),
            ("number_masked", Shape::Text),
            ("plan", Shape::Text),
            ("role", Shape::Word(&["holder"])),
            ("status", Shape::Word(&["active", "suspended", "upcoming", "ended"])),
            ("from", Shape::Day),
            ("to", Shape::Maybe(&Shape::Day)),
        ])),
    ),
    ("next_after", Shape::Maybe(&Shape::Id)),
]);

#[derive(Serialize)]
struct MeBody<'a> {
    name: &'a str,
    lines: Vec<LineBody<'a>>,
    /// Where the next page of lines begins; none where these are all.
    next_after: Option<AsText<HoldingId>>,
}

#[derive(Serialize)]
struct LineBody<'a> {
    line: AsText<HoldingId>,
    number_masked: &'a str,
    plan: &'a str,
    role: &'static str,
    status: &'static str,
    from: AsText<Day>,
    to: Option<AsText<Day>>,
}

/// `lines` are those of one page of the list.
pub(in crate::route) fn me(
    me: &Me,
    lines: &[LineHead],
    next_after: Option<HoldingId>,
    role: &'static str,
) -> Vec<u8> {
    let lines_body = lines.iter().map(|head| line_body(head, role)).collect();
    let body = MeBody { name: &me.name, lines: lines_body, next_after: next_after.map(AsText) };
    write(&body, 64 + 224 * lines.len())
}

fn line_body<'a>(head: &'a LineHead, role: &'static str) -> LineBody<'a> {
    LineBody {
        line: AsText(head.line),
        number_masked: &head.number_masked,
        plan: &head.plan,
        role,
        status: head.status.word(),
        from: AsText(head.held.from),
        to: head.held.to.map(AsText),
    }
}

pub(in crate::route) const BILLS: Shape = Shape::Object(&[
    (
        "bills",
        Shape::List(&Shape::Object(&[
            ("bill", Shape::Id),
            ("month", Shape::Month),
            ("amount_yen", Shape::Yen),
            ("state", BILL_STATE),
            ("as_of", Shape::Time),
        ])),
    ),
    ("as_of", Shape::Maybe(&Shape::Time)),
    ("source", Shape::Maybe(&Shape::Text)),
]);

#[derive(Serialize)]
struct BillsBody<'a> {
    bills: Vec<BillHeadBody<'a>>,
    as_of: Option<At<'a>>,
    source: Option<&'a str>,
}

#[derive(Serialize)]
struct BillHeadBody<'a> {
    bill: AsText<BillId>,
    month: AsText<Month>,
    amount_yen: i64,
    state: &'static str,
    as_of: At<'a>,
}

pub(in crate::route) fn bills(bills: &Bills, zone: &Zone) -> Vec<u8> {
    let head = bills.bills.iter().map(|bill| BillHeadBody {
        bill: AsText(bill.bill),
        month: AsText(bill.month),
        amount_yen: bill.amount.get(),
        state: bill.state.word(),
        as_of: At(bill.as_of, zone),
    });
    let body = BillsBody {
        bills: head.collect(),
        as_of: as_of(bills.origin.as_ref(), zone),
        source: bills.origin.as_ref().map(|origin| origin.source.as_str()),
    };
    write(&body, 128 + 112 * bills.bills.len())
}

pub(in crate::route) const BILL: Shape = Shape::Object(&[
    ("bill", Shape::Id),
    ("month", Shape::Month),
    ("used_in", Shape::Maybe(&Shape::Month)),
    ("amount_yen", Shape::Yen),
    ("tax_yen", Shape::Maybe(&Shape::Yen)),
    ("state", BILL_STATE),
    ("due_on", Shape::Maybe(&Shape::Day)),
    ("code", Shape::Text),
    ("items_complete", Shape::Bool),
    ("items", Shape::List(&Shape::Object(&[("item", Shape::Text), ("amount_yen", Shape::Yen)]))),
    ("as_of", Shape::Time),
    ("source", Shape::Text),
]);

#[derive(Serialize)]
struct BillBody<'a> {
    bill: AsText<BillId>,
    month: AsText<Month>,
    used_in: Option<AsText<Month>>,
    amount_yen: i64,
    tax_yen: Option<i64>,
    state: &'static str,
    due_on: Option<AsText<Day>>,
    code: &'a str,
    items_complete: bool,
    items: Vec<ItemBody<'a>>,
    as_of: At<'a>,
    source: &'a str,
}

#[derive(Serialize)]
struct ItemBody<'a> {
    item: &'a str,
    amount_yen: i64,
}

pub(in crate::route) fn bill(bill: &Bill, zone: &Zone) -> Vec<u8> {
    let items =
        bill.lines.shown().iter().map(|line| ItemBody { item: &line.item, amount_yen: line.amount.get() });
    let body = BillBody {
        bill: AsText(bill.head.bill),
        month: AsText(bill.head.month),
        used_in: bill.head.used_in.map(AsText),
        amount_yen: bill.head.amount.get(),
        tax_yen: bill.tax.map(honnin_terms::Yen::get),
        state: bill.head.state.word(),
        due_on: bill.head.due_on.map(AsText),
        code: &bill.code,
        items_complete: matches!(bill.lines, BillLines::Whole(_)),
        items: items.collect(),
        as_of: At(bill.origin.as_of, zone),
        source: &bill.origin.source,
    };
    write(&body, 384 + 64 * bill.lines.shown().len())
}

pub(in crate::route) const NOTICES: Shape = Shape::Object(&[(
    "notices",
    Shape::List(&Shape::Object(&[
        ("notice", Shape::Id),
        ("published_at", Shape::Time),
        ("kind", Shape::Text),
        ("title", Shape::Text),
        ("body", Shape::Text),
    ])),
)]);

#[derive(Serialize)]
struct NoticesBody<'a> {
    notices: Vec<NoticeBody<'a>>,
}

#[derive(Serialize)]
struct NoticeBody<'a> {
    notice: AsText<NoticeId>,
    published_at: At<'a>,
    kind: &'a str,
    title: &'a str,
    body: &'a str,
}

pub(in crate::route) fn notices(notices: &[Notice], zone: &Zone) -> Vec<u8> {
    let list = notices.iter().map(|notice| NoticeBody {
        notice: AsText(notice.notice),
        published_at: At(notice.published_at, zone),
        kind: &notice.kind,
        title: &notice.title,
        body: &notice.body,
    });
    write(&NoticesBody { notices: list.collect() }, 64 + 512 * notices.len())
}

pub(in crate::route) const DISCLOSURES: Shape = Shape::Object(&[
    (
        "disclosures",
        Shape::List(&Shape::Object(&[
            ("entry", Shape::Entry),
            ("at", Shape::Time),
            ("viewer", Shape::Word(&["self", "granted", "agent"])),
            ("basis", Shape::Maybe(&Shape::Entry)),
            ("what", Shape::Text),
            ("line", Shape::Maybe(&Shape::Id)),
            ("channel", Shape::Text),
        ])),
    ),
    ("next_before", Shape::Maybe(&Shape::Entry)),
    ("answerable_since", Shape::Maybe(&Shape::Time)),
]);

#[derive(Serialize)]
struct DisclosuresBody<'a> {
    disclosures: Vec<DisclosureBody<'a>>,
    next_before: Option<AsText<EntryRef>>,
    answerable_since: Option<At<'a>>,
}

#[derive(Serialize)]
struct DisclosureBody<'a> {
    entry: AsText<EntryRef>,
    at: At<'a>,
    viewer: &'static str,
    basis: Option<AsText<EntryRef>>,
    what: &'static str,
    line: Option<AsText<HoldingId>>,
    channel: &'static str,
}

pub(in crate::route) fn disclosures(disclosures: &Disclosures, zone: &Zone) -> Vec<u8> {
    let rows = disclosures.rows.iter().map(|row| {
        let (viewer, basis) = match row.viewer {
            Viewer::Myself => ("self", None),
            Viewer::Granted(entry) => ("granted", Some(AsText(entry))),
            Viewer::Agent(entry) => ("agent", Some(AsText(entry))),
        };
        let line = row.line.map(AsText);
        DisclosureBody {
            entry: AsText(row.entry),
            at: At(row.at, zone),
            viewer,
            basis,
            what: row.what,
            line,
            channel: row.channel,
        }
    });
    let body = DisclosuresBody {
        disclosures: rows.collect(),
        next_before: disclosures.next_before.map(AsText),
        answerable_since: disclosures.answerable_since.map(|at| At(at, zone)),
    };
    write(&body, 192 + 256 * disclosures.rows.len())
}
