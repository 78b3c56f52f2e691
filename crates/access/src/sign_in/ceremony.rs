//! What an authenticator and a browser say of a passkey, read and compared with what was asked: W3C Web Authentication,
//! sections 7.1 and 7.2, without attestation. What is parsed here has fixed places; JSON and keys are read by libraries.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use honnin_seal::{PasskeyKey, digest, same_octets};
use honnin_terms::{AccountId, Entropy, Id, Moment, SessionId};
use serde::Deserialize;

use super::{SignInError, closed};
use crate::SubscriberAuthority;
use crate::authority::NOBODY;
use crate::ports::RecordKind;

/// Octets of what an authenticator calls a passkey, at most (section 5.8.3).
const LONGEST_ID: usize = 1_023;

/// Characters of one part of an answer at most; authenticators say a few hundred octets.
pub const LONGEST_PASSKEY_PART: usize = 4_096;

/// How long a challenge can be answered, in seconds: a page lies open for a while before somebody signs in.
const SECONDS: i64 = 600;

/// Where passkeys are good: the operator's public address. A browser shows a passkey at no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeySite {
    origin: String,
    host: String,
}

impl PasskeySite {
    /// Of an origin: `https://` and a host, with a port or without; `http://localhost` for tests. `None` where no passkey
    /// can be of it: an address of the network is no name.
    pub fn of_origin(origin: &str) -> Option<Self> {
        let (scheme, rest) = origin.split_once("://")?;
        let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
        let is_name = host.split('.').all(|label| !label.is_empty())
            && host.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
            && host.bytes().any(|octet| octet.is_ascii_lowercase());
        let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
        let is_safe = scheme == "https" || scheme == "http" && host == "localhost";
        // Browsers leave out the port that goes without saying.
        let origin = if scheme == "https" { origin.strip_suffix(":443").unwrap_or(origin) } else { origin };
        (is_name && is_port && is_safe).then(|| Self { origin: origin.to_owned(), host: host.to_owned() })
    }

    /// What a passkey is made for: the host.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// What a challenge is for. One that was given for something else is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Somebody is to sign in; nobody knows yet who.
    SignIn,
    /// A passkey is to be made, in that session of that account.
    Make(AccountId, SessionId),
    /// Who has that session of that account is to show once more who she is.
    Prove(AccountId, SessionId),
}

impl Asked {
    /// Whose a challenge is: its seal opens for no other.
    fn account(self) -> AccountId {
        match self {
            Self::SignIn => AccountId::from_octets(NOBODY),
            Self::Make(account, _) | Self::Prove(account, _) => account,
        }
    }

    fn octets(self) -> [u8; 17] {
        let (kind, session) = match self {
            Self::SignIn => (1, [0; 16]),
            Self::Make(_, session) => (2, *session.octets()),
            Self::Prove(_, session) => (3, *session.octets()),
        };
        let mut octets = [kind; 17];
        octets.iter_mut().skip(1).zip(session).for_each(|(to, from)| *to = from);
        octets
    }
}

/// What an authenticator is to sign: sealed by the keeper, with what it is for and when it was given. It needs no row, any
/// node opens it, and whoever makes one up has made none.
#[derive(Clone, PartialEq, Eq)]
pub struct PasskeyChallenge(String);

impl fmt::Debug for PasskeyChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasskeyChallenge(..)")
    }
}

impl PasskeyChallenge {
    /// As a page or a program carries it (base64url).
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl SubscriberAuthority {
    pub(super) fn challenge(
        &self,
        asked: Asked,
        now: Moment,
        entropy: &dyn Entropy,
    ) -> Result<PasskeyChallenge, SignInError> {
        let mut chance = [0; 16];
        entropy.fill(&mut chance);
        let plain = [&asked.octets()[..], &now.millis().to_be_bytes(), &chance].concat();
        let sealed =
            self.keys.seal_record(self.tenant, asked.account(), RecordKind::Challenge, &plain, entropy);
        Ok(PasskeyChallenge(BASE64URL_NOPAD.encode(&sealed.map_err(closed)?)))
    }

    /// When a challenge was given, where it was given for that and can still be answered.
    ///
    /// # Errors
    /// [`SignInError::StartOver`] where it cannot: whoever made it up hears nothing else.
    pub(super) fn given(&self, asked: Asked, challenge: &[u8], now: Moment) -> Result<Moment, SignInError> {
        let opened = self.keys.open_record(self.tenant, asked.account(), RecordKind::Challenge, challenge);
        let plain = opened.map_err(|_| SignInError::StartOver)?;
        let given = plain.strip_prefix(&asked.octets()).and_then(|rest| rest.first_chunk::<8>());
        let given = given.and_then(|millis| Moment::from_millis(i64::from_be_bytes(*millis)).ok());
        let given = given.ok_or(SignInError::StartOver)?;
        // A clock of another node may be a little ahead of ours.
        let age = now.seconds_since(given);
        if (-60..SECONDS).contains(&age) { Ok(given) } else { Err(SignInError::StartOver) }
    }

    /// Until when a challenge that is given now can be answered.
    pub fn challenge_until(now: Moment) -> Moment {
        now.plus_seconds(SECONDS)
    }
}

/// One part of an answer, out of base64url.
fn part(text: &str, most: usize) -> Option<Vec<u8>> {
    (text.len() <= most.saturating_mul(4) / 3 + 3).then_some(())?;
    BASE64URL_NOPAD.decode(text.as_bytes()).ok().filter(|octets| octets.len() <= most)
}

/// What a browser adds to what it passes on.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    is_framed: bool,
    #[serde(default, rename = "topOrigin")]
    top: Option<String>,
}

/// The challenge of an answer of that kind that was given on our own page, and not in a frame of another's.
fn challenge_of(client_data: &[u8], kind: &str, site: &PasskeySite) -> Option<Vec<u8>> {
    let told: ClientData = serde_json::from_slice(client_data).ok()?;
    let ours = told.kind == kind && told.origin == site.origin && !told.is_framed && told.top.is_none();
    ours.then_some(())?;
    part(&told.challenge, 256)
}

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const MAY_BE_COPIED: u8 = 1 << 3;
const IS_COPIED: u8 = 1 << 4;
const NEW_KEY: u8 = 1 << 6;
const EXTENDED: u8 = 1 << 7;

/// What an authenticator says of itself.
struct Presence<'a> {
    flags: u8,
    counter: u32,
    rest: &'a [u8],
}

impl Presence<'_> {
    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Reads it where it was said for our host, with its owner there and recognised by it (section 6.1).
fn presence<'a>(said: &'a [u8], site: &PasskeySite) -> Option<Presence<'a>> {
    let (host, rest) = said.split_first_chunk::<32>()?;
    let (flags, rest) = rest.split_first()?;
    let (counter, rest) = rest.split_first_chunk::<4>()?;
    let presence = Presence { flags: *flags, counter: u32::from_be_bytes(*counter), rest };
    let ours = same_octets(host, &digest(&[site.host.as_bytes()]));
    let recognised = presence.has(PRESENT) && presence.has(VERIFIED);
    let fits = presence.has(MAY_BE_COPIED) || !presence.has(IS_COPIED);
    (ours && recognised && fits).then_some(presence)
}

/// What was sent of a passkey that signs in; each part in base64url, as browsers give it.
#[derive(Clone, Copy)]
pub struct PasskeyShown<'a> {
    /// `rawId`.
    pub id: &'a str,
    /// `response.userHandle`: whose it is.
    pub handle: &'a str,
    /// `response.clientDataJSON`.
    pub client_data: &'a str,
    /// `response.authenticatorData`.
    pub authenticator_data: &'a str,
    /// `response.signature`.
    pub signature: &'a str,
}

impl fmt::Debug for PasskeyShown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasskeyShown(..)")
    }
}

impl PasskeyShown<'_> {
    /// The account it names; whether it is that account's is another question.
    pub fn account(&self) -> Option<AccountId> {
        part(self.handle, 16)?.try_into().ok().map(AccountId::from_octets)
    }
}

/// How a passkey names its account.
pub(super) fn handle_of(account: AccountId) -> String {
    BASE64URL_NOPAD.encode(account.octets())
}

/// An answer that is of our page, our host and its owner; who signed it is not yet looked at.
pub(super) struct Assertion {
    pub(super) id: Vec<u8>,
    pub(super) challenge: Vec<u8>,
    pub(super) counter: u32,
    pub(super) may_be_copied: bool,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Assertion {
    pub(super) fn read(shown: &PasskeyShown<'_>, site: &PasskeySite) -> Option<Self> {
        let id = part(shown.id, LONGEST_ID)?;
        let client_data = part(shown.client_data, LONGEST_PASSKEY_PART)?;
        let mut signed = part(shown.authenticator_data, LONGEST_PASSKEY_PART)?;
        let signature = part(shown.signature, LONGEST_PASSKEY_PART)?;
        let challenge = challenge_of(&client_data, "webauthn.get", site)?;
        let told = presence(&signed, site)?;
        // Behind it stands nothing but what an extension adds, which is signed with the rest and asked for by nobody.
        let is_whole = !told.has(NEW_KEY) && (told.rest.is_empty() || told.has(EXTENDED));
        let (counter, may_be_copied) = (told.counter, told.has(MAY_BE_COPIED));
        is_whole.then_some(())?;
        signed.extend_from_slice(&digest(&[&client_data]));
        Some(Self { id, challenge, counter, may_be_copied, signed, signature })
    }

    /// Whether it was signed by that key.
    pub(super) fn is_by(&self, key: &PasskeyKey<'_>) -> bool {
        key.verify(&self.signed, &self.signature).is_ok()
    }
}

/// What was sent of a passkey that was just made; each part in base64url, as browsers give it.
#[derive(Clone, Copy)]
pub struct PasskeyMade<'a> {
    /// `rawId`.
    pub id: &'a str,
    /// `response.clientDataJSON`.
    pub client_data: &'a str,
    /// `response.getAuthenticatorData()`.
    pub authenticator_data: &'a str,
    /// `response.getPublicKey()`.
    pub key: &'a str,
    /// `response.getPublicKeyAlgorithm()`.
    pub algorithm: i32,
}

impl fmt::Debug for PasskeyMade<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasskeyMade(..)")
    }
}

/// A new passkey of our host, recognised by its owner.
pub(super) struct Made {
    pub(super) id: Vec<u8>,
    pub(super) challenge: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) algorithm: i32,
    pub(super) counter: u32,
    pub(super) may_be_copied: bool,
}

impl Made {
    pub(super) fn read(made: &PasskeyMade<'_>, site: &PasskeySite) -> Option<Self> {
        let id = part(made.id, LONGEST_ID)?;
        let client_data = part(made.client_data, LONGEST_PASSKEY_PART)?;
        let said = part(made.authenticator_data, LONGEST_PASSKEY_PART)?;
        let key = part(made.key, LONGEST_PASSKEY_PART)?;
        let challenge = challenge_of(&client_data, "webauthn.create", site)?;
        let told = presence(&said, site)?;
        told.has(NEW_KEY).then_some(())?;
        // Its maker's mark, the length of its id, its id; behind that the key once more, in another form.
        let (length, rest) = told.rest.get(16..)?.split_first_chunk::<2>()?;
        let named = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        (!id.is_empty() && named == id).then_some(())?;
        PasskeyKey::read(made.algorithm, &key)?;
        let (counter, may_be_copied) = (told.counter, told.has(MAY_BE_COPIED));
        let algorithm = made.algorithm;
        Some(Self { id, challenge, key, algorithm, counter, may_be_copied })
    }
}

#[cfg(test)]
#[path = "ceremony_tests.rs"]
mod tests;
