//! The registry of the process, behind every client that is not given one.

use std::env;
use std::sync::{Arc, OnceLock};

use super::{Clients, Fixed, Memory, Registry};
use crate::error::{Code, Error, Result};

/// Names the registry: `memory`, `fixed:<service>=<host:port>,..` or `fixed:<host:port>`.
const VARIABLE: &str = "EZRPC_REGISTRY";
/// Where Consul's own tools look for the agent.
const CONSUL_VARIABLE: &str = "CONSUL_HTTP_ADDR";

/// Chosen once; what is wrong with the choice is said by each call that needs it.
static DEFAULT: OnceLock<Result<Clients, String>> = OnceLock::new();

/// Sets the registry behind every client that is not given one; at the start of `main`.
///
/// Without it the environment variable `EZRPC_REGISTRY` chooses: `memory` (also when unset),
/// `fixed:<service>=<host:port>,..` or `fixed:<host:port>`.
///
/// # Errors
/// [`Code::FailedPrecondition`] if the registry was chosen before, by this function or by a first call.
pub fn set_default_registry(registry: impl Registry) -> Result<()> {
    let mut registry = Some(registry);
    DEFAULT.get_or_init(|| match registry.take() {
        Some(registry) => Ok(Clients::new(Arc::new(registry))),
        // Not reached: this closure runs at most once.
        None => Err(String::new()),
    });
    match registry {
        None => Ok(()),
        Some(_) => Err(Error::bare(
            Code::FailedPrecondition,
            "the default registry is in use already: set it at the start of main, once",
        )),
    }
}

/// Returns the registry behind every client that is not given one.
///
/// # Errors
/// [`Code::FailedPrecondition`] if `EZRPC_REGISTRY` names none there is.
pub fn default_registry() -> Result<Arc<dyn Registry>> {
    Ok(Arc::clone(default_clients()?.registry()))
}

pub(crate) fn default_clients() -> Result<&'static Clients> {
    let chosen = DEFAULT.get_or_init(|| {
        let consul = env::var_os(CONSUL_VARIABLE).is_some_and(|address| !address.is_empty());
        choose(env::var(VARIABLE).ok().as_deref(), consul)
    });
    chosen
        .as_ref()
        .map_err(|text| Error::bare(Code::FailedPrecondition, text.clone()))
}

/// Chooses by the environment.
fn choose(variable: Option<&str>, consul: bool) -> Result<Clients, String> {
    let value = variable.unwrap_or_default().trim();
    let (kind, rest) = value.split_once(':').unwrap_or((value, ""));
    match (kind, rest) {
        ("", _) if consul => Ok(Clients::new(Arc::new(Memory::new())).note(
            "CONSUL_HTTP_ADDR is set, but Consul support comes with the next release of ezrpc",
        )),
        ("" | "memory", "") => Ok(Clients::new(Arc::new(Memory::new()))),
        ("fixed", list) => match Fixed::parse(list) {
            Ok(fixed) => Ok(Clients::new(Arc::new(fixed))),
            Err(error) => Err(format!("{VARIABLE}={value}: {}", error.message())),
        },
        ("consul", _) => Err(format!(
            "{VARIABLE}={value}: Consul support comes with the next release of ezrpc; until then use \
             memory or fixed:<service>=<host:port>,.."
        )),
        _ => Err(format!(
            "{VARIABLE}={value} names no registry: use memory or fixed:<service>=<host:port>,.."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variable: Option<&str>, consul: bool) -> Result<String, String> {
        choose(variable, consul).map(|clients| clients.registry().describe())
    }

    #[test]
    fn the_environment_chooses() {
        let good = [
            (None, "memory"),
            (Some(""), "memory"),
            (Some("memory"), "memory"),
            (Some("fixed:127.0.0.1:80"), "fixed:127.0.0.1:80"),
            (
                Some("fixed: b.B=[::1]:2 , a.A=shop:1,c:3"),
                "fixed:a.A=shop:1,b.B=[::1]:2,c:3",
            ),
        ];
        for (variable, expected) in good {
            assert_eq!(chosen(variable, false), Ok(expected.to_owned()));
        }
        assert_eq!(chosen(None, true), Ok("memory".to_owned()));
    }

    #[test]
    fn what_cannot_be_chosen_is_explained() {
        let bad = [
            (
                "fixed:",
                "EZRPC_REGISTRY=fixed:: `` is not an address such as 10.0.0.1:80",
            ),
            (
                "fixed:a.A=host",
                "EZRPC_REGISTRY=fixed:a.A=host: `host` is not an address such as 10.0.0.1:80",
            ),
            (
                "consul://127.0.0.1:8500",
                "EZRPC_REGISTRY=consul://127.0.0.1:8500: Consul support comes with the next release of \
                 ezrpc; until then use memory or fixed:<service>=<host:port>,..",
            ),
            (
                "etcd://x",
                "EZRPC_REGISTRY=etcd://x names no registry: use memory or fixed:<service>=<host:port>,..",
            ),
        ];
        for (variable, expected) in bad {
            assert_eq!(chosen(Some(variable), true), Err(expected.to_owned()));
        }
    }
}
