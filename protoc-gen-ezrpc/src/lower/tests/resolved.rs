//! What lowering makes of sound files.

use crate::model::{Idempotency, Kind, Method, Model, Presence, Route, Shape, Timeout, Webapi};
use crate::test_support::input;

fn lower(files: &[(&str, &str)], params: &str) -> Model {
    crate::lower::lower(&input(files, params)).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// Each field of a message as one line: name, holder, JSON name, how it is held, what it is.
fn fields(model: &Model, message: &str) -> Vec<String> {
    let messages = model.packages.iter().flat_map(|package| &package.messages);
    let fields = messages
        .filter(|found| found.full_name == message)
        .flat_map(|message| &message.fields);
    fields
        .map(|field| {
            let crate::model::Field {
                ident,
                json_name,
                proto_name,
                presence,
                kind,
                ..
            } = field;
            format!("{proto_name} {ident} {json_name} {presence:?} {kind:?}")
        })
        .collect()
}

fn methods(model: &Model) -> Vec<&Method> {
    model
        .packages
        .iter()
        .flat_map(|package| &package.services)
        .flat_map(|service| &service.methods)
        .collect()
}

#[test]
fn fields_are_held_as_prost_holds_them() {
    let source = r#"
        syntax = "proto3";
        package shop.v1;
        import "google/protobuf/wrappers.proto";
        import "google/protobuf/struct.proto";
        import "google/protobuf/empty.proto";
        message Order {
          int64 id = 1;
          optional string note_text = 2 [json_name = "NOTE"];
          repeated sint32 type = 3;
          map<int32, Item> by_id = 4;
          oneof self { string card = 5; Item Cash = 6; google.protobuf.StringValue other = 7; }
          google.protobuf.Int64Value num = 8;
          repeated google.protobuf.BytesValue blobs = 9;
          google.protobuf.NullValue nothing = 10;
          google.protobuf.Empty empty = 11;
          Item.Kind kind = 12;
          oneof item { bool flag = 13; }
          Order parent = 14;
          message Item { enum Kind { K = 0; } }
        }
    "#;
    let model = lower(&[("shop.proto", source)], "");
    let expected = [
        "id id id Implicit Int64",
        "note_text note_text NOTE Optional String",
        "type r#type type Repeated Int32",
        "by_id by_id byId Map(Int32) Message",
        r#"card self_ card Oneof { path: "order::Self_", variant: "Card" } String"#,
        r#"Cash self_ Cash Oneof { path: "order::Self_", variant: "Cash" } Message"#,
        r#"other self_ other Oneof { path: "order::Self_", variant: "Other" } String"#,
        "num num num Optional Int64",
        "blobs blobs blobs Repeated Bytes",
        "nothing nothing nothing Implicit NullValue",
        "empty empty empty Optional Message",
        r#"kind kind kind Implicit Enum("order::item::Kind")"#,
        r#"flag item flag Oneof { path: "order::ItemOneOf", variant: "Flag" } Bool"#,
        "parent parent parent Optional Message",
    ];
    assert_eq!(fields(&model, "shop.v1.Order"), expected);
    let paths: Vec<&str> = model.packages[0]
        .messages
        .iter()
        .map(|message| message.path.as_str())
        .collect();
    assert_eq!(paths, ["Order", "order::Item"]);
    assert_eq!(model.packages[0].enums[0].path, "order::item::Kind");
    assert_eq!(model.packages[0].module, ["shop", "v1"]);
}

#[test]
fn proto2_has_presence_required_and_groups() {
    let source = r#"
        package old;
        message M {
          required string r = 1;
          optional int32 o = 2;
          repeated Color c = 3;
          optional group Grp = 4 { optional bytes b = 1; }
          oneof pick { group Other = 5 { } }
          required M m = 6;
        }
        enum Color { option allow_alias = true; RED = 1; ROUGE = 1; BLUE = -2; }
    "#;
    let model = lower(&[("old.proto", source)], "");
    let expected = [
        "r r r Required String",
        "o o o Optional Int32",
        r#"c c c Repeated Enum("Color")"#,
        "grp grp grp Optional Message",
        r#"other pick other Oneof { path: "m::Pick", variant: "Other" } Message"#,
        "m m m Required Message",
    ];
    assert_eq!(fields(&model, "old.M"), expected);
    let values = model.packages[0].enums[0]
        .values
        .iter()
        .map(|value| (value.name.as_str(), value.number));
    assert_eq!(
        values.collect::<Vec<_>>(),
        [("RED", 1), ("ROUGE", 1), ("BLUE", -2)]
    );
}

#[test]
fn methods_carry_their_facts() {
    let source = r#"
        syntax = "proto3";
        package shop.v1;
        import "ezbuy/option.proto";
        import "google/api/annotations.proto";
        import "google/api/httpbody.proto";
        import "google/protobuf/empty.proto";
        message Req { string id = 1; Info info = 2; }
        message Info { string text = 1; }
        // 商品服务
        service Product {
          option (ezbuy.service) = { desc: "商品", webapi: { enable: true } };
          // Gets [one].
          rpc GetItem(Req) returns (Info) { // Not taken: protoc and protox differ here.
            option (google.api.http) = {
              get: "/v1/{id}" additional_bindings { post: "/v1/x" body: "info" response_body: "text" }
              additional_bindings { custom { kind: "*" path: "/v1/any" } }
            };
            option (ezbuy.webapi).public = true;
            option (ezbuy.timeout) = "500ms";
            option idempotency_level = NO_SIDE_EFFECTS;
            option deprecated = true;
          }
          rpc New(google.protobuf.Empty) returns (stream google.api.HttpBody) {
            option (ezbuy.webapi).enable = false;
            option (ezbuy.timeout) = "none";
            option (google.api.http).get = "/v1/hidden";
          }
          rpc Type(stream Req) returns (Info) { option idempotency_level = IDEMPOTENT; }
          // Plain.
          rpc Plain(Req) returns (Info); // And more.
          rpc Chat(stream Req) returns (stream Info) { option (google.api.http).get = "/v1/chat"; }
        }
    "#;
    let model = lower(&[("shop.proto", source)], "");
    let service = &model.packages[0].services[0];
    let names = [
        &service.ident,
        &service.server,
        &service.client,
        &service.function,
        &service.facts,
        &service.desc,
    ];
    assert_eq!(
        names,
        [
            "Product",
            "ProductServer",
            "ProductClient",
            "product",
            "PRODUCT_SERVICE",
            "商品"
        ]
    );
    assert_eq!(service.doc, [" 商品服务"]);
    let methods = methods(&model);
    let get = methods[0];
    assert_eq!(
        (get.path.as_str(), get.ident.as_str()),
        ("/shop.v1.Product/GetItem", "get_item")
    );
    assert_eq!((get.input.as_str(), get.output.as_str()), ("Req", "Info"));
    assert_eq!(get.doc, [r" Gets \[one\]."]);
    assert_eq!(
        (get.shape, get.idempotency, get.timeout),
        (
            Shape::Unary,
            Idempotency::NoSideEffects,
            Timeout::Millis(500)
        )
    );
    assert_eq!(
        get.webapi,
        Webapi {
            enable: true,
            upload: false,
            public: true
        }
    );
    assert!(get.deprecated);
    let route = |verb: &str, template: &str, [body, response_body]: [&str; 2]| Route {
        verb: verb.to_owned(),
        template: template.to_owned(),
        body: body.to_owned(),
        response_body: response_body.to_owned(),
        ..Route::default()
    };
    let expected = [
        route("GET", "/v1/{id}", ["", ""]),
        route("POST", "/v1/x", ["info", "text"]),
        route("*", "/v1/any", ["", ""]),
    ];
    assert_eq!(get.routes, expected);
    let new = methods[1];
    assert_eq!(
        (new.ident.as_str(), new.shape, new.timeout),
        ("new_", Shape::ServerStreaming, Timeout::None)
    );
    assert_eq!(
        (new.input.as_str(), new.output.as_str()),
        ("()", "::ezrpc::codegen::v1::google::api::HttpBody")
    );
    assert_eq!((new.webapi, new.routes.len()), (Webapi::default(), 0));
    assert_eq!(
        (methods[2].ident.as_str(), methods[2].shape),
        ("r#type", Shape::ClientStreaming)
    );
    assert_eq!(methods[2].idempotency, Idempotency::Idempotent);
    assert_eq!(
        (methods[4].shape, methods[4].routes.len()),
        (Shape::BidiStreaming, 0)
    );
}

/// A team's own file: other numbers, plain bools, fewer fields and options.
#[test]
fn options_are_found_by_name() {
    let option = r#"
        syntax = "proto3";
        package ezbuy;
        import "google/protobuf/descriptor.proto";
        message Webapi { bool enable = 7; bool public = 8; }
        message Service { Webapi webapi = 5; }
        extend google.protobuf.MethodOptions { Webapi webapi = 72295728; }
        extend google.protobuf.ServiceOptions { Service service = 72295728; }
    "#;
    let source = r#"
        syntax = "proto3";
        package shop;
        import "ezbuy/option.proto";
        message M {}
        service S {
          option (ezbuy.service).webapi.enable = true;
          rpc A(M) returns (M) { option (ezbuy.webapi) = { public: true }; }
          rpc B(M) returns (M) { option (ezbuy.webapi) = { enable: false }; }
        }
    "#;
    let files = [("ezbuy/option.proto", option), ("shop.proto", source)];
    let model = lower(&files, "");
    let webapi: Vec<Webapi> = methods(&model).iter().map(|method| method.webapi).collect();
    let on = Webapi {
        enable: true,
        upload: false,
        public: true,
    };
    assert_eq!(
        webapi,
        [
            on,
            Webapi {
                public: false,
                ..on
            }
        ]
    );
    // The runtime has the shipped file; this one is another, so the package carries it itself.
    let shop = &model.packages[0];
    let names: Vec<&str> = shop.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["ezbuy/option.proto", "shop.proto"]);
    assert_eq!(shop.descriptor_links, ["__rt::wkt::descriptors"]);
}

#[test]
fn error_reasons_are_listed() {
    let source = r#"
        syntax = "proto3";
        package shop;
        import "ezbuy/option.proto";
        enum ProductError {
          option (ezbuy.errors).domain = "shop.product";
          NONE = 0;
          NOT_FOUND_BY_ID = 1 [(ezbuy.error) = { code: 4040001, message: "no such product" }];
        }
    "#;
    let model = lower(&[("shop.proto", source)], "");
    let errors = &model.packages[0].enums[0];
    assert_eq!(errors.error_domain.as_deref(), Some("shop.product"));
    assert_eq!(errors.values[0].error, None);
    assert_eq!(
        errors.values[1].error,
        Some((4_040_001, "no such product".to_owned()))
    );
}

const COMMON: &str = "syntax = \"proto3\"; package common.type; message Money { message Part {} enum Cur { C = 0; } }";

const USER: &str = r#"
    syntax = "proto3";
    package shop.v1;
    import "common.proto";
    import "google/protobuf/any.proto";
    import "google/rpc/status.proto";
    import "marks.proto";
    message Price { common.type.Money money = 1; common.type.Money.Cur cur = 2; google.protobuf.Any any = 3; }
    service Shop { rpc Pay(common.type.Money) returns (common.type.Money.Part) { option (marks.mark) = "m"; } }
"#;

const MARKS: &str = r#"
    syntax = "proto3";
    package marks;
    import "google/protobuf/descriptor.proto";
    extend google.protobuf.MethodOptions { string mark = 50001; }
"#;

/// Lowers `targets` of three files.
fn lower_some(targets: &[&str], params: &str) -> Model {
    let files = [
        ("common.proto", COMMON),
        ("marks.proto", MARKS),
        ("user.proto", USER),
    ];
    let set = crate::test_support::descriptor_set(&files, true);
    let targets: Vec<String> = targets.iter().map(|target| (*target).to_owned()).collect();
    let params = params.parse().unwrap_or_else(|error| panic!("{error}"));
    let input = crate::Input::from_descriptor_set(&set, &targets, params);
    let input = input.unwrap_or_else(|error| panic!("{error}"));
    crate::lower::lower(&input).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// Paths of the RPC's types, names of the package's files, links of `shop.v1`.
fn reach(model: &Model) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    let shop = model
        .packages
        .iter()
        .find(|package| package.name == "shop.v1");
    let shop = shop.unwrap_or_else(|| panic!("no package"));
    let pay = &shop.services[0].methods[0];
    let files = shop.files.iter().map(|file| file.name.as_str()).collect();
    let links = shop.descriptor_links.iter().map(String::as_str).collect();
    (vec![&pay.input, &pay.output], files, links)
}

#[test]
fn packages_of_one_run_name_each_other() {
    let model = lower_some(&["common.proto", "marks.proto", "user.proto"], "");
    let (types, files, links) = reach(&model);
    assert_eq!(
        types,
        [
            "super::super::common::r#type::Money",
            "super::super::common::r#type::money::Part"
        ]
    );
    assert_eq!(files, ["user.proto"]);
    let expected = [
        "__rt::google::rpc::descriptors",
        "__rt::wkt::descriptors",
        "super::super::common::r#type::descriptors",
        "super::super::marks::descriptors",
    ];
    assert_eq!(links, expected);
    let names: Vec<&str> = model
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    assert_eq!(names, ["common.type", "marks", "shop.v1"]);
}

#[test]
fn what_is_not_generated_is_embedded_unless_types_name_it() {
    let model = lower_some(&["user.proto"], "");
    let (_, files, links) = reach(&model);
    assert_eq!(files, ["marks.proto", "user.proto"]);
    let expected = [
        "__rt::google::rpc::descriptors",
        "__rt::wkt::descriptors",
        "super::super::common::r#type::descriptors",
    ];
    assert_eq!(links, expected);
    let imports: Vec<&str> = model
        .imports
        .iter()
        .map(|file| file.name())
        .filter(|name| !name.contains('/'))
        .collect();
    assert_eq!(imports, ["common.proto", "marks.proto"]);
}

#[test]
fn other_crates_have_their_descriptors_by_package_only() {
    let all = ["common.proto", "marks.proto", "user.proto"];
    let model = lower_some(
        &all,
        "extern_path=.common=::common_crate,extern_path=.marks=crate::marks",
    );
    let (types, files, links) = reach(&model);
    assert_eq!(
        types,
        [
            "::common_crate::r#type::Money",
            "::common_crate::r#type::money::Part"
        ]
    );
    assert_eq!(files, ["user.proto"]);
    let expected = [
        "::common_crate::r#type::descriptors",
        "__rt::google::rpc::descriptors",
        "__rt::wkt::descriptors",
        "crate::marks::descriptors",
    ];
    assert_eq!(links, expected);
    assert_eq!(model.packages.len(), 1);

    let model = lower_some(
        &["user.proto"],
        "extern_path=.common.type.Money=::money::Money",
    );
    let (types, files, _) = reach(&model);
    assert_eq!(types, ["::money::Money", "::money::money::Part"]);
    assert_eq!(files, ["common.proto", "marks.proto", "user.proto"]);
}

#[test]
fn without_descriptors_there_are_none() {
    let model = lower_some(&["user.proto"], "descriptors=false");
    let (_, files, links) = reach(&model);
    assert_eq!((files, links), (vec!["user.proto"], vec![]));
    assert!(model.packages[0].files[0].descriptor.is_empty());
}

#[test]
fn the_runtime_can_make_its_own() {
    let set = crate::test_support::descriptor_set(
        &[(
            "x.proto",
            "syntax = \"proto3\"; import \"google/rpc/status.proto\";",
        )],
        true,
    );
    let targets = [
        "google/rpc/status.proto".to_owned(),
        "google/protobuf/any.proto".to_owned(),
    ];
    let lower = |runtime| {
        let params = crate::Params {
            runtime,
            ..crate::Params::default()
        };
        let input = crate::Input::from_descriptor_set(&set, &targets, params)
            .unwrap_or_else(|error| panic!("{error}"));
        crate::lower::lower(&input).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
    };
    assert_eq!(lower(false).packages.len(), 0);
    let model = lower(true);
    let names: Vec<&str> = model
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    assert_eq!(names, ["google.protobuf", "google.rpc"]);
    assert_eq!(model.packages[1].messages[0].path, "Status");
    assert_eq!(
        model.packages[1].descriptor_links,
        ["super::protobuf::descriptors"]
    );
    assert!(
        model
            .extern_paths
            .iter()
            .all(|(proto, _)| proto != ".google.protobuf")
    );
}

#[test]
fn map_values_can_be_enums_of_other_packages() {
    let source = r#"
        syntax = "proto3";
        import "common.proto";
        message M { map<string, common.type.Money.Cur> c = 1; }
    "#;
    let model = lower(&[("common.proto", COMMON), ("m.proto", source)], "");
    let message = &model.packages[0].messages[0];
    assert_eq!(message.path, "M");
    assert_eq!(message.fields[0].presence, Presence::Map(Kind::String));
    assert_eq!(
        message.fields[0].kind,
        Kind::Enum("common::r#type::money::Cur".to_owned())
    );
}
