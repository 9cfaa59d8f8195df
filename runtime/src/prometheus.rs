//! A recorder for the facade `metrics` that keeps numbers in memory and tells them in Prometheus' text format.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

mod histogram;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    set_global_recorder,
};

use crate::error::{Error, Result};
use histogram::Buckets;

/// The metrics of this process as Prometheus reads them: those of calls, and all others that use the crate `metrics`.
///
/// An [`Admin`](crate::Admin) serves them at `/metrics`. Histograms have fixed buckets: of seconds (1 ms to 10 s), or of
/// bytes (256 B to 64 MiB) if the name ends in `_bytes`.
///
/// ```
/// # fn main() -> ezrpc::Result<()> {
/// let metrics = ezrpc::Prometheus::install()?;
/// assert_eq!(metrics.render(), "");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Prometheus {
    families: Arc<Mutex<BTreeMap<String, Family>>>,
}

/// All series of one name.
#[derive(Debug, Default)]
struct Family {
    help: String,
    /// By labels, as they are printed.
    series: BTreeMap<String, Series>,
}

#[derive(Debug, Clone)]
enum Series {
    Counter(Arc<AtomicU64>),
    Gauge(Arc<AtomicU64>),
    Histogram(Arc<Buckets>),
}

impl Prometheus {
    /// Begins to record, for the whole process; called again it returns the same. Calls of methods that were called before
    /// are not recorded: install it first.
    ///
    /// # Errors
    /// [`Code::FailedPrecondition`](crate::Code::FailedPrecondition) if something else records already.
    pub fn install() -> Result<Self> {
        static INSTALLED: OnceLock<Option<Prometheus>> = OnceLock::new();
        let installed = INSTALLED.get_or_init(|| {
            let own = Self::new();
            set_global_recorder(own.clone()).ok().map(|()| own)
        });
        installed.clone().ok_or_else(|| {
            Error::failed_precondition("the process has another recorder for metrics")
        })
    }

    fn new() -> Self {
        Self {
            families: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Family>> {
        // Series are added whole.
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the text as of now, sorted by name and labels; empty if nothing was recorded.
    pub fn render(&self) -> String {
        let mut out = String::new();
        for (name, family) in &*self.lock() {
            let Some(first) = family.series.values().next() else {
                continue;
            };
            // Writing to a string does not fail.
            if !family.help.is_empty() {
                let _ = writeln!(out, "# HELP {name} {}", family.help);
            }
            let _ = writeln!(out, "# TYPE {name} {}", first.kind());
            for (labels, series) in &family.series {
                series.render(&mut out, name, labels);
            }
        }
        out
    }

    fn describe(&self, name: &KeyName, help: &SharedString) {
        let mut families = self.lock();
        let family = families.entry(clean(name.as_str())).or_default();
        family.help = help.replace('\\', "\\\\").replace('\n', "\\n");
    }

    /// The series of a key; another of the same name and labels if the first is of another kind.
    fn series<T>(
        &self,
        key: &Key,
        new: impl FnOnce(&str) -> Series,
        get: impl Fn(&Series) -> Option<T>,
    ) -> Option<T> {
        let (name, labels) = (clean(key.name()), labels(key));
        let mut families = self.lock();
        let series = new(&name);
        let family = families.entry(name).or_default();
        get(family.series.entry(labels).or_insert(series))
    }
}

impl Recorder for Prometheus {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&name, &help);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&name, &help);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.describe(&name, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let new = |_: &str| Series::Counter(Arc::default());
        let series = self.series(key, new, |series| match series {
            Series::Counter(number) => Some(Arc::clone(number)),
            _ => None,
        });
        series.map_or_else(Counter::noop, Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let new = |_: &str| Series::Gauge(Arc::default());
        let series = self.series(key, new, |series| match series {
            Series::Gauge(number) => Some(Arc::clone(number)),
            _ => None,
        });
        series.map_or_else(Gauge::noop, Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let new = |name: &str| Series::Histogram(Arc::new(Buckets::of(name)));
        let series = self.series(key, new, |series| match series {
            Series::Histogram(buckets) => Some(Arc::clone(buckets)),
            _ => None,
        });
        series.map_or_else(Histogram::noop, Histogram::from_arc)
    }
}

impl Series {
    fn kind(&self) -> &'static str {
        match self {
            Self::Counter(_) => "counter",
            Self::Gauge(_) => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }

    fn render(&self, out: &mut String, name: &str, labels: &str) {
        // Writing to a string does not fail.
        let _ = match self {
            Self::Counter(number) => {
                writeln!(
                    out,
                    "{name}{} {}",
                    braced(labels),
                    number.load(Ordering::Acquire)
                )
            }
            Self::Gauge(bits) => {
                let value = f64::from_bits(bits.load(Ordering::Acquire));
                writeln!(out, "{name}{} {value}", braced(labels))
            }
            Self::Histogram(buckets) => {
                buckets.render(out, name, labels);
                Ok(())
            }
        };
    }
}

fn braced(labels: &str) -> String {
    match labels {
        "" => String::new(),
        labels => format!("{{{labels}}}"),
    }
}

/// The labels of a key as they are printed.
fn labels(key: &Key) -> String {
    let labels = key.labels().map(|label| {
        let value = label.value().replace('\\', "\\\\");
        let value = value.replace('"', "\\\"").replace('\n', "\\n");
        format!("{}=\"{value}\"", clean(label.key()))
    });
    labels.collect::<Vec<_>>().join(",")
}

/// A name with what Prometheus does not take replaced.
fn clean(name: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    name.chars()
        .map(|c| if keep(c) { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};

    use super::*;

    #[test]
    fn all_kinds_as_text() {
        let prometheus = Prometheus::new();
        with_local_recorder(&prometheus, || {
            describe_counter!("calls.total", "of\nall");
            counter!("calls.total", "method" => "/a.B/C", "said" => "\"x\\\n").increment(2);
            counter!("calls.total", "method" => "/a.B/C", "said" => "\"x\\\n").increment(1);
            counter!("calls.total").increment(1);
            gauge!("in_flight").set(1.5);
            gauge!("calls.total").set(7.0);
            for size in [1.0, 1000.0, 1e12] {
                histogram!("size_bytes", "k" => "v").record(size);
            }
        });
        let mut expected = r#"# HELP calls_total of\nall
# TYPE calls_total counter
calls_total 1
calls_total{method="/a.B/C",said="\"x\\\n"} 3
# TYPE in_flight gauge
in_flight 1.5
# TYPE size_bytes histogram
"#
        .to_owned();
        for (bound, count) in [(256u32, 1), (1024, 2), (4096, 2), (16384, 2), (65536, 2)] {
            expected += &format!("size_bytes_bucket{{k=\"v\",le=\"{bound}\"}} {count}\n");
        }
        for bound in [262144u32, 1048576, 4194304, 16777216, 67108864] {
            expected += &format!("size_bytes_bucket{{k=\"v\",le=\"{bound}\"}} 2\n");
        }
        expected += "size_bytes_bucket{k=\"v\",le=\"+Inf\"} 3\n";
        expected += "size_bytes_sum{k=\"v\"} 1000000001001\nsize_bytes_count{k=\"v\"} 3\n";
        assert_eq!(prometheus.render(), expected);
    }
}
