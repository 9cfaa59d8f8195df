//! W3C trace context: passes an inbound trace on, or starts one.
//!
//! Source: <https://www.w3.org/TR/trace-context/>.

use http::HeaderValue;

use crate::random;

const LENGTH: usize = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".len();

/// Writes the `traceparent` of an outgoing call: the inbound trace with a new span, or a new trace.
///
/// A trace started here is not marked as sampled, since nothing here records it.
pub(crate) fn traceparent(inbound: Option<&HeaderValue>) -> HeaderValue {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    match inbound
        .map(HeaderValue::as_bytes)
        .filter(|value| is_valid(value))
    {
        Some(inbound) => {
            text[3..35].copy_from_slice(&inbound[3..35]);
            text[53..55].copy_from_slice(&inbound[53..55]);
        }
        None => {
            write_id(&mut text[3..19]);
            write_id(&mut text[19..35]);
        }
    }
    write_id(&mut text[36..52]);
    // Only hexadecimal digits and dashes.
    let value = HeaderValue::from_bytes(&text);
    once(value.unwrap_or_else(|_| HeaderValue::from_static("")))
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
        traceparent(inbound.as_ref()).to_str().unwrap().to_owned()
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
