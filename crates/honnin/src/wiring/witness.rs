//! What stands between the keeper and whoever asks it: nothing is released or changed that is not written down, and
//! nothing without end.
//!
//! A server writes each release into its own log. A command has written its act into the log of commands, and gets so
//! much for it and no more. A process that has written nothing gets nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use honnin_access::{Answer, ReleasedFor, SignInProof};
use honnin_care::{Channel, Recorder};
use honnin_figures::{self as figures, AlarmKind};
use honnin_journal::{Act, Details, Kind, Party};
use honnin_keeper::{Deed, Refused, Witness};
use honnin_terms::{AccountId, Moment};

use super::rooms::entropy;

/// Keys and credentials that one act of an operator is worth: the one it is about, and as often again as somebody else
/// may write in between.
pub(crate) const FOR_ONE_ACT: u32 = 16;
/// How often the key of one account is released in an hour, by one process.
pub(crate) const RELEASES_AN_HOUR: u32 = 1_000;
const HOUR: i64 = 3_600;
/// Accounts counted at once; beyond it the count begins anew.
const MOST_COUNTED: usize = 100_000;

/// Who writes down what the keeper does.
enum Writer {
    /// Nobody: nothing is done.
    Nobody,
    /// A server, into its own log.
    Server(Arc<Recorder>),
    /// A command, into the log of commands while it is open.
    Command { recorder: Option<Arc<Recorder>>, operator: String, left: u32 },
}

#[derive(Default)]
struct Counted {
    since: Option<Moment>,
    of: HashMap<AccountId, u32>,
}

/// The witness of the keeper of this process.
pub(crate) struct Written {
    writer: Mutex<Writer>,
    counted: Mutex<Counted>,
    /// A demo opens as many accounts and sessions as its settings say, all invented.
    demo: bool,
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written").field("demo", &self.demo).finish_non_exhaustive()
    }
}

/// A command has the log of commands open, where what it does is written under a name.
fn by_command((_, operator): (Arc<Recorder>, Option<String>)) -> Result<(), Refused> {
    operator.map(drop).ok_or_else(|| refuse(Deed::ReleaseAccountKey, Refused::NotRecorded))
}

fn refuse(deed: Deed, why: Refused) -> Refused {
    figures::keeper_refused(deed.word()).increment(1);
    figures::alarm!(AlarmKind::Keeper, deed = deed.word(), %why, "the keeper was asked for what is not done");
    why
}

impl Written {
    pub(crate) fn new(demo: bool) -> Self {
        Self { writer: Mutex::new(Writer::Nobody), counted: Mutex::default(), demo }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on a server writes.
    pub(crate) fn serves(&self, recorder: Arc<Recorder>) {
        *self.writer() = Writer::Server(recorder);
    }

    /// From now on a command writes, once it has.
    pub(crate) fn commands(&self, recorder: Arc<Recorder>, operator: &str) {
        let mut writer = self.writer();
        let before = match &*writer {
            Writer::Command { left, .. } => *left,
            Writer::Nobody | Writer::Server(_) => 0,
        };
        *writer = Writer::Command { recorder: Some(recorder), operator: operator.to_owned(), left: before };
    }

    /// An act was written down.
    pub(crate) fn wrote(&self) {
        if let Writer::Command { left, .. } = &mut *self.writer() {
            *left = FOR_ONE_ACT;
        }
    }

    /// The log of commands is closed; what was written there still counts.
    pub(crate) fn closes(&self) {
        if let Writer::Command { recorder, .. } = &mut *self.writer() {
            *recorder = None;
        }
    }

    /// As if an act without end had been written, for tests of what follows.
    #[cfg(test)]
    pub(crate) fn lets_everything(&self) {
        let (recorder, operator) = (None, String::new());
        *self.writer() = Writer::Command { recorder, operator, left: u32::MAX };
    }

    /// One more of what an act is worth.
    fn take(&self, deed: Deed) -> Result<(), Refused> {
        match &mut *self.writer() {
            Writer::Nobody => Err(refuse(deed, Refused::NotRecorded)),
            Writer::Server(_) if deed == Deed::MoveLines => Err(refuse(deed, Refused::NotRecorded)),
            Writer::Server(_) => Ok(()),
            Writer::Command { left: 0, .. } if !self.demo => Err(refuse(deed, Refused::TooOften(0))),
            Writer::Command { left, .. } => {
                // Rows of a ledger are as many as it has: the act is the run.
                if matches!(deed, Deed::Credential | Deed::MoveLines | Deed::ReleaseAccountKey) {
                    *left = left.saturating_sub(1);
                }
                Ok(())
            }
        }
    }

    /// Counts a release of an account's key.
    fn counts(&self, proof: &SignInProof) -> Result<(), Refused> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let Counted { since, of } = &mut *counted;
        let age = since.map(|since| proof.at().seconds_since(since));
        if age.is_none_or(|age| !(0..HOUR).contains(&age)) || of.len() >= MOST_COUNTED {
            *since = Some(proof.at());
            of.clear();
        }
        let count = of.entry(proof.account()).or_default();
        if *count >= RELEASES_AN_HOUR {
            let left = HOUR.saturating_sub(age.unwrap_or(0));
            return Err(refuse(Deed::ReleaseAccountKey, Refused::TooOften(left)));
        }
        *count += 1;
        Ok(())
    }

    /// Who writes it down, and under whose name.
    fn recorder(&self) -> Result<(Arc<Recorder>, Option<String>), Refused> {
        match &*self.writer() {
            Writer::Server(recorder) => Ok((Arc::clone(recorder), None)),
            Writer::Command { recorder: Some(recorder), operator, .. } => {
                Ok((Arc::clone(recorder), Some(operator.clone())))
            }
            Writer::Nobody | Writer::Command { recorder: None, .. } => {
                Err(refuse(Deed::ReleaseAccountKey, Refused::NotRecorded))
            }
        }
    }

    async fn write(&self, proof: SignInProof) -> Result<(), Refused> {
        let mut details = Details { request: Some(proof.request()), ..Details::default() };
        let kind = match proof.purpose() {
            ReleasedFor::Session { session, device, is_new, by } => {
                let note = by.word().to_owned();
                details = Details { session: Some(session), device, new_device: is_new, note, ..details };
                Kind::SignedIn
            }
            ReleasedFor::Activation => Kind::Activated,
            ReleasedFor::NewPassword => Kind::PasswordChanged,
            // The command has written it down by itself, as an act on this very account.
            ReleasedFor::Import => return Ok(()),
            // So has it opened the case. No server looks on one.
            ReleasedFor::Case(_) => return self.recorder().and_then(by_command),
        };
        #[cfg(test)]
        if matches!(&*self.writer(), Writer::Command { recorder: None, left, .. } if *left > u32::MAX / 2) {
            return Ok(());
        }
        let (recorder, operator) = self.recorder()?;
        let channel = match (&operator, proof.is_by_program()) {
            (Some(_), _) => Channel::Operator,
            (None, true) => Channel::Api,
            (None, false) => Channel::Page,
        };
        details.operator = operator.unwrap_or_default();
        let who = Party::Account(proof.account());
        let act = Act { channel: channel.code(), ..Act::new(kind, proof.at(), who, who, &details) };
        recorder.write(&act, &*entropy()).await.map(drop).map_err(|error| {
            figures::alarm!(AlarmKind::Journal, %error, act = kind.row().word, "the journal takes no entry; no key is released");
            Refused::NotRecorded
        })
    }
}

impl Witness for Written {
    fn about_to(&self, deed: Deed) -> Result<(), Refused> {
        figures::keeper_deeds(deed.word()).increment(1);
        // What it takes to write anything down, and what the installation says of itself.
        if matches!(deed, Deed::JournalEpoch | Deed::Mode) { Ok(()) } else { self.take(deed) }
    }

    fn about_to_release(&self, proof: &SignInProof) -> Answer<'_, Result<(), Refused>> {
        let deed = Deed::ReleaseAccountKey;
        figures::keeper_deeds(deed.word()).increment(1);
        if let Err(refused) = self.take(deed).and_then(|()| self.counts(proof)) {
            return Answer::ready(Err(refused));
        }
        Answer::later(self.write(*proof))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_entry_the_keeper_releases_nothing() {
        let witness = Written::new(false);
        // What writing takes, and what the installation says of its own mode.
        let is_free = |deed: &Deed| matches!(deed, Deed::JournalEpoch | Deed::Mode);
        let counted = figures::counted_by(|| {
            for deed in Deed::ALL {
                assert_eq!(witness.about_to(*deed).is_ok(), is_free(deed), "{deed:?}");
            }
            assert!(witness.recorder().is_err());
        });
        let refused = Deed::ALL.iter().filter(|deed| !is_free(deed)).count() + 1;
        assert_eq!(counted.value("honnin_alarm_total{kind=\"keeper\"}"), Some(refused.to_string()));
    }

    #[test]
    fn an_act_is_worth_so_much_and_no_more() {
        let witness = Written::new(false);
        let (recorder, operator) = (None, "suzuki".to_owned());
        *witness.writer() = Writer::Command { recorder, operator, left: 0 };
        assert_eq!(witness.about_to(Deed::Credential), Err(Refused::TooOften(0)), "nothing is written yet");
        witness.wrote();
        let done = (0..1_000).filter(|_| witness.about_to(Deed::Credential).is_ok()).count();
        assert_eq!(done, usize::try_from(FOR_ONE_ACT).unwrap());
        assert_eq!(witness.about_to(Deed::MoveLines), Err(Refused::TooOften(0)));
        witness.wrote();
        assert!((0..1_000).all(|_| witness.about_to(Deed::SealFromFeed).is_ok()), "rows are the run's");
        witness.closes();
        assert!(witness.about_to(Deed::MoveLines).is_ok(), "what was written still counts");
        assert!(witness.recorder().is_err(), "and nothing more can be");
    }
}
