//! What `tracing` is told as lines on a terminal or in a file: for people, or JSON.

mod form;
mod lines;

use std::fmt;
use std::io::{self, Write};

use tracing::Subscriber;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use crate::error::{Error, Result};
use form::Form;
use lines::Lines;

/// Says what is printed: levels and targets.
const FILTER_VARIABLE: &str = "EZRPC_LOG";
/// The same for programs of all makers, which may say more than we can read: `[span{field=1}]=debug`.
const COMMON_VARIABLE: &str = "RUST_LOG";
/// Says how: `json` or `human`.
const FORM_VARIABLE: &str = "EZRPC_LOG_FORMAT";

/// Prints events of this crate and of all others that use `tracing`, one a line.
///
/// For people: `2026-11-29T02:04:05.678Z ERROR product not found  method=/common.Product/Get productId=012345 stack=..`,
/// where the fields of handlers ([`Context::set_field`](crate::Context::set_field)) stand among the others. As JSON:
/// `{"timestamp":..,"level":"ERROR","target":"ezrpc::error","message":"product not found","method":..,"fields":{..}}`.
///
/// ```
/// # fn main() -> ezrpc::Result<()> {
/// ezrpc::Logs::new().filter("info,ezrpc::access=warn").init()
/// # }
/// ```
#[must_use = "nothing is printed before `init`"]
pub struct Logs {
    form: Form,
    filter: String,
    /// What the environment says that cannot be read.
    unread: Option<String>,
    writer: Box<dyn Write + Send>,
}

impl Default for Logs {
    fn default() -> Self {
        Self::new()
    }
}

impl Logs {
    /// Lines for people, from level info on, on standard error.
    pub fn new() -> Self {
        Self {
            form: Form::Human,
            filter: "info".to_owned(),
            unread: None,
            writer: Box::new(io::stderr()),
        }
    }

    /// Prints JSON; `EZRPC_LOG_FORMAT=human` overrules it, as `json` does the default.
    pub fn json(mut self) -> Self {
        self.form = Form::Json;
        self
    }

    /// Sets what is printed, unless `EZRPC_LOG` or `RUST_LOG` say: a level (`warn`), or levels by target, with commas
    /// between them (`info,ezrpc::access=off`). From level warn on, `warn,ezrpc::call=info` lets the lines of handlers
    /// know their call all the same.
    pub fn filter(mut self, filter: impl Into<String>) -> Self {
        self.filter = filter.into();
        self
    }

    /// Prints there and not on standard error. Each line is one write.
    pub fn writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.writer = Box::new(writer);
        self
    }

    /// Begins to print, for the whole process; panics tell their line from now on, as after
    /// [`record_panics`](crate::record_panics).
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if the filter, `EZRPC_LOG` or `EZRPC_LOG_FORMAT` cannot be
    /// read (a `RUST_LOG` that cannot is left out, with a warning),
    /// [`Code::FailedPrecondition`](crate::Code::FailedPrecondition) if something prints already.
    pub fn init(self) -> Result<()> {
        let mut logs = self.with_variables()?;
        let unread = logs.unread.take();
        let subscriber = logs.subscriber()?;
        tracing::subscriber::set_global_default(subscriber)
            .map_err(|_| Error::failed_precondition("the process has a subscriber for tracing"))?;
        crate::record_panics();
        if let Some(unread) = unread {
            tracing::warn!(
                "{unread}; it does not count, say levels by target in {FILTER_VARIABLE}"
            );
        }
        Ok(())
    }

    fn with_variables(mut self) -> Result<Self> {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(filter) = set(FILTER_VARIABLE) {
            self.filter = filter;
        } else if let Some(filter) = set(COMMON_VARIABLE) {
            match filter.parse::<Targets>() {
                Ok(_) => self.filter = filter,
                Err(error) => self.unread = Some(format!("{COMMON_VARIABLE}={filter}: {error}")),
            }
        }
        match set(FORM_VARIABLE).as_deref() {
            None => {}
            Some("json") => self.form = Form::Json,
            Some("human") => self.form = Form::Human,
            Some(other) => {
                return Err(Error::invalid_argument(format!(
                    "{FORM_VARIABLE} is {other}: write json or human"
                )));
            }
        }
        Ok(self)
    }

    fn subscriber(self) -> Result<impl Subscriber + Send + Sync> {
        let filter: Targets = self.filter.parse().map_err(|error| {
            Error::invalid_argument(format!(
                "log filter `{}`: {error}; write a level, or target=level, with commas between them",
                self.filter
            ))
        })?;
        let lines = Lines::new(self.form, self.writer);
        Ok(Registry::default().with(filter).with(lines))
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs")
            .field("form", &self.form)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is printed of some events, the time left out.
    fn printed(logs: Logs) -> String {
        let kept = Kept::default();
        let subscriber = logs.writer(kept.clone()).subscriber().unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!(
                target: "ezrpc::error",
                method = "/common.Product/Get",
                status = 404,
                peer = None::<&str>,
                fields = "productId=012345 name=\"two \\\"words\\\"\"",
                stack = "a b",
                "product not found"
            );
            let span = tracing::info_span!("job", id = 7);
            let _entered = span.enter();
            tracing::warn!("line\nbreak \u{1b}[31m\u{202e}");
            tracing::info!(fields = "a\nb=1", level = 7, "not ours");
            tracing::debug!("not printed");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let cut = |line: &str| match line.split_once("timestamp\":\"") {
            Some((start, rest)) => start.to_owned() + rest.split_once("\",\"").unwrap().1,
            None => line.split_once(' ').unwrap().1.to_owned(),
        };
        let lines: Vec<String> = text.lines().map(cut).collect();
        // Shown by a name, as it would turn this file around.
        lines.join("\n").replace('\u{202e}', "RLO")
    }

    #[test]
    fn for_people() {
        assert_eq!(
            printed(Logs::new()),
            r#"ERROR product not found  method=/common.Product/Get status=404 productId=012345 name="two \"words\"" stack="a b"
 WARN line\nbreak \u{1b}[31m\u{202e}  id=7
 INFO not ours  fields="a\nb=1" level=7 id=7"#
        );
    }

    #[test]
    fn as_json() {
        assert_eq!(
            printed(Logs::new().json()),
            r#"{"level":"ERROR","target":"ezrpc::error","message":"product not found","method":"/common.Product/Get","status":404,"fields":{"productId":"012345","name":"two \"words\""},"stack":"a b"}
{"level":"WARN","target":"ezrpc::log::tests","message":"line\nbreak \u001b[31mRLO","id":7}
{"level":"INFO","target":"ezrpc::log::tests","message":"not ours","fields":"a\nb=1","field.level":7,"id":7}"#
        );
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_an_error() {
        let error = Logs::new().filter("ezrpc=loud").subscriber().err().unwrap();
        assert!(error.message().starts_with("log filter `ezrpc=loud`: "));
        let text = printed(Logs::new().filter("warn,ezrpc::error=off"));
        assert!(text.starts_with(" WARN line"), "{text}");
    }
}
