//! What is made of Consul's instances.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use proptest::prelude::*;

use super::super::address::Address;
use super::super::answers;
use super::*;

fn config() -> Config {
    Config::new(Address::parse("consul").unwrap())
}

fn read(json: &str, config: &Config) -> Snapshot {
    snapshot(&answers::items(json.as_bytes()).unwrap(), config)
}

/// As Consul 1.8 prints it.
const REAL: &str = r#"[{
    "Node": {"ID": "x", "Node": "n1", "Address": "10.0.0.9", "Datacenter": "dc1", "TaggedAddresses": null, "Meta": null,
             "CreateIndex": 5, "ModifyIndex": 6},
    "Service": {"ID": "shop-v1-Product:10.0.0.1:80", "Service": "shop-v1-Product", "Tags": ["ezrpc", "blue"],
                "Address": "10.0.0.1", "TaggedAddresses": {"lan_ipv4": {"Address": "10.0.0.1", "Port": 80}},
                "Meta": {"proto": "shop.v1.Product", "version": "v2", "weight": "7", "zone": "x", "ezrpc": "0.1.0",
                         "desc": "d", "server": "s", "webapi": "00"},
                "Port": 80, "Weights": {"Passing": 7, "Warning": 1}, "EnableTagOverride": false,
                "Proxy": {"MeshGateway": {}, "Expose": {}}, "Connect": {}, "CreateIndex": 18446744073709551615},
    "Checks": [{"Node": "n1", "CheckID": "serfHealth", "Status": "passing", "ServiceTags": [], "Definition": {}}]
}]"#;

#[test]
fn an_instance_of_ezrpc_becomes_an_endpoint() {
    let expected = Endpoint::new("10.0.0.1:80")
        .weight(7)
        .version("v2")
        .metadata("zone", "x");
    let found = read(REAL, &config());
    assert_eq!(*found, [expected]);
    assert_eq!((found.known(), found.passing()), (1, 1));
}

#[test]
fn what_somebody_else_has_registered_is_used_too() {
    let json = r#"[{"Node": {"Address": "10.0.0.9"}, "Service": {"Address": "", "Port": 80, "Tags": null, "Meta": null,
        "Weights": {"Passing": 3}}, "Checks": null}]"#;
    assert_eq!(
        *read(json, &config()),
        [Endpoint::new("10.0.0.9:80").weight(3)]
    );
    assert_eq!(*read("null", &config()), []);
    // One of weight zero counts if all are.
    let json = r#"[{"Node": {"Address": "n"}, "Service": {"Port": 1, "Meta": {"weight": "0"}}}]"#;
    assert_eq!(*read(json, &config()), [Endpoint::new("n:1").weight(0)]);
    // Without a port, or a host that is one, nothing can be called.
    for service in [
        r#"{"Port": 0}"#,
        r#"{"Port": 70000}"#,
        r#"{"Port": 1, "Address": "a b\n"}"#,
        r#"{"Port": 1, "Address": "http://a"}"#,
        "null",
    ] {
        let json = format!(
            r#"[{{"Node": {{"Address": "n"}}, "Service": {service}}}, {{"Service": {{"Port": 1}}}}]"#
        );
        let found = read(&json, &config());
        assert_eq!(
            (found.len(), found.known(), found.passing()),
            (0, 2, 2),
            "{service}"
        );
    }
}

#[test]
fn item_06_known_passing_and_left_are_told_apart() {
    let instance = |port: u16, tag: &str, status: &str| {
        format!(
            r#"{{"Node": {{"Address": "n"}}, "Service": {{"Port": {port}, "Tags": ["{tag}"]}},
                "Checks": [{{"Status": "passing"}}, {{"Status": "{status}"}}]}}"#
        )
    };
    let all = [
        instance(1, "blue", "critical"),
        instance(2, "blue", "passing"),
        instance(3, "green", "passing"),
        instance(4, "green", "warning"),
    ];
    let json = format!("[{}]", all.join(","));
    let tagged = |tag: &str| Config {
        tags: vec![tag.to_owned()],
        ..config()
    };
    let left = |config: &Config| {
        let found = read(&json, config);
        let ports: Vec<String> = found.iter().map(|e| e.address[2..].to_owned()).collect();
        (ports.join(" "), found.known(), found.passing())
    };
    assert_eq!(left(&config()), ("2 3".to_owned(), 4, 2));
    assert_eq!(left(&tagged("blue")), ("2".to_owned(), 4, 2));
    assert_eq!(left(&tagged("red")), (String::new(), 4, 2));
    let fallback = Config {
        fallback_to_unhealthy: true,
        ..tagged("blue")
    };
    assert_eq!(left(&fallback), ("2".to_owned(), 4, 2));
}

#[test]
fn item_21_ipv6_and_equal_addresses() {
    let json = r#"[{"Node": {"Address": "fd00::9"}, "Service": {"Port": 80}},
        {"Node": {"Address": "n"}, "Service": {"Address": "::1", "Port": 80}},
        {"Node": {"Address": "m"}, "Service": {"Address": "::1", "Port": 80}}]"#;
    let found = read(json, &config());
    let addresses: Vec<&str> = found.iter().map(|e| e.address.as_str()).collect();
    assert_eq!(
        (addresses, found.known()),
        (vec!["[::1]:80", "[fd00::9]:80"], 3)
    );
}

#[test]
fn an_answer_is_one_value() {
    for body in [
        r#"[],"items":[{"Node":{"Address":"evil"},"Service":{"Port":1}}]"#,
        r#"[]} {"#,
        r#"[]} , {"x":["#,
        r#"null,"a":1"#,
        "",
    ] {
        assert!(
            answers::items::<Instances>(body.as_bytes()).is_err(),
            "{body}"
        );
    }
    let body = r#"[{"Node":{"Node":"],\"}","Address":"a"},"Service":{"Port":1}}]"#;
    assert_eq!(*read(body, &config()), [Endpoint::new("a:1")]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        _ = answers::items::<Instances>(&bytes);
        _ = answers::oneself(&bytes);
    }

    #[test]
    fn any_change_of_an_answer_is_read_or_refused(at in 0..REAL.len(), byte in any::<u8>(), cut in 0..REAL.len()) {
        let mut bytes = REAL.as_bytes().to_vec();
        bytes[at] = byte;
        for bytes in [&bytes[..], &bytes[..cut]] {
            if let Ok(found) = answers::items::<Instances>(bytes) {
                let found = snapshot(&found, &config());
                prop_assert!(found.len() <= found.passing() && found.passing() <= found.known());
            }
        }
    }
}
