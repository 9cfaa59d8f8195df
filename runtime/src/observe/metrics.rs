//! Rate, errors and durations of calls by method, through the facade `metrics`: what records them is the program's choice.
//!
//! For servers `ezrpc_server_requests_total` (`method`, `code`), `ezrpc_server_duration_seconds` (`method`),
//! `ezrpc_server_in_flight` (`method`) and `ezrpc_server_panics_total` (`method`); for clients the same with `client`,
//! without panics. `method` is a path of the schema, never one that a caller made up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::error::Error;
use crate::method::Method;
use crate::panics;

/// Which side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

/// The metrics of one method on one side.
pub(crate) struct Stats {
    side: Side,
    method: &'static str,
    in_flight: Gauge,
    duration: Histogram,
    /// By code, OK first; made when the first call ends with it.
    requests: [OnceLock<Counter>; 17],
}

type Table = HashMap<usize, &'static Stats, BuildHasherDefault<ByAddress>>;

/// Those of all methods called so far: as many as the schema has, which live as long as it does.
static TABLES: [RwLock<Option<Table>>; 2] = [const { RwLock::new(None) }; 2];

impl Stats {
    /// The metrics of a method. Whoever is to record them must be installed before its first call.
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
            .or_insert_with(|| Box::leak(Box::new(Self::new(side, method.path()))))
    }

    fn new(side: Side, method: &'static str) -> Self {
        let (in_flight, duration) = match side {
            Side::Server => (
                gauge!("ezrpc_server_in_flight", "method" => method),
                histogram!("ezrpc_server_duration_seconds", "method" => method),
            ),
            Side::Client => (
                gauge!("ezrpc_client_in_flight", "method" => method),
                histogram!("ezrpc_client_duration_seconds", "method" => method),
            ),
        };
        Self {
            side,
            method,
            in_flight,
            duration,
            requests: [const { OnceLock::new() }; 17],
        }
    }

    pub(crate) fn begin(&self) {
        self.in_flight.increment(1.0);
    }

    pub(crate) fn end(&self, outcome: Result<(), &Error>, took: Duration) {
        self.in_flight.decrement(1.0);
        self.duration.record(took.as_secs_f64());
        let number = outcome.err().map_or(0, |error| error.code().number());
        let requests = self.requests[usize::from(number)].get_or_init(|| {
            let code = outcome.err().map_or("ok", |error| error.code().name());
            let method = self.method;
            match self.side {
                Side::Server => {
                    counter!("ezrpc_server_requests_total", "method" => method, "code" => code)
                }
                Side::Client => {
                    counter!("ezrpc_client_requests_total", "method" => method, "code" => code)
                }
            }
        });
        requests.increment(1);
        if let (Side::Server, Err(error)) = (self.side, outcome)
            && panics::is_panic(error)
        {
            counter!("ezrpc_server_panics_total", "method" => self.method).increment(1);
        }
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
