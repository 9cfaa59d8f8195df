//! Enums, and the lists of error reasons among them.

use std::collections::HashMap;

use prost_types::{EnumDescriptorProto, EnumValueDescriptorProto};

use super::context::{Cx, Place};
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
    let error_domain = error_domain(cx, place, descriptor);
    let values: Vec<EnumValue> = descriptor
        .value
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let at = place.child(2, index, value.name());
            let error = error_code(cx, place, (index, value), &at);
            EnumValue {
                name: value.name().to_owned(),
                number: value.number(),
                error,
            }
        })
        .collect();
    check_errors(cx, place, (&error_domain, &values));
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

fn error_domain(
    cx: &mut Cx<'_>,
    place: &Place<'_>,
    descriptor: &EnumDescriptorProto,
) -> Option<String> {
    descriptor.options.as_ref()?;
    let resolved = cx.input.pool.get_enum_by_name(place.plain_name())?;
    let given = cx.extensions.error_domain(&resolved)?;
    if given.value.is_empty() {
        let at = place.option(3, given.number);
        cx.report.error(at, format!("error reasons of `{}` have no domain", place.plain_name())).help(
            "write `option (ezbuy.errors) = { domain: \"shop.product\" };`: it tells your reasons from other teams'",
        );
    }
    Some(given.value)
}

fn error_code(
    cx: &mut Cx<'_>,
    place: &Place<'_>,
    (index, value): (usize, &EnumValueDescriptorProto),
    at: &Place<'_>,
) -> Option<(u32, String)> {
    value.options.as_ref()?;
    let resolved = cx
        .input
        .pool
        .get_enum_by_name(place.plain_name())?
        .values()
        .nth(index)?;
    let given = cx.extensions.error_code(&resolved)?;
    let (code, message) = given.value;
    let status = code / 10_000;
    if (400..600).contains(&status) {
        return Some((u32::try_from(code).ok()?, message));
    }
    cx.report
        .error(at.option(3, given.number), format!("error code {code} of `{}` is no HTTP status and detail", value.name()))
        .help("write seven digits: an HTTP status from 400 to 599, then four of your own, as in 4040001");
    None
}

/// Codes are the domain's, and each is given once.
fn check_errors(
    cx: &mut Cx<'_>,
    place: &Place<'_>,
    (domain, values): (&Option<String>, &[EnumValue]),
) {
    let mut seen: HashMap<u32, &str> = HashMap::new();
    for (index, value) in values.iter().enumerate() {
        let Some((code, _)) = &value.error else {
            continue;
        };
        let at = place.child(2, index, &value.name);
        if domain.is_none() {
            cx.report
                .error(
                    at.at(),
                    format!(
                        "`{}` has an error code, but its enum has no domain",
                        value.name
                    ),
                )
                .help("write `option (ezbuy.errors) = { domain: \"shop.product\" };` in the enum");
        }
        if let Some(first) = seen.insert(*code, &value.name) {
            cx.report
                .error(
                    at.at(),
                    format!(
                        "error code {code} is given to `{first}` and to `{}`",
                        value.name
                    ),
                )
                .help("give each reason a code of its own");
        }
    }
}
