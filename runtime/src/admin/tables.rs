//! The channels of this process, for `/channels`: whoever keeps the endpoints of one registers it.

use std::sync::{Mutex, PoisonError, Weak};

/// One endpoint: what is known of it by name; empty values are not shown.
pub(crate) type Row = Vec<(&'static str, String)>;

/// The endpoints of a channel as they are now.
pub(crate) trait Table: Send + Sync {
    /// What the channel leads to: a service, or an address.
    fn name(&self) -> String;

    /// Its endpoints, in the channel's order.
    fn rows(&self) -> Vec<Row>;
}

static TABLES: Mutex<Vec<Weak<dyn Table>>> = Mutex::new(Vec::new());

/// Shows a channel for as long as it lives.
pub(crate) fn add(table: Weak<dyn Table>) {
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    if tables.len() == tables.capacity() {
        // A good time to forget those that are gone.
        tables.retain(|table| table.strong_count() > 0);
    }
    tables.push(table);
}

/// All that live, by name.
pub(super) fn all() -> Vec<(String, Vec<Row>)> {
    let tables = TABLES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let living = tables.iter().filter_map(Weak::upgrade);
    let mut all: Vec<_> = living.map(|table| (table.name(), table.rows())).collect();
    all.sort();
    all
}
