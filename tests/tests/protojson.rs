//! ProtoJSON against the vectors of protobuf's conformance suite, `data/protojson.tsv`.
//!
//! A row is: name, message type, input, expected JSON or `ERROR`, level, mode, note. Modes: `json` reads strictly,
//! `json_ignore_unknown` leniently, `json_or_error` may fail instead, `wire` decodes hexadecimal protobuf bytes.

use std::fmt::Write as _;

use ezrpc::json::{Options, Types};
use ezrpc_tests::proto::protobuf_test_messages::proto3::{TestAllTypesProto3, descriptors};
use prost::Message as _;
use serde_json::Value;

const TABLE: &str = include_str!("../data/protojson.tsv");
const MESSAGE: &str = "protobuf_test_messages.proto3.TestAllTypesProto3";

/// Rows that may fail. None do; if one must, its name stands here with the reason.
const KNOWN_FAILURES: &[&str] = &[];

struct Case<'a> {
    name: &'a str,
    input: &'a str,
    expected: &'a str,
    level: &'a str,
    mode: &'a str,
}

fn cases() -> impl Iterator<Item = Case<'static>> {
    TABLE.lines().skip(1).map(|line| {
        let columns: Vec<_> = line.split('\t').collect();
        let [name, message, input, expected, level, mode, _note] = columns[..] else {
            panic!("a row of {} columns: {line}", columns.len());
        };
        assert_eq!(message, MESSAGE, "{name}");
        Case {
            name,
            input,
            expected,
            level,
            mode,
        }
    })
}

fn options() -> Options {
    Options::new().types(Types::of([descriptors()]))
}

/// Reads the input, prints it, and says what came out: canonical JSON or the error.
fn convert(case: &Case<'_>) -> Result<(TestAllTypesProto3, String), String> {
    let message = match case.input.strip_prefix("wire:") {
        Some(hex) => {
            TestAllTypesProto3::decode(&*bytes_of(hex)).map_err(|error| error.to_string())?
        }
        None => {
            // The table writes line feeds as return arrows.
            let input = case.input.replace('\u{23ce}', "\n");
            let options = match case.mode {
                "json_ignore_unknown" => options().lenient(),
                _ => options().strict(),
            };
            options
                .from_slice(input.as_bytes())
                .map_err(|error| error.to_string())?
        }
    };
    let printed = options()
        .to_string(&message)
        .map_err(|error| error.to_string())?;
    Ok((message, printed))
}

fn check(case: &Case<'_>) -> Result<(), String> {
    match (convert(case), case.expected) {
        (Err(_), "ERROR") => Ok(()),
        (Err(_), _) if case.mode == "json_or_error" => Ok(()),
        (Err(error), _) => Err(error),
        (Ok((_, printed)), "ERROR") => Err(format!("accepted as {printed}")),
        (Ok((message, printed)), expected) => {
            if !equal(&parse(&printed), &parse(expected)) {
                return Err(format!("printed {printed}"));
            }
            check_stable(&message, &printed)
        }
    }
}

/// What was printed reads back as the same message, and so does its protobuf encoding.
fn check_stable(message: &TestAllTypesProto3, printed: &str) -> Result<(), String> {
    let strict = options().strict();
    let again: TestAllTypesProto3 = strict
        .from_slice(printed.as_bytes())
        .map_err(|error| format!("{printed} does not read back: {error}"))?;
    // As debug text: a NaN does not equal itself, and its payload is lost on purpose.
    let same = |other: &TestAllTypesProto3| format!("{other:?}") == format!("{message:?}");
    if !same(&again) {
        return Err(format!("{printed} reads back as another message"));
    }
    if strict.to_string(&again) != Ok(printed.into()) {
        return Err(format!("{printed} prints differently the second time"));
    }
    let decoded = TestAllTypesProto3::decode(&*message.encode_to_vec());
    if !decoded.is_ok_and(|decoded| same(&decoded)) {
        return Err(format!("{printed} does not survive protobuf encoding"));
    }
    Ok(())
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// Equality of JSON: members in any order, numbers by value, strings and numbers apart.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| equal(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, l)| right.get(key).is_some_and(|r| equal(l, r)))
        }
        _ => left == right,
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).expect("a hexadecimal digit") as u8;
    let (pairs, odd) = hex.as_bytes().as_chunks::<2>();
    assert!(odd.is_empty(), "{hex}");
    pairs
        .iter()
        .map(|&[high, low]| digit(high) << 4 | digit(low))
        .collect()
}

#[test]
fn every_row_holds() {
    let mut report = String::new();
    let mut counts = std::collections::BTreeMap::<&str, (usize, usize)>::new();
    for case in cases() {
        let count = counts.entry(case.level).or_default();
        count.0 += 1;
        let failure = check(&case).err();
        let known = KNOWN_FAILURES.contains(&case.name);
        if failure.is_none() {
            count.1 += 1;
        }
        match failure {
            Some(reason) if !known => {
                let Case {
                    name, input, level, ..
                } = case;
                let _ = writeln!(report, "{level} {name}: {reason}\n    {input}");
            }
            None if known => {
                let _ = writeln!(report, "{} holds now: strike it off", case.name);
            }
            _ => {}
        }
    }
    for (level, (rows, held)) in &counts {
        println!("{level}: {held} of {rows} rows hold");
    }
    assert!(report.is_empty(), "{report}");
    let rows: Vec<_> = counts
        .iter()
        .map(|(level, count)| (*level, count.0))
        .collect();
    assert_eq!(
        rows, ROWS,
        "the table has other rows than it had; change this line with it"
    );
}

/// How many rows there are of each level.
const ROWS: [(&str, usize); 3] = [("EXTRA", 34), ("RECOMMENDED", 65), ("REQUIRED", 274)];
