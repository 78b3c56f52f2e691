CREATE TABLE account (
    tenant integer not null,                        -- number of the tenant
    account blob not null,                          -- account; keyed hash of the sign-in name
    key_epoch integer not null,                     -- epoch of the account key
    key_by_keeper blob not null,                    -- account key under the keeper's key; sealed
    ring blob not null,                             -- what subjects' keys come from and which sessions live, under the account key; sealed
    ring_version integer not null default 0,        -- counts the writes of the ring
    password blob,                                  -- password hash under the keeper's key; sealed; null before activation
    code blob,                                      -- record of the one-time code under the keeper's key; sealed; null without one
    credential_version integer not null default 0,  -- counts the changes of password and code
    primary key (tenant, account)
) strict, without rowid;
CREATE TABLE account_merge (
    tenant integer not null,                        -- number of the tenant
    merge integer not null,                         -- number of the merge within the tenant
    gave blob not null,                             -- account whose lines went
    took blob not null,                             -- account they went to
    at integer not null,                            -- moment of the merge
    undone_at integer,                              -- moment it was undone; null while it holds
    sealed blob not null,                           -- the keeper's record of it; sealed
    entry blob,                                     -- journal's entry of it: log and index; null until it is written
    undone_entry blob,                              -- journal's entry of its undoing; null until it is written
    primary key (tenant, merge)
) strict, without rowid;
CREATE TABLE consent (
    tenant integer not null,                        -- number of the tenant
    account blob not null,                          -- account whose owner agrees
    sealed blob not null,                           -- hash of the code, side and end under the keeper's key; sealed
    until integer not null,                         -- moment it ends
    primary key (tenant, account)
) strict, without rowid;
CREATE TABLE control (
    tenant integer not null,                        -- number of the tenant
    name text not null,                             -- kind of the row, and which: an id or a keyed hash
    revision integer not null,                      -- names this writing of the row
    value blob not null,                            -- its writer's own; under the keeper's key where it matters
    at integer not null,                            -- moment it was written
    until integer,                                  -- moment from which it is as if not there; null where it stays
    primary key (tenant, name)
) strict, without rowid;
CREATE INDEX control_until on control (tenant, until) where until is not null;
CREATE TABLE directory (
    tenant integer not null,                        -- number of the tenant
    key blob not null,                              -- keyed hash of a number or a line code, 16 octets
    holding blob not null,                          -- holding
    account blob not null,                          -- its account
    held_from integer not null,                     -- first day it was held
    held_to integer,                                -- last day it was held; null for still
    primary key (tenant, key, holding)
) strict, without rowid;
CREATE TABLE document (
    tenant integer not null,                        -- number of the tenant
    account blob not null,                          -- account
    holding blob not null,                          -- holding; empty for the account's own documents
    kind text not null,                             -- kind of document, a word
    row blob not null,                              -- which of its kind: a month; empty where there is one
    blob blob not null,                             -- the document under the subject's key; sealed
    primary key (tenant, account, holding, kind, row)
) strict, without rowid;
CREATE TABLE merged_holding (
    tenant integer not null,                        -- number of the tenant
    merge integer not null,                         -- number of the merge
    holding blob not null,                          -- holding that went
    primary key (tenant, merge, holding)
) strict, without rowid;
CREATE TABLE message (
    tenant integer not null,                        -- number of the tenant
    account blob not null,                          -- account it is owed to
    id integer not null,                            -- number of the message within the account
    kind text not null,                             -- what it says, a word
    at integer not null,                            -- moment it was owed
    primary key (tenant, account, id)
) strict, without rowid;
CREATE TABLE notice (
    tenant integer not null,                        -- number of the tenant
    notice blob not null,                           -- notice
    code text not null,                             -- the operator's number of it
    published_at integer not null,                  -- moment from which it is shown
    kind text not null,                             -- kind, as the operator writes it
    title text not null,                            -- heading
    body text not null,                             -- text
    primary key (tenant, notice)
) strict, without rowid;
CREATE INDEX notice_published on notice (tenant, published_at);
CREATE TABLE progress (
    tenant integer not null,                        -- number of the tenant
    feed text not null,                             -- name of the feed
    position integer not null,                      -- counts the committed steps
    state blob not null,                            -- what the feed needs to go on; its own, opaque here
    at integer not null,                            -- moment of the last committed step
    primary key (tenant, feed)
) strict, without rowid;
CREATE TABLE quarantine (
    tenant integer not null,                        -- number of the tenant
    record blob not null,                           -- keyed hash that names the broken row, 16 octets
    file text not null,                             -- file it stood in
    line integer not null,                          -- line in it, from 1
    reason text not null,                           -- reason code
    sealed blob not null,                           -- the row as it was, under the keeper's key; sealed
    at integer not null,                            -- moment it was put here
    primary key (tenant, record)
) strict, without rowid;
CREATE INDEX quarantine_age on quarantine (tenant, at, file, line);
CREATE TABLE seen (
    tenant integer not null,                        -- number of the tenant
    record blob not null,                           -- keyed hash of the ledger's number of a record, 16 octets
    content blob not null,                          -- keyed hash of its content, 16 octets
    taken_at integer not null,                      -- moment it was taken
    primary key (tenant, record)
) strict, without rowid;
CREATE TABLE session (
    tenant integer not null,                        -- number of the tenant
    row_hash blob not null,                         -- hash of the token in the cookie, 32 octets; the token is nowhere
    account blob not null,                          -- account
    session blob not null,                          -- public name of the session
    epoch integer not null,                         -- epoch of the account key inside
    sealed blob not null,                           -- account key and what the session is, under a key made of the token; sealed
    ring_version integer not null,                  -- version of the account's ring that names it first
    since integer not null,                         -- moment of sign-in
    last_seen integer not null,                     -- moment it was last seen, exact to the minute
    until integer not null,                         -- moment it ends at the latest
    device blob not null,                           -- name of the device under the account's subject key; sealed
    primary key (tenant, row_hash)
) strict, without rowid;
CREATE INDEX session_of_account on session (tenant, account, since);
CREATE TABLE speed (
    tenant integer not null,                        -- number of the tenant
    account blob not null,                          -- account
    holding blob not null,                          -- holding of the line
    revision integer not null,                      -- counts the writes of blob
    blob blob not null,                             -- the wish under the holding's key; sealed
    asked_at integer not null,                      -- moment the wish was asked for
    due_at integer,                                 -- moment the network is to be driven; null where nothing is to do
    leased_until integer,                           -- moment a claim ends; null where nobody has claimed it
    fence integer not null default 0,               -- counts the claims
    tries integer not null default 0,               -- claims since the wish was asked for
    primary key (tenant, account, holding)
) strict, without rowid;
CREATE INDEX speed_due on speed (tenant, due_at) where due_at is not null;
CREATE TABLE subject_key (
    tenant integer not null,                        -- number of the tenant
    account blob not null,                          -- account
    holding blob not null,                          -- holding; empty for the account's own documents
    epoch integer not null,                         -- epoch of the key, which is derived from the ring; the newest is used
    primary key (tenant, account, holding, epoch)
) strict, without rowid;
CREATE TABLE tick (
    tenant integer not null,                        -- number of the tenant
    last integer not null,                          -- the last revision or fence given out; none comes twice
    primary key (tenant)
) strict, without rowid;
CREATE TABLE wish_key (
    tenant integer not null,                        -- number of the tenant
    account blob not null,                          -- account
    holding blob not null,                          -- holding of the line
    key blob not null,                              -- hash of the idempotency key, 32 octets
    request blob not null,                          -- hash of what was asked with it, 32 octets
    version integer not null,                       -- version of the wish that was made
    until integer not null,                         -- moment it is forgotten
    primary key (tenant, account, holding, key)
) strict, without rowid;
CREATE INDEX wish_key_until on wish_key (tenant, until);
CREATE TABLE work (
    tenant integer not null,                        -- number of the tenant
    queue text not null,                            -- what kind of work, a word
    id blob not null,                               -- which, 16 octets
    owner blob not null,                            -- account whose it is; empty where it is nobody's
    payload blob not null,                          -- what its worker needs or has left; sealed where it is personal
    at integer not null,                            -- moment it was put
    due_at integer,                                 -- moment from which it can be claimed; null where nothing is to do
    until integer,                                  -- moment from which it is as if not there; null where it stays
    leased_until integer,                           -- moment a claim ends; null where nobody has claimed it
    fence integer not null default 0,               -- names the latest claim; 0 before the first
    tries integer not null default 0,               -- counts the claims
    primary key (tenant, queue, id)
) strict, without rowid;
CREATE INDEX work_due on work (tenant, queue, due_at) where due_at is not null;
CREATE INDEX work_until on work (tenant, until) where until is not null;
