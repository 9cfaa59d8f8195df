//! Certificates and keys as PEM has them, with errors that say what is wrong with which.

use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::RootCertStore;

use crate::error::{Code, Error, Result};

/// Reads every certificate.
///
/// # Errors
/// [`Code::InvalidArgument`], naming `what`, if there is none or one cannot be read.
pub(super) fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|error| unreadable(what, &error))?;
    match all.is_empty() {
        true => Err(lacks(what, "CERTIFICATE", pem)),
        false => Ok(all),
    }
}

/// Reads the first private key.
///
/// # Errors
/// As [`certificates`].
pub(super) fn key(what: &str, pem: &[u8]) -> Result<PrivateKeyDer<'static>> {
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(key) => Ok(key),
        Err(PemError::NoItemsFound) => Err(lacks(what, "PRIVATE KEY", pem)),
        Err(error) => Err(unreadable(what, &error)),
    }
}

/// Reads certificate authorities.
///
/// # Errors
/// As [`certificates`].
pub(super) fn authorities(what: &str, pem: &[u8]) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for (number, certificate) in (1..).zip(certificates(what, pem)?) {
        roots.add(certificate).map_err(|error| {
            bad(format!(
                "{what}: certificate {number} cannot be used: {error}"
            ))
        })?;
    }
    Ok(roots)
}

fn unreadable(what: &str, error: &PemError) -> Error {
    let said = match error {
        PemError::MissingSectionEnd { end_marker } => {
            format!(
                "the line -----END {}----- is missing",
                String::from_utf8_lossy(end_marker)
            )
        }
        PemError::IllegalSectionStart { line } => {
            format!("bad line {:?}", String::from_utf8_lossy(line))
        }
        other => other.to_string(),
    };
    bad(format!("{what}: the PEM cannot be read: {said}"))
}

/// Says what is there instead.
fn lacks(what: &str, section: &str, pem: &[u8]) -> Error {
    const BEGIN: &str = "-----BEGIN ";
    let text = String::from_utf8_lossy(pem);
    let labels: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix(BEGIN)?.split("-----").next())
        .collect();
    let there = match labels.as_slice() {
        [] => "no PEM at all".to_owned(),
        ["ENCRYPTED PRIVATE KEY", ..] => {
            "an encrypted key, which has to be decrypted before".to_owned()
        }
        labels => format!("only {}", labels.join(", ")),
    };
    bad(format!("{what}: no {section} in it, {there}"))
}

pub(super) fn bad(message: String) -> Error {
    Error::bare(Code::InvalidArgument, message)
}
