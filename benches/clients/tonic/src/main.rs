//! Calls of `Product.Get` by tonic 0.14 with its defaults.

mod common {
    #![allow(missing_docs, unreachable_pub, clippy::all)]
    tonic::include_proto!("common");
}

use bench_fixture::calls;
use common::ProductGet;
use common::product_client::ProductClient;

fn main() {
    calls::run(async |address| {
        let client = ProductClient::connect(format!("http://{address}"));
        let client = client.await.expect("a connection");
        move || {
            let mut client = client.clone();
            async move {
                let request = ProductGet {
                    id: calls::ID,
                    locale: calls::LOCALE.into(),
                };
                let reply = client.get(request).await.expect("a reply").into_inner();
                reply.info.is_some_and(|info| info.id == calls::ID)
            }
        }
    });
}
