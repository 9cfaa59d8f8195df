//! Path templates, taken apart.
//!
//! The generator has checked those it prints and said where what is wrong; here the same grammar only has to be
//! safe against templates of another make, so an error has no column.
//!
//! ```text
//! Template = "/" [ Segments ] [ Verb ]         Segments = Segment { "/" Segment }
//! Segment  = "*" | "**" | LITERAL | Variable   Verb     = ":" LITERAL { ":" LITERAL }
//! Variable = "{" FieldPath [ "=" VSegs ] "}"   VSegs    = VSeg { "/" VSeg }
//! VSeg     = "*" | "**" | LITERAL              FieldPath = IDENT { "." IDENT }
//! ```

use super::escape;

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template<'t> {
    pub(super) segments: Vec<Segment>,
    pub(super) variables: Vec<Variable<'t>>,
    /// What stands behind the `:`, decoded.
    pub(super) verb: Option<Vec<u8>>,
}

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Segment {
    /// These bytes, after decoding.
    Literal(Vec<u8>),
    /// `*`: any one segment that is not empty.
    One,
    /// `**`: any number of segments; once in a template.
    Many,
}

/// A bound field path and the segments it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable<'t> {
    /// `book.name`
    pub(super) path: &'t str,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Why a template does not parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadTemplate(pub(crate) &'static str);

impl<'t> Template<'t> {
    /// Takes a template apart.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(crate) fn parse(text: &'t str) -> Result<Self, BadTemplate> {
        let text = text.strip_prefix('/');
        let text = text.ok_or(BadTemplate("a path template starts with `/`"))?;
        let mut template = Self {
            segments: Vec::new(),
            variables: Vec::new(),
            verb: None,
        };
        let (path, verb) = split_verb(text);
        template.verb = verb.map(parse_verb).transpose()?;
        let mut rest = (!path.is_empty()).then_some(path);
        while let Some(path) = rest {
            rest = match path.strip_prefix('{') {
                Some(path) => template.variable(path)?,
                None => template.segment(path)?,
            };
        }
        Ok(template)
    }

    /// Reads a variable after its `{`; returns what follows its `/`.
    fn variable(&mut self, text: &'t str) -> Result<Option<&'t str>, BadTemplate> {
        let (inner, after) = text.split_once('}').ok_or(BadTemplate("a `{` is open"))?;
        let rest = match after.strip_prefix('/') {
            None if after.is_empty() => None,
            None => return Err(BadTemplate("text stands next to a `}`")),
            rest => rest,
        };
        let (path, pattern) = inner.split_once('=').unwrap_or((inner, "*"));
        if !path.split('.').all(is_identifier) {
            return Err(BadTemplate("a variable has no field name"));
        }
        if self.variables.iter().any(|v| overlap(v.path, path)) {
            return Err(BadTemplate("two variables bind one field"));
        }
        let start = self.segments.len();
        let mut inner = Some(pattern);
        while let Some(pattern) = inner {
            inner = self.segment(pattern)?;
        }
        let end = self.segments.len();
        self.variables.push(Variable { path, start, end });
        Ok(rest)
    }

    /// Reads a segment that is no variable; returns what follows its `/`.
    fn segment(&mut self, text: &'t str) -> Result<Option<&'t str>, BadTemplate> {
        let (segment, rest) = match text.split_once('/') {
            Some((segment, rest)) => (segment, Some(rest)),
            None => (text, None),
        };
        let segment = match segment {
            "*" => Segment::One,
            "**" if self.segments.contains(&Segment::Many) => {
                return Err(BadTemplate("`**` stands twice"));
            }
            "**" => Segment::Many,
            literal => Segment::Literal(parse_literal(literal)?),
        };
        self.segments.push(segment);
        Ok(rest)
    }
}

/// Cuts a template at the first `:` that stands behind the last `/` and outside braces.
fn split_verb(text: &str) -> (&str, Option<&str>) {
    let outside = text.rfind('}').map_or(0, |at| at + 1);
    let last = text[outside..]
        .rfind('/')
        .map_or(outside, |at| outside + at);
    match text[last..].split_once(':') {
        Some((head, verb)) => (&text[..last + head.len()], Some(verb)),
        None => (text, None),
    }
}

fn parse_verb(text: &str) -> Result<Vec<u8>, BadTemplate> {
    let parts: Result<Vec<_>, _> = text.split(':').map(parse_literal).collect();
    Ok(parts?.join(&b':'))
}

fn parse_literal(text: &str) -> Result<Vec<u8>, BadTemplate> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=@%".contains(&byte);
    if text.is_empty() {
        return Err(BadTemplate("a segment or verb is empty"));
    }
    if !text.bytes().all(is_plain) || !escape::is_well_formed(text.as_bytes()) {
        return Err(BadTemplate("a character stands where it cannot"));
    }
    Ok(escape::Bytes(text.as_bytes()).collect())
}

fn is_identifier(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether two field paths are equal, or one leads into the other.
fn overlap(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    long.strip_prefix(short)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
