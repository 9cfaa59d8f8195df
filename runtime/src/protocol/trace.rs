//! W3C trace context: passes an inbound trace on, or starts one.
//!
//! Source: <https://www.w3.org/TR/trace-context/>.

use std::fmt;

use http::{HeaderMap, HeaderValue};

use super::headers::{TRACEPARENT, TRACESTATE};
use crate::random;

/// The longest `tracestate` taken over, in bytes: what W3C asks for at least.
const STATE_LIMIT: usize = 512;
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
    /// The span that what follows comes of: the caller's, or one of this process; `None` if the trace starts here.
    pub(crate) parent: Option<[u8; 16]>,
    /// The `tracestate` that goes along. Without a parent there is none: it would be that of another trace.
    pub(crate) state: Option<HeaderValue>,
    /// Whether the parent is of this process.
    #[cfg(feature = "otel")]
    pub(crate) own: bool,
    flags: [u8; 2],
}

/// What one call says of the trace it is in.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    parent: HeaderValue,
    state: Option<HeaderValue>,
}

impl Trace {
    /// Reads the trace a request says it belongs to; starts one if it says none, or none that is valid.
    ///
    /// A trace started here is not marked as sampled, since nothing here records it.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let inbound = headers.get(TRACEPARENT).map(HeaderValue::as_bytes);
        let mut trace = Self::empty();
        match inbound.filter(|value| is_valid(value)) {
            Some(inbound) => {
                let mut parent = [0; 16];
                trace.id.0.copy_from_slice(&inbound[3..35]);
                parent.copy_from_slice(&inbound[36..52]);
                trace.flags = known_flags(inbound[54]);
                trace.parent = Some(parent);
                trace.state = read_state(headers);
            }
            None => {
                write_id(&mut trace.id.0[..16]);
                write_id(&mut trace.id.0[16..]);
            }
        }
        trace
    }

    /// Whether somebody records it.
    #[cfg(feature = "otel")]
    pub(crate) fn is_sampled(&self) -> bool {
        // The lowest bit of the flags.
        char::from(self.flags[1])
            .to_digit(16)
            .is_some_and(|digit| digit & 1 == 1)
    }

    fn empty() -> Self {
        Self {
            id: TraceId([b'0'; 32]),
            parent: None,
            state: None,
            #[cfg(feature = "otel")]
            own: false,
            flags: *b"00",
        }
    }

    /// Writes what an outgoing call says: this trace with a new span.
    pub(crate) fn next(&self) -> Said {
        let mut span = [0; 16];
        write_id(&mut span);
        self.with_span(span)
    }

    fn with_span(&self, span: [u8; 16]) -> Said {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        text[3..35].copy_from_slice(&self.id.0);
        text[36..52].copy_from_slice(&span);
        text[53..55].copy_from_slice(&self.flags);
        // Only hexadecimal digits and dashes.
        let value = HeaderValue::from_bytes(&text);
        Said {
            parent: once(value.unwrap_or_else(|_| HeaderValue::from_static(""))),
            state: self.state.clone(),
        }
    }
}

impl Said {
    #[cfg(feature = "fuzzing")]
    pub(crate) fn traceparent(self) -> HeaderValue {
        self.parent
    }

    /// Writes it, in place of what is said of another span.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(TRACEPARENT, self.parent.clone());
        match &self.state {
            Some(state) => headers.insert(TRACESTATE, state.clone()),
            None => headers.remove(TRACESTATE),
        };
    }
}

/// What OpenTelemetry knows of a trace, and what it is told.
#[cfg(feature = "otel")]
mod spans {
    use opentelemetry::trace::{SpanContext, TraceState};
    use opentelemetry::{SpanId, TraceFlags, TraceId};

    use super::{HeaderValue, STATE_LIMIT, Said, Trace, hex};

    impl Trace {
        /// The trace of a span of this process, which is the parent of what follows.
        pub(crate) fn of(span: &SpanContext) -> Self {
            let mut trace = Self::empty();
            let mut parent = [0; 16];
            hex(&span.trace_id().to_bytes(), &mut trace.id.0);
            hex(&span.span_id().to_bytes(), &mut parent);
            hex(&[span.trace_flags().to_u8()], &mut trace.flags);
            trace.parent = Some(parent);
            let state = HeaderValue::try_from(span.trace_state().header()).ok();
            trace.state = state.filter(|state| !state.is_empty() && state.len() <= STATE_LIMIT);
            trace.own = true;
            trace
        }

        /// What the call whose span it is says of it.
        pub(crate) fn said(&self) -> Said {
            self.with_span(self.parent.unwrap_or([b'0'; 16]))
        }

        /// The span that what follows comes of, as samplers and exporters see it; `None` if there is none.
        pub(crate) fn span_context(&self) -> Option<SpanContext> {
            let digits = |digits| std::str::from_utf8(digits).ok();
            let span = SpanId::from_hex(digits(self.parent.as_ref()?)?).ok()?;
            let id = TraceId::from_hex(digits(&self.id.0)?).ok()?;
            let flags = u8::from_str_radix(digits(&self.flags)?, 16).ok()?;
            let state = self.state.as_ref().and_then(|state| state.to_str().ok());
            // One that OpenTelemetry cannot read goes no further, as W3C prescribes.
            let state: Option<TraceState> = state.and_then(|state| state.parse().ok());
            let (flags, state) = (TraceFlags::new(flags), state.unwrap_or_default());
            Some(SpanContext::new(id, span, flags, !self.own, state))
        }
    }
}

/// The values of `tracestate` as one; `None` if they are too long together.
fn read_state(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(TRACESTATE).iter();
    let (first, second) = (values.next()?, values.next());
    if second.is_none() {
        return Some(first.clone()).filter(|value| value.len() <= STATE_LIMIT);
    }
    let values = headers.get_all(TRACESTATE).iter();
    let values: Vec<&[u8]> = values.map(HeaderValue::as_bytes).collect();
    let joined = values.join(&b","[..]);
    let joined = Some(joined).filter(|joined| joined.len() <= STATE_LIMIT)?;
    HeaderValue::try_from(joined).ok()
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

/// The flags that W3C knows, of the lower digit: sampled and random. The others may mean anything, and go no further.
fn known_flags(digit: u8) -> [u8; 2] {
    let bits = char::from(digit).to_digit(16).unwrap_or_default();
    [b'0', b"0123"[(bits & 3) as usize]]
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
        let inbound = inbound.map(|value| (TRACEPARENT, HeaderValue::from_static(value)));
        said(&Trace::read(&inbound.into_iter().collect()))
    }

    fn said(trace: &Trace) -> String {
        trace.next().parent.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_state_of_a_trace_goes_along_unless_it_is_long() {
        let state = |values: &[&str]| {
            let values = values.iter().map(|value| (TRACESTATE, *value));
            let headers = values.chain([(TRACEPARENT, INBOUND)]);
            let headers = headers.map(|(name, value)| (name, value.parse().unwrap()));
            let state = Trace::read(&headers.collect()).next().state;
            state.map(|state| state.to_str().unwrap().to_owned())
        };
        assert_eq!(state(&[]), None);
        assert_eq!(state(&["a=1"]).as_deref(), Some("a=1"));
        assert_eq!(state(&["a=1", "b=2,c=3"]).as_deref(), Some("a=1,b=2,c=3"));
        let long = "x".repeat(STATE_LIMIT);
        assert_eq!(state(&[&long]), Some(long.clone()));
        assert_eq!(state(&[&long, "y"]), None);
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
    fn flags_that_nobody_knows_go_no_further() {
        for (inbound, sent) in [
            ("00", "00"),
            ("02", "02"),
            ("03", "03"),
            ("fd", "01"),
            ("ff", "03"),
            ("a8", "00"),
        ] {
            let value = format!("{}{inbound}", &INBOUND[..53]).parse().unwrap();
            let text = said(&Trace::read(&HeaderMap::from_iter([(TRACEPARENT, value)])));
            assert_eq!(text[53..], *sent);
        }
    }

    #[test]
    fn all_calls_of_a_context_are_of_one_trace() {
        let trace = Trace::read(&HeaderMap::new());
        let calls = [0; 2].map(|_| said(&trace));
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
