//! The `.proto` files the tool carries, so that no include path is needed for them.

/// The bundled files: import name and source, sorted by name.
#[must_use]
pub fn bundled() -> &'static [(&'static str, &'static str)] {
    &[]
}
