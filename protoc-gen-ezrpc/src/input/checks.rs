//! Checks on raw descriptors, before anything resolves them: what prost-reflect would not survive or explain.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prost::Message as _;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

use super::SourceFile;
use crate::diagnostic::{At, Report};
use crate::options;

type Files = BTreeMap<String, SourceFile>;

/// What prost-types does not read: the edition.
#[derive(Clone, PartialEq, prost::Message)]
struct Edition {
    #[prost(int32, optional, tag = "14")]
    edition: Option<i32>,
}

/// Checks name and syntax of a file.
pub(super) fn file(file: &SourceFile, report: &mut Report) {
    let proto = &file.proto;
    if proto.name().is_empty() {
        report.error(At::nowhere(), "a file of the request has no name");
    }
    match proto.syntax.as_deref() {
        None | Some("proto2" | "proto3") => {}
        Some("editions") => {
            let edition = Edition::decode(&*file.bytes)
                .ok()
                .and_then(|file| file.edition);
            let year = match edition {
                Some(1000) => " 2023",
                Some(1001) => " 2024",
                _ => "",
            };
            let at = At::first(proto, &[&[14], &[12]]);
            report.error(at, format!("`{}` is written in edition{year}, which ezrpc does not read", proto.name())).help(
                "write `syntax = \"proto3\";` in place of `edition`, and `optional` on fields that need presence;\n\
                 the wire format stays the same",
            );
        }
        Some(other) => {
            let at = At::path(proto, &[12]);
            report
                .error(at, format!("unknown syntax {other:?}"))
                .help("write `syntax = \"proto3\";` or `syntax = \"proto2\";`");
        }
    }
}

/// Two files of one name are fine if they say the same.
pub(super) fn duplicate(first: &SourceFile, files: &Files, report: &mut Report) {
    let name = first.proto.name();
    if files
        .get(name)
        .is_some_and(|second| second.bytes != first.bytes)
    {
        report
            .error(
                At::file(name),
                format!("two different files are called `{name}`"),
            )
            .help("give each file a name of its own under the include paths");
    }
}

/// Every file to generate must be there.
pub(super) fn targets(targets: &BTreeSet<String>, files: &Files, report: &mut Report) {
    for name in targets.iter().filter(|name| !files.contains_key(*name)) {
        report
            .error(At::nowhere(), format!("no descriptor of the file to generate, `{name}`"))
            .help("name files as they are imported, relative to an include path, and build the set with all imports");
    }
}

/// Every imported file must be there.
pub(super) fn imports(files: &Files, report: &mut Report) {
    for SourceFile { proto, .. } in files.values() {
        for (index, import) in (0..).zip(&proto.dependency) {
            if !files.contains_key(import) {
                report
                    .error(At::path(proto, &[3, index]), format!("unknown import \"{import}\""))
                    .help("check the include paths; a descriptor set needs all imports (`--include_imports`)");
            }
        }
    }
}

/// Names of the files, imports before those that import them; files in a circle are left out and reported.
pub(super) fn import_order(files: &Files, report: &mut Report) -> Vec<String> {
    let mut waits: BTreeMap<&String, usize> = BTreeMap::new();
    let mut importers: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (name, file) in files {
        let known = file
            .proto
            .dependency
            .iter()
            .filter(|import| files.contains_key(*import));
        let imports: BTreeSet<&String> = known.collect();
        waits.insert(name, imports.len());
        for import in imports {
            importers.entry(import).or_default().push(name);
        }
    }
    let mut ready: BTreeSet<&String> = waits
        .iter()
        .filter(|(_, n)| **n == 0)
        .map(|(name, _)| *name)
        .collect();
    let mut order = Vec::new();
    while let Some(name) = ready.pop_first() {
        order.push(name.clone());
        for importer in importers.remove(name).unwrap_or_default() {
            let Some(left) = waits.get_mut(importer) else {
                continue;
            };
            *left -= 1;
            if *left == 0 {
                ready.insert(importer);
            }
        }
    }
    if order.len() < files.len() && report.is_empty() {
        let circle = waits
            .iter()
            .filter(|(_, n)| **n > 0)
            .map(|(name, _)| format!("`{name}`"));
        let circle: Vec<String> = circle.collect();
        report.error(
            At::nowhere(),
            format!(
                "files import each other in a circle, among {}",
                circle.join(", ")
            ),
        );
    }
    order
}

/// One option number may belong to one extension only.
pub(super) fn extension_numbers(files: &Files, report: &mut Report) {
    let mut seen: HashMap<(String, i32), Extension<'_>> = HashMap::new();
    for extension in files.values().flat_map(|file| extensions(&file.proto)) {
        let extendee = extension
            .field
            .extendee()
            .trim_start_matches('.')
            .to_owned();
        let number = extension.field.number();
        let Some(first) = seen.get(&(extendee.clone(), number)) else {
            seen.insert((extendee, number), extension);
            continue;
        };
        // Google's files are not the user's to change.
        let [blamed, other] = if extension.name.starts_with("google.") {
            [first, &extension]
        } else {
            [&extension, first]
        };
        let message = format!(
            "extensions `{}` and `{}` ({}) both use number {number} of {extendee}",
            blamed.name,
            other.name,
            other.file.name(),
        );
        report
            .error(
                At::path(blamed.file, &blamed.path).element(&blamed.name),
                message,
            )
            .help(options::number_clash_help(&[&blamed.name, &other.name]));
    }
}

/// An extension, where it is declared.
struct Extension<'a> {
    file: &'a FileDescriptorProto,
    path: Vec<i32>,
    name: String,
    field: &'a FieldDescriptorProto,
}

/// All extensions of a file.
fn extensions(file: &FileDescriptorProto) -> Vec<Extension<'_>> {
    let mut found = Vec::new();
    let package = file.package();
    add(&mut found, file, (&[7], package), &file.extension);
    for (index, message) in (0..).zip(&file.message_type) {
        nested(&mut found, file, (&[4, index], package), message);
    }
    found
}

fn add<'a>(
    found: &mut Vec<Extension<'a>>,
    file: &'a FileDescriptorProto,
    (path, scope): (&[i32], &str),
    fields: &'a [FieldDescriptorProto],
) {
    let extension = |(index, field): (i32, &'a FieldDescriptorProto)| {
        let name = format!("{scope}.{}", field.name())
            .trim_start_matches('.')
            .to_owned();
        Extension {
            file,
            path: [path, &[index]].concat(),
            name,
            field,
        }
    };
    found.extend((0..).zip(fields).map(extension));
}

fn nested<'a>(
    found: &mut Vec<Extension<'a>>,
    file: &'a FileDescriptorProto,
    (path, scope): (&[i32], &str),
    message: &'a DescriptorProto,
) {
    let scope = format!("{scope}.{}", message.name());
    add(
        found,
        file,
        (&[path, &[6]].concat(), &scope),
        &message.extension,
    );
    for (index, message) in (0..).zip(&message.nested_type) {
        nested(
            found,
            file,
            (&[path, &[3, index]].concat(), &scope),
            message,
        );
    }
}
