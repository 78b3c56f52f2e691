//! The unit of systemd that ships with the agent, and the examples that open it for other tokens.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use honnin_testkit::TestDir;

const UNIT: &str = "honnin-key-agent.service";

/// The same for one house of several, and a house.
const OF_A_HOUSE: &str = "honnin-key-agent@.service";
const HOUSE: &str = "honnin-key-agent@umi.service";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// What systemd says of the unit with that drop-in: what it does not take of ours, and how exposed the service is.
fn judged(file: &str, unit: &str, drop_in: Option<&str>) -> Option<(Vec<String>, f64)> {
    let dir = TestDir::new();
    let text = fs::read_to_string(examples().join("systemd").join(file)).unwrap();
    let program = env!("CARGO_BIN_EXE_honnin-key-agent");
    let (name_of_unit, unit) =
        (unit, dir.write(file, text.replace("/usr/local/bin/honnin-key-agent", program)));
    let unit = unit.with_file_name(name_of_unit);
    if let Some(name) = drop_in {
        let place = dir.join(format!("{name_of_unit}.d"));
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
    let exposure = said.split(&format!("Overall exposure level for {name_of_unit}: ")).nth(1).unwrap();
    let exposure = exposure.split_whitespace().next().unwrap().parse().unwrap();
    assert!(asked.status.success(), "{said}");
    Some((ours, exposure))
}

#[test]
fn the_unit_is_well_and_closed_and_each_drop_in_opens_little() {
    let Some((told, closed)) = judged(UNIT, UNIT, None) else { return };
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
        let (told, exposure) = judged(UNIT, UNIT, Some(name)).unwrap();
        assert!(told.is_empty() && exposure <= 2.0, "{name}: {exposure}: {told:?}");
    }
    let (_, with_network) = judged(UNIT, UNIT, Some("network.conf")).unwrap();
    assert!(with_network > closed, "the drop-in is read");
}

#[test]
fn the_unit_of_a_house_is_that_unit_with_everything_of_it_the_houses_own() {
    let read = |file| fs::read_to_string(examples().join("systemd").join(file)).unwrap();
    let settings = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(str::to_owned).collect()
    };
    let (one, many) = (settings(&read(UNIT)), settings(&read(OF_A_HOUSE)));
    let expected: Vec<String> = one
        .iter()
        .map(|line| {
            let line = line
                .replace("key agent", "key agent of the house %i")
                .replace("honnin.service", "honnin@%i.service");
            let line =
                line.replace("TOKEN=honnin ", "TOKEN=honnin-%i ").replace("FOR=honnin", "FOR=honnin-%i");
            let (settings, command) =
                (["User=", "Group=", "RuntimeDirectory="], ["/run/honnin-key/", "/etc/honnin-key/"]);
            if settings.iter().any(|key| line.starts_with(key)) {
                format!("{line}-%i")
            } else {
                command
                    .iter()
                    .fold(line, |line, path| line.replace(path, &format!("{}-%i/", &path[..path.len() - 1])))
            }
        })
        .collect();
    assert_eq!(many, expected);
    let Some((told, exposure)) = judged(OF_A_HOUSE, HOUSE, None) else { return };
    assert!(told.is_empty() && exposure <= 1.0, "{exposure}: {told:?}");
}
