//! The splitter, on whole bodies and on every cut of them.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// The values of a body that comes in pieces of `size`, and the error they end with.
fn split(body: &str, size: usize, limit: usize) -> (Vec<String>, Option<String>) {
    let (mut splitter, mut values) = (Splitter::new(limit), Vec::new());
    let text = |value: Bytes| String::from_utf8_lossy(&value).into_owned();
    for piece in body.as_bytes().chunks(size) {
        splitter.push(piece);
        loop {
            match splitter.next() {
                Ok(Some(value)) => values.push(text(value)),
                Ok(None) => break,
                Err(error) => return (values, Some(error.message().to_owned())),
            }
        }
    }
    match splitter.finish() {
        Ok(last) => values.extend(last.map(text)),
        Err(error) => return (values, Some(error.message().to_owned())),
    }
    (values, None)
}

#[test]
fn h79_values_survive_any_cut() {
    let rows: [(&str, &[&str]); 12] = [
        ("", &[]),
        (" \r\n\t ", &[]),
        ("{}", &["{}"]),
        ("{\"a\":1}\n{\"a\":2}\n", &["{\"a\":1}", "{\"a\":2}"]),
        ("{\"a\":1}\r\n\r\n{\"a\":2}", &["{\"a\":1}", "{\"a\":2}"]),
        (
            "{}{}{\"b\":{\"c\":[]}}",
            &["{}", "{}", "{\"b\":{\"c\":[]}}"],
        ),
        (
            "{\"a\":\"}\\\"{\\\\\"} {}",
            &["{\"a\":\"}\\\"{\\\\\"}", "{}"],
        ),
        ("[]", &[]),
        (" [ ] \n", &[]),
        ("[{},\n {\"a\":[1,2]} ,3]", &["{}", "{\"a\":[1,2]}", "3"]),
        ("1 true\n\"x\"null", &["1", "true", "\"x\"", "null"]),
        (
            "-1.5e3\"a\"\"b\"2{}",
            &["-1.5e3", "\"a\"", "\"b\"", "2", "{}"],
        ),
    ];
    for (body, values) in rows {
        for size in 1..=body.len().max(1) {
            let found = split(body, size, 100);
            let expected: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
            assert_eq!(found, (expected, None), "{body:?} in pieces of {size}");
        }
    }
}

#[test]
fn h80_what_is_no_sequence_is_refused_where_it_shows() {
    let rows = [
        (
            "{},{}",
            1,
            "item 2 of the request body does not start like a JSON value",
        ),
        (
            "}",
            0,
            "item 1 of the request body does not start like a JSON value",
        ),
        (
            "{\"a\":",
            0,
            "item 1 of the request body is cut short: the body ends in the middle of it",
        ),
        (
            "{} \"ab",
            1,
            "item 2 of the request body is cut short: the body ends in the middle of it",
        ),
        (
            "[{} {}]",
            1,
            "item 1 of the request body is not followed by `,` or `]`",
        ),
        (
            "[{},]",
            1,
            "item 2 of the request body does not start like a JSON value",
        ),
        (
            "[,]",
            0,
            "item 1 of the request body does not start like a JSON value",
        ),
        (
            "[{}] {}",
            1,
            "item 1 of the request body was the last: the array has ended",
        ),
        (
            "[{}",
            1,
            "the request body ends before the `]` of its array",
        ),
        ("[", 0, "the request body ends before the `]` of its array"),
        (
            "[{},",
            1,
            "the request body ends before the `]` of its array",
        ),
        (
            "{}{\"a\":\"0123456789\"}",
            1,
            "item 2 of the request body is over the limit of 12 bytes",
        ),
    ];
    for (body, values, message) in rows {
        for size in 1..=body.len() {
            let (found, error) = split(body, size, 12);
            assert_eq!(found.len(), values, "{body:?} in pieces of {size}");
            assert_eq!(
                error.as_deref(),
                Some(message),
                "{body:?} in pieces of {size}"
            );
        }
    }
}

#[test]
fn a_value_may_be_as_long_as_the_limit() {
    let whole = "{\"a\":\"0123\"}";
    for size in 1..=whole.len() {
        assert_eq!(split(whole, size, 12), (vec![whole.to_owned()], None));
    }
}

/// What serde_json makes of a body; `None` if it refuses it.
fn oracle(body: &str) -> Option<Vec<Value>> {
    if body.trim_start().starts_with('[') {
        return serde_json::from_str(body).ok();
    }
    let values = serde_json::Deserializer::from_str(body).into_iter();
    values.collect::<Result<_, _>>().ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn cuts_do_not_matter_and_serde_json_agrees(
        body in r#"([\[\]{},:"\\ \n]|1|-|true|"a"|\{"a":|\{\}|\[1\]){0,12}"#,
        size in 1..8usize,
    ) {
        let whole = split(&body, usize::MAX, usize::MAX);
        prop_assert_eq!(&split(&body, size, usize::MAX), &whole);
        if let Some(expected) = oracle(&body) {
            let values = whole.0.iter().map(|value| serde_json::from_str(value));
            let values: Vec<Value> = values.collect::<Result<_, _>>().expect("values");
            prop_assert_eq!((values, whole.1), (expected, None));
        }
    }
}
