use super::*;

#[test]
fn keywords_become_raw_and_the_rest_gets_an_underscore() {
    for word in KEYWORDS {
        assert_eq!(snake(word), format!("r#{word}"));
    }
    assert_eq!(snake("self"), "self_");
    assert_eq!(snake("super"), "super_");
    assert_eq!(snake("extern"), "extern_");
    assert_eq!(snake("crate"), "crate_");
    assert_eq!(camel("self"), "Self_");
    assert_eq!(snake("_1st"), "_1st");
}

#[test]
fn case_follows_heck() {
    assert_eq!(snake("XMLHttpRequest"), "xml_http_request");
    assert_eq!(snake("__field_name13"), "field_name13");
    assert_eq!(snake("field_0_name6"), "field_0_name6");
    assert_eq!(camel("FOO_BAR_"), "FooBar");
    assert_eq!(camel("fuzzBuster"), "FuzzBuster");
    assert_eq!(shouty("ProductV2"), "PRODUCT_V2");
}

#[test]
fn variants_lose_the_name_of_their_enum() {
    assert_eq!(variant("Foo", "FOO_BAR"), "Bar");
    assert_eq!(variant("Foo", "FOOBAR"), "Foobar");
    assert_eq!(variant("Foo", "FOO"), "Foo");
    assert_eq!(variant("Foo", "FOO_SELF"), "Self_");
    assert_eq!(variant("Foo", "FOO_1"), "Foo1");
}

#[test]
fn taken_methods_get_an_underscore() {
    assert_eq!(method("New"), "new_");
    assert_eq!(method("Clone"), "clone_");
    assert_eq!(method("TryInto"), "try_into_");
    assert_eq!(method("Type"), "r#type");
    assert_eq!(method("GetItem"), "get_item");
}

#[test]
fn relative_paths_climb_to_the_common_part() {
    assert_eq!(relative("a.b", ".a.b.Foo"), "Foo");
    assert_eq!(relative("a.b", ".a.b.Foo.Bar"), "foo::Bar");
    assert_eq!(relative("a.b", ".a.c.Foo"), "super::c::Foo");
    assert_eq!(
        relative("a.b", ".common.type.Foo"),
        "super::super::common::r#type::Foo"
    );
    assert_eq!(relative("a", ".a.b.Foo"), "b::Foo");
    assert_eq!(relative("", ".Foo"), "Foo");
    assert_eq!(relative("", ".a.Foo"), "a::Foo");
    assert_eq!(relative("a", ".Foo"), "super::Foo");
}

fn externs(user: &[(&str, &str)]) -> Externs {
    let user: Vec<_> = user
        .iter()
        .map(|(proto, rust)| ((*proto).to_owned(), (*rust).to_owned()))
        .collect();
    Externs::new(&user, |_| false)
}

#[test]
fn the_longest_mapping_wins() {
    let externs = externs(&[
        (".foo", "::foo1"),
        (".foo.bar", "::foo2"),
        (".foo.Fuzz", "::foo4::Fuzz"),
        (".a.b", "crate::Abc::def"),
    ]);
    assert_eq!(externs.resolve(".foo.Moo").as_deref(), Some("::foo1::Moo"));
    assert_eq!(
        externs.resolve(".foo.bar.type.moo").as_deref(),
        Some("::foo2::r#type::Moo")
    );
    assert_eq!(
        externs.resolve(".foo.Fuzz").as_deref(),
        Some("::foo4::Fuzz")
    );
    assert_eq!(
        externs.resolve(".foo.Fuzz.Bar").as_deref(),
        Some("::foo4::fuzz::Bar")
    );
    assert_eq!(
        externs.resolve(".a.b.c.D").as_deref(),
        Some("crate::abc::def::c::D")
    );
    assert_eq!(externs.resolve(".food.Moo"), None);
}

#[test]
fn bundled_and_well_known_types_live_in_the_runtime() {
    let externs = externs(&[(".google", "::googleapis::google")]);
    let path = |name| externs.resolve(name).unwrap_or_default();
    assert_eq!(path(".google.protobuf.Empty"), "()");
    assert_eq!(
        path(".google.protobuf.Timestamp"),
        "::ezrpc::codegen::v1::wkt::Timestamp"
    );
    assert_eq!(
        path(".google.protobuf.Field.Kind"),
        "::ezrpc::codegen::v1::wkt::field::Kind"
    );
    assert_eq!(
        path(".google.api.HttpBody"),
        "::ezrpc::codegen::v1::google::api::HttpBody"
    );
    assert_eq!(
        path(".google.api.Distribution"),
        "::googleapis::google::api::Distribution"
    );
    assert_eq!(
        path(".google.rpc.BadRequest.FieldViolation"),
        "::ezrpc::codegen::v1::google::rpc::bad_request::FieldViolation"
    );
}

#[test]
fn packages_are_covered_by_mappings_of_packages() {
    let externs = externs(&[
        (".common", "::common_proto"),
        (".shop.v1.Money", "::money::Money"),
    ]);
    assert_eq!(
        externs.module("common"),
        Some(("::common_proto".to_owned(), Owner::User))
    );
    assert_eq!(
        externs.module("common.v1"),
        Some(("::common_proto::v1".to_owned(), Owner::User))
    );
    assert_eq!(externs.module("shop.v1"), None);
}
