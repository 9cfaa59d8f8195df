//! The status codes, and the one table of what stands for them elsewhere.

use std::fmt;

/// The status codes of gRPC other than OK.
///
/// Source: <https://grpc.github.io/grpc/core/md_doc_statuscodes.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Code {
    /// The caller gave up.
    Canceled = 1,
    /// An error without a known code.
    Unknown = 2,
    /// The request itself is wrong, whatever the state of the system.
    InvalidArgument = 3,
    /// The deadline passed first.
    DeadlineExceeded = 4,
    /// What was asked for does not exist.
    NotFound = 5,
    /// What should be created exists.
    AlreadyExists = 6,
    /// The caller is known and not allowed.
    PermissionDenied = 7,
    /// A quota, a limit or a size is used up.
    ResourceExhausted = 8,
    /// The system is not in the state the call needs.
    FailedPrecondition = 9,
    /// A conflict with another call; try the whole again.
    Aborted = 10,
    /// Past the valid range.
    OutOfRange = 11,
    /// Not offered here.
    Unimplemented = 12,
    /// An invariant is broken.
    Internal = 13,
    /// Not available now; try again.
    Unavailable = 14,
    /// Data is lost.
    DataLoss = 15,
    /// The caller is not known.
    Unauthenticated = 16,
}

/// The one table of codes: name on the Connect and JSON wire, HTTP status.
const CODES: [(Code, &str, u16); 16] = [
    (Code::Canceled, "canceled", 499),
    (Code::Unknown, "unknown", 500),
    (Code::InvalidArgument, "invalid_argument", 400),
    (Code::DeadlineExceeded, "deadline_exceeded", 504),
    (Code::NotFound, "not_found", 404),
    (Code::AlreadyExists, "already_exists", 409),
    (Code::PermissionDenied, "permission_denied", 403),
    (Code::ResourceExhausted, "resource_exhausted", 429),
    (Code::FailedPrecondition, "failed_precondition", 400),
    (Code::Aborted, "aborted", 409),
    (Code::OutOfRange, "out_of_range", 400),
    (Code::Unimplemented, "unimplemented", 501),
    (Code::Internal, "internal", 500),
    (Code::Unavailable, "unavailable", 503),
    (Code::DataLoss, "data_loss", 500),
    (Code::Unauthenticated, "unauthenticated", 401),
];

impl Code {
    /// Returns the number on the wire, 1 to 16.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the code with this number; any other number but 0 is [`Code::Unknown`], as gRPC prescribes.
    pub fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => None,
            1..=16 => Some(CODES[number as usize - 1].0),
            _ => Some(Code::Unknown),
        }
    }

    /// Returns the name in JSON: `not_found`.
    pub fn name(self) -> &'static str {
        CODES[usize::from(self.number()) - 1].1
    }

    /// Returns the code with this JSON name.
    pub fn from_name(name: &str) -> Option<Self> {
        CODES.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Returns the HTTP status that stands for the code.
    pub fn http_status(self) -> u16 {
        CODES[usize::from(self.number()) - 1].2
    }

    /// The code of an error that is raised with this HTTP status: [`Code::http_status`] backwards, the nearest for others.
    pub(crate) const fn for_http_status(status: u16) -> Self {
        match status {
            401 | 407 | 511 => Code::Unauthenticated,
            402 | 412 | 417 | 423 | 424 | 426 | 428 => Code::FailedPrecondition,
            403 | 451 => Code::PermissionDenied,
            404 | 410 => Code::NotFound,
            405 | 501 | 505 => Code::Unimplemented,
            408 | 504 => Code::DeadlineExceeded,
            // A conflict; of the two codes, the one that says nothing more.
            409 | 508 => Code::Aborted,
            413 | 429 | 431 | 507 => Code::ResourceExhausted,
            416 => Code::OutOfRange,
            425 | 502 | 503 => Code::Unavailable,
            499 => Code::Canceled,
            // As HTTP has it: an unknown status is the first of its class.
            0..500 => Code::InvalidArgument,
            500.. => Code::Internal,
        }
    }

    /// Returns the code a peer meant that answered with a bare HTTP status.
    ///
    /// Source: <https://grpc.github.io/grpc/core/md_doc_http-grpc-status-mapping.html>.
    pub fn from_http_status(status: u16) -> Self {
        match status {
            400 => Code::Internal,
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            404 => Code::Unimplemented,
            429 | 502..=504 => Code::Unavailable,
            _ => Code::Unknown,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_statuses_goes_backwards() {
        for (code, _, status) in CODES {
            assert_eq!(
                Code::for_http_status(status).http_status(),
                status,
                "{code}"
            );
        }
        let found = [402, 409, 410, 418, 422, 451, 502, 599].map(Code::for_http_status);
        let expected = [
            Code::FailedPrecondition,
            Code::Aborted,
            Code::NotFound,
            Code::InvalidArgument,
            Code::InvalidArgument,
            Code::PermissionDenied,
            Code::Unavailable,
            Code::Internal,
        ];
        assert_eq!(found, expected);
    }
}
