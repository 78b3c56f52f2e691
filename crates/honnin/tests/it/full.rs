//! The journal's volume without room: personal pages stop, public pages go on, nothing is lost, and it passes.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{Browser, Demo, Place, soon};

/// A small volume of its own; gone when dropped.
struct Volume(PathBuf);

impl Volume {
    /// Mounts one of so many MiB; `None` where this user may not.
    fn mount(at: PathBuf, mebibytes: u32) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let size = format!("size={mebibytes}m,mode=700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).stderr(Stdio::null());
        mount.status().is_ok_and(|ended| ended.success()).then(|| Self(at))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Writes until there is no room left.
    fn fill(&self) {
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(self.filler()).unwrap();
        for length in [1 << 16, 1 << 12, 1 << 9, 1] {
            while file.write_all(&vec![7; length]).is_ok() {}
        }
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

fn status_of(browser: &mut Browser, path: &str) -> u16 {
    browser.get(path).status
}

fn verified(data: &Path) -> u64 {
    let told = crate::support::run_in(data, &["journal", "verify"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    let told = told.out.lines().find_map(|line| line.strip_prefix("to owner"));
    told.unwrap().split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_full_volume_stops_personal_pages_only_and_passes_by_itself() {
    let place = Place::for_demo(&[("segment", "\"1 MiB\""), ("segments", "2")]);
    let Some(volume) = Volume::mount(place.data.join("journal"), 6) else {
        println!("skipped: this user may not mount a tmpfs, so no volume can be filled");
        return;
    };
    let (log, sessions) = (place.beside("log"), place.beside("sessions.csv"));
    let [data, file] = [&place.data, &sessions].map(|path| path.to_str().unwrap());
    let args = ["--data", data, "--sessions", "8", "--sessions-out", file];
    let demo = Demo::start_logging(&log, "warn", args);
    let mut browsers = demo.browsers(&sessions);
    let browser = browsers.values_mut().next().unwrap();
    assert_eq!(status_of(browser, "/lines"), 200);
    let mut shown = 1_u64;
    volume.fill();
    // What was preallocated is used up first; only then is there no room.
    let mut refused = None;
    for _ in 0..40_000 {
        let answer = browser.get("/api/v1/me");
        if answer.status == 200 {
            shown += 1;
        } else {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a volume of 6 MiB is full before that");
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    for browser in browsers.values_mut() {
        for path in ["/lines", "/bills", "/devices"] {
            let closed = browser.get(path);
            assert_eq!(closed.status, 503, "{path}");
            assert!(
                closed.headers.contains_key("retry-after") && closed.body.contains("<html"),
                "{}",
                closed.body
            );
            assert!(!closed.body.contains("-****-"), "{}", closed.body);
        }
        for path in ["/notices", "/api/v1/notices", "/healthz", "/robots.txt"] {
            assert_eq!(status_of(browser, path), 200, "{path}");
        }
    }
    assert_eq!(status_of(&mut demo.browser(), "/sign-in"), 503, "no form that would be refused");
    assert_eq!(status_of(&mut Browser::new(demo.monitor()), "/readyz"), 503);
    let raised = demo.metric("honnin_alarm_total{kind=\"journal\"}");
    assert!(raised.is_some_and(|raised| raised >= 1.0), "somebody is called: {raised:?}");
    assert_eq!(verified(&place.data), shown, "what was shown is in the journal, and nothing else");
    fs::remove_file(volume.filler()).unwrap();
    let browser = browsers.values_mut().next().unwrap();
    assert!(soon(|| status_of(browser, "/lines") == 200), "somebody has to do more than make room");
    assert_eq!(status_of(&mut Browser::new(demo.monitor()), "/readyz"), 200);
    assert_eq!(verified(&place.data), shown + 1, "nothing was lost and nothing was written twice");
    assert!(fs::read_to_string(&log).unwrap().contains("alarm=\"journal\""));
    assert_eq!(demo.stop(), Some(0));
    assert_eq!(verified(&place.data), shown + 1);
}
