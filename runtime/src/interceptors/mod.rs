//! Interceptors ready for use, for calls of every protocol: add them with [`Server::interceptor`](crate::Server::interceptor).
//!
//! The third that services have always had, who may call, is an [`Authenticator`](crate::Authenticator), as [`Auth`] is: it
//! runs before all interceptors, so that they know the caller ([`Server::authenticator`](crate::Server::authenticator)).

mod auth;
mod rate;
mod stat;

pub use auth::Auth;
pub use rate::Rate;
pub use stat::{MethodStat, Stat};
