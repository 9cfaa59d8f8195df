use std::path::{Path, PathBuf};

use crate::test_support::mistakes;

mod errors;

/// Lowers every file of a folder of protos, package folder by package folder: no panic, no false diagnostic.
///
/// By hand: `EZRPC_PROTOS=google-proto-files cargo test -p protoc-gen-ezrpc --lib -- --ignored corpus --nocapture`
#[test]
#[ignore = "needs a folder of protos in EZRPC_PROTOS"]
fn corpus() {
    let Some(root) = std::env::var_os("EZRPC_PROTOS").map(PathBuf::from) else { return };
    let mut folders = std::collections::BTreeMap::<PathBuf, Vec<PathBuf>>::new();
    collect(&root, &mut folders);
    let (mut lowered, mut refused, mut unparsed) = (0, 0, 0);
    for (folder, files) in folders {
        let mut compiler = match protox::Compiler::new([&root]) {
            Ok(compiler) => compiler,
            Err(error) => panic!("{error}"),
        };
        compiler.include_imports(true).include_source_info(true);
        if let Err(error) = compiler.open_files(&files) {
            println!("{}: {error:?}", folder.display());
            unparsed += files.len();
            continue;
        }
        let names: Vec<String> = files
            .iter()
            .filter_map(|file| Some(file.strip_prefix(&root).ok()?.to_str()?.to_owned()))
            .collect();
        let set = compiler.encode_file_descriptor_set();
        let started = std::time::Instant::now();
        let input = crate::Input::from_descriptor_set(&set, &names, crate::Params::default());
        let read = started.elapsed();
        let result = input.and_then(|input| Ok(super::lower(&input)?));
        let took = started.elapsed();
        if took.as_millis() > 100 {
            println!("{}: read {read:?}, all {took:?}", folder.display());
        }
        match result {
            Ok(_) => lowered += files.len(),
            Err(error) => {
                refused += files.len();
                println!("{}:\n{error}\n", folder.display());
            }
        }
    }
    println!("lowered {lowered}, refused {refused}, not parsed {unparsed}");
    assert_eq!(refused, 0);
}

fn collect(folder: &Path, found: &mut std::collections::BTreeMap<PathBuf, Vec<PathBuf>>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.entry(folder.to_owned()).or_default().push(path);
        }
    }
}
