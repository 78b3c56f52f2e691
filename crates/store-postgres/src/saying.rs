//! What statements that are transactions by themselves are made of ([`crate::alone`]).

/// What a statement that is a transaction by itself begins with ([`crate::alone`]). It is about several at once, and says for
/// each, before any table is read for it, whom it is about.
///
/// `g` is one row, and says what they have in common; `c` is a row of each, whose values are what was said, and has what else
/// was asked with for it (`$own`). What is joined to it is of `each!`: read once for each row of `c`, after it. Every name is
/// whole, operators too: it may be read under a search path of somebody else's.
///
/// Arrays are asked with in questions of their own, so that a planner does not look at how long they are: one plan fits all.
macro_rules! saying {
    ($name:literal, $setting:literal, $not:literal $(, $own:literal = $value:literal)*) => {
        concat!(
            "(select current_user operator(pg_catalog.=) session_user as plain, \
             pg_catalog.set_config('honnin.tenant', $1, true)::pg_catalog.int8 as tenant, \
             pg_catalog.set_config('honnin.reach', '', true) offset 0) g \
             cross join lateral (select g.plain, g.tenant, t.turn",
            $(", t.", $own,)*
            ", pg_catalog.set_config('",
            $not,
            "', '', true), pg_catalog.decode(pg_catalog.set_config('",
            $setting,
            "', t.whom, true), 'hex') as ",
            $name,
            " from rows from (pg_catalog.unnest((select $2::pg_catalog.text[]))",
            $(", pg_catalog.unnest((select ", $value, "::pg_catalog.bytea[]))",)*
            ") with ordinality t(whom",
            $(", ", $own,)*
            ", turn) offset 0) c"
        )
    };
}

/// `c` of accounts.
macro_rules! of_account {
    ($($own:literal = $value:literal),*) => {
        saying!("account", "honnin.account", "honnin.session" $(, $own = $value)*)
    };
}

/// `c` of sessions.
macro_rules! of_session {
    () => {
        saying!("session", "honnin.session", "honnin.account")
    };
}

/// What the columns of an answer begin with ([`crate::alone::FIRST`]): the last of these is what stands when all was read.
macro_rules! answering {
    ($name:literal, $setting:literal) => {
        concat!(
            "select c.plain, c.tenant, c.",
            $name,
            ", c.turn, pg_catalog.current_setting('",
            $setting,
            "', true) as said, "
        )
    };
}

/// Rows that are looked up for each row of `c`, after it, whatever the conditions are and however a planner would have it: how
/// many of them are passed over, none, follows from whose turn it is.
macro_rules! each {
    ($name:literal, $($select:expr),+) => {
        concat!(
            " left join lateral (",
            $($select,)+
            " offset c.turn operator(pg_catalog.-) c.turn) ",
            $name,
            " on true"
        )
    };
}

macro_rules! document {
    ($holding:literal, $kind:literal, $row:literal) => {
        concat!(
            "select d.blob from honnin.document d where d.tenant operator(pg_catalog.=) c.tenant \
             and d.account operator(pg_catalog.=) c.account and d.holding operator(pg_catalog.=) ",
            $holding,
            " and d.kind operator(pg_catalog.=) ",
            $kind,
            " and d.row operator(pg_catalog.=) ",
            $row
        )
    };
}

macro_rules! speed {
    () => {
        "select s.revision, s.blob from honnin.speed s where s.tenant operator(pg_catalog.=) c.tenant \
         and s.account operator(pg_catalog.=) c.account and s.holding operator(pg_catalog.=) c.holding"
    };
}
