//! Services over real sockets: who may call, HTTP, gRPC on the wire, clients, mounts.

mod access;
mod clients;
mod grpc_wire;
mod mount;
mod webapi;
