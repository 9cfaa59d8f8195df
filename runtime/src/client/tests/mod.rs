//! Channels against real servers on loopback, and against services of this process.

mod absent;
mod balanced;
mod broadcast;
mod calls;
mod connections;
mod discovered;
mod failing;
mod fixture;
mod foreign;
mod keepalive;
mod limits;
mod tower;
