//! Mistakes of users: the whole text they get to see.

use prost::Message as _;

use crate::test_support::{descriptor_set, mistakes};
use crate::{Input, Params};

const HEAD: &str = "\
syntax = \"proto3\";
package a;
import \"ezbuy/option.proto\";
import \"google/api/annotations.proto\";
";

/// Lowers `body`, which starts at line 5 of `a.proto`, and compares what is wrong.
fn check(body: &str, expected: &str) {
    let found = mistakes(&[("a.proto", &format!("{HEAD}{body}"))]);
    assert_eq!(found, expected);
}

#[test]
fn nothing_is_wrong() {
    check(
        "message M { int32 x = 1; } service S { rpc Get(M) returns (M); }",
        "",
    );
}

#[test]
fn everything_is_told_at_once_and_in_order() {
    let body = "\
message M { int32 x = 1; }
service S {
  rpc A(M) returns (M) { option (ezbuy.timeout) = \"soon\"; }
  rpc B(M) returns (M) { option (ezbuy.webapi) = { public: true upload: true }; }
}
service T { rpc C(M) returns (M) { option (google.api.http) = { get: \"/v1/{y}\" }; } }
";
    let expected = "\
a.proto:7:26: `soon` is no time limit
  help: write a number above 0 with `ms`, `s` or `m`, as in \"500ms\", or \"none\"
a.proto:8:26: `a.S.B` sets `public`, but is not reachable over HTTP
  help: add `enable: true` or a google.api.http rule, or remove `public`
a.proto:8:26: `a.S.B` sets `upload`, but is not reachable over HTTP
  help: add `enable: true` or a google.api.http rule, or remove `upload`
a.proto:10:36: `GET /v1/{y}` of `a.T.C`: column 5: `y` of `{y}` is no field of `a.M`
  help: `M` has `x`";
    check(body, expected);
}

#[test]
fn without_positions_elements_are_named() {
    let source = format!(
        "{HEAD}message M {{}} service S {{ rpc A(M) returns (M) {{ option (ezbuy.timeout) = \"1h\"; }} }}"
    );
    let set = descriptor_set(&[("a.proto", &source)], false);
    let input = Input::from_descriptor_set(&set, &["a.proto".to_owned()], Params::default());
    let input = input.unwrap_or_else(|error| panic!("{error}"));
    let found = crate::lower::lower(&input)
        .err()
        .map(|diagnostics| diagnostics.to_string());
    let expected = "\
a.proto: (a.S.A) `1h` is no time limit
  help: write a number above 0 with `ms`, `s` or `m`, as in \"500ms\", or \"none\"";
    assert_eq!(found.as_deref(), Some(expected));
}

#[test]
fn an_upload_needs_a_field_for_the_file() {
    let body = "\
import \"google/protobuf/any.proto\";
import \"google/api/httpbody.proto\";
import \"ezbuy/file.proto\";
message Bare { string name = 1; google.protobuf.Any any = 2; Bare bare = 3; }
message Raw { repeated bytes data = 1; }
message Body { google.api.HttpBody body = 1; }
message Form { ezbuy.File file = 1; }
message Deep { Form form = 1; }
service S {
  option (ezbuy.service) = { webapi: { enable: true, upload: true } };
  rpc A(Bare) returns (Bare);
  rpc B(Raw) returns (Bare);
  rpc C(Body) returns (Bare);
  rpc D(Form) returns (Bare);
  rpc E(Deep) returns (Bare);
  rpc F(Bare) returns (Bare) { option (ezbuy.webapi).upload = false; }
  rpc G(Bare) returns (Bare) { option (ezbuy.webapi) = { upload: true }; }
  rpc H(Bare) returns (Bare) { option (ezbuy.webapi) = { enable: false }; }
}
";
    let expected = "\
a.proto:15:3: `a.S.A` sets `upload`, but its request `a.Bare` has no field for a file
  help: add a field of type bytes, google.api.HttpBody or ezbuy.File, or remove `upload`
a.proto:21:32: `a.S.G` sets `upload`, but its request `a.Bare` has no field for a file
  help: add a field of type bytes, google.api.HttpBody or ezbuy.File, or remove `upload`";
    check(body, expected);
}

#[test]
fn misuse_is_judged_after_the_merge() {
    let body = "\
message M { int32 x = 1; }
service Enabled {
  option (ezbuy.service).webapi.enable = true;
  rpc A(M) returns (M) { option (ezbuy.webapi).public = true; }
}
service Routed {
  rpc A(M) returns (M) { option (ezbuy.webapi).public = true; option (google.api.http) = { get: \"/v1/a\" }; }
}
service Some {
  option (ezbuy.service).webapi.public = true;
  rpc A(M) returns (M);
  rpc B(M) returns (M) { option (ezbuy.webapi).enable = true; }
}
service None {
  option (ezbuy.service).webapi.public = true;
  rpc A(M) returns (M);
}
service Hidden {
  option (ezbuy.service).webapi.enable = true;
  rpc A(M) returns (M) {
    option (ezbuy.webapi) = { enable: false, public: true };
    option (google.api.http) = { get: \"/v1/b\" };
  }
}
";
    let expected = "\
a.proto:19:3: service `a.None` sets `public`, but none of its methods is enabled
  help: add `enable: true` here or on a method, or give a method a google.api.http rule
a.proto:25:5: `a.Hidden.A` sets `public`, but is not reachable over HTTP
  help: add `enable: true` or a google.api.http rule, or remove `public`";
    check(body, expected);
}

#[test]
fn bodies_and_paths_must_fit_the_messages() {
    let body = "\
import \"google/protobuf/timestamp.proto\";
import \"google/protobuf/wrappers.proto\";
message In {
  string name = 1; In in = 2; repeated string tags = 3; map<string, string> labels = 4; repeated In ins = 5;
  google.protobuf.Timestamp at = 6; google.protobuf.Int64Value num = 7; E e = 8; string long_name = 9;
}
enum E { Z = 0; }
message Out { string text = 1; }
service S {
  rpc A(In) returns (Out) { option (google.api.http) = { post: \"/a/{in.in.name}/{at}/{num}/{e}\" body: \"in\" response_body: \"text\" }; }
  rpc B(In) returns (Out) { option (google.api.http) = { body: \"*\" }; }
  rpc C(In) returns (Out) { option (google.api.http) = { get: \"/c/{tags}/{labels}/{in}/{name.x}/{ins.name}/{longName}\" }; }
  rpc D(In) returns (Out) { option (google.api.http) = { post: \"/d\" body: \"in.name\" response_body: \"name\" }; }
  rpc E(In) returns (Out) { option (google.api.http) = { get: \"/e\" body: \"*\" }; }
  rpc F(In) returns (Out) { option (google.api.http) = { delete: \"/f\" body: \"in\" }; }
  rpc G(In) returns (Out) { option (google.api.http) = { post: \"/g/{name}\" body: \"name\" }; }
  rpc H(In) returns (Out) { option (google.api.http) = { custom: { kind: \"NO WAY\" path: \"/h\" } }; }
  rpc I(In) returns (Out) { option (google.api.http) = { get: \"/i/\" }; }
  rpc J(In) returns (Out) {
    option (google.api.http) = { get: \"/j\" additional_bindings { get: \"/k\" additional_bindings { get: \"/l\" } } };
  }
}
";
    let expected = "\
a.proto:15:29: google.api.http of `a.S.B`: no pattern
  help: set one of get, put, post, delete, patch, or custom { kind, path }
a.proto:16:29: `GET /c/{tags}/{labels}/{in}/{name.x}/{ins.name}/{longName}` of `a.S.C`: column 11: `labels` of `{labels}` is a map
  help: bind a single scalar, enum, wrapper, Timestamp, Duration or FieldMask
a.proto:16:29: `GET /c/{tags}/{labels}/{in}/{name.x}/{ins.name}/{longName}` of `a.S.C`: column 20: `in` of `{in}` is a message
  help: bind a single scalar, enum, wrapper, Timestamp, Duration or FieldMask
a.proto:16:29: `GET /c/{tags}/{labels}/{in}/{name.x}/{ins.name}/{longName}` of `a.S.C`: column 25: `name` of `{name.x}` is no message
  help: bind a single scalar, enum, wrapper, Timestamp, Duration or FieldMask
a.proto:16:29: `GET /c/{tags}/{labels}/{in}/{name.x}/{ins.name}/{longName}` of `a.S.C`: column 34: `ins` of `{ins.name}` is repeated
  help: bind a single scalar, enum, wrapper, Timestamp, Duration or FieldMask
a.proto:16:29: `GET /c/{tags}/{labels}/{in}/{name.x}/{ins.name}/{longName}` of `a.S.C`: column 45: `longName` of `{longName}` is no field of `a.In`
  help: write it as the proto file does: `long_name`
a.proto:16:29: `GET /c/{tags}/{labels}/{in}/{name.x}/{ins.name}/{longName}` of `a.S.C`: column 4: `tags` of `{tags}` is repeated
  help: bind a single scalar, enum, wrapper, Timestamp, Duration or FieldMask
a.proto:17:29: `POST /d` of `a.S.D`: `body` names `in.name`, which is no field of `a.In`
  help: `body` takes a field of the message itself, no path into it
a.proto:17:29: `POST /d` of `a.S.D`: `response_body` names `name`, which is no field of `a.Out`
  help: `Out` has `text`
a.proto:18:29: `GET /e` of `a.S.E`: GET takes no body, but `body` is \"*\"
  help: remove `body`, which leaves the fields to the query, or use post
a.proto:19:29: `DELETE /f` of `a.S.F`: DELETE takes no body, but `body` is \"in\"
  help: remove `body`, which leaves the fields to the query, or use post,
        or set the parameter `allow_delete_body`
a.proto:20:29: `POST /g/{name}` of `a.S.G`: `name` is both a path variable and the body
  help: remove it from one of them; `body: \"*\"` takes all fields the path does not
a.proto:21:29: `NO WAY /h` of `a.S.H`: \"NO WAY\" is no HTTP method
  help: write it in letters, or `*` for every method
a.proto:22:29: `GET /i/` of `a.S.I`: column 4: empty segment
  help: a template is written like `/v1/{name=shelves/*}/books:list`
a.proto:24:5: google.api.http of `a.S.J`: additional_bindings inside additional_bindings
  help: list all further bindings in the outer rule";
    check(body, expected);
}

#[test]
fn one_service_answers_each_request_once() {
    let body = "\
message M { string id = 1; string name = 2; }
service S {
  rpc A(M) returns (M) {
    option (google.api.http) = { get: \"/v1/{id}\" additional_bindings { get: \"/v1/{name=*}\" } };
  }
  rpc B(M) returns (M) { option (google.api.http) = { get: \"/v1/{name}\" }; }
  rpc C(M) returns (M) { option (google.api.http) = { post: \"/v1/{name}\" body: \"*\" }; }
  rpc D(M) returns (M) {
    option (google.api.http) = { get: \"/v1/{name}\" };
    option (ezbuy.webapi).enable = false;
  }
}
service T { rpc A(M) returns (M) { option (google.api.http) = { get: \"/v1/{id}\" }; } }
";
    let expected = "\
a.proto:8:5: `GET /v1/{name=*}` of `a.S.A` matches the same requests as its `GET /v1/{id}`
  help: change one of the paths or its HTTP method, or generate clients only (`server=false`)
a.proto:10:26: `GET /v1/{name}` of `a.S.B` matches the same requests as `GET /v1/{id}` of `a.S.A`
  help: change one of the paths or its HTTP method, or generate clients only (`server=false`)";
    check(body, expected);
}

#[test]
fn streams_of_requests_take_no_path_variables() {
    let body = "\
message M { string id = 1; bytes data = 2; }
service S {
  rpc A(stream M) returns (M) { option (google.api.http) = { post: \"/a/{id}\" body: \"*\" }; }
  rpc B(stream M) returns (M) { option (google.api.http) = { post: \"/b\" body: \"*\" }; }
  rpc C(stream M) returns (M) {
    option (google.api.http) = { post: \"/c/{id}\" body: \"*\" };
    option (ezbuy.webapi).upload = true;
  }
  rpc D(stream M) returns (stream M) { option (google.api.http) = { post: \"/d/{id}\" body: \"*\" }; }
}
";
    let expected = "\
a.proto:7:33: `POST /a/{id}` of `a.S.A`: the request is a stream, so no message takes the path variables
  help: set `upload: true` in (ezbuy.webapi), which sends them ahead, or use a path without variables,
        or generate clients only (`server=false`)";
    check(body, expected);
}

#[test]
fn error_codes_are_statuses_with_a_domain() {
    let body = "\
enum Good {
  option (ezbuy.errors).domain = \"shop\";
  G_NONE = 0;
  G_A = 1 [(ezbuy.error) = { code: 4000000, message: \"a\" }];
  G_B = 2 [(ezbuy.error).code = 5999999];
}
enum Bad {
  option (ezbuy.errors) = {};
  B_NONE = 0;
  B_A = 1 [(ezbuy.error).code = 404];
  B_B = 2 [(ezbuy.error).code = 6000000];
  B_C = 3 [(ezbuy.error).message = \"no code\"];
  B_D = 4 [(ezbuy.error).code = 4040001];
  B_E = 5 [(ezbuy.error).code = 4040001];
}
enum Lone { L_NONE = 0; L_A = 1 [(ezbuy.error).code = 4040001]; }
";
    let range = "\n  help: write seven digits: an HTTP status from 400 to 599, then four of your own, as in 4040001\n";
    let expected = [
        "a.proto:12:3: error reasons of `a.Bad` have no domain
  help: write `option (ezbuy.errors) = { domain: \"shop.product\" };`: it tells your reasons from other teams'
a.proto:14:12: error code 404 of `B_A` is no HTTP status and detail",
        "a.proto:15:12: error code 6000000 of `B_B` is no HTTP status and detail",
        "a.proto:16:12: error code 0 of `B_C` is no HTTP status and detail",
        "a.proto:18:3: error code 4040001 is given to `B_D` and to `B_E`
  help: give each reason of a domain a code of its own
a.proto:20:25: `L_A` has an error code, but its enum has no domain
  help: write `option (ezbuy.errors) = { domain: \"shop.product\" };` in the enum",
    ];
    check(body, &expected.join(range));
}

#[test]
fn names_that_meet_in_rust() {
    let body = "\
message Product { message Sub {} enum SUB { S = 0; } int32 foo_bar = 1; oneof foo__bar { int32 x_y = 2; } }
message product_client {}
message PRODUCT_SERVER {}
service product {
  rpc GetItem(Product) returns (Product);
  rpc get_item(Product) returns (Product);
  rpc New(Product) returns (Product);
}
service Descriptors {}
service HTTPApi {}
service HttpApi {}
enum Color { COLOR_RED = 0; RED = 1; COLOR_RED_ALIAS = 2; }
message A1 { message B {} }
message A_1 { message B {} }
message _ { int32 _ = 1; }
";
    let help = "\n  help: rename one of them: names that differ in case or underscores only are one name in Rust\n";
    let expected = [
        "a.proto:5:39: enum `a.Product.SUB` would be `Sub` in Rust, as is message `a.Product.Sub`",
        "a.proto:5:79: oneof `a.Product.foo__bar` would be `foo_bar` in Rust, as is field `a.Product.foo_bar`",
        "a.proto:8:9: service `a.product` would be `Product` in Rust, as is message `a.Product`",
        "a.proto:8:9: the client of service `a.product` would be `ProductClient` in Rust, as is message `a.product_client`",
        "a.proto:8:9: the server of service `a.product` would be `ProductServer` in Rust, as is message `a.PRODUCT_SERVER`",
        "a.proto:10:7: rpc `a.product.get_item` would be `get_item` in Rust, as is rpc `a.product.GetItem`",
        "a.proto:13:9: the function for the client of service `a.Descriptors` would be `descriptors` in Rust, as is the function for the package's descriptors",
        "a.proto:15:9: service `a.HttpApi` would be `HttpApi` in Rust, as is service `a.HTTPApi`",
        "a.proto:15:9: the client of service `a.HttpApi` would be `HttpApiClient` in Rust, as is the client of service `a.HTTPApi`",
        "a.proto:15:9: the function for the client of service `a.HttpApi` would be `http_api` in Rust, as is the function for the client of service `a.HTTPApi`",
        "a.proto:15:9: the server of service `a.HttpApi` would be `HttpApiServer` in Rust, as is the server of service `a.HTTPApi`",
        "a.proto:16:29: values `COLOR_RED` and `RED` both become variant `Color::Red`
  help: rename one of them; JSON and text use the name, the binary format only the number
a.proto:18:9: message `a.A_1` would be `A1` in Rust, as is message `a.A1`",
        "a.proto:19:9: message `a._` has no letter or digit to make a Rust name of
  help: rename it
a.proto:19:19: field `a._._` has no letter or digit to make a Rust name of
  help: rename it",
    ];
    check(body, &expected.join(help));
}

#[test]
fn modules_that_meet() {
    let files = [
        (
            "a.proto",
            "syntax = \"proto3\"; package a; message Foo { message Bar {} }",
        ),
        (
            "b.proto",
            "syntax = \"proto3\"; package a.foo; message Bar {}",
        ),
        (
            "c.proto",
            "syntax = \"proto3\"; package x.y; message Bar {}",
        ),
        (
            "d.proto",
            "syntax = \"proto3\"; package x.Y; message Bar {}",
        ),
    ];
    let expected = "\
a.proto:1:39: the types nested in message `a.Foo` and package `a.foo` both become module `a::foo`
  help: rename the message or the package
c.proto:1:20: packages `x.Y` and `x.y` both become module `x::y`
  help: rename one of the packages";
    assert_eq!(mistakes(&files), expected);
}

#[test]
fn an_option_of_another_make_is_refused() {
    let option = "\
syntax = \"proto3\";
package ezbuy;
import \"google/protobuf/descriptor.proto\";
extend google.protobuf.MethodOptions { bool webapi = 50001; repeated string timeout = 50002; }
extend google.protobuf.ServiceOptions { string errors = 50001; }
";
    let expected = "\
ezbuy/option.proto:4:40: `ezbuy.webapi` must be one message
ezbuy/option.proto:4:61: `ezbuy.timeout` must be one string
ezbuy/option.proto:5:41: `ezbuy.errors` must extend google.protobuf.EnumOptions, not google.protobuf.ServiceOptions";
    assert_eq!(mistakes(&[("ezbuy/option.proto", option)]), expected);
}

/// protoc would never send these.
#[test]
fn names_that_are_none() {
    let set = descriptor_set(
        &[(
            "a.proto",
            "syntax = \"proto3\"; package a; message M { int32 x = 1; }",
        )],
        true,
    );
    let mut set = prost_types::FileDescriptorSet::decode(&*set).unwrap_or_default();
    set.file[0].message_type[0].field[0].name = Some("x y".to_owned());
    set.file[0].message_type[0].name = Some("M-1".to_owned());
    let input = Input::from_descriptor_set(
        &set.encode_to_vec(),
        &["a.proto".to_owned()],
        Params::default(),
    );
    let input = input.unwrap_or_else(|error| panic!("{error}"));
    let found = crate::lower::lower(&input)
        .err()
        .map(|diagnostics| diagnostics.to_string());
    let expected = "a.proto:1:39: \"M-1\" is no identifier\n  help: use letters, digits and `_`";
    assert_eq!(found.as_deref(), Some(expected));
}

#[test]
fn a_reason_is_given_once_in_a_domain() {
    let file = |package: &str, import: &str, values: &str| {
        format!(
            "syntax = \"proto3\"; package {package}; import \"ezbuy/option.proto\"; {import}\n\
            enum E {{ option (ezbuy.errors).domain = \"shop\"; {package}_NONE = 0; {values} }}"
        )
    };
    let gone = "GONE = 1 [(ezbuy.error).code = 4100001];";
    let (a, b) = (file("a", "", gone), file("b", "import \"a.proto\";", gone));
    let expected = "\
b.proto:2:61: reason `GONE` of domain `shop` is in `a.E` and in `b.E`
  help: rename it, or give its enum a domain of its own: clients tell errors by domain and name";
    assert_eq!(mistakes(&[("a.proto", &a), ("b.proto", &b)]), expected);
    // An enum that only is imported counts as well, and is not where the mistake is.
    let set = descriptor_set(&[("a.proto", &a), ("b.proto", &b)], true);
    let told = |target: &str| {
        let input = Input::from_descriptor_set(&set, &[target.to_owned()], Params::default());
        let input = input.unwrap_or_else(|error| panic!("{error}"));
        let found = crate::lower::lower(&input).err();
        found.map(|diagnostics| diagnostics.to_string())
    };
    assert_eq!(told("b.proto").as_deref(), Some(expected));
    let lost = "LOST = 1 [(ezbuy.error).code = 4100001];";
    let b = file("b", "import \"a.proto\";", lost);
    let expected = "\
b.proto:2:61: error code 4100001 is given to `GONE` of `a.E` and to `LOST`
  help: give each reason of a domain a code of its own";
    assert_eq!(mistakes(&[("a.proto", &a), ("b.proto", &b)]), expected);
}
