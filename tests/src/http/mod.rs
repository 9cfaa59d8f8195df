//! Raw HTTP: requests as a test writes them, answers as they came, over HTTP/1.1 and over HTTP/2 without TLS.

mod http1;
mod http2;

use std::fmt::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

pub use http1::Http1;
pub use http2::{Begun, Exchange, Http2};

/// A request. Nothing is added to it but the host and, unless it is streamed, the length.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    /// Sent without a length: chunked, or in several DATA frames.
    streamed: bool,
}

/// A response as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Everything but `date`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The trailers, if there were any.
    pub trailers: Option<HeaderMap>,
}

/// The trace of requests that are [`Request::traced`].
pub const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

impl Request {
    /// A request without headers and without a body.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.parse().expect("a method"),
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            streamed: false,
        }
    }

    /// A POST without headers and without a body.
    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    /// A POST of JSON.
    pub fn json(path: &str, body: &str) -> Self {
        Self::post(path)
            .header("content-type", "application/json")
            .body(body.to_owned())
    }

    /// Says that it belongs to [`TRACE`].
    pub fn traced(self) -> Self {
        self.header("traceparent", &format!("00-{TRACE}-b7ad6b7169203331-01"))
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.append(
            name,
            HeaderValue::from_bytes(value.as_bytes()).expect("a header value"),
        );
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the body without saying how long it is.
    pub fn streamed(mut self) -> Self {
        self.streamed = true;
        self
    }

    /// The body.
    pub fn payload(&self) -> Bytes {
        self.body.clone()
    }

    /// Sends it over both, and checks that both answer the same.
    pub async fn both(self, addr: SocketAddr) -> String {
        let (one, two) = (
            self.clone().http1(addr).await.text(),
            self.http2(addr).await.text(),
        );
        // HTTP/2 ends a response without a body in its head and says no length.
        let one = one.replace("\ncontent-length: 0\n", "\n");
        assert_eq!(one, two, "HTTP/1.1 and HTTP/2 differ");
        one
    }

    /// Sends it over HTTP/1.1.
    pub async fn http1(self, addr: SocketAddr) -> Answer {
        let mut head = self.clone();
        if self.streamed {
            head = head.header("transfer-encoding", "chunked");
        } else if !self.headers.contains_key("content-length") {
            head = head.header("content-length", &self.body.len().to_string());
        }
        let mut connection = Http1::open(addr, &head).await;
        // The server may answer and close before all of it is sent.
        connection.send(&self.http1_body()).await;
        if self.method == Method::HEAD {
            return connection.head().await;
        }
        connection.answer().await
    }

    fn line_and_headers(&self, addr: SocketAddr) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {addr}\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            write!(head, "{name}: {value}\r\n").expect("a string takes it");
        }
        head
    }

    fn http1_body(&self) -> Vec<u8> {
        if !self.streamed {
            return self.body.to_vec();
        }
        let mut out = Vec::new();
        for chunk in self.body.chunks(1000) {
            out.extend(format!("{:x}\r\n", chunk.len()).as_bytes());
            out.extend_from_slice(chunk);
            out.extend(b"\r\n");
        }
        out.extend(b"0\r\n\r\n");
        out
    }

    /// Sends it over HTTP/2.
    pub async fn http2(self, addr: SocketAddr) -> Answer {
        let client = Http2::connect(addr).await;
        let length = (!self.streamed).then_some(self.body.len());
        let mut exchange = client.open(&self, length).await;
        if self.streamed {
            for chunk in self.body.chunks(1000) {
                exchange.send(Bytes::copy_from_slice(chunk));
            }
            exchange.end();
        } else {
            exchange.finish(self.body);
        }
        exchange.answer().await.expect("an answer")
    }
}

impl Answer {
    /// The whole answer as text: status, headers by name, empty line, body; then the trailers.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}\n{}\n{}",
            self.status,
            lines(&self.headers),
            String::from_utf8_lossy(&self.body)
        );
        if let Some(trailers) = &self.trailers {
            write!(text, "\n{}", lines(trailers)).expect("a string takes it");
        }
        text
    }

    /// The value of a header or trailer as text; empty if there is none.
    pub fn value(&self, name: &str) -> &str {
        let trailer = self
            .trailers
            .as_ref()
            .and_then(|trailers| trailers.get(name));
        let value = self.headers.get(name).or(trailer);
        value.map_or("", |value| value.to_str().expect("text"))
    }
}

fn lines(headers: &HeaderMap) -> String {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    // Stable, so that values of one name keep their order.
    lines.sort_by(|a, b| a.split(':').next().cmp(&b.split(':').next()));
    lines.concat()
}
