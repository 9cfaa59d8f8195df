//! Typed errors: enums of the proto whose values are reasons, and how an error is made of one and told by it.

use std::borrow::Cow;

use super::{Code, Error};

/// An enum whose values are reasons of errors: `(ezbuy.errors)`.
///
/// Generated enums have [`error`](ErrorReasons::error), [`with_message`](ErrorReasons::with_message) and
/// [`of`](ErrorReasons::of) as their own, so that this needs to be named in generic code only.
pub trait ErrorReasons: Copy + Into<i32> + TryFrom<i32> {
    /// `(ezbuy.errors).domain`.
    const DOMAIN: &'static str;
    /// The values that carry `(ezbuy.error)`, in order of declaration.
    const REASONS: &'static [ErrorReason];

    /// Returns what the schema says of the value; `None` for one without `(ezbuy.error)`.
    fn reason(self) -> Option<&'static ErrorReason> {
        let number = self.into();
        Self::REASONS.iter().find(|reason| reason.number == number)
    }

    /// Makes the error of this reason at this line, with the schema's message.
    ///
    /// A value without `(ezbuy.error)` is no reason: its error is [`Code::Internal`].
    #[must_use]
    #[track_caller]
    fn error(self) -> Error {
        self.with_message(self.reason().map_or("", |reason| reason.message))
    }

    /// Makes the error of this reason at this line, with a message of your own. It may be shown to any caller.
    #[must_use]
    #[track_caller]
    fn with_message(self, message: impl Into<Cow<'static, str>>) -> Error {
        match self.reason() {
            Some(reason) => Error::new(reason.grpc_code(), message)
                .with_reason(Self::DOMAIN, reason.name)
                .with_number(reason.code),
            None => Error::new(Code::Internal, "").with_cause(format!(
                "value {} of the reasons of {} is none",
                self.into(),
                Self::DOMAIN
            )),
        }
    }

    /// Returns which of these reasons an error has; `None` if it is of another domain, or newer than this schema.
    fn of(error: &Error) -> Option<Self> {
        if error.domain() != Self::DOMAIN {
            return None;
        }
        let named = |reason: &&ErrorReason| reason.name == error.reason();
        let reason = Self::REASONS.iter().find(named)?;
        Self::try_from(reason.number).ok()
    }
}

/// One reason: `(ezbuy.error)` of an enum value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorReason {
    /// Number of the enum value.
    pub number: i32,
    /// Name of the enum value: the reason in `google.rpc.ErrorInfo`.
    pub name: &'static str,
    /// Seven digits: HTTP status times 10,000 plus detail.
    pub code: u32,
    /// Text for people, unless the service gives another.
    pub message: &'static str,
}

impl ErrorReason {
    /// Describes one reason.
    pub const fn new(number: i32, name: &'static str, code: u32, message: &'static str) -> Self {
        Self {
            number,
            name,
            code,
            message,
        }
    }

    /// Returns the HTTP status: the first three digits of the code.
    pub const fn http_status(&self) -> u16 {
        status_of(self.code)
    }

    /// Returns the code over gRPC and Connect, which follows from the HTTP status.
    ///
    /// That is the one with this status of its own (400 is [`Code::InvalidArgument`], 409 [`Code::Aborted`]), the nearest
    /// for others (410 is [`Code::NotFound`]), or else [`Code::InvalidArgument`] below 500 and [`Code::Internal`] from there on.
    pub const fn grpc_code(&self) -> Code {
        Code::for_http_status(self.http_status())
    }
}

/// The first three of seven digits; 0, which is no status, for a number of more.
const fn status_of(number: u32) -> u16 {
    match number {
        0..10_000_000 => (number / 10_000) as u16,
        _ => 0,
    }
}

impl Error {
    /// Returns the seven-digit code of a typed error, 4040001; `None` if it has none.
    ///
    /// Of an error that came from another service too, whether its reason is known here or not.
    pub fn number(&self) -> Option<u32> {
        self.inner.number
    }

    /// Returns whether the error has this reason, in this domain.
    ///
    /// ```
    /// # use ezrpc::{Error, ErrorReason, ErrorReasons};
    /// # #[derive(Clone, Copy)]
    /// # enum ProductError { NotFoundById = 1 }
    /// # impl From<ProductError> for i32 { fn from(value: ProductError) -> i32 { value as i32 } }
    /// # impl TryFrom<i32> for ProductError { type Error = (); fn try_from(_: i32) -> Result<Self, ()> { Ok(Self::NotFoundById) } }
    /// # impl ErrorReasons for ProductError {
    /// #     const DOMAIN: &'static str = "shop.product";
    /// #     const REASONS: &'static [ErrorReason] = &[ErrorReason::new(1, "NOT_FOUND_BY_ID", 4040001, "no such product")];
    /// # }
    /// let error = ProductError::NotFoundById.error();
    /// assert!(error.is(ProductError::NotFoundById));
    /// assert_eq!((error.http_status(), error.message()), (404, "no such product"));
    /// ```
    pub fn is(&self, reason: impl ErrorReasons) -> bool {
        is(self, reason)
    }

    /// Returns whether the error is a part of the service's contract, so that nobody need be woken: it is typed
    /// ([`Error::number`]), or its HTTP status is below 500. What the framework says of other services is not.
    pub fn is_expected(&self) -> bool {
        let own = self.inner.inside || self.http_status() >= 500;
        self.inner.number.is_some() || self.inner.malformed || !own
    }

    /// Sets the seven-digit code, and the HTTP status that it begins with.
    #[must_use]
    pub(crate) fn with_number(self, number: u32) -> Self {
        let mut error = self.with_http_status(status_of(number));
        error.inner.number = Some(number);
        error
    }

    /// The HTTP status if it is not what follows from the code.
    pub(crate) fn own_http_status(&self) -> Option<u16> {
        let status = self.inner.http_status;
        status.filter(|status| *status != self.inner.code.http_status())
    }
}

fn is<R: ErrorReasons>(error: &Error, reason: R) -> bool {
    let name = reason.reason().map(|reason| reason.name);
    error.domain() == R::DOMAIN && name == Some(error.reason())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Reason {
        Unspecified = 0,
        Gone = 1,
        Down = 2,
    }

    impl From<Reason> for i32 {
        fn from(reason: Reason) -> Self {
            reason as Self
        }
    }

    impl TryFrom<i32> for Reason {
        type Error = ();

        fn try_from(number: i32) -> Result<Self, ()> {
            let all = [Reason::Unspecified, Reason::Gone, Reason::Down];
            all.get(number as usize).copied().ok_or(())
        }
    }

    impl ErrorReasons for Reason {
        const DOMAIN: &'static str = "shop";
        const REASONS: &'static [ErrorReason] = &[
            ErrorReason::new(1, "GONE", 4_100_001, "no longer there"),
            ErrorReason::new(2, "DOWN", 5_030_001, "down"),
        ];
    }

    #[test]
    fn all_follows_from_the_seven_digits() {
        let (error, line) = (Reason::Gone.error(), line!());
        assert_eq!((error.code(), error.http_status()), (Code::NotFound, 410));
        assert_eq!((error.domain(), error.reason()), ("shop", "GONE"));
        assert_eq!(
            (error.message(), error.number()),
            ("no longer there", Some(4_100_001))
        );
        assert_eq!(error.frames()[0].to_string(), format!("{}:{line}", file!()));
        let told = Reason::Down.with_message(format!("{} is down", 7));
        assert_eq!((told.message(), told.http_status()), ("7 is down", 503));
        assert!(error.is_expected() && told.is_expected());
    }

    #[test]
    fn errors_are_told_by_domain_and_reason() {
        let error = Reason::Gone.error();
        assert!(error.is(Reason::Gone) && !error.is(Reason::Down));
        assert_eq!(Reason::of(&error), Some(Reason::Gone));
        // By name, not by number or code: the text form of a reason is what peers send.
        let by_hand = |domain, reason| Error::internal("x").with_reason(domain, reason);
        assert!(by_hand("shop", "GONE").is(Reason::Gone));
        for error in [
            by_hand("other", "GONE"),
            by_hand("shop", "NEWER"),
            by_hand("shop", ""),
            Error::internal("x"),
        ] {
            assert_eq!(Reason::of(&error), None);
            assert!(!error.is(Reason::Gone) && !error.is(Reason::Unspecified));
        }
    }

    #[test]
    fn a_value_that_is_no_reason_makes_an_internal_error() {
        let error = Reason::Unspecified.with_message("not said");
        assert_eq!((error.code(), error.reason()), (Code::Internal, ""));
        assert_eq!(error.public_message(), "internal error");
        assert_eq!(error.to_string(), "value 0 of the reasons of shop is none");
        assert!(!error.is_expected());
    }

    #[test]
    fn the_number_goes_with_its_reason_and_its_status() {
        let error = Reason::Gone.error().with_reason("mine", "OTHER");
        assert_eq!((error.number(), error.http_status()), (None, 410));
        let error = Reason::Gone.error().with_http_status(422);
        assert_eq!((error.number(), error.http_status()), (None, 422));
        let error = Reason::Gone.error().with_http_status(410);
        assert_eq!(error.number(), Some(4_100_001));
    }

    #[test]
    fn what_callers_do_wrong_is_expected() {
        assert!(Error::canceled("x").is_expected());
        assert!(Error::internal("x").with_http_status(418).is_expected());
        assert!(!Error::unavailable("x").is_expected());
        assert!(!Error::from(std::fmt::Error).is_expected());
    }
}
