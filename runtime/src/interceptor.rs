//! The one chain around every call, of all protocols: authenticator and interceptors.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::call::CallFuture;
use crate::context::{Context, Principal};
use crate::error::{Code, Error, Result};
use crate::reply::Reply;

/// A layer around calls of every protocol: rate limits, statistics, checks.
///
/// Decoding, the handler and encoding run inside [`Next::run`]; for a streaming reply it returns when the
/// handler has returned its stream.
///
/// ```
/// use ezrpc::{Context, Interceptor, Next, Reply, Result};
/// struct Log;
/// impl Interceptor for Log {
///     async fn intercept(&self, ctx: &Context, next: Next<'_>) -> Result<Reply> {
///         let reply = next.run().await;
///         println!("{:?} {}", ctx.method(), reply.is_ok());
///         reply
///     }
/// }
/// ```
pub trait Interceptor: Send + Sync + 'static {
    /// Runs around one call; returning without [`Next::run`] answers in its place.
    fn intercept(
        &self,
        ctx: &Context,
        next: Next<'_>,
    ) -> impl Future<Output = Result<Reply>> + Send;
}

/// Finds out who calls over HTTP (and over gRPC with `Server::auth_all`).
pub trait Authenticator: Send + Sync + 'static {
    /// Judges the credentials in `ctx.metadata()`: somebody, or `None` if there are none.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`](crate::Code::Unauthenticated) for bad credentials,
    /// [`Code::PermissionDenied`](crate::Code::PermissionDenied) for a caller who may not.
    fn authenticate(&self, ctx: &Context)
    -> impl Future<Output = Result<Option<Principal>>> + Send;
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`Interceptor`] behind a pointer.
pub(crate) trait DynInterceptor: Send + Sync {
    fn intercept<'a>(&'a self, ctx: &'a Context, next: Next<'a>) -> BoxFuture<'a, Result<Reply>>;
}

impl<I: Interceptor> DynInterceptor for I {
    fn intercept<'a>(&'a self, ctx: &'a Context, next: Next<'a>) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(Interceptor::intercept(self, ctx, next))
    }
}

/// [`Authenticator`] behind a pointer.
pub(crate) trait DynAuthenticator: Send + Sync {
    fn authenticate<'a>(&'a self, ctx: &'a Context) -> BoxFuture<'a, Result<Option<Principal>>>;
}

impl<A: Authenticator> DynAuthenticator for A {
    fn authenticate<'a>(&'a self, ctx: &'a Context) -> BoxFuture<'a, Result<Option<Principal>>> {
        Box::pin(Authenticator::authenticate(self, ctx))
    }
}

/// The rest of the chain: the interceptors further in, then the call.
pub struct Next<'a> {
    chain: &'a [Arc<dyn DynInterceptor>],
    context: &'a Context,
    call: CallFuture,
}

impl Next<'_> {
    /// Runs the rest of the chain.
    ///
    /// # Errors
    /// What an inner interceptor, the codec or the handler reports.
    pub async fn run(self) -> Result<Reply> {
        let Self {
            chain,
            context,
            call,
        } = self;
        match chain.split_first() {
            None => call.await,
            Some((first, chain)) => {
                let next = Next {
                    chain,
                    context,
                    call,
                };
                first.intercept(context, next).await
            }
        }
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

/// Whether the authenticator judges a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// It is not asked.
    Unasked,
    /// It judges credentials if there are any.
    Optional,
    /// It must find somebody.
    Needed,
}

/// What runs around every call of one server or channel.
#[derive(Clone, Default)]
pub(crate) struct Chain {
    pub(crate) authenticator: Option<Arc<dyn DynAuthenticator>>,
    pub(crate) interceptors: Vec<Arc<dyn DynInterceptor>>,
}

impl Chain {
    /// Puts the chain around a call; costs nothing where there is nothing to run.
    pub(crate) fn around(
        self: &Arc<Self>,
        context: &Context,
        credentials: Credentials,
        call: CallFuture,
    ) -> CallFuture {
        let verify = credentials != Credentials::Unasked;
        if !verify && self.interceptors.is_empty() {
            return call;
        }
        let (chain, context) = (Arc::clone(self), context.clone());
        Box::pin(async move {
            if verify {
                chain.verify(&context, credentials).await?;
            }
            let next = Next {
                chain: &chain.interceptors,
                context: &context,
                call,
            };
            next.run().await
        })
    }

    async fn verify(&self, context: &Context, credentials: Credentials) -> Result<()> {
        let Some(authenticator) = &self.authenticator else {
            return Err(Error::bare(Code::Unauthenticated, "no authenticator"));
        };
        match authenticator.authenticate(context).await? {
            Some(principal) => context.set_principal(principal),
            None if credentials == Credentials::Optional => {}
            None => {
                return Err(Error::bare(
                    Code::Unauthenticated,
                    "this method needs credentials",
                ));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("authenticator", &self.authenticator.is_some())
            .field("interceptors", &self.interceptors.len())
            .finish()
    }
}
