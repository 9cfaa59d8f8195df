//! Names and numbers of enums for JSON, and the error reasons some of them list.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::tokens::rust;
use crate::model::Enum;

/// The impls of one enum.
pub(super) fn items(enum_: &Enum) -> TokenStream {
    let path = rust(&enum_.path);
    let values = enum_.values.iter().map(|value| {
        let (name, number) = (&value.name, Literal::i32_unsuffixed(value.number));
        quote! { (#name, #number) }
    });
    let reasons = enum_
        .error_domain
        .as_deref()
        .map(|domain| reasons(enum_, domain));
    let closed = enum_.closed.then(|| quote! { const CLOSED: bool = true; });
    quote! {
        impl __rt::json::EnumValues for #path {
            const VALUES: &'static [(&'static str, i32)] = &[#(#values),*];
            #closed
        }
        #reasons
    }
}

fn reasons(enum_: &Enum, domain: &str) -> TokenStream {
    let path = rust(&enum_.path);
    let reasons = enum_.values.iter().filter_map(|value| {
        let (code, message) = value.error.as_ref()?;
        let (name, number) = (&value.name, Literal::i32_unsuffixed(value.number));
        let code = Literal::u32_unsuffixed(*code);
        Some(quote! { __rt::ErrorReason::new(#number, #name, #code, #message) })
    });
    let functions = functions(&path);
    quote! {
        impl __rt::ErrorReasons for #path {
            const DOMAIN: &'static str = #domain;
            const REASONS: &'static [__rt::ErrorReason] = &[#(#reasons),*];
        }
        #functions
    }
}

/// What the trait does, without an import, and `?` on a reason.
fn functions(path: &TokenStream) -> TokenStream {
    quote! {
        impl #path {
            /// Makes the error of this reason at this line, with the message of the schema.
            #[inline]
            #[track_caller]
            pub fn error(self) -> __rt::Error {
                __rt::ErrorReasons::error(self)
            }

            /// Makes the error of this reason at this line, with a message of your own. It may be shown to any caller.
            #[inline]
            #[track_caller]
            pub fn with_message(
                self,
                message: impl __rt::Into<__rt::Cow<'static, str>>,
            ) -> __rt::Error {
                __rt::ErrorReasons::with_message(self, message)
            }

            /// Returns which of these reasons an error has; `None` if it is of another domain, or newer than this schema.
            #[inline]
            pub fn of(error: &__rt::Error) -> __rt::Option<Self> {
                __rt::ErrorReasons::of(error)
            }
        }

        impl __rt::From<#path> for __rt::Error {
            #[inline]
            #[track_caller]
            fn from(reason: #path) -> Self {
                __rt::ErrorReasons::error(reason)
            }
        }
    }
}
