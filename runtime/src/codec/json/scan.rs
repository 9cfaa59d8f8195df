//! Finds the bytes of a string that need care, eight at a time.

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;

/// The high bit of each byte that is `"`, `\` or below 0x20; bits above the lowest one may be false.
#[inline]
fn care(word: u64) -> u64 {
    // A subtraction sets the high bit of a byte below the subtrahend; bytes that had it are masked. Swapping bit 1
    // moves the quote (0x22) next to the control bytes, and the space and `!` away from them.
    let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (quote_or_control | backslash) & !word & HIGHS
}

#[inline]
fn is_care(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The position of the first `"`, `\` or control byte, if it is among the first sixteen.
#[inline]
pub(super) fn find_near(bytes: &[u8]) -> Option<usize> {
    let (words, _) = bytes.first_chunk::<16>()?.as_chunks();
    let (near, far) = (
        care(u64::from_le_bytes(words[0])),
        care(u64::from_le_bytes(words[1])),
    );
    match (near, far) {
        (0, 0) => None,
        (0, far) => Some(8 + (far.trailing_zeros() / 8) as usize),
        (near, _) => Some((near.trailing_zeros() / 8) as usize),
    }
}

/// The position of the first `"`, `\` or control byte, or the length.
pub(super) fn find(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks();
    for (nth, word) in words.iter().enumerate() {
        let found = care(u64::from_le_bytes(*word));
        if found != 0 {
            return nth * 8 + (found.trailing_zeros() / 8) as usize;
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
