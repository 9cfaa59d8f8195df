//! How services and addresses are called in Consul, and in the paths of its API.

use std::fmt::Write;

/// The name in Consul: `shop-v1-Product` of `shop.v1.Product`. Dots break Consul's DNS and consul-template.
pub(super) fn service(proto: &str) -> String {
    proto.replace('.', "-")
}

/// The proto name of a service registered by ezrpc. Exact: proto names have no dashes.
pub(super) fn proto(service: &str) -> String {
    service.replace('-', ".")
}

/// The id of an instance, unique among those that one address can have: `shop-v1-Product:10.0.0.1:80`.
pub(super) fn id(service: &str, host: &str, port: u16) -> String {
    format!("{service}:{host}:{port}")
}

/// Host, an IPv6 one without brackets, and port; `None` if it is not both.
pub(super) fn split(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    Some((bare.unwrap_or(host), port.parse().ok()?))
}

/// The address of a host and a port: an IPv6 host gets brackets.
pub(super) fn join(host: &str, port: u16) -> String {
    match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// Whether a host is this machine, whichever it is.
pub(super) fn is_loopback(host: &str) -> bool {
    let ip = host.parse::<std::net::IpAddr>();
    ip.map_or(host == "localhost", |ip| ip.is_loopback())
}

/// Text as one segment of a path, or as a value of a query.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' => {
                out.push(char::from(byte));
            }
            // Never fails: a String takes everything.
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        assert_eq!(service("shop.v1.Product_2"), "shop-v1-Product_2");
        assert_eq!(proto("shop-v1-Product_2"), "shop.v1.Product_2");
        assert_eq!(id("a-B", "::1", 80), "a-B:::1:80");
    }

    #[test]
    fn item_21_an_ipv6_host_has_brackets_in_addresses_only() {
        for (address, host) in [
            ("[::1]:80", "::1"),
            ("10.0.0.1:80", "10.0.0.1"),
            ("shop:80", "shop"),
        ] {
            assert_eq!(split(address), Some((host, 80)));
            assert_eq!(join(host, 80), address);
        }
        assert_eq!((split("shop"), split("shop:x")), (None, None));
        assert_eq!(join("[::1]", 80), "[::1]:80");
        assert!(
            ["127.0.0.1", "::1", "localhost", "127.8.0.1"]
                .into_iter()
                .all(is_loopback)
        );
        assert!(!["10.0.0.1", "shop", "::2"].into_iter().any(is_loopback));
    }

    #[test]
    fn paths_hold_any_text() {
        assert_eq!(escape("a-B:fe80::1%eth0:80"), "a-B:fe80::1%25eth0:80");
        assert_eq!(escape("a/b ?&=é"), "a%2Fb%20%3F%26%3D%C3%A9");
    }
}
