//! Base64 (RFC 4648): prints the standard alphabet, reads the URL one too.

/// How encoded text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Padded with `=`: JSON.
    Standard,
    /// Without padding: gRPC's `-bin` metadata.
    StandardUnpadded,
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The value of each digit, in both alphabets; `NONE` for other bytes.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 64 {
        values[STANDARD[value] as usize] = value as u8;
        values[URL[value] as usize] = value as u8;
        value += 1;
    }
    values
};
const NONE: u8 = 0xff;

/// Encodes `bytes`.
pub(crate) fn encode(bytes: &[u8], form: Form) -> String {
    let mut out = Vec::new();
    append(&mut out, bytes, form);
    // Never fails: the alphabet is ASCII.
    String::from_utf8(out).unwrap_or_default()
}

/// Encodes `bytes` at the end of `out`.
pub(crate) fn append(out: &mut Vec<u8>, bytes: &[u8], form: Form) {
    let digit = |bits: u32| STANDARD[(bits & 63) as usize];
    out.reserve(bytes.len().div_ceil(3) * 4);
    let (triples, rest) = bytes.as_chunks::<3>();
    for &[a, b, c] in triples {
        let bits = u32::from_be_bytes([0, a, b, c]);
        out.extend_from_slice(&[
            digit(bits >> 18),
            digit(bits >> 12),
            digit(bits >> 6),
            digit(bits),
        ]);
    }
    let bits = match *rest {
        [a] => u32::from_be_bytes([0, a, 0, 0]),
        [a, b] => u32::from_be_bytes([0, a, b, 0]),
        _ => return,
    };
    let tail = [digit(bits >> 18), digit(bits >> 12), digit(bits >> 6)];
    out.extend_from_slice(&tail[..rest.len() + 1]);
    if form == Form::Standard {
        out.extend_from_slice(&b"=="[..3 - rest.len()]);
    }
}

/// Decodes text of either alphabet, padded or not; `None` if it is neither, mixes them, or is cut short.
///
/// Unused low bits of the last digit are ignored, as in the protobuf implementations.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits = strip_padding(text)?;
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    let (quads, rest) = digits.as_chunks::<4>();
    let mut invalid = 0;
    for quad in quads {
        let [a, b, c, d] = quad.map(|digit| VALUES[usize::from(digit)]);
        invalid |= a | b | c | d;
        let bits = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
        let [_, x, y, z] = bits.to_be_bytes();
        out.extend_from_slice(&[x, y, z]);
    }
    let mut bits = 0;
    for (nth, &digit) in rest.iter().enumerate() {
        let value = VALUES[usize::from(digit)];
        invalid |= value;
        bits |= u32::from(value) << (18 - 6 * nth);
    }
    let [_, x, y, _] = bits.to_be_bytes();
    out.extend_from_slice(&[x, y][..rest.len().saturating_sub(1)]);
    let standard = digits.iter().any(|b| matches!(b, b'+' | b'/'));
    let url = digits.iter().any(|b| matches!(b, b'-' | b'_'));
    (invalid < 64 && !(standard && url)).then_some(out)
}

/// The digits of `text`; `None` if its padding or its length is wrong.
fn strip_padding(text: &[u8]) -> Option<&[u8]> {
    let padding = text.iter().rev().take_while(|&&b| b == b'=').count();
    let digits = &text[..text.len() - padding];
    match (digits.len() % 4, padding) {
        (0, 0) | (2, 0 | 2) | (3, 0 | 1) => Some(digits),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_the_rfc_vectors() {
        let encoded = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| {
            [Form::Standard, Form::StandardUnpadded].map(|form| encode(text.as_bytes(), form))
        });
        assert_eq!(
            encoded,
            [
                ["", ""],
                ["Zg==", "Zg"],
                ["Zm8=", "Zm8"],
                ["Zm9v", "Zm9v"],
                ["Zm9vYg==", "Zm9vYg"],
                ["Zm9vYmE=", "Zm9vYmE"],
                ["Zm9vYmFy", "Zm9vYmFy"],
            ]
        );
    }

    #[test]
    fn decodes_what_it_encodes() {
        for len in 0..=67u8 {
            let bytes: Vec<u8> = (0..len).map(|i| i.wrapping_mul(37) ^ 0xa5).collect();
            for form in [Form::Standard, Form::StandardUnpadded] {
                let text = encode(&bytes, form);
                let url = text.replace('+', "-").replace('/', "_");
                assert_eq!(decode(text.as_bytes()).as_ref(), Some(&bytes), "{text}");
                assert_eq!(decode(url.as_bytes()).as_ref(), Some(&bytes), "{url}");
            }
        }
    }

    #[test]
    fn refuses_what_is_not_base64() {
        let cases = [
            ("-_", Some(vec![0xfb])),
            ("AQI", Some(vec![1, 2])),
            ("AQI=", Some(vec![1, 2])),
            ("AQ=", None),
            ("AQI==", None),
            ("A", None),
            ("=", None),
            ("====", None),
            ("AQ==AQ==", None),
            ("A Q=", None),
            ("AQ\n=", None),
            ("+_8=", None),
            ("A\u{e9}=", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text.as_bytes()), expected, "{text}");
        }
    }
}
