//! Every statement there is, by name (those of a copy are made of its list of tables, `copying`). Nothing else is asked of the server but what begins and ends a transaction
//! (`Reach::begin`), what is looked at once at the start (`standing`) and what prepares the store (`prepare`).
//!
//! Names are whole (`honnin.session`), so that no search path decides what they mean. Written in what engines that speak
//! PostgreSQL's protocol have in common: no sequence, trigger, view, notification or advisory lock.

/// A statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Its name.
    pub name: &'static str,
    /// What is asked.
    pub sql: &'static str,
}

/// Every statement there is.
pub fn statements() -> &'static [Statement] {
    ALL
}

macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(pub(crate) const $name: Statement = Statement { name: stringify!($name), sql: $sql };)+
        const ALL: &[Statement] = &[$($name),+];
    };
}

/// The statements that are transactions by themselves, each about those whom its first two values name. Their first columns say
/// it again ([`crate::alone::FIRST`]), so that an answer is not taken for that of another question.
pub(crate) mod alone {
    use super::Statement;

    /// One of these: none is made elsewhere.
    #[derive(Debug)]
    pub(crate) struct ByItself(Statement);

    impl ByItself {
        pub(crate) const fn statement(&self) -> &Statement {
            &self.0
        }
    }

    pub(crate) const SESSION: ByItself = ByItself(super::SESSION);
    pub(crate) const DOCUMENT: ByItself = ByItself(super::DOCUMENT);
    pub(crate) const SPEED: ByItself = ByItself(super::SPEED);
    pub(crate) const HOME: ByItself = ByItself(super::HOME);
}

statements! {
    // Lanes.
    OTHERS = "select node, lane, changes from honnin.change where node <> $1 order by node, lane";
    FENCE_LANE = "insert into honnin.change (node, lane, writes, changes, at) values ($1, $2, 0, 0, $3) \
        on conflict (node, lane) do update set at = excluded.at returning writes";
    COUNT_WRITE = "insert into honnin.change (node, lane, writes, changes, at) values ($1, $2, $3, $4, $5) \
        on conflict (node, lane) do update set writes = excluded.writes, \
            changes = honnin.change.changes + excluded.changes, at = excluded.at";
    FORGET_LANES = "delete from honnin.change where at < $1";
    NEXT_TICK = "insert into honnin.tick (tenant, last) values ($1, $2) \
        on conflict (tenant) do update set last = honnin.tick.last + $2 returning last";

    // Sessions.
    // The ring is her account's, and so is what is said before it is read: the policy's own way to it goes through every session.
    SESSION = concat!(answering!("session", "honnin.session"), "s.session, s.account, s.epoch, s.sealed, s.since, s.last_seen, \
            s.until, s.device, s.ring_version, a.key_epoch, a.ring_version, a.ring from ", of_session!(),
        each!("s", "select s.session, s.account, s.epoch, s.sealed, s.since, s.last_seen, s.until, s.device, s.ring_version, \
                pg_catalog.set_config('honnin.account', pg_catalog.encode(s.account, 'hex'), true) \
            from honnin.session s where s.tenant operator(pg_catalog.=) c.tenant \
                and s.row_hash operator(pg_catalog.=) c.session"),
        each!("a", "select a.key_epoch, a.ring_version, a.ring from honnin.account a \
            where a.tenant operator(pg_catalog.=) c.tenant and a.account operator(pg_catalog.=) s.account"));
    SESSIONS = "select session, account, epoch, sealed, since, last_seen, until, device, ring_version, row_hash \
        from honnin.session where tenant = $1 and account = $2 and until > $3 order by since desc, session";
    NEW_SESSION = "insert into honnin.session (tenant, row_hash, session, account, epoch, sealed, since, last_seen, until, \
            device, ring_version) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    TOUCH_SESSION = "update honnin.session set last_seen = $3, sealed = $4 \
        where tenant = $1 and row_hash = $2 and epoch = $5 and last_seen < $3";
    END_SESSIONS = "delete from honnin.session where tenant = $1 and account = $2 and session = any($3) returning row_hash";
    END_OTHER_SESSIONS = "delete from honnin.session where tenant = $1 and account = $2 and row_hash <> $3 \
        returning row_hash";
    KEEP_SESSION = "update honnin.session set epoch = $4, sealed = $5, ring_version = $6 \
        where tenant = $1 and account = $2 and row_hash = $3";

    // Accounts and their keys.
    CREDENTIAL = "select key_epoch, key_by_keeper, ring, ring_version, password, code, credential_version \
        from honnin.account where tenant = $1 and account = $2";
    NEW_CREDENTIAL = "update honnin.account set password = $4, code = $5, credential_version = credential_version + 1 \
        where tenant = $1 and account = $2 and credential_version = $3";
    NEW_RING = "update honnin.account set ring = $4, ring_version = ring_version + 1 \
        where tenant = $1 and account = $2 and ring_version = $3";
    NEW_ACCOUNT_KEY = "update honnin.account set key_epoch = $4, key_by_keeper = $5, ring = $6, \
            ring_version = ring_version + 1 \
        where tenant = $1 and account = $2 and ring_version = $3";
    RING_VERSION = "select ring_version from honnin.account where tenant = $1 and account = $2";
    OWE_MESSAGE = "insert into honnin.message (tenant, account, id, kind, at) \
        select $1::bigint, $2::bytea, coalesce(max(id), 0) + 1, $3::text, $4::bigint from honnin.message where tenant = $1 and account = $2";
    ACCOUNT_KEYS = "select account, key_epoch, key_by_keeper, ring from honnin.account \
        where tenant = $1 and account = any($2) order by account";
    ACCOUNT_IDS = "select account from honnin.account where tenant = $1 and account > $2 order by account limit $3";
    NEW_ACCOUNTS = "insert into honnin.account (tenant, account, key_epoch, key_by_keeper, ring) \
        select $1::bigint, t.account, t.epoch, t.by_keeper, t.ring \
        from unnest($2::bytea[], $3::bigint[], $4::bytea[], $5::bytea[]) as t(account, epoch, by_keeper, ring) \
        on conflict do nothing";
    SUBJECT_KEYS = "select account, holding, max(epoch) from honnin.subject_key \
        where tenant = $1 and account = any($2) group by account, holding order by account, holding";
    NEWEST_EPOCH = "select epoch from honnin.subject_key where tenant = $1 and account = $2 and holding = $3 \
        order by epoch desc limit 1";
    NEW_SUBJECT_KEYS = "insert into honnin.subject_key (tenant, account, holding, epoch) \
        select $1::bigint, t.account, t.holding, t.epoch \
        from unnest($2::bytea[], $3::bytea[], $4::bigint[]) as t(account, holding, epoch) on conflict do nothing";
    MOVED_SUBJECT_KEY = "insert into honnin.subject_key (tenant, account, holding, epoch) values ($1, $2, $3, $4)";
    DROP_SUBJECT_KEYS = "delete from honnin.subject_key where tenant = $1 and account = $2 and holding = any($3)";

    // Documents.
    DOCUMENT = concat!(answering!("account", "honnin.account"), "d.blob from ", of_account!("holding" = "$3", "row" = "$4"),
        each!("d", document!("c.holding", "$5", "c.row")));
    HOME = concat!(answering!("account", "honnin.account"), "l.blob, s.revision, s.blob, p.blob from ",
        of_account!("holding" = "$3"),
        each!("l", document!("c.holding", "$4", "''::pg_catalog.bytea")),
        each!("s", speed!()),
        each!("p", document!("''::pg_catalog.bytea", "$5", "''::pg_catalog.bytea")));
    DOCUMENTS = "select account, holding, kind, row, blob from honnin.document \
        where tenant = $1 and account = any($2) order by account, holding, kind, row";
    WRITE_DOCUMENTS = "insert into honnin.document (tenant, account, holding, kind, row, blob) \
        select $1::bigint, t.account, t.holding, t.kind, t.row_key, t.blob \
        from unnest($2::bytea[], $3::bytea[], $4::text[], $5::bytea[], $6::bytea[]) \
            as t(account, holding, kind, row_key, blob) \
        on conflict (tenant, account, holding, kind, row) do update set blob = excluded.blob";
    DROP_DOCUMENTS = "delete from honnin.document where tenant = $1 and account = $2 and holding = any($3) \
        returning holding, kind, row";

    // Wishes.
    SPEED = concat!(answering!("account", "honnin.account"), "s.revision, s.blob from ", of_account!("holding" = "$3"),
        each!("s", speed!()));
    SPEEDS = "select holding, revision, blob from honnin.speed where tenant = $1 and account = $2 order by holding";
    SPEED_ASKED = "select revision, asked_at from honnin.speed where tenant = $1 and account = $2 and holding = $3";
    SPEED_LEFT = "select count(*) from honnin.speed where tenant = $1 and account = $2 and holding = any($3)";
    WRITE_SPEED = "insert into honnin.speed (tenant, account, holding, revision, blob, asked_at, due_at) \
        values ($1, $2, $3, $4, $5, $6, $6) \
        on conflict (tenant, account, holding) do update set revision = excluded.revision, blob = excluded.blob, \
            asked_at = excluded.asked_at, due_at = excluded.due_at, leased_until = null, tries = 0";
    WISH_OF_KEY = "select request, version from honnin.wish_key \
        where tenant = $1 and account = $2 and holding = $3 and key = $4 and until > $5";
    WRITE_WISH_KEY = "insert into honnin.wish_key (tenant, account, holding, key, request, version, until) \
        values ($1, $2, $3, $4, $5, $6, $7) \
        on conflict (tenant, account, holding, key) do update set request = excluded.request, \
            version = excluded.version, until = excluded.until";
    CLAIM_SPEEDS = "update honnin.speed set fence = fence + 1, tries = tries + 1, leased_until = $3 \
        where (tenant, account, holding) in ( \
            select tenant, account, holding from honnin.speed \
            where tenant = $1 and due_at <= $2 and (leased_until is null or leased_until <= $2) \
            order by due_at, account, holding limit $4) \
        returning account, holding, revision, blob, fence, tries";
    DRIVE_MATERIAL = "select a.key_epoch, a.key_by_keeper, a.ring, d.blob \
        from honnin.document d join honnin.account a on a.tenant = d.tenant and a.account = d.account \
        where d.tenant = $1 and d.account = $2 and d.holding = $3 and d.kind = $4 and d.row = $5";
    SETTLE_SPEED = "update honnin.speed set revision = revision + 1, blob = $6, due_at = $7, leased_until = null \
        where tenant = $1 and account = $2 and holding = $3 and fence = $4 and revision = $5";
    SPEED_BACKLOG = "select count(*), min(asked_at) from honnin.speed \
        where tenant = $1 and due_at is not null and (due_at <= $2 or leased_until > $2)";
    MOVE_SPEED = "update honnin.speed set account = $4, blob = $5, revision = revision + 1 \
        where tenant = $1 and account = $2 and holding = $3 and revision = $6";
    MOVE_WISH_KEYS = "update honnin.wish_key set account = $4 where tenant = $1 and account = $2 and holding = any($3)";
    FORGET_WISH_KEYS = "delete from honnin.wish_key where (tenant, account, holding, key) in ( \
            select tenant, account, holding, key from honnin.wish_key where tenant = $1 and until <= $2 limit $3)";

    // Notices.
    NOTICES = "select notice, code, published_at, kind, title, body from honnin.notice \
        where tenant = $1 and published_at <= $2 order by published_at desc, notice limit 200";
    NOTICE = "select notice, code, published_at, kind, title, body from honnin.notice \
        where tenant = $1 and notice = $2 and published_at <= $3";
    WRITE_NOTICES = "insert into honnin.notice (tenant, notice, code, published_at, kind, title, body) \
        select $1::bigint, t.notice, t.code, t.published_at, t.kind, t.title, t.body \
        from unnest($2::bytea[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[]) \
            as t(notice, code, published_at, kind, title, body) \
        on conflict (tenant, notice) do update set code = excluded.code, published_at = excluded.published_at, \
            kind = excluded.kind, title = excluded.title, body = excluded.body";

    // Feeds.
    PROGRESS = "select position, state from honnin.progress where tenant = $1 and feed = $2";
    WRITE_PROGRESS = "insert into honnin.progress (tenant, feed, position, state, at) values ($1, $2, $3, $4, $5) \
        on conflict (tenant, feed) do update set position = excluded.position, state = excluded.state, at = excluded.at";
    FEEDS = "select feed, at from honnin.progress where tenant = $1 order by feed";
    STEPS = "select coalesce(sum(position), 0)::bigint from honnin.progress where tenant = $1";
    HOLDERS = "select key, holding, account, held_from, held_to from honnin.directory \
        where tenant = $1 and key = any($2) order by key, holding";
    DIRECTORY = "select key, holding, account, held_from, held_to from honnin.directory \
        where tenant = $1 and (key, holding) > ($2, $3) order by key, holding limit $4";
    WRITE_DIRECTORY = "insert into honnin.directory (tenant, key, holding, account, held_from, held_to) \
        select $1::bigint, t.key, t.holding, t.account, t.held_from, t.held_to \
        from unnest($2::bytea[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[]) \
            as t(key, holding, account, held_from, held_to) \
        on conflict (tenant, key, holding) do update set account = excluded.account, held_from = excluded.held_from, \
            held_to = excluded.held_to";
    SEEN = "select record, content from honnin.seen where tenant = $1 and record = any($2)";
    WRITE_SEEN = "insert into honnin.seen (tenant, record, content, taken_at) \
        select $1::bigint, t.record, t.content, $4::bigint from unnest($2::bytea[], $3::bytea[]) as t(record, content) \
        on conflict (tenant, record) do update set content = excluded.content, taken_at = excluded.taken_at";
    QUARANTINED = "select file, line, reason, sealed, record, at from honnin.quarantine where tenant = $1 \
        order by at, file, line, record limit $2 offset $3";
    WRITE_QUARANTINE = "insert into honnin.quarantine (tenant, record, file, line, reason, sealed, at) \
        select $1::bigint, t.record, t.file, t.line, t.reason, t.sealed, t.at \
        from unnest($2::bytea[], $3::text[], $4::bigint[], $5::text[], $6::bytea[], $7::bigint[]) \
            as t(record, file, line, reason, sealed, at) \
        on conflict do nothing";
    RELEASE = "delete from honnin.quarantine where tenant = $1 and record = any($2)";

    // Merges.
    WRITE_CONSENT = "insert into honnin.consent (tenant, account, sealed, until) values ($1, $2, $3, $4) \
        on conflict (tenant, account) do update set sealed = excluded.sealed, until = excluded.until";
    CONSENT = "select sealed, until from honnin.consent where tenant = $1 and account = $2";
    USE_CONSENT = "delete from honnin.consent where tenant = $1 and account = $2 and sealed = $3 and until > $4";
    MERGES = "select merge, gave, took, at, undone_at, sealed, entry, undone_entry from honnin.account_merge \
        where tenant = $1 and ($2::bytea is null or gave = $2 or took = $2) order by merge desc limit $3";
    UNJOURNALED_MERGES = "select merge, gave, took, at, undone_at, sealed, entry, undone_entry \
        from honnin.account_merge where tenant = $1 \
            and (entry is null or (undone_at is not null and undone_entry is null)) \
        order by merge limit $2";
    MERGED_HOLDINGS = "select merge, holding from honnin.merged_holding \
        where tenant = $1 and merge = any($2) order by merge, holding";
    NOTE_ENTRY = "update honnin.account_merge set entry = $3 where tenant = $1 and merge = $2";
    NOTE_UNDONE_ENTRY = "update honnin.account_merge set undone_entry = $3 where tenant = $1 and merge = $2";
    MOVES = "select count(*) + count(undone_at) from honnin.account_merge where tenant = $1";
    MOVED = "select h.holding, m.gave, m.took from honnin.merged_holding h \
        join honnin.account_merge m on m.tenant = h.tenant and m.merge = h.merge \
        where h.tenant = $1 and m.undone_at is null order by h.holding, h.merge";
    NEXT_MERGE = "select coalesce(max(merge), 0) + 1 from honnin.account_merge where tenant = $1";
    NEW_MERGE = "insert into honnin.account_merge (tenant, merge, gave, took, at, sealed) \
        values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
    NEW_MERGED_HOLDINGS = "insert into honnin.merged_holding (tenant, merge, holding) \
        select $1::bigint, $2::bigint, t.holding from unnest($3::bytea[]) as t(holding)";
    UNDO_MERGE = "update honnin.account_merge set undone_at = $3 \
        where tenant = $1 and merge = $2 and undone_at is null";

    // What nodes agree by.
    CONTROL = "select revision, value, at, until from honnin.control \
        where tenant = $1 and name = $2 and (until is null or until > $3)";
    CONTROLS = "select revision, value, at, until, name from honnin.control \
        where tenant = $1 and name >= $2 and name > $3 and substr(name, 1, length($2)) = $2 \
            and (until is null or until > $4) order by name limit $5";
    WRITE_CONTROL = "insert into honnin.control (tenant, name, revision, value, at, until) \
        values ($1, $2, $3, $4, $5, $6) \
        on conflict (tenant, name) do update set revision = excluded.revision, value = excluded.value, \
            at = excluded.at, until = excluded.until";
    HOLD_CONTROL = "select revision, value, at, until from honnin.control where tenant = $1 and name = $2 for update";
    DROP_CONTROL = "delete from honnin.control where tenant = $1 and name = $2";

    // Work.
    DROP_ENDED_WORK = "delete from honnin.work where tenant = $1 and queue = $2 and id = $3 and until <= $4";
    PUT_WORK = "insert into honnin.work (tenant, queue, id, owner, payload, at, due_at, until) \
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing";
    DUE_WORK = "select id from honnin.work where tenant = $1 and queue = $2 and due_at <= $3 \
            and (leased_until is null or leased_until <= $3) and (until is null or until > $3) \
        order by due_at, id limit $4";
    CLAIM_WORK = "update honnin.work w set fence = t.fence, tries = w.tries + 1, leased_until = $5 \
        from unnest($3::bytea[], $4::bigint[]) as t(id, fence) \
        where w.tenant = $1 and w.queue = $2 and w.id = t.id \
        returning w.id, w.owner, w.payload, w.at, w.due_at, w.until, w.tries, w.fence";
    WORK_DONE = "delete from honnin.work where tenant = $1 and queue = $2 and id = $3 and fence = $4";
    WORK_AGAIN = "update honnin.work set payload = coalesce($5, payload), due_at = $6, leased_until = null \
        where tenant = $1 and queue = $2 and id = $3 and fence = $4";
    WORK_LONGER = "update honnin.work set leased_until = $5 \
        where tenant = $1 and queue = $2 and id = $3 and fence = $4 and leased_until is not null";
    DROP_WORK = "delete from honnin.work where tenant = $1 and queue = $2 and id = $3 \
        and ($4::bytea is null or payload = $4)";
    WORK = "select id, owner, payload, at, due_at, until, tries from honnin.work \
        where tenant = $1 and queue = $2 and id = $3 and (until is null or until > $4)";
    WORKS = "select id, owner, payload, at, due_at, until, tries from honnin.work \
        where tenant = $1 and queue = $2 and id > $3 and ($4::bytea is null or owner = $4) \
            and (until is null or until > $5) order by id limit $6";
    WAITING_WORK = "select count(*), min(due_at) from honnin.work where tenant = $1 and queue = $2 \
        and due_at is not null and (due_at <= $3 or leased_until > $3) and (until is null or until > $3)";

    // Forgetting.
    FORGET_CONSENTS = "delete from honnin.consent where tenant = $1 and until <= $2";
    FORGET_CONTROLS = "delete from honnin.control where tenant = $1 and until <= $2";
    FORGET_WORK = "delete from honnin.work where tenant = $1 and until <= $2";
    SESSIONS_STEP = "select row_hash from honnin.session where tenant = $1 and row_hash > $2 \
        order by row_hash limit 1 offset $3";
    SESSIONS_FORGET = "delete from honnin.session where tenant = $1 and row_hash > $2 and row_hash <= $3 \
        and (until <= $4 or last_seen < $5) returning row_hash";
    SEEN_STEP = "select record from honnin.seen where tenant = $1 and record > $2 order by record limit 1 offset $3";
    SEEN_FORGET = "delete from honnin.seen where tenant = $1 and record > $2 and record <= $3 \
        and taken_at < least($4::bigint, $5::bigint) returning record";
    QUARANTINE_STEP = "select record from honnin.quarantine where tenant = $1 and record > $2 \
        order by record limit 1 offset $3";
    QUARANTINE_FORGET = "delete from honnin.quarantine where tenant = $1 and record > $2 and record <= $3 \
        and at < least($4::bigint, $5::bigint) returning record";

    // Taking one account out; its row first, which every sign-in of it writes.
    ERASE_ACCOUNT = "delete from honnin.account where tenant = $1 and account = $2";
    ERASE_SESSIONS = "delete from honnin.session where tenant = $1 and account = $2";
    ERASE_SUBJECT_KEYS = "delete from honnin.subject_key where tenant = $1 and account = $2";
    ERASE_DOCUMENTS = "delete from honnin.document where tenant = $1 and account = $2";
    ERASE_SPEEDS = "delete from honnin.speed where tenant = $1 and account = $2";
    ERASE_WISH_KEYS = "delete from honnin.wish_key where tenant = $1 and account = $2";
    ERASE_CONSENTS = "delete from honnin.consent where tenant = $1 and account = $2";
    ERASE_WORK = "delete from honnin.work where tenant = $1 and owner = $2";
    ERASE_MESSAGES = "delete from honnin.message where tenant = $1 and account = $2";
    ERASE_DIRECTORY = "delete from honnin.directory where tenant = $1 and account = $2";
    ERASE_MERGED_HOLDINGS = "delete from honnin.merged_holding where tenant = $1 and merge in \
        (select merge from honnin.account_merge where tenant = $1 and (gave = $2 or took = $2))";
    ERASE_MERGES = "delete from honnin.account_merge where tenant = $1 and (gave = $2 or took = $2)";
    OPEN_MERGES = "select count(*) from honnin.account_merge where tenant = $1 and (gave = $2 or took = $2) \
        and (undone_at is null or entry is null or undone_entry is null)";

    // The operator.
    ORPHANS = "select count(*) from honnin.subject_key k where k.tenant = $1 and not exists \
        (select 1 from honnin.account a where a.tenant = k.tenant and a.account = k.account)";
    REPORT = "select \
            (select count(*) from honnin.account where tenant = $1), \
            (select count(*) from (select distinct account, holding from honnin.subject_key \
                where tenant = $1 and octet_length(holding) > 0) h), \
            (select count(*) from honnin.session where tenant = $1 and until > $2), \
            (select count(*) from honnin.quarantine where tenant = $1), \
            (select count(*) from honnin.message where tenant = $1), \
            (select min(at) from honnin.message where tenant = $1)";
    COLUMNS = "select c.relname::text, a.attname::text, coalesce(array_position(k.conkey, a.attnum), 0)::bigint, \
            format_type(a.atttypid, a.atttypmod), a.attnotnull::int::bigint \
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
            left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p' \
        where c.relnamespace = 'honnin'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') \
            and c.relname not in ('change', 'schema_version') order by 1, 2";
    SERVER = "select current_setting('server_version'), (select version from honnin.schema_version), \
        (select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint from pg_class c \
            where c.relnamespace = 'honnin'::regnamespace and c.relkind = 'r')";
}
