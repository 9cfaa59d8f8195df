//! Forms.

use ezrpc::fuzzing;

/// Parts do not depend on how the body is cut, and hold no more than the body. The first byte is the length of the
/// pieces, then comes a line with the content type, then the body.
pub fn multipart(data: &[u8]) {
    let Some((size, rest)) = data.split_first() else {
        return;
    };
    let Some(at) = rest.iter().position(|&byte| byte == b'\n') else {
        return;
    };
    let (Ok(content_type), body) = (std::str::from_utf8(&rest[..at]), &rest[at + 1..]) else {
        return;
    };
    let pieces: Vec<&[u8]> = body.chunks(usize::from(*size) + 1).collect();
    let Ok((parts, outcome)) = fuzzing::multipart(content_type, &[body]) else {
        return;
    };
    let (cut, cut_outcome) =
        fuzzing::multipart(content_type, &pieces).expect("the same content type");
    assert_eq!(parts, cut);
    assert_eq!(
        outcome.map_err(|error| error.to_string()),
        cut_outcome.map_err(|error| error.to_string())
    );
    let held: usize = parts.iter().map(|(_, content)| content.len()).sum();
    assert!(held <= body.len());
}
