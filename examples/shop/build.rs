//! Generates the two services of the shop.

fn main() {
    ezrpc_build::compile(&["common/product.proto", "trade/order.proto"], &["proto"]).unwrap();
}
