//! Rate, errors and durations of calls by method, through the facade `metrics`: what records them is the program's choice.
//!
//! For servers `ezrpc_server_requests_total` (`method`, `code`), `ezrpc_server_duration_seconds` (`method`),
//! `ezrpc_server_in_flight` (`method`) and `ezrpc_server_panics_total` (`method`); for clients the same with `client`,
//! without panics. `method` is a path of the schema, never one that a caller made up. A method that streams its reply has
//! `ezrpc_server_stream_duration_seconds` in place of the other: how long a stream lives says nothing of how fast a server
//! is. `ezrpc_server_refused_total` (`protocol`, `status`) has requests that became no call. Health checks and reflection are
//! nowhere: they are no work of the service, and a watch of health lasts for days.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Once, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use http::StatusCode;
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

use crate::error::{Code, Error};
use crate::method::{Method, Shape};
use crate::{panics, prometheus};

/// Which side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

const PANICS: &str = "ezrpc_server_panics_total";
const REFUSED: &str = "ezrpc_server_refused_total";

/// What the metrics of a side are called.
struct Names {
    requests: &'static str,
    duration: &'static str,
    stream_duration: &'static str,
    in_flight: &'static str,
}

impl Side {
    fn names(self) -> &'static Names {
        match self {
            Self::Server => &Names {
                requests: "ezrpc_server_requests_total",
                duration: "ezrpc_server_duration_seconds",
                stream_duration: "ezrpc_server_stream_duration_seconds",
                in_flight: "ezrpc_server_in_flight",
            },
            Self::Client => &Names {
                requests: "ezrpc_client_requests_total",
                duration: "ezrpc_client_duration_seconds",
                stream_duration: "ezrpc_client_stream_duration_seconds",
                in_flight: "ezrpc_client_in_flight",
            },
        }
    }
}

/// Says what the metrics are, to whoever records now.
fn describe() {
    for (side, calls) in [(Side::Server, "Calls served"), (Side::Client, "Calls made")] {
        let names = side.names();
        describe_counter!(
            names.requests,
            Unit::Count,
            format!("{calls}, by method and code.")
        );
        describe_histogram!(
            names.duration,
            Unit::Seconds,
            format!("{calls} that have one reply: seconds to its end, by method.")
        );
        describe_histogram!(
            names.stream_duration,
            Unit::Seconds,
            format!("{calls} that stream replies: seconds to the end of the stream, by method.")
        );
        describe_gauge!(
            names.in_flight,
            Unit::Count,
            format!("{calls}: under way, by method.")
        );
    }
    describe_counter!(
        PANICS,
        Unit::Count,
        "Calls whose handler panicked, by method."
    );
    describe_counter!(
        REFUSED,
        Unit::Count,
        "Requests that became no call, by protocol and HTTP status."
    );
}

/// Packages whose methods are not counted.
const UNCOUNTED: [&str; 2] = ["grpc.health.", "grpc.reflection."];
/// Codes that are told as 0 from the first call on: an increase from nothing is none for Prometheus. What `?` makes of
/// errors is among them.
const FROM_START: [Code; 2] = [Code::Unknown, Code::Internal];

/// The metrics of one method on one side.
pub(crate) struct Stats {
    side: Side,
    method: &'static str,
    in_flight: Gauge,
    duration: Histogram,
    panics: Counter,
    /// By code, OK first; most are made when the first call ends with it.
    requests: [OnceLock<Counter>; 17],
}

type Table = HashMap<usize, &'static Stats, BuildHasherDefault<ByAddress>>;

/// Those of all methods called so far: as many as the schema has, which live as long as it does.
static TABLES: [RwLock<Option<Table>>; 2] = [const { RwLock::new(None) }; 2];

impl Stats {
    /// The metrics of a method. They go to whoever is installed at its first call, or at the first after [`rebind`].
    pub(crate) fn of(side: Side, method: &'static Method) -> &'static Self {
        let table = &TABLES[side as usize];
        let key = std::ptr::from_ref(method).addr();
        let read = table.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(stats) = read.as_ref().and_then(|table| table.get(&key)) {
            return stats;
        }
        drop(read);
        let mut write = table.write().unwrap_or_else(PoisonError::into_inner);
        let table = write.get_or_insert_default();
        table
            .entry(key)
            .or_insert_with(|| Box::leak(Box::new(Self::new(side, method))))
    }

    fn new(side: Side, method: &'static Method) -> Self {
        if UNCOUNTED
            .iter()
            .any(|package| method.service().starts_with(package))
        {
            return Self::nothing(side, method.path());
        }
        static FIRST: Once = Once::new();
        FIRST.call_once(|| {
            // Before anything is found: who is installed in between is found, or calls back.
            prometheus::on_install(rebind);
            describe();
        });
        let streams = matches!(
            method.shape(),
            Shape::ServerStreaming | Shape::BidiStreaming
        );
        let names = side.names();
        let method = method.path();
        let stats = Self {
            side,
            method,
            in_flight: gauge!(names.in_flight, "method" => method),
            duration: match streams {
                false => histogram!(names.duration, "method" => method),
                true => histogram!(names.stream_duration, "method" => method),
            },
            panics: match side {
                Side::Server => counter!(PANICS, "method" => method),
                Side::Client => Counter::noop(),
            },
            requests: [const { OnceLock::new() }; 17],
        };
        stats.requests(None);
        for code in FROM_START {
            stats.requests(Some(code));
        }
        stats
    }

    /// Counts nothing.
    fn nothing(side: Side, method: &'static str) -> Self {
        Self {
            side,
            method,
            in_flight: Gauge::noop(),
            duration: Histogram::noop(),
            panics: Counter::noop(),
            requests: std::array::from_fn(|_| OnceLock::from(Counter::noop())),
        }
    }

    /// How many calls ended with a code, or well.
    fn requests(&self, code: Option<Code>) -> &Counter {
        let number = code.map_or(0, Code::number);
        self.requests[usize::from(number)].get_or_init(|| {
            let code = code.map_or("ok", Code::name);
            counter!(self.side.names().requests, "method" => self.method, "code" => code)
        })
    }

    pub(crate) fn begin(&self) {
        self.in_flight.increment(1.0);
    }

    pub(crate) fn end(&self, outcome: Result<(), &Error>, took: Duration) {
        self.in_flight.decrement(1.0);
        self.duration.record(took.as_secs_f64());
        self.requests(outcome.err().map(Error::code)).increment(1);
        if outcome.err().is_some_and(panics::is_uncounted) {
            self.panics.increment(1);
        }
    }
}

/// Counts a request that was answered without a call, unless it was answered well, as a preflight is. Nothing of the
/// request but its protocol is told: its path is whatever a caller has made up.
pub(super) fn refused(protocol: &'static str, status: StatusCode) {
    if status.is_client_error() || status.is_server_error() {
        let status = status.as_str().to_owned();
        counter!(REFUSED, "protocol" => protocol, "status" => status).increment(1);
    }
}

/// Has all methods find their metrics again at their next call: somebody begins to record only now.
fn rebind() {
    describe();
    for table in &TABLES {
        // Those that were found stay where they are, as calls under way have them.
        *table.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Addresses are spread well enough once their low bits, all zero, are gone.
#[derive(Default)]
struct ByAddress(u64);

impl Hasher for ByAddress {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.0 = (self.0 ^ number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }
}

#[cfg(test)]
mod tests {
    use metrics::with_local_recorder;

    use super::*;
    use crate::Prometheus;

    /// What is told of a method, without what depends on time.
    fn lines(prometheus: &Prometheus, method: &Method) -> Vec<String> {
        let (text, path) = (prometheus.render(), method.path());
        let own = text.lines().filter(|line| line.contains(path));
        let steady = own.filter(|line| !line.contains("_bucket") && !line.contains("_sum"));
        steady.map(|line| line.replace(path, "M")).collect()
    }

    #[test]
    fn from_the_first_call_on_errors_are_told_as_none() {
        static GET: Method = Method::new("/metrics.From/Start", Shape::Unary);
        let prometheus = Prometheus::new();
        with_local_recorder(&prometheus, || Stats::of(Side::Server, &GET).begin());
        let expected = [
            r#"ezrpc_server_duration_seconds_count{method="M"} 0"#,
            r#"ezrpc_server_in_flight{method="M"} 1"#,
            r#"ezrpc_server_panics_total{method="M"} 0"#,
            r#"ezrpc_server_requests_total{code="internal",method="M"} 0"#,
            r#"ezrpc_server_requests_total{code="ok",method="M"} 0"#,
            r#"ezrpc_server_requests_total{code="unknown",method="M"} 0"#,
        ];
        assert_eq!(lines(&prometheus, &GET), expected);
    }

    #[test]
    fn whoever_is_installed_late_hears_of_what_comes_then() {
        static GET: Method = Method::new("/metrics.Late/Get", Shape::Unary);
        let call = || {
            let stats = Stats::of(Side::Client, &GET);
            stats.begin();
            stats.end(Ok(()), Duration::ZERO);
        };
        call();
        let prometheus = Prometheus::new();
        with_local_recorder(&prometheus, || {
            call();
            assert_eq!(lines(&prometheus, &GET), [""; 0]);
            rebind();
            call();
        });
        let ok = r#"ezrpc_client_requests_total{code="ok",method="M"} 1"#.to_owned();
        assert!(lines(&prometheus, &GET).contains(&ok));
        let help = "# HELP ezrpc_client_requests_total Calls made, by method and code.\n";
        assert!(prometheus.render().contains(help));
    }

    #[test]
    fn requests_that_are_no_calls_count_by_status() {
        let prometheus = Prometheus::new();
        with_local_recorder(&prometheus, || {
            for status in [204, 404, 404, 503] {
                refused("webapi", StatusCode::from_u16(status).expect("a status"));
            }
        });
        let text = prometheus.render();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("webapi"))
            .collect();
        let expected = [
            r#"ezrpc_server_refused_total{protocol="webapi",status="404"} 2"#,
            r#"ezrpc_server_refused_total{protocol="webapi",status="503"} 1"#,
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn streams_have_durations_of_their_own_and_probes_have_none() {
        static WATCH: Method = Method::new("/metrics.Streams/Watch", Shape::ServerStreaming);
        static HEALTH: Method = Method::new("/grpc.health.v1.Health/Watch", Shape::ServerStreaming);
        let prometheus = Prometheus::new();
        with_local_recorder(&prometheus, || {
            for method in [&WATCH, &HEALTH] {
                let stats = Stats::of(Side::Server, method);
                stats.begin();
                stats.end(Ok(()), Duration::from_secs(60));
            }
        });
        let text = prometheus.render();
        for line in [
            r#"ezrpc_server_stream_duration_seconds_bucket{method="/metrics.Streams/Watch",le="10"} 0"#,
            r#"ezrpc_server_stream_duration_seconds_bucket{method="/metrics.Streams/Watch",le="60"} 1"#,
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(!text.contains("server_duration_seconds_count{method=\"/metrics.Streams/Watch\""));
        assert_eq!(lines(&prometheus, &HEALTH), [""; 0]);
    }
}
