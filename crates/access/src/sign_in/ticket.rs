//! What the first step of a sign-in leaves for the second: sealed, short-lived, and of the password it was given for.
//!
//! It needs no row: any node opens it, and a new password makes it worthless. Alone it is worth nothing, because the
//! second step asks for a code.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use honnin_seal::{Digest, TOTP_OCTETS, TotpSecret, digest, same_octets};
use honnin_terms::{AccountId, Entropy, Moment};

use super::device::PasswordRecord;
use super::{SignInError, closed};
use crate::SubscriberAuthority;
use crate::ports::RecordKind;

/// How long one can be used, in seconds: as long as it takes to find a telephone.
const SECONDS: i64 = 300;

/// Octets of a sealed one at most.
const MOST: usize = 104;

/// A ticket, sealed. Its person carries it from one step to the next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    octets: [u8; MOST],
    length: u8,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}

impl Ticket {
    fn of(sealed: &[u8]) -> Option<Self> {
        let mut octets = [0; MOST];
        octets.get_mut(..sealed.len())?.copy_from_slice(sealed);
        Some(Self { octets, length: u8::try_from(sealed.len()).ok()? })
    }

    /// As a form or a program carries it.
    pub fn reveal(&self) -> String {
        BASE64URL_NOPAD.encode(self.sealed())
    }

    /// Reads one that came back.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() <= MOST * 4 / 3 + 3).then_some(())?;
        Self::of(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?)
    }

    fn sealed(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// What stands in it.
pub(super) enum Stub {
    /// A code of the app that is there is to follow.
    Code,
    /// The first code of an app that is to be there.
    SetUp(TotpSecret),
}

/// The password a ticket was given for: of its hash, which nobody has but the keeper.
fn of_password(record: &PasswordRecord) -> Digest {
    digest(&[b"honnin ticket of a password v1\0", record.hash().expose().as_bytes()])
}

impl SubscriberAuthority {
    pub(super) fn ticket(
        &self,
        account: AccountId,
        record: &PasswordRecord,
        (stub, now): (&Stub, Moment),
        entropy: &dyn Entropy,
    ) -> Result<Ticket, SignInError> {
        let until = now.plus_seconds(SECONDS).millis().to_be_bytes();
        let (kind, secret): (u8, &[u8]) = match stub {
            Stub::Code => (1, &[]),
            Stub::SetUp(secret) => (2, secret.expose()),
        };
        let plain = zeroize::Zeroizing::new([&until[..], &of_password(record), &[kind], secret].concat());
        let sealed = self.keys.seal_record(self.tenant, account, RecordKind::Ticket, &plain, entropy);
        Ticket::of(&sealed.map_err(closed)?).ok_or(SignInError::DoesNotOpen)
    }

    /// What a ticket of that account says, where it can still be used with that password.
    ///
    /// # Errors
    /// [`SignInError::StartOver`] where it cannot: whoever made it up hears nothing else.
    pub(super) fn stub(
        &self,
        account: AccountId,
        record: &PasswordRecord,
        (ticket, now): (&Ticket, Moment),
    ) -> Result<Stub, SignInError> {
        let opened = self.keys.open_record(self.tenant, account, RecordKind::Ticket, ticket.sealed());
        let plain = zeroize::Zeroizing::new(opened.map_err(|_| SignInError::StartOver)?);
        read(&plain, record, now).ok_or(SignInError::StartOver)
    }
}

fn read(plain: &[u8], record: &PasswordRecord, now: Moment) -> Option<Stub> {
    let (until, rest) = plain.split_first_chunk::<8>()?;
    let (of, rest) = rest.split_first_chunk::<32>()?;
    let lasts = i64::from_be_bytes(*until) > now.millis();
    (lasts && same_octets(of, &of_password(record))).then_some(())?;
    match rest {
        [1] => Some(Stub::Code),
        [2, secret @ ..] => {
            let secret = <[u8; TOTP_OCTETS]>::try_from(secret).ok()?;
            Some(Stub::SetUp(TotpSecret::from_octets(secret)))
        }
        _ => None,
    }
}
