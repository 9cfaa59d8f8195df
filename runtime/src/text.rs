//! Texts cut to a length.

/// The longest start of a text that has at most `limit` bytes.
pub(crate) fn within(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stay_whole() {
        assert_eq!(within("abc", 7), "abc");
        assert_eq!(
            ["", "", "", "没", "没"],
            [0, 1, 2, 3, 4].map(|limit| within("没有", limit))
        );
    }
}
