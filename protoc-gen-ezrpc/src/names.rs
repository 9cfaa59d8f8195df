//! Proto names to Rust names, exactly as prost-build makes them.
