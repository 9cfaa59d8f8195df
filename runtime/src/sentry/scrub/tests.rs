use proptest::prelude::*;

use super::*;

/// Where `$` stands for a secret.
const FORMS: [&str; 48] = [
    "bearer $",
    "bearer  $",
    "Bearer\t$ and more",
    "bearer:$",
    "bearer: $,",
    "BEARER = $",
    "bearer token $",
    "(bearer $)",
    "Authorization: Basic $",
    "authorization=Basic $",
    "basic:$",
    "basic   $",
    "Authorization: Negotiate $",
    "Authorization: Digest username=x, response=$",
    "headers: {\"authorization\": \"Basic $\", \"x\": \"y\"}",
    "postgres://u:$@db/x",
    "postgres://$@db/x",
    "cannot reach redis://:$@cache:6379",
    "amqp://u:pa/$@mq/x",
    "two: a://u:$@x b://u:$@y",
    "GET /x?access_token=$",
    "GET /x?a=b&access_token=$&c=d",
    "https://x/?redirect=https%3A%2F%2Fy%2F%3Faccess_token%3D$",
    "{\"password\":\"$\"}",
    "{\"password\" : \"$\"}",
    "{\"password\":\n  \"$\"}",
    "{'password': '$'}",
    "{\\\"password\\\":\\\"$\\\"}",
    "{\"password\":\"a\\\"$\"}",
    "{\"password\":\"$",
    "{\"tokens\":[\"a\",\"$\"]}",
    "{\"secret\":{\"a\":{\"b\":1},\"c\":\"$\"}}",
    "{\"otp\":$}",
    "password=$",
    "password = $",
    "pwd=$;server=x",
    "Server=db;User Id=u;Password=$;",
    "spring.datasource.password: $",
    "DB_PASSWORD=$",
    "user[password]=$",
    "Config { user: \"u\", password: \"$\" }",
    "Config { password: Some(\"$\") }",
    "Config { secret: Secret { text: \"$\" } }",
    "cookie: a=b; sid=$",
    "Set-Cookie: id=$; HttpOnly",
    "private key: $",
    "the API key is wrong: api key = $",
    "上 jwt=>$ 下",
];

#[test]
fn the_secret_goes_and_the_rest_stays() {
    for (before, after) in [
        ("nothing to hide", "nothing to hide"),
        ("the password is wrong", "the password is wrong"),
        ("bearers of news", "bearers of news"),
        ("basic authentication failed", "basic authentication failed"),
        (
            "auth::login failed at session://x",
            "auth::login failed at session://x",
        ),
        ("author: me, id=7", "author: me, id=7"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("mail a@b.c of http://x/y", "mail a@b.c of http://x/y"),
        (
            "上 Bearer abc.def, then bearer xyz\" and BEARER \nx",
            "上 Bearer [Filtered], then bearer [Filtered]\" and BEARER \n[Filtered]",
        ),
        (
            "postgres://u:hunter2@db/x?y=z",
            "postgres://[Filtered]@db/x?y=z",
        ),
        (
            "GET /x?access_token=hunter2&page=2",
            "GET /x?access_token=[Filtered]&page=2",
        ),
        (
            "{\"password\":\"hunter2\",\"id\":7}",
            "{\"password\":[Filtered],\"id\":7}",
        ),
        (
            "got eyJhbGciOi.eyJzdWIi.c2ln-_0 from x",
            "got [Filtered] from x",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nend",
            "-----BEGIN RSA PRIVATE KEY-----[Filtered]-----END RSA PRIVATE KEY-----\nend",
        ),
    ] {
        assert_eq!(text(before), after);
    }
    assert_eq!(value("authorization", "hunter2"), FILTERED);
    assert_eq!(value("productId", "012345"), "012345");
    assert_eq!(
        value("referer", "https://x/?jwt=a.b"),
        "https://x/?jwt=[Filtered]"
    );
}

#[test]
fn the_table_of_forms() {
    for form in FORMS {
        for secret in ["hunter2", "aHVu/dGVy+Mg=="] {
            if form.contains("://") && secret.contains('/') {
                continue;
            }
            let scrubbed = text(&form.replace('$', secret)).into_owned();
            assert!(!scrubbed.contains(secret), "{form}: {scrubbed}");
        }
    }
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";

/// A text of one piece over and over, and what it becomes.
fn repeated(piece: &str, end: &str) -> (String, String) {
    let whole = piece.repeat((1 << 20) / piece.len()) + end;
    let scrubbed = text(&whole).into_owned();
    (whole, scrubbed)
}

/// Were a finder not linear, this would not end.
#[test]
fn long_texts_that_mean_harm_are_no_work() {
    for piece in ["://", "a://", "bearer-", "eyJ", "eyJ-", "PRIVATE KEY-----"] {
        let (whole, scrubbed) = repeated(piece, "");
        assert!(scrubbed == whole, "{piece}");
    }
    for (piece, end, expected) in [
        ("://", "@", "://[Filtered]@"),
        ("a://b", "@", "a://[Filtered]@"),
        ("bearer=", "", "bearer=[Filtered]"),
        ("bearer:bearer:", "", "bearer:[Filtered]"),
        ("eyJ.", "", "[Filtered]"),
        ("password=(", "", "password=[Filtered]"),
        (BEGIN, "", "-----BEGIN PRIVATE KEY-----[Filtered]"),
    ] {
        let (_, scrubbed) = repeated(piece, end);
        assert!(scrubbed == expected, "{piece}: {scrubbed:.99}");
    }
}

/// The same of texts of which parts go all over.
#[test]
fn long_texts_of_many_credentials_are_no_work() {
    for piece in [
        "a://b@ ",
        "http://b:80/://c:d@ ",
        "bearer x ",
        "bearer bearer ",
        "bearer token ",
        "password=x ",
        "cookie=x\n",
        "password=\"",
        "-----BEGIN PRIVATE KEY-----x-----END PRIVATE KEY-----",
    ] {
        let (_, scrubbed) = repeated(piece, "");
        assert!(
            scrubbed.matches(FILTERED).count() > 9999,
            "{piece}: {scrubbed:.99}"
        );
    }
}

proptest! {
    /// Whatever stands around it.
    #[test]
    fn no_secret_survives(
        // In URLs a `/` in one must be escaped.
        secret in "[A-Za-z0-9._~+-]{6,40}=?",
        form in 0..FORMS.len(),
        before in ".{0,20}[ \n]",
        after in "([ \n].{0,20})?",
    ) {
        let whole = format!("{before}{}{after}", FORMS[form].replace('$', &secret));
        // Which is not there by chance.
        prop_assume!(!FORMS[form].contains(&secret));
        let scrubbed = text(&whole);
        prop_assert!(!scrubbed.contains(&secret), "{whole:?}: {scrubbed:?}");
    }

    #[test]
    fn nothing_panics(
        parts in proptest::collection::vec(
            prop_oneof![
                "[ -~]{0,3}", ".{0,2}",
                Just("bearer ".to_owned()), Just("password".to_owned()), Just("\":\"".to_owned()),
                Just("://".to_owned()), Just("@".to_owned()), Just("eyJ".to_owned()),
                Just("PRIVATE KEY-----".to_owned()), Just("-----BEGIN ".to_owned()), Just("上".to_owned()),
                Just("\\\"".to_owned()), Just("=".to_owned()), Just("{[(".to_owned()),
            ],
            0..20,
        ),
    ) {
        let whole = parts.concat();
        let scrubbed = text(&whole).into_owned();
        // What is left is the text's.
        for left in scrubbed.split(FILTERED) {
            prop_assert!(whole.contains(left), "{whole:?}: {scrubbed:?}");
        }
        value(&whole, &whole);
    }
}
