//! Enums that list error reasons: their domain, code and message of each value, and that nothing is given twice.

use std::collections::HashMap;

use prost_reflect::EnumDescriptor;
use prost_types::{EnumDescriptorProto, EnumValueDescriptorProto};

use super::context::{Cx, Place};
use crate::diagnostic::At;
use crate::names;

/// The options of an enum are its field 3, those of a value too.
const OPTIONS: i32 = 3;

/// That of the runtime's own reasons.
const RESERVED: &str = "ezrpc";
const BAD_DOMAIN: &str = "write a name of your own without spaces, as in \"shop.product\"; `ezrpc` is that of the framework's own errors";
const NO_DOMAIN: &str = "write `option (ezbuy.errors) = { domain: \"shop.product\" };`: it tells your reasons from other teams'";

/// A reason of a domain, to find those that are given twice.
#[derive(Debug)]
pub(super) struct Reason {
    domain: String,
    code: u32,
    /// The value's name.
    name: String,
    /// The full name of the enum.
    owner: String,
    /// Where it is given, in files that are written.
    at: Option<At>,
}

/// Returns the domain of the enum's reasons, if it lists any, and code and message of those by their index.
pub(super) fn lower(
    cx: &mut Cx<'_>,
    place: &Place<'_>,
    descriptor: &EnumDescriptorProto,
) -> (Option<String>, HashMap<usize, (u32, String)>) {
    let values = || descriptor.value.iter().enumerate();
    if descriptor.options.is_none() && values().all(|(_, value)| value.options.is_none()) {
        return (None, HashMap::new());
    }
    let Some(resolved) = cx.input.pool.get_enum_by_name(place.plain_name()) else {
        return (None, HashMap::new());
    };
    let domain = domain(cx, place, &resolved);
    let ident = names::camel(descriptor.name());
    let mut variants = HashMap::new();
    let mut errors = HashMap::new();
    for (index, value) in values() {
        let at = place.child(2, index, value.name());
        let first = *variants.entry(value.number()).or_insert(value.name());
        let Some((code, message)) = error(cx, (&resolved, value), &at) else {
            continue;
        };
        if first == value.name() {
            note(cx, (place, &at), (&domain, code));
            let words = || names::words(&ident, value.name());
            let message = Some(message).filter(|message| !message.is_empty());
            errors.insert(index, (code, message.unwrap_or_else(words)));
        } else {
            is_alias(cx, &at, (first, value.name()));
        }
    }
    (domain, errors)
}

fn is_alias(cx: &mut Cx<'_>, at: &Place<'_>, (first, name): (&str, &str)) {
    let message = format!("`{name}` is `{first}` by another name, and no reason of its own");
    cx.report
        .error(at.at(), message)
        .help("give it a number that no other value has");
}

fn domain(cx: &mut Cx<'_>, place: &Place<'_>, resolved: &EnumDescriptor) -> Option<String> {
    let given = cx.extensions.error_domain(resolved)?;
    if given.value.is_empty() {
        let message = format!("error reasons of `{}` have no domain", place.plain_name());
        cx.report
            .error(place.option(OPTIONS, given.number), message)
            .help(NO_DOMAIN);
    } else if given.value == RESERVED || given.value.contains(char::is_whitespace) {
        let message = format!("`{}` is no domain of error reasons", given.value);
        cx.report
            .error(place.option(OPTIONS, given.number), message)
            .help(BAD_DOMAIN);
    }
    Some(given.value)
}

/// Code and message of a value, if it is a reason.
fn error(
    cx: &mut Cx<'_>,
    (resolved, value): (&EnumDescriptor, &EnumValueDescriptorProto),
    at: &Place<'_>,
) -> Option<(u32, String)> {
    value.options.as_ref()?;
    // Not by index: prost-reflect has values in order of their numbers.
    let value = resolved.get_value_by_name(value.name())?;
    let given = cx.extensions.error_code(&value)?;
    let (code, message) = given.value;
    if let Some(code) = sound(code) {
        return Some((code, message));
    }
    cx.report
        .error(at.option(OPTIONS, given.number), format!("error code {code} of `{}` is no HTTP status and detail", value.name()))
        .help("write seven digits: an HTTP status from 400 to 599, then four of your own, as in 4040001");
    None
}

fn sound(code: u64) -> Option<u32> {
    let status = code / 10_000;
    u32::try_from(code)
        .ok()
        .filter(|_| (400..600).contains(&status))
}

/// Keeps a reason to be compared with the others.
fn note(
    cx: &mut Cx<'_>,
    (owner, at): (&Place<'_>, &Place<'_>),
    (domain, code): (&Option<String>, u32),
) {
    let name = at.plain_name().rsplit('.').next().unwrap_or_default();
    if domain.is_none() {
        let message = format!("`{name}` has an error code, but its enum has no domain");
        cx.report
            .error(at.at(), message)
            .help("write `option (ezbuy.errors) = { domain: \"shop.product\" };` in the enum");
    }
    let domain = domain.clone().filter(|domain| !domain.is_empty());
    cx.reasons.push(Reason {
        // An enum without a domain is one to itself until it has.
        domain: domain.unwrap_or_else(|| owner.full_name.clone()),
        code,
        name: name.to_owned(),
        owner: owner.plain_name().to_owned(),
        at: Some(at.at()),
    });
}

/// Reports what is given twice in a domain, by enums that are written or by those they are written beside.
pub(super) fn duplicates(cx: &mut Cx<'_>) {
    if cx.reasons.is_empty() {
        return;
    }
    let mut all = imported(cx);
    all.append(&mut cx.reasons);
    let mut names: HashMap<(&str, &str), &Reason> = HashMap::new();
    let mut codes: HashMap<(&str, u32), &Reason> = HashMap::new();
    for reason in &all {
        let name = (&*reason.domain, &*reason.name);
        let code = (&*reason.domain, reason.code);
        let named = *names.entry(name).or_insert(reason);
        let coded = *codes.entry(code).or_insert(reason);
        if let (Some(at), Some((message, help))) = (&reason.at, clash(reason, named, coded)) {
            cx.report.error(at.clone(), message).help(help);
        }
    }
}

/// What is wrong with a reason, and what to do, if not it is the first of its name and of its code.
fn clash(reason: &Reason, named: &Reason, coded: &Reason) -> Option<(String, &'static str)> {
    let Reason {
        domain,
        code,
        name,
        owner,
        ..
    } = reason;
    if named.owner != *owner {
        let other = &named.owner;
        return Some((
            format!("reason `{name}` of domain `{domain}` is in `{other}` and in `{owner}`"),
            "rename it, or give its enum a domain of its own: clients tell errors by domain and name",
        ));
    }
    let other = match coded.owner == *owner {
        true => format!("`{}`", coded.name),
        false => format!("`{}` of `{}`", coded.name, coded.owner),
    };
    (coded.name != *name).then(|| {
        (
            format!("error code {code} is given to {other} and to `{name}`"),
            "give each reason of a domain a code of its own",
        )
    })
}

/// The reasons of enums that others write.
fn imported(cx: &Cx<'_>) -> Vec<Reason> {
    let mut found = Vec::new();
    for resolved in cx.input.pool.all_enums() {
        let written = cx.input.targets.contains(resolved.parent_file().name())
            && !cx.is_foreign(&format!(".{}", resolved.full_name()));
        if written || resolved.enum_descriptor_proto().options.is_none() {
            continue;
        }
        let Some(domain) = cx.extensions.error_domain(&resolved) else {
            continue;
        };
        for value in resolved.values() {
            let code = cx.extensions.error_code(&value);
            if let Some(code) = code.and_then(|given| sound(given.value.0)) {
                found.push(Reason {
                    domain: domain.value.clone(),
                    code,
                    name: value.name().to_owned(),
                    owner: resolved.full_name().to_owned(),
                    at: None,
                });
            }
        }
    }
    found
}
