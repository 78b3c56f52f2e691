//! The socket at which a key that cannot be copied is asked to unwrap the one this house hangs on.
//!
//! One connection, one line each way, of at most [`LONGEST`] octets, in base64 where it is no word:
//!
//! ```text
//! honnin-key 1 unwrap OCTETS      honnin-key 1 done OCTETS
//! honnin-key 1 wrap OCTETS        honnin-key 1 refused
//!                                 honnin-key 1 away
//! ```
//!
//! Anything can stand behind it: a token on this machine, a box on the network, a cloud's key service. Whoever asks finds out
//! by the system whose process answers, and whoever answers whose process asks; the line itself carries no secret but the key.
//!
//! # Security
//! What is unwrapped goes over the socket in the clear, from one process of this machine to another.

mod ask;
mod line;
mod link;
mod listen;
mod peer;
mod way;

pub use ask::{AskError, ask};
pub use line::{Answer, Asked, LONGEST, LineError, MOST_OCTETS};
pub use listen::{Caller, Listener};
