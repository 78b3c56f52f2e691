//! The certificate where TLS ends here: read with its key, checked before it is used, taken anew when it is renewed.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use honnin_figures::{self as figures, AlarmKind};
use honnin_front::{Certificates, Certified};
use honnin_terms::{Clock, Moment};

use crate::failure::Failure;
use crate::installation::Installation;
use crate::machine::SystemClock;

/// How often the files are looked at without being asked to.
const LOOK: Duration = Duration::from_mins(1);
/// A certificate that expires sooner needs attention.
pub(crate) const SOON_SECONDS: i64 = 14 * 86_400;

/// Where certificate and key lie.
#[derive(Debug, Clone)]
pub(crate) struct CertificateFiles {
    certificate: PathBuf,
    key: PathBuf,
}

/// What tells a file from the one before: its inode, length and time of change.
type Stamp = [Option<(u64, u64, i64, i64)>; 2];

impl CertificateFiles {
    /// As the settings name them.
    pub(crate) fn of(installation: &Installation) -> Option<Self> {
        let listen = &installation.settings.listen;
        let (certificate, key) = (listen.tls_certificate.path()?, listen.tls_key.path()?);
        let base = installation.base();
        Some(Self { certificate: base.join(certificate), key: base.join(key) })
    }

    /// Reads and checks both.
    ///
    /// # Errors
    /// [`Failure`]: which file, why, and what to do.
    pub(crate) fn read(&self) -> Result<Certified, Failure> {
        let read = |file: &Path| {
            let unreadable =
                |reason: io::Error| Failure::settings(&reason).during(&format!("read {}", file.display()));
            fs::read(file).map_err(unreadable)
        };
        let chain = read(&self.certificate)?;
        let mode = fs::metadata(&self.key).map_or(0, |known| known.mode() & 0o777);
        if mode & 0o007 != 0 {
            let file = self.key.display();
            let what = format!(
                "cannot use the private key {file}: other users can read it (mode {mode:03o}); chmod 600 it"
            );
            return Err(Failure::with(crate::failure::Exit::Settings, what));
        }
        let key = zeroize::Zeroizing::new(read(&self.key)?);
        Certified::read(&chain, &key).map_err(|reason| {
            let files = format!("use {} with {}", self.certificate.display(), self.key.display());
            Failure::settings(&reason).during(&files)
        })
    }

    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|file| {
            let known = fs::metadata(file).ok()?;
            Some((known.ino(), known.len(), known.mtime(), known.mtime_nsec()))
        })
    }
}

/// Until when it is valid.
pub(crate) fn expires(certified: &Certified) -> Moment {
    Moment::from_millis(certified.expires().saturating_mul(1_000)).unwrap_or(Moment::EPOCH)
}

/// Takes renewed certificates while connections go on.
#[derive(Debug)]
pub(crate) struct Renewal {
    files: CertificateFiles,
    certificates: Arc<Certificates>,
    expires: Moment,
    seen: Stamp,
    /// Whether the log was told that it expires soon.
    told: bool,
}

impl Renewal {
    /// Reads the certificate for the first time.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be used.
    pub(crate) fn new(files: CertificateFiles) -> Result<Self, Failure> {
        let seen = files.stamp();
        let certified = files.read()?;
        let expires = expires(&certified);
        let certificates = Arc::new(Certificates::new(certified));
        Ok(Self { files, certificates, expires, seen, told: false })
    }

    /// The configuration of TLS that always shows the newest.
    ///
    /// # Errors
    /// [`Failure`] where there is no protocol to speak.
    pub(crate) fn config(&self) -> Result<Arc<honnin_front::TlsConfig>, Failure> {
        Ok(self.certificates.config()?)
    }

    /// Looks after the certificate until the runtime ends; `hangup` asks for it at once.
    pub(crate) async fn run(mut self, mut hangup: tokio::sync::watch::Receiver<u64>) {
        self.tell(SystemClock.now());
        loop {
            let asked = tokio::select! {
                changed = hangup.changed() => changed.is_ok(),
                () = tokio::time::sleep(LOOK) => false,
            };
            self.look(asked, SystemClock.now());
        }
    }

    /// Takes the files where they have changed or somebody asks for it.
    fn look(&mut self, asked: bool, now: Moment) {
        let stamp = self.files.stamp();
        if asked || stamp != self.seen {
            self.seen = stamp;
            match self.files.read() {
                Ok(certified) => {
                    self.expires = expires(&certified);
                    self.told = false;
                    self.certificates.replace(certified);
                    tracing::info!(expires = %self.expires, "took the certificate");
                }
                Err(reason) => {
                    figures::alarm!(AlarmKind::Certificate, %reason, "the renewed certificate is not used; the one before is");
                }
            }
        }
        self.tell(now);
    }

    fn tell(&mut self, now: Moment) {
        let expires = u64::try_from(self.expires.millis() / 1000).unwrap_or(0);
        figures::set(&figures::certificate_expires(), expires);
        let soon = self.expires.seconds_since(now) < SOON_SECONDS;
        if soon && !self.told {
            figures::alarm!(AlarmKind::Certificate, expires = %self.expires, "the certificate expires soon");
        }
        self.told = soon;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use honnin_figures::Figures;
    use honnin_testkit::TestDir;

    use super::*;

    /// Two certificates, each with its key; the first ends on 2126-10-29, the second on 2126-11-05.
    const FIRST: [&[u8]; 2] = [
        include_bytes!("../../../front/src/test-certificate.pem"),
        include_bytes!("../../../front/src/test-key.pem"),
    ];
    const SECOND: [&[u8]; 2] = [
        include_bytes!("../../tests/data/my.operator.jp-certificate.pem"),
        include_bytes!("../../tests/data/my.operator.jp-key.pem"),
    ];
    const DAY: i64 = 86_400;

    /// Writes both files as those who renew do: a new file in the place of the old.
    fn put(files: &CertificateFiles, [certificate, key]: [&[u8]; 2]) {
        for (file, octets) in [(&files.certificate, certificate), (&files.key, key)] {
            let new = file.with_extension("new");
            fs::write(&new, octets).unwrap();
            fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
            fs::rename(&new, file).unwrap();
        }
    }

    fn begun(dir: &TestDir) -> Renewal {
        let files = CertificateFiles { certificate: dir.join("chain.pem"), key: dir.join("key.pem") };
        put(&files, FIRST);
        Renewal::new(files).unwrap()
    }

    fn counted(work: impl FnOnce()) -> [String; 2] {
        let figures: Figures = figures::counted_by(work);
        ["honnin_alarm_total{kind=\"certificate\"}", "honnin_certificate_expires_timestamp_seconds"]
            .map(|series| figures.value(series).unwrap())
    }

    #[test]
    fn one_that_expires_soon_is_told_once_and_again_when_a_renewed_one_does() {
        let dir = TestDir::new();
        let mut renewal = begun(&dir);
        let ends = renewal.expires;
        let before = |days: i64| ends.plus_seconds(-days * DAY);
        let [alarms, expires] = counted(|| {
            renewal.tell(before(30));
            renewal.look(false, before(15));
        });
        assert_eq!((alarms.as_str(), expires), ("0", (ends.millis() / 1000).to_string()), "there is time");
        let [alarms, _] = counted(|| {
            for days in [13, 13, 7, 1, 0, -1] {
                renewal.look(false, before(days));
            }
        });
        assert_eq!(alarms, "1", "once, however often it is looked");
        put(&renewal.files, SECOND);
        let [alarms, expires] = counted(|| renewal.look(false, before(13)));
        assert_eq!((alarms.as_str(), expires), ("0", (renewal.expires.millis() / 1000).to_string()));
        let ends = renewal.expires;
        let [alarms, _] = counted(|| {
            renewal.look(false, ends.plus_seconds(-13 * DAY));
            renewal.look(false, ends.plus_seconds(-12 * DAY));
        });
        assert_eq!(alarms, "1", "of another certificate it is told anew");
    }

    #[test]
    fn renewed_files_are_taken_by_the_look_itself_and_half_a_renewal_is_not() {
        let dir = TestDir::new();
        let mut renewal = begun(&dir);
        let (first, now) = (renewal.expires, renewal.expires.plus_seconds(-60 * DAY));
        // The certificate of the next and the key of the one before: as while somebody copies one after the other.
        let [_, key] = FIRST;
        put(&renewal.files, [SECOND[0], key]);
        let [alarms, expires] = counted(|| {
            renewal.look(false, now);
            renewal.look(false, now);
        });
        assert_eq!((alarms.as_str(), renewal.expires), ("1", first), "told once, and the one before stays");
        assert_eq!(expires, (first.millis() / 1000).to_string());
        put(&renewal.files, SECOND);
        let [alarms, expires] = counted(|| renewal.look(false, now));
        assert!(renewal.expires > first, "{} {first}", renewal.expires);
        assert_eq!((alarms.as_str(), expires), ("0", (renewal.expires.millis() / 1000).to_string()));
    }
}
