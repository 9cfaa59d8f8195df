//! Every message and enum of the run, by full name.

use std::collections::{BTreeMap, HashMap};

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use crate::input::SourceFile;

/// All types of the run; keys have their leading dot.
#[derive(Debug)]
pub(super) struct Types<'a>(HashMap<String, Type<'a>>);

/// One type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Type<'a> {
    /// The file that declares it.
    pub(super) file: &'a FileDescriptorProto,
    /// What it is.
    pub(super) def: Def<'a>,
}

/// What a type is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Def<'a> {
    /// A message or a group.
    Message(&'a DescriptorProto),
    /// An enum.
    Enum,
}

impl<'a> Types<'a> {
    /// Collects the types of all files.
    pub(super) fn new(files: &'a BTreeMap<String, SourceFile>) -> Self {
        let mut types = Self(HashMap::new());
        for SourceFile { proto, .. } in files.values() {
            let scope = if proto.package().is_empty() {
                String::new()
            } else {
                format!(".{}", proto.package())
            };
            types.add(proto, &scope, &proto.message_type, &proto.enum_type);
        }
        types
    }

    fn add(
        &mut self,
        file: &'a FileDescriptorProto,
        scope: &str,
        messages: &'a [DescriptorProto],
        enums: &'a [EnumDescriptorProto],
    ) {
        for descriptor in enums {
            self.0.insert(
                format!("{scope}.{}", descriptor.name()),
                Type {
                    file,
                    def: Def::Enum,
                },
            );
        }
        for message in messages {
            let full_name = format!("{scope}.{}", message.name());
            self.add(file, &full_name, &message.nested_type, &message.enum_type);
            self.0.insert(
                full_name,
                Type {
                    file,
                    def: Def::Message(message),
                },
            );
        }
    }

    /// The type of this full name, which has its leading dot.
    pub(super) fn get(&self, full_name: &str) -> Option<Type<'a>> {
        self.0.get(full_name).copied()
    }

    /// The message of this full name.
    pub(super) fn message(&self, full_name: &str) -> Option<&'a DescriptorProto> {
        match self.get(full_name)?.def {
            Def::Message(message) => Some(message),
            Def::Enum => None,
        }
    }

    /// The key and value of a map's entry, if `full_name` is one.
    pub(super) fn map_entry(&self, full_name: &str) -> Option<&'a DescriptorProto> {
        self.message(full_name)
            .filter(|message| is_map_entry(message))
    }
}

/// Whether a message stands for the entries of a map.
pub(super) fn is_map_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(|options| options.map_entry())
}
