use super::buckets::MAX_BUCKETS;
use super::*;

fn named(name: impl ToString) -> Caller {
    Caller::Named(name.to_string())
}

#[test]
fn tokens_come_back_with_time_up_to_the_burst() {
    let rate = Rate::per_caller(10, Duration::from_secs(1)).burst(2);
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let take = |caller: &str, ms| rate.take("/a.B/C", named(caller), at(ms));
    let wait = |ms| Err(Duration::from_millis(ms));
    assert_eq!(
        [take("a", 0), take("a", 0), take("a", 0)],
        [Ok(()), Ok(()), wait(100)]
    );
    // Another caller has a bucket of its own.
    assert_eq!(take("b", 0), Ok(()));
    assert_eq!(
        [take("a", 60), take("a", 100), take("a", 100)],
        [wait(40), Ok(()), wait(100)]
    );
    // A long rest gives no more than the burst.
    assert_eq!(
        [take("a", 9000), take("a", 9000), take("a", 9000)],
        [Ok(()), Ok(()), wait(100)]
    );
}

#[test]
fn callers_without_number_take_no_memory_without_bound() {
    let rate = Rate::per_caller(1, Duration::from_secs(1));
    let now = Instant::now();
    let take = |caller: usize, at| rate.take("/a.B/C", named(caller), at);
    for caller in 0..MAX_BUCKETS {
        assert_eq!(take(caller, now), Ok(()));
    }
    assert_eq!(take(MAX_BUCKETS, now), Ok(()));
    assert!(take(MAX_BUCKETS + 1, now).is_err());
    assert_eq!(rate.lock().len(), MAX_BUCKETS + 1);
    // It was looked for full ones an instant ago: the next look waits for an interval.
    let soon = now + Duration::from_millis(999);
    assert!(take(MAX_BUCKETS + 1, soon).is_err());
    let later = now + Duration::from_secs(2);
    assert_eq!(take(MAX_BUCKETS + 1, later), Ok(()));
    assert_eq!(rate.lock().len(), 1);
}

#[test]
fn callers_of_different_kinds_share_no_bucket() {
    let rate = Rate::per_caller(1, Duration::from_secs(1));
    let now = Instant::now();
    let host = Caller::at("192.0.2.1".parse().expect("an address"));
    for caller in [
        named("192.0.2.1"),
        named(""),
        host.clone(),
        Caller::Anyone,
        Caller::Others,
    ] {
        assert_eq!(rate.take("/a.B/C", caller, now), Ok(()));
    }
    let mapped = Caller::at("::ffff:192.0.2.1".parse().expect("an address"));
    assert_eq!(mapped, host);
}

#[test]
fn a_host_has_a_whole_network_of_ipv6() {
    let at = |text: &str| Caller::at(text.parse().expect("an address"));
    assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::7"));
    assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
    assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
}

#[test]
fn the_shortest_and_the_longest_of_times() {
    let now = Instant::now();
    let take = |rate: &Rate| rate.take("/a.B/C", Caller::Anyone, now);
    let long = Rate::per_method(1, Duration::MAX);
    assert_eq!(take(&long), Ok(()));
    assert!(take(&long).is_err());
    // The bucket may be larger than instants reach.
    let long = Rate::per_method(1, Duration::MAX).burst(u32::MAX);
    assert_eq!([take(&long), take(&long)], [Ok(()), Ok(())]);
    for short in [
        Rate::per_method(u32::MAX, Duration::from_secs(1)),
        Rate::per_method(1, Duration::ZERO),
    ] {
        let short = short.burst(2);
        let full = Err(Duration::from_nanos(1));
        assert_eq!(
            [take(&short), take(&short), take(&short)],
            [Ok(()), Ok(()), full]
        );
    }
}
