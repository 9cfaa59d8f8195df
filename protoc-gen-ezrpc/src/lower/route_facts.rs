//! What the server has to know of a binding beside its path: raw bodies, and the mask of a PATCH.

use prost_types::field_descriptor_proto::{Label, Type as ProtoType};
use prost_types::{FieldDescriptorProto, MethodDescriptorProto};

use super::context::Cx;
use super::routes::find;
use crate::model::Route;
use crate::options::HttpRule;

const FIELD_MASK: &str = ".google.protobuf.FieldMask";
pub(super) const HTTP_BODY: &str = ".google.api.HttpBody";

/// A checked rule as the model has it.
pub(super) fn route(
    cx: &Cx<'_>,
    method: &MethodDescriptorProto,
    (verb, template): (&str, &str),
    http: &HttpRule,
) -> Route {
    let raw = |message: &str, field: &str| match field {
        "" | "*" => message == HTTP_BODY,
        name => singular(cx, message, name).is_some_and(|field| field.type_name() == HTTP_BODY),
    };
    let patch = verb == "PATCH" && cx.input.params.patch_mask;
    Route {
        verb: verb.to_owned(),
        template: template.to_owned(),
        body: http.body.clone(),
        response_body: http.response_body.clone(),
        raw_request: !http.body.is_empty() && raw(method.input_type(), &http.body),
        raw_response: raw(method.output_type(), &http.response_body),
        patch_mask: patch
            .then(|| mask(cx, method.input_type(), &http.body))
            .flatten(),
    }
}

/// The one FieldMask beside a body that is a message field.
fn mask(cx: &Cx<'_>, message: &str, body: &str) -> Option<String> {
    let body = singular(cx, message, body)?;
    let is_message = matches!(body.r#type(), ProtoType::Message | ProtoType::Group);
    if !is_message || body.type_name() == HTTP_BODY {
        return None;
    }
    let fields = cx.types.message(message)?.field.iter();
    let mut masks = fields.filter(|field| {
        is_singular(field) && field.type_name() == FIELD_MASK && field.name() != body.name()
    });
    match (masks.next(), masks.next()) {
        (Some(mask), None) => Some(mask.name().to_owned()),
        _ => None,
    }
}

/// The field of this name, unless it is repeated or a map.
fn singular<'a>(cx: &Cx<'a>, message: &str, name: &str) -> Option<&'a FieldDescriptorProto> {
    let message = cx.types.message(message)?;
    find(message, name).filter(|field| is_singular(field))
}

pub(super) fn is_singular(field: &FieldDescriptorProto) -> bool {
    field.label() != Label::Repeated
}
