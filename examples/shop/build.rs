//! Generates the two services of the shop.

fn main() -> Result<(), ezrpc_build::Error> {
    ezrpc_build::compile(&["common/product.proto", "trade/order.proto"], &["proto"])
}
