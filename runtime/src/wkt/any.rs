//! `google.protobuf.Any`: the message it holds, with its type.

use prost_types::Any;

use crate::codec::json::{Dynamic, Error, Message, Reader, Result, Type, Writer, no_fields};

const EMPTY: &str = "google.protobuf.Empty";

impl Message for Any {
    no_fields!();

    fn write(&self, w: &mut Writer<'_>) -> Result {
        if self.type_url.is_empty() && self.value.is_empty() {
            w.raw(b"{}");
            return Ok(());
        }
        let ty = lookup(&self.type_url, |name| w.find_type(name)).map_err(Error::new)?;
        let message = ty.decode(&self.value).map_err(|error| {
            let name = ty.name();
            Error::new(format!("the Any does not hold a valid {name}: {error}"))
        })?;
        let outer = w.open(message.fields())?;
        w.any_key("@type");
        w.string(&self.type_url);
        if is_special(ty.name()) {
            w.any_key("value");
            message.write(w)?;
        } else {
            message.write_fields(w)?;
        }
        w.close(outer);
        Ok(())
    }

    fn read(&mut self, r: &mut Reader<'_>) -> Result {
        r.leave_mask();
        let start = r.position();
        let Some(type_url) = find_type_url(r)? else {
            *self = Self::default();
            return Ok(());
        };
        let ty = lookup(&type_url, |name| r.find_type(name))
            .map_err(|message| r.error_at(start, message))?;
        let mut message = ty.new_message();
        r.rewind(start);
        if is_special(ty.name()) || ty.name() == EMPTY {
            r.enter()?;
            read_value(&ty, &mut *message, r)?;
            r.leave();
        } else {
            r.enter_any();
            message.read(r)?;
        }
        self.value = message.encode();
        self.type_url = type_url;
        Ok(())
    }
}

/// The type that a URL ends with.
fn lookup(
    type_url: &str,
    find: impl Fn(&str) -> Option<Type>,
) -> std::result::Result<Type, String> {
    match type_url.rsplit_once('/') {
        Some((_, name)) => {
            find(name).ok_or_else(|| format!("the type {name:?} of an Any is not known here"))
        }
        None => Err(format!("{type_url:?} is not a type URL: it has no `/`")),
    }
}

/// Whether a type's JSON is not an object of its fields, so that an Any holds it as `value`.
fn is_special(name: &str) -> bool {
    let Some(name) = name.strip_prefix("google.protobuf.") else {
        return false;
    };
    matches!(
        name,
        "Any"
            | "BoolValue"
            | "BytesValue"
            | "DoubleValue"
            | "Duration"
            | "FieldMask"
            | "FloatValue"
            | "Int32Value"
            | "Int64Value"
            | "ListValue"
            | "StringValue"
            | "Struct"
            | "Timestamp"
            | "UInt32Value"
            | "UInt64Value"
            | "Value"
    )
}

/// Finds the `@type` of the object that comes next, wherever it stands, and reads past the object's end if there
/// is none: `None` for `{}`.
fn find_type_url(r: &mut Reader<'_>) -> Result<Option<String>> {
    let start = r.position();
    r.brace()?;
    r.enter()?;
    let mut first = true;
    while r.next_entry(first)? {
        first = false;
        let key = r.string()?;
        r.colon()?;
        if key == "@type" {
            let type_url = r.string()?.into_owned();
            r.leave();
            return Ok(Some(type_url));
        }
        r.skip()?;
    }
    r.leave();
    if first {
        return Ok(None);
    }
    Err(r.error_at(start, "an Any needs a member \"@type\""))
}

/// Reads the object of a type that stands under `value`.
fn read_value(ty: &Type, message: &mut dyn Dynamic, r: &mut Reader<'_>) -> Result {
    let start = r.position();
    r.brace()?;
    let (mut first, mut typed, mut found) = (true, false, false);
    while r.next_entry(first)? {
        first = false;
        let at = r.position();
        let key = r.string()?;
        r.colon()?;
        let again = match &*key {
            "@type" => std::mem::replace(&mut typed, true),
            "value" => std::mem::replace(&mut found, true),
            _ => false,
        };
        if again && r.rejects_duplicates() {
            return Err(r.error_at(at, "duplicate key"));
        }
        match &*key {
            "@type" => r.skip()?,
            "value" => {
                message.read(r).map_err(|error| error.in_field("value"))?;
            }
            key => r.unknown_field(at, key)?,
        }
    }
    // Some implementations print an Empty under `value` too; ours does not.
    if found || ty.name() == EMPTY {
        return Ok(());
    }
    let name = ty.name();
    Err(r.error_at(start, format!("an Any of {name} needs a member \"value\"")))
}
