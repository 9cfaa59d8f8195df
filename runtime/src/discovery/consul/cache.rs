//! What was known of services, on disk: for a start while Consul is away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::answers;
use super::config::Config;
use super::names::escape;
use super::types::answers::Instances;

/// Keeps the last answer about a service, as Consul wrote it. What cannot be written is logged.
///
/// Files are a few kilobytes, and this runs on the registry's own thread: there is no reason not to block.
pub(super) fn write(config: &Config, name: &str, answer: &[u8]) {
    let Some(path) = path(config, name) else {
        return;
    };
    if let Err(error) = replace(&path, answer) {
        tracing::warn!(path = %path.display(), %error, "a snapshot cannot be written");
    }
}

/// Reads what was kept; `None` if there is nothing, or nothing that can be read.
pub(super) fn read(config: &Config, name: &str) -> Option<Instances> {
    let path = path(config, name)?;
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "a snapshot cannot be read");
            return None;
        }
    };
    match answers::items(&bytes) {
        Ok(found) => {
            tracing::warn!(path = %path.display(), "Consul is away: starting with the snapshot on disk");
            Some(found)
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "a snapshot on disk is broken, and ignored");
            None
        }
    }
}

/// Writes a file such that whoever reads it sees the old or the new one whole.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Processes may share the folder.
    let partial = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&partial, bytes)?;
    fs::rename(&partial, path)
}

/// A file for each datacenter, namespace and service.
fn path(config: &Config, name: &str) -> Option<PathBuf> {
    let file = [&config.datacenter, &config.namespace, name].map(escape);
    // Dots end the parts; within them they are escaped, and so is the colon, which some file systems refuse.
    let file = file.map(|part| part.replace('.', "%2E").replace(':', "%3A"));
    Some(
        config
            .snapshots
            .as_ref()?
            .join(format!("{}.json", file.join("."))),
    )
}
