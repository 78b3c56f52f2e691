//! Checkpoints of the journal on their way out: into a directory that is somewhere else, and to witnesses who cosign
//! them. What has left is what a machine that was put back as a whole is found by.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use honnin_canary::Receiver;
use honnin_figures::{self as figures, AlarmKind};
use honnin_journal::{Cosigner, goes_on, named_size, parse_checkpoint, published, witness_request};
use honnin_seal::VerifyingKey;
use honnin_terms::{Clock, LogId, Moment};

/// A witness, and how it is reached.
#[derive(Debug)]
pub struct Witness {
    /// Its name and key.
    pub cosigner: Cosigner,
    /// Where it takes checkpoints.
    pub receiver: Receiver,
}

/// What leaves, where to.
pub struct Leaving {
    /// The directory of all logs.
    pub journal: PathBuf,
    /// The logs, the node's own first.
    pub logs: Vec<LogId>,
    /// The key that signs them.
    pub key: VerifyingKey,
    /// Where cosigned checkpoints lie, in the data directory.
    pub kept: PathBuf,
    /// A directory that is somewhere else.
    pub directory: Option<PathBuf>,
    /// Who cosigns.
    pub witnesses: Vec<Witness>,
    /// How often.
    pub every: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// When one last left.
    pub left: Arc<LastLeft>,
}

impl fmt::Debug for Leaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaving").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// When a checkpoint of every log last left to everybody who is to have one.
#[derive(Debug, Default)]
pub struct LastLeft(AtomicI64);

impl LastLeft {
    /// Seconds since then; `None` where none has left since the start.
    pub fn age(&self, now: Moment) -> Option<i64> {
        let millis = self.0.load(Ordering::Acquire);
        (millis > 0).then(|| now.millis().saturating_sub(millis) / 1_000)
    }

    /// One left then.
    pub fn is(&self, at: Moment) {
        self.0.store(at.millis(), Ordering::Release);
    }
}

/// Why a checkpoint did not leave.
#[derive(Debug, thiserror::Error)]
enum Stayed {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("the witness {0} did not answer: {1}")]
    Unanswered(String, String),
    #[error("the witness {0} answered {1} without its cosignature")]
    NotCosigned(String, u16),
    #[error("the witness {0} has cosigned {1} entries, and the log has {2}: the log was put back")]
    PutBack(String, u64, u64),
}

impl Leaving {
    /// The file in which a log's cosigned checkpoint of that witness is kept. The witness's key stands in it as well, so
    /// that two whose names are written alike have two files.
    fn kept_of(&self, log: LogId, witness: &Witness) -> PathBuf {
        let id = witness.cosigner.id();
        let name: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        self.kept.join(format!("{log}-{name}.note"))
    }

    /// Compares what is there with every checkpoint that left before. What does not go on from one of them was put back
    /// or rewritten.
    ///
    /// # Errors
    /// The log and which checkpoint; what the system says where one cannot be read.
    pub fn compare(&self) -> io::Result<Result<(), String>> {
        let mut left = Vec::new();
        for log in &self.logs {
            left.extend(self.directory.as_ref().map(|directory| (*log, latest(directory, *log))));
            left.extend(self.witnesses.iter().map(|witness| (*log, self.kept_of(*log, witness))));
        }
        for (log, path) in left {
            if let Some(said) = read(&path.with_extension(PUT_BACK))? {
                return Ok(Err(String::from_utf8_lossy(&said).into_owned()));
            }
            let Some(octets) = read(&path)? else { continue };
            match goes_on(&self.journal, log, &self.key, &octets)? {
                Some(true) => {}
                Some(false) => {
                    let path = path.display();
                    return Ok(Err(format!(
                        "the log {log} does not go on from the checkpoint that left before ({path}): it was put back or \
                         rewritten; restore the journal, or `honnin journal accept` and a directory of checkpoints of its own"
                    )));
                }
                None => {
                    let path = path.display();
                    return Ok(Err(format!("{path} is no checkpoint of the log {log} and its key")));
                }
            }
        }
        Ok(Ok(()))
    }

    /// When a checkpoint last left, as what was left says: of the log and place of which it is longest ago; `None`
    /// where one never left to somewhere it is to leave to.
    ///
    /// # Errors
    /// What the system says.
    pub fn oldest(&self) -> io::Result<Option<Moment>> {
        let mut oldest = None;
        for log in &self.logs {
            if published(&self.journal, *log, &self.key)?.is_none() {
                continue;
            }
            let mut places = Vec::new();
            if let Some(directory) = &self.directory {
                places.push(written_at(&latest(directory, *log))?);
            }
            for witness in &self.witnesses {
                let octets = read(&self.kept_of(*log, witness))?.unwrap_or_default();
                places.push(witness.cosigner.find(&octets, &octets).ok().map(|cosigned| cosigned.at));
            }
            for place in places {
                let Some(at) = place else { return Ok(None) };
                oldest = Some(oldest.map_or(at, |oldest: Moment| oldest.min(at)));
            }
        }
        Ok(oldest)
    }

    /// How far a log had come at whoever has its checkpoints: what lies in the directory, what is kept of witnesses, and
    /// what those say that answer now. 0 where nobody has any.
    ///
    /// # Errors
    /// What the system says where a file cannot be read.
    pub async fn farthest(&self, log: LogId) -> io::Result<u64> {
        let size_of = |octets: &[u8]| {
            let ours = parse_checkpoint(octets).ok().filter(|left| left.verify(&self.key).is_ok());
            let ours = ours.filter(|left| left.origin.ends_with(&format!("/{log}")));
            ours.map_or(0, |left| left.size)
        };
        let mut farthest = 0;
        if let Some(directory) = &self.directory {
            farthest = size_of(&read(&latest(directory, log))?.unwrap_or_default());
        }
        for witness in &self.witnesses {
            farthest = farthest.max(size_of(&read(&self.kept_of(log, witness))?.unwrap_or_default()));
            let Some(now) = published(&self.journal, log, &self.key)? else { continue };
            // It cosigns what it knows already, or says how far it has seen.
            let body = witness_request(&self.journal, log, &now, now.checkpoint.size)?;
            if let Ok((CONFLICT, answer)) = witness.receiver.post("/add-checkpoint", body).await {
                farthest = farthest.max(named_size(&answer).unwrap_or(0));
            }
        }
        Ok(farthest)
    }

    /// Whether anything is to leave.
    pub fn is_wanted(&self) -> bool {
        self.directory.is_some() || !self.witnesses.is_empty()
    }

    /// Sends them, again and again, until the runtime ends or the future is dropped.
    pub async fn run(self) {
        if !self.is_wanted() {
            return;
        }
        let mut told = String::new();
        loop {
            match self.round().await {
                Ok(()) => {
                    self.left.is(self.clock.now());
                    told.clear();
                }
                Err(reason) => {
                    figures::checkpoints_stayed().increment(1);
                    let text = reason.to_string();
                    if let Stayed::PutBack(..) = reason {
                        figures::alarm!(
                            AlarmKind::Journal,
                            reason = text,
                            "the journal is older than what a witness has seen"
                        );
                    } else if told != text {
                        tracing::warn!(
                            reason = text,
                            "a checkpoint of the journal did not leave; it is tried again"
                        );
                    }
                    told = text;
                }
            }
            tokio::time::sleep(self.every).await;
        }
    }

    /// One round: every log to everybody. What fails for one is tried for the others all the same.
    async fn round(&self) -> Result<(), Stayed> {
        let mut failed = None;
        for log in &self.logs {
            if let Some(directory) = &self.directory
                && let Err(error) = self.put(directory, *log)
            {
                failed = Some(Stayed::File(error));
            }
            for witness in &self.witnesses {
                if let Err(error) = self.send(*log, witness).await {
                    failed = Some(error);
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Into the directory: under its size, and as the latest.
    fn put(&self, directory: &Path, log: LogId) -> io::Result<()> {
        let Some(now) = published(&self.journal, log, &self.key)? else { return Ok(()) };
        let latest = latest(directory, log);
        if let Some(before) = read(&latest)?
            && goes_on(&self.journal, log, &self.key, &before)? != Some(true)
        {
            return Err(io::Error::other("the log does not go on from the checkpoint that left before"));
        }
        let folder = directory.join(log.to_string());
        fs::create_dir_all(&folder)?;
        self.write(&folder.join(format!("{:020}", now.checkpoint.size)), &now.octets)?;
        self.write(&latest, &now.octets)
    }

    /// To a witness: from the size it cosigned before.
    async fn send(&self, log: LogId, witness: &Witness) -> Result<(), Stayed> {
        let (path, name) = (self.kept_of(log, witness), witness.cosigner.name.clone());
        let before = read(&path)?.and_then(|octets| parse_checkpoint(&octets).ok());
        let mut old = before.map_or(0, |before| before.size);
        // Once more where it remembers another size than we do.
        for _ in 0..2 {
            // Read after that size was told: every node sends the log of commands, and another may have sent what was
            // published since.
            let Some(now) = published(&self.journal, log, &self.key)? else { return Ok(()) };
            if old > now.checkpoint.size {
                let put_back = Stayed::PutBack(name, old, now.checkpoint.size);
                fs::create_dir_all(&self.kept)?;
                self.write(&path.with_extension(PUT_BACK), put_back.to_string().as_bytes())?;
                return Err(put_back);
            }
            let body = witness_request(&self.journal, log, &now, old)?;
            let answered = witness.receiver.post("/add-checkpoint", body).await;
            let (status, answer) =
                answered.map_err(|error| Stayed::Unanswered(name.clone(), error.to_string()))?;
            if status == CONFLICT {
                old = named_size(&answer).map_err(|_| Stayed::NotCosigned(name.clone(), status))?;
                continue;
            }
            let cosigned = witness.cosigner.find(&now.octets, &answer);
            let cosigned = cosigned.map_err(|_| Stayed::NotCosigned(name.clone(), status))?;
            fs::create_dir_all(&self.kept)?;
            fs::remove_file(path.with_extension(PUT_BACK)).unwrap_or_default();
            let mut note = now.octets.clone();
            note.extend_from_slice(cosigned.line.as_bytes());
            return Ok(self.write(&path, &note)?);
        }
        Err(Stayed::NotCosigned(name, CONFLICT))
    }

    /// Writes a file beside its place and puts it there whole, to stay there after a power cut. Other nodes write those
    /// of the log of commands too, each beside under the name of its own log.
    fn write(&self, path: &Path, octets: &[u8]) -> io::Result<()> {
        let own = self.logs.first().map(ToString::to_string).unwrap_or_default();
        let beside = path.with_extension(format!("new-{own}"));
        fs::write(&beside, octets)?;
        fs::File::open(&beside)?.sync_all()?;
        fs::rename(&beside, path)?;
        match path.parent() {
            Some(directory) => fs::File::open(directory)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// How a witness answers that has seen another size than it is told.
const CONFLICT: u16 = 409;

/// What a witness has said that must not be forgotten, beside its last cosignature.
const PUT_BACK: &str = "put-back";

fn latest(directory: &Path, log: LogId) -> PathBuf {
    directory.join(format!("{log}.latest"))
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(octets) => Ok(Some(octets)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// When a file was written, as its file system says.
fn written_at(path: &Path) -> io::Result<Option<Moment>> {
    let modified = match fs::metadata(path) {
        Ok(about) => about.modified()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(i64::try_from(since.as_millis()).ok().and_then(|millis| Moment::from_millis(millis).ok()))
}

#[cfg(test)]
mod tests {
    use honnin_terms::Id;

    use super::*;

    #[test]
    fn witnesses_whose_names_are_written_alike_have_files_of_their_own() {
        let key = "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let witness = |name: &str| Witness {
            cosigner: Cosigner::parse(&format!("{name}+{key}")).unwrap(),
            receiver: Receiver::new("http://127.0.0.1:1", &[], Duration::from_secs(1)).unwrap(),
        };
        let leaving = Leaving {
            journal: PathBuf::new(),
            logs: Vec::new(),
            key: VerifyingKey([0; 32]),
            kept: PathBuf::from("kept"),
            directory: None,
            witnesses: Vec::new(),
            every: Duration::from_secs(1),
            clock: Arc::new(honnin_testkit::FixedClock::at("2026-11-20T06:00:00+09:00")),
            left: Arc::default(),
        };
        let file = |name| leaving.kept_of(LogId::from_octets([1; 16]), &witness(name));
        assert_ne!(file("w.example/1+1fb3a6cf"), file("w.example-1+36a39397"));
    }
}
