-- Merges of accounts. Applied once, in one transaction, never edited afterwards.

create table consent (
    tenant integer not null,                        -- number of the tenant
    account blob not null,                          -- account whose owner agrees
    sealed blob not null,                           -- hash of the code, side and end under the keeper's key; sealed
    until integer not null,                         -- moment it ends
    primary key (tenant, account)
) strict, without rowid;

create table account_merge (
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

create table merged_holding (
    tenant integer not null,                        -- number of the tenant
    merge integer not null,                         -- number of the merge
    holding blob not null,                          -- holding that went
    primary key (tenant, merge, holding)
) strict, without rowid;
