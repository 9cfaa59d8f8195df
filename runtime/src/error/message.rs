//! What an error says, and to whom: to logs and trusted peers all of it, to callers outside what is meant for them.

use std::borrow::Cow;
use std::error::Error as StdError;

use super::convert::StdErrorOf;
use super::{Code, Error};
use crate::protocol::trace::TraceId;

impl Error {
    /// Says in other words, for callers, what an error has come to; what it said becomes its cause, all else stays.
    ///
    /// A message made with `format!("..: {error}")` would tell callers what may be for logs alone.
    ///
    /// ```
    /// use ezrpc::{Code, Error};
    /// let error = Error::from(std::io::Error::other("disk sda is gone")).context("cannot save");
    /// assert_eq!((error.code(), error.message()), (Code::Unknown, "cannot save"));
    /// assert_eq!(error.cause().map(ToString::to_string).as_deref(), Some("disk sda is gone"));
    /// ```
    #[must_use]
    pub fn context(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        let said = self.said();
        self.inner.message = message.into();
        self.inner.inside = false;
        self.inner.cause = (!said.is_empty()).then(|| said.into());
        self
    }

    /// Sets the error underneath; its text goes to logs and to gRPC peers, never past a trust boundary.
    ///
    /// Of one of ours ([`Error::into_std`]) the frames and fields are kept too.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.inner.cause = Some(match cause.into().downcast::<StdErrorOf>() {
            Ok(own) => {
                let said = own.0.said();
                let inner = *own.0.inner;
                self.inner.frames.splice(..0, inner.frames);
                let outer = std::mem::replace(&mut self.inner.fields, inner.fields);
                self.push_fields(outer);
                said.into()
            }
            Err(cause) => cause,
        });
        self
    }

    /// Keeps the message within the trust boundary. What is wrong there is wrong with us.
    pub(crate) fn inside(mut self) -> Self {
        self.inner.inside = true;
        self.inner.malformed = false;
        self
    }

    /// Takes note that the request is what is wrong, whatever status its protocol has for that.
    pub(crate) fn malformed(mut self) -> Self {
        self.inner.malformed = true;
        self
    }

    /// Whether the message stays within the trust boundary.
    pub(crate) fn is_inside(&self) -> bool {
        self.inner.inside
    }

    /// Takes the message for the text of the error underneath, as the peer that sent it says.
    pub(crate) fn with_message_as_cause(mut self) -> Self {
        self.inner.cause = Some(std::mem::take(&mut self.inner.message).into());
        self
    }

    /// Says it in other words; all else stays.
    pub(crate) fn with_message(mut self, message: String) -> Self {
        self.inner.message = message.into();
        self
    }

    /// The text for peers inside the trust boundary: the message, or the cause's text.
    pub(crate) fn full_message(&self) -> Cow<'_, str> {
        match (&self.inner.cause, self.inner.message.is_empty()) {
            (Some(cause), true) => Cow::Owned(cause.to_string()),
            _ => Cow::Borrowed(&self.inner.message),
        }
    }

    /// The cause, unless its text is what the error says.
    pub(crate) fn cause_beside_message(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.cause().filter(|_| !self.inner.message.is_empty())
    }

    /// All it says: the message and the cause's text.
    pub(super) fn said(&self) -> String {
        match self.cause_beside_message() {
            Some(cause) => format!("{}: {cause}", self.inner.message),
            None => self.full_message().into_owned(),
        }
    }

    /// Returns what callers outside the trust boundary are told: the message, or, where that is not for them, a fixed text
    /// by the code (`internal error`). Once the error is on its way to such a caller, an id stands behind it under which it
    /// is in the log, unless nobody need be woken ([`Error::is_expected`]).
    pub fn public_message(&self) -> Cow<'_, str> {
        if !self.hides() {
            return Cow::Borrowed(&self.inner.message);
        }
        let fixed: Cow<'_, str> = match self.inner.code {
            Code::Unknown => "unknown error".into(),
            Code::Internal => "internal error".into(),
            code => code.name().replace('_', " ").into(),
        };
        match &self.inner.id {
            Some(id) => Cow::Owned(format!("{fixed} (id {id})")),
            None => fixed,
        }
    }

    /// Whether what it says is not for callers outside.
    fn hides(&self) -> bool {
        let unsaid =
            self.inner.cause.is_some() || matches!(self.inner.code, Code::Unknown | Code::Internal);
        self.inner.inside || (self.inner.message.is_empty() && unsaid)
    }

    /// Gives the error the id under which logs tell what callers may not read.
    pub(crate) fn identify(&mut self, id: impl FnOnce() -> TraceId) {
        if self.hides() && !self.is_expected() {
            self.inner.id = Some(id());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_error_of_ours_keeps_its_way() {
        let inner = Error::not_found("secret").with_cause("disk").trace();
        let frames: Vec<String> = inner.frames().iter().map(ToString::to_string).collect();
        let outer = Error::internal("cannot load").with_cause(inner.into_std());
        let kept: Vec<String> = outer.frames().iter().map(ToString::to_string).collect();
        assert_eq!((&kept[..2], kept.len()), (&frames[..], 3));
        assert_eq!(outer.said(), "cannot load: secret: disk");
        assert_eq!(outer.public_message(), "cannot load");
    }

    #[test]
    fn what_is_not_for_callers_has_a_fixed_text_for_every_code() {
        let text = |code| {
            let error = Error::new(code, "").with_cause("secret");
            error.public_message().into_owned()
        };
        assert_eq!(text(Code::Unknown), "unknown error");
        assert_eq!(text(Code::Unavailable), "unavailable");
        assert_eq!(text(Code::DeadlineExceeded), "deadline exceeded");
        let inside = Error::unavailable("cannot reach 10.0.0.7").inside();
        assert_eq!(inside.message(), "cannot reach 10.0.0.7");
        assert_eq!(inside.public_message(), "unavailable");
        assert_eq!(
            inside.context("the shop is closed").public_message(),
            "the shop is closed"
        );
    }
}
