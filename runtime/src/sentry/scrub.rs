//! Takes credentials out of what is sent.

const FILTERED: &str = "[Filtered]";

/// Parts of names whose values are nobody's business.
const SECRETS: [&str; 11] = [
    "auth",
    "cookie",
    "token",
    "secret",
    "passw",
    "credential",
    "session",
    "api-key",
    "apikey",
    "api_key",
    "signature",
];
/// What stands before a token in a text.
const SCHEME: &str = "bearer ";

/// A value of a header or a field; nothing of it if the name says that it is a secret.
pub(super) fn value(name: &str, value: &str) -> String {
    let name = name.to_ascii_lowercase();
    match SECRETS.iter().any(|part| name.contains(part)) {
        true => FILTERED.to_owned(),
        false => text(value),
    }
}

/// A text with tokens of HTTP's authentication replaced.
pub(super) fn text(text: &str) -> String {
    // In ASCII alone, so that places are the same in both.
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(start) = lower[at..].find(SCHEME) {
        let token = at + start + SCHEME.len();
        let end = lower[token..].find(|c: char| c.is_whitespace() || "\"',;".contains(c));
        let end = end.map_or(text.len(), |end| token + end);
        out.push_str(&text[at..token]);
        out.push_str(FILTERED);
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_and_the_rest_stays() {
        for name in [
            "Authorization",
            "cookie",
            "X-Api-Key",
            "access_token",
            "userPassword",
        ] {
            assert_eq!(value(name, "hunter2"), FILTERED, "{name}");
        }
        assert_eq!(value("productId", "012345"), "012345");
        assert_eq!(
            text("上 Bearer abc.def, then bearer xyz\" and BEARER \nx"),
            "上 Bearer [Filtered], then bearer [Filtered]\" and BEARER [Filtered]\nx"
        );
        assert_eq!(text("bearers of news"), "bearers of news");
    }
}
