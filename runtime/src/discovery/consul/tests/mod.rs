//! The registry against a scripted agent in this process; most with a clock that stands still unless nothing is to be done.

mod failing;
mod fake;
mod lives;
mod logs;
mod registering;
mod sharing;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use fake::Fake;

use super::address::Address;
use super::config::{Check, Config};
use super::core::Core;
use super::names;
use super::watch;
use crate::discovery::{Snapshot, Watch};

const SERVICE: &str = "shop.v1.Product";
const NAME: &str = "shop-v1-Product";

/// Settings for a fake agent.
fn config(fake: &Fake) -> Config {
    Config::new(Address::parse(&fake.address()).unwrap())
}

/// Watches on the runtime of the test.
fn follow(core: &Arc<Core>, service: &str) -> Watch {
    let (publisher, watch) = Watch::channel();
    tokio::spawn(watch::follow(
        Arc::clone(core),
        service.to_owned(),
        publisher,
    ));
    watch
}

fn addresses(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.iter().map(|e| e.address.as_str()).collect()
}

/// The next snapshot's addresses; fails if there is none within a minute.
async fn next(watch: &mut Watch) -> String {
    let next = tokio::time::timeout(Duration::from_secs(60), watch.next()).await;
    addresses(&next.expect("a snapshot").expect("a watch")).join(" ")
}

/// Waits until something holds; fails if it does not within ten seconds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within ten seconds: {what}");
}
