//! The rows of tests/data/path-template.tsv.

use super::*;
use crate::route::template::Template;

struct Row {
    template: &'static str,
    request: &'static str,
    expected: &'static str,
    bound: String,
    note: &'static str,
}

/// The rows of a kind, split at tabs.
fn rows(kind: &'static str) -> impl Iterator<Item = Row> {
    let rows = include_str!("../../../tests/data/path-template.tsv")
        .lines()
        .skip(1);
    rows.filter_map(move |line| match *line.split('\t').collect::<Vec<_>>() {
        [template, request, expected, bound, row, note, ..] if row == kind => Some(Row {
            template,
            request,
            expected,
            bound: bound.replace("\\u0000", "\0"),
            note,
        }),
        _ => None,
    })
}

/// `yes` with what is bound, `no`, or `400`; for routes with the number, or `405` with the list.
fn answer(routes: &[(&str, &str)], method: &str, path: &str) -> (String, String) {
    // Rows of the matcher have dots in one segment only, and a server may let them pass.
    let decoding = Decoding {
        dot_segments: true,
        ..Decoding::default()
    };
    match table(routes).find(method, path) {
        Found::Match { value, captures } => match captures.decode(decoding) {
            Ok(values) => (format!("yes:{}", value + 1), join(&values)),
            Err(_) => ("400".into(), String::new()),
        },
        Found::WrongMethod { allow } => ("405".into(), format!("Allow: {}", allow.join(", "))),
        Found::Nothing => ("no".into(), String::new()),
        Found::BadEscape => ("400".into(), String::new()),
    }
}

#[test]
fn matches_are_what_the_vectors_say() {
    let mut seen = 0;
    for Row {
        template,
        request,
        expected,
        bound,
        note,
    } in rows("match")
    {
        let (found, values) = answer(&[("GET", template)], "GET", request);
        let found = found.trim_end_matches(":1");
        assert_eq!(
            (found, values),
            (expected, bound),
            "{template} {request} ({note})"
        );
        seen += 1;
    }
    assert!(seen >= 60, "{seen}");
}

#[test]
fn routes_are_what_the_vectors_say_in_any_order() {
    let mut seen = 0;
    for Row {
        template,
        request,
        expected,
        bound,
        note,
    } in rows("route")
    {
        let routes: Vec<(&str, &str)> = template
            .split(" || ")
            .filter_map(|route| route.split_once(' '))
            .collect();
        seen += 1;
        let Some((method, path)) = request.split_once(' ') else {
            assert_eq!(expected, "DUPLICATE");
            assert_eq!(Table::new().insert("GET", routes[0].1, 1), Ok(None));
            let mut table = table(&routes[..1]);
            assert_eq!(
                table.insert(routes[1].0, routes[1].1, 1),
                Ok(Some(&0)),
                "{template}"
            );
            continue;
        };
        assert_eq!(
            answer(&routes, method, path),
            (expected.into(), bound.clone()),
            "{template} {request} ({note})"
        );
        let reversed: Vec<_> = routes.iter().copied().rev().collect();
        let expected = match expected.strip_prefix("yes:").map(str::parse::<usize>) {
            Some(Ok(number)) => format!("yes:{}", routes.len() + 1 - number),
            _ => expected.into(),
        };
        assert_eq!(
            answer(&reversed, method, path),
            (expected, bound),
            "reversed: {template} {request} ({note})"
        );
    }
    assert!(seen >= 18, "{seen}");
}

#[test]
fn templates_parse_as_the_vectors_say() {
    let mut seen = 0;
    for Row {
        template,
        expected,
        note,
        ..
    } in rows("parse")
    {
        let parsed = Template::parse(template);
        assert_eq!(
            parsed.is_ok(),
            expected == "VALID",
            "{template:?} ({note}): {parsed:?}"
        );
        seen += 1;
    }
    assert!(seen >= 22, "{seen}");
}
