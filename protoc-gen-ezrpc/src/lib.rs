//! Turns descriptors of `.proto` files into Rust: messages, services, clients and ProtoJSON on `ezrpc`.
//!
//! The library is a function: bytes in, files out. It reads no file, no environment and no clock, so that the
//! plugin and a build script print the same bytes. The binary `protoc-gen-ezrpc` is a thin shell around [`run`].

#![deny(missing_docs)]

mod bundled;
mod comments;
mod diagnostic;
mod emit;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod input;
mod lower;
mod model;
mod names;
mod options;
mod params;
mod response;
mod route;
#[cfg(test)]
mod test_support;
mod wire;

pub use bundled::bundled;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use input::Input;
pub use params::{ParamError, Params, params_help, params_markdown};
pub use response::{Answer, answer, run};

/// One file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Name relative to the output folder: `shop.v1.rs`.
    pub name: String,
    /// The whole text.
    pub content: String,
}

/// What one run makes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generated {
    /// The files, sorted by name.
    pub files: Vec<GeneratedFile>,
    /// What works, but perhaps not as it is meant, sorted by place.
    pub warnings: Vec<Diagnostic>,
}

/// Why nothing was generated, by whose fault it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes on the wire are not what protoc or buf would send.
    #[error("the input is not a {expected}: {reason}")]
    Malformed {
        /// `CodeGeneratorRequest` or `FileDescriptorSet`.
        expected: &'static str,
        /// What does not fit.
        reason: String,
    },
    /// A plugin parameter is unknown or has a bad value.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// Mistakes in the user's files, all of them.
    #[error(transparent)]
    Proto(#[from] Diagnostics),
    /// What emission printed is not Rust: our mistake, never the user's.
    #[error("ezrpc bug: the output for package `{file}` does not parse; please report it")]
    Bug {
        /// The package.
        file: String,
        /// What the parser said.
        source: syn::Error,
    },
}

/// Generates the files of `input`, sorted by name, and says nothing of warnings.
///
/// # Errors
/// [`Error::Proto`] with every mistake found in the user's files.
pub fn generate(input: &Input) -> Result<Vec<GeneratedFile>, Error> {
    generate_all(input).map(|generated| generated.files)
}

/// Generates the files of `input`, and tells what is doubtful in it.
///
/// # Errors
/// [`Error::Proto`] with every mistake found in the user's files.
pub fn generate_all(input: &Input) -> Result<Generated, Error> {
    let (model, warnings) = lower::lower_all(input)?;
    let files = emit::emit(&model, input.params())?;
    Ok(Generated { files, warnings })
}
