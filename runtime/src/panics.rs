//! What becomes of a panic in a handler, an interceptor or a stream: an error with what it said and, if asked for, where.

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
#[cfg(feature = "metrics")]
use std::sync::atomic::{AtomicBool, Ordering};

use crate::context::Context;
use crate::error::{Code, Error, Frame, Result};
use crate::method::Method;
use crate::protocol::trace::TraceId;

thread_local! {
    /// Where this thread has panicked last.
    static PLACE: RefCell<Option<Frame>> = const { RefCell::new(None) };
}

/// Done once places are recorded.
static ONCE: Once = Once::new();

/// Lets the errors of calls that panicked tell the line, as their innermost frame.
///
/// A panic is caught without it too; that it has no line then is because only the process's panic hook is told. This
/// adds to the hook that is set: what it prints is still printed. Calling it again does nothing.
pub fn record_panics() {
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|at| Frame {
                rpc: Cow::Borrowed(""),
                file: Cow::Owned(at.file().to_owned()),
                line: at.line(),
            });
            // A thread that ends panics without a place to keep it.
            let _ = PLACE.try_with(|kept| kept.replace(place));
            before(info);
        }));
    });
}

/// What a panic said; the cause of the error it became.
#[derive(Debug)]
pub(crate) struct Panic {
    said: String,
    /// For callers who are told no more than that there was one, and for trusted ones beside the text.
    id: Option<TraceId>,
    /// Whether it has been counted: calls further out in this process end with it too.
    #[cfg(feature = "metrics")]
    counted: AtomicBool,
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panic: {}", self.said)?;
        match &self.id {
            Some(id) => write!(f, " (id {id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Panic {}

/// Runs a piece of a call's code, which is never run again after a panic; that becomes the error, and is logged here, as
/// nobody else may hear of it.
///
/// # Errors
/// [`Code::Internal`]; what the panic said is for those who are trusted.
#[inline]
pub(crate) fn catching<T>(context: Option<&Context>, run: impl FnOnce() -> T) -> Result<T> {
    if ONCE.is_completed() {
        // Of a panic that somebody else has caught.
        PLACE.take();
    }
    let _entered = context.and_then(Context::enter);
    // Nobody sees what it has left half done.
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|payload| caught(payload, context))
}

#[cold]
fn caught(payload: Box<dyn Any + Send>, context: Option<&Context>) -> Error {
    let said = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => (*text).to_owned(),
            Err(_) => "(no text)".to_owned(),
        },
    };
    let method = context.and_then(Context::method).map(Method::path);
    let (place, id) = (PLACE.take(), context.map(Context::trace_id));
    tracing::error!(
        target: "ezrpc::panic",
        method,
        trace_id = id.map(tracing::field::display),
        place = place.as_ref().map(tracing::field::display),
        "panic: {said}"
    );
    let mut error = Error::bare(Code::Internal, "").with_cause(Panic {
        said,
        id,
        #[cfg(feature = "metrics")]
        counted: AtomicBool::new(false),
    });
    if let Some(place) = place {
        error.push_frame(place);
    }
    if let Some(path) = method {
        error.push_frame(Frame::handler(path.trim_start_matches('/')));
    }
    error
}

/// Something of a handler's that must not bring down who drops it: a panic of its destructor is logged, and that is all.
pub(crate) struct Shielded<T>(Option<T>);

impl<T> Shielded<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self(Some(inner))
    }

    /// `None` once it has ended.
    #[inline]
    pub(crate) fn get(&mut self) -> Option<&mut T> {
        self.0.as_mut()
    }

    /// Drops what is in it, as a piece of a call; returns whether there was anything.
    pub(crate) fn end(&mut self, context: Option<&Context>) -> bool {
        let inner = self.0.take();
        let ended = inner.is_some();
        // It has been logged.
        let _ = catching(context, || drop(inner));
        ended
    }
}

impl<T> Drop for Shielded<T> {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.end(None);
        }
    }
}

/// Whether an error is what a panic of this process became, which nobody has counted.
#[cfg(feature = "metrics")]
pub(crate) fn is_uncounted(error: &Error) -> bool {
    let panic = error
        .cause()
        .and_then(|cause| cause.downcast_ref::<Panic>());
    panic.is_some_and(|panic| !panic.counted.swap(true, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_known_once_it_is_recorded() {
        record_panics();
        record_panics();
        let text = |error: Error| format!("{error:?}");
        let error = catching(None, || panic!("{}", "no stock")).map(|()| 0);
        let (file, line) = (file!(), line!() - 1);
        let error = text(error.expect_err("a panic"));
        assert_eq!(
            error,
            format!("internal: panic: no stock\n  at {file}:{line}")
        );
        // Thrown again by somebody who has caught it, on whatever thread.
        let caught = panic::catch_unwind(|| panic!("elsewhere")).expect_err("a panic");
        let again = catching(None, || panic::resume_unwind(caught)).map(|()| 0);
        assert_eq!(
            text(again.expect_err("a panic")),
            "internal: panic: elsewhere"
        );
    }

    #[test]
    fn a_destructor_that_panics_is_shielded() {
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }
        let mut shielded = Shielded::new(Bad);
        assert!(shielded.end(None) && !shielded.end(None));
        drop(Shielded::new(Bad));
    }
}
