//! What comes from strangers, thrown at whatever reads it: the bodies of the fuzz targets, shared with the tests.
//!
//! A [`Target`] takes any octets and says what is wrong with what became of them. The fuzzer in `fuzz/` finds octets;
//! the tests here play every one that is kept under `fuzz/corpus` again. Not shipped.

mod connection;
mod doorstep;
mod house;
#[doc(hidden)]
pub mod installation;
mod journal;
mod mapping;
mod request;
mod rows;
mod sealed;
mod tokens;
mod wire;

pub use connection::Connections;
pub use doorstep::Doorstep;
pub use journal::JournalFiles;
pub use mapping::MappingFile;
pub use request::Requests;
pub use rows::LedgerRows;
pub use sealed::SealedBlobs;
pub use tokens::Tokens;

/// Why a target cannot be set up: for the person who runs it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A reader of strangers' octets.
pub trait Target: Sized {
    /// The name of its fuzz target and of the directory of its corpus.
    const NAME: &'static str;

    /// Sets up what it needs once.
    ///
    /// # Errors
    /// [`Failure`] where the machine does not give it.
    fn open() -> Result<Self, Failure>;

    /// Reads the octets.
    ///
    /// # Errors
    /// What must never be, in a sentence. A panic is a finding too.
    fn play(&mut self, octets: &[u8]) -> Result<(), String>;
}

/// Says what is wrong where it is not so.
fn hold(is_so: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(wrong()) }
}
