//! The byte stream under HTTP: a socket, or TLS on it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection's byte stream.
#[derive(Debug)]
pub(crate) struct Io {
    transport: Transport,
    /// What was read to tell the protocol, to be read again.
    prefix: Bytes,
    /// Looks at the first bytes read.
    greeting: Option<Check>,
    moved: Arc<Moved>,
}

/// Looks at bytes and says what is wrong with them.
type Check = fn(&[u8]) -> io::Result<()>;

#[derive(Debug)]
enum Transport {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::TlsStream<TcpStream>>),
}

/// Whether bytes have moved since somebody last asked.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    either_way: AtomicBool,
    inwards: AtomicBool,
    /// How often bytes came, modulo 2^32.
    reads: AtomicU32,
}

impl Moved {
    /// Whether there were any in either direction; forgets them.
    pub(crate) fn take(&self) -> bool {
        self.either_way.swap(false, Ordering::Relaxed)
    }

    /// Whether the peer sent any; forgets them.
    pub(crate) fn take_inwards(&self) -> bool {
        self.inwards.swap(false, Ordering::Relaxed)
    }

    /// How often the peer's bytes have come until now; wraps around.
    pub(crate) fn reads(&self) -> u32 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Takes note of bytes from the peer.
    pub(crate) fn read(&self) {
        // Whoever reads is one.
        let reads = self.reads.load(Ordering::Relaxed).wrapping_add(1);
        self.reads.store(reads, Ordering::Relaxed);
        self.inwards.store(true, Ordering::Relaxed);
        self.either_way.store(true, Ordering::Relaxed);
    }
}

impl Io {
    fn new(transport: Transport) -> Self {
        Self {
            transport,
            prefix: Bytes::new(),
            greeting: None,
            moved: Arc::default(),
        }
    }

    pub(crate) fn plain(stream: TcpStream) -> Self {
        Self::new(Transport::Plain(stream))
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls(stream: impl Into<tokio_rustls::TlsStream<TcpStream>>) -> Self {
        Self::new(Transport::Tls(Box::new(stream.into())))
    }

    /// Gives back what was read ahead.
    pub(crate) fn rewind(&mut self, prefix: Bytes) {
        self.prefix = prefix;
    }

    /// Has `check` look at the first bytes the peer sends.
    pub(crate) fn greeted(mut self, check: Check) -> Self {
        self.greeting = Some(check);
        self
    }

    /// Where it is written down that bytes move.
    pub(crate) fn moved(&self) -> Arc<Moved> {
        Arc::clone(&self.moved)
    }
}

/// Sets what every socket has: no delay of small writes, and probes of a peer that says nothing.
pub(crate) fn tune(stream: &TcpStream, keepalive: Option<Duration>) -> io::Result<()> {
    // Small messages must not wait for the acknowledgement of the one before.
    stream.set_nodelay(true)?;
    if let Some(time) = keepalive {
        let probes = TcpKeepalive::new().with_time(time);
        SockRef::from(stream).set_tcp_keepalive(&probes)?;
    }
    Ok(())
}

/// Ends a connection whose peer does not acknowledge what is sent; only where the system can.
pub(crate) fn give_up_after(stream: &TcpStream, unacknowledged: Duration) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    SockRef::from(stream).set_tcp_user_timeout(Some(unacknowledged))?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (stream, unacknowledged);
    Ok(())
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.prefix.is_empty() {
            let length = this.prefix.len().min(buffer.remaining());
            buffer.put_slice(&this.prefix[..length]);
            this.prefix.advance(length);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(match &mut this.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => Pin::new(&mut **stream).poll_read(cx, buffer),
        })?;
        let read = &buffer.filled()[before..];
        if !read.is_empty() {
            this.moved.read();
            if let Some(check) = this.greeting.take() {
                check(read)?;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.moved.either_way.store(true, Ordering::Relaxed);
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(cx, data),
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => Pin::new(&mut **stream).poll_write(cx, data),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.moved.either_way.store(true, Ordering::Relaxed);
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, data),
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, data),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(stream) => stream.is_write_vectored(),
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => Pin::new(&mut **stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(feature = "tls")]
            Transport::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sockets_do_not_delay_and_are_probed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ours = TcpStream::connect(address).await.unwrap();
        let (theirs, _) = listener.accept().await.unwrap();
        for stream in [&ours, &theirs] {
            assert!(!stream.nodelay().unwrap());
            tune(stream, Some(Duration::from_secs(7))).unwrap();
            give_up_after(stream, Duration::from_secs(9)).unwrap();
            assert!(stream.nodelay().unwrap());
            let socket = SockRef::from(stream);
            assert!(socket.keepalive().unwrap());
            #[cfg(target_os = "linux")]
            {
                assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(7));
                let limit = socket.tcp_user_timeout().unwrap();
                assert_eq!(limit, Some(Duration::from_secs(9)));
            }
        }
        tune(&ours, None).unwrap();
    }
}
