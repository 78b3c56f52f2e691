//! What can go wrong inside, and what a caller is told of it.

use std::path::PathBuf;

use honnin_store::Error;
use rusqlite::ErrorCode;

/// Why a store cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no store; `create` makes one.
    #[error("open the store: there is none at {0}; make it first")]
    Missing(PathBuf),
    /// There is one already; `open` opens it.
    #[error("make the store: there is one at {0} already; open it, or choose another directory")]
    Exists(PathBuf),
    /// The file is not a store of this product.
    #[error("open the store: {0} is not a store of this product")]
    Foreign(PathBuf),
    /// A newer build has written it.
    #[error(
        "open the store: its schema has version {found}, this build knows up to {known}; use the newer build"
    )]
    Newer {
        /// The version found.
        found: u32,
        /// The newest version this build knows.
        known: u32,
    },
    /// It was not brought up to date. Only what serves does that: a command that is tried beside the older build would
    /// take the file away from it.
    #[error(
        "open the store: its schema has version {found}, this build needs {needed}; start the server with this build, which brings it \
         up to date, or use the older build (see `honnin upgrade check`)"
    )]
    Older {
        /// The version found.
        found: u32,
        /// The version needed.
        needed: u32,
    },
    /// The system refuses a file or a thread.
    #[error("open the store: the system refuses a file or a thread")]
    System(#[from] std::io::Error),
    /// The engine refuses.
    #[error("open the store: the engine refuses")]
    Engine(#[from] rusqlite::Error),
}

/// What a statement can end with. Callers outside see only [`Error`].
#[derive(Debug)]
pub(crate) enum Fault {
    Engine(rusqlite::Error),
    Known(Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Known(error)
    }
}

impl Fault {
    /// What the caller is told; the engine's own code goes to the log. Values are in neither.
    pub(crate) fn told(self) -> Error {
        let error = match self {
            Self::Known(error) => return error,
            Self::Engine(error) => error,
        };
        let code = error.sqlite_error().map(|inner| (inner.code, inner.extended_code));
        let told = match code {
            Some((ErrorCode::ConstraintViolation, _)) => return Error::Conflict,
            // None: not the engine's own refusal; a stored value is not of the shape the schema promises.
            Some((ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _)) | None => Error::Corrupt,
            // Another process writes, or holds what a read needs.
            Some((ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _)) => Error::TryAgain,
            Some(_) => Error::Unavailable,
        };
        tracing::error!(code = code.map_or(0, |(_, extended)| extended), answer = %told, "the engine refuses a statement");
        told
    }
}
