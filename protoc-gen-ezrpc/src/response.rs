//! The plugin protocol: request bytes in, response bytes out.

use prost::Message as _;

use crate::{Diagnostic, Error, GeneratedFile, Input, generate_all};

/// `FEATURE_PROTO3_OPTIONAL`; protoc wants it said even beside an error.
const FEATURES: u64 = 1;

/// `CodeGeneratorResponse` as far as it is sent. prost-types has it too, without the editions to come.
#[derive(Clone, PartialEq, prost::Message)]
struct Response {
    #[prost(string, optional, tag = "1")]
    error: Option<String>,
    #[prost(uint64, optional, tag = "2")]
    supported_features: Option<u64>,
    #[prost(message, repeated, tag = "15")]
    file: Vec<ResponseFile>,
}

/// `CodeGeneratorResponse.File`.
#[derive(Clone, PartialEq, prost::Message)]
struct ResponseFile {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(string, optional, tag = "15")]
    content: Option<String>,
}

/// The answer to a `CodeGeneratorRequest`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The `CodeGeneratorResponse`.
    pub response: Vec<u8>,
    /// What works, but perhaps not as it is meant. The response has no room for it.
    pub warnings: Vec<Diagnostic>,
}

/// Answers a `CodeGeneratorRequest`, as [`answer`] does, without the warnings.
///
/// # Errors
/// As [`answer`].
pub fn run(request: &[u8]) -> Result<Vec<u8>, Error> {
    answer(request).map(|answer| answer.response)
}

/// Answers a `CodeGeneratorRequest` with a `CodeGeneratorResponse`.
///
/// The user's mistakes, in parameters and files, are the response's `error`: protoc prints it as it stands.
///
/// # Errors
/// [`Error::Malformed`] if `request` is no request at all; then there is nobody to answer.
pub fn answer(request: &[u8]) -> Result<Answer, Error> {
    let generated = Input::from_request(request).and_then(|input| generate_all(&input));
    let mut warnings = Vec::new();
    let response = match generated {
        Ok(generated) => {
            warnings = generated.warnings;
            Response {
                error: None,
                supported_features: Some(FEATURES),
                file: generated.files.into_iter().map(file).collect(),
            }
        }
        Err(malformed @ Error::Malformed { .. }) => return Err(malformed),
        Err(error) => Response {
            error: Some(error.to_string()),
            supported_features: Some(FEATURES),
            file: Vec::new(),
        },
    };
    Ok(Answer {
        response: response.encode_to_vec(),
        warnings,
    })
}

fn file(GeneratedFile { name, content }: GeneratedFile) -> ResponseFile {
    ResponseFile {
        name: Some(name),
        content: Some(content),
    }
}
