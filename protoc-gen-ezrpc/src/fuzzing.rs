//! Doors to parsers inside, for the targets in `fuzz/`. No part of the API: feature `fuzzing` only.

/// Parses a path template of `google.api.http`; the paths of its variables.
///
/// # Errors
/// The column of the mistake, from 1, and its text.
pub fn path_template(template: &str) -> Result<Vec<String>, (usize, String)> {
    match crate::route::parse(template) {
        Ok(template) => Ok(template
            .variables
            .into_iter()
            .map(|variable| variable.path)
            .collect()),
        Err(error) => Err((error.column, error.message)),
    }
}

/// Turns a proto comment into lines of rustdoc.
#[must_use]
pub fn rustdoc(comment: &str) -> Vec<String> {
    crate::comments::rustdoc(comment)
}
