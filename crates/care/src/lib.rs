//! Room: care.
