//! What holds for all inputs.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::codec::json::{self, Message as _, Options};

/// Text that is close to JSON: pieces of it in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "\\ud83d",
        "\\ude01",
        " ",
        "\n",
        "null",
        "true",
        "false",
        "0",
        "1",
        "-",
        ".",
        "e",
        "9223372036854775807",
        "\"info\"",
        "\"infos\"",
        "\"byId\"",
        "\"colors\"",
        "\"card\"",
        "\"cash\"",
        "\"any\"",
        "\"@type\"",
        "\"value\"",
        "\"fields\"",
        "\"node\"",
        "\"next\"",
        "\"data\"",
        "\"QUI=\"",
        "\"GREEN\"",
        "é",
        "\u{1}",
        "\"type.googleapis.com/google.protobuf.Any\"",
        "\"google.protobuf.Duration\"",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// JSON, with perhaps one byte of it changed.
fn nearly_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<f64>().prop_map(|value| serde_json::json!(value).to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<String>().prop_map(|value| serde_json::json!(value).to_string()),
    ];
    let json = leaf.prop_recursive(4, 30, 5, |inner| {
        let entry = (any::<String>(), inner.clone());
        let entry = entry.prop_map(|(key, value)| format!("{} : {value}", serde_json::json!(key)));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(entry, 0..5).prop_map(|items| format!("{{{}}}", items.join(","))),
        ]
    });
    let change = prop::option::of((any::<prop::sample::Index>(), 0x1fu8..0x7f));
    (json, change).prop_map(|(json, change)| {
        let mut bytes = json.into_bytes();
        if let Some((index, byte)) = change {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn finite64() -> impl Strategy<Value = f64> {
    any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("finite", |value| value.is_finite())
}

fn finite32() -> impl Strategy<Value = f32> {
    any::<u32>()
        .prop_map(f32::from_bits)
        .prop_filter("finite", |value| value.is_finite())
}

fn info() -> impl Strategy<Value = Info> {
    let text = any::<String>;
    let map = prop::collection::btree_map(text(), text(), 0..4);
    let tags = prop::collection::vec(text(), 0..4);
    let time = prop::option::of((-62_135_596_800i64..=253_402_300_799, 0..1_000_000_000i32));
    (any::<i64>(), text(), tags, any::<f64>(), map, time).prop_map(
        |(id, name, tags, price, attrs, time)| Info {
            id,
            name,
            tags,
            price,
            attrs,
            updated_at: time.map(|(seconds, nanos)| prost_types::Timestamp { seconds, nanos }),
        },
    )
}

fn order() -> impl Strategy<Value = Order> {
    let infos = prop::collection::vec(info(), 0..3);
    let by_id = prop::collection::btree_map(any::<i32>(), info(), 0..3);
    let colors = prop::collection::vec(-3..3i32, 0..5);
    let data = prop::collection::vec(any::<u8>(), 0..20);
    let pay = prop::option::of(prop_oneof![
        any::<String>().prop_map(order::Pay::Card),
        any::<i32>().prop_map(order::Pay::Cash),
        Just(order::Pay::Nothing(0)),
    ]);
    let numbers = (any::<f32>(), any::<Option<u64>>(), any::<Option<i32>>());
    (infos, by_id, colors, data, pay, numbers).prop_map(
        |(infos, by_id, colors, data, pay, (ratio, wide, count))| Order {
            infos,
            by_id,
            colors,
            flags: BTreeMap::from([(true, 1)]),
            data: data.into(),
            ratio,
            wide,
            count,
            pay,
            ..Order::default()
        },
    )
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in any::<Vec<u8>>()) {
        let _ = json::from_slice::<Order>(&bytes);
        let _ = json::from_slice::<prost_types::Value>(&bytes);
    }

    #[test]
    fn no_pieces_of_json_make_the_reader_panic(text in pieces()) {
        let _ = json::from_slice::<Order>(text.as_bytes());
        let _ = Options::new().strict().from_slice::<prost_types::Any>(text.as_bytes());
    }

    /// The reader takes exactly what serde_json takes, number range and nesting aside.
    #[test]
    fn any_json_and_nothing_else_is_a_value(text in prop_oneof![pieces(), nearly_json()]) {
        let ours = json::from_slice::<prost_types::Value>(text.as_bytes());
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
    }

    #[test]
    fn skipping_checks_as_reading_does(text in prop_oneof![pieces(), nearly_json()]) {
        let skipped = json::from_slice::<()>(format!("{{\"x\":{text}}}").as_bytes());
        let read = json::from_slice::<prost_types::Struct>(format!("{{\"x\":{text}}}").as_bytes());
        // Nobody asks how large a number is that is skipped; what comes behind it, a reader that stops there has not seen.
        let range = |error: &json::Error| error.message().ends_with("out of range for double");
        if !read.as_ref().is_err_and(range) {
            prop_assert_eq!(skipped.is_ok(), read.is_ok(), "{:?} {:?}", skipped, read);
        }
    }

    #[test]
    fn what_is_printed_reads_back(order in order()) {
        let printed = json::to_string(&order)?;
        serde_json::from_str::<serde_json::Value>(&printed)?;
        let again: Order = Options::new().strict().from_slice(printed.as_bytes())?;
        // As debug text: a NaN does not equal itself.
        prop_assert_eq!(format!("{again:?}"), format!("{order:?}"));
        prop_assert_eq!(json::to_string(&again)?, printed);
        let proto = Options::new().proto_names().emit_defaults().enums_as_ints();
        let again: Order = json::from_slice(proto.to_string(&order)?.as_bytes())?;
        prop_assert_eq!(format!("{again:?}"), format!("{order:?}"));
    }

    #[test]
    fn floats_print_as_short_as_the_standard_library_does(double in finite64(), float in finite32()) {
        // How many significant digits: without the exponent, and zeros on either side.
        let digits = |text: &str| {
            let mantissa = text.split('e').next().unwrap_or_default();
            let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
            digits.trim_matches('0').len()
        };
        for (ours, theirs) in [
            (json::to_string(&double)?, format!("{double:?}")),
            (json::to_string(&float)?, format!("{float:?}")),
        ] {
            prop_assert_eq!(digits(&ours), digits(&theirs), "{} {}", ours, theirs);
        }
        let double_again: f64 = json::from_slice(json::to_string(&double)?.as_bytes())?;
        let float_again: f32 = json::from_slice(json::to_string(&float)?.as_bytes())?;
        prop_assert_eq!((double_again, float_again), (double, float));
    }

    #[test]
    fn decimals_print_as_they_were_written(number in 0..10_000_000_000i64, places in 0..6u32) {
        let text = format!("{number}e-{places}");
        let double: f64 = text.parse()?;
        let printed = json::to_string(&double)?;
        prop_assert_eq!(printed.parse::<f64>()?.to_bits(), double.to_bits());
        let theirs = format!("{double}");
        prop_assert!(printed == theirs || printed.contains('e'), "{printed} {theirs}");
        let float = double as f32;
        prop_assert_eq!(json::to_string(&float)?.parse::<f32>()?.to_bits(), float.to_bits());
    }

    #[test]
    fn decimals_read_as_the_standard_library_reads_them(
        digits in any::<u64>(),
        shift in 0..64u32,
        exponent in -40..40i32,
        places in 0..20usize,
    ) {
        let mut text = format!("{:020}", digits >> shift);
        text.insert(20 - places, '.');
        let text = text.trim_start_matches('0').trim_end_matches('.');
        let zero = if text.is_empty() || text.starts_with('.') { "0" } else { "" };
        for text in [format!("{zero}{text}"), format!("-{zero}{text}e{exponent}")] {
            let double: f64 = json::from_slice(text.as_bytes())?;
            prop_assert_eq!(double.to_bits(), text.parse::<f64>()?.to_bits(), "{}", text);
            let theirs: f32 = text.parse()?;
            match json::from_slice::<f32>(text.as_bytes()) {
                Ok(float) => prop_assert_eq!(float.to_bits(), theirs.to_bits(), "{}", text),
                Err(_) => prop_assert!(theirs.is_infinite(), "{}", text),
            }
        }
    }

    /// Half-way between two doubles, and next to that: the even one, and the near one.
    #[test]
    fn ties_round_to_even(mantissa in 1u64 << 53..1 << 54, off in 0..2u64, places in 0..4usize) {
        let mut text = (mantissa << 9 | 1 << 8).saturating_add(off).to_string();
        text.insert(text.len() - places, '.');
        let text = text.trim_end_matches('.');
        let double: f64 = json::from_slice(text.as_bytes())?;
        prop_assert_eq!(double.to_bits(), text.parse::<f64>()?.to_bits(), "{}", text);
    }

    #[test]
    fn integers_survive(wide in any::<u64>(), signed in any::<i64>()) {
        prop_assert_eq!(json::from_slice::<u64>(format!("{wide}").as_bytes())?, wide);
        prop_assert_eq!(json::from_slice::<i64>(format!("\"{signed}\"").as_bytes())?, signed);
        prop_assert_eq!(json::from_slice::<i64>(json::to_string(&signed)?.as_bytes())?, signed);
    }

    /// Reading into a message sees the fields of the text, and no others.
    #[test]
    fn read_field_takes_any_index(index in any::<usize>()) {
        let options = Options::new();
        let mut reader = json::Reader::new(&options, b"0")?;
        let _ = Order::default().read_field(index, &mut reader);
    }
}
