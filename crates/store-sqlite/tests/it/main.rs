//! The engine from outside.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod opened;
