//! Where CPU time goes: stacks sampled 99 times a second of CPU time, folded.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pprof::{ProfilerGuard, ProfilerGuardBuilder};
use tokio::task::spawn_blocking;

use crate::protocol::page::Page;

/// Not 100, so as not to fall in step with what runs every 10 ms.
const FREQUENCY: i32 = 99;

/// One at a time: there is one signal.
static BUSY: AtomicBool = AtomicBool::new(false);

struct Busy;

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.store(false, Ordering::Release);
    }
}

/// Takes a profile: a line for each stack, outermost first with `;` between, and how often it was seen.
///
/// Reading symbols takes seconds of a large program, which calls should not wait for: it has threads of its own.
pub(super) async fn take(time: Duration) -> Page {
    if BUSY.swap(true, Ordering::AcqRel) {
        return Page::unavailable("another profile is being taken\n");
    }
    let busy = Busy;
    let begun = spawn_blocking(move || (begin(), busy)).await;
    // Whoever asks may go: a tuple drops its first part first, variables drop the last one first.
    let (busy, guard) = match begun {
        Ok((Ok(guard), busy)) => (busy, guard),
        Ok((Err(error), _)) => return none(&error),
        Err(error) => return none(&error),
    };
    tokio::time::sleep(time).await;
    let report = spawn_blocking(move || {
        let text = guard.report().build().map(|report| folded(&report));
        // In this order: the next profile begins when this one is over.
        drop(guard);
        drop(busy);
        text
    });
    match report.await {
        Ok(Ok(text)) => Page::text(text),
        Ok(Err(error)) => none(&error),
        Err(error) => none(&error),
    }
}

fn begin() -> pprof::Result<ProfilerGuard<'static>> {
    // These are not to be unwound from a signal.
    let builder = ProfilerGuardBuilder::default()
        .frequency(FREQUENCY)
        .blocklist(&["libc", "libgcc", "pthread", "vdso"]);
    builder.build()
}

fn none(error: &dyn fmt::Display) -> Page {
    Page::unavailable(&format!("no profile: {error}\n"))
}

fn folded(report: &pprof::Report) -> String {
    let mut stacks: BTreeMap<String, isize> = BTreeMap::new();
    for (frames, count) in &report.data {
        let mut stack = frames.thread_name_or_id();
        for symbol in frames
            .frames
            .iter()
            .rev()
            .flat_map(|frame| frame.iter().rev())
        {
            stack.push(';');
            stack.push_str(&symbol.name());
        }
        *stacks.entry(stack).or_default() += count;
    }
    let lines = stacks
        .into_iter()
        .map(|(stack, count)| format!("{stack} {count}\n"));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_busy_thread_is_in_the_profile() {
        let stop = std::sync::Arc::new(AtomicBool::new(false));
        let stopped = std::sync::Arc::clone(&stop);
        let busy = std::thread::Builder::new().name("busy-one".to_owned());
        let busy = busy.spawn(move || while !stopped.load(Ordering::Relaxed) {});
        let (first, second) = tokio::join!(take(Duration::from_secs(1)), take(Duration::ZERO));
        stop.store(true, Ordering::Relaxed);
        busy.expect("a thread").join().expect("no panic");
        let text = format!("{first:?}");
        assert!(text.contains("busy-one;"), "{text}");
        let text = format!("{second:?}");
        assert!(text.contains("another profile is being taken"), "{text}");
    }
}
