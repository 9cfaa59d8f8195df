//! Registries by name, as the environment and command lines have them.

use std::borrow::Cow;
use std::sync::Arc;

#[cfg(feature = "consul")]
use super::Consul;
use super::{Fixed, Memory, Registry};
use crate::error::{Code, Error, Result};

/// Opens the registry that a text names, as `EZRPC_REGISTRY` does: `memory`, `fixed:<service>=<host:port>,..`,
/// `fixed:<host:port>`, or `consul://<host:port>`, which may go on with `?dc=<datacenter>&tag=<tag>`; what else
/// [`Consul::from_env`](super::Consul::from_env) takes from the environment counts too.
///
/// ```
/// let registry = ezrpc::discovery::open("fixed:127.0.0.1:8080")?;
/// assert_eq!(registry.describe(), "fixed:127.0.0.1:8080");
/// # Ok::<(), ezrpc::Error>(())
/// ```
///
/// # Errors
/// [`Code::InvalidArgument`] if it names none; [`Code::FailedPrecondition`] if this program cannot use it.
pub fn open(name: &str) -> Result<Arc<dyn Registry>> {
    let (kind, rest) = name.split_once(':').unwrap_or((name, ""));
    match (kind, rest) {
        ("memory", "") => Ok(Arc::new(Memory::new())),
        ("fixed", list) => Ok(Arc::new(Fixed::parse(list)?)),
        ("consul", rest) => match rest.strip_prefix("//") {
            Some(address) => consul(address),
            None => invalid("write consul://<host:port>"),
        },
        _ => invalid(format!(
            "`{name}` names no registry: use memory, fixed:<service>=<host:port>,.. or consul://<host:port>"
        )),
    }
}

fn invalid<T>(text: impl Into<Cow<'static, str>>) -> Result<T> {
    Err(Error::bare(Code::InvalidArgument, text))
}

/// Consul as its own tools find it.
#[cfg(feature = "consul")]
pub(super) fn consul_by_env() -> Result<Arc<dyn Registry>> {
    Ok(Arc::new(Consul::from_env()?))
}

/// Consul at the address after `consul://`.
#[cfg(feature = "consul")]
fn consul(address: &str) -> Result<Arc<dyn Registry>> {
    Ok(Arc::new(Consul::parse(address)?))
}

#[cfg(not(feature = "consul"))]
pub(super) fn consul_by_env() -> Result<Arc<dyn Registry>> {
    Err(Error::bare(
        Code::FailedPrecondition,
        "CONSUL_HTTP_ADDR is set, and this program cannot use Consul: turn on ezrpc's feature `consul`, or set \
         EZRPC_REGISTRY=memory",
    ))
}

#[cfg(not(feature = "consul"))]
fn consul(_: &str) -> Result<Arc<dyn Registry>> {
    Err(Error::bare(
        Code::FailedPrecondition,
        "this program cannot use Consul: turn on ezrpc's feature `consul`",
    ))
}
