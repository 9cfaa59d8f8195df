//! Types that live elsewhere: in the runtime, or in another crate by the parameter `extern_path`.

use std::collections::BTreeMap;

use super::{camel, snake};

/// Where the runtime keeps the types of the bundled files and the well-known ones.
const RUNTIME: &str = "::ezrpc::codegen::v1";

/// Top-level types of the bundled files. They are mapped one by one: `google.api` and `google.rpc` have other files too,
/// and those the user generates.
pub(crate) const BUNDLED_TYPES: [(&str, &[&str]); 3] = [
    (
        "ezbuy",
        &[
            "ErrorCode",
            "ErrorDomain",
            "File",
            "ServiceOption",
            "WebapiOption",
        ],
    ),
    (
        "google.api",
        &[
            "CustomHttpPattern",
            "FieldBehavior",
            "Http",
            "HttpBody",
            "HttpRule",
        ],
    ),
    (
        "google.rpc",
        &[
            "BadRequest",
            "Code",
            "DebugInfo",
            "ErrorInfo",
            "Help",
            "LocalizedMessage",
            "PreconditionFailure",
            "QuotaFailure",
            "RequestInfo",
            "ResourceInfo",
            "RetryInfo",
            "Status",
        ],
    ),
];

/// Well-known types that are plain Rust types, with the kind of scalar a wrapper holds.
const SCALARS: [(&str, &str); 10] = [
    ("BoolValue", "bool"),
    ("BytesValue", "::ezrpc::codegen::v1::alloc::vec::Vec<u8>"),
    ("DoubleValue", "f64"),
    ("Empty", "()"),
    ("FloatValue", "f32"),
    ("Int32Value", "i32"),
    ("Int64Value", "i64"),
    ("StringValue", "::ezrpc::codegen::v1::alloc::string::String"),
    ("UInt32Value", "u32"),
    ("UInt64Value", "u64"),
];

/// Whose mapping it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The parameter `extern_path`.
    User,
    /// A bundled or well-known type.
    Runtime,
}

/// Proto paths with their leading dot to Rust paths.
#[derive(Debug, Default)]
pub(crate) struct Externs {
    paths: BTreeMap<String, (String, Owner)>,
}

/// What covers a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cover<'a> {
    /// The proto path of the mapping.
    pub(crate) key: &'a str,
    /// Its Rust path.
    pub(crate) rust: &'a str,
    /// Whose it is.
    pub(crate) owner: Owner,
}

impl Externs {
    /// The mappings of a run. Where they meet, the runtime's win: its types are what the rest of it takes.
    ///
    /// `own` says which names (packages and types) the run generates itself although the runtime has them;
    /// only making the runtime's own files needs that.
    pub(crate) fn new(user: &[(String, String)], own: impl Fn(&str) -> bool) -> Self {
        let mut paths = BTreeMap::new();
        for (proto, rust) in user {
            paths.insert(proto.clone(), (rust.clone(), Owner::User));
        }
        let mut add = |proto: String, rust: String| paths.insert(proto, (rust, Owner::Runtime));
        for (package, types) in BUNDLED_TYPES {
            let module = package.replace('.', "::");
            for name in types.iter().filter(|_| !own(package)) {
                add(
                    format!(".{package}.{name}"),
                    format!("{RUNTIME}::{module}::{name}"),
                );
            }
        }
        for (name, rust) in SCALARS {
            add(format!(".google.protobuf.{name}"), rust.to_owned());
        }
        if !own("google.protobuf") {
            add(".google.protobuf".to_owned(), format!("{RUNTIME}::wkt"));
        }
        Self { paths }
    }

    /// The mapping of the longest prefix of `full_name`, which has its leading dot.
    pub(crate) fn cover(&self, full_name: &str) -> Option<Cover<'_>> {
        let ends = full_name
            .rmatch_indices('.')
            .map(|(dot, _)| dot)
            .filter(|&dot| dot > 0);
        let prefixes = std::iter::once(full_name.len()).chain(ends);
        prefixes.map(|end| &full_name[..end]).find_map(|prefix| {
            let (key, (rust, owner)) = self.paths.get_key_value(prefix)?;
            Some(Cover {
                key,
                rust,
                owner: *owner,
            })
        })
    }

    /// The Rust path of the type `full_name`, if it lives elsewhere.
    pub(crate) fn resolve(&self, full_name: &str) -> Option<String> {
        let Cover { key, rust, .. } = self.cover(full_name)?;
        let Some(rest) = full_name[key.len()..].strip_prefix('.') else {
            return Some(rust.to_owned());
        };
        let (parents, name) = rest
            .rsplit_once('.')
            .map_or((None, rest), |(parents, name)| (Some(parents), name));
        let mut path = module_path(rust, parents);
        path.push(camel(name));
        Some(path.join("::"))
    }

    /// The module a covered package lies in: the mapping must be of the package or of one above it.
    pub(crate) fn module(&self, package: &str) -> Option<(String, Owner)> {
        let full_name = format!(".{package}");
        let Cover { key, rust, owner } = self.cover(&full_name)?;
        let rest = full_name[key.len()..].strip_prefix('.');
        Some((
            if rest.is_none() {
                rust.to_owned()
            } else {
                module_path(rust, rest).join("::")
            },
            owner,
        ))
    }

    /// Every mapping, sorted; without those prost-build makes itself, if it does.
    pub(crate) fn to_vec(&self, well_known: bool) -> Vec<(String, String)> {
        let all = self.paths.iter();
        all.filter(|(proto, (_, owner))| {
            well_known || *owner == Owner::User || !proto.starts_with(".google.protobuf")
        })
        .map(|(proto, (rust, _))| (proto.clone(), rust.clone()))
        .collect()
    }
}

/// Why `path` (with its leading dot) cannot be mapped elsewhere: the runtime has its type.
pub(crate) fn runtime_owned(path: &str) -> Option<String> {
    let path = path.trim_start_matches('.');
    let well_known = path == "google.protobuf" || path.starts_with("google.protobuf.");
    let bundled = || {
        BUNDLED_TYPES.iter().any(|(package, types)| {
            let name = path
                .strip_prefix(package)
                .and_then(|rest| rest.strip_prefix('.'));
            name.is_some_and(|name| types.contains(&name.split('.').next().unwrap_or_default()))
        })
    };
    (well_known || bundled())
        .then(|| format!("the types of `{path}` come with ezrpc and cannot be mapped elsewhere"))
}

/// A mapped path and what follows it, each part in the case of a module; `crate` stays the keyword it is.
fn module_path(rust: &str, rest: Option<&str>) -> Vec<String> {
    let parts = rust
        .split("::")
        .chain(rest.into_iter().flat_map(|rest| rest.split('.')));
    let part = |(index, part): (usize, &str)| match (index, part) {
        (0, "crate") => part.to_owned(),
        _ => snake(part),
    };
    parts.enumerate().map(part).collect()
}
