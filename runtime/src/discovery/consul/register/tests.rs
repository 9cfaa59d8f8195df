//! What is sent, whole.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use super::super::address::Address;
use super::*;
use crate::discovery::Endpoint;
use crate::method::{Method, ServiceDesc, Shape};

static METHODS: [Method; 2] = [
    Method::new("/common.Product/Get", Shape::Unary).webapi(true, false, false),
    Method::new("/common.Product/Watch", Shape::ServerStreaming),
];
static DESC: ServiceDesc = ServiceDesc::new("common.Product", &METHODS).desc("goods");

fn config() -> Config {
    Config::new(Address::parse("consul").unwrap())
}

fn sent(registration: &Registration, config: &Config) -> String {
    let service = service(registration, config, "1").unwrap();
    String::from_utf8(service.body(true).unwrap().to_vec()).unwrap()
}

#[test]
fn a_service_is_registered_with_all_that_is_known_of_it() {
    let endpoint = Endpoint::new("[::1]:80").weight(100_000).version("v1");
    let registration = Registration::of(&DESC, endpoint).server("shop").tls(true);
    let config = Config {
        tags: vec!["blue".to_owned()],
        ..config()
    };
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        r#"{{"ID":"common-Product:::1:80","Name":"common-Product","Tags":["ezrpc","blue","method-Get","webapi-Get","method-Watch"],"Address":"::1","Port":80,"Meta":{{"desc":"goods","ezrpc":"{version}","ezrpc_life":"1","proto":"common.Product","server":"shop","version":"v1","webapi":"7d2f1724294e472f","weight":"100000"}},"Weights":{{"Passing":65535,"Warning":1}},"Check":{{"CheckID":"service:common-Product:::1:80","Name":"common.Product lives","Status":"passing","GRPC":"[::1]:80/common.Product","GRPCUseTLS":true,"TLSSkipVerify":true,"Interval":"5000ms","Timeout":"2000ms","DeregisterCriticalServiceAfter":"600000ms"}}}}"#
    );
    assert_eq!(sent(&registration, &config), expected);
}

#[test]
fn a_service_may_say_itself_that_it_lives() {
    let registration = Registration::new("a.B", Endpoint::new("shop:80"));
    let config = Config {
        check: Check::Ttl(Duration::from_secs(15)),
        ..config()
    };
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        r#"{{"ID":"a-B:shop:80","Name":"a-B","Tags":["ezrpc"],"Address":"shop","Port":80,"Meta":{{"ezrpc":"{version}","ezrpc_life":"1","proto":"a.B","weight":"1"}},"Weights":{{"Passing":1,"Warning":1}},"Check":{{"CheckID":"service:a-B:shop:80","Name":"a.B lives","Status":"passing","TTL":"15000ms","DeregisterCriticalServiceAfter":"600000ms"}}}}"#
    );
    assert_eq!(sent(&registration, &config), expected);
}

#[test]
fn an_address_without_a_port_is_refused() {
    let registration = Registration::new("a.B", Endpoint::new("shop"));
    let error = service(&registration, &config(), "1").unwrap_err();
    assert_eq!(
        error.message(),
        "`shop` is not an address such as 10.0.0.1:80"
    );
}
