//! What the installation writes down of its own mode, sealed so that who can only write the store forges none.

use honnin_seal::{OpenError, Place, Purpose};

use crate::{Deed, Keeper};

impl Keeper {
    fn mode_place(&self) -> Place<'static> {
        Place::of_tenant(self.tenant, Purpose::KeeperRecord("mode"))
    }

    /// Seals what is written of the mode.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn seal_mode(&self, content: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.tell(Deed::Mode);
        self.records.seal(&self.mode_place(), content, &*self.entropy)
    }

    /// Opens what is written of the mode.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    pub fn open_mode(&self, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.tell(Deed::Mode);
        self.records.open(&self.mode_place(), sealed)
    }
}
