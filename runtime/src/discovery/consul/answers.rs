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
impl Items for answers::AgentChecks {
    const WHAT: &'static str = "checks of the agent";
}

/// Reads a list or an object with keys of its own.
///
/// # Errors
/// [`Code::Unavailable`] if it is not what Consul answers: most often a proxy's page.
pub(super) fn items<M: Items>(body: &[u8]) -> Result<M> {
    if !is_one_value(body) {
        return Err(not_consul(M::WHAT, "it is more than one value"));
    }
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

/// Reads what the agent has under an id.
///
/// # Errors
/// As [`items`].
pub(super) fn agent_service(body: &[u8]) -> Result<answers::AgentService> {
    let read = Options::new().from_slice(body);
    read.map_err(|error| not_consul("a service of the agent", &error.to_string()))
}

/// Whether a text, should it be JSON, does not end before its end: another object put around it would have further fields.
fn is_one_value(body: &[u8]) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b',' | b']' | b'}' if depth == 0 => return false,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    depth == 0 && !quoted
}

fn not_consul(what: &str, error: &str) -> Error {
    Error::bare(
        Code::Unavailable,
        format!("this is not how Consul tells {what}: {error}; is it Consul's HTTP port?"),
    )
    .inside()
}
