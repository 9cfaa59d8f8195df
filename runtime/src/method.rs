//! The constant facts of services and methods, written down by generated code.

use std::time::Duration;

mod route;

pub use route::{Route, RouteInfo, UploadStream};

/// The facts of one service: a `static` beside each generated trait.
#[derive(Debug)]
pub struct ServiceDesc {
    name: &'static str,
    desc: &'static str,
    methods: &'static [Method],
}

impl ServiceDesc {
    /// Describes the service with full proto name `name`, its methods in order of declaration.
    pub const fn new(name: &'static str, methods: &'static [Method]) -> Self {
        Self {
            name,
            desc: "",
            methods,
        }
    }

    /// Adds `(ezbuy.service).desc`.
    #[must_use]
    pub const fn desc(mut self, desc: &'static str) -> Self {
        self.desc = desc;
        self
    }

    /// Returns the full proto name: `shop.v1.Product`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what the schema says the service is for; empty if it says nothing.
    pub const fn description(&self) -> &'static str {
        self.desc
    }

    /// Returns the methods in order of declaration.
    pub const fn methods(&self) -> &'static [Method] {
        self.methods
    }

    /// Returns the method with this number; generated code only asks for those that exist.
    ///
    /// # Panics
    /// If there is no such method.
    pub const fn method(&self, index: usize) -> &'static Method {
        &self.methods[index]
    }

    /// Finds a method's number by its name in the proto file.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.methods.iter().position(|m| m.name() == name)
    }
}

/// The facts of one RPC.
#[derive(Debug)]
pub struct Method {
    path: &'static str,
    shape: Shape,
    idempotency: Idempotency,
    timeout: Timeout,
    webapi: Webapi,
    deprecated: bool,
    routes: &'static [Route],
    upload_stream: Option<UploadStream>,
}

impl Method {
    /// Describes the RPC at `path`, which is `/{package}.{Service}/{Method}`.
    pub const fn new(path: &'static str, shape: Shape) -> Self {
        Self {
            path,
            shape,
            idempotency: Idempotency::Unknown,
            timeout: Timeout::Unset,
            webapi: Webapi {
                enable: false,
                upload: false,
                public: false,
            },
            deprecated: false,
            routes: &[],
            upload_stream: None,
        }
    }

    /// Sets the merged `(ezbuy.webapi)`: `enable`, `upload`, `public`.
    #[must_use]
    pub const fn webapi(mut self, enable: bool, upload: bool, public: bool) -> Self {
        self.webapi = Webapi {
            enable,
            upload,
            public,
        };
        self
    }

    /// Sets `(ezbuy.timeout)` in milliseconds.
    #[must_use]
    pub const fn timeout_ms(mut self, millis: u64) -> Self {
        self.timeout = Timeout::Limit(Duration::from_millis(millis));
        self
    }

    /// Sets `(ezbuy.timeout) = "none"`.
    #[must_use]
    pub const fn no_timeout(mut self) -> Self {
        self.timeout = Timeout::None;
        self
    }

    /// Sets `idempotency_level = NO_SIDE_EFFECTS`.
    #[must_use]
    pub const fn no_side_effects(mut self) -> Self {
        self.idempotency = Idempotency::NoSideEffects;
        self
    }

    /// Sets `idempotency_level = IDEMPOTENT`.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotency = Idempotency::Idempotent;
        self
    }

    /// Sets `deprecated = true`.
    #[must_use]
    pub const fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// Sets the google.api.http bindings, in order of declaration.
    #[must_use]
    pub const fn routes(mut self, routes: &'static [Route]) -> Self {
        self.routes = routes;
        self
    }

    /// Sets how an upload goes into the messages of the request stream.
    #[must_use]
    pub const fn upload_stream(mut self, how: UploadStream) -> Self {
        self.upload_stream = Some(how);
        self
    }

    /// Returns the RPC path: `/shop.v1.Product/Get`.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the full name of the service: `shop.v1.Product`.
    pub fn service(&self) -> &'static str {
        let (service, _) = self.split();
        service
    }

    /// Returns the name in the proto file: `Get`.
    pub fn name(&self) -> &'static str {
        let (_, name) = self.split();
        name
    }

    fn split(&self) -> (&'static str, &'static str) {
        let path = self.path.strip_prefix('/').unwrap_or(self.path);
        path.rsplit_once('/').unwrap_or(("", path))
    }

    /// Returns which sides stream.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Returns what a caller may repeat.
    pub const fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    /// Returns the time limit the schema gives.
    pub const fn timeout(&self) -> Timeout {
        self.timeout
    }

    /// Returns how the method is reachable over HTTP.
    pub const fn web(&self) -> Webapi {
        self.webapi
    }

    /// Returns whether the schema marks the method deprecated.
    pub const fn is_deprecated(&self) -> bool {
        self.deprecated
    }

    /// Returns the google.api.http bindings.
    pub const fn http_routes(&self) -> &'static [Route] {
        self.routes
    }

    /// Returns how an upload goes into the messages of the request stream; of streams marked `upload` only.
    pub const fn upload_into(&self) -> Option<UploadStream> {
        self.upload_stream
    }
}

/// Which sides of an RPC stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One request, one response.
    Unary,
    /// A stream of requests, one response.
    ClientStreaming,
    /// One request, a stream of responses.
    ServerStreaming,
    /// Streams both ways.
    BidiStreaming,
}

/// What a caller may repeat: `idempotency_level` of the proto.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing is said: never retried once sent.
    Unknown,
    /// Reads only.
    NoSideEffects,
    /// May be repeated.
    Idempotent,
}

/// The time limit a schema gives a method: `(ezbuy.timeout)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeout {
    /// Not said: the defaults of client and server apply.
    Unset,
    /// `none`: no limit of its own; the caller's deadline still counts.
    None,
    /// At most this long.
    Limit(Duration),
}

/// How a method is reachable over HTTP: the merged `(ezbuy.webapi)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Webapi {
    /// Reachable on its RPC path.
    pub enable: bool,
    /// Takes multipart and raw bodies.
    pub upload: bool,
    /// May be called without credentials.
    pub public: bool,
}
