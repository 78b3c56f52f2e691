//! Room: keeper.
