//! The messages of an upload into a stream: which fields have the file, and which what is known of it.

use std::marker::PhantomData;

use bytes::Bytes;

use super::fields::{Fields, Part};
use crate::codec::Message;
use crate::codec::json::{Binder, File, Value};
use crate::error::{Code, Error, Result};
use crate::method::UploadStream;
use crate::protocol::webapi::multipart::PartHead;
use crate::protocol::wire::Wire;

/// Makes the messages of one upload.
pub(super) struct Shaped<M> {
    wire: Wire,
    /// The field that has the chunks.
    chunk: String,
    /// The message within the first message that has all other fields; empty if that is the first message itself.
    meta: &'static str,
    /// Where the file's media type goes.
    content_type: String,
    /// Where its name goes.
    filename: String,
    /// Whether another file may follow: with a message of its own before it.
    pub(super) many: bool,
    /// The length of the file, if it is known.
    size: Option<u64>,
    messages: PhantomData<fn() -> M>,
}

impl<M: Message> Shaped<M> {
    pub(super) fn new(shape: UploadStream, wire: Wire, size: Option<u64>) -> Self {
        let (chunk, meta, holder) = match shape {
            UploadStream::Oneof { meta, chunk } => (chunk.to_owned(), meta, Some(meta)),
            UploadStream::Flat { data } => (data.to_owned(), "", None),
            UploadStream::HttpBody => ("data".to_owned(), "", None),
            UploadStream::HttpBodyField { field } => (format!("{field}.data"), "", Some(field)),
        };
        let within = |name: &str| match holder {
            Some(holder) => format!("{holder}.{name}"),
            None => name.to_owned(),
        };
        Self {
            wire,
            chunk,
            meta,
            content_type: within("content_type"),
            filename: match shape {
                UploadStream::HttpBodyField { .. } => "filename".to_owned(),
                _ => within("filename"),
            },
            many: matches!(shape, UploadStream::Oneof { .. }),
            size,
            messages: PhantomData,
        }
    }

    /// Whether a part is the file even if it has no file name: it is called like the field for it.
    pub(super) fn is_chunk(&self, name: &str) -> bool {
        self.chunk == name || self.chunk.split('.').next() == Some(name)
    }

    /// How long a message may be.
    pub(super) fn longest_message(&self) -> usize {
        self.wire.settings.max_message
    }

    /// The message before a file: all that is known so far. `head` is none if there is no file.
    ///
    /// # Errors
    /// As [`Fields::fill`].
    pub(super) fn first(&self, parts: &[Part], head: Option<&PartHead>) -> Result<M> {
        let prefix = match self.meta {
            "" => String::new(),
            meta => format!("{meta}."),
        };
        let mut fields = Fields::new(&self.wire, &prefix);
        // There, even if nothing is known.
        if !self.meta.is_empty() {
            fields.hint(self.meta, Value::Json(b"{}"));
        }
        let mut parts: Vec<Part> = parts.to_vec();
        match (fields.request(&mut parts), self.meta) {
            (Some(request), "") => fields.merge(&request.data)?,
            (Some(request), meta) => fields.replace(meta, &request.data)?,
            (None, _) => {}
        }
        if let Some(head) = head {
            let filename = head.filename.as_deref().unwrap_or_default();
            fields.hint(&self.filename, Value::Text(filename));
            fields.hint(&self.content_type, Value::Text(head.content_type()));
        }
        if let Some(size) = self.size {
            fields.hint(&format!("{prefix}size"), Value::Number(size));
        }
        fields.fill(parts)?;
        Ok(fields.message)
    }

    /// A message with a part of the file.
    ///
    /// # Errors
    /// [`Code::Internal`] if the message has no such field, which the generator rules out.
    pub(super) fn chunk(&self, data: Bytes) -> Result<M> {
        let file = Value::File(File {
            filename: "",
            content_type: "",
            data,
        });
        let mut message = M::default();
        let options = &self.wire.settings.json;
        let set = Binder::default().fix(&mut message, &self.chunk, file, options);
        set.map_err(|error| Error::bare(Code::Internal, error.to_string()))?;
        Ok(message)
    }
}
