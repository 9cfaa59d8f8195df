//! What browsers' protocols send: compressed envelopes, bodies in base64, messages in queries.

use ezrpc::fuzzing;

/// Compressed messages do not depend on how the body is cut, and are never longer than the limit. The first two
/// bytes say: limit, and length of the pieces.
pub fn connect_envelope(data: &[u8]) {
    let [limit, size, body @ ..] = data else {
        return;
    };
    let limit = usize::from(*limit) * 16;
    let pieces: Vec<&[u8]> = body.chunks(usize::from(*size) + 1).collect();
    let (whole, whole_error) = fuzzing::gzip_frames(&[body], limit);
    let (cut, cut_error) = fuzzing::gzip_frames(&pieces, limit);
    assert_eq!(whole, cut);
    assert_eq!(whole_error.map(|e| e.code()), cut_error.map(|e| e.code()));
    assert!(whole.iter().all(|message| message.len() <= limit));
    // The same as a body that is compressed as a whole.
    if let Ok(text) = fuzzing::gunzip(body, limit) {
        assert!(text.len() <= limit);
    }
}

/// Base64 does not depend on how the body is cut. The first byte says the length of the pieces.
pub fn grpc_web_text(data: &[u8]) {
    let [size, body @ ..] = data else {
        return;
    };
    let pieces: Vec<&[u8]> = body.chunks(usize::from(*size) + 1).collect();
    let cut = fuzzing::web_text(&pieces).ok();
    if let Some(cut) = &cut {
        assert!(cut.len() <= body.len());
        assert_eq!(Some(cut), fuzzing::web_text(&[body]).ok().as_ref());
    }
    // As a sender writes it: a padded piece behind the other.
    let written = fuzzing::web_text_of(&pieces);
    let back = fuzzing::web_text(&[&written]).expect("our own form");
    assert_eq!(back, body);
}

/// A query is read or refused; what stands in it escaped is read as it was.
pub fn connect_get(data: &[u8]) {
    if let Ok(query) = std::str::from_utf8(data) {
        // Either is fine.
        let _ = fuzzing::connect_get(query);
    }
    let escaped: String = data.iter().map(|byte| format!("%{byte:02x}")).collect();
    let query = format!("encoding=proto&message={escaped}");
    let message = fuzzing::connect_get(&query).expect("our own form");
    assert_eq!(message, data);
}
