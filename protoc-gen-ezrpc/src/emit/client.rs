//! The client type: inherent methods that do the work, the trait that delegates to them.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::service::signature;
use super::tokens::{allow_deprecated, deprecated, doc, reply, request, rust, shape_fn};
use crate::model::Service;
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
    let methods = (0..service.methods.len()).map(|index| inherent_fn(service, index));
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

fn inherent_fn(service: &Service, index: usize) -> TokenStream {
    let method = &service.methods[index];
    let (doc, deprecated) = (doc(&method.doc), deprecated(method.deprecated));
    let (ident, reply, call) = (rust(&method.ident), reply(method), call(service, index));
    let (arg, request) = request(method);
    quote! {
        #doc
        #deprecated
        #[track_caller]
        #[inline]
        pub fn #ident<'a>(&'a self, ctx: &'a __rt::Context, #arg: #request)
            -> impl __rt::Future<Output = #reply> + __rt::Send + 'a
        {
            #call
        }
    }
}

/// Calls the channel itself, not the inherent method: its one lifetime cannot stand for the trait's two.
fn trait_impl(service: &Service) -> TokenStream {
    let (client, ident) = (rust(&service.client), rust(&service.ident));
    let allow = allow_deprecated(service.deprecated);
    let methods = service.methods.iter().enumerate().map(|(index, method)| {
        let (signature, call) = (signature(method), call(service, index));
        quote! {
            #[track_caller]
            #[inline]
            #signature { #call }
        }
    });
    quote! {
        #allow
        impl #ident for #client {
            #(#methods)*
        }
    }
}

/// The one line of a method.
fn call(service: &Service, index: usize) -> TokenStream {
    let method = &service.methods[index];
    let (shape, facts, arg) = (
        shape_fn(method.shape),
        rust(&service.facts),
        request(method).0,
    );
    let index = Literal::usize_unsuffixed(index);
    quote! { self.channel.#shape(#facts.method(#index), ctx, #arg) }
}

fn process_wide(service: &Service) -> TokenStream {
    let (client, function, facts) = (
        rust(&service.client),
        rust(&service.function),
        rust(&service.facts),
    );
    let deprecated = deprecated(service.deprecated);
    let allow = allow_deprecated(service.deprecated);
    let doc = format!(
        " The process-wide client of `{}`; finds its servers through the default registry.",
        service.full_name
    );
    quote! {
        #[doc = #doc]
        #deprecated
        #allow
        pub fn #function() -> &'static #client {
            static CLIENT: #client = #client { channel: __rt::Channel::discovered(&#facts) };
            &CLIENT
        }
    }
}
