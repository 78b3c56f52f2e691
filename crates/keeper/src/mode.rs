//! What the installation writes down of its own mode, sealed so that who can only write the store forges none.

use honnin_seal::{MacKey, OpenError, Place, Purpose};

use crate::{Deed, Keeper};

impl Keeper {
    fn mode_place(&self) -> Place<'static> {
        Place::of_tenant(self.tenant, Purpose::KeeperRecord("mode"))
    }

    fn clock_place(&self) -> Place<'static> {
        Place::of_tenant(self.tenant, Purpose::KeeperRecord("clock"))
    }

    fn places_place(&self) -> Place<'static> {
        Place::of_tenant(self.tenant, Purpose::KeeperRecord("checkpoint places"))
    }

    /// Seals where checkpoints of the journal leave for.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn seal_places(&self, content: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.may(Deed::Mode)?;
        self.records.seal(&self.places_place(), content, &*self.entropy)
    }

    /// Opens where checkpoints of the journal left for.
    ///
    /// # Errors
    /// [`OpenError`]; nobody of us has written it.
    pub fn open_places(&self, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.may(Deed::Mode)?;
        self.records.open(&self.places_place(), sealed)
    }

    /// The key of the tickets of the waiting room: the same on every node and after a restart, and of this tenant alone. It
    /// opens nothing.
    ///
    /// # Errors
    /// [`OpenError`] where a derivation refuses, which it does for no key.
    pub fn waiting_room_key(&self) -> Result<MacKey, OpenError> {
        self.records.derive_secret("tickets of the waiting room").map(|secret| MacKey::of_secret(&secret))
    }

    /// The key by which nodes name among each other where somebody guesses: the same on all, of this tenant alone. It
    /// opens nothing.
    ///
    /// # Errors
    /// [`OpenError`] where a derivation refuses, which it does for no key.
    pub fn tries_key(&self) -> Result<MacKey, OpenError> {
        self.records.derive_secret("where somebody guesses").map(|secret| MacKey::of_secret(&secret))
    }

    /// Seals a person's word that the clock is right.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn seal_clock(&self, content: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.may(Deed::Mode)?;
        self.records.seal(&self.clock_place(), content, &*self.entropy)
    }

    /// Opens a person's word that the clock is right.
    ///
    /// # Errors
    /// [`OpenError`]; nobody of us has said so.
    pub fn open_clock(&self, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.may(Deed::Mode)?;
        self.records.open(&self.clock_place(), sealed)
    }

    /// Seals what is written of the mode.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn seal_mode(&self, content: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.may(Deed::Mode)?;
        self.records.seal(&self.mode_place(), content, &*self.entropy)
    }

    /// Opens what is written of the mode.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    pub fn open_mode(&self, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.may(Deed::Mode)?;
        self.records.open(&self.mode_place(), sealed)
    }
}
