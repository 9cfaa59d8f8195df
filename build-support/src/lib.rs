//! build.rs helper
