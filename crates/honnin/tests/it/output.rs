//! What commands print: to a full device, as JSON, in whatever form a script asks for.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Place, Ran, command, directory_of_sample, honnin, mapping};

const LOGIN: &str = "mio30617284";

/// An installation that has taken in the sample ledger.
fn place() -> Place {
    let place = Place::begin(&[("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")]);
    let taken = intake(&place, &[]);
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    place
}

fn intake(place: &Place, more: &[&str]) -> Ran {
    let (mapping, sample) = (mapping(), directory_of_sample());
    let args = ["intake", "files", "--mapping", mapping.to_str().unwrap(), sample.to_str().unwrap()];
    place.run(&[&args[..], more].concat())
}

fn on(place: &Place, args: &[&str]) -> Command {
    let mut command = command();
    command.arg("--data").arg(&place.data).args(args);
    command
}

/// Runs a command whose standard output is a device that is always full.
fn into_full(mut command: Command) -> Ran {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = command.stdout(full).output().unwrap();
    Ran { code: ended.status.code(), out: String::new(), err: String::from_utf8(ended.stderr).unwrap() }
}

/// Runs a command with that on its standard input.
fn with_input(mut command: Command, input: &str) -> Ran {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read is judged by how it ends.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let ended = child.wait_with_output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    Ran { code: ended.status.code(), out: text(ended.stdout), err: text(ended.stderr) }
}

fn code_of(invited: &Ran) -> String {
    assert_eq!(invited.code, Some(0), "{}", invited.err);
    invited.out.lines().next().unwrap().trim_start_matches("code").trim().to_owned()
}

#[test]
fn output_that_cannot_be_written_fails_every_command() {
    let place = place();
    let mapping = mapping();
    let sample = directory_of_sample();
    let extract = ["--mapping", mapping.to_str().unwrap(), sample.to_str().unwrap()];
    let told: [&[&str]; 17] = [
        &["config", "check"],
        &["config", "print"],
        &["config", "default"],
        &["key", "check"],
        &["doctor"],
        &["account", "invite", LOGIN],
        &["account", "merges"],
        &["isolation", "lift", "--yes"],
        &["drill", "list"],
        &["completions", "bash"],
        &["man", "--markdown"],
        &["--help"],
        &["--version"],
        &["account", "invite", "--help"],
        &["intake", "files", "--check", extract[0], extract[1], extract[2]],
        &["intake", "files", extract[0], extract[1], extract[2]],
        &["serve"],
    ];
    for args in told {
        for form in [&[][..], &["--json"]] {
            let ran = into_full(on(&place, &[args, form].concat()));
            assert_eq!(ran.code, Some(1), "{args:?} {form:?}: {}", ran.err);
            assert!(ran.err.contains("cannot write the result to standard output"), "{args:?}: {}", ran.err);
        }
    }
}

#[test]
fn a_code_that_could_not_be_written_voids_no_earlier_one() {
    let place = place();
    let code = code_of(&place.run(&["account", "invite", LOGIN]));
    let lost = into_full(on(&place, &["account", "invite", LOGIN]));
    assert_eq!(lost.code, Some(1));
    assert!(lost.err.contains("no code was issued"), "{}", lost.err);
    let names = place.beside("names");
    fs::write(&names, format!("{LOGIN}\n")).unwrap();
    let lost = into_full(on(&place, &["account", "invite", "--list", names.to_str().unwrap()]));
    assert_eq!(lost.code, Some(1));
    let serving = place.serve();
    let form = [("login", LOGIN), ("code", code.as_str()), ("password", "umi no mieru ie de")];
    let activated = serving.browser().post_form("/activate", &form);
    assert_eq!(activated.status, 303, "the first code is still good: {}", activated.body);
}

#[test]
fn whoever_left_before_the_end_is_not_told_and_the_exit_code_is_true() {
    let place = place();
    let mut printing = on(&place, &["config", "default"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = printing.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(1), &b""[..]));
}

#[test]
fn a_journal_that_never_was_is_told_from_one_that_is_gone() {
    let place = Place::begin(&[("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")]);
    let asks = [&["journal", "verify"][..], &["journal", "who-saw", LOGIN], &["journal", "seen-by", LOGIN]];
    let accepts = [
        &["journal", "accept", "--yes"][..],
        &["clock", "accept", "--yes"],
        &["journal", "redirect", "--yes"],
    ];
    for args in asks.into_iter().chain(accepts) {
        let ran = place.run(args);
        assert_eq!(ran.code, Some(5), "{args:?}: {}", ran.err);
        assert!(ran.err.contains("there is none yet"), "{args:?}: {}", ran.err);
    }
    assert_eq!(place.run(&["doctor"]).code, Some(0));
    drop(place.serve());
    assert_eq!(place.run(&["journal", "verify"]).code, Some(0));
    fs::remove_dir_all(place.data.join("journal")).unwrap();
    for args in [&["journal", "verify"][..], &["journal", "who-saw", LOGIN], &["journal", "seen-by", LOGIN]] {
        let ran = place.run(args);
        assert_eq!(ran.code, Some(6), "{args:?}: {}", ran.err);
    }
    assert_eq!(place.run(&["doctor"]).code, Some(4));
}

#[test]
fn a_dash_is_standard_input() {
    let place = place();
    let mapping = fs::read_to_string(mapping()).unwrap();
    let sample = directory_of_sample();
    let args = ["intake", "files", "--mapping", "-", sample.to_str().unwrap()];
    let taken = with_input(on(&place, &args), &mapping);
    assert_eq!(taken.code, Some(0), "{}", taken.err);
    assert!(code_of(&with_input(on(&place, &["account", "invite", "-"]), "mio30617284\n")).len() == 24);
    let hash = "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0$XyWRr9JsVPPbhOn2gJuLhPuKuBQGBbKbdwMAK2rhF3U";
    let rows = format!("login,phc\n{LOGIN},{hash}\n");
    let taken = with_input(on(&place, &["account", "import-hashes", "--yes", "-"]), &rows);
    assert_eq!((taken.code, taken.out.as_str()), (Some(0), "taken 1, unknown account 0, refused 0\n"));
    drop(place.serve());
    let saw = with_input(on(&place, &["journal", "who-saw", "-"]), "mio30617284\n");
    assert_eq!(saw.code, Some(0), "{}", saw.err);
}

#[test]
fn codes_for_many_are_issued_in_one_run() {
    let place = place();
    let list = "name,login\nA,mio30617284\nB,mio00000000\nC,mio10482913\n";
    let issued = with_input(on(&place, &["account", "invite", "--list", "-"]), list);
    assert_eq!(issued.code, Some(4), "{}", issued.err);
    assert!(issued.err.contains("line 3: the ledger knows no account"), "{}", issued.err);
    assert!(!issued.err.contains("mio"), "{}", issued.err);
    let rows: Vec<Vec<&str>> = issued.out.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows[0], ["login", "code", "until"]);
    assert_eq!(rows.iter().skip(1).map(|row| row[0]).collect::<Vec<_>>(), [LOGIN, "mio10482913"]);
    let serving = place.serve();
    for row in &rows[1..] {
        let form = [("login", row[0]), ("code", row[1]), ("password", "umi no mieru ie de")];
        assert_eq!(serving.browser().post_form("/activate", &form).status, 303, "{row:?}");
    }
    let lines = with_input(on(&place, &["account", "invite", "--list", "-", "--json"]), LOGIN);
    let row: Value = serde_json::from_str(&lines.out).unwrap();
    assert_eq!(row["login"], LOGIN);
}

#[test]
fn what_cannot_be_taken_back_wants_a_confirmation() {
    let place = place();
    let hashes = place.beside("hashes.csv");
    fs::write(&hashes, "login,phc\n").unwrap();
    let codes = place.beside("codes");
    fs::write(&codes, "0000-0000-0000-0000-0000\n0000-0000-0000-0000-0000\n").unwrap();
    fs::write(place.data.join("isolated"), "a test\n").unwrap();
    let mapping = mapping();
    let mapping = mapping.to_str().unwrap();
    let acts: [&[&str]; 7] = [
        &["account", "import-hashes", hashes.to_str().unwrap()],
        &["account", "merge", "--from", LOGIN, "--into", "mio10482913", "--codes", codes.to_str().unwrap()],
        &["account", "unmerge", "1"],
        &["account", "erase", LOGIN],
        &["key", "rotate", "--finish"],
        &["quarantine", "drop", "--mapping", mapping, "4be1c20a77"],
        &["isolation", "lift"],
    ];
    for args in acts {
        let refused = place.run(args);
        assert_eq!(refused.code, Some(2), "{args:?}: {}", refused.err);
        assert!(refused.err.contains("--yes"), "{args:?}: {}", refused.err);
    }
    assert!(place.data.join("isolated").exists());
    // Nothing of it was done, nor written down as done.
    assert_eq!(place.run(&["journal", "acts", "--json"]).out.matches("\"note\":\"account erase").count(), 0);
    assert_eq!(place.run(&["account", "invite", LOGIN]).code, Some(0), "she is there");
}

#[test]
fn no_secret_can_be_given_as_a_word_of_the_command_line() {
    let page = honnin(["man", "--markdown"]).out;
    // A public key and files that hold secrets are no secrets.
    let taken = [
        "--key BASE64",
        "--key FILE",
        "--key-file FILE",
        "--codes FILE",
        "--owner-password-file FILE",
        "--password-file FILE",
    ];
    for option in page.lines().filter_map(|line| line.strip_prefix("| `--")?.split('`').next()) {
        let option = format!("--{option}");
        let secret =
            ["password", "code", "key", "token", "secret", "hash"].iter().any(|word| option.contains(word));
        assert!(!secret || taken.contains(&option.as_str()), "{option}");
    }
}

#[test]
fn no_code_is_a_word_of_the_command_line() {
    let help = honnin(["account", "merge", "--help"]).out;
    assert!(!help.contains("-code ") && help.contains("--codes"), "{help}");
    let words = ["account", "merge", "--from", "a", "--into", "b", "--from-code", "c", "--into-code", "d"];
    assert_eq!(honnin(words).code, Some(2));
}

#[test]
fn completions_and_manual_pages_are_made() {
    let place = Place::begin(&[]);
    for (shell, sign) in [("bash", "complete -F"), ("zsh", "#compdef honnin"), ("fish", "complete -c honnin")]
    {
        let script = honnin(["completions", shell]);
        assert!(script.code == Some(0) && script.out.contains(sign), "{shell}: {}", script.err);
    }
    let pages = place.beside("man");
    fs::create_dir(&pages).unwrap();
    assert_eq!(honnin(["man", pages.to_str().unwrap()]).code, Some(0));
    let page = fs::read_to_string(pages.join("honnin-account-invite.1")).unwrap();
    assert!(page.contains(".TH") && page.contains("one\\-time code"), "{page}");
    let json = |args: &[&str]| -> Value {
        let ran = honnin(args.iter().chain(&["--json"]));
        assert!(ran.code == Some(0) && ran.out.trim_end().lines().count() == 1, "{args:?}: {}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    };
    let script = json(&["completions", "bash"]);
    assert!(
        script["shell"] == "bash" && script["script"].as_str().unwrap().contains("complete -F"),
        "{script}"
    );
    let written = json(&["man", pages.to_str().unwrap()]);
    let listed = written["pages"].as_array().unwrap();
    assert!(listed.iter().any(|page| page == "honnin-account-invite.1"), "{written}");
    let page = json(&["man", "--markdown"]);
    assert!(page["markdown"].as_str().unwrap().contains("## honnin isolation lift"), "{page}");
}

#[test]
fn on_a_terminal_it_runs_and_prints_no_colours() {
    let place = Place::begin(&[]);
    let data = place.beside("new");
    let program = env!("CARGO_BIN_EXE_honnin");
    let line = format!("{program} --data {} demo --listen 127.0.0.1:0 --ledger /nowhere", data.display());
    // `script` gives the command a terminal. NO_COLOR needs no asking: there are none.
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("HONNIN_LOG", "trace").env("TERM", "xterm");
    let Ok(ended) = script.stdin(Stdio::null()).output() else {
        println!("skipped: script (util-linux) is not on this machine");
        return;
    };
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(said.contains("/nowhere") && !said.contains("panicked"), "{said}");
    assert!(!said.contains("\u{1b}[3") && !said.contains("\u{1b}[2m"), "{said}");
}
