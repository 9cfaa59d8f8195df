//! Breaks compact JSON into lines, for people.

/// Appends `json`, which the writer has printed, with a line per member and item, indented by two spaces a level.
pub(super) fn append(out: &mut Vec<u8>, json: &[u8]) {
    let mut level = 0;
    let (mut quoted, mut escaped) = (false, false);
    for (at, &byte) in json.iter().enumerate() {
        if quoted {
            out.push(byte);
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        let next = json.get(at + 1);
        match byte {
            b'{' | b'[' => {
                out.push(byte);
                if !matches!(next, Some(b'}' | b']')) {
                    level += 1;
                    new_line(out, level);
                }
            }
            b'}' | b']' => {
                if !matches!(out.last(), Some(b'{' | b'[')) {
                    level -= 1;
                    new_line(out, level);
                }
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(out, level);
            }
            b':' => out.extend_from_slice(b": "),
            _ => {
                quoted = byte == b'"';
                out.push(byte);
            }
        }
    }
}

fn new_line(out: &mut Vec<u8>, level: usize) {
    out.push(b'\n');
    out.resize(out.len() + 2 * level, b' ');
}
