//! A subscriber that keeps what one test hears.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Subscriber, set_default};
use tracing::{Event, Metadata};

/// The events of this crate on this thread, a line each: level, target, message, fields. The next test begins when it is
/// dropped: a subscriber set while another thread meets an event for the first time may not be told of it.
pub(crate) struct Heard {
    lines: Arc<Mutex<Vec<String>>>,
    _guard: DefaultGuard,
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::new(());

struct Ears {
    lines: Arc<Mutex<Vec<String>>>,
    level: LevelFilter,
}

impl Heard {
    /// Listens from now on.
    pub(crate) fn at(level: LevelFilter) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let ears = Ears {
            lines: Arc::clone(&lines),
            level,
        };
        Self {
            lines,
            _guard: set_default(ears),
            _turn: turn,
        }
    }

    /// What was heard so far, numbers that differ from run to run replaced.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().expect("no panic"))
    }
}

impl Subscriber for Ears {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        matches!(
            metadata.target(),
            "ezrpc::access" | "ezrpc::error" | "ezrpc::panic"
        ) && *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let metadata = event.metadata();
        let text = format!(
            "{} {}: {}{}",
            metadata.level(),
            metadata.target(),
            line.message,
            line.fields
        );
        self.lines.lock().expect("no panic").push(text);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = match field.name() {
            "message" => {
                self.message = format!("{value:?}");
                return;
            }
            "latency_ms" | "peer" => "..".to_owned(),
            _ => format!("{value:?}"),
        };
        let _ = write!(self.fields, " {}={value}", field.name());
    }
}
