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
    Any, Api, DescriptorProto, Duration, DurationError, Enum, EnumDescriptorProto, EnumOptions,
    EnumValue, EnumValueDescriptorProto, EnumValueOptions, ExtensionRangeOptions, Field,
    FieldDescriptorProto, FieldMask, FieldOptions, FileDescriptorProto, FileDescriptorSet,
    FileOptions, GeneratedCodeInfo, ListValue, MessageOptions, Method, MethodDescriptorProto,
    MethodOptions, Mixin, NullValue, OneofDescriptorProto, OneofOptions, Option,
    ServiceDescriptorProto, ServiceOptions, SourceCodeInfo, SourceContext, Struct, Syntax,
    Timestamp, TimestampError, Type, UninterpretedOption, Value, compiler, descriptor_proto,
    enum_descriptor_proto, field, field_descriptor_proto, field_options, file_options,
    generated_code_info, method_options, source_code_info, uninterpreted_option, value,
};

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
// The descriptor files and the JSON of Api, Type, SourceContext and descriptor.proto's messages come from our own
// generator; until its output is checked in (a module `generated` here), only the types above have JSON.
#[inline]
pub fn descriptors() -> &'static Package {
    const {
        &Package {
            name: "google.protobuf",
            files: &[],
            types: TYPES,
            imports: &[],
        }
    }
}
