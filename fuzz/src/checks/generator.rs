//! The generator: requests, parameters, templates, comments, sources.

use std::str::from_utf8;

use prost::Message as _;
use protoc_gen_ezrpc::{GeneratedFile, Input, Params, bundled, fuzzing, generate, run};
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use pulldown_cmark::{BrokenLink, CodeBlockKind, Event, LinkType, Options, Parser, Tag};

/// A request gives an answer, the same each time, with files of Rust or an error with text.
pub fn plugin_request(data: &[u8]) {
    let Ok(answer) = run(data) else { return };
    assert_eq!(
        run(data).ok().as_ref(),
        Some(&answer),
        "the second answer differs"
    );
    let response = prost_types::compiler::CodeGeneratorResponse::decode(&*answer);
    let response = response.expect("the answer is a CodeGeneratorResponse");
    assert_ne!(response.error.as_deref(), Some(""), "an error without text");
    no_bug(response.error());
    for file in response.file {
        is_rust(file.name(), file.content());
    }
}

/// Parameters that parse are good, and those that do not are refused with a text.
pub fn params(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    match text.parse::<Params>() {
        Ok(params) => assert_eq!(params.check(), Ok(()), "{params:?}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A template has variables, or a mistake at a column it has, or right behind it.
pub fn path_template(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    match fuzzing::path_template(text) {
        Ok(variables) => assert!(variables.iter().all(|path| text.contains(path.as_str()))),
        Err((column, message)) => {
            assert!(
                (1..=text.chars().count() + 1).contains(&column),
                "{column}: {message}"
            );
        }
    }
}

/// Whatever a comment says, rustdoc sees neither doctests, nor links to items, nor HTML.
pub fn comments(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    let lines = fuzzing::rustdoc(text);
    let source: String = lines
        .iter()
        .map(|line| format!("///{line}\n"))
        .chain(["struct A;".into()])
        .collect();
    let parsed = syn::parse_file(&source).unwrap_or_else(|error| panic!("{error} in {source}"));
    let syn::Item::Struct(item) = &parsed.items[0] else {
        panic!("{source}")
    };
    assert_eq!(item.attrs.len(), lines.len(), "{source}");
    prose(
        &lines
            .iter()
            .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
            .collect::<String>(),
    );
}

/// Reads Markdown as rustdoc does.
fn prose(markdown: &str) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION;
    let broken = |link: BrokenLink<'_>| -> Option<_> {
        panic!("a link to an item, `{}`, in {markdown}", link.reference)
    };
    for event in Parser::new_with_broken_link_callback(markdown, options, Some(broken)) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                panic!("a doctest in {markdown}")
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                assert!(is_text(&info), "{info} in {markdown}")
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                ..
            }) if link_type != LinkType::Email => {
                assert!(
                    dest_url.starts_with("http://") || dest_url.starts_with("https://"),
                    "{dest_url} in {markdown}"
                );
            }
            Event::Html(html) | Event::InlineHtml(html) => panic!("{html} in {markdown}"),
            _ => {}
        }
    }
}

/// Whether rustdoc takes a block with this info string for something other than Rust.
fn is_text(info: &str) -> bool {
    !info.is_empty() && info != "rust" && info.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// A source has mistakes, or gives files of Rust.
pub fn proto_source(data: &[u8]) {
    let Ok(source) = from_utf8(data) else { return };
    let mut files = ChainFileResolver::new();
    files.add(Sources(source.to_owned()));
    files.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(files);
    compiler.include_imports(true).include_source_info(true);
    if compiler.open_file(NAME).is_err() {
        return;
    }
    let set = compiler.encode_file_descriptor_set();
    let input = Input::from_descriptor_set(&set, &[NAME.to_owned()], Params::default());
    match input.and_then(|input| generate(&input)) {
        Ok(files) => {
            for GeneratedFile { name, content } in files {
                is_rust(&name, &content);
            }
        }
        Err(error) => no_bug(&error.to_string()),
    }
}

const NAME: &str = "input.proto";

/// The source, and the files the tool carries.
struct Sources(String);

impl FileResolver for Sources {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let bundled = bundled()
            .iter()
            .find(|(bundled, _)| *bundled == name)
            .map(|(_, source)| *source);
        match if name == NAME {
            Some(&*self.0)
        } else {
            bundled
        } {
            Some(source) => File::from_source(name, source),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

fn no_bug(error: &str) {
    assert!(!error.contains("ezrpc bug"), "{error}");
}

fn is_rust(name: &str, content: &str) {
    let parsed = match name.ends_with(".desc.rs") {
        true => syn::parse_str::<syn::Expr>(content).map(drop),
        false => syn::parse_file(content).map(drop),
    };
    parsed.unwrap_or_else(|error| panic!("{name}: {error}\n{content}"));
}
