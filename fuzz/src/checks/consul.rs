//! What Consul answers.

use ezrpc::fuzzing;
use serde_json::Value;

/// Whatever is read has a host and a port, each once and in order, and as many instances are known as serde_json sees.
pub fn consul_instances(data: &[u8]) {
    let Ok(found) = fuzzing::consul_instances(data) else {
        return;
    };
    assert!(found.is_sorted_by(|a, b| a.address < b.address));
    assert!(found.len() <= found.passing() && found.passing() <= found.known());
    for endpoint in &found[..] {
        let (host, port) = endpoint.address.rsplit_once(':').expect("host:port");
        assert!(!host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0));
        assert!(endpoint.weight > 0);
    }
    if let Ok(Value::Array(items)) = serde_json::from_slice(data) {
        assert_eq!(found.known(), items.len());
    }
}
