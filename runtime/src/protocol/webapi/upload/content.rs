//! The content of one part, put together.

use bytes::Bytes;

/// Pieces that become one. A single piece is taken as it is; more are copied once, into a buffer that never has more
/// room than bytes may still come.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// The only piece so far.
    single: Bytes,
    joined: Vec<u8>,
}

impl Content {
    pub(super) fn len(&self) -> usize {
        self.single.len() + self.joined.len()
    }

    /// Adds a piece, after which at most `more` bytes come.
    pub(super) fn push(&mut self, piece: Bytes, more: u64) {
        if self.len() == 0 {
            self.single = piece;
            return;
        }
        let needed = self.len() + piece.len();
        if self.joined.capacity() < needed {
            let most = usize::try_from(more).map_or(usize::MAX, |more| needed.saturating_add(more));
            let room = needed.saturating_mul(2).min(most);
            // Blocks of this size are grown by the system without a copy.
            self.joined.reserve_exact(room - self.joined.len());
        }
        self.joined
            .extend_from_slice(&std::mem::take(&mut self.single));
        self.joined.extend_from_slice(&piece);
    }

    /// Takes everything; nothing is left.
    pub(super) fn take(&mut self) -> Bytes {
        if self.joined.is_empty() {
            return std::mem::take(&mut self.single);
        }
        let mut joined = std::mem::take(&mut self.joined);
        joined.shrink_to_fit();
        Bytes::from(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_piece_is_not_copied_and_more_take_no_more_room_than_can_come() {
        let piece = Bytes::from(vec![1; 1000]);
        let mut content = Content::default();
        content.push(piece.clone(), 9000);
        assert_eq!(content.take().as_ptr(), piece.as_ptr());
        let mut left = 10_000;
        while left > 0 {
            left -= 1000;
            content.push(piece.clone(), left);
            assert!(content.joined.capacity() <= 10_000);
        }
        assert_eq!(content.take(), vec![1; 10_000]);
        assert_eq!(content.len(), 0);
    }
}
