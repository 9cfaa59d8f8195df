//! Raw HTTP: requests as a test writes them, answers as they came, over HTTP/1.1 and over HTTP/2 without TLS.

use std::fmt::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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

/// One HTTP/2 connection.
#[derive(Debug, Clone)]
pub struct Http2 {
    sender: h2::client::SendRequest<Bytes>,
    addr: SocketAddr,
}

impl Http2 {
    /// Connects with prior knowledge.
    pub async fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) = h2::client::handshake(stream)
            .await
            .expect("an HTTP/2 server");
        tokio::spawn(connection);
        Self { sender, addr }
    }

    /// Sends a request's head; `length` goes into `content-length`.
    pub async fn open(&self, request: &Request, length: Option<usize>) -> Exchange {
        self.try_open(request, length)
            .await
            .expect("the connection takes requests")
    }

    /// The same, where the connection may be at its end.
    ///
    /// # Errors
    /// What became of the connection.
    pub async fn try_open(
        &self,
        request: &Request,
        length: Option<usize>,
    ) -> Result<Exchange, h2::Error> {
        let uri = format!("http://{}{}", self.addr, request.path);
        let mut head = http::Request::builder()
            .method(request.method.clone())
            .uri(uri)
            .body(())
            .expect("a head");
        *head.headers_mut() = request.headers.clone();
        if let Some(length) = length.filter(|_| request.method != Method::GET) {
            head.headers_mut().insert("content-length", length.into());
        }
        let mut sender = self.sender.clone().ready().await?;
        let (response, body) = sender.send_request(head, false)?;
        Ok(Exchange { response, body })
    }
}

/// One request under way over HTTP/2.
#[derive(Debug)]
pub struct Exchange {
    response: h2::client::ResponseFuture,
    body: h2::SendStream<Bytes>,
}

impl Exchange {
    /// Sends a piece of the body. What the server no longer wants is dropped.
    pub fn send(&mut self, data: impl Into<Bytes>) {
        let _ = self.body.send_data(data.into(), false);
    }

    /// Ends the body.
    pub fn end(&mut self) {
        self.finish(Bytes::new());
    }

    /// Sends the last piece of the body.
    pub fn finish(&mut self, data: impl Into<Bytes>) {
        let _ = self.body.send_data(data.into(), true);
    }

    /// Resets the stream, as a caller who goes does.
    pub fn reset(mut self) {
        self.body.send_reset(h2::Reason::CANCEL);
    }

    /// Waits for the whole answer.
    ///
    /// # Errors
    /// What became of the stream.
    pub async fn answer(self) -> Result<Answer, h2::Error> {
        self.begun().await?.rest().await
    }

    /// Waits for the head of the answer.
    ///
    /// # Errors
    /// What became of the stream.
    pub async fn begun(self) -> Result<Begun, h2::Error> {
        let (head, incoming) = self.response.await?.into_parts();
        let mut headers = head.headers;
        headers.remove("date");
        let answer = Answer {
            status: head.status.as_u16(),
            headers,
            body: Bytes::new(),
            trailers: None,
        };
        Ok(Begun {
            answer,
            incoming,
            body: self.body,
        })
    }
}

/// An answer of which the head has come.
#[derive(Debug)]
pub struct Begun {
    /// The head.
    pub answer: Answer,
    incoming: h2::RecvStream,
    /// The request's body.
    pub body: h2::SendStream<Bytes>,
}

impl Begun {
    /// Waits for the next piece of the body.
    ///
    /// # Errors
    /// What became of the stream.
    pub async fn data(&mut self) -> Result<Option<Bytes>, h2::Error> {
        let data = self.incoming.data().await.transpose()?;
        if let Some(data) = &data {
            // Fails only for more than was received.
            let _ = self.incoming.flow_control().release_capacity(data.len());
        }
        Ok(data)
    }

    /// Waits for the rest of the answer.
    ///
    /// # Errors
    /// What became of the stream.
    pub async fn rest(mut self) -> Result<Answer, h2::Error> {
        let mut body = Vec::new();
        while let Some(data) = self.data().await? {
            body.extend_from_slice(&data);
        }
        self.answer.body = Bytes::from(body);
        self.answer.trailers = self.incoming.trailers().await?;
        Ok(self.answer)
    }
}
