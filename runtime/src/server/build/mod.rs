//! The settings of a server, a file for each topic.

mod access;
mod connections;
mod discovery;
mod http;
mod limits;
mod observe;
mod reflection;
mod replies;
mod routes;
#[cfg(feature = "tls")]
mod tls;
mod upload;
