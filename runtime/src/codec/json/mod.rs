//! ProtoJSON: the JSON form of protobuf messages.
//!
//! [`to_string`], [`to_vec`] and [`from_slice`] use the defaults; [`Options`] changes them and knows the
//! types of [`Any`](crate::wkt::Any) values. Generated code implements [`Message`] for each message and
//! [`EnumValues`] for each enum; the well-known types have their own forms.
//!
//! ```
//! use ezrpc::{json, wkt::Duration};
//!
//! let half = Duration { seconds: 0, nanos: 500_000_000 };
//! assert_eq!(json::to_string(&half)?, r#""0.500s""#);
//! assert_eq!(json::from_slice::<Duration>(br#""0.5s""#)?, half);
//! # Ok::<(), json::Error>(())
//! ```
//!
//! The reader takes RFC 8259 text only, never puts an integer through a float, and stops at a nesting of 100.
//!
//! # proto2
//! Groups stand under their JSON name. A required field that is missing, `null` or an unknown enum value is an error,
//! at any depth and whatever the options. Extensions are unknown members: refused by [`Options::strict`], else ignored,
//! and not printed. Enums are closed: an unknown number is treated as an unknown name is (a number that came by the
//! wire is kept by prost, and printed). Defaults are not printed, for a field that is not set has no value.

pub(crate) mod bind;
mod decimal;
mod error;
mod field;
mod kind;
mod message;
mod number;
mod options;
mod pretty;
mod print;
mod reader;
mod scalar;
mod scan;
mod types;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use bind::{Binder, File, Set, Target, Value};
pub use error::{Error, Result};
pub use field::Field;
pub use kind::{
    Blob, BlobValue, Bool, Double, Enum, EnumValues, Float, Int32, Int64, Key, Kind, Msg,
    NullValue, Str, Uint32, Uint64,
};
pub use message::Message;
pub use options::Options;
pub use reader::Reader;
pub use types::{Dynamic, Type, Types};
pub use writer::Writer;

pub(crate) use scalar::no_fields;

/// The deepest nesting below the outermost message, for reading and for writing.
pub(crate) const DEPTH_LIMIT: u32 = 100;

/// Prints a message as a string, with the default [`Options`].
///
/// # Errors
/// If a value has no JSON form, such as a timestamp out of range or an `Any` of an unknown type.
pub fn to_string<M: Message>(message: &M) -> Result<String> {
    Options::new().to_string(message)
}

/// Prints a message as UTF-8 bytes, with the default [`Options`].
///
/// # Errors
/// As for [`to_string`].
pub fn to_vec<M: Message>(message: &M) -> Result<Vec<u8>> {
    Options::new().to_vec(message)
}

/// Reads a message from one JSON document, with the default [`Options`].
///
/// # Errors
/// If the bytes are not JSON, or not the form of this message; the error names the field and the place.
pub fn from_slice<M: Message + Default>(json: &[u8]) -> Result<M> {
    Options::new().from_slice(json)
}
