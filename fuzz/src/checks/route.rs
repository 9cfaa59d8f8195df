//! Routes.

use std::str::from_utf8;

use ezrpc::fuzzing::Routes;
use protoc_gen_ezrpc::fuzzing::path_template;

/// Which binding a request belongs to does not depend on the order they stand in, generator and runtime take the same
/// templates, and captures hold no more than the path. Each line is an HTTP method and a template; the last one a method
/// and a path.
pub fn route(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    let mut lines: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    let Some((method, path)) = lines.pop() else {
        return;
    };
    let (routes, left_out) = Routes::new(&lines);
    for (number, (_, template)) in lines.iter().enumerate() {
        let parses = !left_out.contains(&(number, false));
        assert_eq!(parses, path_template(template).is_ok(), "{template:?}");
    }
    let mut distinct: Vec<(&str, &str)> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if left_out.iter().all(|(left_out, _)| *left_out != number) {
            distinct.push(*line);
        }
    }
    let found = routes.find(method, path).map(|number| lines[number]);
    distinct.reverse();
    let (reversed, none) = Routes::new(&distinct);
    assert!(none.is_empty(), "{none:?}");
    assert_eq!(
        reversed.find(method, path).map(|number| distinct[number]),
        found
    );
    let values = routes.captures(method, path);
    assert_eq!(values.is_some(), found.is_some());
    if let Some(Some(values)) = values {
        let held: usize = values.iter().map(|(_, value)| value.len()).sum();
        assert!(held <= path.len(), "{values:?}");
    }
}
