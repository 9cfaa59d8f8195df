//! Reads Consul's JSON.

use super::types::answers;
use crate::codec::json::{Message, Options};
use crate::error::{Code, Error, Result};

/// An answer that is a list or an object with keys of its own, read as the field `items` of a message.
pub(super) trait Items: Message + Default {
    /// What the answer is, for errors.
    const WHAT: &'static str;
}

impl Items for answers::Instances {
    const WHAT: &'static str = "instances of a service";
}
impl Items for answers::Checks {
    const WHAT: &'static str = "checks";
}
impl Items for answers::Entries {
    const WHAT: &'static str = "entries of the catalog";
}
impl Items for answers::Names {
    const WHAT: &'static str = "names of services";
}
impl Items for answers::AgentServices {
    const WHAT: &'static str = "services of the agent";
}

/// Reads a list or an object with keys of its own.
///
/// # Errors
/// [`Code::Unavailable`] if it is not what Consul answers: most often a proxy's page.
pub(super) fn items<M: Items>(body: &[u8]) -> Result<M> {
    let wrapped = [b"{\"items\":", body, b"}"].concat();
    let read = Options::new().from_slice::<M>(&wrapped);
    read.map_err(|error| not_consul(M::WHAT, &error.to_string()))
}

/// Reads what the agent says of itself.
///
/// # Errors
/// As [`items`].
pub(super) fn oneself(body: &[u8]) -> Result<answers::Self_> {
    let read = Options::new().from_slice(body);
    read.map_err(|error| not_consul("what the agent is", &error.to_string()))
}

fn not_consul(what: &str, error: &str) -> Error {
    Error::bare(
        Code::Unavailable,
        format!("this is not how Consul tells {what}: {error}; is it Consul's HTTP port?"),
    )
}
