//! What the variables of a template took of a path: decoded only when asked for.

use std::ops::Range;
use std::str::Utf8Error;

use super::escape;
use super::template::{Segment, Template, Variable};

/// Which escapes are decoded in a path variable of several segments (`{name=shelves/*}`, `{name=**}`).
///
/// In a variable of one segment all of them are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PathDecoding {
    /// All but `%2F`, which stays as written, so that it is not taken for a separator.
    #[default]
    AllExceptSlash,
    /// All but those of the characters RFC 6570 reserves: `:/?#[]@!$&'()*+,;=`.
    AllExceptReserved,
    /// All.
    All,
}

/// How captures are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Decoding {
    pub(crate) mode: PathDecoding,
    /// Takes `.` and `..` as segments of what `**` captures.
    pub(crate) dot_segments: bool,
}

/// Why a capture cannot be had; holds the field path of the variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadCapture<'t> {
    /// Its bytes are not UTF-8 after decoding.
    NotUtf8(&'t str),
    /// A segment of its `**` is `.` or `..`.
    DotSegment(&'t str),
}

/// The match of a path, not yet taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Captures<'s, 't, 'p> {
    pub(super) template: &'s Template<'t>,
    /// The path without its leading `/` and without the verb; `None` for no segments.
    pub(super) path: Option<&'p str>,
}

impl<'t> Captures<'_, 't, '_> {
    /// Decodes the variables, in the order of the template.
    ///
    /// # Errors
    /// The first variable that cannot be decoded, or may not.
    pub(crate) fn decode(
        &self,
        decoding: Decoding,
    ) -> Result<Vec<(&'t str, String)>, BadCapture<'t>> {
        let Self { template, path } = *self;
        if template.variables.is_empty() {
            return Ok(Vec::new());
        }
        let path = path.unwrap_or_default();
        let spans = spans(&template.segments, path);
        let decode = |variable: &Variable<'t>| {
            let segments = &template.segments[variable.start..variable.end];
            let spans = &spans[variable.start..variable.end];
            let keeps = match *segments {
                [Segment::Literal(_) | Segment::One] => |_| false,
                _ => decoding.mode.keeps(),
            };
            let text = |span: &Range<usize>| escape::decode(&path[span.clone()], keeps);
            if !decoding.dot_segments && has_dot_segment(segments, spans, text) {
                return Err(BadCapture::DotSegment(variable.path));
            }
            let value = text(&whole(spans)).map_err(|_| BadCapture::NotUtf8(variable.path))?;
            Ok((variable.path, value))
        };
        template.variables.iter().map(decode).collect()
    }
}

impl PathDecoding {
    fn keeps(self) -> fn(u8) -> bool {
        match self {
            PathDecoding::AllExceptSlash => |byte| byte == b'/',
            PathDecoding::AllExceptReserved => |byte| b":/?#[]@!$&'()*+,;=".contains(&byte),
            PathDecoding::All => |_| false,
        }
    }
}

/// Where each segment of a template stands in a path it matches; `None` for a `**` that took no segment.
fn spans(segments: &[Segment], path: &str) -> Vec<Option<Range<usize>>> {
    let mut at = 0;
    let mut spans = Vec::with_capacity(segments.len());
    for (index, segment) in segments.iter().enumerate() {
        if *segment == Segment::Many {
            let stop = tail_start(path, segments.len() - index - 1);
            spans.push((stop > at).then(|| at..stop - 1));
            at = at.max(stop);
            continue;
        }
        let start = at.min(path.len());
        let end = path[start..]
            .find('/')
            .map_or(path.len(), |slash| start + slash);
        spans.push(Some(start..end));
        at = end + 1;
    }
    spans
}

/// Where the last `count` segments start, or, for none, where one more would.
fn tail_start(path: &str, count: usize) -> usize {
    (0..count).fold(path.len() + 1, |end, _| {
        path[..end.saturating_sub(1)]
            .rfind('/')
            .map_or(0, |slash| slash + 1)
    })
}

/// From the first to the last span.
fn whole(spans: &[Option<Range<usize>>]) -> Range<usize> {
    let mut spans = spans.iter().flatten();
    let Some(first) = spans.next() else {
        return 0..0;
    };
    first.start..spans.last().unwrap_or(first).end
}

/// Whether a segment of what `**` took is `.` or `..`, as the value will have it.
fn has_dot_segment(
    segments: &[Segment],
    spans: &[Option<Range<usize>>],
    decode: impl Fn(&Range<usize>) -> Result<String, Utf8Error>,
) -> bool {
    let mut spans = segments.iter().zip(spans);
    let many = spans.find(|(segment, _)| **segment == Segment::Many);
    let Some((_, Some(span))) = many else {
        return false;
    };
    decode(span).is_ok_and(|text| text.split('/').any(|part| matches!(part, "." | "..")))
}
