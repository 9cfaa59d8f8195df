//! The server type: dispatch by method number, and the tower service over it.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::tokens::{
    allow_deprecated, deprecated, is_touched_by_deprecation, request, rust, shape_fn, type_param,
};
use crate::model::Service;
use crate::params::Params;

/// Struct, constructors, `Clone`, dispatch, tower.
pub(super) fn items(service: &Service, params: &Params) -> TokenStream {
    let parts = [
        type_items(service),
        dispatch(service, params),
        tower(service),
    ];
    quote! { #(#parts)* }
}

fn type_items(service: &Service) -> TokenStream {
    let (server, ident) = (rust(&service.server), rust(&service.ident));
    let param = type_param(service, "T");
    let deprecated = deprecated(service.deprecated);
    let allow = allow_deprecated(service.deprecated);
    let doc = format!(" Serves an implementation of [`{}`].", service.ident);
    quote! {
        #[doc = #doc]
        #deprecated
        pub struct #server<#param> {
            service: __rt::Arc<#param>,
            host: __rt::Standalone,
        }

        #allow
        impl<#param: #ident> #server<#param> {
            /// Wraps a service.
            pub fn new(service: #param) -> Self {
                Self::from_arc(__rt::Arc::new(service))
            }
            /// Wraps a service that is shared with others.
            pub fn from_arc(service: __rt::Arc<#param>) -> Self {
                Self { service, host: __rt::Standalone::new() }
            }
        }

        #allow
        impl<#param> __rt::Clone for #server<#param> {
            fn clone(&self) -> Self {
                Self { service: __rt::Arc::clone(&self.service), host: __rt::Clone::clone(&self.host) }
            }
        }
    }
}

fn dispatch(service: &Service, params: &Params) -> TokenStream {
    let (server, ident, facts) = (
        rust(&service.server),
        rust(&service.ident),
        rust(&service.facts),
    );
    let param = type_param(service, "T");
    let allow = allow_deprecated(is_touched_by_deprecation(service));
    let package = params.descriptors.then(|| {
        quote! {
            fn package(&self) -> __rt::Option<&'static __rt::Package> {
                __rt::Some(descriptors())
            }
        }
    });
    let body = dispatch_body(service, &param);
    quote! {
        #allow
        impl<#param: #ident> __rt::Service for #server<#param> {
            fn desc(&self) -> &'static __rt::ServiceDesc {
                &#facts
            }
            #package
            #body
        }
    }
}

fn dispatch_body(service: &Service, param: &TokenStream) -> TokenStream {
    if service.methods.is_empty() {
        return quote! {
            fn call(&self, _method: usize, call: __rt::Call) -> __rt::CallFuture {
                call.unimplemented()
            }
        };
    }
    let arms = service.methods.iter().enumerate().map(|(index, method)| {
        let index = Literal::usize_unsuffixed(index);
        let (shape, ident, arg) = (
            shape_fn(method.shape),
            rust(&method.ident),
            request(method).0,
        );
        quote! {
            #index => call.#shape(move |ctx, #arg| async move {
                #param::#ident(&service, &ctx, #arg).await
            }),
        }
    });
    quote! {
        fn call(&self, method: usize, call: __rt::Call) -> __rt::CallFuture {
            let service = __rt::Arc::clone(&self.service);
            match method {
                #(#arms)*
                _ => call.unimplemented(),
            }
        }
    }
}

fn tower(service: &Service) -> TokenStream {
    let (server, ident) = (rust(&service.server), rust(&service.ident));
    let (param, body) = (type_param(service, "T"), type_param(service, "B"));
    let allow = allow_deprecated(service.deprecated);
    quote! {
        #allow
        impl<#param: #ident, #body: __rt::RequestBody> __rt::TowerService<__rt::http::Request<#body>>
            for #server<#param>
        {
            type Response = __rt::http::Response<__rt::Body>;
            type Error = __rt::Infallible;
            type Future = __rt::ServeFuture;

            fn poll_ready(
                &mut self,
                _cx: &mut __rt::task::Context<'_>,
            ) -> __rt::Poll<__rt::core_result::Result<(), Self::Error>> {
                __rt::Poll::Ready(__rt::Ok(()))
            }
            fn call(&mut self, request: __rt::http::Request<#body>) -> Self::Future {
                __rt::serve(&self.host, self, request)
            }
        }
    }
}
