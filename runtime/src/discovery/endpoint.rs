//! One address at which a service is served.

use std::collections::BTreeMap;

/// One address at which a service is served, and what is known of it.
///
/// Ordered by address first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Endpoint {
    /// Host and port: `10.0.0.1:80`, `[::1]:80`, `shop.internal:80`.
    pub address: String,
    /// Share of the calls relative to others (default 1); one of weight 0 gets none, unless all have weight 0.
    pub weight: u32,
    /// Version of the server; empty if it says none.
    pub version: String,
    /// What else the server says of itself.
    pub metadata: BTreeMap<String, String>,
}

impl Endpoint {
    /// Makes an endpoint of weight 1.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            weight: 1,
            version: String::new(),
            metadata: BTreeMap::new(),
        }
    }

    /// Sets the weight.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Sets the version.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Adds one entry of metadata.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

/// An endpoint of weight 1 whose address is not known yet.
impl Default for Endpoint {
    fn default() -> Self {
        Self::new("")
    }
}
