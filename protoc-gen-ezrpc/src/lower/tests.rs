use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::{Error, Input, Params};

mod bindings;
mod errors;
mod resolved;

/// Lowers every file of a folder of protos, folder by folder: no panic, no false diagnostic.
///
/// What is refused must be a mistake that only servers make, so that `server=false` helps; it is printed.
/// By hand: `EZRPC_PROTOS=folder cargo test --release -p protoc-gen-ezrpc --lib -- corpus --nocapture`
#[test]
fn corpus() {
    let Some(root) = std::env::var_os("EZRPC_PROTOS").map(PathBuf::from) else {
        println!("skipped: EZRPC_PROTOS names no folder of protos (corpus)");
        return;
    };
    let mut folders = BTreeMap::new();
    collect(&root, &mut folders);
    let (mut lowered, mut refused) = (0, 0);
    for (folder, files) in folders {
        let set = parse(&root, &files);
        let names = files
            .iter()
            .filter_map(|file| file.strip_prefix(&root).ok()?.to_str());
        let names: Vec<String> = names.map(str::to_owned).collect();
        let started = Instant::now();
        let result = lower(&set, &names, Params::default());
        println!("{}: {:?}", folder.display(), started.elapsed());
        let Err(error) = result else {
            lowered += files.len();
            continue;
        };
        refused += files.len();
        println!("{error}");
        let params = Params {
            server: false,
            ..Params::default()
        };
        if let Err(error) = lower(&set, &names, params) {
            panic!("{}: {error}", folder.display());
        }
    }
    println!("lowered {lowered} files, refused {refused}");
}

fn lower(set: &[u8], names: &[String], params: Params) -> Result<(), Error> {
    let input = Input::from_descriptor_set(set, names, params)?;
    super::lower(&input)?;
    Ok(())
}

fn parse(root: &Path, files: &[PathBuf]) -> Vec<u8> {
    let mut compiler = protox::Compiler::new([root]).unwrap_or_else(|error| panic!("{error:?}"));
    compiler.include_imports(true).include_source_info(true);
    compiler
        .open_files(files)
        .unwrap_or_else(|error| panic!("{error:?}"));
    compiler.encode_file_descriptor_set()
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<PathBuf>>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.entry(folder.to_owned()).or_default().push(path);
        }
    }
}
