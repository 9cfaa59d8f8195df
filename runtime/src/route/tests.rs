#![allow(clippy::unwrap_used, reason = "a failed test says so")]

use super::*;

mod properties;
mod vectors;

fn table<'t>(routes: &[(&'t str, &'t str)]) -> Table<'t, usize> {
    let mut table = Table::new();
    for (index, (method, template)) in routes.iter().enumerate() {
        let twin = table.insert(method, template, index);
        assert_eq!(twin, Ok(None), "{method} {template}");
    }
    table
}

/// What is captured from `path` by `template`, joined as the vectors have it.
fn captured(template: &str, path: &str, decoding: Decoding) -> String {
    let table = table(&[("GET", template)]);
    match table.find("GET", path) {
        Found::Match { captures, .. } => match captures.decode(decoding) {
            Ok(values) => join(&values),
            Err(error) => format!("{error:?}"),
        },
        other => format!("{other:?}"),
    }
}

fn join(values: &[(&str, String)]) -> String {
    let values: Vec<String> = values
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    values.join(";")
}

fn mode(mode: PathDecoding) -> Decoding {
    Decoding {
        mode,
        dot_segments: false,
    }
}

#[test]
fn escapes_in_captures_are_decoded_by_mode() {
    let rows = [
        (
            "/a/{x=p/*}",
            "/a/p/%21%2F%41%252F",
            ["x=p/!%2FA%2F", "x=p/%21%2FA%2F", "x=p/!/A%2F"],
        ),
        (
            "/a/{x=p/**}",
            "/a/p/%2f/%3A",
            ["x=p/%2f/:", "x=p/%2f/%3A", "x=p///:"],
        ),
        ("/a/{x}", "/a/%21%2F%41", ["x=!/A", "x=!/A", "x=!/A"]),
    ];
    for (template, path, expected) in rows {
        let modes = [
            PathDecoding::AllExceptSlash,
            PathDecoding::AllExceptReserved,
            PathDecoding::All,
        ];
        for (decoding, expected) in modes.into_iter().zip(expected) {
            // `%252F` is decoded once in each mode.
            assert_eq!(
                captured(template, path, mode(decoding)),
                expected,
                "{decoding:?}"
            );
        }
    }
}

#[test]
fn dot_segments_are_refused_in_many_segments() {
    let strict = Decoding::default();
    let refused = format!("{:?}", BadCapture::DotSegment("x"));
    for path in ["/f/a/../b", "/f/..", "/f/.", "/f/a/%2e%2E", "/f/./a"] {
        assert_eq!(captured("/f/{x=**}", path, strict), refused, "{path}");
        let lax = Decoding {
            dot_segments: true,
            ..strict
        };
        assert_ne!(captured("/f/{x=**}", path, lax), refused, "{path}");
    }
    assert_eq!(
        captured("/f/{x=**}", "/f/a/..%2Fb", mode(PathDecoding::All)),
        refused
    );
    assert_eq!(captured("/f/{x=**}", "/f/a/..%2Fb", strict), "x=a/..%2Fb");
    assert_eq!(
        captured("/f/{x=**}", "/f/.../.a/a..", strict),
        "x=.../.a/a.."
    );
    assert_eq!(
        captured("/f/{x}/{y=a/*}", "/f/../a/..", strict),
        "x=..;y=a/.."
    );
}

#[test]
fn values_are_text() {
    let refused = format!("{:?}", BadCapture::NotUtf8("x"));
    assert_eq!(captured("/{x}", "/%ff", Decoding::default()), refused);
    assert_eq!(captured("/{x=**}", "/a/%C3", Decoding::default()), refused);
    assert_eq!(captured("/{x}", "/%C3%A9", Decoding::default()), "x=é");
}

#[test]
fn slashes_at_the_end_are_data_of_many_segments_only() {
    let decoding = Decoding::default();
    assert_eq!(
        captured("/{x=files/**}", "/files/a/b/", decoding),
        "x=files/a/b/"
    );
    assert_eq!(captured("/{x=files/**}", "/files/", decoding), "x=files/");
    assert_eq!(captured("/{x=files/**}", "/files", decoding), "x=files");
    assert_eq!(captured("/{x=files/**}", "/files//", decoding), "Nothing");
    assert_eq!(captured("/{x=**}/{y}", "/a", decoding), "x=;y=a");
    assert_eq!(captured("/{x=**}/{y}", "/", decoding), "Nothing");
    assert_eq!(captured("/{x=**}", "/", decoding), "x=");
    assert_eq!(captured("/{x}", "/", decoding), "Nothing");
    assert_eq!(captured("/", "/", decoding), "");
    assert_eq!(captured("/", "/a", decoding), "Nothing");
    assert_eq!(captured("/:watch", "/:watch", decoding), "");
    assert_eq!(captured("/{x=**}:v", "/:v", decoding), "x=");
    assert_eq!(captured("/a/{x=**}:v", "/a:v", decoding), "x=");
    assert_eq!(captured("/a", "*", decoding), "Nothing");
    assert_eq!(captured("/a", "", decoding), "Nothing");
}

#[test]
fn longer_verbs_come_first_and_escapes_do_not_begin_one() {
    let table = table(&[
        ("GET", "/{id}:b"),
        ("GET", "/{id}:a:b"),
        ("GET", "/{id}"),
        ("GET", "/{id}:%63"),
    ]);
    let found = |path| match table.find("GET", path) {
        Found::Match { value, captures } => {
            (*value, join(&captures.decode(Decoding::default()).unwrap()))
        }
        other => panic!("{path}: {other:?}"),
    };
    assert_eq!(found("/x:a:b"), (1, "id=x".into()));
    assert_eq!(found("/x:c:b"), (0, "id=x:c".into()));
    assert_eq!(found("/x%3Ab"), (2, "id=x:b".into()));
    assert_eq!(found("/x:%62"), (0, "id=x".into()));
    assert_eq!(found("/x:c"), (3, "id=x".into()));
    // No template has a segment before `:b` that is empty, but one takes any segment.
    assert_eq!(found("/:b"), (2, "id=:b".into()));
}

#[test]
fn allowed_methods_are_those_of_every_template_that_matches() {
    let routes = [
        ("GET", "/foo/{id}"),
        ("PUT", "/foo/bar"),
        ("LOCK", "/{x=**}"),
        ("POST", "/foo/{id}:archive"),
        ("DELETE", "/other"),
    ];
    let table = table(&routes);
    let allow = |path| match table.find("PATCH", path) {
        Found::WrongMethod { allow } => allow.join(", "),
        other => format!("{other:?}"),
    };
    assert_eq!(allow("/foo/bar"), "GET, HEAD, LOCK, OPTIONS, PUT");
    assert_eq!(allow("/foo/x:archive"), "GET, HEAD, LOCK, OPTIONS, POST");
    assert_eq!(allow("/other"), "DELETE, LOCK, OPTIONS");
    assert_eq!(allow("/x"), "LOCK, OPTIONS");
}

#[test]
fn methods_are_exact_then_get_for_head_then_any() {
    let table = table(&[
        ("*", "/a"),
        ("GET", "/a"),
        ("HEAD", "/b"),
        ("GET", "/b"),
        ("GET", "/{x}"),
        ("*", "/b/c"),
    ]);
    let found = |method, path| match table.find(method, path) {
        Found::Match { value, .. } => Some(*value),
        _ => None,
    };
    assert_eq!(found("HEAD", "/a"), Some(1));
    assert_eq!(found("OPTIONS", "/a"), Some(0));
    assert_eq!(found("HEAD", "/b"), Some(2));
    assert_eq!(found("HEAD", "/c"), Some(4));
    assert_eq!(found("head", "/c"), None);
    assert_eq!(found("TRACE", "/b/c"), Some(5));
}

#[test]
fn twins_differ_in_names_and_spelling_only() {
    let mut table = Table::new();
    assert_eq!(table.insert("GET", "/v1/{name=shelves/*}:a", 1), Ok(None));
    assert_eq!(table.insert("POST", "/v1/{name=shelves/*}:a", 2), Ok(None));
    assert_eq!(table.insert("GET", "/v1/shelves/{id}:%61", 3), Ok(Some(&1)));
    assert_eq!(table.insert("GET", "/v1/shelves/{id}", 4), Ok(None));
    assert_eq!(table.insert("GET", "/v1/**/a/*", 5), Ok(None));
    assert_eq!(table.insert("GET", "/v1/{x=**/a}/{y}", 6), Ok(Some(&5)));
}

#[test]
fn h11_each_of_ten_thousand_routes_is_found() {
    let mut templates = Vec::new();
    for (service, resource) in
        (0..50).flat_map(|service| (0..40).map(move |resource| (service, resource)))
    {
        let item = format!(
            "/v{}/{{name=projects/*/s{service}/*/r{resource}/*}}",
            service % 3
        );
        let list = format!(
            "/v{}/{{parent=projects/*/s{service}/*}}/r{resource}",
            service % 3
        );
        templates.extend([
            item.clone(),
            format!("{item}:cancel"),
            format!("{item}:undo"),
            list.clone(),
        ]);
        templates.push(format!("{list}:batch"));
    }
    let routes: Vec<(&str, &str)> = templates
        .iter()
        .map(|template| ("POST", template.as_str()))
        .collect();
    assert_eq!(routes.len(), 10_000);
    let table = table(&routes);
    for (index, template) in templates.iter().enumerate() {
        let path = template
            .replace("{name=", "")
            .replace("{parent=", "")
            .replace('}', "")
            .replace('*', "x1");
        match table.find("POST", &path) {
            Found::Match { value, .. } => assert_eq!(*value, index, "{path}"),
            other => panic!("{path}: {other:?}"),
        }
        assert_eq!(
            table.find("POST", &format!("{path}/none/more/x")),
            Found::Nothing,
            "{path}"
        );
    }
}

/// No time is measured: quadratic work on these would take minutes.
#[test]
fn h12_long_paths_take_linear_time() {
    let templates: Vec<String> = (0..300)
        .map(|n| format!("/{{a=**}}/x{n}/{{b}}:v{n}"))
        .collect();
    let mut routes: Vec<(&str, &str)> = templates
        .iter()
        .map(|template| ("GET", template.as_str()))
        .collect();
    routes.extend([
        ("GET", "/{a=**}/x/{b}"),
        ("GET", "/a/*/a/*/a/b"),
        ("GET", "/*/a/*/a/*/c"),
        ("GET", "/{a=**}:v"),
    ]);
    let table = table(&routes);
    for piece in ["/a", "/", ":", ":v1", "%61", "/%61", "a", "/.", "/a/x1"] {
        let path = format!("/{}", piece.repeat(64 * 1024 / piece.len()));
        for end in ["", "/x/y", "/x7/y:v7", ":v", "%"] {
            let path = format!("{path}{end}");
            if let Found::Match { captures, .. } = table.find("GET", &path) {
                let _ = captures.decode(Decoding::default());
            }
        }
    }
}
