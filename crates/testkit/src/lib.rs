//! What tests share: a clock that is set, randomness that repeats, wrappers that count, throw-away directories, what a run was
//! asked for, patience.
//!
//! Only tests depend on it. It panics where a test is wrong, so that the test fails at the line that is.

mod asked;
mod authenticator;
mod clock;
mod counted;
mod dir;
mod entropy;
mod pooler;
mod postgres;
mod soon;
mod tokens;

pub use asked::asked;
pub use authenticator::{Authenticator, Made, Presented};
pub use clock::FixedClock;
pub use counted::Counted;
pub use dir::TestDir;
pub use entropy::SeededEntropy;
pub use pooler::Pooler;
pub use postgres::{POSTGRES_PACKAGE, PostgresServer};
pub use soon::soon;
pub use tokens::{ServingAgent, Tokens};
