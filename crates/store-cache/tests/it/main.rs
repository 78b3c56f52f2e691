//! The cache round engines.

#[cfg(test)]
mod cached;
