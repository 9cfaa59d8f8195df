//! `google.protobuf.Struct`, `Value` and `ListValue`: any JSON.

use prost_types::{ListValue, Struct, Value, value::Kind};

use crate::codec::json::{Error, Message, Reader, Result, Writer, no_fields};

impl Message for Struct {
    no_fields!();

    fn read_text(&mut self, r: &mut Reader<'_>) -> Result {
        r.bind_json_text(self)
    }

    fn write(&self, w: &mut Writer<'_>) -> Result {
        w.enter()?;
        w.push(b'{');
        for (key, value) in &self.fields {
            w.any_key(key);
            value.write(w).map_err(|error| error.in_entry(key))?;
        }
        w.push(b'}');
        w.leave();
        Ok(())
    }

    fn read(&mut self, r: &mut Reader<'_>) -> Result {
        self.fields.clear();
        r.brace()?;
        r.enter()?;
        let mut first = true;
        while r.next_entry(first)? {
            first = false;
            let start = r.position();
            let key = r.string()?.into_owned();
            r.colon()?;
            r.note(&key);
            let mut value = Value::default();
            if let Err(error) = value.read(r) {
                return Err(error.in_entry(&key));
            }
            if r.rejects_duplicates() && self.fields.contains_key(&key) {
                return Err(r.error_at(start, "duplicate key").in_entry(&key));
            }
            self.fields.insert(key, value);
        }
        r.leave();
        Ok(())
    }
}

impl Message for ListValue {
    no_fields!();

    fn read_text(&mut self, r: &mut Reader<'_>) -> Result {
        r.bind_json_text(self)
    }

    fn write(&self, w: &mut Writer<'_>) -> Result {
        w.enter()?;
        w.push(b'[');
        for (nth, value) in self.values.iter().enumerate() {
            if nth != 0 {
                w.push(b',');
            }
            value.write(w).map_err(|error| error.in_item(nth))?;
        }
        w.push(b']');
        w.leave();
        Ok(())
    }

    fn read(&mut self, r: &mut Reader<'_>) -> Result {
        self.values.clear();
        r.leave_mask();
        r.array()?;
        r.enter()?;
        while r.next_item(self.values.is_empty())? {
            let mut value = Value::default();
            if let Err(error) = value.read(r) {
                return Err(error.in_item(self.values.len()));
            }
            self.values.push(value);
        }
        r.leave();
        Ok(())
    }
}

impl Message for Value {
    no_fields!();

    fn read_text(&mut self, r: &mut Reader<'_>) -> Result {
        r.bind_json_text(self)
    }

    fn write(&self, w: &mut Writer<'_>) -> Result {
        match &self.kind {
            Some(Kind::NullValue(_)) => w.raw(b"null"),
            Some(Kind::BoolValue(value)) => w.raw(if *value { b"true" } else { b"false" }),
            Some(Kind::NumberValue(value)) if value.is_finite() => w.double(*value),
            Some(Kind::NumberValue(value)) => {
                return Err(Error::new(format!("{value} has no form in a Value")));
            }
            Some(Kind::StringValue(value)) => w.string(value),
            Some(Kind::StructValue(value)) => return value.write(w),
            Some(Kind::ListValue(value)) => return value.write(w),
            None => return Err(Error::new("a Value without a kind has no JSON form")),
        }
        Ok(())
    }

    fn read(&mut self, r: &mut Reader<'_>) -> Result {
        let kind = match r.peek() {
            Some(b'{') => {
                let mut value = Struct::default();
                value.read(r)?;
                Kind::StructValue(value)
            }
            Some(b'[') => {
                let mut value = ListValue::default();
                value.read(r)?;
                Kind::ListValue(value)
            }
            Some(b'"') => Kind::StringValue(r.string()?.into_owned()),
            Some(b'n') => {
                r.null()?;
                Kind::NullValue(0)
            }
            Some(b't' | b'f') => Kind::BoolValue(r.boolean()?),
            Some(b'-' | b'0'..=b'9') => Kind::NumberValue(r.double()?),
            _ => return Err(r.expected("a value")),
        };
        self.kind = Some(kind);
        Ok(())
    }

    fn null_is_value() -> bool {
        true
    }
}
