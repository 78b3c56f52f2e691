//! Sealed blobs: what somebody with the database could put in a row's place, and what a broken writer could seal.

use honnin_access::{Document, DocumentError, Ring, Subject, open_document};
use honnin_seal::{AccountKey, OpenError, Place, Purpose};
use honnin_store::document::{Bills, Line, Profile, Purchases, UsageMonth, Wish};
use honnin_terms::{AccountId, HoldingId, Id, TenantId};
use honnin_testkit::SeededEntropy;

use crate::{Failure, Target, hold};

const EPOCH: u32 = 1;
const ROW: &[u8] = b"2026-11";

/// One account's ring and honest blobs of a subject of it.
///
/// The first octet says what is done with the rest: it is the blob, it alters an honest blob, it says where that is
/// cut, or it is the plaintext of a blob. The second chooses the kind of document.
#[derive(Debug)]
pub struct SealedBlobs {
    subject: Subject,
    ring: Ring,
    account_key: AccountKey,
    /// The ring under the account key.
    wrapped: Vec<u8>,
}

/// How a document's kind is tried.
type Try = fn(&SealedBlobs, Attack<'_>) -> Result<(), String>;

const KINDS: [Try; 6] = [
    SealedBlobs::document::<Profile>,
    SealedBlobs::document::<Bills>,
    SealedBlobs::document::<Line>,
    SealedBlobs::document::<UsageMonth>,
    SealedBlobs::document::<Purchases>,
    SealedBlobs::document::<Wish>,
];

/// What is done with the octets.
#[derive(Debug, Clone, Copy)]
enum Attack<'a> {
    /// They are the blob.
    Forged(&'a [u8]),
    /// They alter an honest one: place (two octets) and what is flipped there (one).
    Altered(&'a [u8]),
    /// They say where an honest one is cut, and what follows instead.
    Cut(&'a [u8]),
    /// They are the plaintext.
    Inside(&'a [u8]),
}

impl<'a> Attack<'a> {
    fn read(octet: u8, rest: &'a [u8]) -> Self {
        match octet % 4 {
            0 => Self::Forged(rest),
            1 => Self::Altered(rest),
            2 => Self::Cut(rest),
            _ => Self::Inside(rest),
        }
    }

    /// The blob, and whether it may open.
    fn on(self, honest: &[u8]) -> (Vec<u8>, bool) {
        let blob = match self {
            Self::Forged(octets) => octets.to_vec(),
            Self::Altered(edits) => altered(honest, edits),
            Self::Cut(octets) => cut(honest, octets),
            Self::Inside(_) => honest.to_vec(),
        };
        let same = blob == honest;
        (blob, same)
    }
}

fn altered(honest: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut blob = honest.to_vec();
    for edit in edits.chunks_exact(3) {
        if let [high, low, flip] = edit {
            let place = usize::from(u16::from_be_bytes([*high, *low])) % blob.len().max(1);
            if let Some(octet) = blob.get_mut(place) {
                *octet ^= flip;
            }
        }
    }
    blob
}

fn cut(honest: &[u8], octets: &[u8]) -> Vec<u8> {
    let (at, after) = octets.split_first_chunk::<2>().unwrap_or((&[0, 0], octets));
    let at = usize::from(u16::from_be_bytes(*at)) % (honest.len() + 1);
    [honest.get(..at).unwrap_or_default(), after].concat()
}

impl SealedBlobs {
    fn place<D: Document>(&self) -> Place<'static> {
        let Subject { tenant, account, holding } = self.subject;
        let purpose = Purpose::Document(D::KIND);
        Place {
            holding,
            row: ROW,
            schema: D::SCHEMA,
            epoch: EPOCH,
            ..Place::of_account(tenant, account, purpose)
        }
    }

    /// A blob with that plaintext, as a writer of ours would have sealed it.
    fn sealed<D: Document>(&self, plain: &[u8]) -> Result<Vec<u8>, OpenError> {
        let key = self.ring.kind(self.subject.holding, EPOCH, D::KIND)?;
        let sealed = key.seal(&self.place::<D>(), plain, &SeededEntropy::new(9))?;
        Ok([&D::SCHEMA.to_be_bytes()[..], &EPOCH.to_be_bytes(), &sealed].concat())
    }

    fn document<D: Document>(&self, attack: Attack<'_>) -> Result<(), String> {
        let plain = if let Attack::Inside(plain) = attack { plain } else { b"an honest plaintext" };
        let honest = self.sealed::<D>(plain).map_err(|error| error.to_string())?;
        let (blob, is_honest) = attack.on(&honest);
        match open_document::<D>(&self.ring, &self.subject, ROW, &blob) {
            Ok(_) | Err(DocumentError::Malformed) => {
                hold(is_honest, || format!("a blob of {} opens that nobody sealed", D::KIND))
            }
            Err(DocumentError::DoesNotOpen) => {
                hold(!is_honest, || format!("an honest {} does not open", D::KIND))
            }
            Err(error @ (DocumentError::Schema { .. } | DocumentError::NoKey)) => Err(error.to_string()),
        }
    }

    fn wrapped_ring(&self, attack: Attack<'_>) -> Result<(), String> {
        let (blob, is_honest) = attack.on(&self.wrapped);
        let opened = Ring::open(account(&self.subject), &self.account_key, &blob).map(drop);
        hold(opened.is_ok() == is_honest, || {
            format!("a wrapped ring that is honest ({is_honest}): {opened:?}")
        })
    }
}

const fn account(subject: &Subject) -> (TenantId, AccountId, u32) {
    (subject.tenant, subject.account, EPOCH)
}

impl Target for SealedBlobs {
    const NAME: &'static str = "sealed";

    fn open() -> Result<Self, Failure> {
        let entropy = SeededEntropy::new(7);
        let (hers, line) = (AccountId::from_octets([1; 16]), HoldingId::from_octets([2; 16]));
        let subject = Subject { tenant: TenantId::FIRST, account: hers, holding: Some(line) };
        let account_key = AccountKey::random(&entropy);
        let (ring, wrapped) = Ring::make(account(&subject), &account_key, &entropy)?;
        Ok(Self { subject, ring, account_key, wrapped })
    }

    fn play(&mut self, octets: &[u8]) -> Result<(), String> {
        let [attack, kind, rest @ ..] = octets else { return Ok(()) };
        let attack = Attack::read(*attack, rest);
        match KINDS.get(usize::from(*kind) % (KINDS.len() + 1)) {
            Some(attempt) => attempt(self, attack),
            None => self.wrapped_ring(attack),
        }
    }
}
