//! Bodies about the account, and notices to everybody.

use honnin_access::SignedIn;
use honnin_care::Care;
use honnin_care::facts::{Bill, BillHead, BillLines, Bills, Device, Disclosures, LineHead, Me, Notice};
use honnin_terms::{
    BillId, BillState, Day, EntryRef, HoldingId, LineName, LineStatus, Moment, Month, NoticeId, Said,
    SessionId, Zone,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{AsText, At, Word, as_of, as_of_by, write};

/// What to send as `Authorization: Bearer`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token")]
pub(in crate::route) struct TokenBody<'a> {
    /// The token. It opens what is hers: keep it as a password is kept.
    #[schemars(length(max = 256), example = &"kZ0m3V0c9l6Jq0o8m2y1x7w5v3u1t9s8r6q4p2o0n8M")]
    token: &'a str,
    /// The session's name in `GET /api/v1/sessions`.
    session: AsText<SessionId>,
    /// When it ends at the latest.
    expires_at: At<'a>,
}

pub(in crate::route) fn token(signed_in: &SignedIn, zone: &Zone) -> Vec<u8> {
    let token = signed_in.token.reveal();
    let body = TokenBody {
        token: &token,
        session: AsText(signed_in.session),
        expires_at: At(signed_in.until, zone),
    };
    write(&body, 192)
}

/// A token that was made. It is told once.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NewToken")]
pub(in crate::route) struct NewTokenBody<'a> {
    /// The token, for `Authorization: Bearer`. It opens what is hers: keep it as a password is kept.
    #[schemars(length(max = 256), example = &"kZ0m3V0c9l6Jq0o8m2y1x7w5v3u1t9s8r6q4p2o0n8M")]
    token: &'a str,
    /// Its name in the list of tokens: good for ending it, and for nothing else.
    id: AsText<SessionId>,
    /// What she called it.
    #[schemars(length(max = 256), example = &"家計簿")]
    name: &'a str,
    /// When it ends at the latest.
    expires_at: At<'a>,
    /// When it ends where nobody uses it.
    unused_until: At<'a>,
}

pub(in crate::route) fn new_token(made: &SignedIn, name: &LineName, at: Moment, care: &Care) -> Vec<u8> {
    let (zone, token) = (care.zone(), made.token.reveal());
    let body = NewTokenBody {
        token: &token,
        id: AsText(made.session),
        name: name.as_str(),
        expires_at: At(made.until, zone),
        unused_until: At(care.unused_until(at, made.until), zone),
    };
    write(&body, 256)
}

/// The tokens of the account, newest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tokens")]
pub(in crate::route) struct TokensBody<'a> {
    tokens: Vec<ProgramTokenBody<'a>>,
    /// Where the next page begins: send it as `cursor`; null on the last page.
    next: Option<AsText<SessionId>>,
}

/// One token.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProgramToken")]
struct ProgramTokenBody<'a> {
    /// Its name: good for ending it, and for nothing else.
    id: AsText<SessionId>,
    /// What she called it.
    #[schemars(length(max = 256), example = &"家計簿")]
    name: &'a str,
    /// When it was made.
    since: At<'a>,
    /// When it was last used; up to 15 minutes behind.
    last_seen: At<'a>,
    /// When it ends at the latest.
    expires_at: At<'a>,
    /// When it ends where nobody uses it, counted from `last_seen`.
    unused_until: At<'a>,
}

pub(in crate::route) fn tokens(list: &[&Device], next: Option<SessionId>, care: &Care) -> Vec<u8> {
    let zone = care.zone();
    let tokens = list.iter().map(|token| ProgramTokenBody {
        id: AsText(token.session),
        name: &token.name,
        since: At(token.since, zone),
        last_seen: At(token.last_seen, zone),
        expires_at: At(token.until, zone),
        unused_until: At(care.unused_until(token.last_seen, token.until), zone),
    });
    write(&TokensBody { tokens: tokens.collect(), next: next.map(AsText) }, 64 + 256 * list.len())
}

/// Who is signed in, and her lines, ended ones too.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Account")]
pub(in crate::route) struct MeBody<'a> {
    /// Her name, in the ledger's words.
    #[schemars(example = &"本人 花")]
    name: &'a str,
    lines: Vec<LineBody<'a>>,
    /// Where the next page begins: send it as `cursor`; null on the last page.
    next: Option<AsText<HoldingId>>,
}

/// A line in one row.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Line")]
struct LineBody<'a> {
    /// The line: an id of what this account holds, good in paths.
    line: AsText<HoldingId>,
    /// The number, all but its last digits hidden.
    #[schemars(example = &"***-****-0001")]
    number_masked: &'a str,
    /// The plan, in the ledger's words.
    #[schemars(example = &"ギガプラン 20GB")]
    plan: &'a str,
    /// What the account is to the line.
    #[schemars(length(max = 64), extend("x-extensible-enum" = ["holder"]))]
    role: &'static str,
    /// What the line can do now.
    status: Word<LineStatus>,
    /// The first day it is held.
    from: AsText<Day>,
    /// The last day it is held; null while it has no end.
    to: Option<AsText<Day>>,
}

/// `lines` are those of one page of the list.
pub(in crate::route) fn me(
    me: &Me,
    lines: &[LineHead],
    next: Option<HoldingId>,
    role: &'static str,
) -> Vec<u8> {
    let lines_body = lines.iter().map(|head| line_body(head, role)).collect();
    let body = MeBody { name: &me.name, lines: lines_body, next: next.map(AsText) };
    write(&body, 64 + 224 * lines.len())
}

fn line_body<'a>(head: &'a LineHead, role: &'static str) -> LineBody<'a> {
    LineBody {
        line: AsText(head.line),
        number_masked: &head.number_masked,
        plan: &head.plan,
        role,
        status: Word(head.status),
        from: AsText(head.held.from),
        to: head.held.to.map(AsText),
    }
}

/// Bills, newest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Bills")]
pub(in crate::route) struct BillsBody<'a> {
    bills: Vec<BillHeadBody<'a>>,
    /// Where the next page begins: send it as `cursor`; null on the last page.
    next: Option<AsText<BillId>>,
    /// When the ledger said it; null where it never did.
    as_of: Option<At<'a>>,
    /// Whose moment `as_of` is: of the ledger, or only that of the intake where the ledger gives none.
    as_of_by: Option<Word<Said>>,
    /// Which system of record said it.
    #[schemars(example = &"billing")]
    source: Option<&'a str>,
}

/// A bill in one line.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BillHead")]
pub(super) struct BillHeadBody<'a> {
    /// Its id.
    bill: AsText<BillId>,
    /// The month it is of.
    month: AsText<Month>,
    /// The amount with tax; below zero where it is given back.
    #[schemars(example = 2_345)]
    amount_yen: i64,
    /// How far it is.
    state: Word<BillState>,
    /// When the ledger said it.
    as_of: At<'a>,
    /// Whose moment `as_of` is: of the ledger, or only that of the intake where the ledger gives none.
    as_of_by: Word<Said>,
}

impl<'a> BillHeadBody<'a> {
    pub(super) fn of(bill: &BillHead, zone: &'a Zone) -> Self {
        Self {
            bill: AsText(bill.bill),
            month: AsText(bill.month),
            amount_yen: bill.amount.get(),
            state: Word(bill.state),
            as_of: At(bill.as_of.at, zone),
            as_of_by: Word(bill.as_of),
        }
    }
}

/// `list` is one page of them.
pub(in crate::route) fn bills(
    bills: &Bills,
    list: &[BillHead],
    next: Option<BillId>,
    zone: &Zone,
) -> Vec<u8> {
    let body = BillsBody {
        bills: list.iter().map(|bill| BillHeadBody::of(bill, zone)).collect(),
        next: next.map(AsText),
        as_of: as_of(bills.origin.as_ref(), zone),
        as_of_by: as_of_by(bills.origin.as_ref()),
        source: bills.origin.as_ref().map(|origin| origin.source.as_str()),
    };
    write(&body, 160 + 112 * list.len())
}

/// One bill.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Bill")]
pub(in crate::route) struct BillBody<'a> {
    /// Its id.
    bill: AsText<BillId>,
    /// The month it is of.
    month: AsText<Month>,
    /// The month of the usage that is billed.
    used_in: Option<AsText<Month>>,
    /// The amount with tax; below zero where it is given back.
    #[schemars(example = 2_345)]
    amount_yen: i64,
    /// The tax in it; null where the ledger does not say.
    #[schemars(example = 2_345)]
    tax_yen: Option<i64>,
    /// How far it is.
    state: Word<BillState>,
    /// When it is to be paid.
    due_on: Option<AsText<Day>>,
    /// The ledger's code of the bill.
    #[schemars(example = &"B202611")]
    code: &'a str,
    /// Whether the items are all of them: where not, none is shown.
    items_complete: bool,
    items: Vec<ItemBody<'a>>,
    /// When the ledger said the items, which may be before it last spoke of the bill; null where none is shown.
    items_as_of: Option<At<'a>>,
    /// Whose moment `items_as_of` is, as in `as_of_by`.
    items_as_of_by: Option<Word<Said>>,
    /// When the ledger said it.
    as_of: At<'a>,
    /// Whose moment `as_of` is: of the ledger, or only that of the intake where the ledger gives none.
    as_of_by: Word<Said>,
    /// Which system of record said it.
    #[schemars(example = &"billing")]
    source: &'a str,
}

/// One line of a bill.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BillItem")]
struct ItemBody<'a> {
    /// What for, in the ledger's words.
    #[schemars(example = &"月額基本料")]
    item: &'a str,
    /// The amount; below zero where it is taken off.
    #[schemars(example = 2_345)]
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
        state: Word(bill.head.state),
        due_on: bill.head.due_on.map(AsText),
        code: &bill.code,
        items_complete: matches!(bill.lines, BillLines::Whole(..)),
        items: items.collect(),
        items_as_of: bill.lines.as_of().map(|said| At(said.at, zone)),
        items_as_of_by: bill.lines.as_of().map(Word),
        as_of: At(bill.origin.as_of.at, zone),
        as_of_by: Word(bill.origin.as_of),
        source: &bill.origin.source,
    };
    write(&body, 384 + 64 * bill.lines.shown().len())
}

/// Notices to everybody, newest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Notices")]
pub(in crate::route) struct NoticesBody<'a> {
    notices: Vec<NoticeBody<'a>>,
    /// Where the next page begins: send it as `cursor`; null on the last page.
    next: Option<AsText<NoticeId>>,
}

/// One notice of the operator to everybody.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Notice")]
pub(in crate::route) struct NoticeBody<'a> {
    /// Its id.
    notice: AsText<NoticeId>,
    /// When it was published.
    published_at: At<'a>,
    /// Of what kind, in the ledger's words.
    #[schemars(example = &"maintenance")]
    kind: &'a str,
    /// Its title.
    #[schemars(example = &"メンテナンスのお知らせ")]
    title: &'a str,
    /// Its text.
    #[schemars(example = &"…")]
    body: &'a str,
}

impl<'a> NoticeBody<'a> {
    fn of(notice: &'a Notice, zone: &'a Zone) -> Self {
        Self {
            notice: AsText(notice.notice),
            published_at: At(notice.published_at, zone),
            kind: &notice.kind,
            title: &notice.title,
            body: &notice.body,
        }
    }
}

pub(in crate::route) fn notice(notice: &Notice, zone: &Zone) -> Vec<u8> {
    write(&NoticeBody::of(notice, zone), 512)
}

pub(in crate::route) fn notices(list: &[Notice], next: Option<NoticeId>, zone: &Zone) -> Vec<u8> {
    let notices = list.iter().map(|notice| NoticeBody::of(notice, zone)).collect();
    write(&NoticesBody { notices, next: next.map(AsText) }, 64 + 512 * list.len())
}

/// The sessions of the account, newest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Sessions")]
pub(in crate::route) struct SessionsBody<'a> {
    sessions: Vec<SessionBody<'a>>,
    /// Where the next page begins: send it as `cursor`; null on the last page.
    next: Option<AsText<SessionId>>,
}

/// One session: a browser or a program that is signed in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Session")]
struct SessionBody<'a> {
    /// Its name: good for ending it, and for nothing else.
    session: AsText<SessionId>,
    /// What it calls itself.
    #[schemars(length(max = 256), example = &"Safari (iPhone)")]
    name: &'a str,
    /// When it signed in.
    since: At<'a>,
    /// When it was last seen; up to 15 minutes behind.
    last_seen: At<'a>,
    /// When it ends at the latest.
    expires_at: At<'a>,
    /// Whether it is the one that asks.
    current: bool,
}

pub(in crate::route) fn sessions(list: &[&Device], next: Option<SessionId>, zone: &Zone) -> Vec<u8> {
    let sessions = list.iter().map(|device| SessionBody {
        session: AsText(device.session),
        name: &device.name,
        since: At(device.since, zone),
        last_seen: At(device.last_seen, zone),
        expires_at: At(device.until, zone),
        current: device.current,
    });
    write(&SessionsBody { sessions: sessions.collect(), next: next.map(AsText) }, 64 + 256 * list.len())
}

/// Who was shown what of this account, newest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Disclosures")]
pub(in crate::route) struct DisclosuresBody<'a> {
    #[schemars(length(max = 200))]
    disclosures: Vec<DisclosureBody<'a>>,
    /// Where the next page begins: send it as `cursor`; null on the last page.
    next: Option<AsText<EntryRef>>,
    /// Before this moment the record was deleted; null where nothing was.
    answerable_since: Option<At<'a>>,
}

/// One disclosure, as the journal has it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Disclosure")]
struct DisclosureBody<'a> {
    /// Its entry in the journal.
    entry: AsText<EntryRef>,
    /// When.
    at: At<'a>,
    /// Who was shown it.
    #[schemars(length(max = 64), extend("x-extensible-enum" = ["self", "granted", "agent"]))]
    viewer: &'static str,
    /// The entry that allowed it, where it was not herself.
    basis: Option<AsText<EntryRef>>,
    /// What was shown.
    #[schemars(length(max = 64), example = &"home")]
    what: &'static str,
    /// Of which line; null where it was of the account.
    line: Option<AsText<HoldingId>>,
    /// By which way it was asked for.
    #[schemars(length(max = 64), extend("x-extensible-enum" = ["page", "api"]))]
    channel: &'static str,
}

pub(in crate::route) fn disclosures(disclosures: &Disclosures, zone: &Zone) -> Vec<u8> {
    let rows = disclosures.rows.iter().map(|row| {
        let line = row.line.map(AsText);
        DisclosureBody {
            entry: AsText(row.entry),
            at: At(row.at, zone),
            viewer: row.viewer.word(),
            basis: row.viewer.basis().map(AsText),
            what: row.what,
            line,
            channel: row.channel,
        }
    });
    let body = DisclosuresBody {
        disclosures: rows.collect(),
        next: disclosures.next_before.map(AsText),
        answerable_since: disclosures.answerable_since.map(|at| At(at, zone)),
    };
    write(&body, 192 + 256 * disclosures.rows.len())
}
