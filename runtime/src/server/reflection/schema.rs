//! The files of a server's services, found by what is in them.

use std::collections::{BTreeMap, HashMap, HashSet};

use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    ServiceDescriptorProto,
};

use crate::descriptor::{File, Package, closure};

/// Every file the services' packages are made of, their imports too.
#[derive(Debug, Default)]
pub(super) struct Schema {
    files: HashMap<&'static str, Found>,
    /// Full name -> file.
    symbols: HashMap<String, &'static str>,
    /// Extended message -> number -> file.
    extensions: HashMap<String, BTreeMap<i32, &'static str>>,
}

#[derive(Debug)]
struct Found {
    file: &'static File,
    imports: Vec<String>,
}

impl Schema {
    pub(super) fn new(packages: impl IntoIterator<Item = &'static Package>) -> Self {
        let mut schema = Self::default();
        for file in closure(packages).iter().flat_map(|package| package.files) {
            schema.add(file);
        }
        schema
    }

    /// Adds a file; of two with one name, which two crates may carry, the first counts.
    fn add(&mut self, file: &'static File) {
        // What our own generator has printed.
        let Ok(proto) = FileDescriptorProto::decode(file.descriptor) else {
            return;
        };
        if self.files.contains_key(file.name) {
            return;
        }
        let mut names = Names {
            schema: self,
            file: file.name,
        };
        let scope = proto.package();
        names.messages(scope, &proto.message_type);
        names.enums(scope, &proto.enum_type);
        names.extensions(scope, &proto.extension);
        names.services(scope, &proto.service);
        let imports = proto.dependency;
        self.files.insert(file.name, Found { file, imports });
    }

    /// The file of a path.
    pub(super) fn file(&self, path: &str) -> Option<&'static str> {
        self.files.get(path).map(|found| found.file.name)
    }

    /// The file that defines a full name.
    pub(super) fn symbol(&self, name: &str) -> Option<&'static str> {
        self.symbols.get(name).copied()
    }

    /// The file that defines an extension.
    pub(super) fn extension(&self, message: &str, number: i32) -> Option<&'static str> {
        self.extensions.get(message)?.get(&number).copied()
    }

    /// The numbers of a message's extensions; `None` if there is no such message.
    pub(super) fn extension_numbers(&self, message: &str) -> Option<Vec<i32>> {
        let numbers = self.extensions.get(message);
        let numbers = numbers.map(|numbers| numbers.keys().copied().collect());
        numbers.or_else(|| self.symbol(message).map(|_| Vec::new()))
    }

    /// A file, encoded, and what it imports, less what is in `sent` already.
    pub(super) fn with_imports(
        &self,
        path: &'static str,
        sent: &mut HashSet<&'static str>,
    ) -> Vec<&'static [u8]> {
        let mut encoded = Vec::new();
        let mut open = vec![path];
        let mut seen = HashSet::new();
        while let Some(path) = open.pop() {
            let Some(found) = self.files.get(path).filter(|_| seen.insert(path)) else {
                continue;
            };
            // What was asked for is sent again, as the caller may have lost it.
            if sent.insert(found.file.name) || encoded.is_empty() {
                encoded.push(found.file.descriptor);
            }
            let imports = found.imports.iter().rev();
            open.extend(imports.filter_map(|import| self.file(import)));
        }
        encoded
    }
}

/// Writes down what a file defines.
struct Names<'a> {
    schema: &'a mut Schema,
    file: &'static str,
}

impl Names<'_> {
    /// Adds a name within a scope and returns it in full.
    fn add(&mut self, scope: &str, name: &str) -> String {
        let full = match scope {
            "" => name.to_owned(),
            _ => format!("{scope}.{name}"),
        };
        self.schema.symbols.entry(full.clone()).or_insert(self.file);
        full
    }

    fn messages(&mut self, scope: &str, messages: &[DescriptorProto]) {
        for message in messages {
            let full = self.add(scope, message.name());
            for field in &message.field {
                self.add(&full, field.name());
            }
            for oneof in &message.oneof_decl {
                self.add(&full, oneof.name());
            }
            self.messages(&full, &message.nested_type);
            self.enums(&full, &message.enum_type);
            self.extensions(&full, &message.extension);
        }
    }

    fn enums(&mut self, scope: &str, enums: &[EnumDescriptorProto]) {
        for one in enums {
            self.add(scope, one.name());
            for value in &one.value {
                // Values stand beside their enum.
                self.add(scope, value.name());
            }
        }
    }

    fn extensions(&mut self, scope: &str, extensions: &[FieldDescriptorProto]) {
        for extension in extensions {
            self.add(scope, extension.name());
            let extended = extension.extendee().trim_start_matches('.').to_owned();
            let numbers = self.schema.extensions.entry(extended).or_default();
            numbers.entry(extension.number()).or_insert(self.file);
        }
    }

    fn services(&mut self, scope: &str, services: &[ServiceDescriptorProto]) {
        for service in services {
            let full = self.add(scope, service.name());
            for method in &service.method {
                self.add(&full, method.name());
            }
        }
    }
}
