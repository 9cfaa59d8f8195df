//! Proto names to Rust names, exactly as prost-build makes them.

mod externs;

use heck::{ToShoutySnakeCase as _, ToSnakeCase as _, ToUpperCamelCase as _};

pub(crate) use externs::{Externs, Owner, runtime_owned};

/// Words Rust reserves, in any edition up to 2024: they become raw identifiers.
const KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static",
    "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Words that cannot be raw: they get a trailing `_`.
const NEVER_RAW: [&str; 6] = ["_", "Self", "crate", "extern", "self", "super"];

/// Methods a client or a generic `impl Product` has anyway: its own, and those of traits with blanket impls that are in
/// scope everywhere. An RPC of such a name gets a trailing `_`, in the trait and in the client.
pub(crate) const TAKEN_METHODS: [&str; 16] = [
    "as_mut",
    "as_ref",
    "borrow",
    "borrow_mut",
    "clone",
    "clone_from",
    "clone_into",
    "drop",
    "from",
    "into",
    "local",
    "new",
    "to_owned",
    "try_from",
    "try_into",
    "type_id",
];

/// Makes a Rust identifier of a name already in its case.
fn ident(name: String) -> String {
    if KEYWORDS.contains(&name.as_str()) {
        format!("r#{name}")
    } else if NEVER_RAW.contains(&name.as_str()) {
        format!("{name}_")
    } else if name.starts_with(char::is_numeric) {
        format!("_{name}")
    } else {
        name
    }
}

/// Names a field, a module or a function: `GetItem` to `get_item`, `type` to `r#type`.
pub(crate) fn snake(name: &str) -> String {
    ident(name.to_snake_case())
}

/// Names a type or a oneof's variant: `get_item` to `GetItem`, `self` to `Self_`.
pub(crate) fn camel(name: &str) -> String {
    ident(name.to_upper_camel_case())
}

/// Names a static: `GetItem` to `GET_ITEM`; not yet an identifier, so put something after it.
pub(crate) fn shouty(name: &str) -> String {
    name.to_shouty_snake_case()
}

/// Names the method of an RPC.
pub(crate) fn method(name: &str) -> String {
    let ident = snake(name);
    if TAKEN_METHODS.contains(&ident.as_str()) {
        format!("{ident}_")
    } else {
        ident
    }
}

/// Names the variant of an enum value: its enum's name, if it leads, is taken off.
pub(crate) fn variant(enum_ident: &str, value: &str) -> String {
    let full = camel(value);
    let short = full
        .strip_prefix(enum_ident)
        .filter(|rest| rest.starts_with(char::is_uppercase));
    ident(short.unwrap_or(&full).to_owned())
}

/// Says an enum value in words, its enum's name taken off: `NOT_FOUND_BY_ID` as `not found by id`.
pub(crate) fn words(enum_ident: &str, value: &str) -> String {
    let variant = variant(enum_ident, value);
    bare(&variant).to_snake_case().replace('_', " ")
}

/// Names the module path of a package.
pub(crate) fn module(package: &str) -> Vec<String> {
    package
        .split('.')
        .filter(|part| !part.is_empty())
        .map(snake)
        .collect()
}

/// Whether protoc would take `name` for an identifier.
pub(crate) fn is_identifier(name: &str) -> bool {
    let start = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(start) && name.chars().all(|c| start(c) || c.is_ascii_digit())
}

/// An identifier as part of a longer one: without the marks that made it legal.
pub(crate) fn bare(ident: &str) -> &str {
    let ident = ident.strip_prefix("r#").unwrap_or(ident);
    if ident == "Self_" { "Self" } else { ident }
}

/// Whether a converted name is one: `_` and the like leave nothing.
pub(crate) fn is_rust(ident: &str) -> bool {
    !ident.is_empty()
}

/// Whether `name` is made of identifiers joined by dots.
pub(crate) fn is_full_identifier(name: &str) -> bool {
    name.split('.').all(is_identifier)
}

/// The path of the type `full_name` (with its leading dot) as seen from the module of `package`.
pub(crate) fn relative(package: &str, full_name: &str) -> String {
    let (parents, name) = full_name.rsplit_once('.').unwrap_or(("", full_name));
    let mut path = relative_module(package, parents);
    path.push(camel(name));
    path.join("::")
}

/// The module path to `to` (a package, or a message whose nested types are meant) from the module of `package`.
pub(crate) fn relative_module(package: &str, to: &str) -> Vec<String> {
    let split = |path| str::split(path, '.').filter(|part: &&str| !part.is_empty());
    let common = split(package)
        .zip(split(to))
        .take_while(|(a, b)| a == b)
        .count();
    let up = split(package).skip(common).map(|_| "super".to_owned());
    up.chain(split(to).skip(common).map(snake)).collect()
}

#[cfg(test)]
mod tests;
