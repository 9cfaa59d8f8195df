//! Names that two things would share in Rust, found before rustc does, and names that are none.

use std::collections::{BTreeMap, HashMap};

use prost_types::{DescriptorProto, EnumDescriptorProto, ServiceDescriptorProto};

use super::context::{Cx, Place};
use super::messages::{oneof_index, oneof_type};
use super::types::is_map_entry;
use crate::input::SourceFile;
use crate::names;

/// Checks the modules of all packages against each other and against those of messages.
pub(super) fn modules(cx: &mut Cx<'_>, packages: &BTreeMap<&str, Vec<&SourceFile>>) {
    let mut seen: HashMap<Vec<String>, &str> = HashMap::new();
    for (package, files) in packages {
        let module = names::module(package);
        if let Some(first) = seen.insert(module.clone(), package) {
            let message = format!(
                "packages `{first}` and `{package}` both become module `{}`",
                module.join("::")
            );
            for file in files {
                cx.report
                    .error(Place::file(&file.proto).part(2), &*message)
                    .help("rename one of the packages");
            }
        }
    }
    let parents: HashMap<Vec<String>, &str> = seen
        .iter()
        .flat_map(|(module, package)| {
            (1..=module.len()).map(|length| (module[..length].to_vec(), *package))
        })
        .collect();
    for (package, files) in packages {
        for file in files {
            messages_and_packages(cx, file, (package, &parents));
        }
    }
}

fn messages_and_packages(
    cx: &mut Cx<'_>,
    file: &SourceFile,
    (package, parents): (&str, &HashMap<Vec<String>, &str>),
) {
    let place = Place::file(&file.proto);
    for (index, message) in file.proto.message_type.iter().enumerate() {
        let place = place.child(4, index, message.name());
        if !has_module(message) || cx.is_foreign(&place.full_name) {
            continue;
        }
        let mut module = names::module(package);
        module.push(names::snake(message.name()));
        if let Some(other) = parents.get(&module) {
            let message = format!(
                "the types nested in message `{}` and package `{other}` both become module `{}`",
                place.plain_name(),
                module.join("::")
            );
            cx.report
                .error(place.name(), message)
                .help("rename the message or the package");
        }
    }
}

/// Whether prost-build makes a module for what is nested in a message.
fn has_module(message: &DescriptorProto) -> bool {
    let oneofs = message
        .field
        .iter()
        .any(|field| oneof_index(field).is_some());
    oneofs
        || !message.enum_type.is_empty()
        || message
            .nested_type
            .iter()
            .any(|nested| !is_map_entry(nested))
}

/// Checks everything within the files of one package.
pub(super) fn package(cx: &mut Cx<'_>, files: &[&SourceFile]) {
    let mut scopes = Scopes::default();
    if cx.input.params.descriptors {
        scopes.values.insert(
            "descriptors".to_owned(),
            "the function for the package's descriptors".to_owned(),
        );
    }
    for file in files {
        let place = Place::file(&file.proto);
        types(
            cx,
            &mut scopes,
            (&place, [4, 5]),
            (&file.proto.message_type, &file.proto.enum_type),
        );
        for (index, service) in file.proto.service.iter().enumerate() {
            self::service(
                cx,
                &mut scopes,
                &place.child(6, index, service.name()),
                service,
            );
        }
    }
}

/// What is taken in a module, by namespace: the name, and what has it.
#[derive(Default)]
struct Scopes {
    types: HashMap<String, String>,
    values: HashMap<String, String>,
    modules: HashMap<String, String>,
}

/// Takes `ident` for `what`, or reports who has it.
fn take(
    cx: &mut Cx<'_>,
    scope: &mut HashMap<String, String>,
    (place, ident, what): (&Place<'_>, String, String),
) {
    if !names::is_rust(&ident) {
        cx.report
            .error(
                place.name(),
                format!("{what} has no letter or digit to make a Rust name of"),
            )
            .help("rename it");
    } else if let Some(first) = scope.get(&ident) {
        cx.report
            .error(place.name(), format!("{what} would be `{ident}` in Rust, as is {first}"))
            .help("rename one of them: names that differ in case or underscores only are one name in Rust");
    } else {
        scope.insert(ident, what);
    }
}

/// Reports a name that protoc would not let pass.
fn is_sound(cx: &mut Cx<'_>, place: &Place<'_>, name: &str) -> bool {
    let sound = names::is_identifier(name);
    if !sound {
        cx.report
            .error(place.name(), format!("{name:?} is no identifier"))
            .help("use letters, digits and `_`");
    }
    sound
}

/// Messages and enums of one module, and all they hold.
fn types(
    cx: &mut Cx<'_>,
    scopes: &mut Scopes,
    (place, [message_tag, enum_tag]): (&Place<'_>, [i32; 2]),
    (messages, enums): (&[DescriptorProto], &[EnumDescriptorProto]),
) {
    for (index, message) in messages.iter().enumerate() {
        let place = place.child(message_tag, index, message.name());
        if is_map_entry(message)
            || cx.is_foreign(&place.full_name)
            || !is_sound(cx, &place, message.name())
        {
            continue;
        }
        let what = format!("message `{}`", place.plain_name());
        take(
            cx,
            &mut scopes.types,
            (&place, names::camel(message.name()), what),
        );
        if has_module(message) {
            let what = format!("the module of message `{}`", place.plain_name());
            take(
                cx,
                &mut scopes.modules,
                (&place, names::snake(message.name()), what),
            );
        }
        self::message(cx, &place, message);
    }
    for (index, descriptor) in enums.iter().enumerate() {
        let place = place.child(enum_tag, index, descriptor.name());
        if cx.is_foreign(&place.full_name) || !is_sound(cx, &place, descriptor.name()) {
            continue;
        }
        let what = format!("enum `{}`", place.plain_name());
        take(
            cx,
            &mut scopes.types,
            (&place, names::camel(descriptor.name()), what),
        );
        for (index, value) in descriptor.value.iter().enumerate() {
            let place = place.child(2, index, value.name());
            if is_sound(cx, &place, value.name()) && !names::is_rust(&names::camel(value.name())) {
                let what = format!("value `{}`", value.name());
                take(cx, &mut HashMap::new(), (&place, String::new(), what));
            }
        }
    }
}

/// The fields of a message, and its module.
fn message(cx: &mut Cx<'_>, place: &Place<'_>, message: &DescriptorProto) {
    let mut fields = HashMap::new();
    let mut variants: HashMap<usize, HashMap<String, String>> = HashMap::new();
    for (index, field) in message.field.iter().enumerate() {
        let place = place.child(2, index, field.name());
        if !is_sound(cx, &place, field.name()) {
            continue;
        }
        let what = format!("field `{}`", place.plain_name());
        match oneof_index(field) {
            Some(oneof) => {
                let scope = variants.entry(oneof).or_default();
                take(cx, scope, (&place, names::camel(field.name()), what));
            }
            None => take(cx, &mut fields, (&place, names::snake(field.name()), what)),
        }
    }
    let mut scopes = Scopes::default();
    types(
        cx,
        &mut scopes,
        (place, [3, 4]),
        (&message.nested_type, &message.enum_type),
    );
    for (index, oneof) in message
        .oneof_decl
        .iter()
        .enumerate()
        .filter(|(index, _)| variants.contains_key(index))
    {
        let place = place.child(8, index, oneof.name());
        if !is_sound(cx, &place, oneof.name()) {
            continue;
        }
        let what = format!("oneof `{}`", place.plain_name());
        take(
            cx,
            &mut fields,
            (&place, names::snake(oneof.name()), what.clone()),
        );
        take(
            cx,
            &mut scopes.types,
            (&place, oneof_type(message, oneof.name()), what),
        );
    }
}

/// A service, what is made of it, and its methods.
fn service(
    cx: &mut Cx<'_>,
    scopes: &mut Scopes,
    place: &Place<'_>,
    service: &ServiceDescriptorProto,
) {
    if cx.is_foreign(&place.full_name) || !is_sound(cx, place, service.name()) {
        return;
    }
    let (name, ident) = (place.plain_name().to_owned(), names::camel(service.name()));
    let params = &cx.input.params;
    let (client, server) = (params.client, params.server);
    take(
        cx,
        &mut scopes.types,
        (place, ident.clone(), format!("service `{name}`")),
    );
    for (suffix, _) in [("Server", server), ("Client", client)]
        .into_iter()
        .filter(|(_, wanted)| *wanted)
    {
        let what = format!("the {} of service `{name}`", suffix.to_ascii_lowercase());
        take(
            cx,
            &mut scopes.types,
            (place, format!("{}{suffix}", names::bare(&ident)), what),
        );
    }
    if client {
        let what = format!("the function for the client of service `{name}`");
        take(
            cx,
            &mut scopes.values,
            (place, names::snake(service.name()), what),
        );
    }
    let mut methods = HashMap::new();
    for (index, method) in service.method.iter().enumerate() {
        let place = place.child(2, index, method.name());
        if is_sound(cx, &place, method.name()) {
            let what = format!("rpc `{}`", place.plain_name());
            take(
                cx,
                &mut methods,
                (&place, names::method(method.name()), what),
            );
        }
    }
}
