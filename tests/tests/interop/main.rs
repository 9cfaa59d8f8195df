//! Real clients and servers of other makes: tonic, Python's grpcio, curl.

mod curl;
mod grpcio;
mod tonic_client;
mod tonic_server;
