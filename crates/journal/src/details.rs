//! The details of an entry, sealed in its body: what only the owner and the operator read.
//!
//! Shape, big-endian: which parts there are (2), then each of them in the order of the fields. Ids are 16 octets, lists
//! have their length (1) before them, texts too.

use honnin_terms::{AccountId, DeviceId, HoldingId, Id, Moment, RequestId, SessionId};

use crate::BadFormat;
use crate::entry::{MOST_BODY, take};

/// Longest name of an operator and longest note, in octets.
pub const MOST_TEXT: usize = 128;
/// Most ids or counts in one list: the body holds no more beside the rest.
pub const MOST_LISTED: usize = 40;

/// Details of an entry. Every part may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The holding it was about.
    pub holding: Option<HoldingId>,
    /// The request it was made in.
    pub request: Option<RequestId>,
    /// The session it was made in.
    pub session: Option<SessionId>,
    /// The device of the session.
    pub device: Option<DeviceId>,
    /// Whether the account had not been used from that device before.
    pub new_device: bool,
    /// When what is recorded took place, where that is not when it was recorded.
    pub at: Option<Moment>,
    /// Other accounts it names: of a merge, who took and who gave.
    pub accounts: Vec<AccountId>,
    /// Other holdings it names: of a merge, what went.
    pub holdings: Vec<HoldingId>,
    /// The name a person of the operator acted under.
    pub operator: String,
    /// Counts: rows of a run, numbers of a merge.
    pub counts: Vec<u64>,
    /// Anything else, in words.
    pub note: String,
}

const HOLDING: u16 = 1;
const REQUEST: u16 = 1 << 1;
const SESSION: u16 = 1 << 2;
const DEVICE: u16 = 1 << 3;
const NEW_DEVICE: u16 = 1 << 4;
const AT: u16 = 1 << 5;
const ACCOUNTS: u16 = 1 << 6;
const HOLDINGS: u16 = 1 << 7;
const OPERATOR: u16 = 1 << 8;
const COUNTS: u16 = 1 << 9;
const NOTE: u16 = 1 << 10;

impl Details {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parts() == 0
    }

    fn parts(&self) -> u16 {
        let part = |is: bool, part: u16| if is { part } else { 0 };
        part(self.holding.is_some(), HOLDING)
            | part(self.request.is_some(), REQUEST)
            | part(self.session.is_some(), SESSION)
            | part(self.device.is_some(), DEVICE)
            | part(self.new_device, NEW_DEVICE)
            | part(self.at.is_some(), AT)
            | part(!self.accounts.is_empty(), ACCOUNTS)
            | part(!self.holdings.is_empty(), HOLDINGS)
            | part(!self.operator.is_empty(), OPERATOR)
            | part(!self.counts.is_empty(), COUNTS)
            | part(!self.note.is_empty(), NOTE)
    }

    /// The octets to be sealed; lists and texts end at their bound.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        out.extend_from_slice(&self.parts().to_be_bytes());
        let ids = [
            self.holding.as_ref().map(Id::octets),
            self.request.as_ref().map(Id::octets),
            self.session.as_ref().map(Id::octets),
            self.device.as_ref().map(Id::octets),
        ];
        ids.into_iter().flatten().for_each(|id| out.extend_from_slice(id));
        out.extend(self.at.map(|at| at.millis().to_be_bytes()).into_iter().flatten());
        put_list(&mut out, &self.accounts, |id| *id.octets());
        put_list(&mut out, &self.holdings, |id| *id.octets());
        put_text(&mut out, &self.operator);
        put_list(&mut out, &self.counts, |count| count.to_be_bytes());
        put_text(&mut out, &self.note);
        out.truncate(MOST_BODY - 64);
        out
    }

    /// Reads details.
    ///
    /// # Errors
    /// [`BadFormat`] where they are not of this shape.
    pub(crate) fn parse(octets: &[u8]) -> Result<Self, BadFormat> {
        let mut rest = octets;
        let parts = u16::from_be_bytes(take(&mut rest)?);
        let has = |part: u16| parts & part != 0;
        let mut out = Self { new_device: has(NEW_DEVICE), ..Self::default() };
        if has(HOLDING) {
            out.holding = Some(HoldingId::from_octets(take(&mut rest)?));
        }
        if has(REQUEST) {
            out.request = Some(RequestId::from_octets(take(&mut rest)?));
        }
        if has(SESSION) {
            out.session = Some(SessionId::from_octets(take(&mut rest)?));
        }
        if has(DEVICE) {
            out.device = Some(DeviceId::from_octets(take(&mut rest)?));
        }
        if has(AT) {
            let at = Moment::from_millis(i64::from_be_bytes(take(&mut rest)?));
            out.at = Some(at.map_err(|_| BadFormat("a moment that can be counted"))?);
        }
        if has(ACCOUNTS) {
            out.accounts = list(&mut rest, AccountId::from_octets)?;
        }
        if has(HOLDINGS) {
            out.holdings = list(&mut rest, HoldingId::from_octets)?;
        }
        if has(OPERATOR) {
            out.operator = text(&mut rest)?;
        }
        if has(COUNTS) {
            out.counts = list(&mut rest, u64::from_be_bytes)?;
        }
        if has(NOTE) {
            out.note = text(&mut rest)?;
        }
        if out.parts() == parts && rest.is_empty() {
            Ok(out)
        } else {
            Err(BadFormat("details and nothing else"))
        }
    }
}

fn put_list<T, const N: usize>(out: &mut Vec<u8>, list: &[T], octets: impl Fn(&T) -> [u8; N]) {
    let count = list.len().min(MOST_LISTED);
    if count > 0 {
        out.push(u8::try_from(count).unwrap_or(0));
        list.iter().take(count).for_each(|one| out.extend_from_slice(&octets(one)));
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let end = (0..=text.len().min(MOST_TEXT)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    if end > 0 {
        out.push(u8::try_from(end).unwrap_or(0));
        out.extend_from_slice(text.as_bytes().get(..end).unwrap_or_default());
    }
}

fn list<T, const N: usize>(rest: &mut &[u8], of: impl Fn([u8; N]) -> T) -> Result<Vec<T>, BadFormat> {
    let [count] = take::<1>(rest)?;
    (0..count).map(|_| take(rest).map(&of)).collect()
}

fn text(rest: &mut &[u8]) -> Result<String, BadFormat> {
    let [length] = take::<1>(rest)?;
    let (text, after) = rest.split_at_checked(usize::from(length)).ok_or(BadFormat("a whole text"))?;
    *rest = after;
    String::from_utf8(text.to_vec()).map_err(|_| BadFormat("UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_read_back_what_they_write_and_end_at_their_bounds() {
        assert!(Details::default().is_empty());
        assert_eq!(Details::parse(&Details::default().octets()), Ok(Details::default()));
        let full = Details {
            holding: Some(HoldingId::from_octets([1; 16])),
            request: Some(RequestId::from_octets([2; 16])),
            session: Some(SessionId::from_octets([3; 16])),
            device: Some(DeviceId::from_octets([4; 16])),
            new_device: true,
            at: Some(Moment::EPOCH.plus_seconds(7)),
            accounts: vec![AccountId::from_octets([5; 16]); 2],
            holdings: vec![HoldingId::from_octets([6; 16]); 20],
            operator: "鈴木".to_owned(),
            counts: vec![1, u64::MAX],
            note: "a note".to_owned(),
        };
        let octets = full.octets();
        assert_eq!(Details::parse(&octets), Ok(full.clone()));
        assert!(Details::parse(octets.get(..octets.len() - 1).unwrap()).is_err());
        assert!(Details::parse(&[&octets[..], &[0]].concat()).is_err());
        let long = Details {
            note: "長".repeat(100),
            holdings: vec![full.holding.unwrap(); 99],
            ..Details::default()
        };
        let read = Details::parse(&long.octets()).unwrap();
        assert_eq!((read.holdings.len(), read.note.chars().count()), (MOST_LISTED, MOST_TEXT / 3));
    }
}
