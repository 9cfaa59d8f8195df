//! The fields of the contexts an error was traced in.

use std::borrow::Cow;

use super::Error;

impl Error {
    /// Returns the fields of the contexts the error was traced in ([`Context::trace`](crate::Context::trace)), also in
    /// other processes, the innermost first. For logs: none leaves a trust boundary.
    pub fn fields(&self) -> &[(Cow<'static, str>, String)] {
        &self.inner.fields
    }

    /// Adds fields of a context; what an inner one has said of a key stands.
    pub(crate) fn push_fields(
        &mut self,
        fields: impl IntoIterator<Item = (Cow<'static, str>, String)>,
    ) {
        for (key, value) in fields {
            if !self.inner.fields.iter().any(|(known, _)| *known == key) {
                self.inner.fields.push((key, value));
            }
        }
    }
}
