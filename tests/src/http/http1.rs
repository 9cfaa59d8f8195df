//! HTTP/1.1 by hand: what is sent is what the test says.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Answer, Request};

/// One HTTP/1.1 connection with a request under way.
#[derive(Debug)]
pub struct Http1 {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Http1 {
    /// Connects and sends a request's head; `headers` of the test's choice say how long the body is.
    pub async fn open(addr: SocketAddr, request: &Request) -> Self {
        let stream = TcpStream::connect(addr).await.expect("the server listens");
        let mut connection = Self {
            stream,
            buffer: Vec::new(),
        };
        let mut head = request.line_and_headers(addr);
        head.push_str("\r\n");
        connection.send(head.as_bytes()).await;
        connection
    }

    /// Sends bytes as they are. What the server no longer wants is dropped.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Sends a piece of a chunked body; an empty one ends it.
    pub async fn send_chunk(&mut self, bytes: &[u8]) {
        let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        self.send(&chunk).await;
    }

    /// Reads the whole answer.
    ///
    /// # Panics
    /// If the server closes the connection before the answer is complete.
    pub async fn answer(&mut self) -> Answer {
        let mut answer = self.head().await;
        let complete = self.rest(&mut answer).await;
        assert!(complete, "closed within the body: {}", answer.text());
        answer
    }

    /// Reads the head of the answer, interim ones too.
    pub async fn head(&mut self) -> Answer {
        let head = loop {
            let end = self
                .buffer
                .windows(4)
                .position(|bytes| bytes == b"\r\n\r\n");
            if let Some(end) = end {
                let rest = self.buffer.split_off(end + 4);
                break String::from_utf8(std::mem::replace(&mut self.buffer, rest))
                    .expect("a head in ASCII");
            }
            assert!(
                self.more().await,
                "closed within the head: {:?}",
                String::from_utf8_lossy(&self.buffer)
            );
        };
        let mut lines = head.trim_end().split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .expect("a status line");
        let mut headers = header_lines(lines);
        headers.remove("date");
        Answer {
            status: status.parse().expect("a number"),
            headers,
            body: Bytes::new(),
            trailers: None,
        }
    }

    /// Reads the body and the trailers of an answer; false if the server closes before their end.
    pub async fn rest(&mut self, answer: &mut Answer) -> bool {
        let mut body = Vec::new();
        let complete = if answer.headers.remove("transfer-encoding").is_some() {
            loop {
                match self.chunk().await {
                    Some(chunk) if chunk.is_empty() => break self.trailers(answer).await,
                    Some(chunk) => body.extend_from_slice(&chunk),
                    None => break false,
                }
            }
        } else {
            let length = answer.headers.get("content-length");
            let length = length.map_or(0, |value| {
                value.to_str().expect("digits").parse().expect("a length")
            });
            while self.buffer.len() < length && self.more().await {}
            let read = length.min(self.buffer.len());
            body.extend(self.buffer.drain(..read));
            read == length
        };
        answer.body = Bytes::from(body);
        complete
    }

    /// Reads the next chunk of a chunked body; empty is the end, `None` a connection closed before it.
    pub async fn chunk(&mut self) -> Option<Bytes> {
        let size = self.line().await?;
        let size = usize::from_str_radix(size.trim(), 16).expect("a chunk size");
        if size == 0 {
            return Some(Bytes::new());
        }
        while self.buffer.len() < size + 2 {
            if !self.more().await {
                return None;
            }
        }
        let chunk = self
            .buffer
            .drain(..size + 2)
            .take(size)
            .collect::<Vec<u8>>();
        Some(Bytes::from(chunk))
    }

    /// Whether the server closes the connection, with nothing more to read.
    pub async fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && !self.more().await
    }

    async fn trailers(&mut self, answer: &mut Answer) -> bool {
        let mut lines = Vec::new();
        loop {
            match self.line().await {
                Some(line) if line.is_empty() => break,
                Some(line) => lines.push(line),
                None => return false,
            }
        }
        answer.trailers =
            (!lines.is_empty()).then(|| header_lines(lines.iter().map(String::as_str)));
        true
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|bytes| bytes == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).take(end).collect();
                return Some(String::from_utf8(line).expect("a line in ASCII"));
            }
            if !self.more().await {
                return None;
            }
        }
    }

    async fn more(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.buffer).await;
        read.is_ok_and(|read| read > 0)
    }
}

fn header_lines<'a>(lines: impl Iterator<Item = &'a str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').expect("a header line");
        let name: HeaderName = name.parse().expect("a header name");
        headers.append(
            name,
            HeaderValue::from_str(value.trim()).expect("a header value"),
        );
    }
    headers
}
