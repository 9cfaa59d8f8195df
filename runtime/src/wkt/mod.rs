//! The well-known types: `google.protobuf.*`, as prost has them, with their JSON forms.
//!
//! `google.protobuf.Empty` is `()`, and the wrappers (`Int32Value` ...) are the scalars themselves.

mod any;
mod duration;
mod field_mask;
mod fraction;
mod structs;
mod timestamp;

#[cfg(test)]
mod tests;

pub use prost_types::{
    Any, Duration, DurationError, FieldMask, ListValue, NullValue, Struct, Timestamp,
    TimestampError, Value, value,
};

// Api, Type, SourceContext and descriptor.proto, which have no form of their own in JSON.
pub use crate::generated::google::protobuf::*;

use crate::{codec::json, descriptor::Package};

/// The types an `Any` may always hold.
pub(crate) const TYPES: &[json::Type] = &[
    json::Type::of::<Any>("google.protobuf.Any"),
    json::Type::of::<bool>("google.protobuf.BoolValue"),
    json::Type::of::<Vec<u8>>("google.protobuf.BytesValue"),
    json::Type::of::<f64>("google.protobuf.DoubleValue"),
    json::Type::of::<Duration>("google.protobuf.Duration"),
    json::Type::of::<()>("google.protobuf.Empty"),
    json::Type::of::<FieldMask>("google.protobuf.FieldMask"),
    json::Type::of::<f32>("google.protobuf.FloatValue"),
    json::Type::of::<i32>("google.protobuf.Int32Value"),
    json::Type::of::<i64>("google.protobuf.Int64Value"),
    json::Type::of::<ListValue>("google.protobuf.ListValue"),
    json::Type::of::<String>("google.protobuf.StringValue"),
    json::Type::of::<Struct>("google.protobuf.Struct"),
    json::Type::of::<Timestamp>("google.protobuf.Timestamp"),
    json::Type::of::<u32>("google.protobuf.UInt32Value"),
    json::Type::of::<u64>("google.protobuf.UInt64Value"),
    json::Type::of::<Value>("google.protobuf.Value"),
];

/// The descriptors of `google.protobuf`.
// Not inline, unlike generated ones: the JSON of descriptor.proto is compiled here once, not in each user's crate.
pub fn descriptors() -> &'static Package {
    const {
        &Package {
            name: "google.protobuf",
            files: &[],
            types: TYPES,
            imports: &[crate::generated::google::protobuf::descriptors],
        }
    }
}
