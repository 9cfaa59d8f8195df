//! Files to packages: which are written, which only looked at.

use std::collections::{BTreeMap, HashMap};

use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MessageOptions};

use super::context::{Cx, Place};
use super::types::is_map_entry;
use super::{canonical, clashes, enums, links, messages, services};
use crate::comments;
use crate::input::SourceFile;
use crate::model::{File, Package};
use crate::names;

/// The packages to write, in order of their names.
pub(super) fn lower(cx: &mut Cx<'_>) -> Vec<Package> {
    let mut by_package: BTreeMap<&str, Vec<&SourceFile>> = BTreeMap::new();
    let input = cx.input;
    for file in input
        .targets
        .iter()
        .filter_map(|name| input.files.get(name))
    {
        if is_written(cx, &file.proto) && has_names(cx, &file.proto) {
            by_package
                .entry(file.proto.package())
                .or_default()
                .push(file);
        }
    }
    clashes::modules(cx, &by_package);
    let mut packages: Vec<Package> = by_package
        .iter()
        .map(|(name, files)| package(cx, name, files))
        .collect();
    if input.params.descriptors {
        links::add(cx, &mut packages);
    }
    packages
}

/// Whether a target is written: not if the runtime or another crate has all of its package.
fn is_written(cx: &Cx<'_>, file: &FileDescriptorProto) -> bool {
    let bundled = crate::bundled()
        .iter()
        .any(|(name, _)| *name == file.name());
    let foreign = cx.externs.module(file.package()).is_some();
    !foreign && (!bundled || cx.input.params.runtime)
}

/// Whether the package and the file have names Rust can use.
fn has_names(cx: &mut Cx<'_>, file: &FileDescriptorProto) -> bool {
    let package = file.package();
    let good = package.is_empty()
        || names::is_full_identifier(package)
            && names::module(package)
                .iter()
                .all(|part| names::is_rust(part));
    if !good {
        let at = Place::file(file).part(2);
        cx.report
            .error(at, format!("package `{package}` makes no Rust module"))
            .help("use letters and digits in each part, joined by dots");
    }
    good
}

fn package(cx: &mut Cx<'_>, name: &str, files: &[&SourceFile]) -> Package {
    let mut package = Package {
        name: name.to_owned(),
        module: names::module(name),
        ..Package::default()
    };
    for file in files {
        let proto = &file.proto;
        let place = Place::file(proto);
        for (index, message) in proto.message_type.iter().enumerate() {
            messages::lower(
                cx,
                &place.child(4, index, message.name()),
                message,
                &mut package,
            );
        }
        for (index, descriptor) in proto.enum_type.iter().enumerate() {
            enums::lower(
                cx,
                &place.child(5, index, descriptor.name()),
                descriptor,
                &mut package,
            );
        }
        let docs = comments::of_services(proto);
        for (index, service) in proto.service.iter().enumerate() {
            let place = place.child(6, index, service.name());
            package
                .services
                .extend(services::lower(cx, &place, service, &docs));
        }
        package.files.push(written(cx, file));
    }
    clashes::package(cx, files);
    package
}

/// A file as it is written.
fn written(cx: &Cx<'_>, file: &SourceFile) -> File {
    let mut messages = file.proto.clone();
    messages.service.clear();
    messages.extension.clear();
    comments::sanitise(&mut messages);
    File {
        messages,
        ..embedded(cx, file)
    }
}

/// A file of which only the descriptor is written.
pub(super) fn embedded(cx: &Cx<'_>, file: &SourceFile) -> File {
    let descriptor = match cx.input.params.descriptors {
        true => canonical::file(&cx.input.pool, &file.bytes),
        false => Vec::new(),
    };
    let messages = FileDescriptorProto {
        name: file.proto.name.clone(),
        package: file.proto.package.clone(),
        syntax: file.proto.syntax.clone(),
        ..FileDescriptorProto::default()
    };
    File {
        name: file.proto.name().to_owned(),
        descriptor,
        messages,
    }
}

/// The files that are not written, cut down to what prost-build asks them: the types of their fields.
pub(super) fn imports(cx: &Cx<'_>, packages: &[Package]) -> Vec<FileDescriptorProto> {
    let written: HashMap<&str, ()> = packages
        .iter()
        .flat_map(|package| &package.files)
        .filter(|file| {
            !file.messages.message_type.is_empty() || !file.messages.enum_type.is_empty()
        })
        .map(|file| (file.name.as_str(), ()))
        .collect();
    let files = cx.input.files.values().map(|file| &file.proto);
    files
        .filter(|file| !written.contains_key(file.name()))
        .map(outline)
        .collect()
}

fn outline(file: &FileDescriptorProto) -> FileDescriptorProto {
    FileDescriptorProto {
        name: file.name.clone(),
        package: file.package.clone(),
        syntax: file.syntax.clone(),
        message_type: file.message_type.iter().map(outline_message).collect(),
        ..FileDescriptorProto::default()
    }
}

fn outline_message(message: &DescriptorProto) -> DescriptorProto {
    let field = |field: &FieldDescriptorProto| FieldDescriptorProto {
        default_value: None,
        oneof_index: None,
        options: None,
        ..field.clone()
    };
    let options = MessageOptions {
        map_entry: Some(true),
        ..MessageOptions::default()
    };
    DescriptorProto {
        name: message.name.clone(),
        field: message.field.iter().map(field).collect(),
        nested_type: message.nested_type.iter().map(outline_message).collect(),
        options: is_map_entry(message).then_some(options),
        ..DescriptorProto::default()
    }
}
