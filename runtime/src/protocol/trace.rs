//! W3C trace context: passes an inbound trace on, or starts one.
//!
//! Source: <https://www.w3.org/TR/trace-context/>.

use std::fmt;

use http::HeaderValue;

use crate::random;

const LENGTH: usize = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".len();

/// The id of a trace: of one request from outside and of every call that came of it, in all processes.
///
/// The caller's, if it sent a `traceparent`, otherwise made at random. Callers outside the trust boundary are told it in
/// place of what they may not read, so that the error can be found in the logs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 32]);

impl fmt::Display for TraceId {
    /// 32 hexadecimal digits in lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only hexadecimal digits.
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

/// The trace a context belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    pub(crate) id: TraceId,
    /// The caller's span, if the trace came from a caller.
    pub(crate) parent: Option<[u8; 16]>,
    flags: [u8; 2],
}

impl Trace {
    /// Reads an inbound `traceparent`; starts a trace if there is none, or none that is valid.
    ///
    /// A trace started here is not marked as sampled, since nothing here records it.
    pub(crate) fn read(inbound: Option<&HeaderValue>) -> Self {
        let inbound = inbound.map(HeaderValue::as_bytes);
        let mut trace = Self {
            id: TraceId([b'0'; 32]),
            parent: None,
            flags: *b"00",
        };
        match inbound.filter(|value| is_valid(value)) {
            Some(inbound) => {
                let mut parent = [0; 16];
                trace.id.0.copy_from_slice(&inbound[3..35]);
                parent.copy_from_slice(&inbound[36..52]);
                trace.flags.copy_from_slice(&inbound[53..55]);
                trace.parent = Some(parent);
            }
            None => {
                write_id(&mut trace.id.0[..16]);
                write_id(&mut trace.id.0[16..]);
            }
        }
        trace
    }

    /// The trace of a span that is recorded, which is the parent of what follows.
    #[cfg(feature = "otel")]
    pub(crate) fn recorded(id: [u8; 16], span: [u8; 8], sampled: bool) -> Self {
        let mut trace = Self {
            id: TraceId([0; 32]),
            parent: None,
            flags: if sampled { *b"01" } else { *b"00" },
        };
        let mut parent = [0; 16];
        hex(&id, &mut trace.id.0);
        hex(&span, &mut parent);
        trace.parent = Some(parent);
        trace
    }

    /// Whether somebody records it.
    #[cfg(feature = "otel")]
    pub(crate) fn is_sampled(&self) -> bool {
        // The lowest bit of the flags.
        matches!(
            self.flags[1],
            b'1' | b'3' | b'5' | b'7' | b'9' | b'b' | b'd' | b'f'
        )
    }

    /// Writes the `traceparent` of an outgoing call: this trace with a new span.
    pub(crate) fn traceparent(&self) -> HeaderValue {
        let mut span = [0; 16];
        write_id(&mut span);
        self.with_span(span)
    }

    fn with_span(&self, span: [u8; 16]) -> HeaderValue {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        text[3..35].copy_from_slice(&self.id.0);
        text[36..52].copy_from_slice(&span);
        text[53..55].copy_from_slice(&self.flags);
        // Only hexadecimal digits and dashes.
        let value = HeaderValue::from_bytes(&text);
        once(value.unwrap_or_else(|_| HeaderValue::from_static("")))
    }
}

/// Writes the `traceparent` of a call whose span is recorded: that of the trace itself.
#[cfg(feature = "otel")]
pub(crate) fn traceparent_of(trace: &Trace) -> HeaderValue {
    trace.with_span(trace.parent.unwrap_or([b'0'; 16]))
}

#[cfg(feature = "otel")]
fn hex(bytes: &[u8], digits: &mut [u8]) {
    for (byte, pair) in bytes.iter().zip(digits.chunks_exact_mut(2)) {
        for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = b"0123456789abcdef"[usize::from(nibble)];
        }
    }
}

/// Marks a value that never comes again, so that it does not push those that do out of HPACK's table.
pub(crate) fn once(mut value: HeaderValue) -> HeaderValue {
    // "Never indexed" on the wire: what the flag is for beside secrets.
    value.set_sensitive(true);
    value
}

/// A later version may be longer; what version 00 says of it stands at the start.
fn is_valid(value: &[u8]) -> bool {
    let hex = |range: std::ops::Range<usize>| {
        value[range]
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let some = |range: std::ops::Range<usize>| value[range].iter().any(|byte| *byte != b'0');
    value.len() >= LENGTH
        && (value.len() == LENGTH || (&value[..2] != b"00" && value[LENGTH] == b'-'))
        && (value[2], value[35], value[52]) == (b'-', b'-', b'-')
        && (hex(0..2) && hex(3..35) && hex(36..52) && hex(53..55))
        && (&value[..2] != b"ff" && some(3..35) && some(36..52))
}

/// Writes sixteen digits that are not all zero.
fn write_id(digits: &mut [u8]) {
    let mut id = random::next() | 1;
    for digit in digits {
        *digit = b"0123456789abcdef"[(id & 15) as usize];
        id >>= 4;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    const INBOUND: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn written(inbound: Option<&'static str>) -> String {
        let inbound = inbound.map(HeaderValue::from_static);
        let trace = Trace::read(inbound.as_ref());
        trace.traceparent().to_str().unwrap().to_owned()
    }

    #[test]
    fn an_inbound_trace_goes_on_with_a_new_span() {
        let text = written(Some(INBOUND));
        assert_eq!((&text[..36], &text[52..]), (&INBOUND[..36], &INBOUND[52..]));
        assert_ne!(&text[36..52], &INBOUND[36..52]);
        let later = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes";
        assert_eq!(&written(Some(later))[..36], &INBOUND[..36]);
    }

    #[test]
    fn all_calls_of_a_context_are_of_one_trace() {
        let trace = Trace::read(None);
        let calls = [0; 2].map(|_| trace.traceparent().to_str().unwrap().to_owned());
        assert_eq!(calls[0][..36], calls[1][..36]);
        assert_eq!(&calls[0][3..35], trace.id.to_string());
        assert_ne!(calls[0], calls[1]);
    }

    #[test]
    fn without_a_good_one_a_trace_starts() {
        let bad = [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ];
        for inbound in bad.into_iter().map(Some).chain([None]) {
            let text = written(inbound);
            assert!(is_valid(text.as_bytes()), "{text}");
            assert_ne!(&text[3..35], &INBOUND[3..35]);
            assert_eq!(&text[52..], "-00");
        }
    }
}
