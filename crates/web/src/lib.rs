//! Room: web.
