//! What becomes of a panic in a handler, an interceptor or a stream: an error with what it said and, if asked for, where.

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::panic;
use std::sync::Once;

use crate::error::{Code, Error, Frame};
use crate::method::Method;

thread_local! {
    /// Where this thread has panicked last.
    static PLACE: RefCell<Option<Frame>> = const { RefCell::new(None) };
}

/// Lets the errors of calls that panicked tell the line, as their innermost frame.
///
/// A panic is caught without it too; that it has no line then is because only the process's panic hook is told. This
/// adds to the hook that is set: what it prints is still printed. Calling it again does nothing.
pub fn record_panics() {
    static ONCE: Once = Once::new();
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
pub(crate) struct Panic(String);

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panic: {}", self.0)
    }
}

impl std::error::Error for Panic {}

/// The error of a call that panicked: `INTERNAL`, and what it said is for those who are trusted.
#[cold]
pub(crate) fn caught(payload: Box<dyn Any + Send>, method: Option<&'static Method>) -> Error {
    let said = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => (*text).to_owned(),
            Err(_) => "(no text)".to_owned(),
        },
    };
    let mut error = Error::bare(Code::Internal, "").with_cause(Panic(said));
    if let Some(place) = PLACE.take() {
        error.push_frame(place);
    }
    if let Some(method) = method {
        error.push_frame(Frame::handler(method.path().trim_start_matches('/')));
    }
    error
}

/// Whether an error is what a panic of this process became.
#[cfg(feature = "metrics")]
pub(crate) fn is_panic(error: &Error) -> bool {
    error.cause().is_some_and(|cause| cause.is::<Panic>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_known_once_it_is_recorded() {
        static GET: Method = Method::new("/shop.Product/Get", crate::Shape::Unary);
        let caught = |text: &'static str| {
            let payload = panic::catch_unwind(|| panic!("{text}")).expect_err("a panic");
            let line = line!() - 1;
            (format!("{:?}", super::caught(payload, Some(&GET))), line)
        };
        record_panics();
        record_panics();
        let (text, line) = caught("no stock");
        let file = file!();
        assert_eq!(
            text,
            format!("internal: panic: no stock\n  at {file}:{line}\n  at shop.Product/Get")
        );
    }
}
