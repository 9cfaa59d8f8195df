//! HTTP/2 byte by byte, for peers that misbehave.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a client says first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames.
pub mod kind {
    /// A piece of a body.
    pub const DATA: u8 = 0;
    /// The start of a header block.
    pub const HEADERS: u8 = 1;
    /// The end of a stream.
    pub const RST_STREAM: u8 = 3;
    /// Settings of a side.
    pub const SETTINGS: u8 = 4;
    /// A question whether the other side is there.
    pub const PING: u8 = 6;
    /// The end of a connection.
    pub const GOAWAY: u8 = 7;
    /// More room for DATA.
    pub const WINDOW_UPDATE: u8 = 8;
    /// More of a header block.
    pub const CONTINUATION: u8 = 9;
}

/// The flag of the last frame of a header block.
pub const END_HEADERS: u8 = 4;
/// The flag of the last frame of a stream.
pub const END_STREAM: u8 = 1;

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// Its stream; 0 is the connection.
    pub stream: u32,
    /// What it holds.
    pub payload: Vec<u8>,
}

/// Writes a frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// The header block of a gRPC request to a path, without compression.
pub fn request(path: &str) -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "x"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    fields
        .iter()
        .flat_map(|(name, value)| field(name, value))
        .collect()
}

/// A header field, without compression; name and value are shorter than 127 bytes.
pub fn field(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// A connection on which everything is written by hand.
#[derive(Debug)]
pub struct Raw(pub TcpStream);

impl Raw {
    /// Connects and says nothing.
    pub async fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        Self(stream)
    }

    /// Connects and begins HTTP/2, with default settings.
    pub async fn http2(addr: SocketAddr) -> Self {
        let mut raw = Self::connect(addr).await;
        raw.send(&[PREFACE, &frame(kind::SETTINGS, 0, 0, &[])].concat())
            .await;
        raw
    }

    /// Sends bytes; what the server no longer takes is dropped.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }

    /// Reads the next frame; `None` once the server has closed.
    pub async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, s @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.0.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes(s);
        Some(Frame {
            kind,
            flags,
            stream,
            payload,
        })
    }

    /// Reads to the end: the reason of the GOAWAY that came last, if one did.
    pub async fn goaway(&mut self) -> Option<u32> {
        let mut reason = None;
        while let Some(frame) = self.next().await {
            if frame.kind == kind::GOAWAY {
                let bytes = frame.payload[4..8].try_into().expect("a reason");
                reason = Some(u32::from_be_bytes(bytes));
            }
        }
        reason
    }

    /// Reads until the server closes, or breaks the connection.
    pub async fn closed(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while matches!(self.0.read_buf(&mut all).await, Ok(1..)) {}
        all
    }
}
