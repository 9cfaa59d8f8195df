//! `upload: true`: whether a request has room for a file, and how a stream of requests takes one.

use std::collections::HashSet;

use prost_types::field_descriptor_proto::Type as ProtoType;
use prost_types::{DescriptorProto, FieldDescriptorProto, MethodDescriptorProto};

use super::context::{Cx, Place};
use super::route_facts::{HTTP_BODY, is_singular};
use crate::diagnostic::At;
use crate::model::UploadStream;

/// Reports a request that a file does not fit in.
pub(super) fn check(cx: &mut Cx<'_>, place: &Place<'_>, proto: &MethodDescriptorProto, at: At) {
    let (method, input) = (place.plain_name(), proto.input_type());
    let name = input.trim_start_matches('.');
    if !has_file(cx, input) {
        let message =
            format!("`{method}` sets `upload`, but its request `{name}` has no field for a file");
        cx.report.error(at, message).help(
            "add a field of type bytes, google.api.HttpBody or ezbuy.File, or remove `upload`",
        );
    } else if proto.client_streaming() && stream(cx, input).is_none() {
        let message =
            format!("`{method}` sets `upload`, but a file cannot be cut into a stream of `{name}`");
        cx.report.error(at, message).help(
            "stream google.api.HttpBody; or a message with one field of it, or with one bytes field;\n\
             or a oneof of one message, for what comes before the file, and one bytes field",
        );
    }
}

/// How the chunks of a file go into a stream of these messages; `None` if they do not, or if that could be said in two ways.
pub(super) fn stream(cx: &Cx<'_>, message: &str) -> Option<UploadStream> {
    if message == HTTP_BODY {
        return Some(UploadStream::HttpBody);
    }
    let message = cx.types.message(message)?;
    let is_file = |field: &&FieldDescriptorProto| {
        is_singular(field) && (field.r#type() == ProtoType::Bytes || field.type_name() == HTTP_BODY)
    };
    let mut files = message.field.iter().filter(is_file);
    let (Some(file), None) = (files.next(), files.next()) else {
        return None;
    };
    let name = file.name().to_owned();
    let oneof = file.oneof_index.filter(|_| !file.proto3_optional());
    match (file.r#type(), oneof) {
        (ProtoType::Bytes, None) => Some(UploadStream::Flat { data: name }),
        (ProtoType::Bytes, Some(oneof)) => {
            let meta = beside(message, file, oneof)?.to_owned();
            Some(UploadStream::Oneof { meta, chunk: name })
        }
        _ => Some(UploadStream::HttpBodyField { field: name }),
    }
}

/// The only other member of a oneof, if it is a message.
fn beside<'a>(
    message: &'a DescriptorProto,
    chunk: &FieldDescriptorProto,
    oneof: i32,
) -> Option<&'a str> {
    let members = message.field.iter();
    let mut others =
        members.filter(|field| field.oneof_index == Some(oneof) && field.name() != chunk.name());
    match (others.next(), others.next()) {
        (Some(meta), None) if meta.r#type() == ProtoType::Message => Some(meta.name()),
        _ => None,
    }
}

/// Whether a message holds bytes, at any depth: `bytes`, google.api.HttpBody, ezbuy.File and messages like it.
fn has_file(cx: &Cx<'_>, message: &str) -> bool {
    let mut seen = HashSet::new();
    let mut left = vec![message];
    while let Some(name) = left.pop() {
        let opaque = name.starts_with(".google.protobuf.") && name != ".google.protobuf.BytesValue";
        if opaque || !seen.insert(name) {
            continue;
        }
        let Some(message) = cx.types.message(name) else {
            continue;
        };
        for field in &message.field {
            match field.r#type() {
                ProtoType::Bytes => return true,
                ProtoType::Message | ProtoType::Group => left.push(field.type_name()),
                _ => {}
            }
        }
    }
    false
}
