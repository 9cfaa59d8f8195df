//! Finds the bytes of a string that need care, eight at a time.

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;

/// The high bit of each byte that is `"`, `\` or below 0x20; bits above the lowest one may be false.
#[inline]
fn care(word: u64) -> u64 {
    let zero = |x: u64| x.wrapping_sub(ONES) & !x;
    let quote = zero(word ^ (ONES * b'"' as u64));
    let backslash = zero(word ^ (ONES * b'\\' as u64));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | backslash | control) & HIGHS
}

#[inline]
fn is_care(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The position at or after `at` of the first `"`, `\` or control byte, or the length.
#[inline]
pub(super) fn find(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let found = care(u64::from_le_bytes(*chunk));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if is_care(byte) {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

/// Whether `text` can stand between quotes as it is.
#[inline]
pub(super) fn is_plain(text: &[u8]) -> bool {
    if let Some(last) = text.last_chunk() {
        // The last eight overlap those before them: no loop over single bytes.
        let (words, _) = text.as_chunks();
        let any = words
            .iter()
            .fold(0, |any, word| any | care(u64::from_le_bytes(*word)));
        return any | care(u64::from_le_bytes(*last)) == 0;
    }
    if let (Some(&first), Some(&last)) = (text.first_chunk(), text.last_chunk()) {
        let word = u64::from(u32::from_le_bytes(first)) | u64::from(u32::from_le_bytes(last)) << 32;
        return care(word) == 0;
    }
    !text.iter().any(|&byte| is_care(byte))
}
