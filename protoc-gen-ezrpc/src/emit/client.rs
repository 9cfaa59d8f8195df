//! The client type: inherent methods that do the work, the trait that delegates to them.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::service::signature;
use super::tokens::{
    allow_deprecated, deprecated, doc, is_touched_by_deprecation, reply, request, rust, shape_fn,
};
use crate::model::{Method, Service};
use crate::params::Params;

/// Struct, inherent impl, trait impl, the process-wide client.
pub(super) fn items(service: &Service, params: &Params) -> TokenStream {
    let parts = [
        type_item(service),
        inherent_impl(service, params),
        trait_impl(service),
        process_wide(service),
    ];
    quote! { #(#parts)* }
}

fn type_item(service: &Service) -> TokenStream {
    let client = rust(&service.client);
    let deprecated = deprecated(service.deprecated);
    let doc = format!(" Calls service `{}`; cheap to clone.", service.full_name);
    quote! {
        #[doc = #doc]
        #deprecated
        #[derive(Clone, Debug)]
        pub struct #client {
            channel: __rt::Channel,
        }
    }
}

fn inherent_impl(service: &Service, params: &Params) -> TokenStream {
    let (client, ident, server) = (
        rust(&service.client),
        rust(&service.ident),
        rust(&service.server),
    );
    let allow = allow_deprecated(service.deprecated);
    let local = params.server.then(|| {
        quote! {
            /// Calls `service` in this process: no socket, no encoding.
            pub fn local(service: impl #ident) -> Self {
                Self { channel: __rt::Channel::local(#server::new(service)) }
            }
        }
    });
    let methods = service
        .methods
        .iter()
        .enumerate()
        .map(|(index, method)| inherent_fn(service, index, method));
    quote! {
        #allow
        impl #client {
            /// Calls through `channel`.
            pub fn new(channel: __rt::Channel) -> Self {
                Self { channel }
            }
            #local
            #(#methods)*
        }
    }
}

fn inherent_fn(service: &Service, index: usize, method: &Method) -> TokenStream {
    let (doc, deprecated) = (doc(&method.doc), deprecated(method.deprecated));
    let (ident, facts, shape) = (
        rust(&method.ident),
        rust(&service.facts),
        shape_fn(method.shape),
    );
    let (arg, request) = request(method);
    let reply = reply(method);
    let index = Literal::usize_unsuffixed(index);
    quote! {
        #doc
        #deprecated
        #[track_caller]
        #[inline]
        pub fn #ident<'a>(&'a self, ctx: &'a __rt::Context, #arg: #request)
            -> impl __rt::Future<Output = #reply> + __rt::Send + 'a
        {
            self.channel.#shape(#facts.method(#index), ctx, #arg)
        }
    }
}

fn trait_impl(service: &Service) -> TokenStream {
    let (client, ident) = (rust(&service.client), rust(&service.ident));
    let allow = allow_deprecated(is_touched_by_deprecation(service));
    let methods = service.methods.iter().map(|method| {
        let (signature, ident, arg) = (signature(method), rust(&method.ident), request(method).0);
        quote! {
            #[track_caller]
            #[inline]
            #signature { #client::#ident(self, ctx, #arg) }
        }
    });
    quote! {
        #allow
        impl #ident for #client {
            #(#methods)*
        }
    }
}

fn process_wide(service: &Service) -> TokenStream {
    let (client, function, facts) = (
        rust(&service.client),
        rust(&service.function),
        rust(&service.facts),
    );
    let deprecated = deprecated(service.deprecated);
    let doc = format!(
        " The process-wide client of `{}`; finds its servers through the default registry.",
        service.full_name
    );
    quote! {
        #[doc = #doc]
        #deprecated
        pub fn #function() -> &'static #client {
            static CLIENT: #client = #client { channel: __rt::Channel::discovered(&#facts) };
            &CLIENT
        }
    }
}
