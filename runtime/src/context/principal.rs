//! Who calls.

use std::sync::Arc;

use super::Context;

/// Who calls, as the authenticator found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    name: Arc<str>,
}

impl Principal {
    /// Names the caller: a user or a service.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into() }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Context {
    /// Returns who calls, if the authenticator found somebody. A local call has its caller's; a remote one says it afresh.
    pub fn principal(&self) -> Option<&Principal> {
        self.origin().inner.principal.get()
    }

    /// Sets who calls; the first one to say so wins.
    pub fn set_principal(&self, principal: Principal) {
        let origin = self.origin();
        // A second principal is ignored on purpose: an inner layer must not change who was let in.
        if origin.inner.principal.set(principal).is_ok()
            && let Some(principal) = self.principal()
        {
            origin.record_caller(principal.name());
        }
    }
}
