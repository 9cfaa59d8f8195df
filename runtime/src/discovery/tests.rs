//! What belongs to one registry; the suite for all of them is in tests/src/registry_suite.rs.

use super::*;

const SERVICE: &str = "shop.v1.Product";

fn addresses(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.iter().map(|e| e.address.as_str()).collect()
}

#[tokio::test]
async fn memory_shows_what_is_in_it() {
    let memory = Memory::new();
    let registration = Registration::new(SERVICE, Endpoint::new("c:3"));
    memory.register(registration).await.unwrap();
    assert_eq!(format!("{memory:?}"), r#"{"shop.v1.Product": ["c:3"]}"#);
}

#[tokio::test]
async fn a_slow_watcher_sees_the_latest_only() {
    let memory = Memory::new();
    let mut watch = memory.watch(SERVICE);
    for address in ["a:1", "b:2"] {
        let registration = Registration::new(SERVICE, Endpoint::new(address));
        memory.register(registration).await.unwrap();
    }
    assert_eq!(addresses(&watch.try_next().unwrap()), ["a:1", "b:2"]);
    assert_eq!(watch.try_next(), None);
}

#[tokio::test]
async fn a_fixed_list_for_all_gives_way_to_one_of_its_own() {
    let fixed = Fixed::new().service(SERVICE, "a:1").all("c:3");
    assert_eq!(addresses(&fixed.get(SERVICE).await.unwrap()), ["a:1"]);
    assert_eq!(addresses(&fixed.get("x.Y").await.unwrap()), ["c:3"]);
}

#[tokio::test]
async fn dropping_either_end_is_seen_by_the_other() {
    let (publisher, mut watch) = Watch::channel();
    assert_eq!(watch.try_next(), None);
    publisher.publish(Snapshot::new([Endpoint::new("a:1")]));
    drop(publisher);
    assert_eq!(addresses(&watch.next().await.unwrap()), ["a:1"]);
    assert_eq!(watch.next().await, None);

    let (publisher, watch) = Watch::channel();
    assert!(!publisher.is_closed());
    drop(watch);
    publisher.closed().await;
    assert!(publisher.is_closed());
}
