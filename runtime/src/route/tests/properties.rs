//! The table against a matcher that tries every template in every way and sorts what fits.

use std::cmp::Reverse;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::route::escape;
use crate::route::template::{Segment, Template};

/// How a template's segments take those of a path: each way is the number of segments its `**` takes.
fn ways(template: &[Segment], path: &[&str]) -> Vec<usize> {
    let Some((first, rest)) = template.split_first() else {
        return if path.is_empty() { vec![0] } else { vec![] };
    };
    let one = |fits: bool| if fits { ways(rest, &path[1..]) } else { vec![] };
    match first {
        Segment::Many => {
            let captured = |count: usize| count < 2 || !path[0].is_empty();
            let taken = (0..=path.len()).filter(|count| captured(*count));
            taken
                .filter(|count| !ways(rest, &path[*count..]).is_empty())
                .collect()
        }
        _ if path.is_empty() => vec![],
        Segment::One => one(!path[0].is_empty()),
        Segment::Literal(literal) => {
            one(escape::Bytes(path[0].as_bytes()).eq(literal.iter().copied()))
        }
    }
}

/// The path as a template sees it: without its verb, split; `None` if the verb is another.
fn split<'p>(template: &Template<'_>, path: &'p str) -> Option<Vec<&'p str>> {
    let path = path.strip_prefix('/')?;
    let segments = |path: &'p str| {
        if path.is_empty() {
            vec![]
        } else {
            path.split('/').collect()
        }
    };
    let Some(verb) = &template.verb else {
        return Some(segments(path));
    };
    let colons = path
        .match_indices(':')
        .filter(|(at, _)| !path[*at..].contains('/'));
    let mut verbs = colons.map(|(at, _)| (&path[..at], &path[at + 1..]));
    let (path, _) =
        verbs.find(|(_, text)| escape::Bytes(text.as_bytes()).eq(verb.iter().copied()))?;
    Some(segments(path))
}

/// The lower, the earlier a template is tried.
fn rank(template: &Template<'_>) -> impl Ord + use<> {
    let kinds = template
        .segments
        .iter()
        .enumerate()
        .map(|(at, segment)| match segment {
            Segment::Literal(_) => (0, Reverse(0)),
            Segment::One => (1, Reverse(0)),
            Segment::Many => (2, Reverse(template.segments.len() - at)),
        });
    let verb = template.verb.as_ref().map_or(0, Vec::len);
    (Reverse(verb), kinds.collect::<Vec<_>>())
}

fn by_hand(routes: &[(&str, &str)], method: &str, path: &str) -> String {
    if !escape::is_well_formed(path.as_bytes()) {
        return "BadEscape".into();
    }
    let mut fitting = Vec::new();
    for (index, (verb, template)) in routes.iter().enumerate() {
        let template = Template::parse(template).unwrap();
        let Some(segments) = split(&template, path) else {
            continue;
        };
        if !ways(&template.segments, &segments).is_empty() {
            let exact = match *verb {
                verb if verb == method => Some(0),
                "GET" if method == "HEAD" => Some(1),
                "*" => Some(2),
                _ => None,
            };
            fitting.push((rank(&template), exact, index, *verb));
        }
    }
    let best = fitting
        .iter()
        .filter(|(_, exact, ..)| exact.is_some())
        .min();
    if let Some((_, _, index, _)) = best {
        return format!("{index}");
    }
    let mut allow: Vec<&str> = fitting.iter().map(|(.., verb)| *verb).collect();
    if allow.is_empty() {
        return "Nothing".into();
    }
    if allow.contains(&"GET") {
        allow.push("HEAD");
    }
    allow.push("OPTIONS");
    allow.sort_unstable();
    allow.dedup();
    allow.join(",")
}

fn template() -> impl Strategy<Value = String> {
    let segment = select(vec![
        "a", "b", "%61", "a%2Fb", "*", "*", "{}", "{}", "{=a/*}", "**", "{=**}", "{=a/**}",
    ]);
    let verb = select(vec!["", "", "", ":v", ":w", ":v:w"]);
    (prop::collection::vec(segment, 0..5), verb).prop_map(|(segments, verb)| {
        let segments = segments.iter().enumerate();
        let segments: Vec<String> = segments
            .map(|(at, text)| text.replace('{', &format!("{{x{at}")))
            .collect();
        format!("/{}{verb}", segments.join("/"))
    })
}

fn path() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "/a", "/b", "/", "/%61", "/a%2fb", "/c", ":v", ":w", "%76", "%2", "/a:v",
    ]);
    prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

fn routes() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let method = select(vec!["GET", "POST", "HEAD", "*"]);
    prop::collection::vec((method, template()), 1..12)
}

/// The routes that parse and that no earlier one equals.
fn distinct(routes: &[(&'static str, String)]) -> Vec<(&'static str, &'static str)> {
    let mut kept: Vec<(&str, &str)> = Vec::new();
    for (method, template) in routes {
        let template: &'static str = template.clone().leak();
        let Ok(parsed) = Template::parse(template) else {
            continue;
        };
        let twin = kept.iter().any(|(other, kept)| {
            let kept = Template::parse(kept).unwrap();
            other == method && kept.segments == parsed.segments && kept.verb == parsed.verb
        });
        if !twin {
            kept.push((*method, template));
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn finds_what_trying_everything_finds(routes in routes(), path in path(), method in select(vec!["GET", "HEAD", "PUT"])) {
        let routes = distinct(&routes);
        let table = table(&routes);
        let found = match table.find(method, &path) {
            Found::Match { value, .. } => format!("{value}"),
            Found::WrongMethod { allow } => allow.join(","),
            other => format!("{other:?}"),
        };
        prop_assert_eq!(found, by_hand(&routes, method, &path), "{:?} {} {}", routes, method, path);
    }

    #[test]
    fn captures_stand_in_the_path_in_order(routes in routes(), path in path()) {
        let routes = distinct(&routes);
        let table = table(&routes);
        let decoding = Decoding { mode: PathDecoding::All, dot_segments: true };
        if let Found::Match { captures, .. } = table.find("GET", &path) {
            let template = captures.template;
            let segments = split(template, &path).unwrap();
            let values = captures.decode(decoding).unwrap();
            let way = ways(&template.segments, &segments)[0];
            let many = template.segments.iter().position(|segment| *segment == Segment::Many);
            // How many segments of the path stand before the template's segment with this number.
            let before = |at: usize| match many {
                Some(many) if at > many => at - 1 + way,
                _ => at,
            };
            for (variable, (name, value)) in template.variables.iter().zip(values) {
                let text = segments[before(variable.start)..before(variable.end)].join("/");
                let decoded: Vec<u8> = escape::Bytes(text.as_bytes()).collect();
                prop_assert_eq!((name, value.into_bytes()), (variable.path, decoded));
            }
        }
    }

    #[test]
    fn no_template_and_no_path_is_too_strange(template in "\\PC{0,20}", path in "\\PC{0,20}") {
        let mut table = Table::new();
        if table.insert("GET", &template, ()).is_ok() {
            let _ = table.find("GET", &path);
            let _ = table.find("PUT", &template);
            if let Found::Match { captures, .. } = table.find("GET", &template) {
                let _ = captures.decode(Decoding::default());
            }
        }
    }
}
