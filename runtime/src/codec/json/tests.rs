//! The rules of ProtoJSON, one test each, on messages written by hand as the generator prints them.

#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod bind;
mod messages;
mod properties;
mod read;
mod write;

use messages::{Info, Legacy, Node, Order, order};
