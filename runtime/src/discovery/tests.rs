//! The suite every registry must pass.

use std::sync::Arc;

use super::*;

const SERVICE: &str = "shop.v1.Product";

fn addresses(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.iter().map(|e| e.address.as_str()).collect()
}

/// What holds for a registry that knows `b:2` and `a:1` of [`SERVICE`], registered in this order.
async fn conforms(registry: Arc<dyn Registry>) {
    let both = ["a:1", "b:2"];
    assert_eq!(addresses(&registry.get(SERVICE).await.unwrap()), both);
    assert_eq!(registry.list().await.unwrap(), [SERVICE]);
    assert_eq!(registry.get("no.Such").await.unwrap().len(), 0);
    assert!(!registry.describe().is_empty());

    // A watch starts with what is known, the empty list included.
    let mut watch = registry.watch(SERVICE);
    assert_eq!(addresses(&watch.next().await.unwrap()), both);
    assert_eq!(watch.try_next(), None);
    let mut nobody = registry.watch("no.Such");
    assert_eq!(nobody.next().await.unwrap().len(), 0);

    // To take back what is not there is no error, and changes nothing.
    let stranger = Endpoint::new("z:9");
    registry.deregister(SERVICE, &stranger).await.unwrap();
    assert_eq!(addresses(&registry.get(SERVICE).await.unwrap()), both);
}

/// What holds beyond that for a registry that takes registrations.
async fn takes_registrations(registry: Arc<dyn Registry>) {
    let mut watch = registry.watch(SERVICE);
    watch.next().await.unwrap();
    let mut second = registry.watch(SERVICE);
    second.next().await.unwrap();
    let other = registry.watch("other.Service");

    // Whole snapshots; the same address again replaces.
    let heavy = Endpoint::new("b:2")
        .weight(7)
        .version("v2")
        .metadata("zone", "x");
    registry
        .register(Registration::new(SERVICE, heavy.clone()))
        .await
        .unwrap();
    let seen = watch.next().await.unwrap();
    assert_eq!(*seen, [Endpoint::new("a:1"), heavy.clone()]);

    // A slow watcher sees the latest only.
    registry.deregister(SERVICE, &heavy).await.unwrap();
    registry
        .deregister(SERVICE, &Endpoint::new("a:1"))
        .await
        .unwrap();
    assert_eq!(second.next().await.unwrap().len(), 0);
    assert_eq!(second.try_next(), None);
    assert_eq!(registry.list().await.unwrap(), Vec::<String>::new());

    // Who comes back is seen, by the watches that are left.
    drop(watch);
    registry
        .register(Registration::new(SERVICE, Endpoint::new("c:3")))
        .await
        .unwrap();
    assert_eq!(addresses(&second.try_next().unwrap()), ["c:3"]);
    drop(other);
}

#[tokio::test]
async fn memory_conforms() {
    let memory = Memory::new();
    for address in ["b:2", "a:1"] {
        memory
            .register(Registration::new(SERVICE, Endpoint::new(address)))
            .await
            .unwrap();
    }
    conforms(Arc::new(memory.clone())).await;
    takes_registrations(Arc::new(memory.clone())).await;
    assert_eq!(format!("{memory:?}"), r#"{"shop.v1.Product": ["c:3"]}"#);
}

#[tokio::test]
async fn fixed_conforms() {
    let fixed = Fixed::new().service(SERVICE, "b:2").service(SERVICE, "a:1");
    conforms(Arc::new(fixed)).await;
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
