//! Enums.

use std::collections::HashMap;

use prost_types::EnumDescriptorProto;

use super::context::{Cx, Place};
use super::reasons;
use crate::model::{Enum, EnumValue, Package};
use crate::names;

/// Lowers an enum into `package`.
pub(super) fn lower(
    cx: &mut Cx<'_>,
    place: &Place<'_>,
    descriptor: &EnumDescriptorProto,
    package: &mut Package,
) {
    if cx.is_foreign(&place.full_name) {
        return;
    }
    check_variants(cx, place, descriptor);
    let (error_domain, mut errors) = reasons::lower(cx, place, descriptor);
    let values = descriptor.value.iter().enumerate();
    let values = values
        .map(|(index, value)| EnumValue {
            name: value.name().to_owned(),
            number: value.number(),
            error: errors.remove(&index),
        })
        .collect();
    package.enums.push(Enum {
        path: names::relative(&package.name, &place.full_name),
        values,
        closed: place.file.syntax() != "proto3",
        error_domain,
    });
}

/// Two values may not become one variant; names of one number are aliases, and only the first is a variant.
fn check_variants(cx: &mut Cx<'_>, place: &Place<'_>, descriptor: &EnumDescriptorProto) {
    let ident = names::camel(descriptor.name());
    let mut numbers = HashMap::new();
    let mut variants: HashMap<String, &str> = HashMap::new();
    for (index, value) in descriptor.value.iter().enumerate() {
        if numbers.insert(value.number(), ()).is_some() {
            continue;
        }
        let variant = names::variant(&ident, value.name());
        if let Some(first) = variants.insert(variant.clone(), value.name()) {
            let at = place.child(2, index, value.name()).name();
            cx.report
                .error(at, format!("values `{first}` and `{}` both become variant `{ident}::{variant}`", value.name()))
                .help("rename one of them; JSON and text use the name, the binary format only the number");
        }
    }
}
