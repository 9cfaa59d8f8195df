//! `Product.Get` by axum 0.8 and serde: parses an unquoted id, prints a ready-made timestamp.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use bench_fixture as fixture;
use serde::{Deserialize, Serialize};

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

async fn get(
    State(product): State<Arc<ProductInfo>>,
    Json(request): Json<ProductGet>,
) -> Json<ProductGetResp> {
    let mut info = ProductInfo::clone(&product);
    info.id = request.id;
    Json(ProductGetResp { info: Some(info) })
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

fn main() {
    fixture::run(async |listener| {
        let app = Router::new()
            .route("/common.Product/Get", post(get))
            .with_state(Arc::new(product()));
        // axum::serve leaves Nagle's algorithm on, hyper's users do not: compare like with like.
        let listener = listener.tap_io(|socket| {
            let _ = socket.set_nodelay(true);
        });
        axum::serve(listener, app).await.expect("axum serves");
    });
}
