//! What generated code names: nothing else of this crate. A breaking change makes `v2`.

/// Version 1.
pub mod v1 {
    // For prost's derives: they expand to these paths below `prost_path`.
    pub use prost::{
        DecodeError, EncodeError, Enumeration, Message, Name, Oneof, UnknownEnumValue, alloc,
        bytes, decode_length_delimiter, encode_length_delimiter, encoding, length_delimiter_len,
    };

    // Standard names under which no message of a proto can stand in the way.
    pub use std::borrow::Cow;
    pub use std::clone::Clone;
    pub use std::convert::{From, Infallible, Into};
    pub use std::future::Future;
    pub use std::marker::{Send, Sync};
    pub use std::matches;
    pub use std::option::Option::{self, None, Some};
    pub use std::result as core_result;
    pub use std::result::Result::{Err, Ok};
    pub use std::sync::Arc;
    pub use std::task::{self, Poll};

    pub use http;
    pub use tower_service::Service as TowerService;

    pub use crate::__held as held;
    pub use crate::body::{Body, RequestBody};
    pub use crate::call::{Call, CallFuture, Service};
    pub use crate::client::Channel;
    pub use crate::codec::json;
    pub use crate::context::Context;
    pub use crate::debug_enum::debug_enum;
    pub use crate::descriptor::{File, Package};
    pub use crate::error::{Error, ErrorReason, ErrorReasons, Result};
    pub use crate::generated::{ezbuy, google};
    pub use crate::method::{Idempotency, Method, Route, ServiceDesc, Shape, UploadStream};
    pub use crate::server::{ServeFuture, Standalone, serve};
    pub use crate::stream::Streaming;
    pub use crate::wkt;
}

/// The closure that finds one member of a oneof: `held!(choice::Kind::Text)` gives its value, or `None` for another.
// A macro of this crate: a oneof of one member has no other pattern, and users hear nothing of it.
#[doc(hidden)]
#[macro_export]
macro_rules! __held {
    ($($member:tt)*) => {
        |set| match set {
            $($member)*(value) => $crate::codegen::v1::Some(value),
            #[allow(unreachable_patterns)]
            _ => $crate::codegen::v1::None,
        }
    };
}
