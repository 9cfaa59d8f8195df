//! What every lowering function needs: the input, the types, the report.

use std::collections::{BTreeSet, HashMap};

use prost_types::FileDescriptorProto;

use super::reasons::Reason;
use super::routes::Binding;
use super::types::Types;
use crate::diagnostic::{At, Report};
use crate::input::Input;
use crate::names::{self, Externs};
use crate::options::Extensions;
use crate::route::Shape;

/// The context of one run.
pub(super) struct Cx<'a> {
    pub(super) input: &'a Input,
    pub(super) types: Types<'a>,
    pub(super) externs: Externs,
    pub(super) extensions: Extensions,
    pub(super) report: Report,
    /// Packages whose types are named by what is generated.
    pub(super) named: BTreeSet<&'a str>,
    /// Every HTTP binding so far, by service, HTTP method and shape, to find duplicates.
    pub(super) bindings: HashMap<(String, String, Shape), Vec<Binding>>,
    /// Every error reason so far, to find duplicates.
    pub(super) reasons: Vec<Reason>,
}

/// Where lowering is: a file, a path in it as `SourceCodeInfo` counts, the full name there.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    pub(super) file: &'a FileDescriptorProto,
    pub(super) path: Vec<i32>,
    /// With its leading dot.
    pub(super) full_name: String,
}

impl<'a> Place<'a> {
    /// The package level of a file.
    pub(super) fn file(file: &'a FileDescriptorProto) -> Self {
        let full_name = if file.package().is_empty() {
            String::new()
        } else {
            format!(".{}", file.package())
        };
        Self {
            file,
            path: Vec::new(),
            full_name,
        }
    }

    /// Item `index` of field `tag`, called `name`.
    pub(super) fn child(&self, tag: i32, index: usize, name: &str) -> Self {
        let mut path = self.path.clone();
        path.extend([tag, i32::try_from(index).unwrap_or(i32::MAX)]);
        Self {
            file: self.file,
            path,
            full_name: format!("{}.{name}", self.full_name),
        }
    }

    /// The element as a whole.
    pub(super) fn at(&self) -> At {
        At::path(self.file, &self.path).element(&self.full_name)
    }

    /// A field of the element's descriptor, or else the element.
    pub(super) fn part(&self, tag: i32) -> At {
        At::path(self.file, &[&self.path[..], &[tag]].concat()).element(&self.full_name)
    }

    /// The element's name.
    pub(super) fn name(&self) -> At {
        self.part(1)
    }

    /// The option `number` of an element whose options are field `tag`, or else the element.
    pub(super) fn option(&self, tag: i32, number: i32) -> At {
        let option = [&self.path[..], &[tag, number]].concat();
        At::first(self.file, &[&option, &self.path]).element(&self.full_name)
    }

    /// The full name without its leading dot.
    pub(super) fn plain_name(&self) -> &str {
        self.full_name.trim_start_matches('.')
    }
}

impl<'a> Cx<'a> {
    /// Starts a run; reports option extensions that are not what they should be.
    pub(super) fn new(input: &'a Input) -> Self {
        let own_packages: BTreeSet<&str> = input
            .files
            .values()
            .filter(|file| input.params.runtime && input.targets.contains(file.proto.name()))
            .map(|file| file.proto.package())
            .collect();
        let externs = Externs::new(&input.params.extern_path, |package| {
            own_packages.contains(package)
        });
        let (extensions, wrong) = Extensions::new(&input.pool);
        let mut report = Report::default();
        for (extension, reason) in wrong {
            let file = extension.parent_file();
            let source = input
                .files
                .get(file.name())
                .map_or(file.file_descriptor_proto(), |file| &file.proto);
            report.error(
                At::path(source, extension.path()).element(extension.full_name()),
                reason,
            );
        }
        Self {
            input,
            types: Types::new(&input.files),
            externs,
            extensions,
            report,
            named: BTreeSet::new(),
            bindings: HashMap::new(),
            reasons: Vec::new(),
        }
    }

    /// The Rust path of a type as seen from the module of `package`; notes whose package it is.
    pub(super) fn rust_path(&mut self, package: &str, full_name: &str) -> String {
        if let Some(path) = self.externs.resolve(full_name) {
            return path;
        }
        if let Some(found) = self.types.get(full_name) {
            self.named.insert(found.file.package());
        }
        names::relative(package, full_name)
    }

    /// Whether the type or service lives elsewhere.
    pub(super) fn is_foreign(&self, full_name: &str) -> bool {
        self.externs.cover(full_name).is_some()
    }
}
