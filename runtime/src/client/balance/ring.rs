//! Consistent hashing: a ring on which each endpoint stands many times, and keys that go to the next one.

/// How often the endpoint of the least weight stands on the ring, as long as there is room; up to twice as often.
const POINTS: u64 = 160;
/// How many points there may be, about: 2 MiB.
const MOST_POINTS: u64 = 1 << 17;

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
        let weights = endpoints.clone().map(|(_, weight)| u64::from(weight));
        let sum = weights.clone().sum::<u64>().max(1);
        // A step of two, so that others' points stay where they are whoever comes or goes, as a rule.
        let halved = weights
            .filter(|weight| *weight > 0)
            .min()
            .map_or(0, u64::ilog2);
        let mut points = Vec::new();
        for (index, (address, weight)) in endpoints.enumerate() {
            let weight = u64::from(weight);
            let wanted = (weight * POINTS) >> halved;
            // Where room is short each gives way by a few points, not all by half of theirs at once.
            let count = wanted.min(weight * MOST_POINTS / sum).max(weight.min(1));
            let seed = hash(address.as_bytes());
            points.extend((0..count).map(|at| (mix(seed.wrapping_add(at)), index as u32)));
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

    /// How many of 10,000 keys move when one joins `count` others, and how many of them not to the new one.
    fn moved(count: usize, weight: u32) -> (usize, usize) {
        let all = addresses(count + 1);
        let (before, after) = (ring(&all[..count], weight), ring(&all, weight));
        let owners = (0..10_000).map(|key| (owner(&before, key), owner(&after, key)));
        let moved: Vec<_> = owners.filter(|(old, new)| old != new).collect();
        let elsewhere = moved.iter().filter(|(_, new)| *new != count);
        (moved.len(), elsewhere.count())
    }

    #[test]
    fn one_more_moves_its_share() {
        for weight in [1, 100, 255] {
            for count in [4, 8, 10, 100, 409] {
                let (moved, elsewhere) = moved(count, weight);
                // Who moves goes to the new one, unless each has given way by a point: one in 160, and seldom.
                let share = 10_000 / (count + 1);
                assert!(elsewhere <= 100, "{count} of {weight}: {elsewhere}");
                let new = moved - elsewhere;
                assert!(
                    (share / 2..share * 2).contains(&new),
                    "{count} of {weight}: {new}"
                );
                if weight == 1 {
                    assert_eq!(elsewhere, 0, "{count}");
                }
            }
        }
        // Beyond the room there is all give way, by a point now and then.
        for count in [819, 820, 2000] {
            let (moved, _) = moved(count, 1);
            assert!(moved < 400, "{count}: {moved}");
        }
    }

    #[test]
    fn another_weight_moves_its_share() {
        let eleven = addresses(11);
        let hundred = |address| (address, 100);
        for weight in [65, 101, 150, 1000] {
            let before = ring(&eleven[..10], 100);
            let all = eleven.iter().map(String::as_str).map(hundred);
            let mut all: Vec<_> = all.collect();
            all[10].1 = weight;
            let after = Ring::new(all.into_iter());
            for key in 0..1000 {
                let (old, new) = (owner(&before, key), owner(&after, key));
                assert!(old == new || new == 10, "{key}: {old} -> {new}");
            }
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
