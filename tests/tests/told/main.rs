//! What `tracing` is told of calls. A program of its own, as its tests run one by one.

mod events;
mod heard;
mod local;
