//! The one list of the tables of a store. Both engines are held against it: by a test, and again before anything is
//! copied.

use super::FoundColumn;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColumnKind {
    /// A number, a moment or a day.
    Number,
    /// Octets.
    Octets,
    /// A text.
    Text,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What stands in it.
    pub kind: ColumnKind,
    /// Whether there may be none.
    pub may_be_absent: bool,
}

/// A table. The tenant is its first column and the first of its key, and is not named here.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The rest of its key, in order.
    pub key: &'static [Column],
    /// Every other column.
    pub others: &'static [Column],
    /// So many rows are read and written at once.
    pub page: usize,
}

impl Table {
    /// Every column but the tenant, those of the key first.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> + use<> {
        self.key.iter().chain(self.others)
    }
}

const fn column(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind, may_be_absent: false }
}

const fn number(name: &'static str) -> Column {
    column(name, ColumnKind::Number)
}

const fn octets(name: &'static str) -> Column {
    column(name, ColumnKind::Octets)
}

const fn text(name: &'static str) -> Column {
    column(name, ColumnKind::Text)
}

const fn or_none(column: Column) -> Column {
    Column { may_be_absent: true, ..column }
}

/// Rows with sealed documents are some KiB each, those of hashes and ids some dozen octets.
const LARGE_ROWS: usize = 256;
const SMALL_ROWS: usize = 4_096;
/// A finished export may be 32 MiB by default, and more where the operator says so.
const HUGE_ROWS: usize = 4;

const fn table(name: &'static str, page: usize, key: &'static [Column], others: &'static [Column]) -> Table {
    Table { name, key, others, page }
}

const ACCOUNT: Column = octets("account");
const HOLDING: Column = octets("holding");
const AT: Column = number("at");

/// Every table with rows of a tenant, in the order they are copied.
///
/// `control` is the last: whoever does something at the command line has the head of their log written there, so that what
/// was done while the others were compared is seen.
pub const TABLES: &[Table] = &[
    table(
        "account",
        LARGE_ROWS,
        &[ACCOUNT],
        &[
            number("key_epoch"),
            octets("key_by_keeper"),
            octets("ring"),
            number("ring_version"),
            or_none(octets("password")),
            or_none(octets("code")),
            number("credential_version"),
        ],
    ),
    table("subject_key", SMALL_ROWS, &[ACCOUNT, HOLDING, number("epoch")], &[]),
    table("document", LARGE_ROWS, &[ACCOUNT, HOLDING, text("kind"), octets("row")], &[octets("blob")]),
    table(
        "session",
        LARGE_ROWS,
        &[octets("row_hash")],
        &[
            ACCOUNT,
            octets("session"),
            number("epoch"),
            octets("sealed"),
            number("ring_version"),
            number("since"),
            number("last_seen"),
            number("until"),
            octets("device"),
        ],
    ),
    table(
        "speed",
        LARGE_ROWS,
        &[ACCOUNT, HOLDING],
        &[
            number("revision"),
            octets("blob"),
            number("asked_at"),
            or_none(number("due_at")),
            or_none(number("leased_until")),
            number("fence"),
            number("tries"),
        ],
    ),
    table(
        "wish_key",
        SMALL_ROWS,
        &[ACCOUNT, HOLDING, octets("key")],
        &[octets("request"), number("version"), number("until")],
    ),
    table("message", SMALL_ROWS, &[ACCOUNT, number("id")], &[text("kind"), AT]),
    table("consent", LARGE_ROWS, &[ACCOUNT], &[octets("sealed"), number("until")]),
    table(
        "account_merge",
        LARGE_ROWS,
        &[number("merge")],
        &[
            octets("gave"),
            octets("took"),
            AT,
            or_none(number("undone_at")),
            octets("sealed"),
            or_none(octets("entry")),
            or_none(octets("undone_entry")),
        ],
    ),
    table("merged_holding", SMALL_ROWS, &[number("merge"), HOLDING], &[]),
    table(
        "directory",
        SMALL_ROWS,
        &[octets("key"), HOLDING],
        &[ACCOUNT, number("held_from"), or_none(number("held_to"))],
    ),
    table("seen", SMALL_ROWS, &[octets("record")], &[octets("content"), number("taken_at")]),
    table(
        "notice",
        LARGE_ROWS,
        &[octets("notice")],
        &[text("code"), number("published_at"), text("kind"), text("title"), text("body")],
    ),
    table(
        "quarantine",
        LARGE_ROWS,
        &[octets("record")],
        &[text("file"), number("line"), text("reason"), octets("sealed"), AT],
    ),
    table("progress", LARGE_ROWS, &[text("feed")], &[number("position"), octets("state"), AT]),
    table(
        "work",
        HUGE_ROWS,
        &[text("queue"), octets("id")],
        &[
            octets("owner"),
            octets("payload"),
            AT,
            or_none(number("due_at")),
            or_none(number("until")),
            or_none(number("leased_until")),
            number("fence"),
            number("tries"),
        ],
    ),
    table("tick", SMALL_ROWS, &[], &[number("last")]),
    table(
        "control",
        LARGE_ROWS,
        &[text("name")],
        &[number("revision"), octets("value"), AT, or_none(number("until"))],
    ),
];

/// What an engine should have.
fn expected() -> Vec<FoundColumn> {
    let tenant = number("tenant");
    let mut all = Vec::new();
    for table in TABLES {
        let key = std::iter::once(&tenant).chain(table.key).zip(1_u32..);
        for (column, key) in key.chain(table.others.iter().map(|column| (column, 0))) {
            all.push(FoundColumn {
                table: table.name.to_owned(),
                name: column.name.to_owned(),
                key,
                kind: Some(column.kind),
                may_be_absent: column.may_be_absent,
            });
        }
    }
    all.sort_unstable();
    all
}

/// The first column in which what an engine has differs from the list, as `table.column`; `None` where they are the same.
pub fn difference(found: &[FoundColumn]) -> Option<String> {
    let mut found = found.to_vec();
    found.sort_unstable();
    let expected = expected();
    let one_sided = |one: &[FoundColumn], other: &[FoundColumn]| {
        let missing = one.iter().find(|column| !other.contains(column));
        missing.map(|column| format!("{}.{}", column.table, column.name))
    };
    one_sided(&expected, &found).or_else(|| one_sided(&found, &expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_of_a_column_is_named() {
        assert_eq!(difference(&expected()), None);
        let all = expected();
        let place = all.iter().position(|column| column.table == "speed" && column.name == "due_at").unwrap();
        let with = |change: fn(&mut FoundColumn)| {
            let mut found = all.clone();
            change(&mut found[place]);
            difference(&found)
        };
        let named = Some("speed.due_at".to_owned());
        assert_eq!(with(|column| column.may_be_absent = false), named);
        assert_eq!(with(|column| column.kind = Some(ColumnKind::Text)), named);
        assert_eq!(with(|column| column.key = 4), named);
        let mut less = all.clone();
        less.remove(place);
        assert_eq!(difference(&less), named);
        let more = FoundColumn { table: "later".to_owned(), ..all[place].clone() };
        assert_eq!(difference(&[all, vec![more]].concat()), Some("later.due_at".to_owned()));
    }
}
