//! Scalars as whole messages: prost's types for the wrappers, and `()` for `google.protobuf.Empty`.

use bytes::Bytes;

use super::{
    Blob, Bool, Double, Field, Float, Int32, Int64, Kind, Message, Reader, Result, Str, Uint32,
    Uint64, Writer,
};

/// The methods that see fields, for a type that has none.
macro_rules! no_fields {
    () => {
        #[inline]
        fn fields(&self) -> &'static [$crate::codec::json::Field] {
            &[]
        }

        #[inline]
        fn write_fields(
            &self,
            _: &mut $crate::codec::json::Writer<'_>,
        ) -> $crate::codec::json::Result {
            Ok(())
        }

        #[inline]
        fn read_field(
            &mut self,
            _: usize,
            r: &mut $crate::codec::json::Reader<'_>,
        ) -> $crate::codec::json::Result {
            r.skip()
        }
    };
}
pub(crate) use no_fields;

macro_rules! wrappers {
    ($($rust:ty, $kind:ty;)*) => {$(
        impl Message for $rust {
            no_fields!();

            #[inline]
            fn write(&self, w: &mut Writer<'_>) -> Result {
                <$kind>::write(self, w)
            }

            #[inline]
            fn read(&mut self, r: &mut Reader<'_>) -> Result {
                <$kind>::read(self, r).map(|_| ())
            }

            fn read_text(&mut self, r: &mut Reader<'_>) -> Result {
                // A wrapper has one field, which may be named or not.
                r.skip_element("value");
                <$kind>::bind(self, r)
            }
        }
    )*};
}

wrappers! {
    i32, Int32;
    i64, Int64;
    u32, Uint32;
    u64, Uint64;
    f32, Float;
    f64, Double;
    bool, Bool;
    String, Str;
    Vec<u8>, Blob<Vec<u8>>;
    Bytes, Blob<Bytes>;
}

impl Message for () {
    #[inline]
    fn fields(&self) -> &'static [Field] {
        &[]
    }

    #[inline]
    fn write_fields(&self, _: &mut Writer<'_>) -> Result {
        Ok(())
    }

    #[inline]
    fn read_field(&mut self, _: usize, r: &mut Reader<'_>) -> Result {
        r.skip()
    }
}
