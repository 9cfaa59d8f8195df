//! The trait of a service and the facts about its methods.

use proc_macro2::TokenStream;
use quote::quote;

use super::tokens::{
    allow_deprecated, deprecated, doc, is_touched_by_deprecation, reply, request, rust, type_param,
};
use crate::model::{Idempotency, Method, Route, Service, Shape, Timeout, UploadStream, Webapi};

/// Trait, its impl for `Arc`, facts.
pub(super) fn items(service: &Service) -> TokenStream {
    let (trait_, arc, facts) = (trait_(service), arc_impl(service), facts(service));
    quote! { #trait_ #arc #facts }
}

fn trait_(service: &Service) -> TokenStream {
    let (doc, deprecated) = (doc(&service.doc), deprecated(service.deprecated));
    let ident = rust(&service.ident);
    let methods = service.methods.iter().map(trait_fn);
    quote! {
        #doc
        #deprecated
        pub trait #ident: __rt::Send + __rt::Sync + 'static {
            #(#methods)*
        }
    }
}

fn trait_fn(method: &Method) -> TokenStream {
    let (doc, deprecated) = (doc(&method.doc), deprecated(method.deprecated));
    let signature = signature(method);
    quote! { #doc #deprecated #signature; }
}

/// `fn get(&self, ctx, req) -> impl Future`, as in the trait and its impls.
pub(super) fn signature(method: &Method) -> TokenStream {
    let ident = rust(&method.ident);
    let (arg, request) = request(method);
    let reply = reply(method);
    quote! {
        fn #ident(&self, ctx: &__rt::Context, #arg: #request)
            -> impl __rt::Future<Output = #reply> + __rt::Send
    }
}

fn arc_impl(service: &Service) -> TokenStream {
    let ident = rust(&service.ident);
    let param = type_param(service, "T");
    let allow = allow_deprecated(is_touched_by_deprecation(service));
    let methods = service.methods.iter().map(|method| {
        let (signature, ident, arg) = (signature(method), rust(&method.ident), request(method).0);
        quote! {
            #[inline]
            #signature { #param::#ident(self, ctx, #arg) }
        }
    });
    quote! {
        #allow
        impl<#param: #ident> #ident for __rt::Arc<#param> {
            #(#methods)*
        }
    }
}

fn facts(service: &Service) -> TokenStream {
    let doc = format!(" The facts of service `{}`.", service.full_name);
    let (facts, full_name) = (rust(&service.facts), &service.full_name);
    let methods = service.methods.iter().map(method_facts);
    let desc = (!service.desc.is_empty()).then(|| {
        let desc = &service.desc;
        quote! { .desc(#desc) }
    });
    quote! {
        #[doc = #doc]
        pub static #facts: __rt::ServiceDesc =
            __rt::ServiceDesc::new(#full_name, &[#(#methods),*])#desc;
    }
}

fn method_facts(method: &Method) -> TokenStream {
    let path = &method.path;
    let shape = match method.shape {
        Shape::Unary => quote! { Unary },
        Shape::ClientStreaming => quote! { ClientStreaming },
        Shape::ServerStreaming => quote! { ServerStreaming },
        Shape::BidiStreaming => quote! { BidiStreaming },
    };
    let Webapi {
        enable,
        upload,
        public,
    } = method.webapi;
    let webapi =
        (enable || upload || public).then(|| quote! { .webapi(#enable, #upload, #public) });
    let timeout = match method.timeout {
        Timeout::Unset => None,
        Timeout::None => Some(quote! { .no_timeout() }),
        Timeout::Millis(millis) => {
            let millis = proc_macro2::Literal::u64_unsuffixed(millis);
            Some(quote! { .timeout_ms(#millis) })
        }
    };
    let idempotency = match method.idempotency {
        Idempotency::Unknown => None,
        Idempotency::NoSideEffects => Some(quote! { .no_side_effects() }),
        Idempotency::Idempotent => Some(quote! { .idempotent() }),
    };
    let deprecated = method.deprecated.then(|| quote! { .deprecated() });
    let routes = (!method.routes.is_empty()).then(|| {
        let routes = method.routes.iter().map(route);
        quote! { .routes(&[#(#routes),*]) }
    });
    let upload = method.upload_stream.as_ref().map(|upload| {
        let upload = upload_stream(upload);
        quote! { .upload_stream(__rt::UploadStream::#upload) }
    });
    quote! {
        __rt::Method::new(#path, __rt::Shape::#shape)
            #webapi #timeout #idempotency #deprecated #routes #upload
    }
}

fn upload_stream(upload: &UploadStream) -> TokenStream {
    match upload {
        UploadStream::Oneof { meta, chunk } => quote! { Oneof { meta: #meta, chunk: #chunk } },
        UploadStream::Flat { data } => quote! { Flat { data: #data } },
        UploadStream::HttpBody => quote! { HttpBody },
        UploadStream::HttpBodyField { field } => quote! { HttpBodyField { field: #field } },
    }
}

fn route(route: &Route) -> TokenStream {
    let Route {
        verb,
        template,
        body,
        response_body,
        raw_request,
        raw_response,
        patch_mask,
    } = route;
    let body = (!body.is_empty()).then(|| quote! { .body(#body) });
    let response_body =
        (!response_body.is_empty()).then(|| quote! { .response_body(#response_body) });
    let raw_request = raw_request.then(|| quote! { .raw_request() });
    let raw_response = raw_response.then(|| quote! { .raw_response() });
    let patch_mask = patch_mask
        .as_ref()
        .map(|field| quote! { .patch_mask(#field) });
    quote! {
        __rt::Route::new(#verb, #template)
            #body #response_body #raw_request #raw_response #patch_mask
    }
}
