//! `Product.Get` as JSON over HTTP/1.1 written by hand on hyper and `serde_json`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use bench_fixture as fixture;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct ProductGet {
    id: i64,
    #[allow(dead_code)] // parsed, as all servers do; the answer does not depend on it
    locale: String,
}

#[derive(Serialize)]
struct ProductGetResp {
    info: Option<ProductInfo>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductInfo {
    id: i64,
    name: String,
    tags: Vec<String>,
    price: f64,
    attrs: HashMap<String, String>,
    updated_at: Option<String>,
}

async fn get(product: &ProductInfo, request: Request<Incoming>) -> Result<Vec<u8>, StatusCode> {
    if request.uri().path() != "/common.Product/Get" {
        return Err(StatusCode::NOT_FOUND);
    }
    let body = request
        .into_body()
        .collect()
        .await
        .map_err(|_| StatusCode::BAD_REQUEST)?;
    let request: ProductGet =
        serde_json::from_slice(&body.to_bytes()).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut info = product.clone();
    info.id = request.id;
    serde_json::to_vec(&ProductGetResp { info: Some(info) })
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn answer(
    product: Arc<ProductInfo>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = match get(&product, request).await {
        Ok(body) => (StatusCode::OK, body),
        Err(status) => (status, Vec::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
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
        updated_at: Some(fixture::UPDATED_AT_TEXT.into()),
    }
}

async fn serve(listener: TcpListener) {
    let product = Arc::new(product());
    loop {
        let (socket, _) = listener.accept().await.expect("a connection");
        let _ = socket.set_nodelay(true);
        let product = Arc::clone(&product);
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(
            TokioIo::new(socket),
            service_fn(move |request| answer(Arc::clone(&product), request)),
        ));
    }
}

fn main() {
    fixture::run(serve);
}
