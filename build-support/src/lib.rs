//! Compiles `.proto` files from `build.rs`: no protoc, no include paths for the bundled files, one call.
//!
//! ```no_run
//! // build.rs, in `fn main() -> Result<(), ezrpc_build::Error>`
//! ezrpc_build::compile(&["shop/v1/product.proto"], &["proto"])?;
//! # Ok::<(), ezrpc_build::Error>(())
//! ```
//!
//! ```text
//! // src/lib.rs or src/main.rs
//! mod proto {
//!     ezrpc::include_protos!();
//! }
//! ```
//!
//! What is written equals the plugin's output for the same files, byte for byte.

#![deny(missing_docs)]

mod error;
mod source;
mod write;

use std::path::{Path, PathBuf};

use protoc_gen_ezrpc::{Input, Params};

pub use error::Error;
use source::Sources;

/// Compiles `protos` and what they import, found under `includes`, into `OUT_DIR`.
///
/// The same as [`Build::new`] with one [`Build::proto`] and [`Build::include`] each, and [`Build::run`].
///
/// # Errors
/// As [`Build::run`].
pub fn compile(protos: &[impl AsRef<Path>], includes: &[impl AsRef<Path>]) -> Result<(), Error> {
    let build = protos.iter().fold(Build::new(), Build::proto);
    includes.iter().fold(build, Build::include).run()
}

/// What to compile, and how.
///
/// Generated are the files listed and everything they import, less what the runtime carries (google/protobuf,
/// google/rpc/status.proto and their like) and what [`Build::extern_path`] says lives elsewhere.
///
/// ```no_run
/// ezrpc_build::Build::new().include("proto").proto("shop/v1/product.proto").run().unwrap();
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "nothing happens before `run`"]
pub struct Build {
    includes: Vec<PathBuf>,
    protos: Vec<PathBuf>,
    descriptor_set: Option<PathBuf>,
    out_dir: Option<PathBuf>,
    params: Params,
}

impl Build {
    /// Starts with nothing to compile and the defaults of the plugin.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a folder that imports are looked up in; earlier ones win. Without any it is the current folder.
    pub fn include(mut self, folder: impl AsRef<Path>) -> Self {
        self.includes.push(folder.as_ref().to_owned());
        self
    }

    /// Adds a file: its import name, or its path under an include folder.
    pub fn proto(mut self, file: impl AsRef<Path>) -> Self {
        self.protos.push(file.as_ref().to_owned());
        self
    }

    /// Reads descriptors from a file instead of parsing: what `protoc --include_imports --include_source_info
    /// --descriptor_set_out` or `buf build` writes. [`Build::proto`] then takes import names; without any, every
    /// file of the set is generated.
    pub fn descriptor_set(mut self, file: impl AsRef<Path>) -> Self {
        self.descriptor_set = Some(file.as_ref().to_owned());
        self
    }

    /// Writes into `folder` instead of `$OUT_DIR/ezrpc`, for code that is checked in.
    pub fn out_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.out_dir = Some(folder.as_ref().to_owned());
        self
    }

    /// Takes the types of a proto package or message from a Rust path: `.common`, `::common_protos::common`.
    pub fn extern_path(mut self, proto: impl Into<String>, rust: impl Into<String>) -> Self {
        self.params.extern_path.push((proto.into(), rust.into()));
        self
    }

    /// Adds an attribute to the messages and enums at or under a proto path; `.` is all.
    pub fn type_attribute(
        mut self,
        proto: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let entry = (proto.into(), attribute.into());
        self.params.type_attribute.push(entry);
        self
    }

    /// Adds an attribute to the fields at or under a proto path.
    pub fn field_attribute(
        mut self,
        proto: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        let entry = (proto.into(), attribute.into());
        self.params.field_attribute.push(entry);
        self
    }

    /// Sets whether clients are generated (default: yes).
    pub fn client(mut self, yes: bool) -> Self {
        self.params.client = yes;
        self
    }

    /// Sets whether servers are generated (default: yes).
    pub fn server(mut self, yes: bool) -> Self {
        self.params.server = yes;
        self
    }

    /// Sets whether `mod.rs`, which includes all other files, is generated (default: yes).
    pub fn mod_file(mut self, yes: bool) -> Self {
        self.params.mod_file = yes;
        self
    }

    /// Sets whether descriptors are embedded, for reflection and `google.protobuf.Any` (default: yes).
    pub fn descriptors(mut self, yes: bool) -> Self {
        self.params.descriptors = yes;
        self
    }

    /// Sets whether the update mask of a PATCH is filled from its body where the client sends none (default: yes).
    pub fn patch_mask(mut self, yes: bool) -> Self {
        self.params.patch_mask = yes;
        self
    }

    /// Sets whether a `google.api.http` rule for DELETE may have a `body` (default: no).
    pub fn allow_delete_body(mut self, yes: bool) -> Self {
        self.params.allow_delete_body = yes;
        self
    }

    /// Parses, generates and writes; tells Cargo to run again when one of the files read changes.
    ///
    /// Files whose content stays the same are not written.
    ///
    /// # Errors
    /// Every mistake in the `.proto` files with its place, or the file that cannot be read or written. The text
    /// through `unwrap` is the same.
    pub fn run(self) -> Result<(), Error> {
        self.params
            .check()
            .map_err(|error| Error::Params(error.to_string()))?;
        let sources = match &self.descriptor_set {
            Some(file) => Sources::from_set(file, &self.protos)?,
            None => Sources::parse(&self.includes, &self.protos)?,
        };
        let out_dir = self.out_dir.map_or_else(write::default_out_dir, Ok)?;
        for file in &sources.files {
            println!("cargo:rerun-if-changed={}", file.display());
        }
        let targets = sources.targets(&self.params.extern_path);
        let input = Input::from_descriptor_set(&sources.descriptors, &targets, self.params)?;
        let generated = protoc_gen_ezrpc::generate_all(&input)?;
        for warning in &generated.warnings {
            // Cargo takes one line a warning.
            println!("cargo:warning={}", warning.to_string().replace('\n', ";"));
        }
        write::all(&out_dir, &generated.files)
    }
}
