//! Keys: what each may open, how one wraps another.
//!
//! Cipher: AES-256-GCM-SIV (RFC 8452) with a random 96-bit nonce; outside FIPS modules. A wrapped key carries a
//! commitment to itself, because the cipher alone does not bind a ciphertext to one key.

use std::fmt;
use std::marker::PhantomData;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
#[cfg(honnin_faults)]
use honnin_terms::faults;
use honnin_terms::{Entropy, HoldingId, Id, SessionId, TenantId};

use crate::{KeyFingerprint, Place, Secret, SessionToken, digest, same_octets};

const FORMAT: u8 = 1;
const TAG: usize = 16;
/// Format octet and nonce.
const HEAD: usize = 1 + NONCE_LEN;
const OVERHEAD: usize = HEAD + TAG;
const COMMITMENT: usize = 32;

/// A blob that does not open: another key, another place, or altered octets. Which of them is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("open a sealed blob: it was sealed with another key, for another place, or was altered")]
pub struct OpenError;

/// A count of the keys an account or a subject has had; part of the associated data and of what is derived.
pub type Epoch = u32;

mod kind {
    pub trait Sealed {}
}

/// A family of keys; one family never serves as another.
pub trait KeyKind: kind::Sealed {
    /// The family's name in commitments.
    const NAME: &'static str;
}

macro_rules! key_kinds {
    ($($(#[$doc:meta])* $alias:ident = $marker:ident $name:literal;)+) => {$(
        #[doc(hidden)]
        #[derive(Debug)]
        pub enum $marker {}
        impl kind::Sealed for $marker {}
        impl KeyKind for $marker {
            const NAME: &'static str = $name;
        }
        $(#[$doc])*
        pub type $alias = KeyMaterial<$marker>;
    )+};
}

key_kinds! {
    /// The keeper's own key for one use (KEK): wraps account keys, seals the keeper's records.
    KeeperKey = OfKeeper "keeper";
    /// The account key (AK): wraps the account's ring. Released at sign-in, and made anew when all sessions end.
    AccountKey = OfAccount "account";
    /// The ring of an account: the keys of its subjects' documents are derived from it, and nothing else.
    RingKey = OfRing "ring";
    /// The key of one kind of document of one subject, a holding or an account: seals those, and opens no other kind.
    KindKey = OfKind "kind";
    /// The key derived from a session token: wraps the account key in the session's row.
    SessionKey = OfSession "session";
}

/// A 256-bit key of one family. Has no content in its `Debug`, cannot be serialised or compared.
pub struct KeyMaterial<K: KeyKind> {
    secret: Secret,
    kind: PhantomData<fn() -> K>,
}

impl<K: KeyKind> fmt::Debug for KeyMaterial<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyMaterial({})", K::NAME)
    }
}

impl<K: KeyKind> KeyMaterial<K> {
    /// A fresh key.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self::new(Secret::random(entropy))
    }

    fn new(secret: Secret) -> Self {
        Self { secret, kind: PhantomData }
    }

    /// The same key once more, for work that goes on after the request it came with. Wiped on its own when dropped.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::new(self.secret.again())
    }

    fn cipher(&self) -> Result<LessSafeKey, OpenError> {
        let octets = self.secret.expose();
        #[cfg(honnin_faults)]
        let octets = if faults::WITHOUT_KEYS.is_on() { &[0; 32] } else { octets };
        UnboundKey::new(&AES_256_GCM_SIV, octets).map(LessSafeKey::new).map_err(|_| OpenError)
    }

    /// Seals `plain` for `place`.
    ///
    /// Shape: format octet, nonce (12), ciphertext, tag (16).
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses, which it does only beyond 64 GiB.
    pub fn seal(&self, place: &Place<'_>, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, OpenError> {
        #[cfg(honnin_faults)]
        if faults::UNSEALED.is_on() {
            return Ok([&[FORMAT; HEAD][..], plain, &[0; TAG]].concat());
        }
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut blob = Vec::with_capacity(plain.len() + OVERHEAD);
        blob.push(FORMAT);
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(plain);
        let body = blob.get_mut(HEAD..).ok_or(OpenError)?;
        let tag = self
            .cipher()?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.octets()), body)
            .map_err(|_| OpenError)?;
        blob.extend_from_slice(tag.as_ref());
        Ok(blob)
    }

    /// Opens a blob that was sealed for `place` with this key.
    ///
    /// # Errors
    /// [`OpenError`]; the caller must treat it as an alarm, never as "nothing there".
    pub fn open(&self, place: &Place<'_>, blob: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (format, rest) = blob.split_first().ok_or(OpenError)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(OpenError)?;
        if *format != FORMAT {
            return Err(OpenError);
        }
        #[cfg(honnin_faults)]
        if faults::UNSEALED.is_on() {
            return body.split_last_chunk::<TAG>().map(|(plain, _)| plain.to_vec()).ok_or(OpenError);
        }
        let mut plain = body.to_vec();
        let length = self
            .cipher()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place.octets()), &mut plain)
            .map_err(|_| refused())?
            .len();
        plain.truncate(length);
        Ok(plain)
    }

    /// Wraps `inner` under this key for `place`. Shape: a sealed blob, then the commitment (32).
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn wrap<I: KeyKind>(
        &self,
        place: &Place<'_>,
        inner: &KeyMaterial<I>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        let mut blob = self.seal(place, inner.secret.expose(), entropy)?;
        blob.extend_from_slice(&inner.commitment());
        Ok(blob)
    }

    /// Opens a wrapped key and checks its commitment.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn unwrap_key<I: KeyKind>(
        &self,
        place: &Place<'_>,
        blob: &[u8],
    ) -> Result<KeyMaterial<I>, OpenError> {
        let (sealed, commitment) = blob.split_last_chunk::<COMMITMENT>().ok_or(OpenError)?;
        let plain = zeroize::Zeroizing::new(self.open(place, sealed)?);
        let octets = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| OpenError)?;
        let inner = KeyMaterial::new(Secret::from_octets(octets));
        if same_octets(&inner.commitment(), commitment) { Ok(inner) } else { Err(OpenError) }
    }

    /// Wraps `inner` with octets beside it, which only its opener reads. Shape: a sealed blob of key and octets, then
    /// the commitment (32).
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn wrap_beside<I: KeyKind>(
        &self,
        place: &Place<'_>,
        inner: &KeyMaterial<I>,
        beside: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        let plain = zeroize::Zeroizing::new([inner.secret.expose().as_slice(), beside].concat());
        let mut blob = self.seal(place, &plain, entropy)?;
        blob.extend_from_slice(&inner.commitment());
        Ok(blob)
    }

    /// Opens a key that [`Self::wrap_beside`] wrapped, and the octets beside it.
    ///
    /// # Errors
    /// As [`Self::unwrap_key`].
    pub fn unwrap_beside<I: KeyKind>(
        &self,
        place: &Place<'_>,
        blob: &[u8],
    ) -> Result<(KeyMaterial<I>, Beside), OpenError> {
        let (sealed, commitment) = blob.split_last_chunk::<COMMITMENT>().ok_or(OpenError)?;
        let plain = Beside(zeroize::Zeroizing::new(self.open(place, sealed)?));
        let key = plain.0.first_chunk::<32>().ok_or(OpenError)?;
        let inner = KeyMaterial::new(Secret::from_octets(*key));
        if same_octets(&inner.commitment(), commitment) { Ok((inner, plain)) } else { Err(OpenError) }
    }

    fn commitment(&self) -> [u8; COMMITMENT] {
        // One block of the hash: a read makes two.
        digest(&[b"honnin key v2\0", K::NAME.as_bytes(), b"\0", self.secret.expose()])
    }
}

impl SessionKey {
    /// Derives the key of a session from its token (HKDF-Expand, RFC 5869 §2.3; the token is random, so that there is
    /// nothing to extract).
    ///
    /// # Errors
    /// [`OpenError`] where the derivation refuses, which it does for no input of these lengths.
    pub fn of_session(token: &SessionToken, session: SessionId) -> Result<Self, OpenError> {
        expand(token.secret(), &[b"honnin session key v2", session.octets()]).map(Self::new)
    }
}

/// What stood beside a wrapped key.
pub struct Beside(zeroize::Zeroizing<Vec<u8>>);

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Beside(..)")
    }
}

impl Beside {
    /// The octets, without the key they stood beside.
    pub fn octets(&self) -> &[u8] {
        self.0.get(32..).unwrap_or_default()
    }
}

impl KindKey {
    /// Derives the key of one kind of documents of one subject of the ring's account: of a holding, or of the account
    /// itself (HKDF-Expand, RFC 5869 §2.3; the ring is random, so that there is nothing to extract). In one step, because
    /// a read derives one for each document it opens.
    ///
    /// # Errors
    /// [`OpenError`] where the derivation refuses, which it does for no input of these lengths.
    pub fn of_ring(
        ring: &RingKey,
        holding: Option<HoldingId>,
        epoch: Epoch,
        kind: &str,
    ) -> Result<Self, OpenError> {
        let holding = holding.as_ref().map_or(&[][..], |holding| holding.octets());
        // With the lengths before them it is one block of the hash, and so is what the key is put into.
        let info = [b"kind v3", holding, &epoch.to_be_bytes(), kind.as_bytes()];
        expand(&ring.secret, &info).map(Self::new)
    }
}

impl KeeperKey {
    /// Derives the keeper's key for one use and tenant from the root secret (HKDF-SHA-256).
    ///
    /// # Errors
    /// [`OpenError`] where the derivation refuses, which it does for no input of these lengths.
    pub fn of_root(root: &Secret, tenant: TenantId, label: &str) -> Result<Self, OpenError> {
        let number = tenant.number().to_be_bytes();
        derive(root.expose(), &[b"honnin keeper key v1", &number, label.as_bytes()]).map(Self::new)
    }

    /// The key that opens the root secret: made of the octets of the key file by argon2id.
    ///
    /// # Errors
    /// [`OpenError`] where argon2id refuses its parameters.
    pub fn of_key_file(content: &[u8], salt: &[u8; 16]) -> Result<Self, OpenError> {
        crate::password::stretch(content, salt).map(Self::new).ok_or(OpenError)
    }

    /// What the key is called where it may be seen. It tells of a key file no more than the keyring does: whoever would try
    /// guesses at it pays for argon2id with each.
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::of(self.secret.expose())
    }

    /// Derives another secret from this key, for one use.
    ///
    /// # Errors
    /// [`OpenError`] where the derivation refuses, which it does for no input of these lengths.
    pub fn derive_secret(&self, label: &str) -> Result<Secret, OpenError> {
        derive(self.secret.expose(), &[b"honnin derived secret v1", label.as_bytes()])
    }

    /// Seals the root secret or another secret of the keeper.
    ///
    /// # Errors
    /// As [`KeyMaterial::seal`].
    pub fn seal_secret(
        &self,
        place: &Place<'_>,
        secret: &Secret,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        self.seal(place, secret.expose(), entropy)
    }

    /// Opens a secret that [`Self::seal_secret`] made.
    ///
    /// # Errors
    /// As [`KeyMaterial::open`].
    pub fn open_secret(&self, place: &Place<'_>, blob: &[u8]) -> Result<Secret, OpenError> {
        let plain = zeroize::Zeroizing::new(self.open(place, blob)?);
        <[u8; 32]>::try_from(plain.as_slice()).map(Secret::from_octets).map_err(|_| OpenError)
    }
}

/// A key for keyed hashes: finds a row by a personal value without storing the value, and makes pseudonyms.
///
/// # Security
/// Phone numbers can be enumerated: who has this key and the table knows every number in it.
pub struct IndexKey(hmac::Key);

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(..)")
    }
}

impl IndexKey {
    /// Derives the index key for one use and tenant from the root secret.
    ///
    /// # Errors
    /// [`OpenError`] where the derivation refuses, which it does for no input of these lengths.
    pub fn of_root(root: &Secret, tenant: TenantId, label: &str) -> Result<Self, OpenError> {
        let number = tenant.number().to_be_bytes();
        let secret = derive(root.expose(), &[b"honnin index key v1", &number, label.as_bytes()])?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose())))
    }

    /// The first 16 octets of HMAC-SHA-256 over the parts, each with its length before it.
    pub fn index(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        let mut out = [0; 16];
        out.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        out
    }
}

/// A blob that was sealed with another key or for another place.
fn refused() -> OpenError {
    #[cfg(honnin_faults)]
    faults::stopped("keys");
    OpenError
}

/// Longest `info` of a derivation: a label and a few names, each with its length before it.
const INFO: usize = 128;

fn derive(secret: &[u8; 32], info: &[&[u8]]) -> Result<Secret, OpenError> {
    fill(&hkdf::Salt::new(hkdf::HKDF_SHA256, b"honnin").extract(secret), info)
}

/// Derives from a secret that is random already.
fn expand(secret: &Secret, info: &[&[u8]]) -> Result<Secret, OpenError> {
    fill(&hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, secret.expose()), info)
}

fn fill(prk: &hkdf::Prk, info: &[&[u8]]) -> Result<Secret, OpenError> {
    let (mut octets, mut end) = ([0; INFO], 0_usize);
    let mut put = |part: &[u8]| -> Option<()> {
        let next = end.checked_add(part.len())?;
        octets.get_mut(end..next)?.copy_from_slice(part);
        end = next;
        Some(())
    };
    for part in info {
        put(&u32::try_from(part.len()).map_err(|_| OpenError)?.to_be_bytes()).ok_or(OpenError)?;
        put(part).ok_or(OpenError)?;
    }
    let mut out = [0; 32];
    prk.expand(&[octets.get(..end).ok_or(OpenError)?], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut out))
        .map_err(|_| OpenError)?;
    Ok(Secret::from_octets(out))
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
