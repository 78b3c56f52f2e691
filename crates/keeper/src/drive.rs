//! Driving one line: its address for a network element, and its wish opened and sealed again.

use std::fmt;

use honnin_access::{
    DocumentError, Drive, OwnerTag, Permit, Ring, Subject, epoch_of, open_document, seal_document,
};
use honnin_seal::Epoch;
use honnin_store::document::{Line, Wish};
use honnin_store::{DriveMaterial, SpeedRow};
use honnin_terms::{Held, LineStatus, Msisdn};

use crate::{Deed, Keeper};

/// One line, opened for the network.
pub struct DrivenLine<'a> {
    keeper: &'a Keeper,
    subject: Subject,
    epoch: Epoch,
    ring: Ring,
    number: Msisdn,
    status: LineStatus,
    held: Held,
}

impl fmt::Debug for DrivenLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DrivenLine(..)")
    }
}

impl Keeper {
    /// Opens the permit's line for driving it.
    ///
    /// # Errors
    /// [`DocumentError`]; an alarm.
    pub fn drive(
        &self,
        permit: &Permit<Drive>,
        material: &DriveMaterial,
    ) -> Result<DrivenLine<'_>, DocumentError> {
        let subject = *permit.subject();
        self.serves(subject.tenant)?;
        self.may(Deed::ElementAddress)?;
        let ring = self.ring_of(subject.account, &material.key)?;
        let epoch = epoch_of(&material.line).ok_or(DocumentError::DoesNotOpen)?;
        let (owner, line): (OwnerTag, Line) = open_document(&ring, &subject, &[], &material.line)?;
        if !owner.is_of(&subject) {
            return Err(DocumentError::Malformed);
        }
        let Line { number, status, held, .. } = line;
        Ok(DrivenLine { keeper: self, subject, epoch, ring, number, status, held })
    }
}

impl DrivenLine<'_> {
    /// The number by which elements know the line (Calling-Station-Id, CAMARA `phoneNumber`).
    pub const fn number(&self) -> &Msisdn {
        &self.number
    }

    /// What the ledger says of the contract.
    pub const fn status(&self) -> LineStatus {
        self.status
    }

    /// From when to when it is held: outside it the number may be another person's.
    pub const fn held(&self) -> Held {
        self.held
    }

    /// Opens the line's wish.
    ///
    /// # Errors
    /// [`DocumentError`]; an alarm.
    pub fn open_wish(&self, row: &SpeedRow) -> Result<Wish, DocumentError> {
        let (owner, wish) = open_document(&self.ring, &self.subject, &[], &row.blob)?;
        if owner.is_of(&self.subject) { Ok(wish) } else { Err(DocumentError::Malformed) }
    }

    /// Seals the line's wish in its new state.
    ///
    /// # Errors
    /// [`DocumentError`] where the cipher refuses.
    pub fn seal_wish(&self, wish: &Wish) -> Result<Vec<u8>, DocumentError> {
        let Subject { tenant, account, holding } = self.subject;
        let owner = OwnerTag { tenant, account, holding, position: wish.version };
        seal_document(&self.ring, self.epoch, &owner, &[], wish, &*self.keeper.entropy)
    }
}
