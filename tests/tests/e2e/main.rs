//! Services over real sockets: who may call, HTTP, gRPC on the wire, clients, mounts.

#![allow(clippy::unwrap_used, reason = "a failed test says so")]

mod access;
mod access_streams;
mod bounds;
mod clients;
mod conformance;
mod connections;
mod cors;
mod grpc_wire;
mod http_body;
mod http_compression;
mod http_errors;
mod http_headers;
mod http_streams;
mod mount;
mod reasons;
mod reflection;
mod rest_binding;
mod rest_patch;
mod rest_routing;
mod tls;
mod upload;
mod webapi;
mod webapi_options;
