//! Lets callers in by the token they send.

use std::fmt;
use std::future::Future;

use http::header::AUTHORIZATION;

use crate::context::{Context, Principal};
use crate::error::{Error, Result};
use crate::interceptor::Authenticator;

/// Lets callers in by their bearer token: `authorization: Bearer ..`, over every protocol.
///
/// For any other kind of credentials write an [`Authenticator`].
///
/// ```
/// use ezrpc::{Error, Principal, Server, interceptors::Auth};
/// let auth = Auth::bearer(async |token| match &*token {
///     "s3cret" => Ok(Principal::new("orders")),
///     _ => Err(Error::unauthenticated("no such token")),
/// });
/// let server = Server::new("shop").authenticator(auth);
/// ```
///
/// Source: RFC 6750, section 2.1.
pub struct Auth<F> {
    check: F,
}

impl<F, Who> Auth<F>
where
    F: Fn(String) -> Who + Send + Sync + 'static,
    Who: Future<Output = Result<Principal>> + Send,
{
    /// Asks `check` whose a token is. Callers without one are nobody: methods that are not public refuse them.
    ///
    /// `check` fails with [`Code::Unauthenticated`](crate::Code::Unauthenticated) for a token that is not good, with
    /// [`Code::PermissionDenied`](crate::Code::PermissionDenied) for a caller who may not.
    pub fn bearer(check: F) -> Self {
        Self { check }
    }
}

impl<F, Who> Authenticator for Auth<F>
where
    F: Fn(String) -> Who + Send + Sync + 'static,
    Who: Future<Output = Result<Principal>> + Send,
{
    async fn authenticate(&self, ctx: &Context) -> Result<Option<Principal>> {
        let mut all = ctx.metadata().headers().get_all(AUTHORIZATION).iter();
        let token = match (all.next(), all.next()) {
            (None, _) => return Ok(None),
            // What cannot be read is not as if nothing were said, and of two nobody knows which counts.
            (Some(one), None) => one.to_str().ok().and_then(token),
            (Some(_), Some(_)) => None,
        };
        let token = token.ok_or_else(|| {
            Error::unauthenticated("authorization is no bearer token: send one `Bearer <token>`")
        })?;
        (self.check)(token.to_owned()).await.map(Some)
    }
}

/// What follows on the scheme, whose case does not matter.
fn token(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.split_once(' ')?;
    let token = token.trim_matches(' ');
    let good = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ');
    good.then_some(token)
}

impl<F> fmt::Debug for Auth<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::context::Inbound;
    use crate::{Code, Metadata, Method, Shape};

    #[tokio::test]
    async fn what_is_said_must_be_good() {
        static GET: Method = Method::new("/shop.Product/Get", Shape::Unary);
        let auth = Auth::bearer(async |token| match &*token {
            "good" => Ok(Principal::new("orders")),
            _ => Err(Error::unauthenticated("no such token")),
        });
        let good: &[u8] = b"Bearer good";
        for (sent, known) in [
            (&[][..], Ok(None)),
            (&[good], Ok(Some("orders"))),
            (&[b"Bearer bad"], Err(Code::Unauthenticated)),
            (&[b"Bearer b\xe4d"], Err(Code::Unauthenticated)),
            (&[good, good], Err(Code::Unauthenticated)),
        ] {
            let mut headers = HeaderMap::new();
            for value in sent {
                let value = HeaderValue::from_bytes(value).expect("a value");
                headers.append(AUTHORIZATION, value);
            }
            let ctx = Context::inbound(Inbound {
                method: &GET,
                route: None,
                deadline: None,
                by_caller: Default::default(),
                hops: 1,
                peer: None,
                certificates: None,
                start: Instant::now(),
                metadata: Metadata::from_headers(headers),
            });
            let found = auth.authenticate(&ctx).await;
            let found = found.as_ref().map(|who| who.as_ref().map(Principal::name));
            assert_eq!(found.map_err(Error::code), known, "{sent:?}");
        }
    }

    #[test]
    fn tokens_follow_on_the_scheme() {
        for credentials in ["Bearer a.b", "bearer a.b", "BEARER   a.b "] {
            assert_eq!(token(credentials), Some("a.b"), "{credentials:?}");
        }
        for credentials in ["", "Bearer", "Bearer ", "Basic a.b", "Bearer a b", "a.b"] {
            assert_eq!(token(credentials), None, "{credentials:?}");
        }
    }
}
