//! Settings by the environment variables of Consul's own tools.

use std::fs;

use super::address::Address;
use super::config::Config;
use super::secret::Secret;
use crate::base64::{self, Form};
use crate::error::{Error, Result};

/// What looks a variable up; one that is empty counts as unset.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Looks in the environment of the process.
pub(super) fn process(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty())
}

/// Makes the settings; `address` goes before that of the environment.
///
/// # Errors
/// [`Code::InvalidArgument`](crate::Code::InvalidArgument), naming the variable that cannot be used.
pub(super) fn config(address: Option<&str>, get: Lookup<'_>) -> Result<Config> {
    let found = get("CONSUL_HTTP_ADDR");
    let address = address.or(found.as_deref()).unwrap_or("127.0.0.1:8500");
    let mut address = Address::parse(address)?;
    address.tls |= flag(get, "CONSUL_HTTP_SSL")?.unwrap_or(false);
    let mut config = Config::new(address);
    config.access.token = token(get)?;
    config.access.basic = get("CONSUL_HTTP_AUTH").as_deref().map(basic).transpose()?;
    config.namespace = get("CONSUL_NAMESPACE").unwrap_or_default();
    if config.access.address.tls {
        tls(&mut config, get)?;
    }
    Ok(config)
}

/// As in Consul's tools a file goes before the variable, unless it is empty.
fn token(get: Lookup<'_>) -> Result<Option<Secret>> {
    if let Some(path) = get("CONSUL_HTTP_TOKEN_FILE") {
        let token = String::from_utf8_lossy(&read("CONSUL_HTTP_TOKEN_FILE", &path)?).into_owned();
        if !token.trim().is_empty() {
            return Secret::new("CONSUL_HTTP_TOKEN_FILE", &token).map(Some);
        }
    }
    let token = get("CONSUL_HTTP_TOKEN");
    token
        .map(|token| Secret::new("CONSUL_HTTP_TOKEN", &token))
        .transpose()
}

/// The header for `user:password`.
pub(super) fn basic(credentials: &str) -> Result<Secret> {
    let encoded = base64::encode(credentials.as_bytes(), Form::Standard);
    Secret::new("CONSUL_HTTP_AUTH", &format!("Basic {encoded}"))
}

fn flag(get: Lookup<'_>, name: &str) -> Result<Option<bool>> {
    let Some(text) = get(name) else {
        return Ok(None);
    };
    match text.trim() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Some(true)),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Some(false)),
        other => Err(Error::invalid_argument(format!(
            "{name}={other}: write true or false"
        ))),
    }
}

fn read(name: &str, path: &str) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        Error::invalid_argument(format!("{name}={path}: the file cannot be read: {error}"))
    })
}

#[cfg(feature = "tls")]
fn tls(config: &mut Config, get: Lookup<'_>) -> Result<()> {
    use crate::tls::{ClientTls, Http};

    if flag(get, "CONSUL_HTTP_SSL_VERIFY")? == Some(false) {
        return Err(Error::invalid_argument(
            "CONSUL_HTTP_SSL_VERIFY=false is not supported: name the authority to trust with CONSUL_CACERT, and \
             the name in the certificate with CONSUL_TLS_SERVER_NAME",
        ));
    }
    let mut tls = ClientTls::new();
    if let Some(path) = get("CONSUL_CACERT") {
        tls = tls.ca(read("CONSUL_CACERT", &path)?);
    } else if let Some(path) = get("CONSUL_CAPATH") {
        tls = tls.ca(read_folder("CONSUL_CAPATH", &path)?);
    }
    match (get("CONSUL_CLIENT_CERT"), get("CONSUL_CLIENT_KEY")) {
        (Some(certificate), Some(key)) => {
            let certificate = read("CONSUL_CLIENT_CERT", &certificate)?;
            tls = tls.identity(certificate, read("CONSUL_CLIENT_KEY", &key)?);
        }
        (None, None) => {}
        _ => {
            return Err(Error::invalid_argument(
                "CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY belong together: set both or none",
            ));
        }
    }
    if let Some(name) = get("CONSUL_TLS_SERVER_NAME") {
        tls = tls.domain(name);
    }
    config.access.tls.connector = Some(tls.connector(Http::One)?);
    Ok(())
}

/// The authorities of all files of a folder.
#[cfg(feature = "tls")]
fn read_folder(name: &str, path: &str) -> Result<Vec<u8>> {
    let unreadable = |error| {
        Error::invalid_argument(format!("{name}={path}: the folder cannot be read: {error}"))
    };
    let mut all = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.is_file() {
            all.extend(read(name, &file.to_string_lossy())?);
            all.push(b'\n');
        }
    }
    Ok(all)
}

#[cfg(not(feature = "tls"))]
fn tls(config: &mut Config, _: Lookup<'_>) -> Result<()> {
    Err(Error::failed_precondition(format!(
        "the Consul agent at {} is to be reached over TLS: turn on ezrpc's feature `tls`",
        config.access.address
    )))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    fn made(variables: &[(&str, &str)]) -> Result<Config> {
        config(None, &|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_variables_of_consuls_tools_are_understood() {
        let config = made(&[]).unwrap();
        assert_eq!(config.access.address.to_string(), "127.0.0.1:8500");
        let config = made(&[
            ("CONSUL_HTTP_ADDR", "consul:81"),
            ("CONSUL_HTTP_TOKEN", "t0ken"),
            ("CONSUL_HTTP_AUTH", "user:pass"),
            ("CONSUL_NAMESPACE", "team"),
        ])
        .unwrap();
        assert_eq!(config.access.address.to_string(), "consul:81");
        assert_eq!(config.namespace, "team");
        assert_eq!(config.access.token.as_ref().unwrap().reveal(), "t0ken");
        assert_eq!(
            config.access.basic.as_ref().unwrap().reveal(),
            "Basic dXNlcjpwYXNz"
        );
        let shown = format!("{config:?}");
        assert!(
            !shown.contains("t0ken") && !shown.contains("dXNl"),
            "{shown}"
        );
    }

    #[test]
    fn a_token_file_goes_before_the_token() {
        let path = std::env::temp_dir().join(format!("ezrpc-token-{}", std::process::id()));
        fs::write(&path, "from-file\n").unwrap();
        let path = path.to_str().unwrap();
        let config = made(&[("CONSUL_HTTP_TOKEN_FILE", path), ("CONSUL_HTTP_TOKEN", "x")]);
        assert_eq!(config.unwrap().access.token.unwrap().reveal(), "from-file");
        // One that is empty counts as unset, as variables do.
        fs::write(path, "\n").unwrap();
        let config = made(&[("CONSUL_HTTP_TOKEN_FILE", path), ("CONSUL_HTTP_TOKEN", "x")]);
        assert_eq!(config.unwrap().access.token.unwrap().reveal(), "x");
        fs::remove_file(path).unwrap();
        let error = made(&[("CONSUL_HTTP_TOKEN_FILE", "/no/such/file")]).unwrap_err();
        assert!(
            error
                .message()
                .starts_with("CONSUL_HTTP_TOKEN_FILE=/no/such/file: the file")
        );
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let error = made(&[("CONSUL_HTTP_SSL", "yes")]).unwrap_err();
        assert_eq!(error.message(), "CONSUL_HTTP_SSL=yes: write true or false");
        let error = made(&[
            ("CONSUL_HTTP_ADDR", "https://c"),
            ("CONSUL_HTTP_SSL_VERIFY", "0"),
        ]);
        let expected = match cfg!(feature = "tls") {
            true => "CONSUL_HTTP_SSL_VERIFY=false is not supported",
            false => {
                "the Consul agent at c:443 is to be reached over TLS: turn on ezrpc's feature `tls`"
            }
        };
        assert!(error.unwrap_err().message().starts_with(expected));
    }
}
