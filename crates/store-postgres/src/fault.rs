//! What can go wrong inside, and what a caller is told of it.

use std::io;

use honnin_store::Error;
use tokio_postgres::error::SqlState;

/// Why a store cannot be prepared or opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It is no address of a database.
    #[error("use store.url: {0}")]
    Address(&'static str),
    /// It is not made.
    #[error("open the store: there is none in this database; run `honnin store prepare` as its owner first")]
    Missing,
    /// What stands there is not ours.
    #[error("prepare the store: the database has a schema honnin that is not of this product")]
    Foreign,
    /// A newer build has written it.
    #[error(
        "open the store: its schema has version {found}, this build knows up to {known}; use the newer build"
    )]
    Newer {
        /// The version found.
        found: i64,
        /// The newest version this build knows.
        known: i64,
    },
    /// It was not brought up to date.
    #[error(
        "open the store: its schema has version {found}, this build needs {needed}; run `honnin store prepare` as its owner"
    )]
    Older {
        /// The version found.
        found: i64,
        /// The version needed.
        needed: i64,
    },
    /// The server is too old to be relied on.
    #[error(
        "open the store: PostgreSQL {0} passes over row-level security in some queries (CVE-2024-10976); use 15.9, 16.5, \
         17.1 or newer"
    )]
    OldServer(String),
    /// Row-level security would not hold for this role.
    #[error(
        "open the store: role {role} {may}, and row-level security does not hold for it; give store.url a role that \
         only `honnin store prepare` grants to"
    )]
    TooMighty {
        /// The role.
        role: String,
        /// What it may do.
        may: &'static str,
    },
    /// A table stands open.
    #[error(
        "open the store: row-level security of table {0} is not on and forced, or its policies are not ours; somebody \
         has changed the schema"
    )]
    Open(String),
    /// There is no such role.
    #[error("prepare the store: there is no role {0}; create it first (create role … login)")]
    NoRole(String),
    /// Statements that were prepared are lost on the way.
    #[error(
        "use store.url: a pooler is in between that does not carry prepared statements; set store.prepared = false, or use PgBouncer \
         1.21 or newer with max_prepared_statements above 0"
    )]
    Pooler,
    /// The server was not reached in time.
    #[error("reach the store: the server does not answer in time")]
    Silent,
    /// The system refuses a thread.
    #[error("open the store: the system refuses a thread")]
    System(#[from] std::io::Error),
    /// A row was not taken, or is none.
    #[error("copy the rows of the store")]
    Row(#[source] Error),
    /// The server refuses.
    #[error("reach the store: the server refuses")]
    Server(#[from] tokio_postgres::Error),
}

impl StartError {
    /// Whether it passes by itself: a server has answered, and starts, ends or is a standby; or something before it has no
    /// server to hand on to.
    pub(crate) fn passes(&self) -> bool {
        let Self::Server(error) = self else { return false };
        match error.code() {
            Some(state) => state.code().starts_with("57P"),
            None => error.is_closed() || io_of(error).is_some_and(is_passing),
        }
    }
}

/// Whether a connection was ended before it began, or the driver itself refuses it: the server is a standby.
fn is_passing(error: &io::Error) -> bool {
    let cut = [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
    // The system's own refusal has a number.
    let is_standby = error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none();
    cut.contains(&error.kind()) || is_standby
}

/// What a statement can end with. Callers outside see only [`Error`].
#[derive(Debug)]
pub(crate) enum Fault {
    Engine(tokio_postgres::Error),
    /// No answer in time, or no connection to be had.
    Late,
    /// The connection is of another transaction, or is gone.
    Lost,
    Known(Error),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Known(error)
    }
}

impl Fault {
    pub(crate) fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Engine(error) => error.code(),
            Self::Late | Self::Lost | Self::Known(_) => None,
        }
    }

    /// Undone for the sake of others: the same again can succeed.
    pub(crate) fn was_undone(&self) -> bool {
        let undone = [&SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::T_R_DEADLOCK_DETECTED];
        self.state().is_some_and(|state| undone.contains(&state))
    }

    /// The connection has ended under it, or its server is about to; another one can be tried.
    pub(crate) fn was_cut_off(&self) -> bool {
        match self {
            Self::Lost => true,
            Self::Engine(error) => match error.code() {
                None => error.is_closed() || io_of(error).is_some(),
                // Class 57: the server is shut down, starts, or has lost its mind; 25006: it is a standby by now.
                Some(state) => {
                    state.code().starts_with("57P") || *state == SqlState::READ_ONLY_SQL_TRANSACTION
                }
            },
            Self::Late | Self::Known(_) => false,
        }
    }

    /// Whether the server has said that nothing of the transaction stands. Else it is not known.
    pub(crate) fn is_refusal(&self) -> bool {
        self.state()
            .is_some_and(|state| ["40", "23", "25"].iter().any(|class| state.code().starts_with(class)))
    }

    /// What the caller is told; the server's own code goes to the log. Values are in neither.
    pub(crate) fn told(self) -> Error {
        let state = self.state().map_or("", SqlState::code).to_owned();
        let told = match &self {
            Self::Known(error) => return *error,
            Self::Late => Error::TryAgain,
            Self::Lost => Error::Unavailable,
            Self::Engine(_) => match state.get(..2) {
                Some("23") => return Error::Conflict,
                // Undone for others; a lock that was not to be had; a statement that took too long.
                Some("40") => Error::TryAgain,
                _ if ["55P03", "57014"].contains(&state.as_str()) => Error::TryAgain,
                // A value that is no such value, here or there.
                Some("22" | "XX") => Error::Corrupt,
                _ => Error::Unavailable,
            },
        };
        tracing::error!(code = state, answer = %told, "the server refuses a statement");
        told
    }
}

/// The fault of the connection, if it is one.
fn io_of(error: &tokio_postgres::Error) -> Option<&io::Error> {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            return Some(inner);
        }
        source = inner.source();
    }
    None
}
