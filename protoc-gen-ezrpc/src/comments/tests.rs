use super::markdown::rustdoc;

/// A comment, as protoc hands it over, and the doc it becomes.
fn check(comment: &str, doc: &str) {
    let lines = rustdoc(comment);
    assert!(
        lines
            .iter()
            .all(|line| line.is_empty() || line.starts_with(' ')),
        "{lines:?}"
    );
    let text: Vec<&str> = lines
        .iter()
        .map(|line| line.strip_prefix(' ').unwrap_or_default())
        .collect();
    assert_eq!(text.join("\n"), doc);
}

#[test]
fn plain_text_stays() {
    check(
        " Gets one product.\n\n 商品服务 — 100 % & more.\n",
        "Gets one product.\n\n商品服务 — 100 % & more.",
    );
    check("", "");
    check("  \n \n", "");
    check("\n\n x\n\n", "x");
    check(" a\r\n b\u{0}\u{202e}c\n", "a\nbc");
}

#[test]
fn links_that_rustdoc_would_resolve_are_text() {
    check(
        " See [Foo] and [Foo][bar.Baz], [0, 9) or ].",
        r"See \[Foo\] and \[Foo\]\[bar.Baz\], \[0, 9) or \].",
    );
    check(
        " [a](b.md) [a](https://x.y/z) [^1]",
        r"\[a\](b.md) [a](https://x.y/z) \[^1\]",
    );
    check(" [x]: https://x.y", r"\[x\]: <https://x.y>");
    check(r" \[done\] already", r"\[done\] already");
    check(" [`Foo`](https://x.y)", r"\[`Foo`\](<https://x.y>)");
}

#[test]
fn addresses_are_links() {
    check(" see https://a.b/c_(d).", "see <https://a.b/c_(d)>.");
    check(
        " (https://a.b), <https://c.d>, \"http://e.f\"",
        "(<https://a.b>), <https://c.d>, \"<http://e.f>\"",
    );
    check(" https:// and http://$x", "https:// and http://$x");
    check(r" \http://x[.]", r"\\<http://x[.]>");
    check(" `https://a.b` stays", "`https://a.b` stays");
}

#[test]
fn tags_and_lone_ticks_are_escaped() {
    check(
        " Vec<String> and <b>, a < b",
        r"Vec\<String> and \<b>, a \< b",
    );
    check(
        " `code` and `` a ` b `` and ` lone",
        r"`code` and `` a ` b `` and \` lone",
    );
    check(" ends */ here", r"ends \*/ here");
    check(" `<T>` is code", "`<T>` is code");
}

#[test]
fn notes_are_taken_out() {
    check(" Public. (-- secret\n more --) Rest.", "Public.  Rest.");
    check(" (-- only --)", "");
    check(" (-- open", "(-- open");
}

#[test]
fn fences_are_never_rust() {
    check(
        " ```\n let x = 1;\n ```\n after",
        "```text\nlet x = 1;\n```\nafter",
    );
    check(" ```rust,no_run\n [x]\n ```", "```text\n[x]\n```");
    check(
        " ```JSON\n {\"a\": [1]}\n ```",
        "```json\n{\"a\": [1]}\n```",
    );
    check(
        " ~~~~ yaml\n ~~~\n a: b\n ~~~~\n x",
        "```yaml\n~~~\na: b\n```\nx",
    );
    check(" ```\n never closed", "```text\nnever closed\n```");
    check(" ````\n ```\n ````", "```text\n'''\n```");
}

#[test]
fn indented_code_is_fenced() {
    check(
        " Like this:\n\n     GET /v1\n\n       x: y\n\n End.",
        "Like this:\n\n```text\nGET /v1\n\n  x: y\n```\n\nEnd.",
    );
    check(" A line\n     goes on.", "A line\n    goes on.");
    check(" # Title\n     code", "# Title\n```text\ncode\n```");
    check("Tab:\n\n\tcode", "Tab:\n\n```text\ncode\n```");
}

#[test]
fn lists_keep_their_text() {
    check(
        " - one\n   more\n\n   second paragraph\n - two",
        "- one\n  more\n\n  second paragraph\n- two",
    );
    check(" 1. one\n\n        code", "1. one\n\n```text\ncode\n```");
    check(" 2) one\n\n      text", "2) one\n\n   text");
    check(" -\n       code", "-\n```text\n  code\n```");
    check(" - - -\n     code", "- - -\n```text\ncode\n```");
    check(" *     *", "* *");
    check(" -      far", "- far");
    check(" * - both", "* - both");
    check(" - ```\n   x", "- \\`\\`\\`\n  x");
    check(" - ~~~\n   x", "- \\~~~\n  x");
    check(" -x and *emphasis*", "-x and *emphasis*");
}

#[test]
fn bars_in_code_end_no_cell() {
    check(
        " | a | b |\n |---|---|\n | `[x] | y` | `a\\|b` |\n\n `c | d`",
        "| a | b |\n|---|---|\n| `[x] \\| y` | `a\\|b` |\n\n`c | d`",
    );
    check(" [t](http://e|)\n -|-", "\\[t\\](<http://e>|)\n-|-");
    check(" a|\n -|\n     code", "a|\n-|\n   code");
    check(" `[x]|`\n -|-", "`[x]\\|`\n-|-");
}

#[test]
fn quotes_are_text() {
    check(" > ```\n > x", "\\> \\`\\`\\`\n\\> x");
}
