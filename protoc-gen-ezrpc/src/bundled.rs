//! The `.proto` files the tool carries, so that no include path is needed for them.

/// The bundled files: import name and source, sorted by name.
///
/// A user's own copy of one wins as source; the Rust types are the runtime's all the same.
#[must_use]
pub fn bundled() -> &'static [(&'static str, &'static str)] {
    &[
        (
            "ezbuy/file.proto",
            include_str!("../protos/ezbuy/file.proto"),
        ),
        (
            "ezbuy/option.proto",
            include_str!("../protos/ezbuy/option.proto"),
        ),
        (
            "google/api/annotations.proto",
            include_str!("../protos/google/api/annotations.proto"),
        ),
        (
            "google/api/field_behavior.proto",
            include_str!("../protos/google/api/field_behavior.proto"),
        ),
        (
            "google/api/http.proto",
            include_str!("../protos/google/api/http.proto"),
        ),
        (
            "google/api/httpbody.proto",
            include_str!("../protos/google/api/httpbody.proto"),
        ),
        (
            "google/rpc/code.proto",
            include_str!("../protos/google/rpc/code.proto"),
        ),
        (
            "google/rpc/error_details.proto",
            include_str!("../protos/google/rpc/error_details.proto"),
        ),
        (
            "google/rpc/status.proto",
            include_str!("../protos/google/rpc/status.proto"),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `protos/ezbuy` is what gets published of the files users see in `options/ezbuy`: a copy, no link, for Windows.
    /// Outside the repository there is nothing to compare with.
    #[test]
    fn the_ezbuy_files_are_those_of_the_repository() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../options");
        if !root.exists() {
            return;
        }
        for (name, source) in bundled()
            .iter()
            .filter(|(name, _)| name.starts_with("ezbuy/"))
        {
            let original = std::fs::read_to_string(root.join(name)).unwrap_or_default();
            assert_eq!(*source, original, "{name}");
        }
    }

    #[test]
    fn sorted_by_name() {
        assert!(bundled().is_sorted_by_key(|(name, _)| name));
    }
}
