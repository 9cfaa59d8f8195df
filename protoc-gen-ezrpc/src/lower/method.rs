//! RPCs: names, types, shape, and options with the service's below them.

use prost_reflect::MethodDescriptor;
use prost_types::MethodDescriptorProto;
use prost_types::method_options::IdempotencyLevel;

use super::context::{Cx, Place};
use super::{routes, uploads};
use crate::comments::Docs;
use crate::model::{Idempotency, Method, Shape, Timeout, Webapi};
use crate::names;
use crate::options::{self, Given, MethodOptions, ServiceOptions};

/// Field number of `MethodDescriptorProto.options`.
pub(super) const OPTIONS: i32 = 4;

/// An RPC before lowering.
pub(super) struct Source<'a> {
    pub(super) proto: &'a MethodDescriptorProto,
    pub(super) resolved: MethodDescriptor,
    pub(super) service: &'a ServiceOptions,
    pub(super) docs: &'a Docs<'a>,
}

/// Lowers an RPC; `None` if one of its types is missing, which has been reported.
pub(super) fn lower(cx: &mut Cx<'_>, place: &Place<'_>, source: Source<'_>) -> Option<Method> {
    let Source {
        proto,
        resolved,
        service,
        docs,
    } = source;
    let package = place.file.package();
    cx.types
        .message(proto.input_type())
        .and(cx.types.message(proto.output_type()))?;
    let options = cx.extensions.method(&resolved);
    let (service_name, name) = place.plain_name().rsplit_once('.')?;
    let shape = shape(proto);
    let patch = options
        .webapi
        .as_ref()
        .map(|given| given.value)
        .unwrap_or_default()
        .over(service.webapi);
    let webapi = patch.merged();
    let hidden = patch.enable == Some(false);
    let routes = routes::lower(
        cx,
        place,
        routes::Source {
            proto,
            shape,
            webapi,
            hidden,
            http: options.http.as_ref(),
        },
    );
    let reachable = webapi.enable || !routes.is_empty();
    check_webapi(
        cx,
        place,
        Checked {
            proto,
            options: &options,
            webapi,
            reachable,
        },
    );
    let streams_up = webapi.upload && reachable && shape == Shape::ClientStreaming;
    Some(Method {
        doc: docs.lines(&place.path),
        path: format!("/{service_name}/{name}"),
        ident: names::method(name),
        input: cx.rust_path(package, proto.input_type()),
        output: cx.rust_path(package, proto.output_type()),
        shape,
        deprecated: proto
            .options
            .as_ref()
            .is_some_and(|options| options.deprecated()),
        idempotency: idempotency(proto),
        timeout: timeout(cx, place, options.timeout),
        webapi,
        upload_stream: streams_up
            .then(|| uploads::stream(cx, proto.input_type()))
            .flatten(),
        routes,
    })
}

fn shape(proto: &MethodDescriptorProto) -> Shape {
    match (proto.client_streaming(), proto.server_streaming()) {
        (false, false) => Shape::Unary,
        (true, false) => Shape::ClientStreaming,
        (false, true) => Shape::ServerStreaming,
        (true, true) => Shape::BidiStreaming,
    }
}

fn idempotency(proto: &MethodDescriptorProto) -> Idempotency {
    match proto
        .options
        .as_ref()
        .map(|options| options.idempotency_level())
    {
        Some(IdempotencyLevel::NoSideEffects) => Idempotency::NoSideEffects,
        Some(IdempotencyLevel::Idempotent) => Idempotency::Idempotent,
        _ => Idempotency::Unknown,
    }
}

fn timeout(cx: &mut Cx<'_>, place: &Place<'_>, given: Option<Given<String>>) -> Timeout {
    let Some(Given { value, number }) = given else {
        return Timeout::Unset;
    };
    options::timeout(&value).unwrap_or_else(|| {
        cx.report
            .error(
                place.option(OPTIONS, number),
                format!("`{value}` is no time limit"),
            )
            .help("write a number above 0 with `ms`, `s` or `m`, as in \"500ms\", or \"none\"");
        Timeout::Unset
    })
}

/// What [`check_webapi`] looks at.
struct Checked<'a> {
    proto: &'a MethodDescriptorProto,
    options: &'a MethodOptions,
    webapi: Webapi,
    reachable: bool,
}

/// Judges the merged option. What a method takes over from its service is no mistake while nothing reaches it.
fn check_webapi(cx: &mut Cx<'_>, place: &Place<'_>, checked: Checked<'_>) {
    let Checked {
        proto,
        options,
        webapi,
        reachable,
    } = checked;
    let at = || match &options.webapi {
        Some(given) => place.option(OPTIONS, given.number),
        None => place.at(),
    };
    if let (false, Some(Given { value, .. })) = (reachable, &options.webapi) {
        for (flag, name) in [(value.public, "public"), (value.upload, "upload")] {
            if flag == Some(true) {
                cx.report
                    .error(
                        at(),
                        format!(
                            "`{}` sets `{name}`, but is not reachable over HTTP",
                            place.plain_name()
                        ),
                    )
                    .help(format!(
                        "add `enable: true` or a google.api.http rule, or remove `{name}`"
                    ));
            }
        }
    }
    if webapi.upload && reachable {
        uploads::check(cx, place, proto, at());
    }
}
