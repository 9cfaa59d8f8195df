//! HTTP/2 without TLS, by way of `h2`.

use std::future::poll_fn;
use std::net::SocketAddr;

use bytes::Bytes;
use http::Method;
use tokio::net::TcpStream;

use super::{Answer, Request};

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
        // Room for many small frames that no test has read yet.
        let (sender, connection) = h2::client::Builder::new()
            .data_frame_budget(64 << 20)
            .handshake(stream)
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

    /// Sends a piece of the body as fast as the server takes it.
    ///
    /// # Errors
    /// What became of the stream.
    pub async fn send_as_taken(&mut self, mut data: Bytes) -> Result<(), h2::Error> {
        while !data.is_empty() {
            self.body.reserve_capacity(data.len());
            let Some(capacity) = poll_fn(|cx| self.body.poll_capacity(cx)).await else {
                break;
            };
            let piece = data.split_to(capacity?.min(data.len()));
            self.body.send_data(piece, false)?;
        }
        Ok(())
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
