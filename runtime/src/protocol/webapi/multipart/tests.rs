//! Forms whole, cut anywhere, and broken.

use bytes::Bytes;
use proptest::prelude::*;

use super::{Event, Parser, PartHead};
use crate::error::Result;

/// Parses a body in pieces; content of one part is one event.
fn parse(boundary: &str, pieces: impl Iterator<Item = Bytes>) -> Result<Vec<Event>> {
    let mut parser = Parser::new(boundary, 1000);
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(piece);
        drain(&mut parser, &mut events)?;
    }
    parser.finish();
    drain(&mut parser, &mut events)?;
    Ok(events)
}

fn drain(parser: &mut Parser, events: &mut Vec<Event>) -> Result<()> {
    while let Some(event) = parser.next()? {
        match (events.last_mut(), event) {
            (Some(Event::Data(before)), Event::Data(data)) => {
                *before = Bytes::from([&before[..], &data].concat());
            }
            (_, event) => events.push(event),
        }
    }
    Ok(())
}

/// Parses a body in pieces of every size up to 80, and whole; all must agree.
fn parse_cut(boundary: &str, body: &[u8]) -> Result<Vec<Event>, String> {
    let cut = |size: usize| {
        let pieces = body.chunks(size).map(Bytes::copy_from_slice);
        parse(boundary, pieces).map_err(|error| error.to_string())
    };
    let whole = cut(body.len().max(1));
    for size in 1..body.len().min(80) {
        assert_eq!(cut(size), whole, "in pieces of {size}");
    }
    whole
}

/// Name and content of each part.
fn parts(boundary: &str, body: impl AsRef<[u8]>) -> Result<Vec<(String, String)>, String> {
    let mut parts = Vec::new();
    let mut ended = false;
    for event in parse_cut(boundary, body.as_ref())? {
        match event {
            Event::Part(head) => parts.push((head.name, String::new())),
            Event::Data(data) => {
                let (_, content) = parts.last_mut().expect("data stands in a part");
                content.push_str(std::str::from_utf8(&data).expect("text"));
            }
            Event::PartEnd => {}
            Event::End => ended = true,
        }
    }
    assert!(ended);
    Ok(parts)
}

fn is(found: Result<Vec<(String, String)>, String>, expected: &[(&str, &str)]) {
    let expected = expected.iter().map(|&(n, c)| (n.to_owned(), c.to_owned()));
    assert_eq!(found, Ok(expected.collect()));
}

const A: &str = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";

#[test]
fn a_form_of_two_parts() {
    let body = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
                --B\r\ncontent-disposition:form-data; name=f; filename=x.png\r\nContent-Type: image/png\r\n\r\n\
                2\r\n3\r\n--B--\r\n";
    let file = PartHead::clone(&head(body, 1));
    assert_eq!(file.filename.as_deref(), Some("x.png"));
    assert_eq!(file.content_type(), "image/png");
    assert_eq!(head(body, 0).content_type(), "text/plain");
    is(parts("B", body), &[("a", "1"), ("f", "2\r\n3")]);
}

fn head(body: &str, nth: usize) -> PartHead {
    let events = parse_cut("B", body.as_bytes()).expect("a form");
    let heads = events.into_iter().filter_map(|event| match event {
        Event::Part(head) => Some(head),
        _ => None,
    });
    heads.into_iter().nth(nth).expect("a part")
}

#[test]
fn no_parts_and_empty_parts() {
    is(parts("B", "--B--"), &[]);
    is(parts("B", "--B--\r\n"), &[]);
    is(parts("B", format!("--B\r\n{A}\r\n--B--")), &[("a", "")]);
    // The empty line ends a line already.
    is(parts("B", format!("--B\r\n{A}--B--")), &[("a", "")]);
}

#[test]
fn u16_preamble_and_epilogue() {
    let body = format!(
        "This is\r\n--a MIME --B\r\n--Bx\r\nmessage\r\n--B\r\n{A}1\r\n--B--\r\nbye\r\n--B\r\n"
    );
    is(parts("B", body), &[("a", "1")]);
    let body = format!("\r\n--B\r\n{A}1\r\n--B-- \t");
    is(parts("B", body), &[("a", "1")]);
}

#[test]
fn lines_that_end_in_lf_alone() {
    let body = format!("pre\n--B\n{A}1\r\n\n--B \n{A}2\n--B--\n").replace(A, &A.replace('\r', ""));
    is(parts("B", body), &[("a", "1\r\n"), ("a", "2")]);
}

#[test]
fn u14_boundary_text_inside_content() {
    for content in [
        "--B",
        "x--B--",
        "\n--B\r\n",
        "\r--B",
        "\r\n--",
        "\r\n--b\r\n",
        "\r\n--Bx",
        "\r\n--B-",
        "\r\n--B-x",
        "\r\n--B--x",
        "\r\n--B  x",
        "\r\n--B\rx",
        "\r\n--B \r\r",
        "\r\r\r",
        "\r\n\r\n",
        "\r\n-\r\n--\r\n--\r\n",
    ] {
        // At its start the first of them would be one.
        let content = format!("x{content}");
        let body = format!("--B\r\n{A}{content}\r\n--B\r\n{A}{content}\r\n--B--\r\n");
        is(parts("B", body), &[("a", &content), ("a", &content)]);
    }
}

#[test]
fn a_boundary_of_hyphens() {
    let content = "-".repeat(300) + "\r\n-----x";
    let body = format!("------\r\n{A}{content}\r\n--------\r\n");
    is(parts("----", body), &[("a", &content)]);
}

#[test]
fn u15_a_form_that_breaks_off_anywhere_is_refused() {
    let body = format!("--B\r\n{A}12\r\n--B\r\n{A}3\r\n--B--");
    for length in 0..body.len() {
        let error = parse_cut("B", &body.as_bytes()[..length]).expect_err("broken off");
        let expected = match length {
            0..5 => "the boundary of Content-Type is not in the body",
            _ => "the body ends before the final boundary",
        };
        assert!(error.contains(expected), "{length}: {error}");
    }
}

#[test]
fn folded_headers_and_others() {
    let body = "--B\r\nX-Any: 1\r\nContent-Disposition: form-data;\r\n\tname=\"a\";\r\n filename=b\r\n\
                Content-Transfer-Encoding: base64\r\nCONTENT-TYPE: text/plain; charset=UTF-8\r\n\r\nMQ==\r\n--B--";
    let head = head(body, 0);
    assert_eq!(head.filename.as_deref(), Some("b"));
    assert!(head.check_charset().is_ok());
    is(parts("B", body), &[("a", "MQ==")]);
}

#[test]
fn headers_that_cannot_be_read() {
    let rows = [
        ("\r\n", "a part has no name"),
        (
            "Content-Disposition: form-data\r\n\r\n",
            "a part has no name",
        ),
        (
            "Content-Disposition: form-data; name\r\n\r\n",
            "malformed parameter",
        ),
        ("nothing\r\n\r\n", "is not like name: value"),
        (" folded: x\r\n\r\n", "is not like name: value"),
        ("a b: x\r\n\r\n", "is not like name: value"),
        ("\u{e9}: x\r\n\r\n", "is not like name: value"),
        (
            "Content-Type: a/b\r\ncontent-type: a/b\r\n\r\n",
            "two of content-type",
        ),
    ];
    for (head, expected) in rows {
        let body = format!("--B\r\n{head}x\r\n--B--");
        let error = parts("B", body).expect_err(head);
        assert!(error.contains(expected), "{error}");
    }
    let error = parts("B", b"--B\r\nX: \xff\r\n\r\n\r\n--B--").expect_err("not UTF-8");
    assert!(error.contains("not UTF-8"), "{error}");
}

#[test]
fn u19_bounds_of_parts_and_their_headers() {
    let form = |part: String, times: usize| {
        let parts = part.repeat(times);
        format!("{parts}--B--")
    };
    let status = |body: String| {
        let pieces = std::iter::once(Bytes::from(body));
        parse("B", pieces)
            .map(|_| 200)
            .unwrap_or_else(|e| e.http_status())
    };
    let part = format!("--B\r\n{A}1\r\n");
    assert_eq!(status(form(part.clone(), 1000)), 200);
    assert_eq!(status(form(part, 1001)), 413);
    let lines = |n: usize| form(format!("--B\r\n{}{A}1\r\n", "X: y\r\n".repeat(n - 1)), 1);
    assert_eq!(status(lines(16)), 200);
    assert_eq!(status(lines(17)), 413);
    // The empty line counts too.
    let bytes = |n: usize| {
        form(
            format!("--B\r\nX: {}\r\n{A}1\r\n", "y".repeat(n - 5 - A.len())),
            1,
        )
    };
    assert_eq!(status(bytes(8 << 10)), 200);
    assert_eq!(status(bytes((8 << 10) + 1)), 413);
    // Without an end of line, too.
    assert_eq!(status(format!("--B\r\nX: {}", "y".repeat(9 << 10))), 413);
}

#[test]
fn other_charsets_are_415() {
    let body = "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=latin1\r\n\r\n1\r\n--B--";
    let error = head(body, 0).check_charset().expect_err("latin1");
    assert_eq!(error.http_status(), 415);
}

#[test]
fn content_is_a_slice_of_the_piece() {
    let body = Bytes::from(format!("--B\r\n{A}{}\r\n--B--\r\n", "x".repeat(5000)));
    let events = parse("B", std::iter::once(body.clone())).expect("a form");
    let data = events.iter().find_map(|event| match event {
        Event::Data(data) => Some(data),
        _ => None,
    });
    let data = data.expect("content");
    assert!(body.as_ptr_range().contains(&data.as_ptr()));
    assert_eq!(data.len(), 5000);
}

/// Content that is hard on a search for `\r\n--B-`.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop_oneof![
        Just(b"\r\n--B-".to_vec()),
        Just(b"\r\n--B".to_vec()),
        Just(b"\r\n--".to_vec()),
        Just(b"--B-".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"-".to_vec()),
        Just(b" ".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(fragment, 0..12).prop_map(|fragments| fragments.concat())
}

/// Whether content would be read as something else: a line of it is a delimiter line, or would be with the line end that follows.
fn ambiguous(content: &[u8]) -> bool {
    let mut whole = b"\r\n".to_vec();
    whole.extend_from_slice(content);
    whole.extend_from_slice(b"\r\n");
    let starts = whole
        .windows(6)
        .enumerate()
        .filter(|(_, w)| *w == b"\r\n--B-");
    starts.into_iter().any(|(at, _)| {
        let rest = &whole[at + 6..];
        let end = rest.iter().position(|&b| b == b'\n');
        end.is_some_and(|end| {
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            let line = line.strip_prefix(b"--").unwrap_or(line);
            line.iter().all(|b| matches!(b, b' ' | b'\t'))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_read(contents in proptest::collection::vec(content(), 0..4)) {
        prop_assume!(!contents.iter().any(|content| ambiguous(content)));
        let mut body = Vec::new();
        let mut expected = Vec::new();
        for content in &contents {
            body.extend_from_slice(b"--B-\r\n");
            body.extend_from_slice(A.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
            expected.push(content.clone());
        }
        body.extend_from_slice(b"--B---\r\n");
        let events = parse_cut("B-", &body);
        let events = events.map_err(TestCaseError::fail)?;
        let mut found: Vec<Vec<u8>> = Vec::new();
        for event in events {
            match event {
                Event::Part(_) => found.push(Vec::new()),
                Event::Data(data) => found.last_mut().expect("in a part").extend_from_slice(&data),
                Event::PartEnd | Event::End => {}
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_cut_gives_the_same_events(body in content(), cuts in proptest::collection::vec(1..9_usize, 1..60)) {
        let mut body = body;
        body.splice(0..0, format!("--B-\r\n{A}").into_bytes());
        let whole = parse("B-", std::iter::once(Bytes::from(body.clone())));
        let mut rest = Bytes::from(body);
        let mut pieces = Vec::new();
        for cut in cuts.into_iter().cycle().take(200) {
            pieces.push(rest.split_to(cut.min(rest.len())));
        }
        pieces.push(rest);
        let cut = parse("B-", pieces.into_iter());
        let text = |events: Result<Vec<Event>>| events.map_err(|error| error.to_string());
        prop_assert_eq!(text(cut), text(whole));
    }
}
