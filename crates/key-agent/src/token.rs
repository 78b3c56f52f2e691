//! The token. Its module is made ready for each act and put away after it, so that a token that was away and is back is
//! found, and none stays signed in between two acts, which are seldom: the start of a server, a command.

use std::path::{Path, PathBuf};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

/// What stands before a wrapped key: how it was wrapped.
const FORM: u8 = 1;
const NONCE: usize = 12;
const TAG_BITS: u64 = 128;
/// What a wrapped key is bound to, so that it is taken for nothing else this key ever sealed.
const BOUND_TO: &[u8] = b"honnin wrapped key 1";
/// Wrapped and unwrapped once before anybody asks.
const TRIED: &[u8] = b"honnin-key-agent tries its key at the start";

/// Why the token does not do it. Never with a PIN or a key in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("cannot load the module {0}: {1}; name the PKCS#11 library of the token's maker")]
    Module(PathBuf, Error),
    #[error("cannot find the token {0:?}: no slot of the module has it; connect it")]
    Absent(String),
    #[error("cannot find the token {0:?}: {1} slots have tokens of that label; give each a label of its own")]
    Ambiguous(String, usize),
    #[error(
        "cannot sign in to the token {0:?}: its PIN is not the one of the PIN file, or it refuses that for a reason of its maker's \
         ({1}); look at both before the token locks, then start the agent again"
    )]
    Pin(String, Error),
    #[error(
        "cannot sign in to the token {0:?}: its PIN was refused before; correct the PIN file and start the agent again"
    )]
    PinBefore(String),
    #[error(
        "cannot use the key {0:?}: the token has no AES key of that label; honnin-key-agent make-key makes one"
    )]
    NoKey(String),
    #[error("cannot use the key {0:?}: the token has {1} AES keys of that label; have one")]
    Keys(String, usize),
    #[error(
        "cannot use the key {0:?}: it can be extracted from its token; make one that cannot: honnin-key-agent make-key"
    )]
    Extractable(String),
    #[error("cannot make the key {0:?}: the token has one of that label; choose another, or use that one")]
    Exists(String),
    #[error("cannot unwrap: {0}; start the agent with the key that wrapped it")]
    Refused(String),
    #[error("cannot use the token: {0}; look at the token and its module")]
    Failed(#[from] Error),
}

impl TokenError {
    /// Whether another try may go well although nobody mends anything.
    pub(crate) const fn is_away(&self) -> bool {
        matches!(self, Self::Absent(_) | Self::Failed(_))
    }
}

pub(crate) struct Token {
    context: Pkcs11,
    label: String,
    key: String,
    pin: Zeroizing<String>,
    /// The token that was there at the start. The PIN is given to no other, and to none again that has refused it.
    serial: Option<String>,
    pin_refused: bool,
}

impl Token {
    pub(crate) fn new(
        module: &Path,
        label: &str,
        key: &str,
        pin: Zeroizing<String>,
    ) -> Result<Self, TokenError> {
        let context = Pkcs11::new(module).map_err(|reason| TokenError::Module(module.to_owned(), reason))?;
        let (label, key) = (label.to_owned(), key.to_owned());
        Ok(Self { context, label, key, pin, serial: None, pin_refused: false })
    }

    /// Makes the key. It is never written over.
    pub(crate) fn make_key(mut self) -> Result<(), TokenError> {
        let label = self.key.clone();
        self.with(true, |session| {
            if !keys(session, &label)?.is_empty() {
                return Err(TokenError::Exists(label));
            }
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen(32.into()),
                Attribute::Label(label.into_bytes()),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
            ];
            session.generate_key(&Mechanism::AesKeyGen, &template)?;
            Ok(())
        })
    }

    /// Wraps and unwraps once.
    pub(crate) fn try_key(&mut self) -> Result<(), TokenError> {
        let wrapped = self.wrap(TRIED)?;
        if self.unwrap(&wrapped)? == TRIED {
            return Ok(());
        }
        Err(TokenError::Refused("what the key has wrapped it unwraps as something else".to_owned()))
    }

    pub(crate) fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, TokenError> {
        self.with_key(|session, key| {
            let mut nonce = [0; NONCE];
            session.generate_random_slice(&mut nonce)?;
            let params = GcmParams::new(&mut nonce, BOUND_TO, TAG_BITS.into())?;
            let sealed = session.encrypt(&Mechanism::AesGcm(params), key, plain)?;
            Ok([&[FORM][..], &nonce, &sealed].concat())
        })
    }

    pub(crate) fn unwrap(&mut self, wrapped: &[u8]) -> Result<Vec<u8>, TokenError> {
        let parts = wrapped.split_first().filter(|(form, _)| **form == FORM);
        let parts = parts.and_then(|(_, rest)| rest.split_first_chunk::<NONCE>());
        let Some((nonce, sealed)) = parts else {
            return Err(TokenError::Refused("it was not wrapped by a key agent".to_owned()));
        };
        let (mut nonce, sealed) = (*nonce, sealed.to_vec());
        self.with_key(|session, key| {
            let params = GcmParams::new(&mut nonce, BOUND_TO, TAG_BITS.into())?;
            session.decrypt(&Mechanism::AesGcm(params), key, &sealed).map_err(undone)
        })
    }

    fn with_key<T>(
        &mut self,
        act: impl FnOnce(&Session, ObjectHandle) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let label = self.key.clone();
        self.with(false, |session| {
            let found = keys(session, &label)?;
            let [key] = found[..] else {
                return Err(match found.len() {
                    0 => TokenError::NoKey(label),
                    many => TokenError::Keys(label, many),
                });
            };
            let told =
                session.get_attributes(key, &[AttributeType::Extractable, AttributeType::Sensitive])?;
            if !stays(&told) {
                return Err(TokenError::Extractable(label));
            }
            act(session, key)
        })
    }

    /// Does something in a session of its own.
    fn with<T>(
        &mut self,
        writes: bool,
        act: impl FnOnce(&Session) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        if self.pin_refused {
            return Err(TokenError::PinBefore(self.label.clone()));
        }
        self.make_ready()?;
        let done = self.signed_in(writes).and_then(|session| act(&session));
        self.pin_refused = matches!(done, Err(TokenError::Pin(..)));
        let ended = self.put_away();
        done.and_then(|done| ended.map(|()| done).map_err(TokenError::Failed))
    }

    /// A module that could not be put away after the act before is put away first: once for each act, no PIN is given meanwhile.
    fn make_ready(&self) -> Result<(), Error> {
        let ready = || self.context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
        match ready() {
            Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {
                self.put_away()?;
                ready()
            }
            done => done,
        }
    }

    /// Signs out, and closes what is open. What counts is that nobody is signed in: a module may be away although it said
    /// otherwise, and is asked once more.
    fn put_away(&self) -> Result<(), Error> {
        let away = || self.context.clone().finalize();
        away().or_else(|_| match away() {
            Err(Error::Pkcs11(RvError::CryptokiNotInitialized, _)) => Ok(()),
            done => done,
        })
    }

    fn signed_in(&mut self, writes: bool) -> Result<Session, TokenError> {
        let slot = self.slot()?;
        let session =
            if writes { self.context.open_rw_session(slot)? } else { self.context.open_ro_session(slot)? };
        let pin = AuthPin::from(self.pin.as_str());
        match session.login(UserType::User, Some(&pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(reason) => Err(not_signed_in(&self.label, reason)),
        }
    }

    fn slot(&mut self) -> Result<Slot, TokenError> {
        let mut found = Vec::new();
        for slot in self.context.get_slots_with_token()? {
            // A slot whose token goes at this moment is one without.
            let Ok(about) = self.context.get_token_info(slot) else { continue };
            let serial = about.serial_number();
            if about.label() == self.label && self.serial.as_deref().is_none_or(|known| known == serial) {
                found.push((slot, serial.to_owned()));
            }
        }
        let many = found.len();
        match found.pop() {
            Some((slot, serial)) if many == 1 => {
                self.serial = Some(serial);
                Ok(slot)
            }
            Some(_) => Err(TokenError::Ambiguous(self.label.clone(), many)),
            None => Err(TokenError::Absent(self.label.clone())),
        }
    }
}

/// Whether a key of which its token says that cannot leave it. A token that does not say is taken for one from which it can.
fn stays(told: &[Attribute]) -> bool {
    told.contains(&Attribute::Extractable(false)) && told.contains(&Attribute::Sensitive(true))
}

fn keys(session: &Session, label: &str) -> Result<Vec<ObjectHandle>, TokenError> {
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Label(label.as_bytes().to_vec()),
    ];
    Ok(session.find_objects(&template)?)
}

/// A token counts wrong PINs and locks after a few, and what it says of one differs from maker to maker. So only what says
/// that it never saw the PIN is worth another try.
fn not_signed_in(label: &str, reason: Error) -> TokenError {
    let unseen = matches!(
        reason,
        Error::Pkcs11(
            RvError::DeviceMemory
                | RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::SessionClosed
                | RvError::SessionCount
                | RvError::SessionHandleInvalid
                | RvError::HostMemory,
            _,
        )
    );
    if unseen { TokenError::Failed(reason) } else { TokenError::Pin(label.to_owned(), reason) }
}

/// What a token says of octets its key did not seal differs from maker to maker; what it says when it is gone does not.
fn undone(reason: Error) -> TokenError {
    let gone = matches!(
        reason,
        Error::Pkcs11(
            RvError::DeviceError
                | RvError::DeviceMemory
                | RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::SessionClosed
                | RvError::SessionHandleInvalid
                | RvError::UserNotLoggedIn
                | RvError::HostMemory,
            _,
        )
    );
    if gone {
        return TokenError::Failed(reason);
    }
    TokenError::Refused(format!("the token does not open it ({reason})"))
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    #[test]
    fn what_may_have_cost_a_try_is_not_tried_again() {
        let told = |why| not_signed_in("house", Error::Pkcs11(why, Function::Login));
        for why in [
            RvError::PinIncorrect,
            RvError::PinLocked,
            RvError::GeneralError,
            RvError::FunctionFailed,
            RvError::DeviceError,
            RvError::VendorDefined(0x8000_0001),
            RvError::UnknownErrorCode(0x1234),
        ] {
            let told = told(why);
            assert!(matches!(told, TokenError::Pin(..)) && !told.is_away(), "{told}");
        }
        for why in
            [RvError::DeviceRemoved, RvError::TokenNotPresent, RvError::SessionClosed, RvError::HostMemory]
        {
            let told = told(why);
            assert!(told.is_away(), "{told}");
        }
        assert!(!not_signed_in("house", Error::NotSupported).is_away());
    }

    #[test]
    fn a_key_that_could_be_copied_is_none_to_use() {
        let (kept, sensitive) = (Attribute::Extractable(false), Attribute::Sensitive(true));
        assert!(stays(&[kept.clone(), sensitive.clone()]));
        for told in [
            vec![],
            vec![kept.clone()],
            vec![sensitive.clone()],
            vec![Attribute::Extractable(true), sensitive],
            vec![kept, Attribute::Sensitive(false)],
        ] {
            assert!(!stays(&told), "{told:?}");
        }
    }
}
