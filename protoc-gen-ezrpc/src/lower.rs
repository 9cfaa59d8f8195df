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
mod reasons;
mod route_facts;
mod routes;
mod services;
mod types;
mod uploads;

use crate::model::Model;
use crate::{Diagnostic, Diagnostics, Input};

/// Lowers `input` and tells what is doubtful in it, or says everything that is wrong with it.
pub(crate) fn lower_all(input: &Input) -> Result<(Model, Vec<Diagnostic>), Diagnostics> {
    let mut cx = context::Cx::new(input);
    let packages = packages::lower(&mut cx);
    routes::duplicates(&mut cx);
    reasons::duplicates(&mut cx);
    cx.report.finish()?;
    let imports = packages::imports(&cx, &packages);
    let model = Model {
        packages,
        imports,
        extern_paths: cx.externs.to_vec(input.params.runtime),
    };
    Ok((model, cx.report.warnings()))
}

/// [`lower_all`] without the warnings.
#[cfg(test)]
pub(crate) fn lower(input: &Input) -> Result<Model, Diagnostics> {
    lower_all(input).map(|(model, _)| model)
}

#[cfg(test)]
mod tests;
