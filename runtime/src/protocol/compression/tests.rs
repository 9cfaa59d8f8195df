use std::future::poll_fn;

use super::*;
use crate::body::Body;

fn all() -> Vec<Encoding> {
    let names = SUPPORTED.split(',');
    let known = names.filter_map(|name| Encoding::parse(name.as_bytes()));
    known.filter(|e| *e != Encoding::Identity).collect()
}

fn code(result: Result<Bytes>) -> Result<Bytes, (Code, u16)> {
    result.map_err(|error| (error.code(), error.http_status()))
}

const CORRUPT: (Code, u16) = (Code::InvalidArgument, 400);
const OVER: (Code, u16) = (Code::ResourceExhausted, 413);

#[test]
fn names() {
    assert_eq!(Encoding::parse(b""), Some(Encoding::Identity));
    assert_eq!(Encoding::parse(b" Identity"), Some(Encoding::Identity));
    for name in ["br", "deflate", "foo", "gzip2", "gzip, gzip", "*"] {
        assert_eq!(Encoding::parse(name.as_bytes()), None, "{name}");
    }
    for encoding in all() {
        let name = encoding.name();
        assert_eq!(Encoding::parse(name.as_bytes()), Some(encoding));
        let upper = name.as_bytes().to_ascii_uppercase();
        assert_eq!(Encoding::parse(&upper), Some(encoding));
    }
    #[cfg(not(feature = "gzip"))]
    assert_eq!(Encoding::parse(b"gzip"), None);
    #[cfg(not(feature = "zstd"))]
    assert_eq!(Encoding::parse(b"zstd"), None);
}

#[cfg(feature = "gzip")]
#[test]
fn first_known_of_a_list_wins() {
    let rows = [
        ("", Encoding::Identity),
        ("gzip", Encoding::Gzip),
        ("identity, deflate, GZIP", Encoding::Gzip),
        ("br;q=1.0, gzip;q=0.1", Encoding::Gzip),
        ("gzip;q=0", Encoding::Identity),
        ("gzip; Q=0.000", Encoding::Identity),
        ("gzip;q=0.001", Encoding::Gzip),
        ("gzip;q=0, gzip", Encoding::Gzip),
        ("*", Encoding::Identity),
        (",, gzip ,", Encoding::Gzip),
        ("br", Encoding::Identity),
    ];
    for (list, expected) in rows {
        assert_eq!(Encoding::accepted(list.as_bytes()), expected, "{list}");
    }
    assert_eq!(Encoding::Gzip.for_length(WORTH_IT), Encoding::Identity);
    assert_eq!(Encoding::Gzip.for_length(WORTH_IT + 1), Encoding::Gzip);
}

#[test]
fn limits_are_of_what_comes_out() {
    let text = "谷 and more of it. ".repeat(5000);
    let length = text.len();
    for encoding in all().into_iter().chain([Encoding::Identity]) {
        let packed = Bytes::from(compress(encoding, text.as_bytes()));
        let at = |limit| code(decompress(encoding, packed.clone(), limit));
        let whole = Ok(Bytes::from(text.clone()));
        assert_eq!(at(length), whole, "{encoding:?}");
        assert_eq!(at(usize::MAX), whole, "{encoding:?}");
        assert_eq!(at(length - 1), Err(OVER), "{encoding:?}");
        assert_eq!(at(0), Err(OVER), "{encoding:?}");
        let nothing = decompress(encoding, Bytes::new(), 0);
        assert_eq!(code(nothing), Ok(Bytes::new()));
    }
}

#[test]
fn a_bomb_stops_at_the_limit() {
    for encoding in all() {
        let bomb = Bytes::from(compress(encoding, &vec![0; 64 << 20]));
        assert!(bomb.len() < 1 << 20, "{} bytes", bomb.len());
        assert_eq!(code(decompress(encoding, bomb, 1 << 20)), Err(OVER));
    }
}

#[test]
fn corrupt_and_cut_data_are_the_callers_fault() {
    for encoding in all() {
        let packed = compress(encoding, "some text, some text".as_bytes());
        for end in 1..packed.len() {
            let cut = Bytes::copy_from_slice(&packed[..end]);
            assert_eq!(code(decompress(encoding, cut, 100)), Err(CORRUPT), "{end}");
        }
        for bytes in ["x", "not compressed at all, and quite long"] {
            let plain = Bytes::from_static(bytes.as_bytes());
            assert_eq!(code(decompress(encoding, plain, 100)), Err(CORRUPT));
        }
        let mut trailing = packed.clone();
        trailing.extend_from_slice(b"rubbish");
        assert_eq!(
            code(decompress(encoding, trailing.into(), 100)),
            Err(CORRUPT)
        );
        // Two members, or frames, are one text.
        let twice = decompress(encoding, [&packed[..], &packed].concat().into(), 100);
        assert_eq!(
            code(twice),
            Ok(Bytes::from("some text, some textsome text, some text"))
        );
    }
}

/// A body in pieces of `size`.
fn pieces(data: &[u8], size: usize) -> Body {
    let frames: Vec<_> = data.chunks(size).map(Bytes::copy_from_slice).collect();
    let mut frames = frames.into_iter();
    let next = move |_: &mut std::task::Context<'_>| {
        let frame = frames.next().map(http_body::Frame::data);
        std::task::Poll::Ready(frame.map(Ok::<_, std::io::Error>))
    };
    Body::new(Pieces(next))
}

struct Pieces<F>(F);

impl<F> http_body::Body for Pieces<F>
where
    F: FnMut(
            &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<std::io::Result<http_body::Frame<Bytes>>>>
        + Unpin,
{
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<std::io::Result<http_body::Frame<Bytes>>>> {
        (self.0)(cx)
    }
}

async fn read(mut body: Body) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    while let Some(data) = poll_fn(|cx| body.poll_data(cx)).await {
        match data {
            Ok(data) => out.extend_from_slice(&data),
            Err(error) => return Err(crate::protocol::grpc::frame::body_error(&error)),
        }
    }
    Ok(out)
}

#[tokio::test]
async fn bodies_are_decompressed_as_they_come() {
    let text = "a line of text\n".repeat(4000);
    for encoding in all() {
        let packed = compress(encoding, text.as_bytes());
        for size in [1, 7, packed.len()] {
            let body = |limit| pieces(&packed, size).decoded(encoding, limit);
            let whole = read(body(text.len()).expect("a decoder")).await;
            assert_eq!(whole.expect("all of it"), text.as_bytes());
            let over = read(body(text.len() - 1).expect("a decoder")).await;
            let over = over.expect_err("too much");
            assert_eq!((over.code(), over.http_status()), OVER);
        }
        let cut = pieces(&packed[..packed.len() - 1], 3).decoded(encoding, 1 << 20);
        let cut = read(cut.expect("a decoder")).await.expect_err("cut");
        assert_eq!((cut.code(), cut.http_status()), CORRUPT);
    }
    let plain = pieces(b"plain", 2).decoded(Encoding::Identity, 5);
    assert_eq!(
        read(plain.expect("a body")).await.expect("all of it"),
        b"plain"
    );
}
