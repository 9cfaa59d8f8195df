//! Descriptor bytes to [`Input`].

use crate::{Error, Params};

/// What one run works on.
#[derive(Debug)]
pub struct Input {
    params: Params,
}

impl Input {
    /// Reads a `CodeGeneratorRequest`.
    ///
    /// # Errors
    /// If the bytes are no request, a parameter is wrong, or a file cannot be read.
    pub fn from_request(_request: &[u8]) -> Result<Self, Error> {
        Ok(Self { params: Params::default() })
    }

    /// Reads a `FileDescriptorSet`; `targets` are the import names of the files to generate.
    ///
    /// # Errors
    /// If the bytes are no descriptor set, or a file cannot be read.
    pub fn from_descriptor_set(_set: &[u8], _targets: &[String], params: Params) -> Result<Self, Error> {
        Ok(Self { params })
    }

    /// The parameters of the run.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }
}
