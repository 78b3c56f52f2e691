//! Holdings that move from one account to another: everything of a move in one transaction.

use honnin_access::Subject;
use honnin_store::{Changed, Error, Move, MoveReason, MovedWish, SubjectKeyRow};
use honnin_terms::{AccountId, Id, Moment, TenantId};

use crate::fault::Fault;
use crate::statements as sql;
use crate::transaction::{Asked, Tx};
use crate::{credentials, feed, merging, rows};

/// Where and when a move is written.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) tx: &'a Tx,
    pub(crate) tenant: TenantId,
    pub(crate) at: Moment,
}

impl Place<'_> {
    /// Everything of a move. Whatever refuses it takes the whole transaction back.
    pub(crate) async fn commit(
        self,
        steps: u64,
        moving: &Move,
        reason: &MoveReason,
    ) -> Result<Vec<Changed>, Fault> {
        let mut changed = Vec::new();
        if merging::steps(self.tx, self.tenant).await? != steps {
            return Err(Error::Conflict.into());
        }
        self.record(moving, reason).await?;
        self.leave(moving, &mut changed).await?;
        for wish in &moving.wishes {
            self.carry_wish(moving, wish).await?;
        }
        self.leaves_no_wish(moving).await?;
        for key in &moving.keys {
            self.key(moving.into, *key).await?;
        }
        let documents = [(moving.from, &moving.from_documents), (moving.into, &moving.into_documents)];
        let documents = documents.into_iter().map(|(account, documents)| (account, documents.as_slice()));
        feed::write_documents(self.tx, self.tenant, documents, &mut changed).await?;
        changed.extend(credentials::change_keys(self.tx, self.tenant, moving.from, &moving.ending).await?);
        for account in [moving.from, moving.into] {
            credentials::owe(self.tx, self.tenant, account, reason.message(), self.at).await?;
        }
        Ok(changed)
    }

    async fn record(self, moving: &Move, reason: &MoveReason) -> Result<(), Fault> {
        let (tenant, now) = (rows::tenant(self.tenant), self.at.millis());
        match reason {
            MoveReason::Merge { merge, sealed, consents } => {
                for (account, consent) in consents {
                    let asked: Asked<'_> = &[&tenant, &account.octets().as_slice(), consent, &now];
                    if self.tx.execute(&sql::USE_CONSENT, asked).await? != 1 {
                        return Err(Error::Conflict.into());
                    }
                }
                self.begin(*merge, moving, sealed).await
            }
            MoveReason::Undoing { merge } => {
                let asked: Asked<'_> = &[&tenant, &rows::stored_count(*merge)?, &now];
                let undone = self.tx.execute(&sql::UNDO_MERGE, asked).await?;
                if undone == 1 { Ok(()) } else { Err(Error::Conflict.into()) }
            }
        }
    }

    async fn begin(self, merge: u64, moving: &Move, sealed: &[u8]) -> Result<(), Fault> {
        let Move { from, into, .. } = moving;
        let (tenant, merge) = (rows::tenant(self.tenant), rows::stored_count(merge)?);
        let (gave, took) = (from.octets().as_slice(), into.octets().as_slice());
        let asked: Asked<'_> = &[&tenant, &merge, &gave, &took, &self.at.millis(), &sealed];
        if self.tx.execute(&sql::NEW_MERGE, asked).await? != 1 {
            return Err(Error::Conflict.into());
        }
        self.tx.execute(&sql::NEW_MERGED_HOLDINGS, &[&tenant, &merge, &holdings(moving)]).await?;
        Ok(())
    }

    /// Takes what the account had of the holdings away; keys too, so that nothing of them opens for it any more.
    async fn leave(self, moving: &Move, changed: &mut Vec<Changed>) -> Result<(), Fault> {
        let subject = |account, holding| Subject { tenant: self.tenant, account, holding: Some(holding) };
        let (tenant, from) = (rows::tenant(self.tenant), moving.from.octets().as_slice());
        let into = moving.into.octets().as_slice();
        let holdings = holdings(moving);
        for row in self.tx.query(&sql::DROP_DOCUMENTS, &[&tenant, &from, &holdings]).await? {
            let subject = subject(moving.from, rows::id(&row, 0)?);
            changed.push(Changed::View { subject, kind: rows::kind(&row, 1)?, row: rows::blob(&row, 2)? });
        }
        self.tx.execute(&sql::DROP_SUBJECT_KEYS, &[&tenant, &from, &holdings]).await?;
        self.tx.execute(&sql::MOVE_WISH_KEYS, &[&tenant, &from, &holdings, &into]).await?;
        for holding in &moving.holdings {
            for account in [moving.from, moving.into] {
                changed.push(Changed::Speed(subject(account, *holding)));
            }
        }
        Ok(())
    }

    async fn carry_wish(self, moving: &Move, wish: &MovedWish) -> Result<(), Fault> {
        let MovedWish { holding, read_revision, blob } = wish;
        let (from, into) = (moving.from.octets().as_slice(), moving.into.octets().as_slice());
        let (holding, revision) = (holding.octets().as_slice(), rows::stored_count(*read_revision)?);
        let asked: Asked<'_> = &[&rows::tenant(self.tenant), &from, &holding, &into, blob, &revision];
        let carried = self.tx.execute(&sql::MOVE_SPEED, asked).await?;
        if carried == 1 { Ok(()) } else { Err(Error::Conflict.into()) }
    }

    /// A wish that was written since the account was read stays with nobody: then all is read again.
    async fn leaves_no_wish(self, moving: &Move) -> Result<(), Fault> {
        let from = moving.from.octets().as_slice();
        let asked: Asked<'_> = &[&rows::tenant(self.tenant), &from, &holdings(moving)];
        let left: u64 = self.tx.number(&sql::SPEED_LEFT, asked).await?;
        if left == 0 { Ok(()) } else { Err(Error::Conflict.into()) }
    }

    async fn key(self, account: AccountId, key: SubjectKeyRow) -> Result<(), Fault> {
        let SubjectKeyRow { holding, epoch } = key;
        let (account, holding) = (account.octets().as_slice(), rows::holding_octets(holding.as_ref()));
        let asked: Asked<'_> = &[&rows::tenant(self.tenant), &account, &holding, &i64::from(epoch)];
        self.tx.execute(&sql::MOVED_SUBJECT_KEY, asked).await?;
        Ok(())
    }
}

fn holdings(moving: &Move) -> Vec<&[u8]> {
    moving.holdings.iter().map(|holding| holding.octets().as_slice()).collect()
}
