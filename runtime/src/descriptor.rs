//! What generated code carries of its `.proto` files.

use crate::codec::json::Type;

/// The descriptors of one proto package, and the links to the packages it imports.
#[derive(Debug)]
pub struct Package {
    /// The name, such as `shop.v1`; empty for files without a package.
    pub name: &'static str,
    /// The files that were generated together, imports first.
    pub files: &'static [File],
    /// The messages, for `google.protobuf.Any`.
    pub types: &'static [Type],
    /// The packages imported; functions, since packages may import one another in a circle.
    pub imports: &'static [fn() -> &'static Package],
}

/// One `.proto` file.
#[derive(Debug)]
pub struct File {
    /// The path it is imported by, such as `shop/v1/product.proto`.
    pub name: &'static str,
    /// A serialised `FileDescriptorProto`, without source info.
    pub descriptor: &'static [u8],
}

/// `packages` and all they import, each once, imports after their importers.
pub(crate) fn closure(
    packages: impl IntoIterator<Item = &'static Package>,
) -> Vec<&'static Package> {
    let mut found: Vec<&'static Package> = Vec::new();
    let mut open: Vec<&'static Package> = packages.into_iter().collect();
    open.reverse();
    while let Some(package) = open.pop() {
        // By address, not name: two crates may each carry a part of one package.
        if found.iter().any(|known| std::ptr::eq(*known, package)) {
            continue;
        }
        found.push(package);
        open.extend(package.imports.iter().rev().map(|import| import()));
    }
    found
}
