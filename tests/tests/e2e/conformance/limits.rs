//! The longest message that is taken, measured as it is without compression.

use ezrpc_tests::proto::e2e::conformance::UnaryRequest;
use ezrpc_tests::server::Running;

use super::client::{Codec, Protocol, Shape, Wire, wires};
use super::server;

const LIMIT: usize = 200 * 1024;

/// A message of exactly so many bytes in the codec of the wire; `noise` does not get shorter by compression.
fn sized(wire: Wire, length: usize, noise: bool) -> Vec<u8> {
    let mut state = 1u32;
    let mut byte = || match noise {
        true => {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }
        false => 0,
    };
    let mut message = |data: usize| UnaryRequest {
        data: (0..data).map(|_| byte()).collect::<Vec<u8>>().into(),
        ..UnaryRequest::default()
    };
    let data = match wire.codec {
        // The tag, and a length of three bytes.
        Codec::Proto => length - 4,
        Codec::Json => (length - r#"{"data":""}"#.len()) / 4 * 3,
    };
    let mut encoded = wire.encode(&message(data));
    // JSON grows by groups of four.
    encoded.extend(std::iter::repeat_n(b' ', length - encoded.len()));
    encoded
}

async fn code(wire: Wire, running: &Running, shape: Shape, message: Vec<u8>) -> (u8, u16) {
    let head = wire.head(shape.path(), shape);
    let request = head.body(wire.body(shape, &[message]));
    let answer = wire.send(running.addr, request).await;
    let outcome = super::outcome::Outcome::read(wire, shape, &answer);
    let code = outcome.error.as_ref().map_or(0, |error| error.code);
    (code, outcome.http_status)
}

#[tokio::test]
async fn k5_messages_up_to_the_limit_and_over_it() {
    let running = Running::start(server().max_message(LIMIT)).await;
    for wire in wires() {
        for shape in [Shape::Unary, Shape::Client] {
            for noise in [false, true] {
                let exact = sized(wire, LIMIT, noise);
                let (found, _) = code(wire, &running, shape, exact).await;
                assert_eq!(found, 0, "{wire} {shape:?}");
                let over = sized(wire, LIMIT + 10, noise);
                let found = code(wire, &running, shape, over).await;
                let unary = wire.protocol == Protocol::Connect && shape == Shape::Unary;
                let status = if unary { 429 } else { 200 };
                assert_eq!(found, (8, status), "{wire} {shape:?}");
            }
        }
    }
}

/// H94, K5: what is small on the wire and huge once decompressed.
#[tokio::test]
async fn k5_bombs() {
    let running = Running::start(server().max_message(LIMIT)).await;
    for wire in wires().into_iter().filter(|wire| wire.gzip) {
        for shape in [Shape::Unary, Shape::Client] {
            let bomb = vec![b' '; 2 << 20];
            let (found, _) = code(wire, &running, shape, bomb).await;
            assert_eq!(found, 8, "{wire} {shape:?}");
        }
    }
}
