//! `honnin config`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use honnin_testkit::TestDir;

use crate::support::{Place, Ran, honnin};

fn config(dir: &TestDir, command: &str) -> Ran {
    for path in [dir.path().to_owned(), dir.join("honnin.toml")] {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    honnin(["--data", dir.path().to_str().unwrap(), "config", command])
}

#[test]
fn the_default_file_is_printed_and_can_be_used() {
    let printed = honnin(["config", "default"]);
    assert_eq!(printed.out, include_str!("../../../../docs/reference/settings.toml"));
    // The key it names is handed over by systemd; here it is the file of this installation.
    let place = Place::begin(&[]);
    let file = place.data.join("honnin.toml");
    let key = |text: &str| text.lines().find(|line| line.starts_with("key_file = ")).unwrap().to_owned();
    let here = key(&fs::read_to_string(&file).unwrap());
    fs::write(&file, printed.out.replace(&key(&printed.out), &here)).unwrap();
    let checked = place.run(&["config", "check"]);
    assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""));
    assert!(checked.out.ends_with("honnin.toml can be used\n"), "{}", checked.out);
}

#[test]
fn effective_values_are_printed_defaults_included() {
    let dir = TestDir::new();
    dir.write("honnin.toml", "[server]\nheader = \"2 s\"\n");
    let printed = config(&dir, "print").out;
    assert!(
        printed.contains("server.header = \"2 s\"\n") && printed.contains("server.body = \"10 s\"\n"),
        "{printed}"
    );
}

#[test]
fn a_wrong_file_is_refused_with_file_key_and_what_to_write() {
    let dir = TestDir::new();
    let file = dir.write("honnin.toml", "[server]\nheader = 2\n");
    let checked = config(&dir, "check");
    assert_eq!(checked.code, Some(3));
    assert!(checked.err.contains(file.to_str().unwrap()), "{}", checked.err);
    assert!(
        checked.err.contains("server.header: found 2, write a time with its unit such as"),
        "{}",
        checked.err
    );
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_its_line() {
    let dir = TestDir::new();
    dir.write("honnin.toml", "[server]\nheader 2\n");
    let checked = config(&dir, "check");
    assert_eq!(checked.code, Some(3));
    assert!(checked.err.contains("line 2"), "{}", checked.err);
}

#[test]
fn a_wrong_command_line_ends_with_2_and_help_names_the_exit_codes() {
    assert_eq!(honnin(["confg"]).code, Some(2));
    let help = honnin(["--help"]);
    assert_eq!(help.code, Some(0));
    assert!(help.out.contains("Exit codes:") && help.out.contains("config"), "{}", help.out);
}

#[test]
fn the_operators_look_is_on_every_page_and_what_does_not_fit_is_refused() {
    let dir = TestDir::new();
    let logo = dir.write("logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0h8v8z'/></svg>");
    let quoted = format!("{:?}", logo.to_str().unwrap());
    let place = Place::begin(&[
        ("name", "\"海鳴モバイル\""),
        ("colour", "\"#8a0f3c\""),
        ("colour_dark", "\"#ffb3c7\""),
        ("logo", &quoted),
        ("public", "[\"127.0.0.1:0\"]"),
        ("metrics", "\"127.0.0.1:0\""),
    ]);
    let serving = place.serve();
    let mut browser = serving.browser();
    let page = browser.get("/sign-in").body;
    let path = |before: &str, after: &str| {
        let found = page.split(before).nth(1).and_then(|rest| rest.split(after).next());
        found.unwrap_or_else(|| panic!("{before} is not in {page}")).to_owned()
    };
    assert!(page.contains("<span>海鳴モバイル</span>"), "{page}");
    let style = browser.get(&path("rel=\"stylesheet\" href=\"", "\""));
    assert!(style.status == 200 && style.body.contains("--primary:#8a0f3c") && style.body.contains(".card"));
    assert_eq!(style.headers["cache-control"], "public, max-age=31536000, immutable");
    let mark = browser.get(&path("<img src=\"", "\""));
    assert_eq!((mark.status, mark.headers["content-type"].as_str()), (200, "image/svg+xml"));
    assert!(mark.headers["content-security-policy"].contains("default-src 'none'"), "{mark:?}");
    let manifest = browser.get(&path("rel=\"manifest\" href=\"", "\"")).body;
    assert!(manifest.contains("海鳴モバイル") && manifest.contains("#8a0f3c"), "{manifest}");
    drop(serving);
    for (text, says) in [
        ("<svg><script>1</script></svg>", "the SVG has more than shapes and text"),
        ("no picture", "it is neither an SVG nor a PNG; convert it"),
    ] {
        dir.write("logo.svg", text);
        let (checked, served) = (place.run(&["config", "check"]), place.run(&["serve"]));
        for refused in [checked, served] {
            assert!(refused.code == Some(3) && refused.err.contains(says), "{}", refused.err);
        }
    }
}
