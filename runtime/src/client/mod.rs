//! The client: channels, the endpoints behind them, and calls.

mod attempts;
mod balance;
mod call;
mod channel;
mod connection;
mod endpoint;
mod exchange;
pub(crate) mod group;
mod local;
mod remote;
mod reply;
mod settings;
mod stream;
mod table;
mod tower;
mod transport;
mod upload;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests;

pub use channel::Channel;
