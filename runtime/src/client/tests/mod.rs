//! Channels against real servers on loopback, and against services of this process.

mod calls;
mod connections;
mod discovered;
mod fixture;
mod foreign;
mod limits;
mod tower;
