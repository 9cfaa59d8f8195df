//! Meta within Consul's limits.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use super::*;
use crate::discovery::Endpoint;
use crate::method::{Route, ServiceDesc, Shape};

fn refused(endpoint: Endpoint) -> String {
    let error = of(&Registration::new("a.B", endpoint), "1").unwrap_err();
    assert_eq!(error.code(), crate::Code::InvalidArgument);
    error.message().to_owned()
}

#[test]
fn all_that_is_known_is_written() {
    static METHODS: [Method; 2] = [
        Method::new("/a.B/Get", Shape::Unary).webapi(true, false, false),
        Method::new("/a.B/Set", Shape::Unary),
    ];
    static DESC: ServiceDesc = ServiceDesc::new("a.B", &METHODS);
    let endpoint = Endpoint::new("h:1")
        .weight(0)
        .version("v1")
        .metadata("zone", "x");
    let meta = of(&Registration::of(&DESC, endpoint).server("shop"), "1").unwrap();
    let expected = [
        ("ezrpc", env!("CARGO_PKG_VERSION")),
        ("ezrpc_life", "1"),
        ("proto", "a.B"),
        ("server", "shop"),
        ("version", "v1"),
        ("webapi", "339255d6380980fa"),
        ("weight", "0"),
        ("zone", "x"),
    ];
    let found: Vec<_> = meta.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(found, expected);
    assert_eq!(weight(&meta), Some(0));
    assert!(is_of(&meta, "1") && !is_of(&meta, "2"));
    assert_eq!(
        others(&meta),
        BTreeMap::from([("zone".to_owned(), "x".to_owned())])
    );
}

#[test]
fn a_text_that_is_too_long_ends_at_a_character() {
    let registration = Registration::new("a.B", Endpoint::new("h:1")).server("名".repeat(200));
    // 170 characters of three bytes are 510.
    let expected = "名".repeat(170);
    assert_eq!(of(&registration, "1").unwrap().get(SERVER), Some(&expected));
}

#[test]
fn the_digest_tells_bindings_apart() {
    static BOUND: [Route; 1] = [Route::new("GET", "/v1/b")];
    let open = |path| Method::new(path, Shape::Unary).webapi(true, false, false);
    let digests = [
        digest(&[Method::new("/a.B/Get", Shape::Unary)]),
        digest(&[open("/a.B/Get")]),
        digest(&[open("/a.B/Set")]),
        digest(&[open("/a.B/Get"), open("/a.B/Set")]),
        digest(&[open("/a.B/Get").routes(&BOUND)]),
        digest(&[Method::new("/a.B/Get", Shape::Unary).routes(&BOUND)]),
    ];
    assert_eq!(digests[0], "");
    for (at, one) in digests.iter().enumerate() {
        assert!(!digests[at + 1..].contains(one), "{digests:?}");
    }
    // What is not open does not count.
    assert_eq!(
        digest(&[open("/a.B/Get"), Method::new("/a.B/X", Shape::Unary)]),
        digests[1]
    );
}

#[test]
fn what_consul_would_refuse_is_named() {
    let long = "x".repeat(600);
    assert_eq!(
        refused(Endpoint::new("h:1").metadata("zone", &long)),
        "metadata `zone`: the value has 600 bytes, Consul takes up to 512"
    );
    for key in ["a.b", "", "é", "consul-x", &long] {
        let text = refused(Endpoint::new("h:1").metadata(key, "v"));
        assert!(text.starts_with(&format!(
            "metadata `{key}`: Consul takes names of up to 128"
        )));
    }
    assert_eq!(
        refused(Endpoint::new("h:1").metadata("weight", "v")),
        "metadata `weight`: the name is ezrpc's own; choose another"
    );
    let many = (0..58).fold(Endpoint::new("h:1"), |e, n| {
        e.metadata(format!("k{n}"), "v")
    });
    assert_eq!(
        refused(many),
        "58 entries of metadata: Consul has room for 56"
    );
}
