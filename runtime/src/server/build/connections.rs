//! The bounds of a server's connections.

use std::time::Duration;

use crate::server::Server;

impl Server {
    /// Sets the longest header block in bytes (default 16 KiB); a longer one is answered with 431.
    pub fn max_headers(mut self, bytes: u32) -> Self {
        self.connection.max_headers = bytes;
        self
    }

    /// Sets how many calls one HTTP/2 connection may have under way (default 1,000).
    pub fn max_streams(mut self, streams: u32) -> Self {
        self.connection.max_streams = streams;
        self
    }

    /// Sets how many HTTP/2 streams a client may reset before they were looked at (default 20); one more ends the
    /// connection with GOAWAY (ENHANCE_YOUR_CALM). It bounds "rapid reset", CVE-2023-44487.
    pub fn max_resets(mut self, streams: usize) -> Self {
        self.connection.max_resets = streams;
        self
    }

    /// Sets how many bytes of request bodies a client may send ahead of what handlers read, per HTTP/2 stream and
    /// per connection (default 256 KiB and 16 MiB).
    ///
    /// A small frame nobody has read counts as 256 bytes against half the connection's window, and over it the
    /// connection is closed (ENHANCE_YOUR_CALM): for many slow handlers of tiny messages that half must be large.
    pub fn windows(mut self, stream: u32, connection: u32) -> Self {
        self.connection.windows = (stream, connection);
        self
    }

    /// Sets how long a client may take over the TLS handshake and its first bytes, and over each head of HTTP/1.1
    /// (default 30 s). An idle HTTP/1.1 connection is closed after as long.
    pub fn header_timeout(mut self, limit: Duration) -> Self {
        self.connection.header_timeout = limit;
        self
    }

    /// Pings HTTP/2 clients that have said nothing for `interval`, and closes the connection without an answer
    /// within `timeout` (default: no pings; they cost time on every frame, and [`Server::tcp_keepalive`] finds
    /// clients that are gone too).
    pub fn keepalive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.connection.keepalive = Some((interval, timeout));
        self
    }

    /// Has the system probe clients that have said nothing for `time`; `None` leaves it out (default 60 s).
    pub fn tcp_keepalive(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.connection.tcp_keepalive = time.into();
        self
    }

    /// Sets how many connections are served at once (default: no limit but the system's). More wait in the
    /// listener's queue.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.connection.max_connections = connections.max(1);
        self
    }

    /// Closes a connection on which nothing has moved for `time`; `None` leaves it open (default 5 minutes).
    ///
    /// No call is lost: HTTP/2 clients are told (GOAWAY), and what is under way goes on unless the client is gone.
    pub fn max_connection_idle(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.connection.max_idle = time.into();
        self
    }

    /// Sets how old a connection may grow, a tenth more or less (default: no limit), so that clients spread over
    /// new servers. It then takes no new calls (GOAWAY), and ends with those under way.
    pub fn max_connection_age(mut self, age: Duration) -> Self {
        self.connection.max_age = Some(age);
        self
    }

    /// Sets how long calls may go on after [`Server::max_connection_age`]; then they are cut off (default: as long
    /// as they take).
    pub fn max_connection_age_grace(mut self, grace: Duration) -> Self {
        self.connection.age_grace = Some(grace);
        self
    }
}
