-- One statement may be about several accounts, one after the other: before it reads for one of them it says whom it is
-- about. So the policies look at what stands at the moment a row is looked at, and not once for a statement.
--
-- What is the same for a whole statement (the tenant, and whether it is about all of it) is still looked at once. An
-- account's own row is no longer opened by the hash of a session: whoever reads it says the account.
--
-- A build before this one reads on as it did.

alter policy floor on honnin.session using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and ((select current_setting('honnin.reach', true)) = 'house'
        or account = decode(nullif(current_setting('honnin.account', true), ''), 'hex')
        or row_hash = decode(nullif(current_setting('honnin.session', true), ''), 'hex'))
);

alter policy floor on honnin.account using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and ((select current_setting('honnin.reach', true)) = 'house'
        or account = decode(nullif(current_setting('honnin.account', true), ''), 'hex'))
);

alter policy floor on honnin.subject_key using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and ((select current_setting('honnin.reach', true)) = 'house'
        or account = decode(nullif(current_setting('honnin.account', true), ''), 'hex'))
);

alter policy floor on honnin.document using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and ((select current_setting('honnin.reach', true)) = 'house'
        or account = decode(nullif(current_setting('honnin.account', true), ''), 'hex'))
);

alter policy floor on honnin.speed using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and ((select current_setting('honnin.reach', true)) = 'house'
        or account = decode(nullif(current_setting('honnin.account', true), ''), 'hex'))
);

alter policy floor on honnin.wish_key using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and ((select current_setting('honnin.reach', true)) = 'house'
        or account = decode(nullif(current_setting('honnin.account', true), ''), 'hex'))
);

alter policy floor on honnin.message using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and ((select current_setting('honnin.reach', true)) = 'house'
        or account = decode(nullif(current_setting('honnin.account', true), ''), 'hex'))
);

alter policy floor on honnin.consent using (
    tenant = nullif((select current_setting('honnin.tenant', true)), '')::bigint
    and ((select current_setting('honnin.reach', true)) = 'house'
        or account = decode(nullif(current_setting('honnin.account', true), ''), 'hex'))
);
