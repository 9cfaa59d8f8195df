//! The parameters of a run: one table makes parser, `--help` and the README's table.

/// What the caller may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// Proto path with its leading dot to Rust path: package (`.common`) or type (`.common.Money`).
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
            runtime: false,
        }
    }
}

/// A parameter that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParamError(String);

/// The table as text for `--help`.
#[must_use]
pub fn params_help() -> String {
    String::new()
}

/// The table as Markdown for the README.
#[must_use]
pub fn params_markdown() -> String {
    String::new()
}
