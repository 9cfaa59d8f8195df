//! `Product.Get` by tonic 0.14 with its defaults.

mod common {
    #![allow(missing_docs, unreachable_pub, clippy::all)]
    tonic::include_proto!("common");
}

use bench_fixture as fixture;
use common::product_server::{Product, ProductServer};
use common::{ProductGet, ProductGetResp, ProductInfo};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

struct Shop {
    product: ProductInfo,
}

#[tonic::async_trait]
impl Product for Shop {
    async fn get(&self, request: Request<ProductGet>) -> Result<Response<ProductGetResp>, Status> {
        let mut info = self.product.clone();
        info.id = request.into_inner().id;
        Ok(Response::new(ProductGetResp { info: Some(info) }))
    }
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

fn main() {
    fixture::run(async |listener| {
        tonic::transport::Server::builder()
            .add_service(ProductServer::new(Shop { product: product() }))
            .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
            .await
            .expect("tonic serves");
    });
}
