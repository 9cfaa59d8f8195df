//! How a value of each protobuf type is written and read.

use std::{borrow::Cow, fmt::Debug, marker::PhantomData};

use bytes::Bytes;

use super::{
    Message, Reader, Result, Writer,
    number::{self, Int},
};
use crate::base64;

/// A protobuf type; generated code names one for each field.
pub trait Kind: sealed::Sealed {
    /// The Rust type of the field.
    type Value: Default;

    /// Whether `null` is a value of this type, rather than its absence.
    #[doc(hidden)]
    #[inline]
    fn null_is_value() -> bool {
        false
    }

    /// Whether a field without presence leaves this value out.
    #[doc(hidden)]
    fn is_default(value: &Self::Value) -> bool;

    /// Appends the value.
    #[doc(hidden)]
    fn write(value: &Self::Value, w: &mut Writer<'_>) -> Result;

    /// Reads a value; false if it is to be dropped: an enum name that a lenient reader does not know.
    #[doc(hidden)]
    fn read(slot: &mut Self::Value, r: &mut Reader<'_>) -> Result<bool>;

    /// Reads a value from a text that is no JSON: a query parameter, a path segment, a part of a form.
    #[doc(hidden)]
    fn parse(text: &str) -> Parsed<Self::Value>;

    /// Sets the value, or a field within it, from what a reader of one field was given.
    #[doc(hidden)]
    fn bind(slot: &mut Self::Value, r: &mut Reader<'_>) -> Result
    where
        Self: Sized,
    {
        r.bind_scalar::<Self>(slot)
    }
}

/// A value from a text, or what the text should have been, as in "is not {..}".
#[doc(hidden)]
pub type Parsed<T> = std::result::Result<T, Cow<'static, str>>;

/// A protobuf type that can be the key of a map.
pub trait Key: Kind<Value: Ord + Debug> {
    /// Appends the key as a JSON string.
    #[doc(hidden)]
    fn write_key(key: &Self::Value, w: &mut Writer<'_>);

    /// Reads the key from a JSON string.
    #[doc(hidden)]
    fn read_key(r: &mut Reader<'_>) -> Result<Self::Value>;
}

/// The values of an enum, for [`Enum`].
pub trait EnumValues {
    /// Names and numbers, aliases too, in declaration order.
    const VALUES: &'static [(&'static str, i32)];

    /// Whether there are no other numbers: enums of proto2. Unknown numbers in JSON are then as unknown names are.
    const CLOSED: bool = false;
}

/// The Rust types of `bytes` fields, for [`Blob`].
pub trait BlobValue: Default + AsRef<[u8]> + From<Vec<u8>> + From<Bytes> {}
impl BlobValue for Bytes {}
impl BlobValue for Vec<u8> {}

mod sealed {
    pub trait Sealed {}
}

macro_rules! integers {
    ($($kind:ident $rust:ident $name:literal $write:ident;)*) => {$(
        #[doc = concat!("`", $name, "` and the other encodings of it.")]
        #[derive(Debug)]
        pub enum $kind {}
        impl sealed::Sealed for $kind {}

        impl Kind for $kind {
            type Value = $rust;

            #[inline]
            fn is_default(value: &$rust) -> bool {
                *value == 0
            }

            #[inline]
            fn write(value: &$rust, w: &mut Writer<'_>) -> Result {
                w.$write(*value);
                Ok(())
            }

            #[inline]
            fn read(slot: &mut $rust, r: &mut Reader<'_>) -> Result<bool> {
                let int = r.integer()?;
                match narrow(int) {
                    Some(value) => *slot = value,
                    None => return Err(r.out_of_range(int, $name)),
                }
                Ok(true)
            }

            fn parse(text: &str) -> Parsed<$rust> {
                let int = number::integer(text.as_bytes()).ok();
                int.and_then(narrow).ok_or(Cow::Borrowed($name))
            }
        }

        impl Key for $kind {
            #[inline]
            fn write_key(key: &$rust, w: &mut Writer<'_>) {
                w.quoted_integer(*key);
            }

            #[inline]
            fn read_key(r: &mut Reader<'_>) -> Result<$rust> {
                r.check_key()?;
                let mut key = 0;
                Self::read(&mut key, r)?;
                Ok(key)
            }
        }
    )*};
}

integers! {
    Int32 i32 "int32" integer;
    Uint32 u32 "uint32" integer;
    Int64 i64 "int64" quoted_integer;
    Uint64 u64 "uint64" quoted_integer;
}

/// The value as a narrower type, if it fits.
#[inline]
pub(super) fn narrow<T: TryFrom<i64> + TryFrom<u64>>(int: Int) -> Option<T> {
    if int.negative {
        // `checked_sub_unsigned` takes the magnitude of `i64::MIN` too.
        T::try_from(0i64.checked_sub_unsigned(int.magnitude)?).ok()
    } else {
        T::try_from(int.magnitude).ok()
    }
}

macro_rules! floats {
    ($($kind:ident $rust:ident $name:literal $method:ident;)*) => {$(
        #[doc = concat!("`", $name, "`.")]
        #[derive(Debug)]
        pub enum $kind {}
        impl sealed::Sealed for $kind {}

        impl Kind for $kind {
            type Value = $rust;

            #[inline]
            fn is_default(value: &$rust) -> bool {
                // By bits: a negative zero is not the default.
                value.to_bits() == 0
            }

            #[inline]
            fn write(value: &$rust, w: &mut Writer<'_>) -> Result {
                w.$method(*value);
                Ok(())
            }

            #[inline]
            fn read(slot: &mut $rust, r: &mut Reader<'_>) -> Result<bool> {
                *slot = r.$method()?;
                Ok(true)
            }

            fn parse(text: &str) -> Parsed<$rust> {
                match text {
                    "NaN" => return Ok($rust::NAN),
                    "Infinity" => return Ok($rust::INFINITY),
                    "-Infinity" => return Ok($rust::NEG_INFINITY),
                    _ => {}
                }
                // JSON's grammar of numbers is within that of `parse`.
                let number = number::token(text.as_bytes()) == Some(text.len());
                let value = number.then(|| text.parse().ok()).flatten();
                value.filter(|value: &$rust| value.is_finite()).ok_or(Cow::Borrowed($name))
            }
        }
    )*};
}

floats! {
    Float f32 "float" float;
    Double f64 "double" double;
}

/// `bool`.
#[derive(Debug)]
pub enum Bool {}
impl sealed::Sealed for Bool {}

impl Kind for Bool {
    type Value = bool;

    #[inline]
    fn is_default(value: &bool) -> bool {
        !*value
    }

    #[inline]
    fn write(value: &bool, w: &mut Writer<'_>) -> Result {
        w.raw(if *value { b"true" } else { b"false" });
        Ok(())
    }

    #[inline]
    fn read(slot: &mut bool, r: &mut Reader<'_>) -> Result<bool> {
        *slot = r.boolean()?;
        Ok(true)
    }

    fn parse(text: &str) -> Parsed<bool> {
        match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("true or false".into()),
        }
    }
}

impl Key for Bool {
    fn write_key(key: &bool, w: &mut Writer<'_>) {
        w.raw(if *key { b"\"true\"" } else { b"\"false\"" });
    }

    fn read_key(r: &mut Reader<'_>) -> Result<bool> {
        let start = r.position();
        match &*r.string()? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(r.expected_at(start, "the key \"true\" or \"false\"")),
        }
    }
}

/// `string`.
#[derive(Debug)]
pub enum Str {}
impl sealed::Sealed for Str {}

impl Kind for Str {
    type Value = String;

    #[inline]
    fn is_default(value: &String) -> bool {
        value.is_empty()
    }

    #[inline]
    fn write(value: &String, w: &mut Writer<'_>) -> Result {
        w.string(value);
        Ok(())
    }

    #[inline(always)]
    fn read(slot: &mut String, r: &mut Reader<'_>) -> Result<bool> {
        *slot = r.owned_string()?;
        Ok(true)
    }

    fn parse(text: &str) -> Parsed<String> {
        Ok(text.into())
    }

    fn bind(slot: &mut String, r: &mut Reader<'_>) -> Result {
        match r.file_text()? {
            Some(text) => *slot = text,
            None => return r.bind_scalar::<Self>(slot),
        }
        Ok(())
    }
}

impl Key for Str {
    #[inline]
    fn write_key(key: &String, w: &mut Writer<'_>) {
        w.string(key);
    }

    #[inline(always)]
    fn read_key(r: &mut Reader<'_>) -> Result<String> {
        r.owned_string()
    }
}

/// `bytes`, held as [`Bytes`] or `Vec<u8>`.
#[derive(Debug)]
pub struct Blob<T>(PhantomData<T>);
impl<T> sealed::Sealed for Blob<T> {}

impl<T: BlobValue> Kind for Blob<T> {
    type Value = T;

    #[inline]
    fn is_default(value: &T) -> bool {
        value.as_ref().is_empty()
    }

    #[inline]
    fn write(value: &T, w: &mut Writer<'_>) -> Result {
        w.base64(value.as_ref());
        Ok(())
    }

    #[inline]
    fn read(slot: &mut T, r: &mut Reader<'_>) -> Result<bool> {
        *slot = read_base64(r)?.into();
        Ok(true)
    }

    fn parse(text: &str) -> Parsed<T> {
        let bytes = base64::decode(text.as_bytes());
        bytes.map(T::from).ok_or(Cow::Borrowed("base64"))
    }

    fn bind(slot: &mut T, r: &mut Reader<'_>) -> Result {
        match r.file_bytes()? {
            Some(bytes) => *slot = bytes.into(),
            None => return r.bind_scalar::<Self>(slot),
        }
        Ok(())
    }
}

fn read_base64(r: &mut Reader<'_>) -> Result<Vec<u8>> {
    let start = r.position();
    let text = r.string()?;
    base64::decode(text.as_bytes()).ok_or_else(|| r.expected_at(start, "base64"))
}

/// An enum, held as its number.
#[derive(Debug)]
pub struct Enum<E>(PhantomData<E>);
impl<E> sealed::Sealed for Enum<E> {}

impl<E: EnumValues> Kind for Enum<E> {
    type Value = i32;

    #[inline]
    fn is_default(value: &i32) -> bool {
        *value == 0
    }

    #[inline]
    fn write(value: &i32, w: &mut Writer<'_>) -> Result {
        write_enum(*value, E::VALUES, w);
        Ok(())
    }

    #[inline]
    fn read(slot: &mut i32, r: &mut Reader<'_>) -> Result<bool> {
        match r.enumeration(E::VALUES, E::CLOSED)? {
            Some(value) => *slot = value,
            None => return Ok(false),
        }
        Ok(true)
    }

    fn parse(text: &str) -> Parsed<i32> {
        parse_enum(text, E::VALUES, E::CLOSED)
    }
}

fn parse_enum(text: &str, values: &[(&str, i32)], closed: bool) -> Parsed<i32> {
    if let Some((_, number)) = values.iter().find(|(name, _)| *name == text) {
        return Ok(*number);
    }
    // Unknown numbers are kept where there may be any, as in ProtoJSON.
    let number = number::integer(text.as_bytes()).ok().and_then(narrow);
    let is_known = |number: &i32| !closed || values.iter().any(|known| known.1 == *number);
    number.filter(is_known).ok_or_else(|| {
        const SHOWN: usize = 8;
        let names: Vec<&str> = values.iter().map(|(name, _)| *name).take(SHOWN).collect();
        let more = if values.len() > SHOWN { ", .." } else { "" };
        format!("one of {}{more}", names.join(", ")).into()
    })
}

fn write_enum(value: i32, values: &[(&str, i32)], w: &mut Writer<'_>) {
    let named = values.iter().find(|(_, number)| *number == value);
    match named {
        Some((name, _)) if !w.enums_as_ints() => w.string(name),
        _ => w.integer(value),
    }
}

/// `google.protobuf.NullValue`: always `null`.
#[derive(Debug)]
pub enum NullValue {}
impl sealed::Sealed for NullValue {}

impl Kind for NullValue {
    type Value = i32;

    #[inline]
    fn null_is_value() -> bool {
        true
    }

    #[inline]
    fn is_default(value: &i32) -> bool {
        *value == 0
    }

    #[inline]
    fn write(_: &i32, w: &mut Writer<'_>) -> Result {
        w.raw(b"null");
        Ok(())
    }

    fn read(slot: &mut i32, r: &mut Reader<'_>) -> Result<bool> {
        let read = r.null()? || r.enumeration(&[("NULL_VALUE", 0)], false)?.is_some();
        if read {
            *slot = 0;
        }
        Ok(read)
    }

    fn parse(text: &str) -> Parsed<i32> {
        match text {
            "null" | "NULL_VALUE" | "0" => Ok(0),
            _ => Err("null".into()),
        }
    }
}

/// A message.
#[derive(Debug)]
pub struct Msg<M>(PhantomData<M>);
impl<M> sealed::Sealed for Msg<M> {}

impl<M: Message + prost::Message + Default + 'static> Kind for Msg<M> {
    type Value = M;

    #[inline]
    fn null_is_value() -> bool {
        M::null_is_value()
    }

    #[inline]
    fn is_default(_: &M) -> bool {
        false
    }

    #[inline]
    fn write(value: &M, w: &mut Writer<'_>) -> Result {
        value.write(w)
    }

    #[inline]
    fn read(slot: &mut M, r: &mut Reader<'_>) -> Result<bool> {
        slot.read(r)?;
        Ok(true)
    }

    fn parse(_: &str) -> Parsed<M> {
        // Never asked: `bind` asks the message itself.
        Err("a text".into())
    }

    fn bind(slot: &mut M, r: &mut Reader<'_>) -> Result {
        r.bind_field(slot)
    }
}
