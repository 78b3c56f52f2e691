//! The key agent: a process of its own that asks a PKCS#11 token to unwrap the key a house hangs on.
//!
//! A module of PKCS#11 is somebody else's machine code that is loaded into a process and can do there what it likes. So it
//! is loaded here, where nothing is but one key at a time, and never where personal data are ([`honnin_key_socket`] leads from
//! there to here).

mod manual;
mod serve;
mod settle;
mod token;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use rustix::process::{Resource, Rlimit, setrlimit};

use settle::Wrong;
use token::{Token, TokenError};

/// Unwraps the key of a Honnin installation by a PKCS#11 token, for processes of this machine.
#[derive(Debug, Parser)]
#[command(
    name = "honnin-key-agent",
    version,
    max_term_width = 100,
    after_help = "Exit codes:\n  0  done\n  1  failed; the token may be away: worth another try\n  2  the command line is wrong\n  \
                  3  PIN, key or files cannot be used: do not try again by itself, because a token locks after a few wrong PINs"
)]
struct Agent {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer at a socket until SIGTERM or Ctrl-C
    #[command(
        after_help = "Examples:\n  honnin-key-agent serve --module /usr/lib/softhsm/libsofthsm2.so --token honnin --key honnin \\\n    \
                      --pin-file /etc/honnin-key/pin --socket /run/honnin-key/agent.sock --for honnin"
    )]
    Serve(ServeArgs),
    /// Make a key on the token that cannot leave it
    MakeKey(KeyArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Write manual pages, one for each command
    Man {
        /// Directory to write to; it must exist
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

#[derive(Debug, Args)]
struct KeyArgs {
    /// The module of the token's maker, a shared library
    #[arg(long, value_name = "FILE")]
    module: PathBuf,

    /// Label of the token
    #[arg(long, value_name = "LABEL")]
    token: String,

    /// Label of the key on it: AES, 256 bits, not to be extracted
    #[arg(long, value_name = "LABEL")]
    key: String,

    /// File with the PIN of the token, closed to other users; in a unit `%d/NAME` for `LoadCredential=NAME:FILE`
    #[arg(long, value_name = "FILE")]
    pin_file: PathBuf,
}

#[derive(Debug, Args)]
struct ServeArgs {
    #[command(flatten)]
    key: KeyArgs,

    /// Socket to listen at, in a directory that no other user can write
    #[arg(long, value_name = "FILE")]
    socket: PathBuf,

    /// User whose processes are answered, by name or number; may be repeated: each can then have unwrapped what was
    /// wrapped for another, so give each house an agent and a key of its own [default: this user]
    #[arg(long = "for", value_name = "USER")]
    users: Vec<String>,
}

/// Why it ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Wrong(#[from] Wrong),
    #[error("cannot listen at {0}: {1}; name a path in a directory of this user where nobody listens")]
    Socket(PathBuf, io::Error),
    #[error("cannot write {0}: {1}; look at the place and its room")]
    Manual(String, io::Error),
    #[error("cannot take callers at {0}: {1}; start the agent again")]
    Callers(PathBuf, io::Error),
}

impl Ended {
    const fn code(&self) -> u8 {
        match self {
            Self::Token(reason) if reason.is_away() => 1,
            Self::Callers(..) | Self::Manual(..) => 1,
            Self::Token(_) | Self::Wrong(_) | Self::Socket(..) => 3,
        }
    }
}

fn main() -> ExitCode {
    // A key is in memory for a moment. Where the system refuses it keeps its own limit.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).unwrap_or_default();
    let done = match Agent::parse().command {
        Command::Serve(args) => serve::serve(&args),
        Command::MakeKey(args) => make(&args),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { directory } => manual::pages(&directory),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            say(&format!("error: {reason}"));
            reason.code().into()
        }
    }
}

fn make(args: &KeyArgs) -> Result<(), Ended> {
    let token = token(args)?;
    token.make_key()?;
    say(&format!("made the key {:?} on the token {:?}; it cannot be extracted", args.key, args.token));
    Ok(())
}

fn token(args: &KeyArgs) -> Result<Token, Ended> {
    let KeyArgs { module, token, key, pin_file } = args;
    Ok(Token::new(module, token, key, settle::pin(pin_file)?)?)
}

/// A line for whoever runs it. Standard error that is gone is no reason to end.
fn say(line: &str) {
    writeln!(io::stderr().lock(), "{line}").unwrap_or_default();
}
