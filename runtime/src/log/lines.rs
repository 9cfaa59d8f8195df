//! Takes events and the fields of the spans around them, and writes one line for each.

use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::form::{Form, Line};
use crate::observe::TARGETS;

/// A field's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    /// A number or a truth value, which JSON writes the same.
    Plain(String),
    /// What handlers have set, as `key=value key="some value"`.
    Pairs(String),
}

/// The field that holds what handlers have set, in events and spans of ours.
const HANDLERS: &str = "fields";

/// Fields in order; a later value of a name replaces the earlier.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(pub(super) Vec<(&'static str, Value)>);

/// The layer that prints.
pub(super) struct Lines {
    form: Form,
    writer: Mutex<Box<dyn Write + Send>>,
}

impl Lines {
    pub(super) fn new(form: Form, writer: Box<dyn Write + Send>) -> Self {
        Self {
            form,
            writer: Mutex::new(writer),
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        fields.mark(attributes.metadata());
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
            fields.mark(span.metadata());
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        fields.mark(event.metadata());
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.add_missing(outer);
            }
        }
        let metadata = event.metadata();
        let line = self.form.line(&Line {
            level: *metadata.level(),
            target: metadata.target(),
            message: fields.take("message"),
            fields,
        });
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Nowhere to say that what says it fails.
        let _ = writer.write_all(&line).and_then(|()| writer.flush());
    }
}

impl Fields {
    fn set(&mut self, field: &Field, value: Value) {
        let name = field.name();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes note which text is of handlers: ours alone, as others may call a field the same.
    fn mark(&mut self, of: &Metadata<'_>) {
        if !TARGETS.contains(&of.target()) {
            return;
        }
        if let Some((_, value)) = self.0.iter_mut().find(|(name, _)| *name == HANDLERS)
            && let Value::Text(text) = value
        {
            *value = Value::Pairs(std::mem::take(text));
        }
    }

    fn add_missing(&mut self, outer: &Self) {
        for (name, value) in &outer.0 {
            if !self.0.iter().any(|(known, _)| known == name) {
                self.0.push((name, value.clone()));
            }
        }
    }

    /// Takes a text out; empty if it is not there.
    fn take(&mut self, name: &str) -> String {
        match self.0.iter().position(|(known, _)| *known == name) {
            Some(at) => match self.0.remove(at).1 {
                Value::Text(text) | Value::Plain(text) | Value::Pairs(text) => text,
            },
            None => String::new(),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, Value::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, Value::Text(value.to_owned()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let text = value.to_string();
        self.set(
            field,
            match value.is_finite() {
                true => Value::Plain(text),
                false => Value::Text(text),
            },
        );
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, Value::Plain(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, Value::Plain(value.to_string()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, Value::Plain(value.to_string()));
    }
}
