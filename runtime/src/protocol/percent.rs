//! Percent-encoding of `grpc-message`, and decoding that never fails.

/// Encodes the longest start of `text` whose encoding takes at most `limit` bytes; returns both.
///
/// Escaped are the bytes outside 0x20 to 0x7E, and `%`.
pub(crate) fn encode_within(text: &str, limit: usize) -> (&str, String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len().min(limit));
    for (at, c) in text.char_indices() {
        let plain = matches!(c, ' '..='~') && c != '%';
        let size = if plain { 1 } else { c.len_utf8() * 3 };
        if encoded.len() + size > limit {
            return (&text[..at], encoded);
        }
        if plain {
            encoded.push(c);
            continue;
        }
        for &byte in c.encode_utf8(&mut [0; 4]).as_bytes() {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    (text, encoded)
}

/// Decodes escapes; malformed ones stay as they are, what is not UTF-8 is replaced.
pub(crate) fn decode_lossy(encoded: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&byte, tail)) = rest.split_first() {
        match escaped(byte, tail) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn escaped(byte: u8, tail: &[u8]) -> Option<u8> {
    let hex = |digit: &u8| char::from(*digit).to_digit(16);
    match (byte, tail) {
        // Two hex digits make at most 255.
        (b'%', [high, low, ..]) => u8::try_from(hex(high)? * 16 + hex(low)?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_survives_and_only_plain_ascii_is_sent() {
        let text: String = (0..0x3000).filter_map(char::from_u32).collect();
        let (whole, encoded) = encode_within(&text, usize::MAX);
        assert_eq!(whole, text);
        assert!(encoded.bytes().all(|byte| (0x20..=0x7e).contains(&byte)));
        assert_eq!(decode_lossy(encoded.as_bytes()), text);
    }

    #[test]
    fn bad_escapes_stay() {
        assert_eq!(decode_lossy(b"%zz%4%"), "%zz%4%");
        assert_eq!(decode_lossy(b"%41%ff"), "A\u{fffd}");
    }

    #[test]
    fn the_limit_cuts_between_characters() {
        assert_eq!(encode_within("a谷b", 9), ("a", "a".to_owned()));
        assert_eq!(encode_within("a谷b", 10), ("a谷", "a%E8%B0%B7".to_owned()));
    }
}
