//! The only room with routes, JSON and status codes.
//!
//! Knows nothing of engines, of ciphers and of the keeper: what it shows it gets from the use cases of `care`, how it
//! looks from `pages`, and the connections it answers on from `front`.

pub mod route;
