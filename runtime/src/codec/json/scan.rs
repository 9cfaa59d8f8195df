//! Finds the bytes of a string that need care, eight at a time.

#[inline]
fn is_care(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;

/// The high bit of each byte that is `"`, `\` or below 0x20; bits above the lowest one may be false.
#[inline]
fn care(word: &[u8; 8]) -> u64 {
    let word = u64::from_le_bytes(*word);
    // A subtraction sets the high bit of a byte below the subtrahend; bytes that had it are masked. Swapping bit 1
    // moves the quote (0x22) next to the control bytes, and the space and `!` away from them.
    let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (quote_or_control | backslash) & !word & HIGHS
}

/// The position of the first `"`, `\` or control byte, or 8.
#[inline]
fn position(word: &[u8; 8]) -> usize {
    care(word).trailing_zeros() as usize / 8
}

/// The position of the first `"`, `\` or control byte among the first sixteen, or 16, and the byte there.
#[inline]
pub(super) fn find_near(bytes: &[u8; 17]) -> (usize, u8) {
    let ([near, far], _) = bytes.as_chunks() else {
        // Seventeen bytes have two words.
        return (16, bytes[16]);
    };
    let at = match care(near) {
        0 => 8 + position(far),
        found => found.trailing_zeros() as usize / 8,
    };
    (at, bytes[at])
}

/// The position of the first `"`, `\` or control byte, or the length.
pub(super) fn find(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks();
    for (nth, word) in words.iter().enumerate() {
        let at = position(word);
        if at < 8 {
            return nth * 8 + at;
        }
    }
    let len = tail.iter().take_while(|&&byte| !is_care(byte)).count();
    words.len() * 8 + len
}

/// Whether `text` can stand between quotes as it is.
#[inline]
pub(super) fn is_plain(text: &[u8]) -> bool {
    if let Some(last) = text.last_chunk() {
        // The last eight overlap those before them: no loop over single bytes.
        let (words, _) = text.as_chunks();
        let any = words.iter().fold(0, |any, word| any | care(word));
        return any | care(last) == 0;
    }
    if let (Some(&first), Some(&last)) = (text.first_chunk(), text.last_chunk()) {
        let word = u64::from(u32::from_le_bytes(first)) | u64::from(u32::from_le_bytes(last)) << 32;
        return care(&word.to_le_bytes()) == 0;
    }
    !text.iter().any(|&byte| is_care(byte))
}
