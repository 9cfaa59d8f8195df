//! What a handler says of its call, for logs and errors.

use std::borrow::Cow;
use std::fmt;

use super::{Context, lock};

/// A name and what it stands for.
type Field = (Cow<'static, str>, String);

impl Context {
    /// Adds a field to the logs and errors of this call; the last value of a key wins.
    pub fn set_field(&self, key: impl Into<Cow<'static, str>>, value: impl fmt::Display) {
        // Written before it is locked: what is shown may look at the fields itself.
        let field = (key.into(), value.to_string());
        set(&mut lock(&self.inner.fields), field);
        self.record_fields(|| self.fields());
    }

    /// Returns the fields of this call and of those it derives from, outermost first; each key once, as it was said last.
    pub fn fields(&self) -> Vec<(Cow<'static, str>, String)> {
        if self
            .line()
            .all(|context| lock(&context.inner.fields).is_empty())
        {
            return Vec::new();
        }
        let mut line: Vec<&Self> = self.line().collect();
        let mut all = lock(&self.origin().inner.fields).clone();
        line.pop();
        for context in line.into_iter().rev() {
            for field in lock(&context.inner.fields).iter() {
                set(&mut all, field.clone());
            }
        }
        all
    }
}

fn set(fields: &mut Vec<Field>, (key, value): Field) {
    match fields.iter_mut().find(|(known, _)| *known == key) {
        Some(known) => known.1 = value,
        None => fields.push((key, value)),
    }
}

/// Writes fields as `key=value key="some value"`; `None` if there are none.
pub(crate) fn write(fields: &[Field]) -> Option<String> {
    let pairs = fields.iter().map(|(key, value)| {
        let key = key.replace(|c| !is_plain_char(c), "_");
        match is_plain(value) {
            true => format!("{key}={value}"),
            false => format!("{key}={value:?}"),
        }
    });
    let pairs: Vec<String> = pairs.collect();
    (!pairs.is_empty()).then(|| pairs.join(" "))
}

/// Whether a value can stand without quotes.
pub(crate) fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.chars().all(is_plain_char)
}

fn is_plain_char(c: char) -> bool {
    c.is_alphanumeric() || "-_.:/@+,".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_once_as_it_was_said_last() {
        let ctx = Context::background();
        ctx.set_field("shop", 7);
        ctx.set_field("order", "a b");
        let call = ctx.call();
        call.set_field("shop", 8);
        assert_eq!(
            write(&call.fields()).as_deref(),
            Some("shop=8 order=\"a b\"")
        );
        assert_eq!(
            write(&ctx.fields()).as_deref(),
            Some("shop=7 order=\"a b\"")
        );
        assert_eq!(write(&Context::background().fields()), None);
        struct Looks(Context);
        impl fmt::Display for Looks {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.fields().len())
            }
        }
        ctx.set_field("known", Looks(ctx.clone()));
        assert_eq!(write(&ctx.fields()[2..]).as_deref(), Some("known=2"));
        let forged = [("a b\n\u{1b}=\"".into(), "x\ny".to_owned())];
        assert_eq!(write(&forged).as_deref(), Some("a_b____=\"x\\ny\""));
    }
}
