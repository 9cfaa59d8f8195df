//! What is measured of JSON, for criterion and for callgrind: one product to text and back, by each library.

use std::{collections::BTreeMap, fmt, hint::black_box};

use bench_fixture as fixture;
use chrono::{DateTime, Utc};
use ezrpc::json::Message;
use serde::{Deserialize, Serialize};

use crate::{ours, pbjson_peer};

/// What is measured: a library doing one thing.
pub const CASES: &[(&str, &[&str])] = &[
    (
        "encode",
        &["ezrpc", "serde_json", "serde_json-plain", "pbjson"],
    ),
    (
        "decode",
        &["ezrpc", "serde_json", "serde_json-plain", "pbjson"],
    ),
    ("encode-values", &["ezrpc", "serde_json"]),
    ("decode-values", &["ezrpc", "serde_json"]),
    ("decode-doubles", &["ezrpc", "serde_json"]),
    ("decode-wide", &["ezrpc", "pbjson"]),
    ("decode-wide-reversed", &["ezrpc", "pbjson"]),
    ("decode-wide-shuffled", &["ezrpc", "pbjson"]),
];

/// As one would write it for serde, and saying the same as ProtoJSON: the id is a string, since JavaScript would
/// round it, and the moment is a moment.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct SerdeProduct {
    #[serde(with = "as_text")]
    pub id: i64,
    pub name: String,
    pub tags: Vec<String>,
    pub price: f64,
    pub attrs: BTreeMap<String, String>,
    pub updated_at: Option<DateTime<Utc>>,
}

/// A floor for serde: the id is a JSON number and the timestamp a ready-made string that nobody checks.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct PlainProduct {
    pub id: i64,
    pub name: String,
    pub tags: Vec<String>,
    pub price: f64,
    pub attrs: BTreeMap<String, String>,
    pub updated_at: Option<String>,
}

/// A 64-bit integer as a string.
mod as_text {
    use super::*;

    pub(super) fn serialize<S: serde::Serializer>(id: &i64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = i64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer in a string")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<i64, E> {
                text.parse().map_err(E::custom)
            }
        }
        from.deserialize_str(Text)
    }
}

/// One run of a library; `None` if there is no such case.
///
/// # Panics
/// When a library cannot read or write the fixture: nothing can be measured then.
#[must_use]
pub fn case(what: &str, library: &str) -> Option<Box<dyn Fn()>> {
    if !CASES
        .iter()
        .any(|(name, libraries)| *name == what && libraries.contains(&library))
    {
        return None;
    }
    Some(match what {
        "encode" => encode(library),
        "decode" => decode(library),
        "encode-values" | "decode-values" | "decode-doubles" => values(what, library),
        _ => wide(what, library),
    })
}

fn encode(library: &str) -> Box<dyn Fn()> {
    match library {
        "ezrpc" => our_encode(crate::our_product()),
        "serde_json" => serde_encode(serde_product()),
        "serde_json-plain" => serde_encode(plain_product()),
        _ => serde_encode(crate::pbjson_product()),
    }
}

fn decode(library: &str) -> Box<dyn Fn()> {
    let text = ezrpc::json::to_vec(&crate::our_product()).expect("JSON");
    match library {
        "ezrpc" => our_decode::<ours::common::ProductInfo>(text),
        "serde_json" => serde_decode::<SerdeProduct>(text),
        "serde_json-plain" => {
            serde_decode::<PlainProduct>(serde_json::to_vec(&plain_product()).expect("JSON"))
        }
        _ => serde_decode::<pbjson_peer::ProductInfo>(text),
    }
}

/// Any JSON, into each library's own type for it.
fn values(what: &str, library: &str) -> Box<dyn Fn()> {
    let text = match what {
        "decode-doubles" => doubles(),
        _ => document(),
    };
    let value = ezrpc::json::from_slice::<ezrpc::wkt::Value>(&text).expect("a value");
    match (what, library) {
        ("encode-values", "ezrpc") => our_encode(value),
        ("encode-values", _) => {
            serde_encode(serde_json::from_slice::<serde_json::Value>(&text).expect("a value"))
        }
        (_, "ezrpc") => our_decode::<ezrpc::wkt::Value>(text),
        _ => serde_decode::<serde_json::Value>(text),
    }
}

/// Sixty fields in the order of declaration, in reverse, and shuffled.
fn wide(what: &str, library: &str) -> Box<dyn Fn()> {
    let stems = ["amount", "label", "counter", "enabled", "ratio", "flags"];
    let values = [
        "7",
        "\"a label\"",
        "\"1234567890123\"",
        "true",
        "0.25",
        "12",
    ];
    let mut members: Vec<_> = (0..60)
        .map(|nth| {
            format!(
                "\"{}{}OfTen\":{}",
                stems[nth % 6],
                nth / 6 + 1,
                values[nth % 6]
            )
        })
        .collect();
    match what {
        "decode-wide-reversed" => members.reverse(),
        "decode-wide-shuffled" => members.sort_by_key(|member| {
            member.bytes().fold(0u32, |mix, byte| {
                mix.wrapping_mul(0x0100_0193) ^ u32::from(byte)
            })
        }),
        _ => {}
    }
    let text = format!("{{{}}}", members.join(",")).into_bytes();
    match library {
        "ezrpc" => our_decode::<ours::wide::Wide>(text),
        _ => serde_decode::<pbjson_peer::wide::Wide>(text),
    }
}

/// A hundred doubles, most of them with all their digits.
fn doubles() -> Vec<u8> {
    let value = |nth: u32| match nth % 4 {
        0 => f64::from(nth) / 4.0,
        _ => (f64::from(nth) + 0.5).sqrt() * if nth % 4 == 1 { 1e-7 } else { 1.0 },
    };
    serde_json::to_vec(&(0..100).map(value).collect::<Vec<_>>()).expect("JSON")
}

/// What a configuration or an event might be.
fn document() -> Vec<u8> {
    let item = r#"{"id":17,"name":"Wireless ergonomic mouse","price":49.95,"stock":null,"sale":true,
        "size":{"width":6.25,"height":3.9,"depth":11.104},"tags":["new","office","bluetooth"]}"#;
    let items = [item; 8].join(",").replace(['\n', ' '], "");
    format!("{{\"version\":3,\"items\":[{items}]}}").into_bytes()
}

fn our_encode(message: impl Message + 'static) -> Box<dyn Fn()> {
    Box::new(move || keep(ezrpc::json::to_vec(black_box(&message))))
}

fn our_decode<M: Message + Default + 'static>(text: Vec<u8>) -> Box<dyn Fn()> {
    Box::new(move || keep(ezrpc::json::from_slice::<M>(black_box(&text))))
}

fn serde_encode(product: impl Serialize + 'static) -> Box<dyn Fn()> {
    Box::new(move || keep(serde_json::to_vec(black_box(&product))))
}

fn serde_decode<T: for<'de> Deserialize<'de> + 'static>(text: Vec<u8>) -> Box<dyn Fn()> {
    Box::new(move || keep(serde_json::from_slice::<T>(black_box(&text))))
}

fn keep<T, E: fmt::Debug>(result: Result<T, E>) {
    black_box(result.expect("the fixture is valid"));
}

fn attrs() -> BTreeMap<String, String> {
    fixture::ATTRS
        .map(|(key, value)| (key.into(), value.into()))
        .into()
}

fn serde_product() -> SerdeProduct {
    SerdeProduct {
        id: crate::ID,
        name: fixture::NAME.into(),
        tags: fixture::TAGS.map(String::from).into(),
        price: fixture::PRICE,
        attrs: attrs(),
        updated_at: DateTime::from_timestamp(fixture::UPDATED_AT_SECONDS, 0),
    }
}

fn plain_product() -> PlainProduct {
    PlainProduct {
        id: crate::ID,
        name: fixture::NAME.into(),
        tags: fixture::TAGS.map(String::from).into(),
        price: fixture::PRICE,
        attrs: attrs(),
        updated_at: Some(fixture::UPDATED_AT_TEXT.into()),
    }
}
