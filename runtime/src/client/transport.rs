//! How the connections of a channel are made and kept.

#[cfg(feature = "tls")]
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::uri::Scheme;
use tokio::net::TcpStream;

use super::keepalive::{self, Keepalive};
use crate::io::{Io, give_up_after, tune};
use crate::protocol::greeting::expect_http2;
#[cfg(feature = "tls")]
use crate::tls::{ClientTls, Connector, Http};

/// How long connecting may take by default.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// After how much silence the system probes the server.
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);
/// How long the server's system may leave what is sent unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// The settings of connections.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transport {
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
    pub(super) connect_timeout: Duration,
    /// HTTP/2 pings while calls are under way; `None` for none.
    pub(super) keepalive: Option<Keepalive>,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            #[cfg(feature = "tls")]
            tls: None,
            connect_timeout: CONNECT_TIMEOUT,
            keepalive: Some(keepalive::DEFAULT),
        }
    }
}

impl Transport {
    pub(super) fn scheme(&self) -> Scheme {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return Scheme::HTTPS;
        }
        Scheme::HTTP
    }

    /// Whether connections are made as by default.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether only clones of the channel it was made for connect in this way.
    pub(crate) fn is_own(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    /// Connects with TLS as far as the features say whom to trust.
    #[cfg(feature = "tls")]
    pub(super) fn with_default_tls(mut self) -> Self {
        self.tls = Some(Tls::default());
        self
    }

    #[cfg(feature = "tls")]
    pub(super) fn set_tls(&mut self, connector: Connector) {
        self.tls = Some(Tls(Arc::new(OnceLock::from(Ok(connector)))));
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// What the system says, or what the server speaks instead.
    pub(super) async fn connect(&self, address: &str) -> std::io::Result<Io> {
        let stream = TcpStream::connect(address).await?;
        tune(&stream, Some(TCP_KEEPALIVE))?;
        give_up_after(&stream, UNACKNOWLEDGED)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return tls.connector()?.connect(address, stream).await;
        }
        Ok(Io::plain(stream).greeted(expect_http2))
    }
}

/// What makes TLS connections; without settings of its own it is made when it is first needed.
#[cfg(feature = "tls")]
#[derive(Clone, Default)]
struct Tls(Arc<OnceLock<Result<Connector, String>>>);

#[cfg(feature = "tls")]
impl Tls {
    fn connector(&self) -> std::io::Result<&Connector> {
        let connector = self.0.get_or_init(|| {
            let connector = ClientTls::new().connector(Http::Two);
            connector.map_err(|error| error.message().to_owned())
        });
        connector
            .as_ref()
            .map_err(|error| std::io::Error::other(error.as_str()))
    }
}

/// Channels share connections if they share what makes them.
#[cfg(feature = "tls")]
impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(feature = "tls")]
impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}
