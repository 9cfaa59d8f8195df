//! A way around prost-derive 0.14.4: its `Debug` of a `BTreeMap` field says `prost::alloc`, whatever `prost_path` is.
//!
//! So modules with such a field call the runtime `prost`. A user's crate need not depend on prost.

use quote::ToTokens;
use syn::{Item, ItemMod, ItemStruct, parse_quote};

use crate::model::{Package, Presence};

/// The line for a package's own module, if it needs one.
pub(super) fn alias(package: &Package) -> &'static str {
    let mut own = package
        .messages
        .iter()
        .filter(|message| !message.path.contains("::"));
    let has_map = own.any(|message| {
        message
            .fields
            .iter()
            .any(|field| matches!(field.presence, Presence::Map(_)))
    });
    if has_map {
        "use ::ezrpc::codegen::v1 as prost; // for the derives of messages with maps\n"
    } else {
        ""
    }
}

/// Gives the modules of nested messages the same line.
pub(super) fn add_aliases(items: &mut [Item]) {
    for item in items {
        let Item::Mod(ItemMod {
            content: Some((_, items)),
            ..
        }) = item
        else {
            continue;
        };
        add_aliases(items);
        if items
            .iter()
            .any(|item| matches!(item, Item::Struct(item) if has_map(item)))
        {
            items.insert(0, parse_quote! { use ::ezrpc::codegen::v1 as prost; });
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
