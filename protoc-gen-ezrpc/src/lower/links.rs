//! How a package reaches the descriptors of what it imports: by a link, or by carrying them itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::context::Cx;
use super::packages;
use crate::input::SourceFile;
use crate::model::{File, Package};
use crate::names::{self, Owner};
use crate::options;

/// How one import is reached.
enum Reach {
    /// It is the package's own.
    Own,
    /// The `descriptors` function of this path.
    Link(String),
    /// Nobody else is known to have it.
    Embed,
}

/// Adds links and embedded files to every package.
pub(super) fn add(cx: &Cx<'_>, packages: &mut [Package]) {
    let written: BTreeMap<String, String> = packages
        .iter()
        .flat_map(|package| {
            package
                .files
                .iter()
                .map(|file| (file.name.clone(), package.name.clone()))
        })
        .collect();
    for package in packages {
        let (links, embedded) = (BTreeSet::new(), Vec::new());
        let mut walk = Walk {
            cx,
            written: &written,
            package: &package.name,
            seen: HashSet::new(),
            links,
            embedded,
        };
        for file in &package.files {
            walk.imports(&file.name);
        }
        let Walk {
            links, embedded, ..
        } = walk;
        package.descriptor_links = links.into_iter().collect();
        package.files.extend(embedded);
        package.files.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

/// A walk over the imports of one package.
struct Walk<'a, 'c> {
    cx: &'a Cx<'c>,
    written: &'a BTreeMap<String, String>,
    package: &'a str,
    seen: HashSet<&'a str>,
    links: BTreeSet<String>,
    embedded: Vec<File>,
}

impl Walk<'_, '_> {
    fn imports(&mut self, name: &str) {
        let Some(file) = self.cx.input.files.get(name) else {
            return;
        };
        for import in file
            .proto
            .dependency
            .iter()
            .filter_map(|import| self.cx.input.files.get(import))
        {
            if !self.seen.insert(import.proto.name()) {
                continue;
            }
            match self.reach(import) {
                Reach::Own => {}
                Reach::Link(path) => {
                    self.links.insert(path);
                }
                Reach::Embed => {
                    self.embedded.push(packages::embedded(self.cx, import));
                    self.imports(import.proto.name());
                }
            }
        }
    }

    fn reach(&self, import: &SourceFile) -> Reach {
        let (name, package) = (import.proto.name(), import.proto.package());
        if let Some(package) = self.written.get(name) {
            return self.relative(package);
        }
        if let Some(module) = self.runtime_module(name, package) {
            return Reach::Link(format!("__rt::{module}::descriptors"));
        }
        match self.cx.externs.module(package) {
            Some((path, Owner::User)) => Reach::Link(format!("{path}::descriptors")),
            _ if self.cx.named.contains(package) => self.relative(package),
            _ => Reach::Embed,
        }
    }

    fn relative(&self, package: &str) -> Reach {
        if package == self.package {
            return Reach::Own;
        }
        let mut path = names::relative_module(self.package, package);
        path.push("descriptors".to_owned());
        Reach::Link(path.join("::"))
    }

    /// The runtime's module that has a file. A team's own `ezbuy/option.proto` with other numbers is not the runtime's.
    fn runtime_module(&self, name: &str, package: &str) -> Option<String> {
        if let Some((_, Owner::Runtime)) = self.cx.externs.module(package) {
            return Some("wkt".to_owned());
        }
        let bundled = crate::bundled().iter().any(|(bundled, _)| *bundled == name);
        let same = package != "ezbuy" || options::is_shipped(&self.cx.input.pool);
        (bundled && same).then(|| package.replace('.', "::"))
    }
}
