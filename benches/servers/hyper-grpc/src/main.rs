//! `Product.Get` as gRPC written by hand on hyper and prost: what a framework is measured against.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bench_fixture as fixture;
use bytes::{BufMut, Bytes, BytesMut};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::TcpListener;

#[derive(Clone, PartialEq, Message)]
struct ProductGet {
    #[prost(int64, tag = "1")]
    id: i64,
    #[prost(string, tag = "2")]
    locale: String,
}

#[derive(Clone, PartialEq, Message)]
struct ProductGetResp {
    #[prost(message, optional, tag = "1")]
    info: Option<ProductInfo>,
}

#[derive(Clone, PartialEq, Message)]
struct ProductInfo {
    #[prost(int64, tag = "1")]
    id: i64,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, repeated, tag = "3")]
    tags: Vec<String>,
    #[prost(double, tag = "4")]
    price: f64,
    #[prost(map = "string, string", tag = "5")]
    attrs: HashMap<String, String>,
    #[prost(message, optional, tag = "6")]
    updated_at: Option<prost_types::Timestamp>,
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// One frame of data (none when the call failed), then the status.
struct Reply {
    data: Option<Bytes>,
    status: Option<&'static str>,
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Poll::Ready(self.status.take().map(|status| {
            let mut trailers = HeaderMap::with_capacity(1);
            trailers.insert(GRPC_STATUS, HeaderValue::from_static(status));
            Ok(Frame::trailers(trailers))
        }))
    }
}

async fn get(product: &ProductInfo, request: Request<Incoming>) -> Result<Bytes, &'static str> {
    const UNIMPLEMENTED: &str = "12";
    const INTERNAL: &str = "13";
    if request.uri().path() != "/common.Product/Get" {
        return Err(UNIMPLEMENTED);
    }
    let frame = request
        .into_body()
        .collect()
        .await
        .map_err(|_| INTERNAL)?
        .to_bytes();
    let message = frame.get(5..).ok_or(INTERNAL)?;
    let request = ProductGet::decode(message).map_err(|_| INTERNAL)?;
    let mut info = product.clone();
    info.id = request.id;
    let reply = ProductGetResp { info: Some(info) };
    let length = reply.encoded_len();
    let mut buffer = BytesMut::with_capacity(5 + length);
    buffer.put_u8(0);
    buffer.put_u32(u32::try_from(length).map_err(|_| INTERNAL)?);
    reply.encode_raw(&mut buffer);
    Ok(buffer.freeze())
}

async fn answer(
    product: Arc<ProductInfo>,
    request: Request<Incoming>,
) -> Result<Response<Reply>, Infallible> {
    let reply = match get(&product, request).await {
        Ok(data) => Reply {
            data: Some(data),
            status: Some("0"),
        },
        Err(status) => Reply {
            data: None,
            status: Some(status),
        },
    };
    let mut response = Response::new(reply);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    Ok(response)
}

fn product() -> ProductInfo {
    ProductInfo {
        id: 0,
        name: fixture::NAME.into(),
        tags: fixture::TAGS.map(String::from).into(),
        price: fixture::PRICE,
        attrs: fixture::ATTRS
            .map(|(key, value)| (key.into(), value.into()))
            .into(),
        updated_at: Some(prost_types::Timestamp {
            seconds: fixture::UPDATED_AT_SECONDS,
            nanos: 0,
        }),
    }
}

async fn serve(listener: TcpListener) {
    let product = Arc::new(product());
    loop {
        let (socket, _) = listener.accept().await.expect("a connection");
        let _ = socket.set_nodelay(true);
        let product = Arc::clone(&product);
        tokio::spawn(
            hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(
                TokioIo::new(socket),
                service_fn(move |request| answer(Arc::clone(&product), request)),
            ),
        );
    }
}

fn main() {
    fixture::run(serve);
}
