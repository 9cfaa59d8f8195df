//! Descriptor bytes to [`Input`]: decoded, checked for what would break later steps, independent of their order.

mod checks;

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorProto;

use crate::diagnostic::{At, Report};
use crate::{Error, Params, wire};

/// Field number of `FileDescriptorProto.source_code_info`.
const SOURCE_CODE_INFO: u32 = 9;

/// What one run works on: the files by name, whatever order they came in.
#[derive(Debug)]
pub struct Input {
    pub(crate) pool: DescriptorPool,
    pub(crate) files: BTreeMap<String, SourceFile>,
    pub(crate) targets: BTreeSet<String>,
    pub(crate) params: Params,
}

/// One `.proto` file.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// The descriptor with every type resolved, and its source info.
    pub(crate) proto: FileDescriptorProto,
    /// The descriptor as it came, without its source info; options keep their extensions here.
    pub(crate) bytes: Vec<u8>,
}

/// `CodeGeneratorRequest`, files left as bytes: prost would drop the extensions in their options.
#[derive(Clone, PartialEq, prost::Message)]
struct RawRequest {
    #[prost(string, repeated, tag = "1")]
    file_to_generate: Vec<String>,
    #[prost(string, optional, tag = "2")]
    parameter: Option<String>,
    #[prost(bytes = "vec", repeated, tag = "15")]
    proto_file: Vec<Vec<u8>>,
}

/// `FileDescriptorSet`, files left as bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct RawSet {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

impl Input {
    /// Reads a `CodeGeneratorRequest`, as protoc and buf send it to a plugin.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the bytes are no request, [`Error::Param`] for a wrong parameter, [`Error::Proto`] for
    /// files that cannot be used.
    pub fn from_request(request: &[u8]) -> Result<Self, Error> {
        let malformed = |reason: String| Error::Malformed {
            expected: "CodeGeneratorRequest",
            reason,
        };
        let request = RawRequest::decode(request).map_err(|error| malformed(error.to_string()))?;
        if request.file_to_generate.is_empty() {
            return Err(malformed("it names no file to generate".to_owned()));
        }
        let params = request.parameter.as_deref().unwrap_or_default().parse()?;
        let files = decode(request.proto_file).map_err(malformed)?;
        Self::new(files, request.file_to_generate, params)
    }

    /// Reads a `FileDescriptorSet` that has all imports; `targets` are the import names of the files to generate.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the bytes are no descriptor set, [`Error::Proto`] for files that cannot be used.
    pub fn from_descriptor_set(
        set: &[u8],
        targets: &[String],
        params: Params,
    ) -> Result<Self, Error> {
        let malformed = |reason: String| Error::Malformed {
            expected: "FileDescriptorSet",
            reason,
        };
        let set = RawSet::decode(set).map_err(|error| malformed(error.to_string()))?;
        let files = decode(set.file).map_err(malformed)?;
        Self::new(files, targets.to_vec(), params)
    }

    /// The parameters of the run.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    fn new(files: Vec<SourceFile>, targets: Vec<String>, params: Params) -> Result<Self, Error> {
        let mut report = Report::default();
        let mut by_name = BTreeMap::new();
        for file in files {
            checks::file(&file, &mut report);
            let name = file.proto.name().to_owned();
            if let Some(first) = by_name.insert(name, file) {
                checks::duplicate(&first, &by_name, &mut report);
            }
        }
        let targets: BTreeSet<String> = targets.into_iter().collect();
        checks::targets(&targets, &by_name, &mut report);
        checks::imports(&by_name, &mut report);
        checks::extension_numbers(&by_name, &mut report);
        let order = checks::import_order(&by_name, &mut report);
        report.finish()?;

        let pool = resolve(&mut by_name, &order, &mut report);
        report.finish()?;
        Ok(Self {
            pool,
            files: by_name,
            targets,
            params,
        })
    }
}

/// Decodes each file twice over: what prost-types knows of it, and its bytes for what it does not.
fn decode(files: Vec<Vec<u8>>) -> Result<Vec<SourceFile>, String> {
    let decode = |(index, bytes): (usize, Vec<u8>)| {
        let proto = FileDescriptorProto::decode(&*bytes)
            .map_err(|error| format!("file number {} in it is broken: {error}", index + 1))?;
        Ok(SourceFile {
            proto,
            bytes: wire::without_field(&bytes, SOURCE_CODE_INFO),
        })
    };
    files.into_iter().enumerate().map(decode).collect()
}

/// Resolves names and options of all files; `order` has imports first.
fn resolve(
    files: &mut BTreeMap<String, SourceFile>,
    order: &[String],
    report: &mut Report,
) -> DescriptorPool {
    let mut pool = DescriptorPool::new();
    for name in order {
        let Some(file) = files.get_mut(name) else {
            continue;
        };
        if !file
            .proto
            .dependency
            .iter()
            .all(|import| pool.get_file_by_name(import).is_some())
        {
            continue; // the import has been reported
        }
        if let Err(error) = pool.decode_file_descriptor_proto(&*file.bytes) {
            let path = error.path().unwrap_or_default();
            let at = At::path(&file.proto, path).element(file.proto.package());
            report.error(at, error.to_string());
            continue;
        }
        if let Some(resolved) = pool.get_file_by_name(name) {
            let source_code_info = file.proto.source_code_info.take();
            file.proto = FileDescriptorProto {
                source_code_info,
                ..resolved.file_descriptor_proto().clone()
            };
        }
    }
    pool
}

#[cfg(test)]
mod tests;
