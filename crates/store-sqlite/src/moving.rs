//! Holdings that move from one account to another: everything of a move in one transaction.

use honnin_access::Subject;
use honnin_store::{Changed, DocumentKey, Error, Move, MoveReason, MovedWish, StoredDocument, SubjectKeyRow};
use honnin_terms::{AccountId, HoldingId, Id, Moment, TenantId};
use rusqlite::{Connection, params};

use crate::fault::Fault;
use crate::{credentials, merging, rows};

/// Where and when a move is written.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) tenant: TenantId,
    pub(crate) at: Moment,
}

impl Place<'_> {
    /// Everything of a move. Whatever refuses it takes the whole transaction back.
    pub(crate) fn commit(
        self,
        steps: u64,
        moving: &Move,
        reason: &MoveReason,
    ) -> Result<Vec<Changed>, Fault> {
        let mut changed = Vec::new();
        if merging::steps(self.connection, self.tenant)? != steps {
            return Err(Error::Conflict.into());
        }
        self.record(moving, reason)?;
        for holding in &moving.holdings {
            self.leave(moving, *holding, &mut changed)?;
        }
        for wish in &moving.wishes {
            self.carry_wish(moving, wish)?;
        }
        self.leaves_no_wish(moving)?;
        for key in &moving.keys {
            self.key(moving.into, *key)?;
        }
        for (account, documents) in
            [(moving.from, &moving.from_documents), (moving.into, &moving.into_documents)]
        {
            for document in documents {
                self.document(account, document, &mut changed)?;
            }
        }
        changed.extend(credentials::change_keys(self.connection, self.tenant, moving.from, &moving.ending)?);
        for account in [moving.from, moving.into] {
            credentials::owe(self.connection, self.tenant, account, reason.message(), self.at)?;
        }
        Ok(changed)
    }

    fn record(self, moving: &Move, reason: &MoveReason) -> Result<(), Fault> {
        match reason {
            MoveReason::Merge { merge, sealed, consents } => {
                for (account, consent) in consents {
                    let used = self
                        .connection
                        .prepare_cached(
                            "delete from consent where tenant = ?1 and account = ?2 and sealed = ?3 and until > ?4",
                        )?
                        .execute(params![
                            self.tenant.number(),
                            account.octets(),
                            consent,
                            self.at.millis()
                        ])?;
                    if used != 1 {
                        return Err(Error::Conflict.into());
                    }
                }
                self.begin(*merge, moving, sealed)
            }
            MoveReason::Undoing { merge } => {
                let undone = self
                    .connection
                    .prepare_cached(
                        "update account_merge set undone_at = ?3 \
                         where tenant = ?1 and merge = ?2 and undone_at is null",
                    )?
                    .execute(params![self.tenant.number(), rows::stored_count(*merge)?, self.at.millis()])?;
                if undone == 1 { Ok(()) } else { Err(Error::Conflict.into()) }
            }
        }
    }

    fn begin(self, merge: u64, moving: &Move, sealed: &[u8]) -> Result<(), Fault> {
        let Move { from, into, holdings, .. } = moving;
        let merge = rows::stored_count(merge)?;
        let begun = self
            .connection
            .prepare_cached(
                "insert into account_merge (tenant, merge, gave, took, at, sealed) \
                 values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do nothing",
            )?
            .execute(params![
                self.tenant.number(),
                merge,
                from.octets(),
                into.octets(),
                self.at.millis(),
                sealed
            ])?;
        if begun != 1 {
            return Err(Error::Conflict.into());
        }
        let mut moved = self
            .connection
            .prepare_cached("insert into merged_holding (tenant, merge, holding) values (?1, ?2, ?3)")?;
        for holding in holdings {
            moved.execute(params![self.tenant.number(), merge, holding.octets()])?;
        }
        Ok(())
    }

    /// Takes what the account had of a holding away; keys too, so that nothing of it opens for it any more.
    fn leave(self, moving: &Move, holding: HoldingId, changed: &mut Vec<Changed>) -> Result<(), Fault> {
        let subject = |account| Subject { tenant: self.tenant, account, holding: Some(holding) };
        let from = params![self.tenant.number(), moving.from.octets(), holding.octets()];
        let mut gone = self.connection.prepare_cached(
            "delete from document where tenant = ?1 and account = ?2 and holding = ?3 returning kind, row",
        )?;
        changed.extend(rows::gather(gone.query(from)?, |row| {
            let (kind, row): (_, Vec<u8>) = (rows::kind(row, 0)?, row.get(1)?);
            Ok(Changed::View { subject: subject(moving.from), kind, row })
        })?);
        self.connection
            .prepare_cached("delete from subject_key where tenant = ?1 and account = ?2 and holding = ?3")?
            .execute(from)?;
        self.connection
            .prepare_cached(
                "update wish_key set account = ?4 where tenant = ?1 and account = ?2 and holding = ?3",
            )?
            .execute(params![
                self.tenant.number(),
                moving.from.octets(),
                holding.octets(),
                moving.into.octets()
            ])?;
        for account in [moving.from, moving.into] {
            changed.push(Changed::Speed(subject(account)));
        }
        Ok(())
    }

    fn carry_wish(self, moving: &Move, wish: &MovedWish) -> Result<(), Fault> {
        let MovedWish { holding, read_revision, blob } = wish;
        let carried = self
            .connection
            .prepare_cached(
                "update speed set account = ?4, blob = ?5, revision = revision + 1 \
                 where tenant = ?1 and account = ?2 and holding = ?3 and revision = ?6",
            )?
            .execute(params![
                self.tenant.number(),
                moving.from.octets(),
                holding.octets(),
                moving.into.octets(),
                blob,
                rows::stored_count(*read_revision)?
            ])?;
        if carried == 1 { Ok(()) } else { Err(Error::Conflict.into()) }
    }

    /// A wish that was written since the account was read stays with nobody: then all is read again.
    fn leaves_no_wish(self, moving: &Move) -> Result<(), Fault> {
        let mut left = self
            .connection
            .prepare_cached("select 1 from speed where tenant = ?1 and account = ?2 and holding = ?3")?;
        for holding in &moving.holdings {
            if left.exists(params![self.tenant.number(), moving.from.octets(), holding.octets()])? {
                return Err(Error::Conflict.into());
            }
        }
        Ok(())
    }

    fn key(self, account: AccountId, key: SubjectKeyRow) -> Result<(), Fault> {
        let SubjectKeyRow { holding, epoch } = key;
        let holding = rows::holding_octets(holding.as_ref());
        self.connection
            .prepare_cached(
                "insert into subject_key (tenant, account, holding, epoch) values (?1, ?2, ?3, ?4)",
            )?
            .execute(params![self.tenant.number(), account.octets(), holding, epoch])?;
        Ok(())
    }

    fn document(
        self,
        account: AccountId,
        document: &StoredDocument,
        changed: &mut Vec<Changed>,
    ) -> Result<(), Fault> {
        let StoredDocument { key: DocumentKey { holding, kind, row }, blob } = document;
        self.connection
            .prepare_cached(
                "insert or replace into document (tenant, account, holding, kind, row, blob) \
                 values (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                self.tenant.number(),
                account.octets(),
                rows::holding_octets(holding.as_ref()),
                kind,
                row,
                blob
            ])?;
        let subject = Subject { tenant: self.tenant, account, holding: *holding };
        changed.push(Changed::View { subject, kind, row: row.clone() });
        Ok(())
    }
}
