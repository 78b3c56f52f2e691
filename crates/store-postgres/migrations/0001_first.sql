-- The first schema. Applied once, in one transaction, by the schema's owner; never edited afterwards.
--
-- Ids are 16 octets, moments are milliseconds since 1970-01-01T00:00:00Z, days count from 1970-01-01.
-- "Sealed" means: ciphertext bound to its place; neither the engine nor a copy of its files can read it.
-- Every table is keyed by the tenant first and, where a row has one, by the account next; a session is the
-- exception, because its hash is all that is known before its account is.
--
-- Row-level security stands behind types, keys and the gate: every transaction says for itself, and for itself only,
-- whom it is about (honnin.tenant, honnin.account, honnin.session) or that it is about the whole tenant
-- (honnin.reach = house). What it did not say reads as nothing. Policies are or-ed, so that the condition stands in a
-- restrictive one, which a second, careless policy cannot widen.

create table honnin.session (
    tenant bigint not null,                             -- number of the tenant
    row_hash bytea not null,                            -- hash of the token in the cookie, 32 octets; the token is nowhere
    account bytea not null,                             -- account
    session bytea not null,                             -- public name of the session
    epoch bigint not null,                              -- epoch of the account key inside
    sealed bytea not null,                              -- account key and what the session is, under a key made of the token; sealed
    ring_version bigint not null,                       -- version of the account's ring that names it first
    since bigint not null,                              -- moment of sign-in
    last_seen bigint not null,                          -- moment it was last seen, exact to the minute
    until bigint not null,                              -- moment it ends at the latest
    device bytea not null,                              -- name of the device under the account's subject key; sealed
    primary key (tenant, row_hash)
);

create index session_of_account on honnin.session (tenant, account, since);

alter table honnin.session enable row level security;
alter table honnin.session force row level security;
create policy everybody on honnin.session using (true);
create policy floor on honnin.session as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (account = decode(nullif((select current_setting('honnin.account', true)), ''), 'hex')
        or row_hash = decode(nullif((select current_setting('honnin.session', true)), ''), 'hex')
        or (select current_setting('honnin.reach', true)) = 'house')
);

create table honnin.account (
    tenant bigint not null,                             -- number of the tenant
    account bytea not null,                             -- account; keyed hash of the sign-in name
    key_epoch bigint not null,                          -- epoch of the account key
    key_by_keeper bytea not null,                       -- account key under the keeper's key; sealed
    ring bytea not null,                                -- what subjects' keys come from and which sessions live, under the account key; sealed
    ring_version bigint not null default 0,             -- counts the writes of the ring
    password bytea,                                     -- password hash under the keeper's key; sealed; null before activation
    code bytea,                                         -- record of the one-time code under the keeper's key; sealed; null without one
    credential_version bigint not null default 0,       -- counts the changes of password and code
    primary key (tenant, account)
);

alter table honnin.account enable row level security;
alter table honnin.account force row level security;
create policy everybody on honnin.account using (true);
create policy floor on honnin.account as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (account = decode(nullif((select current_setting('honnin.account', true)), ''), 'hex')
        or account = (select s.account from honnin.session s
            where s.row_hash = decode(nullif((select current_setting('honnin.session', true)), ''), 'hex'))
        or (select current_setting('honnin.reach', true)) = 'house')
);

create table honnin.subject_key (
    tenant bigint not null,                             -- number of the tenant
    account bytea not null,                             -- account
    holding bytea not null,                             -- holding; empty for the account's own documents
    epoch bigint not null,                              -- epoch of the key, which is derived from the ring; the newest is used
    primary key (tenant, account, holding, epoch)
);

alter table honnin.subject_key enable row level security;
alter table honnin.subject_key force row level security;
create policy everybody on honnin.subject_key using (true);
create policy floor on honnin.subject_key as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (account = decode(nullif((select current_setting('honnin.account', true)), ''), 'hex')
        or (select current_setting('honnin.reach', true)) = 'house')
);

create table honnin.document (
    tenant bigint not null,                             -- number of the tenant
    account bytea not null,                             -- account
    holding bytea not null,                             -- holding; empty for the account's own documents
    kind text collate "C" not null,                     -- kind of document, a word
    row bytea not null,                                 -- which of its kind: a month; empty where there is one
    blob bytea not null,                                -- the document under the subject's key; sealed
    primary key (tenant, account, holding, kind, row)
);

alter table honnin.document enable row level security;
alter table honnin.document force row level security;
create policy everybody on honnin.document using (true);
create policy floor on honnin.document as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (account = decode(nullif((select current_setting('honnin.account', true)), ''), 'hex')
        or (select current_setting('honnin.reach', true)) = 'house')
);

create table honnin.speed (
    tenant bigint not null,                             -- number of the tenant
    account bytea not null,                             -- account
    holding bytea not null,                             -- holding of the line
    revision bigint not null,                           -- counts the writes of blob
    blob bytea not null,                                -- the wish under the holding's key; sealed
    asked_at bigint not null,                           -- moment the wish was asked for
    due_at bigint,                                      -- moment the network is to be driven; null where nothing is to do
    leased_until bigint,                                -- moment a claim ends; null where nobody has claimed it
    fence bigint not null default 0,                    -- counts the claims
    tries bigint not null default 0,                    -- claims since the wish was asked for
    primary key (tenant, account, holding)
);

create index speed_due on honnin.speed (tenant, due_at) where due_at is not null;

alter table honnin.speed enable row level security;
alter table honnin.speed force row level security;
create policy everybody on honnin.speed using (true);
create policy floor on honnin.speed as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (account = decode(nullif((select current_setting('honnin.account', true)), ''), 'hex')
        or (select current_setting('honnin.reach', true)) = 'house')
);

create table honnin.wish_key (
    tenant bigint not null,                             -- number of the tenant
    account bytea not null,                             -- account
    holding bytea not null,                             -- holding of the line
    key bytea not null,                                 -- hash of the idempotency key, 32 octets
    request bytea not null,                             -- hash of what was asked with it, 32 octets
    version bigint not null,                            -- version of the wish that was made
    until bigint not null,                              -- moment it is forgotten
    primary key (tenant, account, holding, key)
);

create index wish_key_until on honnin.wish_key (tenant, until);

alter table honnin.wish_key enable row level security;
alter table honnin.wish_key force row level security;
create policy everybody on honnin.wish_key using (true);
create policy floor on honnin.wish_key as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (account = decode(nullif((select current_setting('honnin.account', true)), ''), 'hex')
        or (select current_setting('honnin.reach', true)) = 'house')
);

create table honnin.message (
    tenant bigint not null,                             -- number of the tenant
    account bytea not null,                             -- account it is owed to
    id bigint not null,                                 -- number of the message within the account
    kind text collate "C" not null,                     -- what it says, a word
    at bigint not null,                                 -- moment it was owed
    primary key (tenant, account, id)
);

alter table honnin.message enable row level security;
alter table honnin.message force row level security;
create policy everybody on honnin.message using (true);
create policy floor on honnin.message as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (account = decode(nullif((select current_setting('honnin.account', true)), ''), 'hex')
        or (select current_setting('honnin.reach', true)) = 'house')
);

create table honnin.directory (
    tenant bigint not null,                             -- number of the tenant
    key bytea not null,                                 -- keyed hash of a number or a line code, 16 octets
    holding bytea not null,                             -- holding
    account bytea not null,                             -- its account
    held_from bigint not null,                          -- first day it was held
    held_to bigint,                                     -- last day it was held; null for still
    primary key (tenant, key, holding)
);

alter table honnin.directory enable row level security;
alter table honnin.directory force row level security;
create policy everybody on honnin.directory using (true);
create policy floor on honnin.directory as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (select current_setting('honnin.reach', true)) = 'house'
);

create table honnin.seen (
    tenant bigint not null,                             -- number of the tenant
    record bytea not null,                              -- keyed hash of the ledger's number of a record, 16 octets
    content bytea not null,                             -- keyed hash of its content, 16 octets
    taken_at bigint not null,                           -- moment it was taken
    primary key (tenant, record)
);

alter table honnin.seen enable row level security;
alter table honnin.seen force row level security;
create policy everybody on honnin.seen using (true);
create policy floor on honnin.seen as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (select current_setting('honnin.reach', true)) = 'house'
);

create table honnin.notice (
    tenant bigint not null,                             -- number of the tenant
    notice bytea not null,                              -- notice
    code text not null,                                 -- the operator's number of it
    published_at bigint not null,                       -- moment from which it is shown
    kind text not null,                                 -- kind, as the operator writes it
    title text not null,                                -- heading
    body text not null,                                 -- text
    primary key (tenant, notice)
);

create index notice_published on honnin.notice (tenant, published_at);

alter table honnin.notice enable row level security;
alter table honnin.notice force row level security;
create policy everybody on honnin.notice using (true);
create policy floor on honnin.notice as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
);

create table honnin.quarantine (
    tenant bigint not null,                             -- number of the tenant
    record bytea not null,                              -- keyed hash that names the broken row, 16 octets
    file text collate "C" not null,                     -- file it stood in
    line bigint not null,                               -- line in it, from 1
    reason text collate "C" not null,                   -- reason code
    sealed bytea not null,                              -- the row as it was, under the keeper's key; sealed
    at bigint not null,                                 -- moment it was put here
    primary key (tenant, record)
);

create index quarantine_age on honnin.quarantine (tenant, at, file, line);

alter table honnin.quarantine enable row level security;
alter table honnin.quarantine force row level security;
create policy everybody on honnin.quarantine using (true);
create policy floor on honnin.quarantine as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (select current_setting('honnin.reach', true)) = 'house'
);

create table honnin.progress (
    tenant bigint not null,                             -- number of the tenant
    feed text collate "C" not null,                     -- name of the feed
    position bigint not null,                           -- counts the committed steps
    state bytea not null,                               -- what the feed needs to go on; its own, opaque here
    at bigint not null,                                 -- moment of the last committed step
    primary key (tenant, feed)
);

alter table honnin.progress enable row level security;
alter table honnin.progress force row level security;
create policy everybody on honnin.progress using (true);
create policy floor on honnin.progress as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (select current_setting('honnin.reach', true)) = 'house'
);

create table honnin.consent (
    tenant bigint not null,                             -- number of the tenant
    account bytea not null,                             -- account whose owner agrees
    sealed bytea not null,                              -- hash of the code, side and end under the keeper's key; sealed
    until bigint not null,                              -- moment it ends
    primary key (tenant, account)
);

alter table honnin.consent enable row level security;
alter table honnin.consent force row level security;
create policy everybody on honnin.consent using (true);
create policy floor on honnin.consent as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (account = decode(nullif((select current_setting('honnin.account', true)), ''), 'hex')
        or (select current_setting('honnin.reach', true)) = 'house')
);

create table honnin.account_merge (
    tenant bigint not null,                             -- number of the tenant
    merge bigint not null,                              -- number of the merge within the tenant
    gave bytea not null,                                -- account whose lines went
    took bytea not null,                                -- account they went to
    at bigint not null,                                 -- moment of the merge
    undone_at bigint,                                   -- moment it was undone; null while it holds
    sealed bytea not null,                              -- the keeper's record of it; sealed
    entry bytea,                                        -- journal's entry of it: log and index; null until it is written
    undone_entry bytea,                                 -- journal's entry of its undoing; null until it is written
    primary key (tenant, merge)
);

alter table honnin.account_merge enable row level security;
alter table honnin.account_merge force row level security;
create policy everybody on honnin.account_merge using (true);
create policy floor on honnin.account_merge as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (select current_setting('honnin.reach', true)) = 'house'
);

create table honnin.merged_holding (
    tenant bigint not null,                             -- number of the tenant
    merge bigint not null,                              -- number of the merge
    holding bytea not null,                             -- holding that went
    primary key (tenant, merge, holding)
);

alter table honnin.merged_holding enable row level security;
alter table honnin.merged_holding force row level security;
create policy everybody on honnin.merged_holding using (true);
create policy floor on honnin.merged_holding as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (select current_setting('honnin.reach', true)) = 'house'
);

create table honnin.tick (
    tenant bigint not null,                             -- number of the tenant
    last bigint not null,                               -- the last revision or fence given out; none comes twice
    primary key (tenant)
);

alter table honnin.tick enable row level security;
alter table honnin.tick force row level security;
create policy everybody on honnin.tick using (true);
create policy floor on honnin.tick as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (select current_setting('honnin.reach', true)) = 'house'
);

create table honnin.control (
    tenant bigint not null,                             -- number of the tenant
    name text collate "C" not null,                     -- kind of the row, and which: an id or a keyed hash
    revision bigint not null,                           -- names this writing of the row
    value bytea not null,                               -- its writer's own; under the keeper's key where it matters
    at bigint not null,                                 -- moment it was written
    until bigint,                                       -- moment from which it is as if not there; null where it stays
    primary key (tenant, name)
);

create index control_until on honnin.control (tenant, until) where until is not null;

alter table honnin.control enable row level security;
alter table honnin.control force row level security;
create policy everybody on honnin.control using (true);
create policy floor on honnin.control as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (select current_setting('honnin.reach', true)) = 'house'
);

create table honnin.work (
    tenant bigint not null,                             -- number of the tenant
    queue text collate "C" not null,                    -- what kind of work, a word
    id bytea not null,                                  -- which, 16 octets
    owner bytea not null,                               -- account whose it is; empty where it is nobody's
    payload bytea not null,                             -- what its worker needs or has left; sealed where it is personal
    at bigint not null,                                 -- moment it was put
    due_at bigint,                                      -- moment from which it can be claimed; null where nothing is to do
    until bigint,                                       -- moment from which it is as if not there; null where it stays
    leased_until bigint,                                -- moment a claim ends; null where nobody has claimed it
    fence bigint not null default 0,                    -- names the latest claim; 0 before the first
    tries bigint not null default 0,                    -- counts the claims
    primary key (tenant, queue, id)
);

create index work_due on honnin.work (tenant, queue, due_at) where due_at is not null;

create index work_until on honnin.work (tenant, until) where until is not null;

alter table honnin.work enable row level security;
alter table honnin.work force row level security;
create policy everybody on honnin.work using (true);
create policy floor on honnin.work as restrictive using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and (select current_setting('honnin.reach', true)) = 'house'
);

create table honnin.change (
    node bytea not null,                                -- process that writes, 16 octets drawn when it opened the store
    lane bigint not null,                               -- which of its lanes; one write at a time goes through each
    writes bigint not null,                             -- counts the lane's committed writes
    changes bigint not null,                            -- counts those of them that changed what somebody may have kept
    at bigint not null,                                 -- moment of the last one
    primary key (node, lane)
);
