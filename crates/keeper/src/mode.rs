//! What the installation writes down of its own mode, sealed so that who can only write the store forges none.

use honnin_seal::{MacKey, OpenError, Place, Purpose};

use crate::{Deed, Keeper};

/// What the rows are, in their seals: one in the place of another does not open.
const MODE: &str = "mode";
const CLOCK: &str = "clock";
const PLACES: &str = "checkpoint places";
const FLEET: &str = "what nodes run";

impl Keeper {
    fn seal_row(&self, what: &'static str, content: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.may(Deed::Mode)?;
        let place = Place::of_tenant(self.tenant, Purpose::KeeperRecord(what));
        self.records.seal(&place, content, &*self.entropy)
    }

    fn open_row(&self, what: &'static str, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.may(Deed::Mode)?;
        self.records.open(&Place::of_tenant(self.tenant, Purpose::KeeperRecord(what)), sealed)
    }

    /// Seals where checkpoints of the journal leave for.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn seal_places(&self, content: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.seal_row(PLACES, content)
    }

    /// Opens where checkpoints of the journal left for.
    ///
    /// # Errors
    /// [`OpenError`]; nobody of us has written it.
    pub fn open_places(&self, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.open_row(PLACES, sealed)
    }

    /// Seals what each node runs and what a person has admitted.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn seal_fleet(&self, content: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.seal_row(FLEET, content)
    }

    /// Opens what each node runs and what a person has admitted.
    ///
    /// # Errors
    /// [`OpenError`]; nobody of us has written it.
    pub fn open_fleet(&self, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.open_row(FLEET, sealed)
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
        self.seal_row(CLOCK, content)
    }

    /// Opens a person's word that the clock is right.
    ///
    /// # Errors
    /// [`OpenError`]; nobody of us has said so.
    pub fn open_clock(&self, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.open_row(CLOCK, sealed)
    }

    /// Seals what is written of the mode.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn seal_mode(&self, content: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.seal_row(MODE, content)
    }

    /// Opens what is written of the mode.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    pub fn open_mode(&self, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.open_row(MODE, sealed)
    }
}
