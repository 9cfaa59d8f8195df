//! The facts of google.api.http bindings and uploads.

use super::Method;

/// One google.api.http binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    verb: &'static str,
    template: &'static str,
    body: &'static str,
    response_body: &'static str,
    raw_request: bool,
    raw_response: bool,
    patch_mask: &'static str,
}

impl Route {
    /// Describes the binding of an HTTP method (or `*`) and a path template.
    pub const fn new(verb: &'static str, template: &'static str) -> Self {
        Self {
            verb,
            template,
            body: "",
            response_body: "",
            raw_request: false,
            raw_response: false,
            patch_mask: "",
        }
    }

    /// Sets which field the body fills: `*` or a field name.
    #[must_use]
    pub const fn body(mut self, body: &'static str) -> Self {
        self.body = body;
        self
    }

    /// Sets which field of the response is the body.
    #[must_use]
    pub const fn response_body(mut self, field: &'static str) -> Self {
        self.response_body = field;
        self
    }

    /// Says that what the body fills, the whole message or one field, is a google.api.HttpBody.
    #[must_use]
    pub const fn raw_request(mut self) -> Self {
        self.raw_request = true;
        self
    }

    /// Says that what is sent back, the whole response or its `response_body`, is a google.api.HttpBody.
    #[must_use]
    pub const fn raw_response(mut self) -> Self {
        self.raw_response = true;
        self
    }

    /// Names the FieldMask field of the request that a PATCH fills from the members of its body, if the caller
    /// leaves it empty.
    #[must_use]
    pub const fn patch_mask(mut self, field: &'static str) -> Self {
        self.patch_mask = field;
        self
    }

    /// Returns the HTTP method in capitals, or `*` for any.
    pub const fn verb(&self) -> &'static str {
        self.verb
    }

    /// Returns the path template as written.
    pub const fn template(&self) -> &'static str {
        self.template
    }

    /// Returns the body field: empty, `*`, or a name.
    pub const fn body_field(&self) -> &'static str {
        self.body
    }

    /// Returns the response body field: empty or a name.
    pub const fn response_field(&self) -> &'static str {
        self.response_body
    }

    /// Returns whether the body is taken as bytes with a media type: google.api.HttpBody.
    pub const fn is_raw_request(&self) -> bool {
        self.raw_request
    }

    /// Returns whether the response is bytes with a media type: google.api.HttpBody.
    pub const fn is_raw_response(&self) -> bool {
        self.raw_response
    }

    /// Returns the proto name of the FieldMask a PATCH fills; empty if none is.
    pub const fn mask_field(&self) -> &'static str {
        self.patch_mask
    }
}

/// Which path of a method was called: what interceptors, metrics and access logs name it by.
#[derive(Debug, Clone, Copy)]
pub struct RouteInfo {
    method: &'static Method,
    route: Option<&'static Route>,
}

impl RouteInfo {
    pub(crate) fn new(method: &'static Method, route: Option<&'static Route>) -> Self {
        Self { method, route }
    }

    /// Returns the facts of the method.
    pub fn method(&self) -> &'static Method {
        self.method
    }

    /// Returns the google.api.http binding; `None` on the RPC path.
    pub fn binding(&self) -> Option<&'static Route> {
        self.route
    }

    /// Returns the template the path matched, `/v1/{name=shelves/*}`; on the RPC path that path.
    pub fn template(&self) -> &'static str {
        self.route.map_or(self.method.path(), Route::template)
    }

    /// Returns the HTTP method of the binding, `*` if it is for all; on the RPC path `POST`.
    pub fn http_method(&self) -> &'static str {
        self.route.map_or("POST", Route::verb)
    }

    /// Returns whether callers without credentials may use it over HTTP.
    pub fn is_public(&self) -> bool {
        self.method.web().public
    }

    /// Returns whether it takes uploads.
    pub fn is_upload(&self) -> bool {
        self.method.web().upload
    }
}

/// How the chunks of an upload go into the messages of a request stream. Fields are named as in the proto file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadStream {
    /// The message is a oneof: first `meta`, a message with all that is known before the file, then `chunk`, bytes. Each further
    /// file begins with `meta` again.
    Oneof {
        /// The message member.
        meta: &'static str,
        /// The bytes member.
        chunk: &'static str,
    },
    /// The first message has all other fields, and `data` empty; each that follows has a part of the file in `data`.
    Flat {
        /// The bytes field.
        data: &'static str,
    },
    /// Each message is a google.api.HttpBody: the first has the media type, each that follows a part of the file.
    HttpBody,
    /// The first message has all other fields, and the media type in `field`, a google.api.HttpBody; each that follows has a
    /// part of the file there.
    HttpBodyField {
        /// The google.api.HttpBody field.
        field: &'static str,
    },
}
