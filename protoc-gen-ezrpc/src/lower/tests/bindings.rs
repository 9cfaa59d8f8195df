//! Facts of google.api.http bindings and uploads, and what is doubtful about them.

use crate::model::{Method, UploadStream};
use crate::test_support::{input, mistakes};

const HEAD: &str = "\
syntax = \"proto3\";
package a;
import \"ezbuy/option.proto\";
import \"google/api/annotations.proto\";
import \"google/api/httpbody.proto\";
import \"google/protobuf/field_mask.proto\";
";

/// Lowers `body`, which starts at line 7 of `a.proto`: its methods, and the warnings.
fn lower(body: &str, params: &str) -> (Vec<Method>, String) {
    let lowered = crate::lower::lower_all(&input(&[("a.proto", &format!("{HEAD}{body}"))], params));
    let (model, warnings) = lowered.unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    let services = model
        .packages
        .into_iter()
        .flat_map(|package| package.services);
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    (
        services.flat_map(|service| service.methods).collect(),
        warnings.join("\n"),
    )
}

#[test]
fn raw_bodies_are_http_bodies() {
    let body = "\
message M { string id = 1; google.api.HttpBody file = 2; repeated google.api.HttpBody files = 3; bytes data = 4; }
service S {
  rpc A(google.api.HttpBody) returns (M) { option (google.api.http) = { post: \"/a\" body: \"*\" response_body: \"file\" }; }
  rpc B(M) returns (google.api.HttpBody) { option (google.api.http) = { post: \"/b\" body: \"file\" }; }
  rpc C(google.api.HttpBody) returns (stream google.api.HttpBody) { option (google.api.http) = { get: \"/c\" }; }
  rpc D(M) returns (M) { option (google.api.http) = { post: \"/d\" body: \"files\" response_body: \"files\" }; }
  rpc E(M) returns (M) { option (google.api.http) = { post: \"/e\" body: \"*\" additional_bindings { put: \"/e\" body: \"file\" } }; }
}
";
    let (methods, warnings) = lower(body, "");
    let raw: Vec<Vec<(bool, bool)>> = methods
        .iter()
        .map(|method| {
            method
                .routes
                .iter()
                .map(|route| (route.raw_request, route.raw_response))
                .collect()
        })
        .collect();
    let expected: [&[(bool, bool)]; 5] = [
        &[(true, true)],
        &[(true, true)],
        &[(false, true)],
        &[(false, false)],
        &[(false, false), (true, false)],
    ];
    assert_eq!(raw, expected);
    assert_eq!(warnings, "");
}

#[test]
fn h50_patch_masks_are_the_only_mask_beside_the_body() {
    let mask = "google.protobuf.FieldMask";
    let body = format!(
        "\
message B {{ string x = 1; {mask} inner = 2; }}
message One {{ B b = 1; string s = 2; {mask} update_mask = 3; {mask} or = 4; repeated B bs = 5; }}
message Good {{ B b = 1; string s = 2; {mask} update_mask = 3; repeated {mask} more = 4; repeated B bs = 5; }}
message Masks {{ {mask} b = 1; {mask} m = 2; }}
service S {{
  rpc A(Good) returns (B) {{ option (google.api.http) = {{ patch: \"/a/{{b.x}}\" body: \"b\" }}; }}
  rpc B(Good) returns (B) {{ option (google.api.http) = {{ patch: \"/b\" body: \"*\" }}; }}
  rpc C(Good) returns (B) {{ option (google.api.http) = {{ put: \"/c\" body: \"b\" }}; }}
  rpc D(Good) returns (B) {{ option (google.api.http) = {{ patch: \"/d\" body: \"s\" }}; }}
  rpc E(Good) returns (B) {{ option (google.api.http) = {{ patch: \"/e\" }}; }}
  rpc F(One) returns (B) {{ option (google.api.http) = {{ patch: \"/f\" body: \"b\" }}; }}
  rpc G(Good) returns (B) {{ option (google.api.http) = {{ patch: \"/g\" body: \"bs\" }}; }}
  rpc H(Masks) returns (B) {{ option (google.api.http) = {{ patch: \"/h\" body: \"b\" }}; }}
}}
"
    );
    let masks = |params| -> Vec<Option<String>> {
        let routes = lower(&body, params)
            .0
            .into_iter()
            .flat_map(|method| method.routes);
        routes.map(|route| route.patch_mask).collect()
    };
    let update = Some("update_mask".to_owned());
    assert_eq!(
        masks(""),
        [
            update,
            None,
            None,
            None,
            None,
            None,
            None,
            Some("m".to_owned())
        ]
    );
    assert_eq!(masks("patch_mask=false"), vec![None; 8]);
}

#[test]
fn uploads_go_into_streams_in_four_ways() {
    let body = "\
message Meta { string name = 1; bytes nested = 2; }
message Put { string bucket = 3; oneof part { Meta meta = 1; bytes chunk = 2; } }
message Flat { string name = 1; bytes data = 2; repeated bytes more = 3; optional bool last = 4; }
message Optional { string name = 1; optional bytes data = 2; }
message Raw { string name = 1; google.api.HttpBody file = 2; }
service S {
  option (ezbuy.service).webapi = { enable: true, upload: true };
  rpc A(stream Put) returns (Meta);
  rpc B(stream Flat) returns (Meta);
  rpc C(stream google.api.HttpBody) returns (Meta);
  rpc D(stream Raw) returns (Meta);
  rpc E(stream Optional) returns (Meta);
  rpc F(Flat) returns (Meta);
  rpc G(stream Flat) returns (Meta) { option (ezbuy.webapi).upload = false; }
}
";
    let ways: Vec<_> = lower(body, "")
        .0
        .into_iter()
        .map(|method| method.upload_stream)
        .collect();
    let flat = || {
        Some(UploadStream::Flat {
            data: "data".into(),
        })
    };
    let oneof = UploadStream::Oneof {
        meta: "meta".into(),
        chunk: "chunk".into(),
    };
    let field = UploadStream::HttpBodyField {
        field: "file".into(),
    };
    let expected = [
        Some(oneof),
        flat(),
        Some(UploadStream::HttpBody),
        Some(field),
        flat(),
        None,
        None,
    ];
    assert_eq!(ways, expected);
}

#[test]
fn w5_uploads_that_cannot_be_cut_into_the_stream() {
    let body = "\
message File { string filename = 1; string content_type = 2; bytes data = 3; }
message Nested { File file = 1; }
message Two { bytes one = 1; bytes two = 2; }
message Three { oneof part { File meta = 1; bytes chunk = 2; string more = 3; } }
message Text { oneof part { string meta = 1; bytes chunk = 2; } }
service S {
  option (ezbuy.service).webapi = { enable: true, upload: true };
  rpc A(stream Nested) returns (File);
  rpc B(stream Two) returns (File);
  rpc C(stream Three) returns (File);
  rpc D(stream Text) returns (File) { option (ezbuy.webapi).upload = true; }
}
";
    let help = "
  help: stream google.api.HttpBody; or a message with one field of it, or with one bytes field;
        or a oneof of one message, for what comes before the file, and one bytes field";
    let expected = [
        "a.proto:14:3: `a.S.A` sets `upload`, but a file cannot be cut into a stream of `a.Nested`",
        "a.proto:15:3: `a.S.B` sets `upload`, but a file cannot be cut into a stream of `a.Two`",
        "a.proto:16:3: `a.S.C` sets `upload`, but a file cannot be cut into a stream of `a.Three`",
        "a.proto:17:39: `a.S.D` sets `upload`, but a file cannot be cut into a stream of `a.Text`",
    ];
    let expected: Vec<String> = expected
        .iter()
        .map(|line| format!("{line}{help}"))
        .collect();
    assert_eq!(
        mistakes(&[("a.proto", &format!("{HEAD}{body}"))]),
        expected.join("\n")
    );
}

#[test]
fn doubtful_bindings_are_warned_of() {
    let body = "\
message M { string id = 1; oneof by { string name = 2; int64 number = 3; } optional string note = 4; M in = 5; }
service S {
  rpc A(M) returns (M) { option (google.api.http) = { get: \"/a/{id}/{name}/{note}/{in.number}\" }; }
  rpc B(stream M) returns (stream M) { option (google.api.http) = { post: \"/b\" body: \"*\" }; }
}
";
    let expected = "\
a.proto:9:26: `GET /a/{id}/{name}/{note}/{in.number}` of `a.S.A`: column 23: `number` of `{in.number}` is a member of oneof `by`: no other can be set
  help: take the field out of the oneof, or leave it to the query or the body
a.proto:9:26: `GET /a/{id}/{name}/{note}/{in.number}` of `a.S.A`: column 9: `name` of `{name}` is a member of oneof `by`: no other can be set
  help: take the field out of the oneof, or leave it to the query or the body
a.proto:10:40: the google.api.http rule of `a.S.B` is left out: HTTP with JSON cannot carry streams both ways
  help: remove the rule; the method stays callable over gRPC";
    assert_eq!(lower(body, "").1, expected);
    assert!(!lower(body, "server=false").1.contains("left out"));
}

#[test]
fn a_body_on_delete_is_a_choice() {
    let body = "\
message M { string id = 1; }
service S { rpc A(M) returns (M) { option (google.api.http) = { delete: \"/a\" body: \"*\" }; } }
";
    let expected = "\
a.proto:8:36: `DELETE /a` of `a.S.A`: DELETE takes no body, but `body` is \"*\"
  help: remove `body`, which leaves the fields to the query, or use post,
        or set the parameter `allow_delete_body`";
    assert_eq!(mistakes(&[("a.proto", &format!("{HEAD}{body}"))]), expected);
    let (methods, warnings) = lower(body, "allow_delete_body");
    assert_eq!((methods[0].routes.len(), warnings.as_str()), (1, ""));
}
