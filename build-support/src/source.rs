//! Reads `.proto` files, or a descriptor set, and decides what of it is generated.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use prost::Message;
use prost_types::FileDescriptorSet;
use protox::Compiler;
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};

use crate::Error;

/// Descriptors, and where they came from.
#[derive(Debug)]
pub(crate) struct Sources {
    /// An encoded `FileDescriptorSet` with all imports and source info.
    pub(crate) descriptors: Vec<u8>,
    /// The files read from disk.
    pub(crate) files: Vec<PathBuf>,
    /// Import name and package of every file that may be generated.
    candidates: Vec<(String, String)>,
}

impl Sources {
    /// Parses the files and what they import.
    pub(crate) fn parse(includes: &[PathBuf], protos: &[PathBuf]) -> Result<Self, Error> {
        if protos.is_empty() {
            return Err(Error::Params(
                "no file to compile: add one with `.proto(\"shop/v1/product.proto\")`".to_owned(),
            ));
        }
        let here = [PathBuf::from(".")];
        let includes = if includes.is_empty() { &here } else { includes };
        let mut compiler = Compiler::with_file_resolver(resolver(includes)?);
        compiler.include_imports(true).include_source_info(true);
        let mut mistakes = Vec::new();
        for proto in protos {
            let name = import_name(proto, includes);
            if let Err(error) = compiler.open_file(name.as_deref().unwrap_or(proto)) {
                mistakes.push(explain(&error, proto, includes));
            }
        }
        if !mistakes.is_empty() {
            mistakes.dedup();
            return Err(Error::Source(mistakes.join("\n")));
        }
        let files = compiler.files().filter_map(|file| file.path());
        let set = compiler.file_descriptor_set();
        Ok(Self {
            files: files.map(Path::to_owned).collect(),
            candidates: candidates(&set),
            // Encoded by the compiler itself: prost-types would drop the custom options.
            descriptors: compiler.encode_file_descriptor_set(),
        })
    }

    /// Reads a descriptor set; `names` are import names, none means all.
    pub(crate) fn from_set(path: &Path, names: &[PathBuf]) -> Result<Self, Error> {
        let descriptors = fs::read(path).map_err(Error::io(path))?;
        let set = FileDescriptorSet::decode(&descriptors[..]).map_err(|error| {
            Error::Source(format!(
                "{} is not a FileDescriptorSet: {error}",
                path.display()
            ))
        })?;
        let wanted = closure(&set, names, path)?;
        let mut candidates = candidates(&set);
        candidates.retain(|(name, _)| wanted.contains(name));
        Ok(Self {
            descriptors,
            files: vec![path.to_owned()],
            candidates,
        })
    }

    /// The import names to generate: all but bundled files and those whose package lives elsewhere.
    pub(crate) fn targets(&self, extern_paths: &[(String, String)]) -> Vec<String> {
        let elsewhere = |package: &str| {
            let package = format!(".{package}");
            extern_paths.iter().any(|(proto, _)| {
                package
                    .strip_prefix(proto.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        let generated = self
            .candidates
            .iter()
            .filter(|(name, package)| !is_bundled(name) && !elsewhere(package));
        generated.map(|(name, _)| name.clone()).collect()
    }
}

fn candidates(set: &FileDescriptorSet) -> Vec<(String, String)> {
    let files = set.file.iter();
    files
        .map(|file| (file.name().to_owned(), file.package().to_owned()))
        .collect()
}

/// `names` and all they import.
fn closure(
    set: &FileDescriptorSet,
    names: &[PathBuf],
    path: &Path,
) -> Result<BTreeSet<String>, Error> {
    let mut open: Vec<String> = match names {
        [] => set.file.iter().map(|file| file.name().to_owned()).collect(),
        names => names
            .iter()
            .map(|name| name.display().to_string())
            .collect(),
    };
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        let Some(file) = set.file.iter().find(|file| file.name() == name) else {
            return Err(Error::Source(format!(
                "{name} is not in the descriptor set {}; write the set with --include_imports",
                path.display()
            )));
        };
        if found.insert(name) {
            open.extend(file.dependency.iter().cloned());
        }
    }
    Ok(found)
}

fn is_bundled(name: &str) -> bool {
    name.starts_with("google/protobuf/")
        || protoc_gen_ezrpc::bundled()
            .iter()
            .any(|(bundled, _)| *bundled == name)
}

/// The user's folders before the bundled files, so that their copy of one wins. The well-known files stand before
/// both: newer copies, such as those of google-proto-files, are editions files, which cannot be parsed.
fn resolver(includes: &[PathBuf]) -> Result<ChainFileResolver, Error> {
    let mut chain = ChainFileResolver::new();
    chain.add(GoogleFileResolver::new());
    for include in includes {
        if !include.is_dir() {
            return Err(Error::Params(format!(
                "include folder `{}` does not exist (looked up from {})",
                include.display(),
                current_dir()
            )));
        }
        chain.add(IncludeFileResolver::new(include.clone()));
    }
    chain.add(Bundled);
    Ok(chain)
}

fn current_dir() -> String {
    std::env::current_dir().map_or_else(|_| "?".to_owned(), |dir| dir.display().to_string())
}

/// The files the generator carries.
struct Bundled;

impl FileResolver for Bundled {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let bundled = protoc_gen_ezrpc::bundled().iter();
        match bundled.into_iter().find(|(bundled, _)| *bundled == name) {
            Some((name, source)) => File::from_source(name, source),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// The import name of a file that stands below an include folder by another spelling: one absolute, one relative.
fn import_name(proto: &Path, includes: &[PathBuf]) -> Option<PathBuf> {
    let up = proto.components().any(|part| part == Component::ParentDir);
    let inside = proto.is_relative() && !up;
    let plain =
        |include: &PathBuf| proto.starts_with(include) || (inside && include.join(proto).is_file());
    if includes.iter().any(plain) {
        return None;
    }
    let file = fs::canonicalize(proto).ok()?;
    includes.iter().find_map(|include| {
        let folder = fs::canonicalize(include).ok()?;
        file.strip_prefix(folder).ok().map(Path::to_owned)
    })
}

/// Says what is wrong and what to do; `Debug` of a protox error is its text with file:line:col.
fn explain(error: &protox::Error, proto: &Path, includes: &[PathBuf]) -> String {
    let text = format!("{error:?}");
    if let Some(file) = error.file().and_then(|file| editions_line(file, includes)) {
        return format!(
            "{file}: protobuf editions are not supported\n  help: write `syntax = \"proto3\";`"
        );
    }
    let folders: Vec<String> = includes
        .iter()
        .map(|i| format!("`{}`", i.display()))
        .collect();
    let folders = folders.join(", ");
    if error.is_file_not_found() || text.ends_with("not found") {
        let wanted = proto.display();
        let at = if text.contains(": ") {
            text
        } else if proto.is_file() {
            format!("{wanted}: the file is in none of the include folders")
        } else {
            format!("{wanted}: file not found")
        };
        return format!(
            "{at}\n  help: looked in {folders} (from {}) and the bundled files",
            current_dir()
        );
    }
    for (package, file) in [
        ("ezbuy.", "ezbuy/option.proto"),
        ("google.api.", "google/api/annotations.proto"),
    ] {
        if text.ends_with("is not defined") && text.contains(&format!("'{package}")) {
            return format!("{text}\n  help: add `import \"{file}\";`");
        }
    }
    text
}

/// Where a file says `edition = `, as `file:line:1`.
fn editions_line(file: &str, includes: &[PathBuf]) -> Option<String> {
    let source = includes
        .iter()
        .find_map(|i| fs::read_to_string(i.join(file)).ok())?;
    let line = source.lines().position(|line| {
        let rest = line.trim_start().strip_prefix("edition");
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    })?;
    Some(format!("{file}:{}:1", line + 1))
}
