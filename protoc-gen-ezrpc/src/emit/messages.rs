//! Message and enum types, by prost-build.

use std::collections::HashMap;

use prost_build::{Config, Module};
use prost_types::source_code_info::Location;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, SourceCodeInfo,
};

use super::bug;
use super::format::{self, Docs};
use crate::Error;
use crate::model::{Model, Package};
use crate::params::Params;

/// Formatted types of each package, in the model's order.
pub(super) fn structs(model: &Model, params: &Params) -> Result<Vec<String>, Error> {
    let mut docs = Docs::default();
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
    let mut requests: Vec<(Module, FileDescriptorProto)> = imports.chain(files).collect();
    for (_, file) in &mut requests {
        prepare(file, &mut docs);
    }
    let mut sources = config(model, params)
        .generate(requests)
        .map_err(|error| bug("prost-build", &error.to_string()))?;
    let packages = model.packages.iter();
    packages
        .map(|package| match sources.remove(&module(package)) {
            Some(source) => format::source(&package.name, &source, &docs),
            None => Ok(String::new()),
        })
        .collect()
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
