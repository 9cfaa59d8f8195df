//! Calls of `Product.Get` by ezrpc with its defaults: to an address, or with `--discovered` through a registry and the
//! balancer.

mod proto {
    ezrpc::include_protos!();
}

use bench_fixture::calls;
use ezrpc::discovery::Fixed;
use ezrpc::{Channel, Context, set_default_registry};
use proto::common::{self, ProductClient, ProductGet};

fn main() {
    let discovered = std::env::args().any(|argument| argument == "--discovered");
    calls::run(async move |address| {
        let client = if discovered {
            set_default_registry(Fixed::new().all(address)).expect("the first registry");
            common::product().clone()
        } else {
            ProductClient::new(Channel::connect(&address).expect("an address"))
        };
        move || {
            let client = client.clone();
            async move {
                let request = ProductGet {
                    id: calls::ID,
                    locale: calls::LOCALE.into(),
                };
                let ctx = Context::background();
                let reply = client.get(&ctx, request).await.expect("a reply");
                reply.info.is_some_and(|info| info.id == calls::ID)
            }
        }
    });
}
