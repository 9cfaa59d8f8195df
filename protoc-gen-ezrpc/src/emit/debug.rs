//! `Debug` of messages with maps.
//!
//! That of prost-derive 0.14.4 names `::prost::alloc` for a `BTreeMap`, whatever `prost_path` says, so that a user's
//! crate would have to depend on prost. Such messages get `skip_debug` and an impl of ours, which prints the same.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Item, ItemStruct, parse_quote};

use super::tokens::{allow_deprecated, rust};
use crate::model::{Field, Kind, Message, Presence};

/// `impl Debug`, if the message has a map.
pub(super) fn message(message: &Message) -> Option<TokenStream> {
    if !message
        .fields
        .iter()
        .any(|field| matches!(field.presence, Presence::Map(_)))
    {
        return None;
    }
    let path = rust(&message.path);
    let name = message.path.rsplit("::").next().unwrap_or_default();
    let allow = allow_deprecated(message.fields.iter().any(|field| field.deprecated));
    let fields = held(message).into_iter().map(|field| {
        let ident = rust(&field.ident);
        let (name, value) = (field.ident.trim_start_matches("r#"), quote! { self.#ident });
        match &field.kind {
            Kind::Enum(path) if !is_oneof(field) => {
                let path = rust(path);
                quote! { .field(#name, &__rt::debug_enum::<#path, _>(&#value)) }
            }
            _ => quote! { .field(#name, &#value) },
        }
    });
    Some(quote! {
        #allow
        impl ::core::fmt::Debug for #path {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#name)#(#fields)*.finish()
            }
        }
    })
}

/// What the struct holds, as prost-build orders it: fields, then one member for each oneof.
fn held(message: &Message) -> Vec<&Field> {
    let mut held: Vec<&Field> = message
        .fields
        .iter()
        .filter(|field| !is_oneof(field))
        .collect();
    for member in message.fields.iter().filter(|field| is_oneof(field)) {
        if !held
            .iter()
            .any(|known| is_oneof(known) && known.ident == member.ident)
        {
            held.push(member);
        }
    }
    held
}

fn is_oneof(field: &Field) -> bool {
    matches!(field.presence, Presence::Oneof { .. })
}

/// Takes `Debug` out of the derives of messages with maps.
pub(super) fn skip(items: &mut [Item]) {
    for item in items {
        match item {
            Item::Struct(item) if has_map(item) => {
                item.attrs.push(parse_quote! { #[prost(skip_debug)] });
            }
            Item::Mod(item) => {
                item.content.iter_mut().for_each(|(_, items)| skip(items));
            }
            _ => {}
        }
    }
}

/// Whether prost-build declared a field `#[prost(btree_map = "..")]`.
fn has_map(item: &ItemStruct) -> bool {
    let mut attributes = item.fields.iter().flat_map(|field| &field.attrs);
    attributes.any(|attribute| {
        attribute.path().is_ident("prost")
            && attribute.meta.require_list().is_ok_and(|list| {
                let first = list.tokens.clone().into_iter().next();
                first.is_some_and(|token| token.to_token_stream().to_string() == "btree_map")
            })
    })
}
