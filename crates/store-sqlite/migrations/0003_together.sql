-- What nodes know together, and work that outlives a request. Applied once, in one transaction, never edited afterwards.

create table tick (
    tenant integer not null,                        -- number of the tenant
    last integer not null,                          -- the last revision or fence given out; none comes twice
    primary key (tenant)
) strict, without rowid;

create table control (
    tenant integer not null,                        -- number of the tenant
    name text not null,                             -- kind of the row, and which: an id or a keyed hash
    revision integer not null,                      -- names this writing of the row
    value blob not null,                            -- its writer's own; under the keeper's key where it matters
    at integer not null,                            -- moment it was written
    until integer,                                  -- moment from which it is as if not there; null where it stays
    primary key (tenant, name)
) strict, without rowid;

create index control_until on control (tenant, until) where until is not null;

create table work (
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

create index work_due on work (tenant, queue, due_at) where due_at is not null;

create index work_until on work (tenant, until) where until is not null;
