//! Which names are those of secrets.

/// Words of names whose values are nobody's business.
const WORDS: [&str; 31] = [
    "auth",
    "authentication",
    "authorization",
    "bearer",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "csrf",
    "dsn",
    "jwt",
    "oauth",
    "oauth2",
    "otp",
    "totp",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "pwd",
    "secret",
    "secrets",
    "session",
    "sessionid",
    "sid",
    "sig",
    "signature",
    "token",
    "tokens",
    "assertion",
    "xsrf",
];

/// Ends of words that are run together: `accesstoken`.
const ENDS: [&str; 9] = [
    "apikey",
    "cookie",
    "csrf",
    "jwt",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "token",
];

/// What kinds of keys are secrets, if they stand right before `key`.
const KEYS: [&str; 8] = [
    "access",
    "account",
    "api",
    "encryption",
    "master",
    "private",
    "shared",
    "signing",
];

/// Whether a name is that of a secret, by its words: `X-Api-Key`, `userPassword`; not `author`.
pub(super) fn is_secret(name: &str) -> bool {
    let mut before = String::new();
    for word in words(name) {
        let is_key = matches!(word.as_str(), "key" | "keys") && KEYS.contains(&before.as_str());
        if is_key || is_secret_word(&word) {
            return true;
        }
        before = word;
    }
    false
}

fn is_secret_word(word: &str) -> bool {
    WORDS.contains(&word) || ENDS.iter().any(|end| word.ends_with(end))
}

/// The words of a name in small letters: parts between what is no letter and no digit, and at humps.
fn words(name: &str) -> impl Iterator<Item = String> {
    let parts = name.split(|c: char| !c.is_alphanumeric());
    parts.filter(|part| !part.is_empty()).flat_map(humps)
}

/// `accessToken` is two words, and so is `JWTAssertion`.
fn humps(part: &str) -> Vec<String> {
    let chars: Vec<char> = part.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        let next = chars.get(at + 1);
        let begins = match before {
            Some(before) if c.is_uppercase() => {
                !before.is_uppercase() || next.is_some_and(|next| next.is_lowercase())
            }
            _ => false,
        };
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    // As one word too: `PassWord`.
    if words.len() > 1 {
        words.push(words.concat());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_by_their_words() {
        for name in [
            "Authorization",
            "cookie",
            "Set-Cookie",
            "X-Api-Key",
            "x-jwt-assertion",
            "access_token",
            "accesstoken",
            "userPassword",
            "PassWord",
            "pwd",
            "db.pwd",
            "jwt",
            "JWTAssertion",
            "X-CSRF-Token",
            "xsrf",
            "private key",
            "privateKey",
            "otp",
            "connect.sid",
            "SENTRY_DSN",
            "client_secret",
            "aws_secret_access_key",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "author",
            "authority",
            "X-Author-Id",
            "productId",
            "key",
            "monkey",
            "keyboard",
            "sidebar",
            "inside",
            "content-type",
            "compass",
            "secretary",
            "obsession",
            "",
            "上",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
