//! Real clients and servers of other makes: tonic, Python's grpcio and requests, curl, a browser's forms, connect-es, grpc-web.

#![allow(clippy::unwrap_used, reason = "a failed test says so")]

mod curl;
mod grpcio;
mod node;
mod reasons;
mod reflection;
mod tonic_client;
mod tonic_server;
mod upload;
