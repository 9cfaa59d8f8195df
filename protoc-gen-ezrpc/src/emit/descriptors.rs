//! The encoded descriptors of a package and the function that hands them out.

use proc_macro2::TokenStream;
use quote::quote;

use super::tokens::rust;
use super::{GENERATED, file_stem};
use crate::GeneratedFile;
use crate::model::{File, Package};

/// Columns a line of a byte string may take.
const WIDTH: usize = 100;

/// `pub fn descriptors()`.
pub(super) fn function(package: &Package) -> TokenStream {
    let doc = match package.name.as_str() {
        "" => " The descriptors of the files without a package and the links to those they import."
            .to_owned(),
        name => format!(" The descriptors of package `{name}` and the links to those it imports."),
    };
    let (name, file) = (&package.name, file_name(package));
    let types = package.messages.iter().map(|message| {
        let (path, full_name) = (rust(&message.path), &message.full_name);
        quote! { __rt::json::Type::of::<#path>(#full_name) }
    });
    let imports = package.descriptor_links.iter().map(|link| rust(link));
    quote! {
        #[doc = #doc]
        #[inline]
        pub fn descriptors() -> &'static __rt::Package {
            const {
                &__rt::Package {
                    name: #name,
                    files: include!(#file),
                    types: &[#(#types),*],
                    imports: &[#(#imports),*],
                }
            }
        }
    }
}

/// The file that `descriptors()` includes: an expression.
pub(super) fn file(package: &Package) -> GeneratedFile {
    let size: usize = package
        .files
        .iter()
        .map(|file| file.descriptor.len() * 2 + 200)
        .sum();
    let mut content = String::with_capacity(size);
    content.push_str(GENERATED);
    content.push_str(": encoded FileDescriptorProtos. DO NOT EDIT.\n&[\n");
    for file in &package.files {
        push_file(&mut content, file);
    }
    content.push_str("]\n");
    GeneratedFile {
        name: file_name(package),
        content,
    }
}

fn file_name(package: &Package) -> String {
    format!("{}.desc.rs", file_stem(package))
}

fn push_file(out: &mut String, file: &File) {
    out.push_str(&format!(
        "    __rt::File {{\n        name: {:?},\n        descriptor: b\"",
        file.name
    ));
    push_bytes(out, &file.descriptor);
    out.push_str("\",\n    },\n");
}

/// Escapes `bytes` for a byte string, ending lines with a backslash, which drops the next line's indentation.
fn push_bytes(out: &mut String, bytes: &[u8]) {
    const INDENT: &str = "            ";
    let mut column = WIDTH; // the first byte starts a line
    for &byte in bytes {
        let mut escaped = Escaped::of(byte);
        if column + escaped.text().len() >= WIDTH {
            out.push_str("\\\n");
            out.push_str(INDENT);
            column = INDENT.len();
            if byte == b' ' {
                escaped = Escaped::hex(byte); // a blank here would count as indentation
            }
        }
        out.push_str(escaped.text());
        column += escaped.text().len();
    }
}

/// One byte as it stands in a byte string.
struct Escaped {
    bytes: [u8; 4],
    len: usize,
}

impl Escaped {
    fn of(byte: u8) -> Self {
        match byte {
            b'\n' => Self {
                bytes: *b"\\n\0\0",
                len: 2,
            },
            b'\r' => Self {
                bytes: *b"\\r\0\0",
                len: 2,
            },
            b'\t' => Self {
                bytes: *b"\\t\0\0",
                len: 2,
            },
            b'\0' => Self {
                bytes: *b"\\0\0\0",
                len: 2,
            },
            b'"' => Self {
                bytes: *b"\\\"\0\0",
                len: 2,
            },
            b'\\' => Self {
                bytes: *b"\\\\\0\0",
                len: 2,
            },
            b' '..=b'~' => Self {
                bytes: [byte, 0, 0, 0],
                len: 1,
            },
            _ => Self::hex(byte),
        }
    }

    fn hex(byte: u8) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| DIGITS[usize::from(nibble & 15)];
        Self {
            bytes: [b'\\', b'x', digit(byte >> 4), digit(byte)],
            len: 4,
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default() // ASCII by construction
    }
}
