//! Consistent hashing: a ring on which each endpoint stands many times, and keys that go to the next one.

/// How often an endpoint of weight 1 stands on the ring, as long as there is room.
const POINTS: u64 = 160;
/// How many points there may be: beyond it the endpoints stand half, a quarter, .. as often.
const MOST_POINTS: u64 = 1 << 16;

/// The ring. The same on all machines and in all versions: it depends on addresses and weights only.
#[derive(Debug)]
pub(in crate::client) struct Ring {
    /// Hash and endpoint, sorted.
    points: Vec<(u64, u32)>,
    /// For each stretch of the hashes, which are spread evenly, the first point in it or after.
    starts: Vec<u32>,
    shift: u32,
}

impl Ring {
    /// Puts endpoints on the ring, by address and weight.
    pub(in crate::client) fn new<'a>(
        endpoints: impl Iterator<Item = (&'a str, u32)> + Clone,
    ) -> Self {
        let sum: u64 = endpoints.clone().map(|(_, weight)| u64::from(weight)).sum();
        let mut halved = 0;
        while sum.saturating_mul(POINTS) >> halved > MOST_POINTS {
            halved += 1;
        }
        let mut points = Vec::new();
        for (index, (address, weight)) in endpoints.enumerate() {
            // Steps of two, so that who comes or goes moves nobody else unless such a step is passed.
            let count = (u64::from(weight) * POINTS) >> halved;
            let seed = hash(address.as_bytes());
            let own = 0..count.max(u64::from(weight).min(1));
            points.extend(own.map(|at| (mix(seed.wrapping_add(at)), index as u32)));
        }
        points.sort_unstable();
        let (starts, shift) = starts(&points);
        Self {
            points,
            starts,
            shift,
        }
    }

    /// Returns whom a key goes to, and whom next, and so on around the ring; some come more than once.
    pub(super) fn walk(&self, key: u64) -> impl Iterator<Item = usize> {
        let near = self.starts.get((key >> self.shift) as usize).copied();
        let mut from = near.unwrap_or(0) as usize;
        while self.points.get(from).is_some_and(|(hash, _)| *hash < key) {
            from += 1;
        }
        let (before, after) = self.points.split_at(from);
        after.iter().chain(before).map(|(_, index)| *index as usize)
    }
}

fn starts(points: &[(u64, u32)]) -> (Vec<u32>, u32) {
    // As many stretches as points, about.
    let bits = (usize::BITS - points.len().leading_zeros()).max(1);
    let shift = u64::BITS - bits;
    let mut point = 0;
    let starts = (0..1_u64 << bits).map(|stretch| {
        while points
            .get(point)
            .is_some_and(|(hash, _)| hash >> shift < stretch)
        {
            point += 1;
        }
        point as u32
    });
    (starts.collect(), shift)
}

/// Hashes a key or an address (FNV-1a, mixed): the same everywhere, unlike the standard library's.
pub(in crate::client) fn hash(bytes: &[u8]) -> u64 {
    let fnv = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(fnv)
}

/// Spreads a number over all bits (splitmix64).
fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    fn addresses(count: usize) -> Vec<String> {
        (0..count).map(|at| format!("10.0.0.{at}:80")).collect()
    }

    fn ring(addresses: &[String], weight: u32) -> Ring {
        Ring::new(addresses.iter().map(|address| (address.as_str(), weight)))
    }

    fn owner(ring: &Ring, key: usize) -> usize {
        ring.walk(hash(format!("key {key}").as_bytes()))
            .next()
            .unwrap()
    }

    #[test]
    fn one_more_of_ten_moves_a_tenth() {
        for weight in [1, 100] {
            let eleven = addresses(11);
            let (before, after) = (ring(&eleven[..10], weight), ring(&eleven, weight));
            let mut moved = 0;
            for key in 0..10_000 {
                let (old, new) = (owner(&before, key), owner(&after, key));
                // Who moves goes to the new one.
                assert!(old == new || new == 10, "{key}: {old} -> {new}");
                moved += usize::from(old != new);
            }
            assert!((600..1300).contains(&moved), "{moved}");
        }
    }

    #[test]
    fn keys_spread_by_weight_and_stay() {
        let two = addresses(3);
        let weights = [1, 3, 0];
        let ring = Ring::new(two.iter().map(String::as_str).zip(weights));
        let mut counts = [0; 3];
        (0..10_000).for_each(|key| counts[owner(&ring, key)] += 1);
        assert!((2000..3000).contains(&counts[0]), "{counts:?}");
        assert_eq!(counts[2], 0);
        // Fixed for ever: other processes and versions must agree.
        assert_eq!(
            hash(b"key"),
            0xf536_3672_3d1b_f996_u64,
            "{:#x}",
            hash(b"key")
        );
    }

    #[test]
    fn a_walk_meets_all_and_the_ring_is_bounded() {
        let many = addresses(2000);
        let ring = ring(&many, 5);
        assert!(ring.points.len() <= MOST_POINTS as usize);
        let mut met: Vec<usize> = ring.walk(u64::MAX).collect();
        met.sort_unstable();
        met.dedup();
        assert_eq!(met.len(), many.len());
    }
}
