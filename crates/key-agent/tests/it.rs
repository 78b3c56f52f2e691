//! The agent with tokens that a test makes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use honnin_key_socket::{AskError, Asked, ask};
use honnin_testkit::Tokens;
use zeroize::Zeroizing;

/// No machine is that busy.
const LONG: Duration = Duration::from_mins(2);

/// A token "house" with a key "kek", and a socket.
fn house() -> Option<(Tokens, PathBuf)> {
    let tokens = Tokens::new(Path::new(env!("CARGO_BIN_EXE_honnin-key-agent")))?;
    tokens.make("house");
    let socket = tokens.beside("agent.sock");
    Some((tokens, socket))
}

fn wrap(socket: &Path, key: &[u8]) -> Result<Vec<u8>, AskError> {
    ask(socket, &Asked::Wrap(Zeroizing::new(key.to_vec())), LONG).map(|octets| octets.to_vec())
}

fn unwrap(socket: &Path, wrapped: &[u8]) -> Result<Vec<u8>, AskError> {
    ask(socket, &Asked::Unwrap(wrapped.to_vec()), LONG).map(|octets| octets.to_vec())
}

fn ended(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// What it says where it refuses to serve.
fn refused((tokens, socket): &(Tokens, PathBuf), token: &str, key: &str) -> (Option<i32>, String) {
    let told = ended(&tokens.agent("serve", token, key).arg("--socket").arg(socket).output().unwrap());
    assert!(!socket.exists());
    told
}

#[test]
fn a_key_is_wrapped_and_unwrapped_by_its_token_only_and_unaltered_only() {
    let Some((tokens, socket)) = house() else { return };
    let key = b"a key of a house, as long as it may be";
    let serving = tokens.serve("house", &socket, &[]);
    let wrapped = wrap(&socket, key).unwrap();
    assert!(!wrapped.windows(8).any(|part| key.windows(8).any(|known| known == part)), "it is sealed");
    assert_ne!(wrap(&socket, key).unwrap(), wrapped, "no nonce comes twice");
    assert_eq!(unwrap(&socket, &wrapped).unwrap(), key);
    for at in 0..wrapped.len() {
        let mut altered = wrapped.clone();
        altered[at] ^= 1;
        assert!(matches!(unwrap(&socket, &altered), Err(AskError::Refused(_))), "octet {at}");
    }
    for short in [1, 12, 13, wrapped.len() - 1] {
        assert!(matches!(unwrap(&socket, &wrapped[..short]), Err(AskError::Refused(_))), "{short}");
    }
    let log = tokens.log();
    assert!(log.contains("Unwrap: done") && !log.contains("a key of a house"), "{log}");
    assert!(!log.contains(Tokens::PIN), "{log}");
    drop(serving);
    // Killed, it leaves its socket, and the next takes it.
    assert!(matches!(unwrap(&socket, &wrapped), Err(AskError::Absent(..))));
    tokens.make("another");
    let serving = tokens.serve("another", &socket, &[]);
    assert!(matches!(unwrap(&socket, &wrapped), Err(AskError::Refused(_))));
    drop(serving);
    let _serving = tokens.serve("house", &socket, &[]);
    assert_eq!(unwrap(&socket, &wrapped).unwrap(), key);
}

#[test]
fn a_wrong_pin_is_told_at_the_start_and_tried_once() {
    let Some(house) = house() else { return };
    house.0.write_pin("0000-0000");
    let (code, said) = refused(&house, "house", "kek");
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("cannot sign in to the token \"house\"") && !said.contains("0000"), "{said}");
}

#[test]
fn a_token_that_goes_is_away_and_comes_back() {
    let Some((tokens, socket)) = house() else { return };
    let _serving = tokens.serve("house", &socket, &[]);
    let wrapped = wrap(&socket, b"a key").unwrap();
    let (there, gone) = (tokens.kept(), tokens.beside("in a drawer"));
    fs::rename(&there, &gone).unwrap();
    fs::create_dir(&there).unwrap();
    assert!(matches!(unwrap(&socket, &wrapped), Err(AskError::Away(_))));
    assert!(tokens.log().contains("cannot find the token \"house\""), "{}", tokens.log());
    // One that only has its label is not given the PIN.
    tokens.make("house");
    assert!(matches!(unwrap(&socket, &wrapped), Err(AskError::Away(_))));
    assert_eq!(tokens.log().matches("cannot find the token").count(), 2, "{}", tokens.log());
    fs::remove_dir_all(&there).unwrap();
    fs::rename(&gone, &there).unwrap();
    assert_eq!(unwrap(&socket, &wrapped).unwrap(), b"a key");
}

/// A token locks after a few wrong PINs: whoever asks again and again must not lock it.
#[test]
fn a_pin_that_is_refused_while_it_serves_is_not_tried_again() {
    let Some((tokens, socket)) = house() else { return };
    let _serving = tokens.serve("house", &socket, &[]);
    let wrapped = wrap(&socket, b"a key").unwrap();
    tokens.make_again("house", "another-pin");
    for _ in 0..3 {
        assert!(matches!(unwrap(&socket, &wrapped), Err(AskError::Away(_))));
    }
    let log = tokens.log();
    assert_eq!(log.matches("its PIN is not the one").count(), 1, "{log}");
    assert_eq!(log.matches("its PIN was refused before").count(), 2, "{log}");
}

/// `SoftHSM` by a module that refuses its end as long as it is told to; `None`, said aloud, without a compiler of C.
fn refuses_its_end(tokens: Tokens) -> Option<Tokens> {
    let (source, module) =
        (concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wrong_end.c"), tokens.beside("module.so"));
    let mut compile = Command::new("cc");
    let compiled = compile.args(["-shared", "-fPIC", "-o"]).arg(&module).args([source, "-ldl"]).status();
    if compiled.is_ok_and(|status| status.success()) {
        return Some(tokens.by(module));
    }
    #[expect(clippy::print_stdout, reason = "what was not tried is said aloud")]
    {
        println!("skipped: no compiler of C: apt-get install -y --no-install-recommends gcc libc6-dev");
    }
    None
}

/// A token that was not signed out of is away; once its module ends what it begins, it is there again, in the same agent.
#[test]
fn a_module_that_refuses_its_end_is_asked_again_at_the_next_question() {
    let Some((tokens, socket)) = house() else { return };
    let Some(tokens) = refuses_its_end(tokens) else { return };
    let _serving = tokens.serve("house", &socket, &[]);
    let wrapped = wrap(&socket, b"a key").unwrap();
    let wrong = tokens.beside("softhsm2.conf.wrong");
    fs::write(&wrong, "").unwrap();
    for _ in 0..2 {
        assert!(matches!(unwrap(&socket, &wrapped), Err(AskError::Away(_))), "{}", tokens.log());
    }
    fs::remove_file(&wrong).unwrap();
    assert_eq!(unwrap(&socket, &wrapped).unwrap(), b"a key", "{}", tokens.log());
}

#[test]
fn a_key_that_is_not_there_is_told_and_one_that_is_there_is_kept() {
    let Some(house) = house() else { return };
    let (code, said) = refused(&house, "house", "no such key");
    assert!(code == Some(3) && said.contains("no AES key of that label"), "{said}");
    let (code, said) = refused(&house, "no such token", "kek");
    assert!(code == Some(1) && said.contains("no slot of the module has it"), "{code:?} {said}");
    let twice = house.0.agent("make-key", "house", "kek").output().unwrap();
    assert!(ended(&twice).1.contains("the token has one of that label"), "{twice:?}");
}

#[test]
fn processes_of_other_users_are_not_answered() {
    let Some((tokens, socket)) = house() else { return };
    let _serving = tokens.serve("house", &socket, &["--for", "65533"]);
    assert!(wrap(&socket, b"a key").is_err());
    let log = tokens.log();
    assert!(log.contains("not answered") && !log.contains("Wrap"), "{log}");
}

#[test]
fn a_caller_who_says_nothing_keeps_the_next_waiting_for_a_moment_only() {
    let Some((tokens, socket)) = house() else { return };
    let _serving = tokens.serve("house", &socket, &[]);
    let _silent = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    assert!(wrap(&socket, b"a key").is_ok());
    assert!(tokens.log().contains("was let go"), "{}", tokens.log());
}
