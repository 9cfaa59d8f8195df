//! What every registry must do.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use ezrpc::discovery::{Endpoint, Registration, Registry, Snapshot, Watch};

/// The service that [`conforms`] looks for.
pub const SERVICE: &str = "shop.v1.Product";

/// How long a registry may take to pass a change on.
const SOON: Duration = Duration::from_secs(5);

fn addresses(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.iter().map(|e| e.address.as_str()).collect()
}

/// The next snapshot.
///
/// # Panics
/// If there is none soon.
pub async fn next(watch: &mut Watch) -> Snapshot {
    let next = tokio::time::timeout(SOON, watch.next()).await;
    next.expect("a snapshot").expect("a watch that goes on")
}

/// Waits until the snapshot is this one; others may come before it.
///
/// # Panics
/// If it does not come soon.
pub async fn settles(watch: &mut Watch, expected: &[Endpoint]) {
    let mut last = None;
    let seen = async {
        loop {
            let snapshot = watch.next().await.expect("a watch that goes on");
            if *snapshot == *expected {
                return;
            }
            last = Some(snapshot);
        }
    };
    let seen = tokio::time::timeout(SOON, seen).await;
    assert!(seen.is_ok(), "expected {expected:?}, last seen {last:?}");
}

/// What holds for a registry that knows `b:2` and `a:1` of [`SERVICE`], registered in this order.
///
/// # Panics
/// If it does not.
pub async fn conforms(registry: Arc<dyn Registry>) {
    let both = ["a:1", "b:2"];
    assert_eq!(addresses(&registry.get(SERVICE).await.unwrap()), both);
    assert_eq!(registry.list().await.unwrap(), [SERVICE]);
    assert_eq!(registry.get("no.Such").await.unwrap().len(), 0);
    assert!(!registry.describe().is_empty());

    // A watch starts with what is known, the empty list included.
    let mut watch = registry.watch(SERVICE);
    assert_eq!(addresses(&next(&mut watch).await), both);
    assert_eq!(watch.try_next(), None);
    let mut nobody = registry.watch("no.Such");
    assert_eq!(next(&mut nobody).await.len(), 0);

    // To take back what is not there is no error, and changes nothing.
    let stranger = Endpoint::new("z:9");
    registry.deregister(SERVICE, &stranger).await.unwrap();
    assert_eq!(addresses(&registry.get(SERVICE).await.unwrap()), both);
}

/// What holds beyond that for a registry that takes registrations.
///
/// # Panics
/// If it does not.
pub async fn takes_registrations(registry: Arc<dyn Registry>) {
    let mut watch = registry.watch(SERVICE);
    next(&mut watch).await;
    let mut second = registry.watch(SERVICE);
    next(&mut second).await;
    let other = registry.watch("other.Service");

    // Whole snapshots; the same address again replaces.
    let heavy = Endpoint::new("b:2")
        .weight(7)
        .version("v2")
        .metadata("zone", "x");
    let again = Registration::new(SERVICE, heavy.clone());
    registry.register(again).await.unwrap();
    settles(&mut watch, &[Endpoint::new("a:1"), heavy.clone()]).await;

    // A weight of zero is the balancer's to see to.
    let resting = Endpoint::new("d:4").weight(0);
    let registration = Registration::new(SERVICE, resting.clone());
    registry.register(registration).await.unwrap();
    let all = [Endpoint::new("a:1"), heavy.clone(), resting.clone()];
    settles(&mut watch, &all).await;
    registry.deregister(SERVICE, &resting).await.unwrap();

    // The last that goes leaves an empty list.
    registry.deregister(SERVICE, &heavy).await.unwrap();
    registry
        .deregister(SERVICE, &Endpoint::new("a:1"))
        .await
        .unwrap();
    settles(&mut second, &[]).await;
    assert_eq!(second.try_next(), None);
    assert_eq!(registry.list().await.unwrap(), Vec::<String>::new());

    // Who comes back is seen, by the watches that are left.
    drop(watch);
    let back = Registration::new(SERVICE, Endpoint::new("c:3"));
    registry.register(back).await.unwrap();
    settles(&mut second, &[Endpoint::new("c:3")]).await;
    drop(other);
}
