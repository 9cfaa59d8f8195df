//! Formatting on all cores. The order of the results is that of the items, so the output does not depend on it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::bug;
use crate::Error;

/// Applies `work` to each item and returns the results in the items' order, or the first error.
pub(super) fn try_map<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<String, Error> + Sync,
) -> Result<Vec<String>, Error> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some((index, item)) = take(&next, items) {
            done.push((index, work(item)));
        }
        done
    };
    let workers = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(items.len());
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        let mut done = Vec::with_capacity(items.len());
        for worker in workers {
            done.extend(joined(worker)?);
        }
        Ok::<_, Error>(done)
    })?;
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Waits for a thread; a panic of a library is our bug, and an error like any other.
pub(super) fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> Result<T, Error> {
    thread.join().map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied());
        bug("of every name", text.unwrap_or("a panic without text"))
    })
}

/// The next item nobody works on yet.
fn take<'a, T>(next: &AtomicUsize, items: &'a [T]) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, items.get(index)?))
}
