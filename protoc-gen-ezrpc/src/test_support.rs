//! Protos in text to [`Input`], for unit tests.

use std::collections::HashMap;

use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

use crate::{Diagnostics, Error, Input, Params, bundled};

/// Files held in memory.
struct Memory(HashMap<String, String>);

impl FileResolver for Memory {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let source = self
            .0
            .get(name)
            .ok_or_else(|| protox::Error::file_not_found(name))?;
        File::from_source(name, source)
    }
}

/// Descriptors of `files` (name, source) and all they import, the bundled files among them.
pub(crate) fn descriptor_set(files: &[(&str, &str)], source_info: bool) -> Vec<u8> {
    let own = files
        .iter()
        .map(|(name, source)| ((*name).to_owned(), (*source).to_owned()));
    let carried = bundled()
        .iter()
        .map(|(name, source)| ((*name).to_owned(), (*source).to_owned()));
    let mut resolver = ChainFileResolver::new();
    resolver.add(Memory(own.collect()));
    resolver.add(Memory(carried.collect()));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler
        .include_imports(true)
        .include_source_info(source_info);
    for (name, _) in files {
        if let Err(error) = compiler.open_file(name) {
            panic!("{error:?}");
        }
    }
    compiler.encode_file_descriptor_set()
}

/// The input that generates all of `files`.
pub(crate) fn try_input(files: &[(&str, &str)], params: &str) -> Result<Input, Error> {
    let targets: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    let params: Params = params.parse()?;
    Input::from_descriptor_set(&descriptor_set(files, true), &targets, params)
}

/// The input that generates all of `files`, which are good.
pub(crate) fn input(files: &[(&str, &str)], params: &str) -> Input {
    match try_input(files, params) {
        Ok(input) => input,
        Err(error) => panic!("{error}"),
    }
}

/// What is wrong with `files`, rendered.
pub(crate) fn mistakes(files: &[(&str, &str)]) -> String {
    match crate::lower::lower(&input(files, "")) {
        Ok(_) => String::new(),
        Err(diagnostics) => Diagnostics::to_string(&diagnostics),
    }
}
