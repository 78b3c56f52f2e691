-- Messages are counted by their account, as the other engine does, so that a store can go from one to the other.
-- Applied once, in one transaction, never edited afterwards.

alter table message rename to message_before;

create table message (
    tenant integer not null,                        -- number of the tenant
    account blob not null,                          -- account it is owed to
    id integer not null,                            -- number of the message within the account
    kind text not null,                             -- what it says, a word
    at integer not null,                            -- moment it was owed
    primary key (tenant, account, id)
) strict, without rowid;

insert into message (tenant, account, id, kind, at) select tenant, account, id, kind, at from message_before;

drop table message_before;
