//! Writes what changed.

use std::fs;
use std::path::{Path, PathBuf};

use protoc_gen_ezrpc::GeneratedFile;

use crate::Error;

/// `$OUT_DIR/ezrpc`, which `ezrpc::include_protos!` reads.
pub(crate) fn default_out_dir() -> Result<PathBuf, Error> {
    match std::env::var_os("OUT_DIR") {
        Some(folder) => Ok(PathBuf::from(folder).join("ezrpc")),
        None => Err(Error::Params(
            "OUT_DIR is not set: call this from build.rs, or say where to write with `.out_dir(..)`"
                .to_owned(),
        )),
    }
}

/// Writes the files whose content is not there yet.
pub(crate) fn all(folder: &Path, files: &[GeneratedFile]) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::io(folder))?;
    for file in files {
        let path = folder.join(&file.name);
        // A file that cannot be read is written anew.
        if fs::read(&path).is_ok_and(|old| old == file.content.as_bytes()) {
            continue;
        }
        fs::write(&path, &file.content).map_err(Error::io(path))?;
    }
    Ok(())
}
