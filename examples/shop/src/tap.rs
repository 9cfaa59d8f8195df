//! A relay that writes down what passes: HTTP/1.1 as text, HTTP/2 frame by frame.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ezrpc::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What an HTTP/2 client sends first (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A relay in front of one server.
#[derive(Debug)]
pub(crate) struct Tap {
    address: SocketAddr,
    lines: Lines,
}

type Lines = Arc<Mutex<Vec<String>>>;

impl Tap {
    /// Listens on a free port and relays to `server` until the process ends.
    pub(crate) async fn before(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let lines = Lines::default();
        let seen = Arc::clone(&lines);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else {
                    return;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(relay(from_client, to_server, Log::new("->", &seen)));
                tokio::spawn(relay(from_server, to_client, Log::new("<-", &seen)));
            }
        });
        Ok(Self { address, lines })
    }

    /// Where to connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes what was written down so far.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn relay(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut log: Log) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        // Written down first, so that a reply never stands before its request.
        log.bytes(&buffer[..read]);
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
    // The other side sees the end; one that is gone does not matter.
    let _ = to.shutdown().await;
}

/// One direction of one connection.
struct Log {
    arrow: &'static str,
    lines: Lines,
    /// Bytes of a frame that is not whole yet.
    pending: Vec<u8>,
    /// `None` until the first bytes tell.
    http2: Option<bool>,
}

impl Log {
    fn new(arrow: &'static str, lines: &Lines) -> Self {
        Self {
            arrow,
            lines: Arc::clone(lines),
            pending: Vec::new(),
            http2: None,
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        if self.http2.is_none() {
            let text = self.pending.starts_with(b"POST") || self.pending.starts_with(b"HTTP/1");
            self.http2 = Some(!text);
            if self.pending.starts_with(PREFACE) {
                self.pending.drain(..PREFACE.len());
            }
        }
        match self.http2 {
            Some(true) => self.frames(),
            _ => self.text(),
        }
    }

    fn text(&mut self) {
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        for line in text.lines() {
            self.write(line);
        }
    }

    /// Takes whole frames: length in 3 bytes, type, flags, stream in 4 (RFC 9113, 4.1).
    fn frames(&mut self) {
        while let Some((&[a, b, c, kind, flags, s0, s1, s2, s3], rest)) =
            self.pending.split_first_chunk::<9>()
        {
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            let Some(payload) = rest.get(..length) else {
                return;
            };
            let stream = u32::from_be_bytes([s0, s1, s2, s3]) & 0x7fff_ffff;
            let end = if flags & 1 != 0 {
                ", end of stream"
            } else {
                ""
            };
            let line = match kind {
                0 => Some(format!(
                    "DATA    stream {stream}, {length} bytes{end}: {}",
                    hex(payload)
                )),
                1 => Some(format!(
                    "HEADERS stream {stream}, {length} bytes of HPACK{end}"
                )),
                3 => Some(format!("RESET   stream {stream}")),
                // Settings, windows and pings say nothing about a call.
                _ => None,
            };
            self.pending.drain(..9 + length);
            if let Some(line) = line {
                self.write(&line);
            }
        }
    }

    fn write(&self, line: &str) {
        let line = format!("  {} {line}", self.arrow);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
    }
}

/// The first bytes in hexadecimal; gRPC's flag and length stand apart.
fn hex(payload: &[u8]) -> String {
    const SHOWN: usize = 24;
    let digits: Vec<String> = payload
        .iter()
        .take(SHOWN)
        .map(|b| format!("{b:02x}"))
        .collect();
    let more = if payload.len() > SHOWN { " .." } else { "" };
    match digits.split_first() {
        Some((flag, rest)) if rest.len() >= 4 => {
            format!("{flag} {} {}{more}", rest[..4].concat(), rest[4..].concat())
        }
        _ => digits.concat(),
    }
}
