//! A recorder for the facade `metrics` that keeps numbers in memory and tells them in Prometheus' text format.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

mod histogram;
mod names;

#[cfg(test)]
mod tests;

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
use names::{label_name, metric_name};

/// The metrics of this process as Prometheus reads them: those of calls, and all others that use the crate `metrics`.
///
/// An [`Admin`](crate::Admin) serves them at `/metrics`. Histograms have fixed buckets: of seconds (1 ms to 10 s), of seconds
/// of streams (100 ms to a day) if the name ends in `_stream_duration_seconds`, or of bytes (256 B to 64 MiB) if it ends in
/// `_bytes`. Names that Prometheus does not take are made such: `_` for what may not be there, or before it; a label `le`
/// becomes `_le`.
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
    /// Of its first series; none of another kind comes in beside it.
    kind: Option<&'static str>,
    /// By labels, as they are printed.
    series: BTreeMap<String, Series>,
}

#[derive(Debug, Clone)]
enum Series {
    Counter(Arc<AtomicU64>),
    Gauge(Arc<AtomicU64>),
    Histogram(Arc<Buckets>),
}

/// Whom to tell that somebody records now.
static LATE: Mutex<Option<fn()>> = Mutex::new(None);

/// Has `rebind` called if somebody begins to record later: whoever keeps counters must find them again.
pub(crate) fn on_install(rebind: fn()) {
    *LATE.lock().unwrap_or_else(PoisonError::into_inner) = Some(rebind);
}

impl Prometheus {
    /// Begins to record, for the whole process; called again it returns the same. Calls that began before are not recorded.
    ///
    /// # Errors
    /// [`Code::FailedPrecondition`](crate::Code::FailedPrecondition) if something else records already.
    pub fn install() -> Result<Self> {
        static INSTALLED: OnceLock<Option<Prometheus>> = OnceLock::new();
        let installed = INSTALLED.get_or_init(|| {
            let own = Self::new();
            set_global_recorder(own.clone()).ok()?;
            let late = *LATE.lock().unwrap_or_else(PoisonError::into_inner);
            late.into_iter().for_each(|rebind| rebind());
            Some(own)
        });
        installed.clone().ok_or_else(|| {
            Error::failed_precondition("the process has another recorder for metrics")
        })
    }

    pub(crate) fn new() -> Self {
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
            let Some(kind) = family.kind else {
                continue;
            };
            // Writing to a string does not fail.
            if !family.help.is_empty() {
                let _ = writeln!(out, "# HELP {name} {}", family.help);
            }
            let _ = writeln!(out, "# TYPE {name} {kind}");
            for (labels, series) in &family.series {
                series.render(&mut out, name, labels);
            }
        }
        out
    }

    fn describe(&self, name: &KeyName, help: &SharedString) {
        let mut families = self.lock();
        let family = families.entry(metric_name(name.as_str())).or_default();
        family.help = help.replace('\\', "\\\\").replace('\n', "\\n");
    }

    /// The series of a key; none if another kind of metric has its name.
    fn series<T>(
        &self,
        key: &Key,
        new: impl FnOnce(&str) -> Series,
        get: impl Fn(&Series) -> Option<T>,
    ) -> Option<T> {
        let (name, labels) = (metric_name(key.name()), labels(key));
        let mut families = self.lock();
        let series = new(&name);
        let family = families.entry(name).or_default();
        if *family.kind.get_or_insert(series.kind()) != series.kind() {
            return None;
        }
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
                writeln!(out, "{name}{} {}", braced(labels), number(value))
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

/// A number as Prometheus writes it.
fn number(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    }
}

/// The labels of a key as they are printed, in the order of their names; of two with one name the last.
fn labels(key: &Key) -> String {
    let named = key
        .labels()
        .map(|label| (label_name(label.key()), label.value()));
    let labels: BTreeMap<String, &str> = named.collect();
    let labels = labels.iter().map(|(name, value)| {
        let value = value.replace('\\', "\\\\");
        let value = value.replace('"', "\\\"").replace('\n', "\\n");
        format!("{name}=\"{value}\"")
    });
    labels.collect::<Vec<_>>().join(",")
}
