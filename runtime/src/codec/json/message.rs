//! The trait generated code implements for each message.

use super::{Field, Reader, Result, Writer};

/// A message with a JSON form.
///
/// Generated code writes the three required methods, which see one field at a time; the JSON object around them
/// is the provided [`write`](Message::write) and [`read`](Message::read), which types of another form replace.
pub trait Message {
    /// The fields, in declaration order; other methods speak of them by index.
    fn fields(&self) -> &'static [Field];

    /// Writes each field that is set.
    ///
    /// # Errors
    /// If a value has no JSON form.
    fn write_fields(&self, w: &mut Writer<'_>) -> Result;

    /// Reads the value of the field at `index` of [`fields`](Message::fields), replacing what it held.
    ///
    /// # Errors
    /// If the value is not of the field's type.
    fn read_field(&mut self, index: usize, r: &mut Reader<'_>) -> Result;

    /// The indices of proto2 required fields.
    #[inline]
    fn required(&self) -> &'static [usize] {
        &[]
    }

    /// Writes the whole value.
    ///
    /// # Errors
    /// If a value has no JSON form.
    #[inline]
    fn write(&self, w: &mut Writer<'_>) -> Result {
        let outer = w.open(self.fields())?;
        self.write_fields(w)?;
        w.close(outer);
        Ok(())
    }

    /// Reads the whole value; fields that the text does not name keep what they held.
    ///
    /// # Errors
    /// If the text is not the form of this message.
    #[inline]
    fn read(&mut self, r: &mut Reader<'_>) -> Result {
        let fields = self.fields();
        let mut object = r.object(!self.required().is_empty())?;
        while let Some(index) = r.next_field(&mut object, fields)? {
            if let Err(error) = self.read_field(index, r) {
                return Err(error.in_field(fields[index].json_name()));
            }
        }
        r.check_required(&object, fields, self.required())
    }

    /// Sets the whole value from a text that is no JSON, for types that have such a form.
    #[doc(hidden)]
    fn read_text(&mut self, r: &mut Reader<'_>) -> Result {
        r.no_text()
    }

    /// Whether `null` is a value of this type, rather than its absence; so for `google.protobuf.Value`.
    #[doc(hidden)]
    #[inline]
    fn null_is_value() -> bool
    where
        Self: Sized,
    {
        false
    }
}

impl<M: Message> Message for Box<M> {
    #[inline]
    fn fields(&self) -> &'static [Field] {
        (**self).fields()
    }

    #[inline]
    fn write_fields(&self, w: &mut Writer<'_>) -> Result {
        (**self).write_fields(w)
    }

    #[inline]
    fn read_field(&mut self, index: usize, r: &mut Reader<'_>) -> Result {
        (**self).read_field(index, r)
    }

    #[inline]
    fn required(&self) -> &'static [usize] {
        (**self).required()
    }

    #[inline]
    fn write(&self, w: &mut Writer<'_>) -> Result {
        (**self).write(w)
    }

    #[inline]
    fn read(&mut self, r: &mut Reader<'_>) -> Result {
        (**self).read(r)
    }

    fn read_text(&mut self, r: &mut Reader<'_>) -> Result {
        (**self).read_text(r)
    }

    #[inline]
    fn null_is_value() -> bool {
        M::null_is_value()
    }
}
