//! The channel's side of TLS.

use std::fmt;
use std::io::{Error as IoError, ErrorKind};
use std::sync::Arc;

use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::{H2, pem};
use crate::error::Result;
use crate::io::Io;

/// Whom a channel trusts, and what it shows of itself over TLS.
///
/// Without [`ClientTls::ca`] the system's authorities are trusted (feature `tls-native-roots`) or, without that
/// feature, Mozilla's (feature `tls-webpki-roots`: data compiled in, the thinner one, as old as the build).
///
/// ```no_run
/// # fn example(ca: &[u8], certificate: &[u8], key: &[u8]) -> ezrpc::Result<()> {
/// use ezrpc::{Channel, ClientTls};
/// let tls = ClientTls::new().ca(ca).identity(certificate, key).domain("shop.internal");
/// let channel = Channel::connect("https://10.0.0.7:8443")?.tls(tls)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "it does nothing until a channel has it"]
pub struct ClientTls {
    /// PEM.
    authorities: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
    domain: Option<String>,
}

impl ClientTls {
    /// Trusts the authorities named by features, shows nothing, expects the host of the channel's address.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these authorities (PEM) and no others.
    pub fn ca(mut self, authorities: impl Into<Vec<u8>>) -> Self {
        self.authorities = Some(authorities.into());
        self
    }

    /// Shows this certificate, followed by those that vouch for it, to servers that ask; all in PEM.
    pub fn identity(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Expects a certificate of this name, rather than of the host of the channel's address.
    pub fn domain(mut self, name: impl Into<String>) -> Self {
        self.domain = Some(name.into());
        self
    }

    /// Makes what connects.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if something given cannot be read;
    /// [`Code::FailedPrecondition`](crate::Code::FailedPrecondition) if nobody would be trusted.
    pub(crate) fn connector(&self, http: Http) -> Result<Connector> {
        let domain = match &self.domain {
            Some(name) => Some(server_name(name)?),
            None => None,
        };
        let mut config = self.config()?;
        config.alpn_protocols = vec![http.name().to_vec()];
        Ok(Connector {
            tls: TlsConnector::from(Arc::new(config)),
            domain,
            http,
        })
    }

    fn config(&self) -> Result<ClientConfig> {
        let roots = match &self.authorities {
            Some(pem) => pem::authorities("certificate authorities", pem)?,
            None => default_roots()?,
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| pem::bad(format!("TLS: {error}")))?
            .with_root_certificates(roots);
        match self.own()? {
            None => Ok(builder.with_no_client_auth()),
            Some((chain, key)) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| pem::bad(format!("client certificate and key: {error}"))),
        }
    }

    fn own(&self) -> Result<Option<Own>> {
        let Some((certificate, key)) = &self.identity else {
            return Ok(None);
        };
        let chain = pem::certificates("client certificate", certificate)?;
        Ok(Some((chain, pem::key("client key", key)?)))
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("authorities", &self.authorities.is_some())
            .field("identity", &self.identity.is_some())
            .field("domain", &self.domain)
            .finish()
    }
}

/// A chain of certificates and the key of the first.
type Own = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The system's authorities.
#[cfg(feature = "tls-native-roots")]
fn default_roots() -> Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A store of many authorities may have some that cannot be used.
    let (used, _) = roots.add_parsable_certificates(found.certs);
    if used == 0 {
        let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(crate::error::Error::failed_precondition(format!(
            "the system has no certificate authorities ({}): say whom to trust with ClientTls::ca",
            errors.join("; ")
        )));
    }
    Ok(roots)
}

/// Mozilla's authorities.
#[cfg(all(feature = "tls-webpki-roots", not(feature = "tls-native-roots")))]
fn default_roots() -> Result<RootCertStore> {
    Ok(RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    })
}

#[cfg(not(any(feature = "tls-webpki-roots", feature = "tls-native-roots")))]
fn default_roots() -> Result<RootCertStore> {
    Err(crate::error::Error::failed_precondition(
        "no certificate authority is trusted: name one with ClientTls::ca, or turn on ezrpc's feature \
         `tls-native-roots` (the system's) or `tls-webpki-roots` (Mozilla's)",
    ))
}

fn server_name(name: &str) -> Result<ServerName<'static>> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| pem::bad(format!("`{name}` is neither a host name nor an IP address")))
}

/// The version of HTTP spoken over a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Http {
    #[cfg(feature = "consul")]
    One,
    Two,
}

impl Http {
    /// The name in the handshake (ALPN).
    fn name(self) -> &'static [u8] {
        match self {
            #[cfg(feature = "consul")]
            Self::One => super::HTTP1,
            Self::Two => H2,
        }
    }

    fn not_offered(self) -> IoError {
        let version = match self {
            #[cfg(feature = "consul")]
            Self::One => "HTTP/1.1",
            Self::Two => "HTTP/2",
        };
        invalid(format!("the server does not offer {version} over TLS"))
    }
}

/// Makes TLS connections to servers.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: TlsConnector,
    domain: Option<ServerName<'static>>,
    http: Http,
}

impl Connector {
    /// Makes the TLS connection to a server at `address`.
    ///
    /// # Errors
    /// What is wrong with the handshake.
    pub(crate) async fn connect(&self, address: &str, stream: TcpStream) -> std::io::Result<Io> {
        let name = match &self.domain {
            Some(name) => name.clone(),
            None => {
                server_name(host(address)).map_err(|error| invalid(error.message().to_owned()))?
            }
        };
        let connected = self.tls.connect(name, stream).await;
        let stream = connected.map_err(|error| explain(error, self.http))?;
        match stream.get_ref().1.alpn_protocol() {
            // Some servers take any protocol and name none.
            None => Ok(Io::tls(stream)),
            Some(name) if name == self.http.name() => Ok(Io::tls(stream)),
            Some(_) => Err(self.http.not_offered()),
        }
    }
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Says what a failed handshake most probably is.
fn explain(error: IoError, http: Http) -> IoError {
    let inner = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)) => {
            invalid("the server does not speak TLS: connect with http://".into())
        }
        Some(
            rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol)
            | rustls::Error::NoApplicationProtocol,
        ) => http.not_offered(),
        Some(other) => IoError::new(error.kind(), format!("TLS: {other}")),
        None if error.kind() == ErrorKind::UnexpectedEof => {
            invalid("TLS: the server closed the connection in the handshake".into())
        }
        None => error,
    }
}

fn invalid(message: String) -> IoError {
    IoError::new(ErrorKind::InvalidData, message)
}
