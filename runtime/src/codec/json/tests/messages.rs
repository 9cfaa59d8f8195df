//! Messages as the generator prints them.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost_types::{Any, Struct, Timestamp, Value};

use crate::codec::json::{
    Blob, Bool, Double, Enum, EnumValues, Field, Float, Int32, Int64, Message, Msg, NullValue,
    Reader, Result, Str, Uint64, Writer,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(super) enum Color {
    Red = 0,
    Green = 1,
    Blue = -2,
}

impl EnumValues for Color {
    const VALUES: &'static [(&'static str, i32)] =
        &[("RED", 0), ("GREEN", 1), ("LIME", 1), ("BLUE", -2)];
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Info {
    #[prost(int64, tag = "1")]
    pub(super) id: i64,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(string, repeated, tag = "3")]
    pub(super) tags: Vec<String>,
    #[prost(double, tag = "4")]
    pub(super) price: f64,
    #[prost(btree_map = "string, string", tag = "5")]
    pub(super) attrs: BTreeMap<String, String>,
    #[prost(message, optional, tag = "6")]
    pub(super) updated_at: Option<Timestamp>,
}

impl Message for Info {
    #[inline]
    fn fields(&self) -> &'static [Field] {
        const {
            &[
                Field::new("id", "id"),
                Field::new("name", "name"),
                Field::new("tags", "tags"),
                Field::new("price", "price"),
                Field::new("attrs", "attrs"),
                Field::new("updatedAt", "updated_at"),
            ]
        }
    }

    #[inline]
    fn write_fields(&self, w: &mut Writer<'_>) -> Result {
        w.implicit::<Int64>(0, &self.id)?;
        w.implicit::<Str>(1, &self.name)?;
        w.repeated::<Str>(2, &self.tags)?;
        w.implicit::<Double>(3, &self.price)?;
        w.map::<Str, Str>(4, &self.attrs)?;
        w.optional::<Msg<_>>(5, &self.updated_at)?;
        Ok(())
    }

    #[inline]
    fn read_field(&mut self, index: usize, r: &mut Reader<'_>) -> Result {
        match index {
            0 => r.implicit::<Int64>(&mut self.id),
            1 => r.implicit::<Str>(&mut self.name),
            2 => r.repeated::<Str>(&mut self.tags),
            3 => r.implicit::<Double>(&mut self.price),
            4 => r.map::<Str, Str>(&mut self.attrs),
            5 => r.optional::<Msg<_>>(&mut self.updated_at),
            _ => r.skip(),
        }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Order {
    #[prost(message, optional, tag = "1")]
    pub(super) info: Option<Info>,
    #[prost(message, repeated, tag = "2")]
    pub(super) infos: Vec<Info>,
    #[prost(btree_map = "int32, message", tag = "3")]
    pub(super) by_id: BTreeMap<i32, Info>,
    #[prost(enumeration = "Color", tag = "4")]
    pub(super) color: i32,
    #[prost(enumeration = "Color", repeated, tag = "5")]
    pub(super) colors: Vec<i32>,
    #[prost(btree_map = "bool, enumeration(Color)", tag = "6")]
    pub(super) flags: BTreeMap<bool, i32>,
    #[prost(bytes = "bytes", tag = "7")]
    pub(super) data: Bytes,
    #[prost(int32, optional, tag = "8")]
    pub(super) count: Option<i32>,
    #[prost(float, tag = "9")]
    pub(super) ratio: f32,
    #[prost(uint64, optional, tag = "10")]
    pub(super) wide: Option<u64>,
    #[prost(bool, tag = "11")]
    pub(super) done: bool,
    #[prost(message, optional, tag = "12")]
    pub(super) any: Option<Any>,
    #[prost(message, optional, tag = "13")]
    pub(super) value: Option<Value>,
    #[prost(message, optional, tag = "14")]
    pub(super) fields: Option<Struct>,
    #[prost(message, optional, tag = "15")]
    pub(super) empty: Option<()>,
    #[prost(bytes = "vec", optional, tag = "16")]
    pub(super) blob: Option<Vec<u8>>,
    #[prost(oneof = "order::Pay", tags = "20, 21, 22, 23")]
    pub(super) pay: Option<order::Pay>,
}

pub(super) mod order {
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(in super::super) enum Pay {
        #[prost(string, tag = "20")]
        Card(String),
        #[prost(int32, tag = "21")]
        Cash(i32),
        #[prost(message, tag = "22")]
        Node(Box<super::Node>),
        #[prost(enumeration = "super::NullEnum", tag = "23")]
        Nothing(i32),
    }
}

/// Stands for `google.protobuf.NullValue` in the derive.
pub(super) type NullEnum = prost_types::NullValue;

impl Message for Order {
    #[inline]
    fn fields(&self) -> &'static [Field] {
        const {
            &[
                Field::new("info", "info"),
                Field::new("infos", "infos"),
                Field::new("byId", "by_id"),
                Field::new("color", "color"),
                Field::new("colors", "colors"),
                Field::new("flags", "flags"),
                Field::new("data", "data"),
                Field::new("count", "count"),
                Field::new("ratio", "ratio"),
                Field::new("wide", "wide"),
                Field::new("done", "done"),
                Field::new("any", "any"),
                Field::new("value", "value"),
                Field::new("fields", "fields"),
                Field::new("empty", "empty"),
                Field::new("aNameThatIsTooLongForThePreparedKey", "blob"),
                Field::new("card", "card"),
                Field::new("cash \"money\"", "cash"),
                Field::new("node", "node"),
                Field::new("nothing", "nothing"),
            ]
        }
    }

    #[inline]
    fn write_fields(&self, w: &mut Writer<'_>) -> Result {
        w.optional::<Msg<_>>(0, &self.info)?;
        w.repeated::<Msg<_>>(1, &self.infos)?;
        w.map::<Int32, Msg<_>>(2, &self.by_id)?;
        w.implicit::<Enum<Color>>(3, &self.color)?;
        w.repeated::<Enum<Color>>(4, &self.colors)?;
        w.map::<Bool, Enum<Color>>(5, &self.flags)?;
        w.implicit::<Blob<_>>(6, &self.data)?;
        w.optional::<Int32>(7, &self.count)?;
        w.implicit::<Float>(8, &self.ratio)?;
        w.optional::<Uint64>(9, &self.wide)?;
        w.implicit::<Bool>(10, &self.done)?;
        w.optional::<Msg<_>>(11, &self.any)?;
        w.optional::<Msg<_>>(12, &self.value)?;
        w.optional::<Msg<_>>(13, &self.fields)?;
        w.optional::<Msg<_>>(14, &self.empty)?;
        w.optional::<Blob<_>>(15, &self.blob)?;
        match &self.pay {
            Some(order::Pay::Card(v)) => w.member::<Str>(16, v)?,
            Some(order::Pay::Cash(v)) => w.member::<Int32>(17, v)?,
            Some(order::Pay::Node(v)) => w.member::<Msg<_>>(18, v)?,
            Some(order::Pay::Nothing(v)) => w.member::<NullValue>(19, v)?,
            None => {}
        }
        Ok(())
    }

    #[inline]
    fn read_field(&mut self, index: usize, r: &mut Reader<'_>) -> Result {
        match index {
            0 => r.optional::<Msg<_>>(&mut self.info),
            1 => r.repeated::<Msg<_>>(&mut self.infos),
            2 => r.map::<Int32, Msg<_>>(&mut self.by_id),
            3 => r.implicit::<Enum<Color>>(&mut self.color),
            4 => r.repeated::<Enum<Color>>(&mut self.colors),
            5 => r.map::<Bool, Enum<Color>>(&mut self.flags),
            6 => r.implicit::<Blob<_>>(&mut self.data),
            7 => r.optional::<Int32>(&mut self.count),
            8 => r.implicit::<Float>(&mut self.ratio),
            9 => r.optional::<Uint64>(&mut self.wide),
            10 => r.implicit::<Bool>(&mut self.done),
            11 => r.optional::<Msg<_>>(&mut self.any),
            12 => r.optional::<Msg<_>>(&mut self.value),
            13 => r.optional::<Msg<_>>(&mut self.fields),
            14 => r.optional::<Msg<_>>(&mut self.empty),
            15 => r.optional::<Blob<_>>(&mut self.blob),
            16 => r.member::<Str, _>(
                &mut self.pay,
                crate::__held!(order::Pay::Card),
                order::Pay::Card,
            ),
            17 => r.member::<Int32, _>(
                &mut self.pay,
                crate::__held!(order::Pay::Cash),
                order::Pay::Cash,
            ),
            18 => r.member::<Msg<_>, _>(
                &mut self.pay,
                crate::__held!(order::Pay::Node),
                order::Pay::Node,
            ),
            19 => r.member::<NullValue, _>(
                &mut self.pay,
                crate::__held!(order::Pay::Nothing),
                order::Pay::Nothing,
            ),
            _ => r.skip(),
        }
    }
}

/// A recursive message.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Node {
    #[prost(message, optional, boxed, tag = "1")]
    pub(super) next: Option<Box<Node>>,
    #[prost(int32, tag = "2")]
    pub(super) depth: i32,
}

impl Message for Node {
    #[inline]
    fn fields(&self) -> &'static [Field] {
        const { &[Field::new("next", "next"), Field::new("depth", "depth")] }
    }

    #[inline]
    fn write_fields(&self, w: &mut Writer<'_>) -> Result {
        w.optional::<Msg<_>>(0, &self.next)?;
        w.implicit::<Int32>(1, &self.depth)?;
        Ok(())
    }

    #[inline]
    fn read_field(&mut self, index: usize, r: &mut Reader<'_>) -> Result {
        match index {
            0 => r.optional::<Msg<_>>(&mut self.next),
            1 => r.implicit::<Int32>(&mut self.depth),
            _ => r.skip(),
        }
    }
}

/// A proto2 message.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Legacy {
    #[prost(int32, required, tag = "1")]
    pub(super) sku: i32,
    #[prost(string, optional, tag = "2")]
    pub(super) note: Option<String>,
    #[prost(enumeration = "Color", required, tag = "3")]
    pub(super) color: i32,
}

impl Message for Legacy {
    #[inline]
    fn fields(&self) -> &'static [Field] {
        const {
            &[
                Field::new("sku", "sku"),
                Field::new("note", "note"),
                Field::new("color", "color"),
            ]
        }
    }

    #[inline]
    fn write_fields(&self, w: &mut Writer<'_>) -> Result {
        w.required::<Int32>(0, &self.sku)?;
        w.optional::<Str>(1, &self.note)?;
        w.required::<Enum<Color>>(2, &self.color)?;
        Ok(())
    }

    #[inline]
    fn read_field(&mut self, index: usize, r: &mut Reader<'_>) -> Result {
        match index {
            0 => r.required::<Int32>(&mut self.sku),
            1 => r.optional::<Str>(&mut self.note),
            2 => r.required::<Enum<Color>>(&mut self.color),
            _ => r.skip(),
        }
    }

    #[inline]
    fn required(&self) -> &'static [usize] {
        &[0, 2]
    }
}
