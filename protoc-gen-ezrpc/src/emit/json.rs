//! ProtoJSON of messages: one table of names, one line per field each way.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::tokens::{allow_deprecated, rust};
use crate::model::{Field, Kind, Message, Presence};

/// `impl json::Message`.
pub(super) fn message(message: &Message) -> TokenStream {
    let path = rust(&message.path);
    let allow = allow_deprecated(message.fields.iter().any(|field| field.deprecated));
    let (fields, write, read) = (fields(message), write_fields(message), read_field(message));
    let required = required(message);
    quote! {
        #allow
        impl __rt::json::Message for #path {
            #fields
            #write
            #read
            #required
        }
    }
}

fn fields(message: &Message) -> TokenStream {
    let fields = message.fields.iter().map(|field| {
        let (json, proto) = (&field.json_name, &field.proto_name);
        quote! { __rt::json::Field::new(#json, #proto) }
    });
    quote! {
        #[inline]
        fn fields(&self) -> &'static [__rt::json::Field] {
            const { &[#(#fields),*] }
        }
    }
}

fn write_fields(message: &Message) -> TokenStream {
    let writer = if message.fields.is_empty() {
        quote! { _w }
    } else {
        quote! { w }
    };
    let lines = (0..message.fields.len()).map(|index| write_line(message, index));
    quote! {
        #[inline]
        fn write_fields(&self, #writer: &mut __rt::json::Writer<'_>) -> __rt::json::Result {
            #(#lines)*
            __rt::Ok(())
        }
    }
}

/// The statement that writes field `index`; for a oneof, its first member writes all of them.
fn write_line(message: &Message, index: usize) -> Option<TokenStream> {
    let field = &message.fields[index];
    let (ident, number) = (rust(&field.ident), Literal::usize_unsuffixed(index));
    let turbofish = turbofish(field);
    let function = match &field.presence {
        Presence::Implicit => quote! { implicit },
        Presence::Optional => quote! { optional },
        Presence::Required => quote! { required },
        Presence::Repeated => quote! { repeated },
        Presence::Map(_) => quote! { map },
        Presence::Oneof { .. } => return write_oneof(message, index),
    };
    Some(quote! { w.#function::<#turbofish>(#number, &self.#ident)?; })
}

fn write_oneof(message: &Message, index: usize) -> Option<TokenStream> {
    let holder = &message.fields[index].ident;
    let is_member =
        |field: &Field| field.ident == *holder && matches!(field.presence, Presence::Oneof { .. });
    if message.fields[..index].iter().any(is_member) {
        return None;
    }
    let arms = message
        .fields
        .iter()
        .enumerate()
        .filter_map(|(index, field)| {
            let Presence::Oneof { path, variant } = &field.presence else {
                return None;
            };
            let (path, variant) = (rust(path), rust(variant));
            let (number, kind) = (Literal::usize_unsuffixed(index), kind(&field.kind));
            is_member(field).then(
                || quote! { __rt::Some(#path::#variant(v)) => w.member::<#kind>(#number, v)?, },
            )
        });
    let holder = rust(holder);
    Some(quote! {
        match &self.#holder {
            #(#arms)*
            __rt::None => {}
        }
    })
}

fn read_field(message: &Message) -> TokenStream {
    if message.fields.is_empty() {
        return quote! {
            #[inline]
            fn read_field(&mut self, _index: usize, r: &mut __rt::json::Reader<'_>) -> __rt::json::Result {
                r.skip()
            }
        };
    }
    let arms = message
        .fields
        .iter()
        .enumerate()
        .map(|(index, field)| read_arm(index, field));
    quote! {
        #[inline]
        fn read_field(&mut self, index: usize, r: &mut __rt::json::Reader<'_>) -> __rt::json::Result {
            match index {
                #(#arms)*
                _ => r.skip(),
            }
        }
    }
}

fn read_arm(index: usize, field: &Field) -> TokenStream {
    let (ident, index) = (rust(&field.ident), Literal::usize_unsuffixed(index));
    let turbofish = turbofish(field);
    let function = match &field.presence {
        Presence::Implicit => quote! { implicit },
        Presence::Optional => quote! { optional },
        Presence::Required => quote! { required },
        Presence::Repeated => quote! { repeated },
        Presence::Map(_) => quote! { map },
        Presence::Oneof { path, variant } => {
            let (path, variant) = (rust(path), rust(variant));
            return quote! {
                #index => r.member::<#turbofish, _>(
                    &mut self.#ident,
                    __rt::held!(#path::#variant),
                    #path::#variant,
                ),
            };
        }
    };
    quote! { #index => r.#function::<#turbofish>(&mut self.#ident), }
}

fn required(message: &Message) -> Option<TokenStream> {
    let required = message.fields.iter().enumerate();
    let required: Vec<Literal> = required
        .filter(|(_, field)| field.presence == Presence::Required)
        .map(|(index, _)| Literal::usize_unsuffixed(index))
        .collect();
    (!required.is_empty()).then(|| {
        quote! {
            #[inline]
            fn required(&self) -> &'static [usize] {
                &[#(#required),*]
            }
        }
    })
}

/// The kinds between `::<` and `>`: a map names its key first.
fn turbofish(field: &Field) -> TokenStream {
    let value = kind(&field.kind);
    match &field.presence {
        Presence::Map(key) => {
            let key = kind(key);
            quote! { #key, #value }
        }
        _ => value,
    }
}

/// The runtime's marker for what one value is.
fn kind(kind: &Kind) -> TokenStream {
    match kind {
        Kind::Int32 => quote! { __rt::json::Int32 },
        Kind::Int64 => quote! { __rt::json::Int64 },
        Kind::Uint32 => quote! { __rt::json::Uint32 },
        Kind::Uint64 => quote! { __rt::json::Uint64 },
        Kind::Float => quote! { __rt::json::Float },
        Kind::Double => quote! { __rt::json::Double },
        Kind::Bool => quote! { __rt::json::Bool },
        Kind::String => quote! { __rt::json::Str },
        Kind::Bytes => quote! { __rt::json::Blob<_> },
        Kind::Enum(path) => {
            let path = rust(path);
            quote! { __rt::json::Enum<#path> }
        }
        Kind::NullValue => quote! { __rt::json::NullValue },
        Kind::Message => quote! { __rt::json::Msg<_> },
    }
}
