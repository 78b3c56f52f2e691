//! The key file in shares, for the day when the machine and every copy of the key file are lost.

use std::path::Path;

use honnin_seal::{KeyFingerprint, KeyShare};
use honnin_terms::Entropy;

use crate::keyring::{Unwrapped, long_enough, unwrap};
use crate::keyring_file::{FILE, read};
use crate::{Keeper, KeyringError};

impl Keeper {
    /// Splits a key file that opens the keyring into shares: `of` of them, of which `needed` bring it back.
    ///
    /// # Errors
    /// [`KeyringError`]; nothing was split.
    pub fn deal(
        data: &Path,
        key_file: &[u8],
        (needed, of): (u8, u8),
        entropy: &dyn Entropy,
    ) -> Result<Vec<KeyShare>, KeyringError> {
        let path = data.join(FILE);
        let key_file = long_enough(key_file)?;
        let Unwrapped { salt, .. } = unwrap(&read(&path)?, key_file, &path)?;
        Ok(KeyShare::deal(key_file, &salt, (needed, of), entropy)?)
    }

    /// What the key that has opened the keyring is called: another after each change of the key file.
    pub const fn key(&self) -> KeyFingerprint {
        self.key
    }
}
