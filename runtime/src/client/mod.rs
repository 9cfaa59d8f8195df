//! The client: channels, the endpoints behind them, and calls.

mod absent;
mod attempts;
mod balance;
mod broadcast;
mod budget;
mod call;
mod channel;
mod clock;
mod connecting;
mod connection;
mod dial;
#[cfg(feature = "fuzzing")]
pub(crate) mod door;
mod endpoint;
mod exchange;
pub(crate) mod group;
mod health;
mod keepalive;
mod local;
mod nodes;
mod place;
mod remote;
mod reply;
mod settings;
mod stream;
mod table;
mod tower;
pub(crate) mod transport;
mod upload;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests;

pub use balance::Balance;
pub use channel::Channel;
