//! The settings of a channel.

use std::sync::Arc;
use std::time::Duration;

use super::Channel;
use super::balance::Balance;
use super::channel::Target;
use super::group::Group;
use super::keepalive::Keepalive;
use super::transport::Transport;
#[cfg(feature = "tls")]
use crate::discovery::check_address;
use crate::error::Result;
use crate::interceptor::Interceptor;
use crate::protocol::compression::Encoding;

impl Channel {
    /// Limits calls that neither their context nor the schema limits (default: no limit).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Sets the longest reply message in bytes (default 4 MiB).
    #[must_use]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.options.max_message = bytes;
        self
    }

    /// Compresses request messages of more than 1 KiB, and takes compressed replies (default: neither).
    ///
    /// With [`Encoding::Identity`] requests go as they are. A server that does not have the encoding answers with
    /// [`Code::Unimplemented`](crate::Code::Unimplemented).
    ///
    /// ```
    /// # #[cfg(feature = "gzip")] {
    /// use ezrpc::{Channel, Encoding};
    /// let channel = Channel::connect("http://127.0.0.1:8080")?.compress(Encoding::Gzip);
    /// # }
    /// # Ok::<(), ezrpc::Error>(())
    /// ```
    #[must_use]
    pub fn compress(mut self, encoding: Encoding) -> Self {
        self.options.compress = Some(encoding);
        self
    }

    /// Puts an interceptor around every call, local ones too; the first added runs outermost.
    ///
    /// It sees the call as the server will: method, deadline, and the metadata about to be sent.
    #[must_use]
    pub fn interceptor(mut self, interceptor: impl Interceptor) -> Self {
        let mut chain = self.options.chain.as_deref().cloned().unwrap_or_default();
        chain.interceptors.push(Arc::new(interceptor));
        self.options.chain = Some(Arc::new(chain));
        self
    }

    /// Sets how calls are spread over the instances of a service (default [`Balance::LeastLoaded`]).
    #[must_use]
    pub fn balance(mut self, balance: Balance) -> Self {
        self.options.balance = balance;
        self
    }

    /// Sets how long an instance that joins others takes to its full share of the calls, beginning with a tenth of it
    /// (default 10 s; zero gives it all at once). Not with [`Balance::ConsistentHash`], whose keys would move twice.
    #[must_use]
    pub fn slow_start(mut self, window: Duration) -> Self {
        self.options.slow_start = window;
        self
    }

    /// Fails calls at once when the registry knows no instance.
    ///
    /// By default a call waits for one until its deadline, or for 5 s if it has none.
    #[must_use]
    pub fn fail_fast(mut self) -> Self {
        self.options.fail_fast = true;
        self
    }

    /// Connects with TLS, and with these settings of it.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if a certificate, a key or the domain cannot be read;
    /// [`Code::FailedPrecondition`](crate::Code::FailedPrecondition) if nobody would be trusted.
    #[cfg(feature = "tls")]
    pub fn tls(self, tls: crate::tls::ClientTls) -> Result<Self> {
        let connector = tls.connector(crate::tls::Http::Two)?;
        Ok(self.with_transport(|transport| transport.set_tls(connector)))
    }

    /// Sets how long connecting may take, until the server has said its first word; with TLS its handshake included
    /// (default 5 s). With several instances a call goes to the next one after 250 ms.
    #[must_use]
    pub fn connect_timeout(self, limit: Duration) -> Self {
        self.with_transport(|transport| transport.connect_timeout = limit)
    }

    /// Pings the server when it owes answers to calls and has said nothing for `interval` (default 10 s); without an
    /// answer within `timeout` (default 5 s) the connection is given up, its calls fail, and the instance gets no more
    /// until it answers again. So a server gets no more calls `interval + timeout` after it has frozen, or after the
    /// first request to it since then, if it had been silent before. An `interval` of zero turns pings off.
    ///
    /// gRPC servers of other makes take pings every five minutes and close connections with more. So the time between
    /// pings to a server that answers them and says nothing else grows, up to five minutes. When it says something it is
    /// `interval` again; a new request brings the next ping forward as well, but once only (twice soon after the last
    /// word) until the server says something: one that freezes after that is found after five minutes. Without pings a
    /// server that is gone is found by the system: what it does not acknowledge for 30 s ends the connection (on
    /// Linux), and a connection on which nothing is sent is probed after 60 s.
    #[must_use]
    pub fn keepalive(self, interval: Duration, timeout: Duration) -> Self {
        let keepalive = Keepalive { interval, timeout };
        let keepalive = (!interval.is_zero()).then_some(keepalive);
        self.with_transport(|transport| transport.keepalive = keepalive)
    }

    fn with_transport(mut self, change: impl FnOnce(&mut Transport)) -> Self {
        match &self.target {
            Target::Remote(group) => {
                let mut transport = group.transport().clone();
                change(&mut transport);
                self.target = Target::Remote(Group::fixed(group.address(), transport).shown());
            }
            Target::Discovered(_) => {
                let means = self.options.means.as_deref();
                let transport = means.map(|means| means.transport.clone());
                let mut transport = transport.unwrap_or_default();
                change(&mut transport);
                self.options.means = Some(Arc::new(transport.into()));
            }
            Target::Local(_) => {}
        }
        self
    }
}

/// A channel to an address that speaks TLS.
#[cfg(feature = "tls")]
pub(super) fn secure(address: &str) -> Result<Channel> {
    let address = address.strip_suffix('/').unwrap_or(address);
    // An IPv6 address without a port ends in a bracket.
    let has_port = address
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.ends_with(']'));
    let address = match has_port {
        true => address.to_owned(),
        false => format!("{address}:443"),
    };
    check_address(&address)?;
    Ok(Channel::fixed(
        address,
        Transport::default().with_default_tls(),
    ))
}

#[cfg(not(feature = "tls"))]
pub(super) fn secure(address: &str) -> Result<Channel> {
    Err(crate::error::Error::bare(
        crate::error::Code::InvalidArgument,
        format!("https://{address} needs TLS: turn on ezrpc's feature `tls`"),
    ))
}
