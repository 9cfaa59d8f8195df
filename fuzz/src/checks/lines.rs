//! Bodies of many JSON values.

use ezrpc::fuzzing;
use serde_json::Value;

/// Values do not depend on how the body is cut, none is over the limit, and what serde_json reads is what comes out.
/// The first two bytes say: limit, and length of the pieces.
pub fn json_values(data: &[u8]) {
    let [limit, size, body @ ..] = data else {
        return;
    };
    let limit = usize::from(*limit) * 4;
    let pieces: Vec<&[u8]> = body.chunks(usize::from(*size) + 1).collect();
    let (whole, whole_error) = fuzzing::json_values(&[body], limit);
    let (cut, cut_error) = fuzzing::json_values(&pieces, limit);
    assert_eq!(whole, cut);
    assert_eq!(
        whole_error.map(|e| e.message().to_owned()),
        cut_error.map(|e| e.message().to_owned())
    );
    assert!(whole.iter().all(|value| value.len() <= limit));

    let Some(expected) = values(body) else {
        return;
    };
    let (found, error) = fuzzing::json_values(&[body], usize::MAX);
    assert!(error.is_none(), "{error:?}");
    let found: Vec<Value> = found
        .iter()
        .map(|value| serde_json::from_slice(value).expect("a value"))
        .collect();
    assert_eq!(found, expected);
}

/// What serde_json makes of the body; `None` if it refuses it.
fn values(body: &[u8]) -> Option<Vec<Value>> {
    if body.trim_ascii_start().starts_with(b"[") {
        return serde_json::from_slice(body).ok();
    }
    let stream = serde_json::Deserializer::from_slice(body).into_iter();
    stream.collect::<Result<_, _>>().ok()
}
