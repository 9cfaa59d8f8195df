//! Message and enum types, by prost-build.

use std::collections::HashMap;

use prost_build::{Config, Module};
use prost_types::source_code_info::Location;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, SourceCodeInfo,
};

use super::format::{self, Docs};
use super::{bug, parallel};
use crate::Error;
use crate::model::{Model, Package};
use crate::params::Params;

/// Formatted types of each package, in parts, in the model's order.
pub(super) fn structs(model: &Model, params: &Params) -> Result<Vec<Vec<String>>, Error> {
    let mut docs = Docs::default();
    let mut requests = requests(model);
    for (_, file) in &mut requests {
        prepare(file, &mut docs);
    }
    let sources = config(model, params)
        .generate(requests)
        .map_err(|error| bug("of every name", &error.to_string()))?;
    let can_split = !params
        .type_attribute
        .iter()
        .chain(&params.field_attribute)
        .any(is_multi_line);
    let packages = model.packages.iter().map(|package| {
        let source = sources.get(&module(package)).map_or("", String::as_str);
        let parts = if can_split {
            format::split(source)
        } else {
            vec![source]
        };
        parallel::try_map(&parts, |part| format::source(&package.name, part, &docs))
    });
    packages.collect()
}

/// An attribute that may hold anything at the start of a line, so that lines do not tell where items end.
fn is_multi_line((_, attribute): &(String, String)) -> bool {
    attribute.contains('\n')
}

/// All files: prost-build looks into imported ones too, and what it prints for them is dropped.
fn requests(model: &Model) -> Vec<(Module, FileDescriptorProto)> {
    let imports = model
        .imports
        .iter()
        .map(|file| (Module::from_parts(["import"]), file.clone()));
    let files = model.packages.iter().flat_map(|package| {
        package
            .files
            .iter()
            .map(|file| (module(package), file.messages.clone()))
    });
    imports.chain(files).collect()
}

/// The key of a package in prost-build's answer: its full name, which tells apart what snake case would not.
fn module(package: &Package) -> Module {
    Module::from_parts(["package", &package.name])
}

fn config(model: &Model, params: &Params) -> Config {
    let mut config = Config::new();
    config
        .prost_path("::ezrpc::codegen::v1")
        .prost_types_path("::ezrpc::codegen::v1::wkt")
        .bytes(["."])
        .btree_map(["."]);
    config.format(false); // once is enough, see format.rs
    if params.runtime {
        config.compile_well_known_types();
    }
    for (proto, rust) in &model.extern_paths {
        config.extern_path(proto, rust);
    }
    for (path, attribute) in &params.type_attribute {
        config.type_attribute(path, attribute);
    }
    for (path, attribute) in &params.field_attribute {
        config.field_attribute(path, attribute);
    }
    config
}

/// Makes a file fit for prost-build: comments by number, a location for everything it asks about, `packed` spelled out.
fn prepare(file: &mut FileDescriptorProto, docs: &mut Docs) {
    let locations = file.source_code_info.take().unwrap_or_default().location;
    let comments = locations.into_iter().filter_map(|location| {
        let comment = location
            .leading_comments
            .filter(|comment| !comment.is_empty())?;
        Some((location.path, comment))
    });
    let mut walk = Walk {
        comments: comments.collect(),
        docs,
        path: Vec::new(),
        locations: Vec::new(),
        proto3: file.syntax() == "proto3",
    };
    walk.each(4, &mut file.message_type, Walk::message);
    walk.each(5, &mut file.enum_type, Walk::enumeration);
    if !walk.locations.is_empty() {
        file.source_code_info = Some(SourceCodeInfo {
            location: walk.locations,
        });
    }
}

/// A walk over a file, numbering paths as `SourceCodeInfo` does.
struct Walk<'a> {
    comments: HashMap<Vec<i32>, String>,
    docs: &'a mut Docs,
    path: Vec<i32>,
    locations: Vec<Location>,
    proto3: bool,
}

impl Walk<'_> {
    /// Visits the items of field `tag`, each with its location.
    fn each<T>(&mut self, tag: i32, items: &mut [T], visit: fn(&mut Self, &mut T)) {
        self.path.push(tag);
        for (index, item) in (0..).zip(items) {
            self.path.push(index);
            let leading_comments = self
                .comments
                .remove(&self.path)
                .map(|comment| self.docs.keep(comment));
            let path = self.path.clone();
            self.locations.push(Location {
                path,
                leading_comments,
                ..Location::default()
            });
            visit(self, item);
            self.path.pop();
        }
        self.path.pop();
    }

    fn message(&mut self, message: &mut DescriptorProto) {
        self.each(2, &mut message.field, Self::field);
        self.each(3, &mut message.nested_type, Self::message);
        self.each(4, &mut message.enum_type, Self::enumeration);
        self.each(8, &mut message.oneof_decl, |_, _| {});
    }

    fn enumeration(&mut self, enumeration: &mut EnumDescriptorProto) {
        self.each(2, &mut enumeration.value, |_, _| {});
    }

    /// prost-build takes a proto3 field with options for unpacked unless they say `packed`.
    fn field(&mut self, field: &mut FieldDescriptorProto) {
        if let (true, Some(options)) = (self.proto3, &mut field.options) {
            options.packed.get_or_insert(true);
        }
    }
}
