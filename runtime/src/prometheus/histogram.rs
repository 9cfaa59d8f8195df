//! Counts by fixed buckets.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{GaugeFn, HistogramFn};

use super::{braced, number};

/// In seconds.
const TIMES: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// In seconds, of what lasts.
const LIVES: &[f64] = &[
    0.1, 1.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 21_600.0, 86_400.0,
];
/// In bytes: each four times the one before.
const SIZES: &[f64] = &[
    256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0, 16777216.0, 67108864.0,
];

/// How many values came up to each bound, and their sum.
#[derive(Debug)]
pub(super) struct Buckets {
    bounds: &'static [f64],
    /// One more than bounds: what is above them all. Each counts its own alone.
    counts: Vec<AtomicU64>,
    /// The bits of an f64.
    sum: AtomicU64,
}

impl Buckets {
    /// The buckets that the name of a metric asks for.
    pub(super) fn of(name: &str) -> Self {
        let bounds = if name.ends_with("_bytes") {
            SIZES
        } else if name.ends_with("_stream_duration_seconds") {
            LIVES
        } else {
            TIMES
        };
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    pub(super) fn render(&self, out: &mut String, name: &str, labels: &str) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut total = 0;
        for (number, count) in self.counts.iter().enumerate() {
            total += count.load(Ordering::Acquire);
            let bound = self.bounds.get(number);
            let bound = bound.map_or_else(|| "+Inf".to_owned(), f64::to_string);
            // Writing to a string does not fail.
            let _ = writeln!(
                out,
                "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {total}"
            );
        }
        let (sum, labels) = (
            f64::from_bits(self.sum.load(Ordering::Acquire)),
            braced(labels),
        );
        let _ = writeln!(
            out,
            "{name}_sum{labels} {}\n{name}_count{labels} {total}",
            number(sum)
        );
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        if value.is_nan() {
            // Of no bucket; the sum would never be a number again.
            return;
        }
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(1, Ordering::Release);
        GaugeFn::increment(&self.sum, value);
    }
}
