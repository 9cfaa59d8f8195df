//! All endpoints of a service at one time.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use super::Endpoint;

/// All endpoints of a service that may be called at one time, sorted by address, each address once; maybe empty.
///
/// Reads as a slice. Cheap to clone.
///
/// ```
/// use ezrpc::discovery::{Endpoint, Snapshot};
/// let snapshot = Snapshot::new([Endpoint::new("b:2"), Endpoint::new("a:1")]);
/// assert_eq!(snapshot[0].address, "a:1");
/// assert_eq!(snapshot.known(), 2);
/// ```
#[derive(Debug, Clone)]
pub struct Snapshot {
    endpoints: Arc<[Endpoint]>,
    known: usize,
    passing: usize,
}

impl Snapshot {
    /// Makes a snapshot of endpoints that are all there is; of two with one address the last counts.
    pub fn new(endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        let by_address: BTreeMap<String, Endpoint> = endpoints
            .into_iter()
            .map(|endpoint| (endpoint.address.clone(), endpoint))
            .collect();
        let endpoints: Arc<[Endpoint]> = by_address.into_values().collect();
        Self {
            known: endpoints.len(),
            passing: endpoints.len(),
            endpoints,
        }
    }

    /// Says of how many instances these are what is left: `known` at all, of them `passing` their health checks.
    #[must_use]
    pub fn out_of(mut self, known: usize, passing: usize) -> Self {
        self.known = known;
        self.passing = passing;
        self
    }

    /// Returns how many instances the registry knows, whether they may be called or not.
    pub fn known(&self) -> usize {
        self.known
    }

    /// Returns how many of those pass their health checks.
    pub fn passing(&self) -> usize {
        self.passing
    }
}

/// Two snapshots are equal if their endpoints are; what is known beyond them does not count.
impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.endpoints == other.endpoints
    }
}

impl Eq for Snapshot {}

impl Deref for Snapshot {
    type Target = [Endpoint];

    fn deref(&self) -> &[Endpoint] {
        &self.endpoints
    }
}

impl<const N: usize> From<[Endpoint; N]> for Snapshot {
    fn from(endpoints: [Endpoint; N]) -> Self {
        Self::new(endpoints)
    }
}

impl FromIterator<Endpoint> for Snapshot {
    fn from_iter<I: IntoIterator<Item = Endpoint>>(endpoints: I) -> Self {
        Self::new(endpoints)
    }
}
