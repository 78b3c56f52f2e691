//! A house whose key a token holds, asked by the key agent; and agents that are slow or lie.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};

use data_encoding::BASE64;
use honnin_testkit::{ServingAgent, TestDir, Tokens};

use crate::support::{Place, Ran, directory_of_sample, honnin, mapping};

const LOGIN: &str = "mio30617284";
const PASSWORD: &str = "umi no mieru ie de";
const PORTS: [(&str, &str); 3] =
    [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\""), ("agent_answer", "\"60 s\"")];

fn done(ran: &Ran) -> &Ran {
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    ran
}

/// Key material cannot be used, and why.
fn refused(ran: &Ran, by: &[&str]) {
    assert_eq!(ran.code, Some(3), "{}{}", ran.out, ran.err);
    for by in by {
        assert!(ran.err.contains(by), "{by}: {}", ran.err);
    }
}

/// The agent, which the same build has made, or a build of its own now.
fn agent() -> PathBuf {
    let agent = Path::new(env!("CARGO_BIN_EXE_honnin")).with_file_name("honnin-key-agent");
    if !agent.exists() {
        let profile =
            if agent.parent().is_some_and(|parent| parent.ends_with("release")) { "release" } else { "dev" };
        let words = ["build", "--locked", "--profile", profile, "--package", "honnin-key-agent"];
        let built = Command::new(env!("CARGO")).args(words).current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(built.unwrap().success());
    }
    agent
}

/// A token "house", its agent, and what `--key-file` says of it.
fn token() -> Option<(Tokens, PathBuf, ServingAgent)> {
    let tokens = Tokens::new(&agent())?;
    tokens.make("house");
    let socket = tokens.beside("agent.sock");
    let serving = tokens.serve("house", &socket, &[]);
    Some((tokens, socket, serving))
}

fn named(socket: &Path) -> String {
    format!("socket:{}", socket.display())
}

fn set_key(place: &Place, to: &str) {
    let settings = place.data.join("honnin.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let old = text.lines().find(|line| line.starts_with("key_file = ")).unwrap();
    fs::write(&settings, text.replace(old, &format!("key_file = {to:?}"))).unwrap();
}

/// A subscriber with a password.
fn subscriber(place: &Place) {
    let (mapping, sample) = (mapping(), directory_of_sample());
    done(&place.run(&["intake", "files", "--mapping", mapping.to_str().unwrap(), sample.to_str().unwrap()]));
    let invited = place.run(&["--json", "account", "invite", LOGIN]);
    let code = done(&invited).out.split("\"code\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = [("login", LOGIN), ("code", code.as_str()), ("password", PASSWORD)];
    assert_eq!(place.serve().browser().post_form("/activate", &form).status, 303);
}

#[test]
fn a_house_begins_and_serves_by_a_token_and_needs_it_at_each_start() {
    let Some((tokens, socket, agent)) = token() else { return };
    let place = Place::begin_with(&named(&socket), &PORTS);
    assert!(!place.beside("key").exists(), "there is no key file");
    let keyring = fs::read_to_string(place.data.join("keyring.toml")).unwrap();
    assert!(keyring.contains("\nheld = \""), "{keyring}");
    subscriber(&place);
    assert!(done(&place.run(&["key", "check"])).out.contains(&named(&socket)));
    let doctor = place.run(&["doctor"]).out;
    assert!(doctor.contains(&format!("opens with {}", named(&socket))), "{doctor}");

    let serving = place.serve();
    let mut hers = serving.browser();
    hers.sign_in(LOGIN, PASSWORD);
    let figures = hers.figures();
    // The agent is asked at a start: whoever serves goes on without it.
    drop(agent);
    let mut again = serving.browser();
    again.sign_in(LOGIN, PASSWORD);
    assert_eq!(again.figures(), figures);
    drop(serving);
    let away = ["cannot reach the key agent at", "start the agent, then this again"];
    refused(&place.run(&["serve"]), &away);
    refused(&place.run(&["doctor"]), &away);
    refused(&place.run(&["key", "check"]), &away);

    // Up again, and its token in a drawer.
    let agent = tokens.serve("house", &socket, &[]);
    let drawer = tokens.beside("drawer");
    fs::rename(tokens.kept(), &drawer).unwrap();
    fs::create_dir(tokens.kept()).unwrap();
    refused(&place.run(&["serve"]), &["its token is away; connect the token"]);
    fs::remove_dir(tokens.kept()).unwrap();
    fs::rename(&drawer, tokens.kept()).unwrap();
    let serving = place.serve();
    let mut hers = serving.browser();
    hers.sign_in(LOGIN, PASSWORD);
    assert_eq!(hers.figures(), figures);
    drop((serving, agent));
}

#[test]
fn another_key_in_the_tokens_place_opens_nothing() {
    let Some((tokens, socket, agent)) = token() else { return };
    let place = Place::begin_with(&named(&socket), &PORTS);
    let file = place.data.join("keyring.toml");
    let keyring = fs::read_to_string(&file).unwrap();
    let line = keyring.lines().find(|line| line.starts_with("held = ")).unwrap();
    let held = BASE64.decode(line.trim_start_matches("held = ").trim_matches('"').as_bytes()).unwrap();
    let other_key = ["its token has another key, or what is stored was altered"];
    for at in [0, 1, 13, held.len() - 1] {
        let mut altered = held.clone();
        altered[at] ^= 1;
        let altered = format!("held = {:?}", BASE64.encode(&altered));
        fs::write(&file, keyring.replace(line, &altered)).unwrap();
        refused(&place.run(&["key", "check"]), &other_key);
    }
    // A whole one of the same token, in another's keyring: it is unwrapped, and opens nothing.
    let second = Place::begin_with(&named(&socket), &PORTS);
    let theirs = fs::read_to_string(second.data.join("keyring.toml")).unwrap();
    let theirs = theirs.lines().find(|line| line.starts_with("held = ")).unwrap();
    fs::write(&file, keyring.replace(line, theirs)).unwrap();
    refused(&place.run(&["key", "check"]), &["what the key agent at", "unwrapped does not open it"]);
    fs::write(&file, &keyring).unwrap();
    done(&place.run(&["key", "check"]));

    drop(agent);
    tokens.make("another");
    let _agent = tokens.serve("another", &socket, &[]);
    refused(&place.run(&["serve"]), &other_key);
    assert_eq!(fs::read_to_string(&file).unwrap(), keyring);
}

#[test]
fn a_key_file_is_left_for_a_token_and_shares_and_a_backup_need_none() {
    let Some((tokens, socket, agent)) = token() else { return };
    let place = Place::begin(&PORTS);
    subscriber(&place);
    let key = place.beside("key");
    refused(
        &place.run(&["key", "rotate", "--to", &named(&place.beside("nobody.sock"))]),
        &["cannot reach the key agent"],
    );
    let begun = place.run(&["key", "rotate", "--to", &named(&socket)]);
    assert!(done(&begun).out.contains("make shares with honnin key escrow make"), "{}", begun.out);
    assert!(
        done(&place.run(&["key", "rotate", "--to", &named(&socket)])).out.contains("existed, kept"),
        "once more"
    );
    done(&place.run(&["key", "check"]));
    // A third has to wait until this is finished, also one whose token has wrapped nothing here.
    tokens.make("third");
    let third = tokens.beside("third.sock");
    let third_agent = tokens.serve("third", &third, &[]);
    refused(
        &place.run(&["key", "rotate", "--to", &named(&third)]),
        &["a change of the key file is under way", "--finish` ends it"],
    );
    drop(third_agent);
    set_key(&place, &named(&socket));
    let finished = place.run(&["key", "rotate", "--finish", "--yes"]);
    assert!(done(&finished).out.contains("opens with the key file of before"), "{}", finished.out);
    let again = place.run(&["key", "rotate", "--finish", "--yes"]);
    assert!(done(&again).out.contains("Nothing else opened it before"), "{}", again.out);
    set_key(&place, key.to_str().unwrap());
    refused(&place.run(&["key", "check"]), &["does not open with this key file"]);
    set_key(&place, &named(&socket));

    // The same token wraps another key in place of the first.
    done(&place.run(&["key", "rotate", "--to", &named(&socket)]));
    let finished = place.run(&["key", "rotate", "--finish", "--yes"]);
    assert!(done(&finished).out.contains("nothing was revoked"), "{}", finished.out);
    done(&place.run(&["key", "check"]));

    // To a file, and to the token again.
    let file = place.beside("key of a while");
    done(&place.run(&["key", "rotate", "--to", file.to_str().unwrap()]));
    set_key(&place, file.to_str().unwrap());
    let finished = place.run(&["key", "rotate", "--finish", "--yes"]);
    assert!(done(&finished).out.contains("opens by the key on the token: keep that"), "{}", finished.out);
    done(&place.run(&["key", "rotate", "--to", &named(&socket)]));
    set_key(&place, &named(&socket));
    done(&place.run(&["key", "rotate", "--finish", "--yes"]));

    let (shares, backup) = (place.beside("shares"), place.beside("backup"));
    let make = ["key", "escrow", "make", "--shares", "3", "--needed", "2", "--to", shares.to_str().unwrap()];
    done(&place.run(&make));
    done(&place.run(&["backup", "--to", backup.to_str().unwrap()]));
    fs::remove_dir_all(&place.data).unwrap();
    // Who is asked for the key is not the backup's to say, whoever listens there.
    let from = ["restore", "--from", backup.to_str().unwrap()];
    let asked = tokens.log().matches("Unwrap").count();
    let ran = place.run(&from);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("its own settings say which key agent is asked"), "{}", ran.err);
    assert_eq!(tokens.log().matches("Unwrap").count(), asked, "nobody is asked");
    assert!(!place.data.exists());
    let named_by_operator = backup.join("honnin.toml");
    let words = [&["--settings", named_by_operator.to_str().unwrap()][..], &from].concat();
    done(&place.run(&words));
    fs::remove_dir_all(&place.data).unwrap();
    // Lost: the machine, the agent and the token.
    drop((agent, tokens));
    let back = place.beside("back");
    let share =
        |number| shares.join(format!("honnin-key-share-{number}-of-3.txt")).to_str().unwrap().to_owned();
    let restore = ["key", "escrow", "restore", &share(1), &share(3), "--to", back.to_str().unwrap()];
    done(&honnin(["--data", "/nowhere"].iter().chain(&restore)));
    let settings = place.beside("settings.toml");
    fs::copy(backup.join("honnin.toml"), &settings).unwrap();
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace(&named(&socket), back.to_str().unwrap())).unwrap();
    let words = ["--settings", settings.to_str().unwrap(), "restore", "--from", backup.to_str().unwrap()];
    done(&place.run(&words));
    done(&place.run(&["--settings", settings.to_str().unwrap(), "key", "check"]));
}

/// Answers each caller with what that makes of the question, until nobody has asked for a while.
fn liar(socket: &Path, mut says: impl FnMut(&str, &mut UnixStream) + Send + 'static) -> JoinHandle<()> {
    let listener = UnixListener::bind(socket).unwrap();
    let ends = socket.with_extension("end");
    thread::spawn(move || {
        loop {
            let (mut stream, _) = listener.accept().unwrap();
            if ends.exists() {
                return;
            }
            let mut came = [0; 4_096];
            let read = stream.read(&mut came).unwrap();
            says(std::str::from_utf8(&came[..read]).unwrap(), &mut stream);
        }
    })
}

/// Ends a liar.
fn end(socket: &Path, liar: JoinHandle<()>) {
    fs::write(socket.with_extension("end"), "").unwrap();
    drop(UnixStream::connect(socket));
    liar.join().unwrap();
}

/// Needs no token: what is behind a socket can be anything.
#[test]
fn agents_that_lie_or_say_nothing_are_refused_in_time() {
    let dir = TestDir::new();
    let begun = |says: fn(&str, &mut UnixStream), name: &str| {
        let socket = dir.join(format!("{name}.sock"));
        let agent = liar(&socket, says);
        let data = dir.join(name);
        let ran = honnin(["init", data.to_str().unwrap(), "--key-file", &named(&socket)]);
        end(&socket, agent);
        assert!(!data.exists() || ran.code == Some(0), "nothing is left of it");
        ran
    };
    // What a key agent is, in three lines: what it wraps is no secret, and no test of ours takes it for one.
    let honest: fn(&str, &mut UnixStream) = |asked, stream| {
        let octets = asked.trim_end().rsplit(' ').next().unwrap();
        let turned: Vec<u8> =
            BASE64.decode(octets.as_bytes()).unwrap().into_iter().map(|octet| !octet).collect();
        writeln!(stream, "honnin-key 1 done {}", BASE64.encode(&turned)).unwrap();
    };
    done(&begun(honest, "honest"));
    let echo: fn(&str, &mut UnixStream) = |asked, stream| {
        let octets = asked.trim_end().rsplit(' ').next().unwrap();
        writeln!(stream, "honnin-key 1 done {octets}").unwrap();
    };
    refused(&begun(echo, "echo"), &["unwraps another than it was given"]);
    let another: fn(&str, &mut UnixStream) = |_, stream| {
        writeln!(stream, "honnin-key 1 done {}", BASE64.encode(b"what this one always says")).unwrap();
    };
    refused(&begun(another, "another"), &["unwraps another than it was given"]);
    let web: fn(&str, &mut UnixStream) =
        |_, stream| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n").unwrap();
    refused(&begun(web, "web"), &["its answer is not a line of honnin-key"]);
    let long: fn(&str, &mut UnixStream) = |_, stream| drop(stream.write_all(&[b'A'; 10_000]));
    refused(&begun(long, "long"), &["its answer is not one line of the protocol"]);

    // A house that was begun, whose agent then says nothing for longer than it may.
    let (data, socket) = (dir.join("honest"), dir.join("silent.sock"));
    let settings = data.join("honnin.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let text = text.replace("honest.sock", "silent.sock");
    fs::write(&settings, text.replace("agent_answer = \"10 s\"", "agent_answer = \"200 ms\"")).unwrap();
    let silent = liar(&socket, |_, stream| drop(stream.read_to_end(&mut Vec::new())));
    let ran = honnin(["--data", data.to_str().unwrap(), "key", "check"]);
    refused(&ran, &["no answer within 200ms", "raise keys.agent_answer"]);
    end(&socket, silent);
}
