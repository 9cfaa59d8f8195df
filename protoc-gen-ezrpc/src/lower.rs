//! Descriptors to [`Model`]: every name resolved, every check made, every mistake reported.
//!
//! Functions below push what is wrong into the report and go on, so that one run tells everything.

mod canonical;
mod clashes;
mod context;
mod enums;
mod links;
mod messages;
mod method;
mod packages;
mod routes;
mod services;
mod types;

use crate::model::Model;
use crate::{Diagnostics, Input};

/// Lowers `input`, or says everything that is wrong with it.
pub(crate) fn lower(input: &Input) -> Result<Model, Diagnostics> {
    let mut cx = context::Cx::new(input);
    let packages = packages::lower(&mut cx);
    routes::duplicates(&mut cx);
    cx.report.finish()?;
    let imports = packages::imports(&cx, &packages);
    Ok(Model {
        packages,
        imports,
        extern_paths: cx.externs.to_vec(input.params.runtime),
    })
}

#[cfg(test)]
mod tests;
