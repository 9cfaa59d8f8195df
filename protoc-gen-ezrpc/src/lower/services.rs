//! Services.

use prost_types::ServiceDescriptorProto;

use super::context::{Cx, Place};
use super::method;
use crate::comments::Docs;
use crate::model::Service;
use crate::names;
use crate::options::{ServiceOptions, WebapiPatch};

/// Lowers a service; `None` if it has no Rust name, or another crate has it.
pub(super) fn lower(
    cx: &mut Cx<'_>,
    place: &Place<'_>,
    service: &ServiceDescriptorProto,
    docs: &Docs<'_>,
) -> Option<Service> {
    if cx.is_foreign(&place.full_name) {
        return None;
    }
    let resolved = cx.input.pool.get_service_by_name(place.plain_name())?;
    let options = cx.extensions.service(&resolved);
    let methods: Vec<_> = resolved
        .methods()
        .zip(service.method.iter().enumerate())
        .filter_map(|(resolved, (index, proto))| {
            let place = place.child(2, index, proto.name());
            method::lower(
                cx,
                &place,
                method::Source {
                    proto,
                    resolved,
                    service: &options,
                    docs,
                },
            )
        })
        .collect();
    check_default(
        cx,
        place,
        (
            &options,
            methods
                .iter()
                .any(|method| method.webapi.enable || !method.routes.is_empty()),
        ),
    );
    let ident = names::camel(service.name());
    Some(Service {
        doc: docs.lines(&place.path),
        full_name: place.plain_name().to_owned(),
        server: format!("{}Server", names::bare(&ident)),
        client: format!("{}Client", names::bare(&ident)),
        function: names::snake(service.name()),
        facts: format!("{}_SERVICE", names::shouty(service.name())),
        ident,
        desc: options.desc,
        deprecated: service
            .options
            .as_ref()
            .is_some_and(|options| options.deprecated()),
        methods,
    })
}

/// A default that no method can use is a mistake of the service.
fn check_default(
    cx: &mut Cx<'_>,
    place: &Place<'_>,
    (options, reachable): (&ServiceOptions, bool),
) {
    let WebapiPatch { upload, public, .. } = options.webapi;
    let what = match (public, upload) {
        (Some(true), _) => "public",
        (_, Some(true)) => "upload",
        _ => return,
    };
    if !reachable {
        let at = place.option(3, options.number);
        cx.report
            .error(
                at,
                format!(
                    "service `{}` sets `{what}`, but none of its methods is enabled",
                    place.plain_name()
                ),
            )
            .help(
                "add `enable: true` here or on a method, or give a method a google.api.http rule",
            );
    }
}
