use super::*;

fn parse(text: &str) -> Result<Params, String> {
    text.parse().map_err(|error: ParamError| error.to_string())
}

#[test]
fn nothing_is_the_default() {
    assert_eq!(parse(""), Ok(Params::default()));
    assert_eq!(parse(",,"), Ok(Params::default()));
}

#[test]
fn flags_are_said_in_three_ways() {
    let expected = Params {
        client: false,
        server: true,
        mod_file: false,
        ..Params::default()
    };
    assert_eq!(
        parse("client=false,server,mod=false,descriptors=true"),
        Ok(expected)
    );
}

#[test]
fn pairs_repeat_and_may_hold_commas() {
    let text = r#"extern_path=.common=::common_proto,type_attribute=.=#[derive(serde::Serialize\, Eq)],extern_path=.a.B=crate::B,field_attribute=a.B.c=#[serde(rename = "x\ny")]"#;
    let pair = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    let expected = Params {
        extern_path: vec![pair(".common", "::common_proto"), pair(".a.B", "crate::B")],
        type_attribute: vec![pair(".", "#[derive(serde::Serialize, Eq)]")],
        field_attribute: vec![pair("a.B.c", r#"#[serde(rename = "x\ny")]"#)],
        ..Params::default()
    };
    assert_eq!(parse(text), Ok(expected));
}

#[test]
fn mistakes_name_what_would_do() {
    let cases = [
        (
            "clients",
            "unknown parameter `clients`; did you mean `client`?",
        ),
        (
            "extern-path=.a=::a",
            "unknown parameter `extern-path`; did you mean `extern_path`?",
        ),
        (
            "paths=source_relative",
            "unknown parameter `paths`; there are `extern_path`, `type_attribute`, `field_attribute`, `client`, \
             `server`, `mod`, `descriptors`, `patch_mask`, `allow_delete_body`",
        ),
        (
            "client=yes",
            "parameter `client` is `true` or `false`, not `yes`",
        ),
        ("client=", "parameter `client` is `true` or `false`, not ``"),
        (
            "extern_path",
            "parameter `extern_path` is written `extern_path=.proto.path=::rust::path`",
        ),
        (
            "extern_path=.a",
            "parameter `extern_path` is written `extern_path=.proto.path=::rust::path`",
        ),
        (
            "extern_path=a=::a",
            "parameter `extern_path` for `a`: a proto path starts with a dot; write `.a`",
        ),
        (
            "extern_path=.a.=::a",
            "parameter `extern_path` for `.a.`: it is no proto path; write `.package` or `.package.Type`",
        ),
        (
            "extern_path=.a=1",
            "parameter `extern_path` for `.a`: `1` is no Rust path; write one like `::common_proto`",
        ),
        (
            "extern_path=.a=::a,extern_path=.a=::b",
            "parameter `extern_path` for `.a`: the path is mapped twice",
        ),
        (
            "extern_path=.google.protobuf=::prost_types",
            "parameter `extern_path` for `.google.protobuf`: the types of `google.protobuf` come with ezrpc and cannot \
             be mapped elsewhere",
        ),
        (
            "extern_path=.google.rpc.Status=::x::Status",
            "parameter `extern_path` for `.google.rpc.Status`: the types of `google.rpc.Status` come with ezrpc and \
             cannot be mapped elsewhere",
        ),
        (
            "type_attribute=.a=derive(Eq)",
            "parameter `type_attribute` for `.a`: `derive(Eq)` is no attribute; write one like `#[derive(Hash)]`",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn other_google_types_can_be_mapped() {
    assert!(
        parse("extern_path=.google.rpc=::g::rpc,extern_path=.google.api.Distribution=::g::D")
            .is_ok()
    );
}

#[test]
fn help_and_readme_say_the_same() {
    let help = params_help();
    let markdown = params_markdown();
    assert_eq!(markdown.lines().count(), TABLE.len() + 2);
    for Param {
        name, value, about, ..
    } in &TABLE
    {
        assert!(
            help.contains(&format!("  {name}{value}\n          {about}")),
            "{help}"
        );
        assert!(
            markdown.contains(&format!("| `{name}{}` |", value.replace('|', "\\|"))),
            "{markdown}"
        );
        assert!(markdown.contains(about), "{markdown}");
    }
}
