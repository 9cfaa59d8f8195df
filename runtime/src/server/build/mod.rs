//! The settings of a server, a file for each topic.

mod access;
mod http;
mod limits;
