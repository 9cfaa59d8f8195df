//! `mod.rs`: the packages as nested modules.

use std::collections::BTreeMap;

use super::{GENERATED, file_stem};
use crate::GeneratedFile;
use crate::model::Model;

/// Lints that generated code need not please. Outer attributes, so that the file works under `include!`.
const ALLOW: &str = "#[allow(
    clippy::all,
    clippy::nursery,
    clippy::pedantic,
    dead_code,
    deprecated,
    missing_debug_implementations,
    missing_docs,
    rustdoc::all,
    unreachable_pub,
    unused_qualifications
)]
";

/// A module: the file it includes, the modules in it by name.
#[derive(Default)]
struct Node {
    include: Option<String>,
    children: BTreeMap<String, Node>,
}

/// Prints the one file a user includes.
pub(super) fn file(model: &Model) -> GeneratedFile {
    let mut root = Node::default();
    for package in &model.packages {
        let node = package.module.iter().fold(&mut root, |node, name| {
            node.children.entry(name.clone()).or_default()
        });
        node.include = Some(format!("{}.rs", file_stem(package)));
    }
    let mut content = format!("{GENERATED}. DO NOT EDIT.\n");
    root.print(&mut content, 0);
    GeneratedFile {
        name: "mod.rs".to_owned(),
        content,
    }
}

impl Node {
    fn print(&self, out: &mut String, depth: usize) {
        let indent = "    ".repeat(depth);
        if let Some(file) = &self.include {
            out.push_str(&format!("{indent}include!({file:?});\n"));
        }
        for (name, node) in &self.children {
            if depth == 0 {
                out.push_str(ALLOW);
            }
            out.push_str(&format!("{indent}pub mod {name} {{\n"));
            node.print(out, depth + 1);
            out.push_str(&format!("{indent}}}\n"));
        }
    }
}
