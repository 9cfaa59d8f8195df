//! The registry of the process, behind every client that is not given one.

use std::env;
use std::sync::{Arc, OnceLock};

use super::open::{consul_by_env, open};
use super::{Clients, Registry};
use crate::error::{Code, Error, Result};

/// Names the registry: `memory`, `fixed:<service>=<host:port>,..`, `fixed:<host:port>` or `consul://<host:port>`.
const VARIABLE: &str = "EZRPC_REGISTRY";
/// Where Consul's own tools look for the agent.
const CONSUL_VARIABLE: &str = "CONSUL_HTTP_ADDR";

/// Chosen once; what is wrong with the choice is said by each call that needs it.
static DEFAULT: OnceLock<Result<Clients, String>> = OnceLock::new();

/// Sets the registry behind every client that is not given one; at the start of `main`.
///
/// Without it the environment variable `EZRPC_REGISTRY` chooses: `memory`, `fixed:<service>=<host:port>,..`,
/// `fixed:<host:port>`, or `consul://<host:port>`, which may go on with `?dc=<datacenter>&tag=<tag>`; what else
/// [`Consul::from_env`](super::Consul::from_env) takes from the environment counts too. Unset, it is Consul if
/// `CONSUL_HTTP_ADDR` is set, else `memory`.
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
/// [`Code::FailedPrecondition`] if `EZRPC_REGISTRY` names none there is, or its settings cannot be used.
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
        .map_err(|text| Error::bare(Code::FailedPrecondition, text.clone()).inside())
}

/// Chooses by the environment.
fn choose(variable: Option<&str>, consul: bool) -> Result<Clients, String> {
    let value = variable.unwrap_or_default().trim();
    let chosen = match value {
        "" if consul => consul_by_env(),
        "" => open("memory"),
        value => open(value).map_err(|error| {
            let text = error.message();
            // It is repeated once, and not where it may hold a secret.
            let secret = value.contains("token=") || value.contains('@');
            let prefix = match text.contains(value) || secret {
                true => VARIABLE.to_owned(),
                false => format!("{VARIABLE}={value}"),
            };
            Error::bare(error.code(), format!("{prefix}: {text}"))
        }),
    };
    match chosen {
        Ok(registry) => Ok(Clients::new(registry)),
        Err(error) => Err(error.message().to_owned()),
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
    }

    #[cfg(feature = "consul")]
    #[test]
    fn the_environment_chooses_consul() {
        let good = [
            ("consul://10.0.0.1", "consul://10.0.0.1:8500"),
            (
                "consul://10.0.0.1:81/?dc=eu&tag=blue",
                "consul://10.0.0.1:81?dc=eu",
            ),
        ];
        for (variable, expected) in good {
            assert_eq!(chosen(Some(variable), false), Ok(expected.to_owned()));
        }
        // Whatever the variable of this process is.
        assert!(chosen(None, true).is_ok_and(|name| name.starts_with("consul://")));
        let bad = [
            (
                "consul:x",
                "EZRPC_REGISTRY=consul:x: write consul://<host:port>",
            ),
            (
                "consul://x?datacenter=eu",
                "EZRPC_REGISTRY=consul://x?datacenter=eu: `datacenter` is no setting of consul: use dc, ns or tag",
            ),
            (
                "consul://x?token=s3cret",
                "EZRPC_REGISTRY: a token does not belong in an address, which is logged: set CONSUL_HTTP_TOKEN",
            ),
        ];
        for (variable, expected) in bad {
            assert_eq!(chosen(Some(variable), true), Err(expected.to_owned()));
        }
    }

    #[cfg(not(feature = "consul"))]
    #[test]
    fn without_the_feature_it_is_named() {
        assert_eq!(
            chosen(Some("consul://x"), false),
            Err(
                "EZRPC_REGISTRY=consul://x: this program cannot use Consul: turn on ezrpc's feature `consul`"
                    .to_owned()
            )
        );
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
                "etcd://x",
                "EZRPC_REGISTRY: `etcd://x` names no registry: use memory, fixed:<service>=<host:port>,.. or consul://<host:port>",
            ),
        ];
        for (variable, expected) in bad {
            assert_eq!(chosen(Some(variable), true), Err(expected.to_owned()));
        }
    }
}
