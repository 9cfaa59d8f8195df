//! The server's side of TLS.

use std::fmt;
use std::io::{Error as IoError, ErrorKind};
use std::sync::Arc;

use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::{H2, HTTP1, PeerCertificates, pem};
use crate::error::Result;
use crate::io::Io;
use crate::protocol::greeting::{ALERT, NEEDS_TLS};

/// The first byte of a TLS connection.
const HANDSHAKE: u8 = 22;

/// What a server shows of itself over TLS, and which clients it takes.
///
/// TLS 1.2 and 1.3 with rustls' choice of ciphers. HTTP/2 and HTTP/1.1 are offered to clients (ALPN), so that
/// every protocol of the server works on its one port.
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use ezrpc::{Server, ServerTls};
/// let (certificate, key) = (std::fs::read("server.pem")?, std::fs::read("server.key")?);
/// let tls = ServerTls::new(certificate, key).map_err(ezrpc::Error::into_std)?;
/// let server = Server::new("shop").tls(tls);
/// # Ok(())
/// # }
/// ```
#[must_use = "it does nothing until a server has it"]
pub struct ServerTls {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clients: Option<Arc<RootCertStore>>,
    optional: bool,
}

impl ServerTls {
    /// Takes the server's certificate, followed by those that vouch for it, and its private key (PKCS #8, PKCS #1
    /// or SEC 1), all in PEM.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if one of them cannot be read, saying which and
    /// why, or if the key is another certificate's.
    pub fn new(certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self> {
        let tls = Self {
            chain: pem::certificates("server certificate", certificate.as_ref())?,
            key: pem::key("server key", key.as_ref())?,
            clients: None,
            optional: false,
        };
        tls.config()?;
        Ok(tls)
    }

    /// Takes only clients with a certificate that one of these authorities (PEM) vouches for.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if they cannot be read.
    pub fn client_ca(mut self, authorities: impl AsRef<[u8]>) -> Result<Self> {
        let roots = pem::authorities("client authorities", authorities.as_ref())?;
        self.clients = Some(Arc::new(roots));
        Ok(self)
    }

    /// Takes clients without a certificate too; what a client shows is checked all the same.
    pub fn client_auth_optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Makes what takes connections.
    ///
    /// # Errors
    /// As [`ServerTls::new`].
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor> {
        self.config()
            .map(|config| TlsAcceptor::from(Arc::new(config)))
    }

    fn config(&self) -> Result<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| pem::bad(format!("TLS: {error}")))?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let mut verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), provider);
                if self.optional {
                    verifier = verifier.allow_unauthenticated();
                }
                let verifier = verifier
                    .build()
                    .map_err(|error| pem::bad(format!("client authorities: {error}")))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .map_err(|error| pem::bad(format!("server certificate and key: {error}")))?;
        config.alpn_protocols = vec![H2.to_vec(), HTTP1.to_vec()];
        Ok(config)
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls")
            .field("certificates", &self.chain.len())
            .field("clients", &self.clients.is_some())
            .finish_non_exhaustive()
    }
}

/// Makes the TLS connection of a client.
///
/// # Errors
/// What is wrong with the handshake.
pub(crate) async fn accept(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
) -> std::io::Result<(Io, Option<PeerCertificates>)> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
        return Err(refuse_plaintext(stream).await);
    }
    let stream = acceptor.accept(stream).await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let chain = chain.iter().map(|certificate| certificate.to_vec());
    let certificates = PeerCertificates::new(chain.collect());
    Ok((Io::tls(stream), certificates))
}

/// Tells a client that speaks HTTP without TLS what is wrong, in the form it understands.
async fn refuse_plaintext(mut stream: TcpStream) -> IoError {
    let mut start = [0; 3];
    let peeked = stream.peek(&mut start).await;
    let answer = match peeked.is_ok_and(|n| start.starts_with(&b"PRI"[..n])) {
        true => ALERT,
        false => NEEDS_TLS,
    };
    // The client may be gone; what it has sent is read, as closing before would take the answer back.
    if stream.write_all(answer).await.is_ok() && stream.shutdown().await.is_ok() {
        let mut rest = [0; 1024];
        let mut budget = 64;
        while budget > 0 && matches!(stream.read(&mut rest).await, Ok(1..)) {
            budget -= 1;
        }
    }
    IoError::new(ErrorKind::InvalidData, "the client does not speak TLS")
}
