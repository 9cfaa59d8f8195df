//! Small pieces every template needs.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{Method, Service, Shape};

/// Rust source from the model (an identifier, a path, a type) as tokens, the runtime by its short name.
///
/// Lowering made it; should it not even be tokens, the parse of the whole file says where.
pub(super) fn rust(text: &str) -> TokenStream {
    text.parse()
        .unwrap_or_else(|_| quote! { compile_error!(#text) })
}

/// Doc comment lines as attributes.
pub(super) fn doc(lines: &[String]) -> TokenStream {
    let lines = lines
        .iter()
        .map(|line| match line.starts_with(' ') || line.is_empty() {
            true => line.clone(),
            false => format!(" {line}"),
        });
    quote! { #(#[doc = #lines])* }
}

/// `#[deprecated]`, where the schema says so.
pub(super) fn deprecated(deprecated: bool) -> Option<TokenStream> {
    deprecated.then(|| quote! { #[deprecated] })
}

/// `#[allow(deprecated)]` for an impl block that has to name what the schema deprecates.
pub(super) fn allow_deprecated(used: bool) -> Option<TokenStream> {
    used.then(|| quote! { #[allow(deprecated)] })
}

/// Whether a service or one of its methods is deprecated.
pub(super) fn is_touched_by_deprecation(service: &Service) -> bool {
    service.deprecated || service.methods.iter().any(|method| method.deprecated)
}

/// The name and type of a method's request parameter.
pub(super) fn request(method: &Method) -> (TokenStream, TokenStream) {
    let input = rust(&method.input);
    match method.shape {
        Shape::Unary | Shape::ServerStreaming => (quote! { req }, input),
        Shape::ClientStreaming | Shape::BidiStreaming => {
            (quote! { reqs }, quote! { __rt::Streaming<#input> })
        }
    }
}

/// What a method's future resolves to.
pub(super) fn reply(method: &Method) -> TokenStream {
    let output = rust(&method.output);
    match method.shape {
        Shape::Unary | Shape::ClientStreaming => quote! { __rt::Result<#output> },
        Shape::ServerStreaming | Shape::BidiStreaming => {
            quote! { __rt::Result<__rt::Streaming<#output>> }
        }
    }
}

/// The runtime's function for a shape, the same on both sides.
pub(super) fn shape_fn(shape: Shape) -> TokenStream {
    match shape {
        Shape::Unary => quote! { unary },
        Shape::ClientStreaming => quote! { client_streaming },
        Shape::ServerStreaming => quote! { server_streaming },
        Shape::BidiStreaming => quote! { bidi_streaming },
    }
}

/// A generic parameter's name that hides no type the service's items name.
pub(super) fn type_param(service: &Service, wanted: &str) -> TokenStream {
    let mut name = wanted.to_owned();
    while is_named(service, &name) {
        name.push('_');
    }
    rust(&name)
}

/// Whether an item of the service has `name` in scope and uses it.
fn is_named(service: &Service, name: &str) -> bool {
    let own = [&service.ident, &service.server, &service.client];
    let types = service
        .methods
        .iter()
        .flat_map(|method| [&method.input, &method.output]);
    own.into_iter().chain(types).any(|used| used == name)
}
