//! Whole trees: packages that use one another, and files without a package.

use ezrpc::json::{Options, Types};
use ezrpc::{Context, Result, wkt::Any};
use prost::Message as _;

/// The tree as `ezrpc::include_protos!()` has it, but for the folder.
#[allow(dead_code, unreachable_pub)]
mod cross_package {
    include!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/golden/cross_package/expected/mod.rs"
    ));
}
#[allow(dead_code, unreachable_pub)]
mod no_package {
    include!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/golden/no_package/expected/mod.rs"
    ));
}

#[tokio::test]
async fn packages_use_one_another() -> Result<()> {
    use cross_package::shop::common::Id;
    use cross_package::shop::order::v1::{Order, Orders, OrdersClient, descriptors};
    use cross_package::shop::product::v1::Product;

    struct Desk;

    impl Orders for Desk {
        async fn place(&self, _ctx: &Context, req: Order) -> Result<Id> {
            Ok(req
                .product
                .and_then(|product| product.id)
                .unwrap_or_default())
        }
    }

    let id = Id {
        value: "7".to_owned(),
    };
    let order = Order {
        product: Some(Product {
            id: Some(id.clone()),
            kind: 0,
        }),
        related: vec![id.clone()],
        kind: 5,
    };
    let client = OrdersClient::local(Desk);
    assert_eq!(
        client.place(&Context::background(), order.clone()).await?,
        id
    );
    crate::assert_forms(
        &order,
        r#"{"product":{"id":{"value":"7"}},"related":[{"value":"7"}],"kind":5}"#,
    );

    // An Any of an imported package's type prints, because descriptors are linked.
    let any = Any {
        type_url: "type.googleapis.com/shop.common.Id".to_owned(),
        value: id.encode_to_vec(),
    };
    let printed = Options::new()
        .types(Types::of([descriptors()]))
        .to_string(&any);
    assert_eq!(
        printed.as_deref(),
        Ok(r#"{"@type":"type.googleapis.com/shop.common.Id","value":"7"}"#)
    );
    Ok(())
}

#[test]
fn descriptors_are_those_of_the_files() {
    let package = cross_package::shop::order::v1::descriptors();
    let imports: Vec<&str> = package.imports.iter().map(|import| import().name).collect();
    assert_eq!(
        (package.name, imports),
        ("shop.order.v1", vec!["shop.common", "shop.product.v1"])
    );
    let files = package.files.iter().map(|file| {
        let descriptor =
            prost_types::FileDescriptorProto::decode(file.descriptor).expect("a descriptor");
        (
            file.name,
            descriptor.package().to_owned(),
            descriptor.source_code_info,
        )
    });
    assert_eq!(
        files.collect::<Vec<_>>(),
        [("input.proto", "shop.order.v1".to_owned(), None)]
    );
}

#[tokio::test]
async fn files_may_have_no_package() -> Result<()> {
    use no_package::r#type::Reply;
    use no_package::{Request, Root, RootClient, request};

    struct Base;

    impl Root for Base {
        async fn get(&self, _ctx: &Context, _req: Request) -> Result<Reply> {
            Ok(Reply {})
        }
    }

    let request = Request {
        nested: Some(request::Nested {}),
    };
    assert_eq!(
        RootClient::local(Base)
            .get(&Context::background(), request)
            .await?,
        Reply {}
    );
    crate::assert_forms(&request, r#"{"nested":{}}"#);
    assert_eq!(no_package::ROOT_SERVICE.method(0).path(), "/Root/Get");
    Ok(())
}
