//! One connection to an agent.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::address::Place;
use super::config::Access;
use crate::io::{Io, tune};

/// The longest answer that is read.
pub(super) const MAX_ANSWER: usize = 64 << 20;
/// After how much silence the system probes the agent, which may be silent for a whole blocking query.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// What goes wrong below HTTP; text for people.
pub(super) type Broken = String;

/// The byte stream of a connection.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A connection that carries one request at a time. It makes progress only while a request is under way, and is closed by
/// dropping it, also in the middle of one.
pub(super) struct Connection {
    requests: SendRequest<Full<Bytes>>,
    /// `None` once it has ended.
    driver: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
}

impl Connection {
    /// Connects to the agent.
    ///
    /// # Errors
    /// What the system says.
    pub(super) async fn open(access: &Access) -> Result<Self, Broken> {
        let wire = wire(access).await;
        let wire = wire.map_err(|error| format!("cannot connect: {error}"))?;
        let handshake = http1::Builder::new().handshake(TokioIo::new(wire)).await;
        let (requests, connection) = handshake.map_err(|error| error.to_string())?;
        Ok(Self {
            requests,
            driver: Some(Box::pin(connection)),
        })
    }

    /// Sends a request, and returns the whole answer and whether another request may follow.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Bytes>, bool), Broken> {
        let Self { requests, driver } = self;
        let mut exchange = Box::pin(exchange(requests, request));
        let running = async {
            match driver.as_mut() {
                Some(driver) => driver.await,
                None => Ok(()),
            }
        };
        let ended = tokio::select! {
            biased;
            answer = &mut exchange => {
                drop(exchange);
                return Ok((answer?, !self.requests.is_closed()));
            }
            ended = running => ended,
        };
        // It ends with an error, or when the agent closes it. Only dropped does it give up a request that it has not sent.
        *driver = None;
        match (exchange.await, ended) {
            // The answer may have come with that.
            (Ok(answer), _) => Ok((answer, false)),
            (Err(_), Err(error)) => Err(text(&error)),
            (Err(error), Ok(())) => Err(error),
        }
    }
}

async fn exchange(
    requests: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, Broken> {
    requests.ready().await.map_err(|error| text(&error))?;
    let answer = requests.send_request(request).await;
    let (head, body) = answer.map_err(|error| text(&error))?.into_parts();
    Ok(Response::from_parts(head, whole(body).await?))
}

/// Reads a body to its end.
async fn whole(mut body: Incoming) -> Result<Bytes, Broken> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| text(&error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if all.len() + data.len() > MAX_ANSWER {
            return Err(format!("the answer is longer than {MAX_ANSWER} bytes"));
        }
        all.extend_from_slice(&data);
    }
    Ok(all.freeze())
}

async fn wire(access: &Access) -> std::io::Result<Box<dyn Wire>> {
    let address = match &access.address.place {
        Place::Tcp(address) => address,
        #[cfg(unix)]
        Place::Unix(path) => return Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
        #[cfg(not(unix))]
        Place::Unix(_) => return Err(std::io::ErrorKind::Unsupported.into()),
    };
    let stream = TcpStream::connect(address).await?;
    tune(&stream, Some(KEEPALIVE))?;
    #[cfg(feature = "tls")]
    if let (true, Some(connector)) = (access.address.tls, &access.tls.connector) {
        return Ok(Box::new(connector.connect(address, stream).await?));
    }
    if access.address.tls {
        return Err(std::io::Error::other(
            "no TLS was set up for this https address",
        ));
    }
    Ok(Box::new(Io::plain(stream)))
}

/// An error with what is underneath, which says more than hyper's own words.
fn text(error: &hyper::Error) -> Broken {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
