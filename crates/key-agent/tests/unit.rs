//! The unit of systemd that ships with the agent, and the examples that open it for other tokens.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use honnin_testkit::TestDir;

const UNIT: &str = "honnin-key-agent.service";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// What systemd says of the unit with that drop-in: what it does not take of ours, and how exposed the service is.
fn judged(drop_in: Option<&str>) -> Option<(Vec<String>, f64)> {
    let dir = TestDir::new();
    let text = fs::read_to_string(examples().join("systemd").join(UNIT)).unwrap();
    let program = env!("CARGO_BIN_EXE_honnin-key-agent");
    let unit = dir.write(UNIT, text.replace("/usr/local/bin/honnin-key-agent", program));
    if let Some(name) = drop_in {
        let place = dir.join(format!("{UNIT}.d"));
        fs::create_dir(&place).unwrap();
        fs::copy(examples().join("key-agent").join(name), place.join(name)).unwrap();
    }
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").arg(&unit).output() else {
        #[expect(clippy::print_stdout, reason = "what was not tried is said aloud")]
        {
            println!(
                "skipped: systemd is not on this machine: apt-get install -y --no-install-recommends systemd"
            );
        }
        return None;
    };
    let said = String::from_utf8(verified.stderr).unwrap();
    let ours = said
        .lines()
        .filter(|line| line.contains("honnin") || drop_in.is_some_and(|name| line.contains(name)));
    let ours = ours.map(str::to_owned).collect();
    let mut asked = Command::new("systemd-analyze");
    let asked = asked
        .args(["security", "--offline=true", "--threshold=20", "--no-pager"])
        .arg(&unit)
        .output()
        .unwrap();
    let said = String::from_utf8(asked.stdout).unwrap();
    let exposure = said.split(&format!("Overall exposure level for {UNIT}: ")).nth(1).unwrap();
    let exposure = exposure.split_whitespace().next().unwrap().parse().unwrap();
    assert!(asked.status.success(), "{said}");
    Some((ours, exposure))
}

#[test]
fn the_unit_is_well_and_closed_and_each_drop_in_opens_little() {
    let Some((told, closed)) = judged(None) else { return };
    assert!(told.is_empty() && closed <= 1.0, "{closed}: {told:?}");
    // The score is of everything together, and of some of it not at all.
    let text = fs::read_to_string(examples().join("systemd").join(UNIT)).unwrap();
    for line in [
        "PrivateNetwork=yes",
        "IPAddressDeny=any",
        "RestrictAddressFamilies=AF_UNIX",
        "PrivateDevices=yes",
        "InaccessiblePaths=-/var/lib/honnin -/etc/honnin -/srv/honnin -/run/honnin -/var/lib/honnin-status",
    ] {
        assert!(text.lines().any(|stands| stands == line), "{line}");
    }
    for name in ["network.conf", "usb.conf"] {
        let (told, exposure) = judged(Some(name)).unwrap();
        assert!(told.is_empty() && exposure <= 2.0, "{name}: {exposure}: {told:?}");
    }
    let (_, with_network) = judged(Some("network.conf")).unwrap();
    assert!(with_network > closed, "the drop-in is read");
}
