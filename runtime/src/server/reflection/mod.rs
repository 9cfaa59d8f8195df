//! grpc.reflection.v1 and v1alpha: what a server serves, for tools like grpcurl and buf.
//!
//! Source: <https://github.com/grpc/grpc/blob/master/doc/server-reflection.md>.

mod schema;

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use crate::call::{Call, CallFuture, Service};
use crate::context::Context;
use crate::descriptor::Package;
use crate::error::{Code, Result};
use crate::grpc_types::reflection::server_reflection_request::MessageRequest;
use crate::grpc_types::reflection::server_reflection_response::MessageResponse;
use crate::grpc_types::reflection::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};
use crate::grpc_types::{reflection, reflection_v1alpha};
use crate::method::{Method, ServiceDesc, Shape};
use crate::stream::Streaming;
use schema::Schema;

static V1: ServiceDesc = ServiceDesc::new(
    "grpc.reflection.v1.ServerReflection",
    &[Method::new(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        Shape::BidiStreaming,
    )],
);
static V1ALPHA: ServiceDesc = ServiceDesc::new(
    "grpc.reflection.v1alpha.ServerReflection",
    &[Method::new(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        Shape::BidiStreaming,
    )],
);

/// The two versions of the service, about `services` and about themselves.
pub(super) fn both(services: &[Arc<dyn Service>]) -> [Arc<dyn Service>; 2] {
    let served = services.iter().map(|service| service.desc().name());
    let mut names: Vec<&'static str> = served.chain([V1.name(), V1ALPHA.name()]).collect();
    names.sort_unstable();
    let mut packages: Vec<_> = services.iter().filter_map(|s| s.package()).collect();
    packages.extend([reflection::descriptors(), reflection_v1alpha()]);
    let server = Arc::new(Reflected {
        names,
        packages,
        schema: OnceLock::new(),
    });
    let service = |desc, package| -> Arc<dyn Service> {
        Arc::new(Reflection {
            server: Arc::clone(&server),
            desc,
            package,
        })
    };
    [
        service(&V1, reflection::descriptors()),
        service(&V1ALPHA, reflection_v1alpha()),
    ]
}

/// What a server serves.
struct Reflected {
    names: Vec<&'static str>,
    packages: Vec<&'static Package>,
    /// Made when somebody asks.
    schema: OnceLock<Schema>,
}

/// One version of the service.
struct Reflection {
    server: Arc<Reflected>,
    desc: &'static ServiceDesc,
    package: &'static Package,
}

impl Service for Reflection {
    fn desc(&self) -> &'static ServiceDesc {
        self.desc
    }

    fn package(&self) -> Option<&'static Package> {
        Some(self.package)
    }

    fn call(&self, _: usize, call: Call) -> CallFuture {
        let server = Arc::clone(&self.server);
        call.bidi_streaming(move |_: Context, requests| async move {
            Ok(Streaming::new(Answers {
                server,
                requests,
                sent: HashSet::new(),
            }))
        })
    }
}

/// An answer to each request.
struct Answers {
    server: Arc<Reflected>,
    requests: Streaming<ServerReflectionRequest>,
    /// Files the caller has.
    sent: HashSet<&'static str>,
}

impl Stream for Answers {
    type Item = Result<ServerReflectionResponse>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let next = ready!(Pin::new(&mut this.requests).poll_next(cx));
        Poll::Ready(next.map(|request| Ok(this.server.answer(request?, &mut this.sent))))
    }
}

impl Reflected {
    fn answer(
        &self,
        request: ServerReflectionRequest,
        sent: &mut HashSet<&'static str>,
    ) -> ServerReflectionResponse {
        let answer = match &request.message_request {
            Some(asked) => self.look_up(asked, sent),
            None => error(Code::InvalidArgument, "the request asks for nothing".into()),
        };
        ServerReflectionResponse {
            valid_host: request.host.clone(),
            original_request: Some(request),
            message_response: Some(answer),
        }
    }

    fn look_up(&self, asked: &MessageRequest, sent: &mut HashSet<&'static str>) -> MessageResponse {
        let schema = || {
            self.schema
                .get_or_init(|| Schema::new(self.packages.iter().copied()))
        };
        let (found, what) = match asked {
            MessageRequest::ListServices(_) => return self.list(),
            MessageRequest::AllExtensionNumbersOfType(name) => {
                let numbers = schema().extension_numbers(name);
                return numbers.map_or_else(|| unknown(name), |numbers| extensions(name, numbers));
            }
            MessageRequest::FileByFilename(path) => (schema().file(path), path.clone()),
            MessageRequest::FileContainingSymbol(name) => {
                // As a name is written in a descriptor.
                (schema().symbol(name.trim_start_matches('.')), name.clone())
            }
            MessageRequest::FileContainingExtension(extension) => {
                let (name, number) = (&extension.containing_type, extension.extension_number);
                (
                    schema().extension(name, number),
                    format!("{name} [{number}]"),
                )
            }
        };
        let Some(path) = found else {
            return unknown(&what);
        };
        let files = schema().with_imports(path, sent);
        MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
            file_descriptor_proto: files.into_iter().map(Bytes::from_static).collect(),
        })
    }

    fn list(&self) -> MessageResponse {
        let services = self.names.iter().map(|&name| ServiceResponse {
            name: name.to_owned(),
        });
        MessageResponse::ListServicesResponse(ListServiceResponse {
            service: services.collect(),
        })
    }
}

fn extensions(name: &str, numbers: Vec<i32>) -> MessageResponse {
    MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
        base_type_name: name.to_owned(),
        extension_number: numbers,
    })
}

fn unknown(what: &str) -> MessageResponse {
    error(Code::NotFound, format!("{what} is not known here"))
}

fn error(code: Code, message: String) -> MessageResponse {
    MessageResponse::ErrorResponse(ErrorResponse {
        error_code: code.number().into(),
        error_message: message,
    })
}
