use super::*;

/// Rows of the shared vector file, split at tabs.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    include_str!("../../tests/data/path-template.tsv")
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect())
}

#[test]
fn templates_parse_as_the_vectors_say() {
    let mut seen = 0;
    for row in rows() {
        let [template, _, expected, _, kind, note, ..] = row[..] else {
            panic!("{row:?}")
        };
        let templates: Vec<&str> = match kind {
            "route" => template
                .split(" || ")
                .filter_map(|route| route.split_once(' '))
                .map(|(_, path)| path)
                .collect(),
            _ => vec![template],
        };
        for template in templates {
            let parsed = parse(template);
            assert_eq!(
                parsed.is_err(),
                expected == "INVALID",
                "{template:?} ({note}): {parsed:?}"
            );
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn duplicates_are_what_the_vectors_say() {
    for row in rows().filter(|row| row[4] == "route") {
        let routes: Vec<_> = row[0]
            .split(" || ")
            .filter_map(|route| route.split_once(' '))
            .collect();
        let shapes: Vec<_> = routes
            .iter()
            .map(|(verb, path)| (verb, parse(path).map(|parsed| parsed.shape)))
            .collect();
        let distinct = shapes
            .iter()
            .enumerate()
            .all(|(index, shape)| !shapes[..index].contains(shape));
        assert_eq!(distinct, row[2] != "DUPLICATE", "{}", row[0]);
    }
}

#[test]
fn shapes_ignore_names_and_spelling() {
    let shape = |template| parse(template).map(|parsed| parsed.shape);
    assert_eq!(shape("/v1/{name=shelves/*}"), shape("/v1/shelves/{id}"));
    assert_eq!(shape("/v1/%73helves"), shape("/v1/shelves"));
    assert_eq!(shape("/caf%c3%a9"), shape("/caf%C3%A9"));
    assert_ne!(shape("/a%2Fb"), shape("/a/b"));
    assert_ne!(shape("/a:b"), shape("/a"));
    assert_ne!(shape("/a%3Ab"), shape("/a:b"));
}

#[test]
fn variables_keep_their_columns() {
    let variables = parse("/v1/{a.b=x/*}/é{c}").map_err(|error| error.message);
    assert_eq!(variables, Err("'é' must be percent-encoded".to_owned()));
    let variables = parse("/v1/{a.b=x/*}/{c}").map(|parsed| parsed.variables);
    let expected = [
        Variable {
            path: "a.b".to_owned(),
            column: 5,
        },
        Variable {
            path: "c".to_owned(),
            column: 15,
        },
    ];
    assert_eq!(variables.as_deref(), Ok(&expected[..]));
}

#[test]
fn mistakes_are_placed_and_named() {
    let cases = [
        ("", 1, "a path template starts with `/`"),
        ("v1", 1, "a path template starts with `/`"),
        ("/a/", 4, "empty segment"),
        ("/a//b", 4, "empty segment"),
        ("/a/{", 5, "a field name is needed here"),
        ("/a/{x", 4, "a `{` that nothing closes"),
        ("/a/{x.1}", 7, "a field name is needed here"),
        (
            "/a{x}",
            3,
            "a variable or `*` is a segment of its own; put `/` before it",
        ),
        (
            "/{x}a",
            5,
            "a variable is a segment of its own; put `/` after it",
        ),
        ("/{x=/a}", 5, "empty segment"),
        ("/{x=a/}", 7, "empty segment"),
        ("/{x=a/{y}}", 7, "a variable cannot hold another"),
        (
            "/{x=a:b}",
            6,
            "a verb stands at the end of the template, not in a variable",
        ),
        ("/a:", 4, "empty verb"),
        ("/a:b/c", 5, "a verb is the last thing in a template"),
        ("/a:b*", 5, "unexpected '*' in a verb"),
        ("/a/**/{x=**}", 10, "`**` may stand once only"),
        ("/{a}/{a}", 6, "variable `a` is bound twice"),
        (
            "/{a.b}/{a}",
            8,
            "variables `a.b` and `a` bind the same field",
        ),
        ("/a?b", 3, "'?' ends a path; a template has no query"),
        ("/a b", 3, "' ' must be percent-encoded"),
        ("/é", 2, "'é' must be percent-encoded"),
        ("/%2", 2, "`%` needs two hex digits after it"),
        ("/%é1", 2, "`%` needs two hex digits after it"),
        ("/a}", 3, "`}` without `{`"),
        (
            "/***",
            4,
            "a variable or `*` is a segment of its own; put `/` before it",
        ),
    ];
    for (template, column, message) in cases {
        let error = TemplateError {
            column,
            message: message.to_owned(),
        };
        assert_eq!(parse(template), Err(error), "{template:?}");
    }
}

#[test]
fn tokens() {
    for good in ["GET", "*", "M-SEARCH"] {
        assert!(is_token(good), "{good}");
    }
    for bad in ["", "G T", "GET/", "é"] {
        assert!(!is_token(bad), "{bad}");
    }
}
