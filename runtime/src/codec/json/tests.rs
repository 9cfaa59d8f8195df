//! The rules of ProtoJSON, one test each, on messages written by hand as the generator prints them.

mod bind;
mod messages;
mod properties;
mod read;
mod write;

use messages::{Info, Legacy, Node, Order, order};
