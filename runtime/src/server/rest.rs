//! google.api.http routes: which method a path belongs to, how its call starts, and what other requests are told.

use http::{Method as HttpMethod, Response};

use super::admission::{Admission, Refusal, takes_stream};
use super::exchange::{Exchange, Target};
use super::running::ServeFuture;
use crate::body::Body;
use crate::codec::Codec;
use crate::error::{Error, Result};
use crate::method::{Method, Route, ServiceDesc, Shape, Webapi};
use crate::protocol::Protocol;
use crate::protocol::content_type::ContentType;
use crate::protocol::form::{Form, Framing};
use crate::protocol::webapi::binding::{Binding, Media};
use crate::protocol::webapi::{self, cors, negotiate, routes};
use crate::reply::{Raw, RawBody, Reply, ReplyKind};
use crate::route::{BadTemplate, Decoding, Found, Table};
use crate::stream::Streaming;

/// What a server does with a path that ends in `/` and is only known without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TrailingSlash {
    /// It is another path: 404.
    #[default]
    Strict,
    /// It is served as if the slash were not there.
    Ignore,
    /// The caller is sent to the path without it, with status 308, so that method and body stay.
    Redirect,
}

/// How the paths of routes are read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RouteOptions {
    pub(crate) decoding: Decoding,
    pub(crate) trailing_slash: TrailingSlash,
    /// A form sent by POST may stand for the query of a GET.
    pub(crate) method_override: bool,
}

/// The routes of a server.
#[derive(Debug)]
pub(crate) struct Rest {
    table: Table<'static, Bound>,
    options: RouteOptions,
}

/// A binding and the method it belongs to, by number of service and method.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(super) service: usize,
    pub(super) index: usize,
    method: &'static Method,
    route: &'static Route,
}

/// What becomes of a request.
pub(super) enum Matched {
    /// It is a call of this binding.
    Call(Bound, RouteCall),
    /// It is answered without one.
    Answer(Answer),
    /// No route has the path.
    Unknown,
}

/// What the path says about a call.
pub(super) struct RouteCall {
    variables: Vec<(&'static str, String)>,
    /// The body is a form that stands for the query.
    form_as_query: bool,
}

/// An answer that no method gives.
pub(super) enum Answer {
    /// The path takes these HTTP methods; all, if there are none.
    Methods(Vec<&'static str>),
    /// The path is known without its last slash.
    Redirect,
    /// The path cannot be read.
    Bad(Error),
}

impl Rest {
    /// Collects the routes of services, which are numbered in order.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if two bindings answer the same requests, naming both
    /// methods, or a template cannot be parsed.
    pub(crate) fn new(
        services: impl Iterator<Item = &'static ServiceDesc>,
        options: RouteOptions,
    ) -> Result<Self> {
        let mut table = Table::new();
        for (service, desc) in services.enumerate() {
            for (index, method) in desc.methods().iter().enumerate() {
                for route in method.http_routes() {
                    add(
                        &mut table,
                        Bound {
                            service,
                            index,
                            method,
                            route,
                        },
                    )?;
                }
            }
        }
        Ok(Self { table, options })
    }

    /// Whether there are no routes.
    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Without routes.
    pub(crate) fn empty() -> Self {
        Self {
            table: Table::new(),
            options: RouteOptions::default(),
        }
    }

    /// Finds what a request stands for, whose path without the server's prefix is `path`.
    pub(super) fn matched(&self, exchange: &Exchange<'_>, path: &str) -> Matched {
        match exchange.is_plain() {
            true => self.find(exchange, path),
            false => Matched::Unknown,
        }
    }

    fn find(&self, exchange: &Exchange<'_>, path: &str) -> Matched {
        let request = &exchange.request;
        if exchange.host.cors.is_some() && cors::is_preflight(request) {
            return self.methods(path);
        }
        let form = self.options.method_override
            && request.method() == HttpMethod::POST
            && exchange.head.content_type == ContentType::Form;
        if !form {
            return self.by_method(request.method().as_str(), path, false);
        }
        match routes::method_override(request.headers()) {
            Some(asked) if asked.eq_ignore_ascii_case("GET") => self.by_method("GET", path, true),
            Some(asked) if !asked.eq_ignore_ascii_case("POST") => {
                self.by_method("POST", path, false)
            }
            _ => match self.by_method("POST", path, false) {
                // It may go where a link could, and nowhere else: no page needs leave to send a form.
                Matched::Answer(Answer::Methods(methods)) if methods.contains(&"GET") => {
                    self.by_method("GET", path, true)
                }
                matched => matched,
            },
        }
    }

    fn by_method(&self, method: &str, path: &str, form_as_query: bool) -> Matched {
        let redirects = self.options.trailing_slash == TrailingSlash::Redirect;
        let found = match (self.table.find(method, path), self.shorter(path)) {
            (Found::Nothing, Some(shorter)) => match self.table.find(method, shorter) {
                Found::Match { .. } | Found::WrongMethod { .. } if redirects => {
                    return Matched::Answer(Answer::Redirect);
                }
                found => found,
            },
            (found, _) => found,
        };
        match found {
            Found::Match { value, captures } => match captures.decode(self.options.decoding) {
                Ok(variables) => Matched::Call(
                    *value,
                    RouteCall {
                        variables,
                        form_as_query,
                    },
                ),
                Err(error) => Matched::Answer(Answer::Bad(routes::bad_capture(error))),
            },
            Found::WrongMethod { allow } => Matched::Answer(Answer::Methods(allow)),
            Found::BadEscape => Matched::Answer(Answer::Bad(routes::bad_escape(path))),
            Found::Nothing => Matched::Unknown,
        }
    }

    /// The path without its last slash, where that may make a difference.
    fn shorter<'p>(&self, path: &'p str) -> Option<&'p str> {
        match self.options.trailing_slash {
            TrailingSlash::Strict => None,
            TrailingSlash::Ignore | TrailingSlash::Redirect => {
                path.strip_suffix('/').filter(|shorter| !shorter.is_empty())
            }
        }
    }

    /// The HTTP methods of a path.
    fn methods(&self, path: &str) -> Matched {
        // No template has this one, so that only those for all methods match.
        match self.by_method("", path, false) {
            Matched::Call(..) => Matched::Answer(Answer::Methods(Vec::new())),
            matched => matched,
        }
    }
}

fn add(table: &mut Table<'static, Bound>, bound: Bound) -> Result<()> {
    let Bound { method, route, .. } = bound;
    let shown = |method: &Method, route: &Route| {
        let rpc = method.path().trim_start_matches('/').replace('/', ".");
        format!("`{} {}` of {rpc}", route.verb(), route.template())
    };
    match table.insert(route.verb(), route.template(), bound) {
        Ok(None) => Ok(()),
        Ok(Some(twin)) => Err(Error::invalid_argument(format!(
            "{} matches the same requests as {}: change one of the paths, or serve the services on two servers",
            shown(method, route),
            shown(twin.method, twin.route),
        ))),
        Err(BadTemplate(reason)) => Err(Error::invalid_argument(format!(
            "{}: {reason}; generate the code again",
            shown(method, route)
        ))),
    }
}

impl Exchange<'_> {
    /// Starts the call of a method by one of its routes, or refuses it.
    pub(super) fn start_route(
        self,
        target: &Target<'_>,
        bound: &Bound,
        call: RouteCall,
    ) -> ServeFuture {
        // On its own path a binding is enabled by being there.
        let web = Webapi {
            enable: true,
            ..target.method.web()
        };
        let access = self.host.policy.access(Protocol::Webapi, web);
        let binding = Binding {
            route: bound.route,
            path: call.variables,
            query: self.request.uri().query().map(str::to_owned),
            form_as_query: call.form_as_query,
            media: Media::Message,
        };
        match self.admit_route(target.method, binding) {
            Ok(admission) => self.run(target, access, admission),
            Err(response) => self.answered(*response),
        }
    }

    fn admit_route(&self, method: &Method, mut binding: Binding) -> Result<Admission, Refusal> {
        let route = binding.route;
        let upload = match route.body_field().is_empty() {
            true => Ok(None),
            false => self.admit_upload(method, route.body_field()),
        };
        let upload = upload.map_err(|error| Box::new(self.route_error(&error)))?;
        if let Some(admission) = upload {
            return self.admit_bound(method, admission, binding);
        }
        let (content, headers) = (self.head.content_type, self.request.headers());
        let media = match content {
            ContentType::Lines if takes_stream(method) => Some(Media::Message),
            _ => Media::of(route, content, headers),
        };
        binding.media = media.ok_or_else(|| {
            let response = self.route_error(&webapi::wrong_type());
            Box::new(webapi::accept_post(response))
        })?;
        self.admit_bound(method, Admission::of(content), binding)
    }

    fn admit_bound(
        &self,
        method: &Method,
        mut admission: Admission,
        binding: Binding,
    ) -> Result<Admission, Refusal> {
        admission.binding = Some(Box::new(binding));
        self.stream_route(method, &mut admission)?;
        admission.encoded(self.head.body).ok_or_else(|| {
            let response = self.route_error(&webapi::wrong_encoding(self.head.connect));
            Box::new(webapi::accept_encodings(response))
        })
    }

    /// Settles how the sides of a method that stream do so, or answers before the handler runs for nothing.
    fn stream_route(&self, method: &Method, admission: &mut Admission) -> Result<(), Refusal> {
        let headers = self.request.headers();
        if method.shape() == Shape::BidiStreaming {
            return Err(Box::new(self.route_error(&webapi::no_bidi(method.path()))));
        }
        if takes_stream(method)
            && admission.codec == Codec::Proto
            && admission.framing == Framing::Bare
        {
            let response = self.route_error(&webapi::wrong_stream_type());
            return Err(Box::new(webapi::accept_post_stream(response)));
        }
        admission.reply_codec = negotiate::reply_codec(headers, admission.codec);
        admission.stream(method, &self.request, &self.host.settings.http);
        let binding = admission.binding.as_ref();
        let raw = binding.is_some_and(|binding| binding.route.is_raw_response());
        if method.shape() == Shape::ServerStreaming && raw {
            admission.form = Form::Raw;
        }
        Ok(())
    }

    /// The reply to a HEAD in place of a GET whose handler would make a stream for nothing; `None` for all others.
    pub(super) fn idle(&self, method: &Method, admission: &Admission) -> Option<Reply> {
        let route = admission.binding.as_ref()?.route;
        let streams = method.shape() == Shape::ServerStreaming;
        if self.request.method() != HttpMethod::HEAD || route.verb() != "GET" || !streams {
            return None;
        }
        let nothing = Box::pin(Streaming::empty());
        Some(Reply(match route.is_raw_response() {
            false => ReplyKind::Stream(nothing),
            true => ReplyKind::Raw(Box::new(Raw {
                content_type: String::new(),
                body: RawBody::Pieces(nothing),
            })),
        }))
    }

    /// Answers a request that is no call.
    pub(super) fn answer(self, answer: Answer) -> ServeFuture {
        let (request, path) = (&self.request, self.request.uri().path());
        let response = match answer {
            Answer::Methods(methods) if request.method() == HttpMethod::OPTIONS => {
                self.options(&methods)
            }
            Answer::Methods(methods) => {
                let error = routes::wrong_method(request.method(), path, &methods);
                routes::allow(self.route_error(&error), &methods)
            }
            Answer::Redirect => match routes::without_slash(request.uri()) {
                Some(response) => response,
                None => return self.unknown_path(),
            },
            Answer::Bad(error) => self.route_error(&error),
        };
        self.answered(response)
    }

    /// Answers OPTIONS for a path that takes these HTTP methods: a browser's question, or anybody's.
    pub(super) fn options(&self, methods: &[&str]) -> Response<Body> {
        match &self.host.cors {
            Some(cors) if cors::is_preflight(&self.request) => {
                cors.preflight(&self.request, methods)
            }
            _ => routes::no_content(methods),
        }
    }

    /// An error of a path that is no RPC path.
    fn route_error(&self, error: &Error) -> Response<Body> {
        let mut responder = self.responder(&Admission::of(ContentType::Missing));
        responder.shape = self.shape(false);
        webapi::error(&responder, error, Default::default())
    }
}
