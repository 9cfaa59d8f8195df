//! What the other side has shown of itself: certificates, read as far as names go.

use std::fmt;
use std::sync::Arc;

/// The certificates a client has proved to have, checked against the server's authorities.
///
/// From [`Context::peer_certificates`](crate::Context::peer_certificates); also in the extensions of requests to
/// services mounted on the server.
#[derive(Clone, PartialEq, Eq)]
pub struct PeerCertificates {
    /// DER, the client's own first; there is at least one.
    chain: Arc<[Vec<u8>]>,
}

impl PeerCertificates {
    /// Takes a chain; `None` if there is nothing in it.
    #[cfg_attr(
        not(any(feature = "tls", feature = "fuzzing")),
        allow(dead_code, reason = "nobody has any")
    )]
    pub(crate) fn new(chain: Arc<[Vec<u8>]>) -> Option<Self> {
        (!chain.is_empty()).then_some(Self { chain })
    }

    /// Returns the certificates in DER: the client's own, then those that vouch for it.
    pub fn der(&self) -> impl Iterator<Item = &[u8]> {
        self.chain.iter().map(Vec::as_slice)
    }

    /// Returns the subject of the client's certificate in the words of RFC 4514, most particular part first:
    /// `CN=shop,O=Example`. Empty if it has none.
    pub fn subject(&self) -> String {
        self.names(|body| Some(subject(body.subject)))
            .unwrap_or_default()
    }

    /// Returns the common name of the subject.
    pub fn common_name(&self) -> Option<String> {
        self.names(|body| {
            let mut parts = attributes(body.subject);
            parts.find_map(|(oid, value)| (oid == COMMON_NAME).then(|| text(value)))
        })
    }

    /// Returns the host names the client's certificate stands for.
    pub fn dns_names(&self) -> Vec<String> {
        self.alternatives(0x82)
    }

    /// Returns the URIs the client's certificate stands for, such as SPIFFE's.
    pub fn uris(&self) -> Vec<String> {
        self.alternatives(0x86)
    }

    fn alternatives(&self, tag: u8) -> Vec<String> {
        let found = self.names(|body| {
            let names = elements(alternative_names(body.extensions?)?);
            let names = names.filter(|name| name.tag == tag);
            Some(names.map(|name| lossy(name.content)).collect())
        });
        found.unwrap_or_default()
    }

    fn names<T>(&self, read: impl FnOnce(&Body<'_>) -> Option<T>) -> Option<T> {
        read(&body(self.chain.first()?)?)
    }
}

impl fmt::Debug for PeerCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerCertificates({})", self.subject())
    }
}

/// One value in DER.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
}

/// The values that stand one after another; ends where it is no DER.
fn elements(mut rest: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let (&[tag, length], after) = rest.split_first_chunk()?;
        let (length, after) = match length {
            short @ 0..0x80 => (usize::from(short), after),
            long => {
                let (bytes, after) = after.split_at_checked(usize::from(long & 0x7f))?;
                // Longer than a message can be.
                let fits = (1..=4).contains(&bytes.len());
                let length = bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b));
                (fits.then_some(length)?, after)
            }
        };
        let (content, after) = after.split_at_checked(length)?;
        rest = after;
        Some(Element { tag, content })
    })
}

const SEQUENCE: u8 = 0x30;
const OBJECT_ID: u8 = 0x06;
const OCTETS: u8 = 0x04;
/// `[0]` and `[3]` of a certificate's body: version and extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// What is signed in a certificate, as far as it is read. Source: RFC 5280, 4.1.
struct Body<'a> {
    subject: &'a [u8],
    extensions: Option<&'a [u8]>,
}

fn body(certificate: &[u8]) -> Option<Body<'_>> {
    let certificate = elements(certificate).next()?;
    let body = elements(certificate.content).next()?;
    let mut fields = elements(body.content).filter(|field| field.tag != VERSION);
    // Before it: serial number, signature algorithm, issuer, validity.
    let subject = fields.nth(4)?.content;
    let extensions = fields.find(|field| field.tag == EXTENSIONS);
    Some(Body {
        subject,
        extensions: extensions
            .and_then(|all| elements(all.content).next())
            .map(|all| all.content),
    })
}

/// The list of names in the extension for them.
fn alternative_names(extensions: &[u8]) -> Option<&[u8]> {
    let extension = elements(extensions).find_map(|extension| {
        let mut fields = elements(extension.content);
        let ours = fields.next()?.content == ALTERNATIVE_NAME;
        ours.then(|| fields.find(|field| field.tag == OCTETS))?
    })?;
    let names = elements(extension.content).next()?;
    (names.tag == SEQUENCE).then_some(names.content)
}

/// The attributes of a name: object identifier and value.
fn attributes(name: &[u8]) -> impl DoubleEndedIterator<Item = (&[u8], Element<'_>)> {
    let parts = elements(name).flat_map(|set| elements(set.content));
    let parts = parts.filter_map(|part| {
        let mut fields = elements(part.content);
        let oid = fields.next().filter(|oid| oid.tag == OBJECT_ID)?;
        Some((oid.content, fields.next()?))
    });
    parts.collect::<Vec<_>>().into_iter()
}

/// A name in the words of RFC 4514.
fn subject(name: &[u8]) -> String {
    let parts = attributes(name).rev().map(|(oid, value)| {
        let key = match oid {
            COMMON_NAME => "CN".to_owned(),
            [0x55, 4, 6] => "C".to_owned(),
            [0x55, 4, 7] => "L".to_owned(),
            [0x55, 4, 8] => "ST".to_owned(),
            [0x55, 4, 9] => "STREET".to_owned(),
            [0x55, 4, 10] => "O".to_owned(),
            [0x55, 4, 11] => "OU".to_owned(),
            [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID".to_owned(),
            [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC".to_owned(),
            other => dotted(other),
        };
        format!("{key}={}", escaped(&text(value)))
    });
    parts.collect::<Vec<_>>().join(",")
}

fn dotted(oid: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0u64;
    for byte in oid {
        arc = arc << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            match arcs.is_empty() {
                // The first two share a number.
                true => arcs.extend([(arc / 40).min(2), arc - 40 * (arc / 40).min(2)]),
                false => arcs.push(arc),
            }
            arc = 0;
        }
    }
    let arcs: Vec<String> = arcs.iter().map(u64::to_string).collect();
    arcs.join(".")
}

fn text(value: Element<'_>) -> String {
    const UTF16: u8 = 0x1e;
    if value.tag != UTF16 {
        return lossy(value.content);
    }
    let units = value.content.chunks_exact(2);
    let units: Vec<u16> = units.map(|b| u16::from_be_bytes([b[0], b[1]])).collect();
    String::from_utf16_lossy(&units)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        let special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        let at_the_edge = (c == ' ' && (at == 0 || at == last)) || (c == '#' && at == 0);
        if special || at_the_edge {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_certificate_have_no_names() {
        for length in 0..64_u8 {
            for fill in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let chain = Arc::from([vec![fill; usize::from(length)]]);
                let peer = PeerCertificates::new(chain).expect("one");
                assert_eq!((peer.common_name(), peer.dns_names()), (None, Vec::new()));
            }
        }
        assert!(PeerCertificates::new(Arc::from([])).is_none());
    }

    #[test]
    fn names_are_written_as_rfc_4514_has_them() {
        assert_eq!(escaped(" a,b #"), "\\ a\\,b #");
        assert_eq!(escaped("#1 "), "\\#1\\ ");
        assert_eq!(dotted(&[0x55, 4, 5]), "2.5.4.5");
        assert_eq!(
            dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]),
            "1.2.840.113549"
        );
        let cut = elements(&[0x30, 3, 1]).next();
        assert!(cut.is_none());
    }
}
