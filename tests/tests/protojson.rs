//! ProtoJSON against the vectors of protobuf's conformance suite, `data/protojson.tsv`, and against more of the kind,
//! `data/protojson-more.tsv`: the rest of the suite as far as we know it, and every rule for every type.
//!
//! A row is: name, message type, input, expected JSON or `ERROR`, level, mode, note. Modes: `json` reads strictly,
//! `json_ignore_unknown` leniently, `json_or_error` may fail instead, `wire` decodes hexadecimal protobuf bytes.

use ezrpc::json::{Options, Types};
use ezrpc_tests::proto::protobuf_test_messages::proto3::{TestAllTypesProto3, descriptors};
use prost::Message as _;
use serde_json::Value;

const TABLE: &str = include_str!("../data/protojson.tsv");
const MORE: &str = include_str!("../data/protojson-more.tsv");
const MESSAGE: &str = "protobuf_test_messages.proto3.TestAllTypesProto3";

/// Rows that may fail. None do; if one must, its name stands here with the reason.
const KNOWN_FAILURES: &[&str] = &[];

struct Case<'a> {
    name: &'a str,
    input: &'a str,
    expected: &'a str,
    level: &'a str,
    mode: &'a str,
    note: &'a str,
}

fn cases(table: &'static str) -> impl Iterator<Item = Case<'static>> {
    table.lines().skip(1).map(|line| {
        let columns: Vec<_> = line.split('\t').collect();
        let [name, message, input, expected, level, mode, note] = columns[..] else {
            panic!("a row of {} columns: {line}", columns.len());
        };
        assert_eq!(message, MESSAGE, "{name}");
        Case {
            name,
            input,
            expected,
            level,
            mode,
            note,
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
            check_stable(&message, &printed)?;
            if case.note.contains("not on the wire") {
                return Ok(());
            }
            check_wire(&message)
        }
    }
}

/// What was printed reads back as the same message, and prints the same again.
fn check_stable(message: &TestAllTypesProto3, printed: &str) -> Result<(), String> {
    let strict = options().strict();
    let again: TestAllTypesProto3 = strict
        .from_slice(printed.as_bytes())
        .map_err(|error| format!("{printed} does not read back: {error}"))?;
    if !same(&again, message) {
        return Err(format!("{printed} reads back as another message"));
    }
    if strict.to_string(&again) != Ok(printed.into()) {
        return Err(format!("{printed} prints differently the second time"));
    }
    Ok(())
}

/// The protobuf encoding is of the same message.
fn check_wire(message: &TestAllTypesProto3) -> Result<(), String> {
    match TestAllTypesProto3::decode(&*message.encode_to_vec()) {
        Ok(decoded) if same(&decoded, message) => Ok(()),
        Ok(decoded) => Err(format!("protobuf encoding makes it {decoded:?}")),
        Err(error) => Err(format!("protobuf encoding does not decode: {error}")),
    }
}

/// As debug text: a NaN does not equal itself, and its payload is lost on purpose.
fn same(left: &TestAllTypesProto3, right: &TestAllTypesProto3) -> bool {
    format!("{left:?}") == format!("{right:?}")
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
    check_table(
        TABLE,
        [("EXTRA", 34), ("RECOMMENDED", 65), ("REQUIRED", 274)],
    );
}

#[test]
fn every_other_row_holds() {
    check_table(
        MORE,
        [("EXTRA", 69), ("RECOMMENDED", 111), ("REQUIRED", 739)],
    );
}

/// Checks all rows, and that there are so many of each level as there were: a lost row is a lost check.
fn check_table(table: &'static str, rows: [(&str, usize); 3]) {
    let mut report = String::new();
    let mut counts = std::collections::BTreeMap::<&str, (usize, usize)>::new();
    for case in cases(table) {
        let count = counts.entry(case.level).or_default();
        count.0 += 1;
        let failure = check(&case).err();
        count.1 += usize::from(failure.is_none());
        report.push_str(&describe(&case, failure));
    }
    for (level, (rows, held)) in &counts {
        println!("{level}: {held} of {rows} rows hold");
    }
    assert!(report.is_empty(), "{report}");
    let counted: Vec<_> = counts
        .iter()
        .map(|(level, count)| (*level, count.0))
        .collect();
    assert_eq!(counted, rows, "the table has other rows than it had");
}

/// What to report of a row.
fn describe(case: &Case<'_>, failure: Option<String>) -> String {
    let Case {
        name, input, level, ..
    } = case;
    match (failure, KNOWN_FAILURES.contains(name)) {
        (Some(reason), false) => format!("{level} {name}: {reason}\n    {input}\n"),
        (None, true) => format!("{name} holds now: strike it off\n"),
        _ => String::new(),
    }
}
