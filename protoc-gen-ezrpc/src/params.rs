//! The parameters of a run: one table makes the parser, `--help` and the README's table.

use std::str::FromStr;

use syn::parse::Parser as _;

/// What the caller may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// Proto path with its leading dot to Rust path, for a package (`.common`) or a type (`.common.Money`).
    pub extern_path: Vec<(String, String)>,
    /// Proto path to an attribute for the types under it.
    pub type_attribute: Vec<(String, String)>,
    /// Proto path to an attribute for the fields under it.
    pub field_attribute: Vec<(String, String)>,
    /// Whether clients are generated.
    pub client: bool,
    /// Whether servers are generated.
    pub server: bool,
    /// Whether `mod.rs` is generated.
    pub mod_file: bool,
    /// Whether descriptors are embedded.
    pub descriptors: bool,
    /// Whether a PATCH whose client sends no update mask gets one made of its body.
    pub patch_mask: bool,
    /// Whether a google.api.http rule may have a body on DELETE.
    pub allow_delete_body: bool,
    /// Not a plugin parameter: generates the bundled and well-known types that are targets, instead of taking them
    /// from the runtime. This is how the runtime's own copies are made (`ezrpc::codegen::v1::{wkt, google, ezbuy}`).
    #[doc(hidden)]
    pub runtime: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            extern_path: Vec::new(),
            type_attribute: Vec::new(),
            field_attribute: Vec::new(),
            client: true,
            server: true,
            mod_file: true,
            descriptors: true,
            patch_mask: true,
            allow_delete_body: false,
            runtime: false,
        }
    }
}

/// A parameter that cannot be used: which, why, and what would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParamError(String);

/// Where a parameter's value goes.
enum Slot {
    Flag(fn(&mut Params) -> &mut bool),
    Pairs(
        fn(&mut Params) -> &mut Vec<(String, String)>,
        fn(&str, &str) -> Result<(), String>,
    ),
}

/// One parameter: all that parser, help and README say about it.
struct Param {
    name: &'static str,
    /// What follows the name.
    value: &'static str,
    default: &'static str,
    about: &'static str,
    slot: Slot,
}

/// Every parameter there is.
const TABLE: [Param; 9] = [
    Param {
        name: "extern_path",
        value: "=.proto.path=::rust::path",
        default: "",
        about: "take the types of a package, or one type, from another module or crate; may be repeated",
        slot: Slot::Pairs(|params| &mut params.extern_path, check_extern),
    },
    Param {
        name: "type_attribute",
        value: "=.proto.path=#[attribute]",
        default: "",
        about: "put an attribute on the messages, enums and oneofs under a path (`.` is all); may be repeated",
        slot: Slot::Pairs(|params| &mut params.type_attribute, check_attribute),
    },
    Param {
        name: "field_attribute",
        value: "=.proto.path=#[attribute]",
        default: "",
        about: "put an attribute on the fields and variants under a path; may be repeated",
        slot: Slot::Pairs(|params| &mut params.field_attribute, check_attribute),
    },
    Param {
        name: "client",
        value: "[=true|false]",
        default: "true",
        about: "generate clients",
        slot: Slot::Flag(|params| &mut params.client),
    },
    Param {
        name: "server",
        value: "[=true|false]",
        default: "true",
        about: "generate servers",
        slot: Slot::Flag(|params| &mut params.server),
    },
    Param {
        name: "mod",
        value: "[=true|false]",
        default: "true",
        about: "generate mod.rs, which includes the other files; `false` where the plugin runs once per folder",
        slot: Slot::Flag(|params| &mut params.mod_file),
    },
    Param {
        name: "descriptors",
        value: "[=true|false]",
        default: "true",
        about: "embed the descriptors, which reflection and google.protobuf.Any need",
        slot: Slot::Flag(|params| &mut params.descriptors),
    },
    Param {
        name: "patch_mask",
        value: "[=true|false]",
        default: "true",
        about: "fill the update mask of a PATCH from the members of its body, where the client sends none",
        slot: Slot::Flag(|params| &mut params.patch_mask),
    },
    Param {
        name: "allow_delete_body",
        value: "[=true|false]",
        default: "false",
        about: "take `body` in a google.api.http rule for DELETE, which many proxies drop",
        slot: Slot::Flag(|params| &mut params.allow_delete_body),
    },
];

/// Parses the text protoc passes on: parameters joined by commas, a comma in a value written `\,`.
impl FromStr for Params {
    type Err = ParamError;

    fn from_str(text: &str) -> Result<Self, ParamError> {
        let mut params = Self::default();
        for item in split(text).iter().filter(|item| !item.is_empty()) {
            set(&mut params, item)?;
        }
        params.check()?;
        Ok(params)
    }
}

impl Params {
    /// Checks values that did not come through the parser: those of a build script.
    ///
    /// # Errors
    /// The first value that cannot be used, with the text the parser would give.
    pub fn check(&self) -> Result<(), ParamError> {
        let mut params = self.clone();
        for Param { name, slot, .. } in &TABLE {
            let Slot::Pairs(pairs, check) = slot else {
                continue;
            };
            for (path, value) in pairs(&mut params).iter() {
                check_proto_path(path)
                    .and_then(|()| check(path, value))
                    .map_err(|reason| bad(name, path, &reason))?;
            }
        }
        let mut paths: Vec<&str> = self
            .extern_path
            .iter()
            .map(|(path, _)| path.as_str())
            .collect();
        paths.sort_unstable();
        match paths.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(bad("extern_path", pair[0], "the path is mapped twice")),
            None => Ok(()),
        }
    }
}

fn set(params: &mut Params, item: &str) -> Result<(), ParamError> {
    let (name, value) = item
        .split_once('=')
        .map_or((item, None), |(name, value)| (name, Some(value)));
    let name = name.trim();
    let Some(param) = TABLE.iter().find(|param| param.name == name) else {
        return Err(unknown(name));
    };
    match (&param.slot, value) {
        (Slot::Flag(flag), None | Some("true")) => *flag(params) = true,
        (Slot::Flag(flag), Some("false")) => *flag(params) = false,
        (Slot::Flag(_), Some(other)) => {
            return Err(ParamError(format!(
                "parameter `{name}` is `true` or `false`, not `{other}`"
            )));
        }
        (Slot::Pairs(pairs, _), value) => {
            let pair = value.and_then(|value| value.split_once('='));
            let Some((path, value)) =
                pair.filter(|(path, value)| !path.is_empty() && !value.is_empty())
            else {
                return Err(ParamError(format!(
                    "parameter `{name}` is written `{name}{}`",
                    param.value
                )));
            };
            pairs(params).push((path.to_owned(), value.to_owned()));
        }
    }
    Ok(())
}

fn bad(name: &str, path: &str, reason: &str) -> ParamError {
    ParamError(format!("parameter `{name}` for `{path}`: {reason}"))
}

fn unknown(name: &str) -> ParamError {
    let names = TABLE.iter().map(|param| param.name);
    let near = names
        .clone()
        .map(|known| (distance(name, known), known))
        .min();
    let hint = match near {
        Some((edits, known)) if edits <= 3 => format!("did you mean `{known}`?"),
        _ => format!(
            "there are {}",
            names
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    ParamError(format!("unknown parameter `{name}`; {hint}"))
}

/// Splits at commas that no backslash escapes; `\,` is a comma, any other backslash stays.
fn split(text: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, items.last_mut()) {
            (',', _) | (_, None) => items.push(String::new()),
            ('\\', Some(item)) if chars.peek() == Some(&',') => item.extend(chars.next()),
            (c, Some(item)) => item.push(c),
        }
    }
    items
}

/// The least number of letters to change, add or drop to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

fn check_proto_path(path: &str) -> Result<(), String> {
    let parts = || path.split('.').filter(|part| !part.is_empty());
    if path.is_empty()
        || path.ends_with('.') && path != "."
        || !parts().all(crate::names::is_identifier)
    {
        return Err("it is no proto path; write `.package` or `.package.Type`".to_owned());
    }
    Ok(())
}

fn check_extern(path: &str, rust: &str) -> Result<(), String> {
    if !path.starts_with('.') || path.len() < 2 {
        return Err(format!(
            "a proto path starts with a dot; write `.{}`",
            path.trim_start_matches('.')
        ));
    }
    if let Some(reason) = crate::names::runtime_owned(path) {
        return Err(reason);
    }
    match syn::parse_str::<syn::Path>(rust) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "`{rust}` is no Rust path; write one like `::common_proto`"
        )),
    }
}

fn check_attribute(_: &str, attribute: &str) -> Result<(), String> {
    match syn::Attribute::parse_outer.parse_str(attribute) {
        Ok(attributes) if !attributes.is_empty() => Ok(()),
        _ => Err(format!(
            "`{attribute}` is no attribute; write one like `#[derive(Hash)]`"
        )),
    }
}

/// The table as text for `--help`, one parameter a paragraph.
#[must_use]
pub fn params_help() -> String {
    let mut text = String::new();
    for Param {
        name,
        value,
        default,
        about,
        ..
    } in &TABLE
    {
        let default = if default.is_empty() {
            String::new()
        } else {
            format!(" [default: {default}]")
        };
        text.push_str(&format!("  {name}{value}\n          {about}{default}\n"));
    }
    text
}

/// The table as Markdown for the README.
#[must_use]
pub fn params_markdown() -> String {
    let mut text = "| Parameter | Default | Meaning |\n|---|---|---|\n".to_owned();
    for Param {
        name,
        value,
        default,
        about,
        ..
    } in &TABLE
    {
        let value = value.replace('|', "\\|");
        let default = if default.is_empty() {
            String::new()
        } else {
            format!("`{default}`")
        };
        text.push_str(&format!("| `{name}{value}` | {default} | {about} |\n"));
    }
    text
}

#[cfg(test)]
mod tests;
