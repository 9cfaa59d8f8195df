//! Path templates of `google.api.http`: parse and compare.
//!
//! ```text
//! Template = "/" [ Segments ] [ Verb ]         Segments = Segment { "/" Segment }
//! Segment  = "*" | "**" | LITERAL | Variable   Verb     = ":" LITERAL { ":" LITERAL }
//! Variable = "{" FieldPath [ "=" VSegs ] "}"   VSegs    = VSeg { "/" VSeg }
//! VSeg     = "*" | "**" | LITERAL              FieldPath = IDENT { "." IDENT }
//! LITERAL  = 1*( ALPHA DIGIT - . _ ~ ! $ & ' ( ) + , ; = @ | "%" HEX HEX )
//! ```
//! `{x}` means `{x=*}`; `**` stands at most once; no variable is another or begins another.

/// A template, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    /// What a path must look like; equal for templates that match the same paths.
    pub(crate) shape: Shape,
    /// Field paths the template binds, in order.
    pub(crate) variables: Vec<Variable>,
}

/// A template without the names of its variables.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Shape {
    segments: Vec<Segment>,
    verb: Option<Vec<u8>>,
}

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    /// These bytes, after percent-decoding.
    Literal(Vec<u8>),
    /// Any one segment.
    One,
    /// Any number of segments.
    Many,
}

/// A bound field path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// `book.name`
    pub(crate) path: String,
    /// Column in the template, from 1.
    pub(crate) column: usize,
}

/// Why a template does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateError {
    /// Column in the template, from 1, in characters.
    pub(crate) column: usize,
    /// What is wrong there.
    pub(crate) message: String,
}

/// Parses a template.
///
/// # Errors
/// The first thing that is wrong, and its column.
pub(crate) fn parse(template: &str) -> Result<Template, TemplateError> {
    let mut parser = Parser {
        text: template,
        at: 0,
        template: Template {
            shape: Shape::default(),
            variables: Vec::new(),
        },
    };
    parser.template()?;
    Ok(parser.template)
}

struct Parser<'a> {
    text: &'a str,
    /// Byte offset of what comes next.
    at: usize,
    template: Template,
}

impl Parser<'_> {
    fn template(&mut self) -> Result<(), TemplateError> {
        if !self.eat('/') {
            return Err(self.error(self.at, "a path template starts with `/`"));
        }
        match self.peek() {
            None => return Ok(()),
            Some(':') => {}
            Some(_) => self.segments()?,
        }
        match self.peek() {
            Some(':') => self.verb(),
            Some('}') => Err(self.error(self.at, "`}` without `{`")),
            Some('{' | '*') => Err(self.error(
                self.at,
                "a variable or `*` is a segment of its own; put `/` before it",
            )),
            Some(other) => Err(self.error(self.at, format!("unexpected {other:?}"))),
            None => Ok(()),
        }
    }

    fn segments(&mut self) -> Result<(), TemplateError> {
        loop {
            if self.peek() == Some('{') {
                self.variable()?;
            } else {
                self.segment()?;
            }
            if !self.eat('/') {
                return Ok(());
            }
        }
    }

    /// One segment that is no variable.
    fn segment(&mut self) -> Result<(), TemplateError> {
        let start = self.at;
        if self.peek() == Some('{') {
            return Err(self.error(start, "a variable cannot hold another"));
        }
        let segment = if self.eat('*') {
            if self.eat('*') {
                if self.template.shape.segments.contains(&Segment::Many) {
                    return Err(self.error(start, "`**` may stand once only"));
                }
                Segment::Many
            } else {
                Segment::One
            }
        } else {
            Segment::Literal(self.literal("segment")?)
        };
        self.template.shape.segments.push(segment);
        Ok(())
    }

    fn variable(&mut self) -> Result<(), TemplateError> {
        let start = self.at;
        self.eat('{');
        let path = self.field_path()?;
        self.declare(path, start)?;
        if self.eat('=') {
            self.segment()?;
            while self.eat('/') {
                self.segment()?;
            }
        } else {
            self.template.shape.segments.push(Segment::One);
        }
        match self.peek() {
            Some('}') => self.eat('}'),
            Some(':') => {
                return Err(self.error(
                    self.at,
                    "a verb stands at the end of the template, not in a variable",
                ));
            }
            Some(other) => {
                return Err(self.error(self.at, format!("unexpected {other:?} in a variable")));
            }
            None => return Err(self.error(start, "a `{` that nothing closes")),
        };
        match self.peek() {
            None | Some('/' | ':') => Ok(()),
            Some(_) => Err(self.error(
                self.at,
                "a variable is a segment of its own; put `/` after it",
            )),
        }
    }

    fn field_path(&mut self) -> Result<String, TemplateError> {
        let start = self.at;
        loop {
            let part = self.at;
            while self
                .peek()
                .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
            {
                self.at += 1;
            }
            if !crate::names::is_identifier(&self.text[part..self.at]) {
                return Err(self.error(part, "a field name is needed here"));
            }
            if !self.eat('.') {
                return Ok(self.text[start..self.at].to_owned());
            }
        }
    }

    /// Notes a variable, unless an earlier one is the same or holds it, or is held by it.
    fn declare(&mut self, path: String, start: usize) -> Result<(), TemplateError> {
        let within = |inner: &str, outer: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let clash = |other: &&Variable| within(&path, &other.path) || within(&other.path, &path);
        if let Some(other) = self.template.variables.iter().find(clash) {
            let message = if other.path == path {
                format!("variable `{path}` is bound twice")
            } else {
                format!(
                    "variables `{}` and `{path}` bind the same field",
                    other.path
                )
            };
            return Err(self.error(start, message));
        }
        let column = self.column(start);
        self.template.variables.push(Variable { path, column });
        Ok(())
    }

    fn verb(&mut self) -> Result<(), TemplateError> {
        let mut verb = Vec::new();
        while self.eat(':') {
            if !verb.is_empty() {
                verb.push(b':');
            }
            verb.extend(self.literal("verb")?);
        }
        match self.peek() {
            Some('/') => return Err(self.error(self.at, "a verb is the last thing in a template")),
            Some(other) => {
                return Err(self.error(self.at, format!("unexpected {other:?} in a verb")));
            }
            None => {}
        }
        self.template.shape.verb = Some(verb);
        Ok(())
    }

    /// A literal, decoded; at least one character.
    fn literal(&mut self, what: &str) -> Result<Vec<u8>, TemplateError> {
        let mut bytes = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                '%' => bytes.push(self.escape()?),
                c if is_literal(c) => {
                    bytes.push(c as u8);
                    self.at += 1;
                }
                '/' | ':' | '{' | '}' | '*' => break,
                '?' | '#' => {
                    return Err(self.error(
                        self.at,
                        format!("{c:?} ends a path; a template has no query"),
                    ));
                }
                c => return Err(self.error(self.at, format!("{c:?} must be percent-encoded"))),
            }
        }
        if bytes.is_empty() {
            return Err(self.error(self.at, format!("empty {what}")));
        }
        Ok(bytes)
    }

    fn escape(&mut self) -> Result<u8, TemplateError> {
        let hex = self.text.get(self.at + 1..self.at + 3);
        let hex = hex.filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let byte = byte.ok_or_else(|| self.error(self.at, "`%` needs two hex digits after it"))?;
        self.at += 3;
        Ok(byte)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn eat(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    fn column(&self, at: usize) -> usize {
        self.text[..at].chars().count() + 1
    }

    fn error(&self, at: usize, message: impl Into<String>) -> TemplateError {
        TemplateError {
            column: self.column(at),
            message: message.into(),
        }
    }
}

fn is_literal(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&'()+,;=@".contains(c)
}

/// Whether `kind` can be an HTTP method: a token of RFC 9110, or `*` for every method.
pub(crate) fn is_token(kind: &str) -> bool {
    !kind.is_empty()
        && kind
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

#[cfg(test)]
mod tests;
