//! Who may call what: the table of the schema's `enable` and `public`, and of the server's settings.

use crate::error::{Code, Error};
use crate::interceptor::Credentials;
use crate::method::Webapi;
use crate::protocol::Protocol;

/// What a server lets in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Policy {
    /// An authenticator is set.
    pub(crate) authenticator: bool,
    /// It also judges gRPC calls.
    pub(crate) auth_all: bool,
    /// Methods not enabled are served over HTTP too, under the authenticator.
    pub(crate) expose_all: bool,
    /// Enabled methods are served over HTTP without an authenticator.
    pub(crate) allow_anonymous: bool,
}

/// What happens to a call before its handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Served as it is.
    Open,
    /// The authenticator must find somebody.
    Verified,
    /// The authenticator judges credentials if there are any.
    VerifiedIfSent,
    /// As if the method were not there.
    Hidden,
    /// Refused, because the server has nobody to judge.
    FailClosed,
}

impl Policy {
    /// Looks the call up in the table of `design.md`, section 3.
    pub(crate) fn access(self, protocol: Protocol, web: Webapi) -> Access {
        if protocol == Protocol::Grpc {
            return match self.authenticator && self.auth_all {
                true => Access::Verified,
                false => Access::Open,
            };
        }
        let enabled = web.enable || (self.expose_all && self.authenticator);
        match (enabled, web.public, self.authenticator) {
            (false, _, _) => Access::Hidden,
            (true, true, true) => Access::VerifiedIfSent,
            (true, false, true) => Access::Verified,
            (true, true, false) => Access::Open,
            (true, false, false) if self.allow_anonymous => Access::Open,
            (true, false, false) => Access::FailClosed,
        }
    }
}

impl Access {
    /// What the authenticator is asked.
    pub(crate) fn credentials(self) -> Credentials {
        match self {
            Access::Verified => Credentials::Needed,
            Access::VerifiedIfSent => Credentials::Optional,
            Access::Open | Access::Hidden | Access::FailClosed => Credentials::Unasked,
        }
    }
}

/// The error of a call that fails closed; names the three ways out.
pub(crate) fn fail_closed(path: &str) -> Error {
    Error::bare(
        Code::Unauthenticated,
        format!(
            "{path} is enabled over HTTP but this server has no authenticator: mark the method \
             `public: true` in its (ezbuy.webapi) option, give the server one with \
             `Server::authenticator`, or call `Server::allow_anonymous`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn web(enable: bool, public: bool) -> Webapi {
        Webapi {
            enable,
            upload: false,
            public,
        }
    }

    #[test]
    fn every_cell_of_the_table() {
        let none = Policy::default();
        let auth = Policy {
            authenticator: true,
            ..none
        };
        let auth_all = Policy {
            auth_all: true,
            ..auth
        };
        let exposed = Policy {
            expose_all: true,
            ..auth
        };
        let anonymous = Policy {
            allow_anonymous: true,
            ..none
        };
        let exposed_alone = Policy {
            expose_all: true,
            ..none
        };
        use Access::{FailClosed, Hidden, Open, Verified, VerifiedIfSent};
        // Per policy: gRPC, then HTTP of a method not enabled, enabled, enabled and public.
        let rows = [
            (none, [Open, Hidden, FailClosed, Open]),
            (auth, [Open, Hidden, Verified, VerifiedIfSent]),
            (auth_all, [Verified, Hidden, Verified, VerifiedIfSent]),
            (exposed, [Open, Verified, Verified, VerifiedIfSent]),
            (anonymous, [Open, Hidden, Open, Open]),
            (exposed_alone, [Open, Hidden, FailClosed, Open]),
        ];
        for (policy, expected) in rows {
            let http = |enable, public| policy.access(Protocol::Webapi, web(enable, public));
            let cells = [
                policy.access(Protocol::Grpc, web(false, false)),
                http(false, false),
                http(true, false),
                http(true, true),
            ];
            assert_eq!(cells, expected, "{policy:?}");
            for cell in [web(true, false), web(true, true)] {
                assert_eq!(
                    policy.access(Protocol::Grpc, cell),
                    expected[0],
                    "{policy:?}"
                );
            }
        }
    }
}
