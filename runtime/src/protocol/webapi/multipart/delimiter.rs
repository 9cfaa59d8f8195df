//! Finds the line break, `--` and boundary between parts.

use bytes::{Buf, Bytes};

/// Where the search for a delimiter stands. A piece may end anywhere in one.
#[derive(Debug)]
pub(super) struct Delimiter {
    /// CR LF `--` boundary.
    whole: Bytes,
    /// Where in `whole` the delimiter begins: at LF for forms with such lines.
    start: usize,
    /// Where in `whole` the candidate began: past the line break at the start of a line.
    from: usize,
    /// How much of `whole` the candidate matches so far.
    matched: usize,
    /// How far to go on when a byte stands under the last of the delimiter (Boyer, Moore and Horspool).
    shift: Box<[u8; 256]>,
    /// A delimiter line was seen, which tells how lines end.
    lines_known: bool,
}

/// Length of CR LF.
const LINE_BREAK: usize = 2;

/// Whether a delimiter was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Behind it.
    Whole,
    /// Perhaps the beginning of one.
    NotYet,
}

impl Delimiter {
    /// Makes the search for a boundary of at most 70 characters, at the start of a body.
    pub(super) fn new(boundary: &str) -> Self {
        let whole = Bytes::from(["\r\n--", boundary].concat());
        // For the shorter delimiter, LF first: its shifts are safe for the longer one too.
        let pattern = &whole[1..];
        // A pattern is at most 73 bytes long.
        let length = |n: usize| u8::try_from(n).unwrap_or(1).max(1);
        let last = pattern.len() - 1;
        let mut shift = Box::new([length(pattern.len()); 256]);
        for (at, &byte) in pattern[..last].iter().enumerate() {
            shift[usize::from(byte)] = length(last - at);
        }
        Self {
            whole,
            start: 1,
            from: LINE_BREAK,
            matched: LINE_BREAK,
            shift,
            lines_known: false,
        }
    }

    /// Goes on to the end of the next delimiter or of the piece, and returns what is certainly before it.
    pub(super) fn search(&mut self, piece: &mut Bytes) -> (Option<Bytes>, Found) {
        if self.matched > self.start {
            return self.resume(piece);
        }
        let at = self.find(piece);
        let before = piece.split_to(at);
        self.matched = (self.start + piece.len()).min(self.whole.len());
        piece.advance(self.matched - self.start);
        (Some(before), self.found())
    }

    /// Compares on where the piece before left off.
    fn resume(&mut self, piece: &mut Bytes) -> (Option<Bytes>, Found) {
        let wanted = &self.whole[self.matched..];
        let same = wanted.iter().zip(piece.iter()).take_while(|(a, b)| a == b);
        let same = same.count();
        piece.advance(same);
        self.matched += same;
        let held = match piece.is_empty() || self.matched == self.whole.len() {
            true => None,
            // No line break is in it, so that no delimiter can begin in it either.
            false => Some(self.restart()),
        };
        (held, self.found())
    }

    /// Where a delimiter begins, or what may become one at the end; the length if there is neither.
    fn find(&self, data: &[u8]) -> usize {
        let pattern = &self.whole[self.start..];
        let mut at = 0;
        while let Some(window) = data.get(at..at + pattern.len()) {
            // The first byte is rare; comparing it first keeps the worst case linear.
            if window[0] == pattern[0] && window == pattern {
                return at;
            }
            at += usize::from(self.shift[usize::from(window[pattern.len() - 1])]);
        }
        (at.min(data.len())..data.len())
            .find(|&at| pattern.starts_with(&data[at..]))
            .unwrap_or(data.len())
    }

    fn found(&self) -> Found {
        match self.matched == self.whole.len() {
            true => Found::Whole,
            false => Found::NotYet,
        }
    }

    /// Takes the candidate for content, and returns it.
    pub(super) fn restart(&mut self) -> Bytes {
        let held = self.whole.slice(self.from..self.matched);
        (self.from, self.matched) = (self.start, self.start);
        held
    }

    /// Goes on behind a delimiter line, whose line end tells which ones the form has.
    pub(super) fn next_part(&mut self, crlf: bool) {
        if !self.lines_known {
            self.start = usize::from(!crlf);
            self.lines_known = true;
        }
        // The empty line before the content ends a line: an empty part needs no other.
        (self.from, self.matched) = (LINE_BREAK, LINE_BREAK);
    }
}
