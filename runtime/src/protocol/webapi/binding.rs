//! The request message of a google.api.http route: made of path, query and body.

use bytes::Bytes;

use crate::codec::Message;
use crate::error::Result;
use crate::method::Route;
use crate::protocol::wire::Wire;

/// What a matched route says of a request.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) route: &'static Route,
    /// Field paths and what the path has for them, decoded.
    pub(crate) path: Vec<(&'static str, String)>,
    /// As it stands in the request target, not decoded.
    pub(crate) query: Option<String>,
    /// The body is a form whose pairs stand for those of the query: a POST in place of a GET.
    pub(crate) form_as_query: bool,
}

impl Binding {
    /// Makes the request of its parts.
    pub(crate) fn message<M: Message>(&self, body: Bytes, wire: &Wire) -> Result<M> {
        wire.decode_bare(body)
    }
}
