//! TLS, by rustls with ring: what servers and channels prove, and whom they trust.

mod certificates;
#[cfg(feature = "tls")]
mod client;
#[cfg(feature = "tls")]
mod pem;
#[cfg(feature = "tls")]
mod server;

pub use certificates::PeerCertificates;
#[cfg(feature = "tls")]
pub use client::ClientTls;
#[cfg(feature = "tls")]
pub(crate) use client::{Connector, Http};
#[cfg(feature = "tls")]
pub use server::ServerTls;
#[cfg(feature = "tls")]
pub(crate) use server::accept;

/// The names of the protocols in the handshake (ALPN).
#[cfg(feature = "tls")]
const H2: &[u8] = b"h2";
#[cfg(feature = "tls")]
const HTTP1: &[u8] = b"http/1.1";
