//! Weights as a line from 0 to their sum, on which each endpoint has a piece as long as its weight.

/// The longest line: a position and a step multiply within 64 bits.
const LONGEST: u64 = 1 << 31;

/// The pieces of the line. Finding the one at a position takes a constant time as a rule.
#[derive(Debug)]
pub(in crate::client) struct Shares {
    /// Where each piece ends.
    ends: Vec<u32>,
    /// For each stretch of `1 << shift` the piece at its start, and one more.
    guide: Vec<u32>,
    shift: u32,
    /// The mean weight divided by each one's; infinite for weight 0.
    inverse: Vec<f32>,
    /// How far to go from one position to the next so that all are met, each once, and neighbours late.
    step: u64,
}

impl Shares {
    /// Lays the weights out; `None` if all are alike, which needs no line. The list is not empty.
    pub(in crate::client) fn new(weights: &[u32]) -> Option<Self> {
        let first = *weights.first()?;
        if weights.iter().all(|weight| *weight == first) {
            return None;
        }
        let sum: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let common = weights.iter().fold(0, |all, one| gcd(all, u64::from(*one)));
        let too_long = (sum / common).div_ceil(LONGEST);
        let mut end = 0;
        let ends: Vec<u32> = weights
            .iter()
            .map(|weight| {
                let length = u64::from(*weight) / common;
                // Who has any weight keeps some. The sum stays below 2^32, as there are not 2^31 endpoints.
                end += (length / too_long).max(length.min(1)) as u32;
                end
            })
            .collect();
        let mean = sum as f32 / weights.len() as f32;
        let (guide, shift) = guide(&ends);
        Some(Self {
            step: step(end.into()),
            inverse: weights.iter().map(|weight| mean / *weight as f32).collect(),
            ends,
            guide,
            shift,
        })
    }

    /// Returns the length of the line.
    pub(super) fn total(&self) -> u32 {
        // Never empty: the weights differ.
        self.ends.last().copied().unwrap_or(1)
    }

    /// Returns whose piece a position below [`Shares::total`] is in.
    pub(super) fn at(&self, position: u32) -> usize {
        let stretch = (position >> self.shift) as usize;
        let (from, to) = (
            self.guide[stretch] as usize,
            self.guide[stretch + 1] as usize,
        );
        from + self.ends[from..to].partition_point(|end| *end <= position)
    }

    /// Returns whose turn it is: pieces one after the other, each as often as it is long.
    pub(super) fn in_turn(&self, turn: usize) -> usize {
        self.at((turn as u64 % u64::from(self.total())) as u32)
    }

    /// Returns whose turn it is: each as often as its piece is long, its turns far from each other.
    pub(super) fn smoothly(&self, turn: usize) -> usize {
        let total = u64::from(self.total());
        self.at((turn as u64 % total * self.step % total) as u32)
    }

    /// Whether a piece has no length.
    pub(super) fn is_empty(&self, index: usize) -> bool {
        self.inverse[index].is_infinite()
    }

    /// Returns how much a call counts there, where one counts 1 on the average.
    pub(super) fn inverse(&self, index: usize) -> f32 {
        self.inverse[index]
    }
}

fn guide(ends: &[u32]) -> (Vec<u32>, u32) {
    let total = ends.last().copied().unwrap_or(1);
    let mut shift = 0;
    while (total >> shift) as usize > 2 * ends.len() {
        shift += 1;
    }
    let mut piece = 0;
    let mut guide: Vec<u32> = (0..=(total >> shift))
        .map(|stretch| {
            while ends[piece] <= stretch << shift && piece + 1 < ends.len() {
                piece += 1;
            }
            piece as u32
        })
        .collect();
    guide.push(ends.len() as u32 - 1);
    (guide, shift)
}

/// A step that has no divisor in common with `total`, near its golden section: so the turns of each piece, however
/// long it is, are as far from each other as can be.
fn step(total: u64) -> u64 {
    let mut step = (total as f64 * 0.618_033_988_749_895).round() as u64;
    while gcd(step, total) != 1 {
        step += 1;
    }
    step
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    fn counts(shares: &Shares, pieces: usize, pick: impl Fn(&Shares, usize) -> usize) -> Vec<u32> {
        let mut counts = vec![0; pieces];
        for turn in 7..7 + shares.total() as usize {
            counts[pick(shares, turn)] += 1;
        }
        counts
    }

    #[test]
    fn each_has_its_share_exactly() {
        let cases: [&[u32]; 7] = [
            &[1, 3],
            &[5, 1, 1],
            &[0, 2, 0, 3, 0],
            &[100, 50, 25],
            &[1000, 1, 1, 1, 1, 1, 1],
            &[1, 1, 1, 1, 1, 1, 1000],
            &[7, 0, 0, 0, 0, 0, 0, 0, 9],
        ];
        for weights in cases {
            let shares = Shares::new(weights).unwrap();
            let common = weights.iter().fold(0, |all, one| gcd(all, u64::from(*one))) as u32;
            let expected: Vec<u32> = weights.iter().map(|weight| weight / common).collect();
            for pick in [Shares::in_turn, Shares::smoothly] {
                assert_eq!(
                    counts(&shares, weights.len(), pick),
                    expected,
                    "{weights:?}"
                );
            }
        }
        assert!(Shares::new(&[3, 3, 3]).is_none());
        assert!(Shares::new(&[]).is_none());
    }

    #[test]
    fn turns_interleave() {
        let shares = Shares::new(&[5, 1, 1]).unwrap();
        let turns: Vec<usize> = (0..14).map(|turn| shares.smoothly(turn)).collect();
        assert_eq!(turns, [0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0]);
        // Half of the calls: every other one.
        let shares = Shares::new(&[1, 8, 3, 4]).unwrap();
        let turns: Vec<usize> = (0..32).map(|turn| shares.smoothly(turn)).collect();
        assert!(turns.windows(4).all(|four| four.contains(&1)), "{turns:?}");
        assert!(
            turns.windows(3).all(|three| three.iter().any(|i| *i != 1)),
            "{turns:?}"
        );
    }

    #[test]
    fn huge_weights_keep_their_order_of_size() {
        let shares = Shares::new(&[u32::MAX, u32::MAX - 1, 1, 0]).unwrap();
        let total = f64::from(shares.total());
        assert!(total <= LONGEST as f64 + 4.0);
        assert_eq!(shares.at(0), 0);
        assert_eq!(shares.at(shares.total() - 1), 2);
        assert_eq!(shares.at(shares.total() - 2), 1);
    }
}
