//! An authenticator made of software: what a telephone and a browser say of a passkey, and what they would never say.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;

/// Somebody is there.
const PRESENT: u8 = 1;
/// Somebody was recognised.
const VERIFIED: u8 = 1 << 2;
/// A new key is told.
const NEW_KEY: u8 = 1 << 6;

type Hash = fn(&[u8]) -> [u8; 32];
type Sign = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// One passkey with the browser it is used in. A test may alter each part of what it says.
pub struct Authenticator {
    /// What it calls the passkey.
    pub id: Vec<u8>,
    /// Whose it is.
    pub handle: String,
    /// The page it is used on.
    pub origin: String,
    /// The host it is of.
    pub host: String,
    /// How often it was used; 0 where it does not count.
    pub counter: u32,
    /// What it says of its owner and of itself.
    pub flags: u8,
    /// The public key (`SubjectPublicKeyInfo`), and the number of its algorithm.
    pub key: (Vec<u8>, i32),
    hash: Hash,
    sign: Sign,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator(..)")
    }
}

/// What is said of a new passkey, each part in base64url.
#[derive(Debug, Clone)]
pub struct Made {
    /// `rawId`.
    pub id: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `authenticatorData`.
    pub authenticator_data: String,
    /// The public key.
    pub key: String,
    /// The number of its algorithm.
    pub algorithm: i32,
}

/// What is said by a passkey that signs in, each part in base64url.
#[derive(Debug, Clone)]
pub struct Presented {
    /// `rawId`.
    pub id: String,
    /// `userHandle`.
    pub handle: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `authenticatorData`.
    pub authenticator_data: String,
    /// `signature`.
    pub signature: String,
}

impl Authenticator {
    /// With a key the caller has: this room knows no ciphers. Its owner is recognised by it, and it does not count.
    pub fn new(origin: &str, key: (Vec<u8>, i32), hash: Hash, sign: Sign) -> Self {
        let host = origin.split("://").last().and_then(|rest| rest.split(':').next()).unwrap_or_default();
        Self {
            id: hash(&key.0).to_vec(),
            handle: String::new(),
            origin: origin.to_owned(),
            host: host.to_owned(),
            counter: 0,
            flags: PRESENT | VERIFIED,
            key,
            hash,
            sign,
        }
    }

    /// Says no longer that its owner was recognised.
    #[must_use]
    pub fn unverified(mut self) -> Self {
        self.flags &= !VERIFIED;
        self
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let origin = &self.origin;
        format!("{{\"type\":\"{kind}\",\"challenge\":\"{challenge}\",\"origin\":\"{origin}\",\"crossOrigin\":false}}")
            .into_bytes()
    }

    fn said(&self, more: u8) -> Vec<u8> {
        let mut said = (self.hash)(self.host.as_bytes()).to_vec();
        said.push(self.flags | more);
        said.extend(self.counter.to_be_bytes());
        said
    }

    /// Makes the passkey, for whoever it was told to be of.
    pub fn make(&mut self, challenge: &str, handle: &str) -> Made {
        handle.clone_into(&mut self.handle);
        let mut said = self.said(NEW_KEY);
        said.extend([0; 16]);
        said.extend(u16::try_from(self.id.len()).unwrap_or(0).to_be_bytes());
        said.extend(&self.id);
        // In its place stands the key once more, which nobody reads.
        said.push(0xa0);
        let encode = |octets: &[u8]| BASE64URL_NOPAD.encode(octets);
        Made {
            id: encode(&self.id),
            client_data: encode(&self.client_data("webauthn.create", challenge)),
            authenticator_data: encode(&said),
            key: encode(&self.key.0),
            algorithm: self.key.1,
        }
    }

    /// Signs what it is asked to.
    pub fn show(&mut self, challenge: &str) -> Presented {
        if self.counter > 0 {
            self.counter += 1;
        }
        let (said, client_data) = (self.said(0), self.client_data("webauthn.get", challenge));
        let signature = (self.sign)(&[said.as_slice(), &(self.hash)(&client_data)].concat());
        let encode = |octets: &[u8]| BASE64URL_NOPAD.encode(octets);
        Presented {
            id: encode(&self.id),
            handle: self.handle.clone(),
            client_data: encode(&client_data),
            authenticator_data: encode(&said),
            signature: encode(&signature),
        }
    }
}
